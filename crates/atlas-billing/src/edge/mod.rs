//! Where the crate touches the world: the network, the clock and randomness, each behind a trait.
//!
//! Everything else decides on data. A test injects its own: with the feature `test-util`,
//! `doubles` has a transport that works without sockets, a clock that a test moves, and
//! numbers that repeat.

mod clock;
#[cfg(any(test, feature = "test-util"))]
pub mod doubles;
mod random;

use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use clock::SystemClock;
pub use random::OsRandom;

/// A boxed future that may be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why an HTTP exchange ended without a response: `reqwest::Error`, or what an injected client
/// reports.
pub type ExchangeError = Box<dyn StdError + Send + Sync>;

/// Sends one HTTP request and returns the head of its response, the body still to be read.
///
/// Implemented by [`reqwest::Client`]; one of yours must not follow redirects, which could carry
/// credentials to another host.
pub trait HttpClient: fmt::Debug + Send + Sync {
    /// Sends `request` once.
    fn execute(
        &self,
        request: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>>;
}

impl HttpClient for reqwest::Client {
    fn execute(
        &self,
        request: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>> {
        Box::pin(async move { Ok(Self::execute(self, request).await?) })
    }
}

/// Reads the time and waits.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Time since some fixed moment, never going backwards, counting on while the machine sleeps
    /// wherever the platform can tell.
    fn elapsed(&self) -> Duration;

    /// The same without the time that the machine slept: where it falls behind
    /// [`elapsed`](Self::elapsed), the machine was suspended. Equal to it by default.
    fn awake(&self) -> Duration {
        self.elapsed()
    }

    /// The date and time of day, UTC. It may jump.
    fn now(&self) -> DateTime<Utc>;

    /// Completes once `duration` has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Gives random bytes.
pub trait Random: fmt::Debug + Send + Sync {
    /// 128 random bits, unpredictable to others (they become Digest's cnonce).
    fn bits(&self) -> u128;

    /// A number in `0.0..1.0`, for jitter.
    fn unit(&self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        const STEPS: f64 = (1u64 << 53) as f64;
        ((self.bits() & ((1 << 53) - 1)) as f64) / STEPS
    }
}

/// The output of `future`, or `None` once `limit` has passed. A future that is ready wins over a
/// limit that passed at the same moment.
pub(crate) async fn within<T>(
    clock: &dyn Clock,
    limit: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    let mut alarm = clock.sleep(limit);
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        alarm.as_mut().poll(context).map(|()| None)
    })
    .await
}
