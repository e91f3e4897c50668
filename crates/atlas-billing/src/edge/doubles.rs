//! Doubles for tests: a transport that responds by a function, a clock that a test moves, numbers
//! that repeat.
//!
//! ```
//! use atlas_billing::edge::doubles::{CountingRandom, FakeHttp, TokioClock};
//! use atlas_billing::{Client, Credentials};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> atlas_billing::Result<()> {
//! let http = FakeHttp::new(|_, request| {
//!     assert_eq!(request.method(), "GET");
//!     let list = r#"{"results":[{"id":"5f0c2d9e8b7a6c5d4e3f2a1c"}],"totalCount":1}"#;
//!     Ok(http::Response::new(list.as_bytes().into()))
//! });
//! let atlas = Client::builder(Credentials::none())
//!     .http_client(http.clone())
//!     .clock(TokioClock::new())
//!     .random(CountingRandom::new())
//!     .build()?;
//! let org = atlas.org("5f0c2d9e8b7a6c5d4e3f2a1b".parse()?);
//! assert_eq!(org.invoices().await?.len(), 1);
//! assert_eq!(http.requests().len(), 1);
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use super::{BoxFuture, Clock, ExchangeError, HttpClient, Random};

type Respond = dyn Fn(usize, &http::Request<Bytes>) -> Result<http::Response<Bytes>, ExchangeError>
    + Send
    + Sync;

/// Responds to each request by a function of its number (from 0) and the request itself: from a fixed
/// body, or from a stand-in without a socket.
pub struct FakeHttp {
    respond: Box<Respond>,
    requests: Mutex<Vec<http::Request<Bytes>>>,
}

impl FakeHttp {
    /// A transport that responds by `respond`; an error it returns stands for a broken connection.
    pub fn new(
        respond: impl Fn(usize, &http::Request<Bytes>) -> Result<http::Response<Bytes>, ExchangeError>
        + Send
        + Sync
        + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            respond: Box::new(respond),
            requests: Mutex::default(),
        })
    }

    /// All requests so far, in the order they were sent.
    pub fn requests(&self) -> Vec<http::Request<Bytes>> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for FakeHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeHttp")
    }
}

impl HttpClient for FakeHttp {
    fn execute(
        &self,
        request: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>> {
        Box::pin(async move {
            // Other tasks get their turn, as they would while a socket is waited for.
            tokio::task::yield_now().await;
            let body = request.body().and_then(|body| body.as_bytes());
            let body = Bytes::copy_from_slice(body.unwrap_or_default());
            let mut seen = http::Request::new(body);
            *seen.method_mut() = request.method().clone();
            *seen.uri_mut() = request.url().as_str().parse()?;
            *seen.headers_mut() = request.headers().clone();
            let number = {
                let mut all = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(seen.clone());
                all.len() - 1
            };
            Ok((self.respond)(number, &seen)?
                .map(reqwest::Body::from)
                .into())
        })
    }
}

/// tokio's clock, which a test may pause; the time of day begins at 2025-03-10T12:00:00Z.
#[derive(Debug)]
pub struct TokioClock {
    started: tokio::time::Instant,
    suspended: Mutex<Duration>,
}

impl TokioClock {
    /// A clock that begins now.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            started: tokio::time::Instant::now(),
            suspended: Mutex::default(),
        })
    }

    /// Lets the machine have slept for `duration`: [`elapsed`](Clock::elapsed) and the time of day
    /// move on, [`awake`](Clock::awake) and running timers do not.
    pub fn suspend(&self, duration: Duration) {
        let mut suspended = self
            .suspended
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *suspended = suspended.saturating_add(duration);
    }
}

impl Clock for TokioClock {
    fn elapsed(&self) -> Duration {
        let suspended = *self
            .suspended
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.awake().saturating_add(suspended)
    }

    fn awake(&self) -> Duration {
        self.started.elapsed()
    }

    fn now(&self) -> DateTime<Utc> {
        let start = DateTime::from_timestamp(1_741_608_000, 0).unwrap_or_default();
        let elapsed = TimeDelta::from_std(self.elapsed()).unwrap_or(TimeDelta::MAX);
        start.checked_add_signed(elapsed).unwrap_or(start)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async move { tokio::time::sleep(duration).await })
    }
}

/// Counts upwards: each number differs, and each run is the same. Jitter is nearly nothing.
#[derive(Debug, Default)]
pub struct CountingRandom(AtomicU64);

impl CountingRandom {
    /// Begins at 0.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }
}

impl Random for CountingRandom {
    fn bits(&self) -> u128 {
        self.0.fetch_add(1, Ordering::Relaxed).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_begins_as_documented() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let clock = TokioClock::new();
            assert_eq!(clock.now().to_rfc3339(), "2025-03-10T12:00:00+00:00");
            clock.suspend(Duration::from_secs(60));
            assert_eq!(clock.elapsed(), Duration::from_secs(60));
            assert_eq!(clock.awake(), Duration::ZERO);
            assert_eq!(clock.now().to_rfc3339(), "2025-03-10T12:01:00+00:00");
        });
    }
}
