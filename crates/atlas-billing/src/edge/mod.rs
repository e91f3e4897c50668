//! Where the crate touches the world: the network, the clock and randomness, each behind a trait.
//!
//! Everything else decides on data. A test injects its own edge: answers without sockets, time
//! that passes when told to, numbers that repeat.

mod clock;
#[cfg(test)]
pub(crate) mod fake;
mod http;
mod random;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use clock::SystemClock;
pub(crate) use http::ReqwestClient;
pub use random::OsRandom;

/// A boxed future that may be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why an HTTP exchange came to no answer: `reqwest::Error`, or what an injected client reports.
pub type ExchangeError = Box<dyn StdError + Send + Sync>;

/// Sends one HTTP request and gives its answer's head, the body still to be read.
pub trait HttpClient: fmt::Debug + Send + Sync {
    /// Sends `request` once, without following redirects.
    fn execute(
        &self,
        request: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>>;
}

/// Tells the time and waits.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Time since some fixed moment, never going backwards, counting on while the machine sleeps
    /// wherever the platform can tell.
    fn elapsed(&self) -> Duration;

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

/// The three edges of one client.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    pub(crate) http: Arc<dyn HttpClient>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}
