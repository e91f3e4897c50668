//! A stage for tests of signing: an HTTP client that answers by a script, tokio's clock (paused by
//! the test), numbers that count.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{Method, header};
use tokio::time::Instant;

use crate::auth::{Credentials, OriginRule, Signer};
use crate::edge::{BoxFuture, Clock, Edge, ExchangeError, HttpClient, Random};

pub(crate) const BASE: &str = "https://atlas.example/base";

/// A request as it would have gone out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) authorization: Option<String>,
    pub(crate) sensitive: bool,
    pub(crate) content_type: Option<String>,
    pub(crate) accept: Option<String>,
    pub(crate) body: String,
}

/// What the script answers, and after how long.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) after: Duration,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// `None`: the connection breaks instead.
    pub(crate) body: Option<String>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        let after = Duration::from_millis(100);
        Self {
            after,
            status,
            headers: Vec::new(),
            body: Some(body.into()),
        }
    }

    pub(crate) fn token(token: &str, seconds: u64) -> Self {
        Self::new(
            200,
            format!(r#"{{"access_token":"{token}","expires_in":{seconds},"token_type":"Bearer"}}"#),
        )
    }

    pub(crate) fn cut() -> Self {
        Self {
            body: None,
            ..Self::new(200, "")
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Script = dyn Fn(usize, &Seen) -> Reply + Send + Sync;

/// The stage: what happened on it, and the edge to act on.
pub(crate) struct Stage {
    script: Box<Script>,
    seen: Mutex<Vec<Seen>>,
    started: Instant,
    drawn: AtomicU64,
}

impl Stage {
    /// `script` answers the nth request, from 0.
    pub(crate) fn new(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            script: Box::new(script),
            seen: Mutex::default(),
            started: Instant::now(),
            drawn: AtomicU64::new(0),
        })
    }

    pub(crate) fn edge(self: &Arc<Self>) -> Edge {
        Edge {
            http: self.clone(),
            clock: self.clone(),
            random: self.clone(),
        }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// A signer for [`BASE`].
pub(crate) fn signer(credentials: Credentials) -> Signer {
    let origin = OriginRule::new(&BASE.parse().unwrap(), Vec::new()).unwrap();
    Signer::new(credentials, origin).unwrap()
}

/// A GET below [`BASE`].
pub(crate) fn get(path: &str) -> reqwest::Request {
    reqwest::Request::new(Method::GET, format!("{BASE}{path}").parse().unwrap())
}

/// What would have gone out.
pub(crate) fn seen(request: &reqwest::Request) -> Seen {
    let text = |name| {
        let value = request.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let authorization = request.headers().get(header::AUTHORIZATION);
    let body = request
        .body()
        .and_then(|body| body.as_bytes())
        .unwrap_or_default();
    Seen {
        line: format!("{} {}", request.method(), request.url()),
        authorization: text(header::AUTHORIZATION),
        sensitive: authorization.is_some_and(|value| value.is_sensitive()),
        content_type: text(header::CONTENT_TYPE),
        accept: text(header::ACCEPT),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

impl HttpClient for Stage {
    fn execute(
        &self,
        request: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>> {
        let seen = seen(&request);
        let number = {
            let mut all = self.seen.lock().unwrap();
            all.push(seen.clone());
            all.len() - 1
        };
        Box::pin(async move {
            let reply = (self.script)(number, &seen);
            tokio::time::sleep(reply.after).await;
            let Some(body) = reply.body else {
                return Err("the connection broke".into());
            };
            let mut response = http::Response::builder().status(reply.status);
            for (name, value) in reply.headers {
                response = response.header(name, value);
            }
            Ok(response.body(body).unwrap().into())
        })
    }
}

impl Clock for Stage {
    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.started.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl Random for Stage {
    fn bits(&self) -> u128 {
        self.drawn.fetch_add(1, Ordering::Relaxed).into()
    }

    fn unit(&self) -> f64 {
        0.5
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stage")
    }
}
