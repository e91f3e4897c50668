//! The one error type of this crate: opaque, with a kind to decide on and accessors for the rest.

mod body;
mod decode;
mod help;
mod network;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

pub(crate) use body::ErrorBody;
pub use body::FieldViolation;
pub(crate) use decode::decode_error;
pub(crate) use network::network_error;

use crate::meta::ResponseMeta;
use crate::parse_error::ParseError;
use crate::text::{is_unsafe, neutralized};

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong: what a program decides on.
///
/// A kind says what a program can do next, not how the failure looked on the wire. More kinds may
/// be added; match with a wildcard arm, or use the predicates of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's input was rejected before anything was sent.
    Input,
    /// The client cannot be built as configured: an environment variable, a base URL, a TLS setting.
    Configuration,
    /// The credentials are missing, wrong or expired: 401, or the token endpoint rejected them.
    Unauthorized,
    /// The credentials lack a role, or the address is not on the access list: 403.
    Forbidden,
    /// It does not exist, or is not visible to these credentials: 404.
    NotFound,
    /// The service does not know the requested version: 406.
    VersionNotAcceptable,
    /// The requested version was removed: 410.
    VersionGone,
    /// The rate limit was reached, and the retry policy gave up: 429.
    RateLimited,
    /// The service rejected the request as invalid: 400 and any other 4xx, or a redirect.
    Rejected,
    /// The service or a gateway in front of it failed: 5xx.
    Service,
    /// No connection: name resolution, a refused connection.
    Connect,
    /// The TLS handshake failed for good: a certificate that is not trusted, expired or for
    /// another host.
    Tls,
    /// A proxy refused to pass the request on: 407.
    Proxy,
    /// A time limit of this client passed before the response was complete.
    Timeout,
    /// The connection broke before the response was complete.
    Truncated,
    /// The response cannot be decoded as what was requested.
    Decode,
    /// The response, or a part of it, is larger than the configured limit.
    TooLarge,
    /// The result was not ready when the deadline passed; polling can be resumed.
    NotReady,
    /// The asynchronous operation itself ended in failure.
    Failed,
    /// A sum or conversion left the range of its type.
    Overflow,
}

impl ErrorKind {
    /// A stable name in snake case, for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Configuration => "configuration",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::VersionNotAcceptable => "version_not_acceptable",
            Self::VersionGone => "version_gone",
            Self::RateLimited => "rate_limited",
            Self::Rejected => "rejected",
            Self::Service => "service",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::Timeout => "timeout",
            Self::Truncated => "truncated",
            Self::Decode => "decode",
            Self::TooLarge => "too_large",
            Self::NotReady => "not_ready",
            Self::Failed => "failed",
            Self::Overflow => "overflow",
        }
    }

    /// The kind of a response with a failing status.
    fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            406 => Self::VersionNotAcceptable,
            407 => Self::Proxy,
            410 => Self::VersionGone,
            429 => Self::RateLimited,
            500..=599 => Self::Service,
            _ => Self::Rejected,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the same request may succeed later: the one classification that retries, polls and
/// [`Error::is_transient`] go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transience {
    /// 429.
    RateLimited,
    /// 502, 503 or 504: a gateway could not reach the service, or did not wait for it.
    Gateway,
    /// No connection was established, so nothing was sent.
    Connect,
    /// The connection broke or fell silent before the response was complete.
    Interrupted,
    /// The same request fails again.
    Permanent,
}

/// What went wrong, to which operation.
///
/// [`kind`](Self::kind) and the `is_…` predicates are what a program decides on; `Display` is a
/// sentence for a person, and [`help`](Self::help) says what to do about it. Neither `Display` nor
/// `Debug` shows a credential, a query string or the content of a body; the beginning of a body
/// that could not be decoded is behind [`excerpt`](Self::excerpt). Text of the service's is
/// [neutralized] in all of them.
///
/// ```
/// # fn handle(error: atlas_billing::Error) {
/// if error.is_not_found() {
///     // another month, perhaps
/// } else if let Some(wait) = error.retry_after() {
///     eprintln!("retry in {} s", wait.as_secs());
/// } else {
///     eprintln!("{error}");
///     eprintln!("{}", error.help().unwrap_or_default());
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    operation: Option<&'static str>,
    body: ErrorBody,
    meta: Option<ResponseMeta>,
    json_path: Option<String>,
    excerpt: Option<String>,
    attempts: u32,
    poll: Option<Box<PollOutcome>>,
    help: Option<&'static str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// Progress of a poll that ended in an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollOutcome {
    /// What to resume with, in this process or another one. It is no secret.
    pub token: String,
    /// How many polls were made.
    pub polls: u32,
    /// From the beginning of the first poll to the end of the last.
    pub elapsed: Duration,
    /// What the ambiguous failures since the last clear response were, in a few words each, and
    /// how often each was seen.
    pub ambiguous: Vec<(String, u32)>,
}

impl Error {
    /// An error of `kind`; `message` is a clause that names what happened to what. Unsafe
    /// characters in it are neutralized.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.contains(is_unsafe) {
            message = neutralized(&message).into_owned();
        }
        Self(Box::new(Inner {
            kind,
            message,
            operation: None,
            body: ErrorBody::default(),
            meta: None,
            json_path: None,
            excerpt: None,
            attempts: 1,
            poll: None,
            help: None,
            source: None,
        }))
    }

    /// Input of the caller's that was rejected before anything was sent.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// A setting that a client cannot be built with.
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    /// A response that cannot be decoded as what was requested.
    pub(crate) fn decode(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Decode, message)
    }

    /// The error of a response with a failing status, of whose body `body` could be read.
    pub(crate) fn from_response(meta: ResponseMeta, body: &[u8]) -> Self {
        let excerpt = body;
        let mut body = ErrorBody::read(body);
        let explained = body.is_known();
        if body.error_code.is_none() {
            let header = meta.headers().get("x-error-code");
            let code = header.and_then(|code| code.to_str().ok());
            body.error_code = code.map(|code| code.trim().to_owned());
        }
        let status = meta.status();
        let mut message = format!("the service responded {}", status.as_u16());
        if let Some(reason) = status.canonical_reason() {
            message.push_str(&format!(" {reason}"));
        }
        if let Some(code) = &body.error_code {
            message.push_str(&format!(" {code}"));
        }
        if let Some(said) = body.detail.as_ref().or(body.reason.as_ref()) {
            message.push_str(&format!(": {}", said.trim_end_matches('.')));
        }
        for violation in &body.violations {
            message.push_str(&format!("; {}: {}", violation.field, violation.description));
        }
        let target = redirect_target(&meta);
        if let Some(target) = &target {
            message.push_str(&format!(
                "; it redirects to {target}, and redirects are not followed"
            ));
        }
        let mut error = Self::new(ErrorKind::of_status(status), message).with_meta(meta);
        error.0.body = body;
        match explained || target.is_some() {
            true => error,
            false => error.with_excerpt(excerpt),
        }
    }

    /// The same error with its cause.
    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    /// The same error of another kind.
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same error of this operation, unless it names one already.
    pub(crate) fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// The same error with the response that it is about and the operation that was called, unless
    /// it has them already.
    pub(crate) fn with_meta(mut self, meta: ResponseMeta) -> Self {
        self.0.operation = self.0.operation.or(meta.operation());
        self.0.meta.get_or_insert(meta);
        self
    }

    /// The same error with its place in a JSON document.
    pub(crate) fn with_json_path(mut self, path: impl Into<String>) -> Self {
        self.0.json_path = Some(neutralized(&path.into()).into_owned());
        self
    }

    /// The same error with the beginning of the body that it is about.
    pub(crate) fn with_excerpt(mut self, body: &[u8]) -> Self {
        self.0.excerpt = Some(excerpt(body));
        self
    }

    /// The same error without the beginning of the body: of one that may hold a secret.
    pub(crate) fn without_excerpt(mut self) -> Self {
        self.0.excerpt = None;
        self
    }

    /// The same error after so many attempts.
    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// The same error with the progress of the poll that it ended.
    pub(crate) fn with_poll(mut self, outcome: PollOutcome) -> Self {
        self.0.poll = Some(Box::new(outcome));
        self
    }

    /// The same error with advice of its own, in place of its kind's.
    pub(crate) fn with_help(mut self, help: &'static str) -> Self {
        self.0.help = Some(help);
        self
    }

    /// The same error with another clause.
    pub(crate) fn with_note(mut self, note: impl AsRef<str>) -> Self {
        self.0.message.push_str("; ");
        self.0.message.push_str(&neutralized(note.as_ref()));
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened, without the operation's name; no advice and no final period.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, for a user of this crate; `None` where the message says all there is.
    pub fn help(&self) -> Option<&'static str> {
        self.0.help.or_else(|| help::help(self))
    }

    /// The operation, by its stable name such as `getOrgInvoice`; `None` where nothing was called.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The status of the response, where there was one: the real one, also out of an envelope.
    pub fn status(&self) -> Option<StatusCode> {
        Some(self.0.meta.as_ref()?.status())
    }

    /// Status, headers, rate limit and URL (without its query) of the response, if there was one.
    pub fn meta(&self) -> Option<&ResponseMeta> {
        self.0.meta.as_ref()
    }

    /// The service's error code, such as `RESOURCE_NOT_FOUND`, from the body or the header
    /// `X-Error-Code`. The set is open, and a code is no status: the same one comes with several.
    pub fn error_code(&self) -> Option<&str> {
        self.0.body.error_code.as_deref()
    }

    /// What happened, in the service's words.
    pub fn detail(&self) -> Option<&str> {
        self.0.body.detail.as_deref()
    }

    /// The parameters of the service's message: strings, numbers or objects.
    pub fn parameters(&self) -> &[serde_json::Value] {
        &self.0.body.parameters
    }

    /// The parts of the request that the service called invalid.
    pub fn field_violations(&self) -> &[FieldViolation] {
        &self.0.body.violations
    }

    /// How many attempts were made; a request that is repeated after a 401 is part of its attempt.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How far polling had come when this error ended it, or when its result was ready but could not
    /// be read: the token to resume with, the number of polls, the time they took. `None` where nothing
    /// was polled.
    pub fn poll(&self) -> Option<&PollOutcome> {
        self.0.poll.as_deref()
    }

    /// How long the service asked to wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.meta.as_ref()?.retry_after()
    }

    /// Where in the JSON document the invalid value is, such as `$.lineItems[3].quantity`.
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// The beginning of the body that could not be decoded, at most 512 characters. It may hold
    /// figures and names of the organization, so it is part of neither `Display` nor `Debug`.
    pub fn excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// Whether the same request may succeed later.
    pub(crate) fn transience(&self) -> Transience {
        match (self.0.kind, self.status().map(|status| status.as_u16())) {
            (ErrorKind::RateLimited, _) => Transience::RateLimited,
            (ErrorKind::Service, Some(502..=504)) => Transience::Gateway,
            (ErrorKind::Connect, _) => Transience::Connect,
            // A body that broke after a head of 200 failed as the connection did.
            (ErrorKind::Truncated | ErrorKind::Timeout, _) => Transience::Interrupted,
            _ => Transience::Permanent,
        }
    }

    /// The same call may succeed later without a change: the rate limit, a gateway's error, a
    /// connection that failed or broke, a time limit, a result that is not ready.
    pub fn is_transient(&self) -> bool {
        self.transience() != Transience::Permanent || self.is_not_ready()
    }

    /// The caller's own input or settings were rejected before anything was sent.
    pub fn is_input(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Input | ErrorKind::Configuration)
    }

    /// The credentials are missing, wrong or expired.
    pub fn is_unauthorized(&self) -> bool {
        self.0.kind == ErrorKind::Unauthorized
    }

    /// The credentials lack a role, or the address is not on the access list.
    pub fn is_forbidden(&self) -> bool {
        self.0.kind == ErrorKind::Forbidden
    }

    /// Nothing is there under that identifier.
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    /// The rate limit was reached.
    pub fn is_rate_limited(&self) -> bool {
        self.0.kind == ErrorKind::RateLimited
    }

    /// The result is not ready; polling can be resumed with its token.
    pub fn is_not_ready(&self) -> bool {
        self.0.kind == ErrorKind::NotReady
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::input(error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.0.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&self.0.message)?;
        if self.0.attempts > 1 {
            write!(f, " (after {} attempts)", self.0.attempts)?;
        }
        if let Some(path) = &self.0.json_path {
            write!(f, ", at {path}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("operation", &self.0.operation)
            .field("message", &self.0.message)
            .field("json_path", &self.0.json_path)
            .field("meta", &self.0.meta)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.0.source.as_deref()?)
    }
}

/// Where a redirect points: scheme and host alone.
fn redirect_target(meta: &ResponseMeta) -> Option<String> {
    if !meta.status().is_redirection() {
        return None;
    }
    let location = meta.headers().get(http::header::LOCATION)?.to_str().ok()?;
    let base: url::Url = meta.url().parse().ok()?;
    Some(base.join(location).ok()?.origin().ascii_serialization())
}

/// The first characters of a body.
fn excerpt(body: &[u8]) -> String {
    const CHARACTERS: usize = 512;
    // Four bytes a character at the most; a truncated character at the end becomes a replacement.
    let start = body.get(..CHARACTERS * 4).unwrap_or(body);
    let text: String = String::from_utf8_lossy(start)
        .chars()
        .take(CHARACTERS)
        .collect();
    neutralized(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn response(status: u16, body: &str) -> Error {
        let url = "https://cloud.mongodb.com/api/atlas/v2/orgs/x?token=hush"
            .parse()
            .unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        let meta = ResponseMeta::new(status, HeaderMap::new(), &url);
        Error::from_response(meta, body.as_bytes()).with_operation("getOrgInvoice")
    }

    #[test]
    fn a_status_is_a_kind_and_a_transience() {
        use ErrorKind::*;
        for (status, kind, transience) in [
            (301, Rejected, Transience::Permanent),
            (400, Rejected, Transience::Permanent),
            (401, Unauthorized, Transience::Permanent),
            (403, Forbidden, Transience::Permanent),
            (404, NotFound, Transience::Permanent),
            (406, VersionNotAcceptable, Transience::Permanent),
            (407, Proxy, Transience::Permanent),
            (408, Rejected, Transience::Permanent),
            (410, VersionGone, Transience::Permanent),
            (422, Rejected, Transience::Permanent),
            (429, RateLimited, Transience::RateLimited),
            (500, Service, Transience::Permanent),
            (501, Service, Transience::Permanent),
            (502, Service, Transience::Gateway),
            (503, Service, Transience::Gateway),
            (504, Service, Transience::Gateway),
            (505, Service, Transience::Permanent),
        ] {
            let error = response(status, "");
            assert_eq!(
                (error.kind(), error.transience()),
                (kind, transience),
                "{status}"
            );
        }
        for (kind, transience) in [
            (Connect, Transience::Connect),
            (Truncated, Transience::Interrupted),
            (Timeout, Transience::Interrupted),
            (Tls, Transience::Permanent),
            (Decode, Transience::Permanent),
            (Input, Transience::Permanent),
        ] {
            assert_eq!(Error::new(kind, "x").transience(), transience);
        }
        assert!(Error::new(NotReady, "x").is_transient());
    }

    #[test]
    fn the_sentence_says_what_happened_and_help_what_to_do() {
        let error = response(
            403,
            r#"{"error":403,"errorCode":"IP_ADDRESS_NOT_ON_ACCESS_LIST","detail":"Address 1.2.3.4 is not allowed."}"#,
        )
        .with_attempts(2);
        assert_eq!(
            error.to_string(),
            "getOrgInvoice: the service responded 403 Forbidden IP_ADDRESS_NOT_ON_ACCESS_LIST: \
             Address 1.2.3.4 is not allowed (after 2 attempts)"
        );
        assert!(error.help().unwrap().contains("access list"));
        let error = response(403, "<html>");
        assert_eq!(error.message(), "the service responded 403 Forbidden");
        assert!(
            error
                .help()
                .unwrap()
                .contains("Organization Billing Viewer")
        );
    }

    #[test]
    fn violations_are_named() {
        let error = response(
            400,
            r#"{"error":400,"errorCode":"VALIDATION_ERROR","badRequestDetail":{"fields":[{"field":"endDate","description":"not the start of a month"}]}}"#,
        );
        assert_eq!(error.field_violations().len(), 1);
        assert!(
            error
                .to_string()
                .ends_with("; endDate: not the start of a month")
        );
    }

    #[test]
    fn neither_text_shows_the_query_an_excerpt_or_unsafe_characters() {
        let detail = r#"{"error":500,"errorCode":"A\u001b[2J","detail":"x\nError: forged\u202e"}"#;
        let error = response(500, detail)
            .with_excerpt(b"plant\x1b[2J")
            .with_json_path("$.\u{1b}")
            .with_note("n\u{7}");
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("hush") && !text.contains("plant"), "{text}");
            assert!(!text.contains(is_unsafe), "{text:?}");
        }
        assert_eq!(error.excerpt(), Some("plant\u{fffd}[2J"));
        assert_eq!(error.detail(), Some("x Error: forged\u{fffd}"));
        let meta = error.meta().unwrap();
        assert_eq!(meta.url(), "https://cloud.mongodb.com/api/atlas/v2/orgs/x");
    }
}
