//! Spans and events for the feature `tracing`; nothing at all without it.
//!
//! A span for each call and one for each attempt. Their fields are the operation's stable name,
//! the attempt's number, status, resolved version and durations: no credential, query or body.

use std::future::Future;
use std::time::Duration;

use crate::{Error, ResponseMeta};

/// Runs `future` in a span of its own for one call.
#[cfg(feature = "tracing")]
pub(crate) fn in_call<F: Future>(
    operation: &'static str,
    future: F,
) -> impl Future<Output = F::Output> {
    use tracing::Instrument as _;
    future.instrument(tracing::info_span!("atlas_billing.call", operation))
}

/// Runs `future` in a span of its own for one attempt.
#[cfg(feature = "tracing")]
pub(crate) fn in_attempt<F: Future>(attempt: u32, future: F) -> impl Future<Output = F::Output> {
    use tracing::Instrument as _;
    future.instrument(tracing::debug_span!("atlas_billing.attempt", attempt))
}

/// The head of an answer arrived.
#[cfg(feature = "tracing")]
pub(crate) fn answered(meta: &ResponseMeta, elapsed: Duration) {
    let version = meta.resolved_version().map(|version| version.to_string());
    tracing::debug!(
        status = meta.status().as_u16(),
        version,
        elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
}

/// No answer came.
#[cfg(feature = "tracing")]
pub(crate) fn unanswered(error: &Error, elapsed: Duration) {
    tracing::debug!(
        kind = error.kind().as_str(),
        elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        "unanswered"
    );
}

/// A failed attempt is followed by another one after `wait`.
#[cfg(feature = "tracing")]
pub(crate) fn waiting(error: &Error, wait: Duration) {
    tracing::info!(
        kind = error.kind().as_str(),
        status = error.status().map(|status| status.as_u16()),
        error_code = error.error_code(),
        wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        "trying again"
    );
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn in_call<F: Future>(
    _operation: &'static str,
    future: F,
) -> impl Future<Output = F::Output> {
    future
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn in_attempt<F: Future>(_attempt: u32, future: F) -> impl Future<Output = F::Output> {
    future
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn answered(_meta: &ResponseMeta, _elapsed: Duration) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn unanswered(_error: &Error, _elapsed: Duration) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn waiting(_error: &Error, _wait: Duration) {}
