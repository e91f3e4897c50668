//! Why an OAuth endpoint gave nothing.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::edge::ExchangeError;
use crate::error::{classify, innermost};
use crate::{Error, ErrorKind};

/// Why an OAuth endpoint gave nothing. Unlike an [`Error`] it can be told to many callers.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    /// The status, where the endpoint answered with a failing one.
    pub(super) status: Option<u16>,
    /// How long the endpoint asked to wait.
    pub(super) retry_after: Option<Duration>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Failure {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            status: None,
            retry_after: None,
            source: None,
        }
    }

    /// No answer of `what`, or half of one.
    pub(super) fn network(what: &str, source: ExchangeError) -> Self {
        let kind = classify(source.as_ref());
        let happened = match kind {
            ErrorKind::Connect => "could not be reached",
            ErrorKind::Timeout => "did not answer in time",
            ErrorKind::Unreadable => "sent a body that could not be decoded",
            _ => "broke the connection before its answer was complete",
        };
        let cause = match innermost(source.as_ref()) {
            Some(cause) => format!(" ({cause})"),
            None => String::new(),
        };
        let mut failure = Self::new(kind, format!("{what} {happened}{cause}"));
        failure.source = Some(source.into());
        failure
    }

    /// `what` answered with a failing status. `secrets` are left out of the message, should the
    /// answer repeat them.
    pub(super) fn status(what: &str, status: StatusCode, body: &[u8], secrets: &[&str]) -> Self {
        let (kind, check) = match status.as_u16() {
            400 | 401 => (
                ErrorKind::Unauthorized,
                "the secret may belong to another client id, or have expired",
            ),
            403 => (
                ErrorKind::Unauthorized,
                "the account may hold as many live tokens as it is allowed (let some end, or \
                 revoke them), or this address may not be on its access list",
            ),
            429 => (
                ErrorKind::RateLimited,
                "few tokens are given out a minute: share one client among all calls",
            ),
            300..=399 => (
                ErrorKind::Refused,
                "credentials do not follow a redirect: check the base URL",
            ),
            500..=599 => (
                ErrorKind::Service,
                "nothing is wrong with the credentials by that",
            ),
            _ => (ErrorKind::Refused, "check the base URL"),
        };
        let said =
            match said(body).filter(|said| !secrets.iter().any(|secret| said.contains(secret))) {
                Some(said) => format!(" ({said})"),
                None => String::new(),
            };
        let mut failure = Self::new(kind, format!("{what} answered {status}{said}: {check}"));
        failure.status = Some(status.as_u16());
        failure
    }

    /// The failure as one caller's error.
    pub(super) fn error(&self) -> Error {
        let error = Error::new(self.kind, self.message.clone()).with_retry_after(self.retry_after);
        match &self.source {
            Some(source) => error.with_source(Box::new(source.clone())),
            None => error,
        }
    }
}

/// The error's code and text, as OAuth writes them (RFC 6749 section 5.2) or as the rest of the
/// API does; on one line and cut.
fn said(body: &[u8]) -> Option<String> {
    const LONGEST: usize = 200;
    // The API's own errors have a number as `error` beside `errorCode`.
    let value: Value = serde_json::from_slice(body).ok()?;
    let text = |names: [&str; 2]| {
        let mut found = names.iter().filter_map(|name| value.get(name)?.as_str());
        found.next()
    };
    let (code, detail) = (
        text(["error", "errorCode"]),
        text(["error_description", "detail"]),
    );
    let said = match (code, detail) {
        (Some(code), Some(detail)) => format!("{code}: {detail}"),
        (code, detail) => code.or(detail)?.to_owned(),
    };
    let line = said.chars().take(LONGEST);
    Some(line.map(|c| if c.is_control() { ' ' } else { c }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_to_check() {
        for (status, body, kind, message) in [
            (
                401,
                r#"{"error":"invalid_client","error_description":"no such\nclient"}"#,
                ErrorKind::Unauthorized,
                "the token endpoint answered 401 Unauthorized (invalid_client: no such client): the secret",
            ),
            (
                400,
                "",
                ErrorKind::Unauthorized,
                "answered 400 Bad Request: the secret may",
            ),
            (
                403,
                r#"{"error":"access_denied"}"#,
                ErrorKind::Unauthorized,
                "(access_denied): the account",
            ),
            (
                403,
                r#"{"error":403,"errorCode":"IP_ADDRESS_NOT_ON_ACCESS_LIST","detail":"no"}"#,
                ErrorKind::Unauthorized,
                "(IP_ADDRESS_NOT_ON_ACCESS_LIST: no)",
            ),
            (
                429,
                "{}",
                ErrorKind::RateLimited,
                "429 Too Many Requests: few tokens",
            ),
            (
                302,
                "<html>",
                ErrorKind::Refused,
                "do not follow a redirect",
            ),
            (
                404,
                "<html>",
                ErrorKind::Refused,
                "404 Not Found: check the base URL",
            ),
            (500, r#"{"detail":"oops"}"#, ErrorKind::Service, "(oops)"),
            (
                401,
                r#"{"error":"echo planted"}"#,
                ErrorKind::Unauthorized,
                "Unauthorized: the",
            ),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let failure =
                Failure::status("the token endpoint", status, body.as_bytes(), &["planted"]);
            let error = failure.error();
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(message), "{error}");
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        }
    }

    #[test]
    fn keeps_its_source_for_every_caller() {
        let failure = Failure::network("the token endpoint", "socket closed".into());
        for _ in 0..2 {
            let error = failure.error();
            assert_eq!(error.kind(), ErrorKind::Cut);
            assert_eq!(error.source().unwrap().to_string(), "socket closed");
        }
    }
}
