//! One HTTP exchange: every request of this crate is sent here, observed and bounded in time, and
//! retried by the one loop that there is.

mod body;
mod observer;
mod retry;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use body::{BodyStream, GZIP_MAGIC, Gunzip};
use http::HeaderValue;
use http::header::ACCEPT_ENCODING;
pub(crate) use observer::in_call_span;
pub use observer::{Observer, RequestEvent};
pub use retry::RetryPolicy;

use crate::edge::{Clock, HttpClient, Random, within};
use crate::error::{Error, ErrorKind, Result, network_error};
use crate::meta::ResponseMeta;

/// The edges of one client, and who watches them.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) http: Arc<dyn HttpClient>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) observers: Arc<[Arc<dyn Observer>]>,
}

impl Exchange {
    /// Sends `request` once.
    ///
    /// # Errors
    /// When no head of a response comes, in time. A failing status is a response like any other.
    pub(crate) fn send(
        &self,
        operation: &'static str,
        request: reqwest::Request,
        limits: Limits,
    ) -> impl Future<Output = Result<BodyStream>> {
        let url = request.url().clone();
        self.send_shown(operation, request, limits, url)
    }

    /// Sends `request` once, to a URL that is a secret: observers and errors get `shown` instead.
    pub(crate) async fn send_shown(
        &self,
        operation: &'static str,
        mut request: reqwest::Request,
        limits: Limits,
        shown: url::Url,
    ) -> Result<BodyStream> {
        request
            .headers_mut()
            .entry(ACCEPT_ENCODING)
            .or_insert(HeaderValue::from_static("gzip"));
        let method = request.method().clone();
        let clock = self.clock.as_ref();
        let sending = async {
            let limit = limits.deadline.bound(clock, limits.head);
            let started = clock.elapsed();
            let sent = within(clock, limit, self.http.execute(request)).await;
            let elapsed = clock.elapsed().saturating_sub(started);
            let sent = match sent {
                Some(Ok(mut response)) => {
                    let headers = std::mem::take(response.headers_mut());
                    let status = response.status();
                    let meta = ResponseMeta::new(status, headers, &shown);
                    Ok((meta.received(operation, clock.now()), response))
                }
                Some(Err(error)) => Err(network_error(error)),
                None if limits.deadline.has_passed(clock) => Err(deadline_passed()),
                None => Err(Error::new(
                    ErrorKind::Timeout,
                    format!("no response within {} s", limit.as_secs_f64()),
                )),
            };
            let (method, path) = (&method, shown.path());
            match &sent {
                Ok((meta, _)) => self.observe(&RequestEvent::Response {
                    operation,
                    method,
                    path,
                    meta,
                    elapsed,
                }),
                Err(error) => self.observe(&RequestEvent::Failure {
                    operation,
                    method,
                    path,
                    error,
                    elapsed,
                }),
            }
            sent
        };
        let sent = observer::in_request_span(operation, &method, &shown, sending).await;
        let (meta, response) = sent.map_err(|error| error.with_operation(operation))?;
        let pieces = Box::pin(response.bytes_stream());
        Ok(BodyStream::new(pieces, self.clock.clone(), limits, meta))
    }

    /// Reports to the observers that a wait begins.
    pub(crate) fn observe_wait(
        &self,
        operation: &'static str,
        wait: Duration,
        error: Option<&Error>,
    ) {
        self.observe(&RequestEvent::Wait {
            operation,
            wait,
            error,
        });
    }

    fn observe(&self, event: &RequestEvent<'_>) {
        observer::trace(event);
        for observer in self.observers.iter() {
            observer.observe(event);
        }
    }
}

/// How long one request may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Until the head of its response.
    pub(crate) head: Duration,
    /// Between two pieces of its body.
    pub(crate) idle: Duration,
    /// When the whole call has to be done.
    pub(crate) deadline: Deadline,
}

/// The moment by which a whole call has to be done, if it has one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Deadline {
    /// When the call started, by the clock.
    started: Duration,
    total: Option<Duration>,
}

impl Deadline {
    /// The deadline of a call that starts now and may take `total`.
    pub(crate) fn after(clock: &dyn Clock, total: Option<Duration>) -> Self {
        let started = clock.elapsed();
        Self { started, total }
    }

    /// The deadline of the same call if it may take `total`.
    pub(crate) fn with_total(self, total: Option<Duration>) -> Self {
        Self { total, ..self }
    }

    /// Time until then; `None` without a deadline.
    pub(crate) fn left(self, clock: &dyn Clock) -> Option<Duration> {
        let end = self.started.saturating_add(self.total?);
        Some(end.saturating_sub(clock.elapsed()))
    }

    /// `limit`, or the time until the deadline where that is less.
    pub(crate) fn bound(self, clock: &dyn Clock, limit: Duration) -> Duration {
        self.left(clock).map_or(limit, |left| limit.min(left))
    }

    pub(crate) fn has_passed(self, clock: &dyn Clock) -> bool {
        self.left(clock).is_some_and(|left| left.is_zero())
    }

    /// The output of `future`, unless the deadline passes first.
    pub(crate) async fn bounded<T>(
        self,
        clock: &dyn Clock,
        future: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match self.left(clock) {
            None => future.await,
            Some(left) => within(clock, left, future)
                .await
                .unwrap_or_else(|| Err(deadline_passed())),
        }
    }
}

fn deadline_passed() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "the time limit of the whole call passed",
    )
}
