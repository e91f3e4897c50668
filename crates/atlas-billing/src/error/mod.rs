//! The one error type of this crate: opaque, with a kind to decide on and accessors for the rest.

mod advice;
mod answer;
mod kind;
mod network;
mod predicates;
mod shown;

#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::time::Duration;

use http::StatusCode;

pub(crate) use answer::ErrorBody;
pub use answer::FieldViolation;
pub use kind::ErrorKind;
pub(crate) use network::{classify, innermost, network_error};

use crate::meta::ResponseMeta;
use crate::polling::PollOutcome;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, to what, and what to do next.
///
/// [`kind`](Self::kind) and the `is_…` predicates are what a program decides on; `Display` is a
/// sentence for a person: what was asked, what came (status and the service's error code), what to
/// do. Neither `Display` nor `Debug` shows a credential, a query string or a body; what could be
/// read of an undecodable body is behind [`excerpt`](Self::excerpt).
///
/// ```
/// # fn handle(error: atlas_billing::Error) {
/// if error.is_not_found() {
///     // another month, perhaps
/// } else if let Some(wait) = error.retry_after() {
///     eprintln!("again in {wait:?}");
/// } else {
///     eprintln!("{error}");
/// }
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    operation: Option<&'static str>,
    answer: Option<ErrorBody>,
    meta: Option<ResponseMeta>,
    retry_after: Option<Duration>,
    json_path: Option<String>,
    excerpt: Option<String>,
    attempts: u32,
    poll: Option<Box<PollOutcome>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; `message` is a clause that names what happened to what.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            operation: None,
            answer: None,
            meta: None,
            retry_after: None,
            json_path: None,
            excerpt: None,
            attempts: 1,
            poll: None,
            source: None,
        }))
    }

    /// Input of the caller's that was refused before anything was sent.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// The error that an answer with a failing status is.
    pub(crate) fn from_answer(
        meta: ResponseMeta,
        body: ErrorBody,
        retry_after: Option<Duration>,
    ) -> Self {
        let kind = kind_of_status(meta.status());
        let mut message = format!("the service answered {}", status_text(meta.status()));
        if let Some(code) = &body.error_code {
            message.push(' ');
            message.push_str(code);
        }
        if let Some(said) = body.detail.as_ref().or(body.reason.as_ref()) {
            message.push_str(": ");
            message.push_str(said.trim_end_matches('.'));
        }
        for violation in &body.violations {
            message.push_str(&format!("; {}: {}", violation.field, violation.description));
        }
        let mut error = Self::new(kind, message);
        error.0.meta = Some(meta);
        error.0.answer = Some(body);
        error.0.retry_after = retry_after;
        error
    }

    /// The same error with what caused it.
    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error, said of an operation.
    pub(crate) fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// The same error with the answer it is about.
    pub(crate) fn with_meta(mut self, meta: ResponseMeta) -> Self {
        self.0.meta.get_or_insert(meta);
        self
    }

    /// The same error with where in a JSON document it lies.
    pub(crate) fn with_json_path(mut self, path: impl Into<String>) -> Self {
        self.0.json_path = Some(path.into());
        self
    }

    /// The same error with the beginning of the body it is about.
    pub(crate) fn with_excerpt(mut self, body: &[u8]) -> Self {
        self.0.excerpt = Some(excerpt(body));
        self
    }

    /// The same error, come to after `attempts` tries.
    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// The same error, with what the polling that it ended had come to.
    pub(crate) fn with_poll(mut self, outcome: PollOutcome) -> Self {
        self.0.poll = Some(Box::new(outcome));
        self
    }

    /// The same error with how long the service asked to wait.
    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// The same error with a clause more to its message.
    pub(crate) fn with_note(mut self, note: impl AsRef<str>) -> Self {
        self.0.message.push_str("; ");
        self.0.message.push_str(note.as_ref());
        self
    }

    /// The HTTP client's own error, where this is one of those.
    pub(crate) fn into_reqwest(mut self) -> Result<reqwest::Error, Self> {
        match self
            .0
            .source
            .take()
            .map(|source| source.downcast::<reqwest::Error>())
        {
            Some(Ok(error)) => Ok(*error),
            Some(Err(source)) => {
                self.0.source = Some(source);
                Err(self)
            }
            None => Err(self),
        }
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was called, by its stable name, such as `getOrgInvoice`; absent for what is no call.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The status of the answer, where one came: the real one, also out of an envelope.
    pub fn status(&self) -> Option<StatusCode> {
        Some(self.0.meta.as_ref()?.status())
    }

    /// Status, headers, rate limit and URL (without its query) of the answer, where one came.
    pub fn meta(&self) -> Option<&ResponseMeta> {
        self.0.meta.as_ref()
    }

    /// The URL that was asked, without its query, where an answer came.
    pub fn url(&self) -> Option<&str> {
        Some(self.0.meta.as_ref()?.url())
    }

    /// The service's error code, such as `RESOURCE_NOT_FOUND`. The set is open, and a code is no
    /// status: the same one comes with several.
    pub fn error_code(&self) -> Option<&str> {
        self.0.answer.as_ref()?.error_code.as_deref()
    }

    /// What happened, in the service's words.
    pub fn detail(&self) -> Option<&str> {
        self.0.answer.as_ref()?.detail.as_deref()
    }

    /// The reason in the service's words, mostly the status's own phrase.
    pub fn reason(&self) -> Option<&str> {
        self.0.answer.as_ref()?.reason.as_deref()
    }

    /// The parameters of the service's message: strings, numbers or objects.
    pub fn parameters(&self) -> &[serde_json::Value] {
        self.0
            .answer
            .as_ref()
            .map_or(&[], |answer| &answer.parameters)
    }

    /// The parts of the request that the service called invalid.
    pub fn field_violations(&self) -> &[FieldViolation] {
        self.0
            .answer
            .as_ref()
            .map_or(&[], |answer| &answer.violations)
    }

    /// How many times the call was tried; a second leg after a 401 is no try of its own.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Where polling had come to when this error ended it: the token to go on with, the number of
    /// looks, the time they took. Absent for what is no polling.
    pub fn poll(&self) -> Option<&PollOutcome> {
        self.0.poll.as_deref()
    }

    /// How long the service asked to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Where in the JSON document the unreadable value lies, such as `$.lineItems[3].quantity`.
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// The beginning of the body that could not be read, at most 512 characters. It may hold
    /// figures and names of the organization, so it is part of neither `Display` nor `Debug`.
    pub fn excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }
}

/// The kind that a failing status means.
fn kind_of_status(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        406 => ErrorKind::VersionNotAcceptable,
        410 => ErrorKind::VersionGone,
        429 => ErrorKind::RateLimited,
        500..=599 => ErrorKind::Service,
        _ => ErrorKind::Refused,
    }
}

/// `404 Not Found`, or the number alone where the status has no phrase.
fn status_text(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// The first characters of a body, with control characters made visible.
fn excerpt(body: &[u8]) -> String {
    const CHARACTERS: usize = 512;
    // Four bytes a character at the most; a cut character at the end becomes a replacement.
    let start = &body[..body.len().min(CHARACTERS * 4)];
    String::from_utf8_lossy(start)
        .chars()
        .take(CHARACTERS)
        .map(|c| {
            if c.is_control() && c != '\n' && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}
