//! The exit codes: what a script decides on.

use atlas_billing::ErrorKind;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What none of the others says: a file that cannot be written, a sum out of range.
    Other,
    /// Bad use, a missing organization or missing credentials too.
    Usage,
    /// Not signed in, or not allowed.
    Denied,
    /// What was asked for is not there.
    NotFound,
    /// Not ready at the deadline.
    NotReady,
    /// Refused or failed by the service.
    Service,
    /// The service could not be reached, or its answer not read.
    Unreachable,
    /// Ended by this signal.
    Signal(u8),
}

impl Exit {
    /// The code that the process ends with.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Usage => 2,
            Self::Denied => 3,
            Self::NotFound => 4,
            Self::NotReady => 5,
            Self::Service => 6,
            Self::Unreachable => 7,
            // As shells report a process that a signal ended.
            Self::Signal(number) => 128 + number,
        }
    }
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Input | ErrorKind::Configuration => Self::Usage,
            ErrorKind::Unauthorized | ErrorKind::Forbidden => Self::Denied,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::NotReady => Self::NotReady,
            ErrorKind::VersionNotAcceptable
            | ErrorKind::VersionGone
            | ErrorKind::RateLimited
            | ErrorKind::Refused
            | ErrorKind::Service
            | ErrorKind::Failed => Self::Service,
            ErrorKind::Connect
            | ErrorKind::Timeout
            | ErrorKind::Cut
            | ErrorKind::Unreadable
            | ErrorKind::TooLarge => Self::Unreachable,
            // Overflow, and kinds to come.
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_code() {
        for (kind, code) in [
            (ErrorKind::Input, 2),
            (ErrorKind::Configuration, 2),
            (ErrorKind::Unauthorized, 3),
            (ErrorKind::Forbidden, 3),
            (ErrorKind::NotFound, 4),
            (ErrorKind::NotReady, 5),
            (ErrorKind::VersionNotAcceptable, 6),
            (ErrorKind::VersionGone, 6),
            (ErrorKind::RateLimited, 6),
            (ErrorKind::Refused, 6),
            (ErrorKind::Service, 6),
            (ErrorKind::Failed, 6),
            (ErrorKind::Connect, 7),
            (ErrorKind::Timeout, 7),
            (ErrorKind::Cut, 7),
            (ErrorKind::Unreadable, 7),
            (ErrorKind::TooLarge, 7),
            (ErrorKind::Overflow, 1),
        ] {
            assert_eq!(Exit::from(kind).code(), code, "{kind}");
        }
        assert_eq!(Exit::Signal(2).code(), 130);
        assert_eq!(Exit::Signal(15).code(), 143);
    }
}
