//! What a program asks of an error before it decides.

use super::{Error, ErrorKind};

impl Error {
    /// The caller's own input or settings were refused before anything was sent.
    pub fn is_input(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Input | ErrorKind::Configuration)
    }

    /// Not signed in: the credentials are missing, wrong or expired.
    pub fn is_unauthorized(&self) -> bool {
        self.0.kind == ErrorKind::Unauthorized
    }

    /// Signed in but not allowed: a role or an access list is missing.
    pub fn is_forbidden(&self) -> bool {
        self.0.kind == ErrorKind::Forbidden
    }

    /// Nothing there under that identifier.
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    /// The version asked for is not there: never was (406), or no longer is (410).
    pub fn is_version(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::VersionNotAcceptable | ErrorKind::VersionGone
        )
    }

    /// The rate limit was reached.
    pub fn is_rate_limited(&self) -> bool {
        self.0.kind == ErrorKind::RateLimited
    }

    /// The result is not ready yet; the token stays good for asking again.
    pub fn is_not_ready(&self) -> bool {
        self.0.kind == ErrorKind::NotReady
    }

    /// A time limit of this client passed.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// The service could not be reached at all.
    pub fn is_connect(&self) -> bool {
        self.0.kind == ErrorKind::Connect
    }

    /// An answer came that is not what was asked for.
    pub fn is_unreadable(&self) -> bool {
        self.0.kind == ErrorKind::Unreadable
    }

    /// The same call may succeed later without a change: the rate limit, a failing service or
    /// gateway, a broken connection, a time limit.
    pub fn is_transient(&self) -> bool {
        match self.0.kind {
            ErrorKind::RateLimited
            | ErrorKind::Connect
            | ErrorKind::Cut
            | ErrorKind::Timeout
            | ErrorKind::NotReady => true,
            ErrorKind::Service => self
                .status()
                .is_none_or(|status| matches!(status.as_u16(), 502..=504)),
            _ => false,
        }
    }
}
