//! Lets a program watch the requests of a client and the waits between them, and gives them spans
//! under the feature `tracing`.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use http::Method;

use crate::error::Error;
use crate::meta::ResponseMeta;

/// Is told of each request of a client, those for access tokens included, and of each wait before
/// the next one. Called on the task that makes the call, so it should return at once.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Something happened.
    fn observe(&self, event: &RequestEvent<'_>);
}

/// What an [`Observer`] receives. No event carries a credential, a query string or a body.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RequestEvent<'a> {
    /// The head of a response arrived, whatever its status.
    #[non_exhaustive]
    Response {
        /// The operation, by its stable name; `accessToken` and `revokeToken` for a service
        /// account's own requests.
        operation: &'static str,
        /// The request's method.
        method: &'a Method,
        /// The request's path, without its query.
        path: &'a str,
        /// The response's status, headers and resolved version.
        meta: &'a ResponseMeta,
        /// From sending the request to the head of the response.
        elapsed: Duration,
    },
    /// No response came.
    #[non_exhaustive]
    Failure {
        /// The operation, as above.
        operation: &'static str,
        /// The request's method.
        method: &'a Method,
        /// The request's path, without its query.
        path: &'a str,
        /// Why.
        error: &'a Error,
        /// From sending the request to giving up on it.
        elapsed: Duration,
    },
    /// A wait begins: before the next attempt of a call that failed, or before the next poll of a
    /// result that is not ready.
    #[non_exhaustive]
    Wait {
        /// The operation, as above.
        operation: &'static str,
        /// How long.
        wait: Duration,
        /// The failure of the last attempt; `None` where the result was not ready.
        error: Option<&'a Error>,
    },
}

/// `future` in the span of one call.
///
/// Like [`in_request_span`], no `async fn`: that would hold the future twice, as argument and while it is
/// awaited.
#[cfg(feature = "tracing")]
pub(crate) fn in_call_span<F: Future>(
    operation: &'static str,
    future: F,
) -> impl Future<Output = F::Output> {
    let span = tracing::info_span!("atlas_billing.call", operation);
    tracing::Instrument::instrument(future, span)
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn in_call_span<F: Future>(_: &'static str, future: F) -> F {
    future
}

/// `future` in the span of one request, named by OpenTelemetry's conventions for HTTP clients; its
/// events are recorded there.
#[cfg(feature = "tracing")]
pub(crate) fn in_request_span<F: Future>(
    operation: &'static str,
    method: &Method,
    url: &url::Url,
    future: F,
) -> impl Future<Output = F::Output> + use<F> {
    let span = tracing::debug_span!(
        "http.request",
        "otel.kind" = "client",
        "otel.name" = method.as_str(),
        operation,
        "http.request.method" = method.as_str(),
        "server.address" = url.host_str(),
        "server.port" = url.port_or_known_default(),
        "url.path" = url.path(),
        "http.response.status_code" = tracing::field::Empty,
        "error.type" = tracing::field::Empty,
    );
    tracing::Instrument::instrument(future, span)
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn in_request_span<F: Future>(
    _: &'static str,
    _: &Method,
    _: &url::Url,
    future: F,
) -> F {
    future
}

/// Records an event in the span at hand.
#[cfg(feature = "tracing")]
pub(super) fn trace(event: &RequestEvent<'_>) {
    let ms = |duration: &Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let span = tracing::Span::current();
    match event {
        RequestEvent::Response { meta, elapsed, .. } => {
            let version = meta.resolved_version().map(|version| version.to_string());
            let status = meta.status().as_u16();
            span.record("http.response.status_code", status);
            if meta.status().is_client_error() || meta.status().is_server_error() {
                span.record("error.type", status);
            }
            tracing::debug!(status, version, elapsed_ms = ms(elapsed), "response");
        }
        RequestEvent::Failure { error, elapsed, .. } => {
            let kind = error.kind().as_str();
            span.record("error.type", kind);
            tracing::debug!(kind, elapsed_ms = ms(elapsed), "no response");
        }
        RequestEvent::Wait { wait, error, .. } => tracing::info!(
            kind = error.map(|error| error.kind().as_str()),
            status = error.and_then(|error| Some(error.status()?.as_u16())),
            error_code = error.and_then(|error| error.error_code()),
            wait_ms = ms(wait),
            "waiting"
        ),
    }
}

#[cfg(not(feature = "tracing"))]
pub(super) fn trace(_: &RequestEvent<'_>) {}
