//! One OAuth endpoint: a form posted under Basic authentication, and its answer.

use std::time::Duration;

use http::{HeaderValue, Method, header};
use url::Url;

use super::Account;
use super::failure::Failure;
use crate::auth::base64;
use crate::call::within;
use crate::edge::Edge;
use crate::retry::{self, FailedAttempt, RetryDecision, parse_retry_after};
use crate::{Error, ErrorKind, Result, RetryPolicy, Secret};

/// No answer of an OAuth endpoint is larger; more is not read.
const LARGEST: usize = 64 * 1024;

/// How long one exchange may take, its body included.
const LIMIT: Duration = Duration::from_secs(30);

/// How often an endpoint is asked that answers 429, 502, 503 or 504. A connection that fails is
/// left to the retry policy of the call.
const ATTEMPTS: u32 = 4;

/// An OAuth endpoint and what opens it.
pub(super) struct Endpoint {
    /// What messages call it.
    what: &'static str,
    url: Url,
    authorization: HeaderValue,
    secret: Secret,
}

/// A successful answer.
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    /// When it was asked for, by the clock's `elapsed`.
    pub(super) asked_at: Duration,
}

impl Endpoint {
    pub(super) fn new(what: &'static str, url: Url, account: &Account) -> Result<Self> {
        // RFC 6749 section 2.3.1 encodes both parts as a form does; Atlas wants them as they are.
        let pair = format!("{}:{}", account.id, account.secret.expose());
        let basic = format!("Basic {}", base64::encode(pair.as_bytes()));
        let mut authorization = HeaderValue::from_str(&basic).map_err(|error| {
            Error::new(
                ErrorKind::Configuration,
                "no header can carry the service account",
            )
            .with_source(error)
        })?;
        authorization.set_sensitive(true);
        Ok(Self {
            what,
            url,
            authorization,
            secret: account.secret.clone(),
        })
    }

    /// Posts `form`, again where the endpoint is busy: after a wait, and a few times at most.
    pub(super) async fn post(&self, edge: &Edge, form: &str) -> Result<Answer, Failure> {
        let policy = RetryPolicy::new().with_max_attempts(ATTEMPTS);
        let started = edge.clock.elapsed();
        let mut attempt = 1;
        loop {
            let failure = match self.post_once(edge, form).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let failed = FailedAttempt {
                attempt,
                elapsed: edge.clock.elapsed().saturating_sub(started),
                failure: failure
                    .status
                    .map_or(retry::Failure::Other, retry::Failure::Status),
                retry_after: failure.retry_after,
            };
            match policy.decide(&failed, edge.random.unit()) {
                RetryDecision::Retry { after } => edge.clock.sleep(after).await,
                RetryDecision::GiveUp => return Err(failure),
            }
            attempt += 1;
        }
    }

    async fn post_once(&self, edge: &Edge, form: &str) -> Result<Answer, Failure> {
        let asked_at = edge.clock.elapsed();
        let exchange = self.exchange(edge, form);
        match within(&*edge.clock, LIMIT, exchange).await {
            Some(Ok(body)) => Ok(Answer { body, asked_at }),
            Some(Err(failure)) => Err(failure),
            None => Err(Failure::new(
                ErrorKind::Timeout,
                format!("{} did not answer within {} s", self.what, LIMIT.as_secs()),
            )),
        }
    }

    async fn exchange(&self, edge: &Edge, form: &str) -> Result<Vec<u8>, Failure> {
        let mut request = reqwest::Request::new(Method::POST, self.url.clone());
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        *request.body_mut() = Some(form.to_owned().into());
        let response = edge.http.execute(request).await;
        let mut response = response.map_err(|source| Failure::network(self.what, source))?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| parse_retry_after(value.to_str().ok()?, edge.clock.now()));
        let body = match self.body(&mut response).await {
            Ok(body) => body,
            // What came with a failing status is a nicety: the status tells.
            Err(_) if !status.is_success() => Vec::new(),
            Err(failure) => return Err(failure),
        };
        if status.is_success() {
            return Ok(body);
        }
        let mut failure = Failure::status(self.what, status, &body, &[self.secret.expose()]);
        failure.retry_after = retry_after;
        Err(failure)
    }

    async fn body(&self, response: &mut reqwest::Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body),
                Err(error) => {
                    return Err(Failure::network(self.what, error.without_url().into()));
                }
            }
            if body.len() > LARGEST {
                return Err(Failure::new(
                    ErrorKind::TooLarge,
                    format!(
                        "{} answered with more than the {LARGEST} bytes a token takes: check \
                         that the base URL is that of Atlas",
                        self.what
                    ),
                ));
            }
        }
    }
}
