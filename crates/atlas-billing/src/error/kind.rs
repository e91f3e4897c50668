//! What kind of thing went wrong: what a program decides on.

use std::fmt;

/// What kind of thing went wrong.
///
/// A kind says what a program can do next, not how the failure looked on the wire. More kinds may
/// be added; match with a wildcard arm, or use the predicates of [`Error`](crate::Error).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's own input was refused before anything was sent.
    Input,
    /// The client cannot be built as asked: an environment variable, a base URL, a TLS setting.
    Configuration,
    /// Not signed in: 401, or the token endpoint refused the credentials.
    Unauthorized,
    /// Signed in, but not allowed: 403.
    Forbidden,
    /// What was asked for does not exist, or is not visible to these credentials: 404.
    NotFound,
    /// The version asked for is not known to the service: 406.
    VersionNotAcceptable,
    /// The version asked for was removed: 410.
    VersionGone,
    /// The rate limit was reached, and the retry policy gave up: 429.
    RateLimited,
    /// The service refused the request as invalid: 400 and any other 4xx.
    Refused,
    /// The service or a gateway before it failed: 5xx.
    Service,
    /// No connection: name resolution, refused, TLS.
    Connect,
    /// A time limit of this client passed before the answer was there.
    Timeout,
    /// The connection broke before the answer was complete.
    Cut,
    /// An answer came that cannot be read as what was asked for.
    Unreadable,
    /// An answer, or a part of it, is larger than the configured limit.
    TooLarge,
    /// The result was not ready when the deadline passed; it can be asked for again.
    NotReady,
    /// The asynchronous operation itself ended in failure.
    Failed,
    /// A sum or conversion left the range of its type.
    Overflow,
}

impl ErrorKind {
    /// A short name in snake case, stable, for logs and metrics.
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
            Self::Refused => "refused",
            Self::Service => "service",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Cut => "cut",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too_large",
            Self::NotReady => "not_ready",
            Self::Failed => "failed",
            Self::Overflow => "overflow",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
