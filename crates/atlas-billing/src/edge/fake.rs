//! Edges for unit tests: answers from a function, a clock that tokio can pause, numbers that
//! repeat.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{BoxFuture, Clock, ExchangeError, HttpClient, Random};

/// What one request looked like.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// A header's value as text, empty where it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

type Answering =
    Box<dyn Fn(usize, &Seen) -> Result<reqwest::Response, ExchangeError> + Send + Sync>;

/// Answers each request by a function of its number (from 0) and what it looks like.
pub(crate) struct FakeHttp {
    answering: Answering,
    seen: Mutex<Vec<Seen>>,
}

impl FakeHttp {
    pub(crate) fn new(
        answering: impl Fn(usize, &Seen) -> Result<reqwest::Response, ExchangeError>
        + Send
        + Sync
        + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            answering: Box::new(answering),
            seen: Mutex::default(),
        })
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl std::fmt::Debug for FakeHttp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeHttp")
    }
}

impl HttpClient for FakeHttp {
    fn execute(
        &self,
        request: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>> {
        let seen = Seen {
            method: request.method().to_string(),
            url: request.url().to_string(),
            headers: request.headers().clone(),
            body: request
                .body()
                .and_then(|body| body.as_bytes())
                .unwrap_or_default()
                .to_vec(),
        };
        let number = {
            let mut all = self.seen.lock().unwrap();
            all.push(seen.clone());
            all.len() - 1
        };
        let answer = (self.answering)(number, &seen);
        Box::pin(async move {
            // Other tasks get their turn, as they would while a socket is waited for.
            tokio::task::yield_now().await;
            answer
        })
    }
}

/// An answer made of a status, headers and a body.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> reqwest::Response {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.to_owned()).unwrap().into()
}

/// tokio's clock, which a test may pause; the wall clock starts at a fixed moment.
#[derive(Debug)]
pub(crate) struct TokioClock(tokio::time::Instant);

impl TokioClock {
    pub(crate) fn new() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl Clock for TokioClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn now(&self) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2025-03-10T12:00:00Z".parse().unwrap();
        start + self.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Counts upwards: each draw differs, and each run is the same.
#[derive(Debug, Default)]
pub(crate) struct CountingRandom(AtomicU64);

impl Random for CountingRandom {
    fn bits(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed))
    }
}
