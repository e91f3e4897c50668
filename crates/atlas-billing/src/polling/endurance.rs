//! What is put up with while a result is awaited, and for how long.

use std::time::Duration;

use crate::{Error, ErrorKind};

/// What a failed look says of the thing looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The rate limit was reached: a clear answer, if not to the question.
    RateLimited,
    /// It cannot be told from "not ready".
    Unclear,
    /// It is the end.
    Final,
}

/// How long looks without a clear answer are endured.
///
/// The service documents 102 (Processing) for a result that is not ready, which HTTP cannot
/// deliver as a final status (RFC 9110, section 15.2). What a client may meet instead are a
/// connection that is cut before an answer's head, bytes that are no HTTP, an HTTP/2 stream error,
/// silence until the time limit, or 502, 503 or 504 of a gateway: all of them also look like a
/// real disturbance. They are endured while no longer than this has passed since the last clear
/// answer (not ready, or 429), or since the first look; the next one is an error that lists what
/// was seen. Default: two minutes.
///
/// A refused connection, a name that does not resolve and a failed TLS handshake are never
/// "not ready", nor is any other status, and end the polling at once. The first failure after the
/// machine has slept, whatever it is, is forgiven: the network may be back later than the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndurancePolicy {
    unclear_for: Duration,
}

impl Default for EndurancePolicy {
    fn default() -> Self {
        Self {
            unclear_for: Duration::from_secs(120),
        }
    }
}

impl EndurancePolicy {
    /// Ends at the first look without a clear answer.
    pub fn none() -> Self {
        Self {
            unclear_for: Duration::ZERO,
        }
    }

    /// How long looks without a clear answer are endured; zero ends at the first.
    #[must_use]
    pub fn with_unclear_for(mut self, unclear_for: Duration) -> Self {
        self.unclear_for = unclear_for;
        self
    }

    /// Whether a look without a clear answer is endured, `since` the last clear one.
    pub fn endures(&self, since: Duration) -> bool {
        !self.unclear_for.is_zero() && since <= self.unclear_for
    }
}

/// What the error of a look says.
pub(crate) fn failure_of(error: &Error) -> Failure {
    failure(error.kind(), error.status().map(|status| status.as_u16()))
}

fn failure(kind: ErrorKind, status: Option<u16>) -> Failure {
    match (kind, status) {
        (ErrorKind::RateLimited, _) => Failure::RateLimited,
        // A body that breaks off after its head counts here too: the real status is asked for in
        // the body, so it was not told.
        (ErrorKind::Cut | ErrorKind::Timeout, _) => Failure::Unclear,
        (ErrorKind::Service, Some(502..=504)) => Failure::Unclear,
        _ => Failure::Final,
    }
}

/// A few words for what a look without a clear answer saw, the same for the same thing.
pub(crate) fn words_for(error: &Error) -> String {
    match (error.kind(), error.status()) {
        (ErrorKind::Cut, _) => "connection broke before the answer was complete".to_owned(),
        (ErrorKind::Timeout, _) => "no answer in time".to_owned(),
        (_, Some(status)) => format!("status {}", status.as_u16()),
        (kind, None) => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_told_from_not_ready_is_unclear() {
        use ErrorKind as K;
        use Failure::{Final, RateLimited, Unclear};
        for (kind, status, expected) in [
            (K::Cut, None, Unclear),
            (K::Cut, Some(200), Unclear),
            (K::Timeout, None, Unclear),
            (K::Service, Some(502), Unclear),
            (K::Service, Some(503), Unclear),
            (K::Service, Some(504), Unclear),
            (K::Service, Some(500), Final),
            (K::Service, Some(501), Final),
            (K::Service, None, Final),
            (K::RateLimited, Some(429), RateLimited),
            (K::Connect, None, Final),
            (K::Unauthorized, Some(401), Final),
            (K::Forbidden, Some(403), Final),
            (K::NotFound, Some(404), Final),
            (K::VersionNotAcceptable, Some(406), Final),
            (K::VersionGone, Some(410), Final),
            (K::Refused, Some(400), Final),
            (K::Unreadable, Some(200), Final),
            (K::TooLarge, Some(200), Final),
            (K::Configuration, None, Final),
            (K::Input, None, Final),
            (K::Failed, Some(200), Final),
        ] {
            assert_eq!(failure(kind, status), expected, "{kind} {status:?}");
        }
    }

    #[test]
    fn endures_up_to_its_time() {
        let policy = EndurancePolicy::default();
        assert!(policy.endures(Duration::ZERO));
        assert!(policy.endures(Duration::from_secs(120)));
        assert!(!policy.endures(Duration::from_millis(120_001)));
        assert!(!EndurancePolicy::none().endures(Duration::ZERO));
    }
}
