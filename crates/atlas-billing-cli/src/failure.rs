//! Why a command ended without doing what it was asked to: exit code, message, next steps.

use std::error::Error as StdError;
use std::io;
use std::path::Path;

use atlas_billing::{Error, ErrorKind, ParseError};

/// The exit codes: what a script decides on. 0 is done.
pub(crate) mod exit {
    use atlas_billing::ErrorKind;

    /// What none of the others covers: a file that cannot be written, a sum out of range.
    pub(crate) const OTHER: u8 = 1;
    /// Bad use, a missing organization or missing credentials too.
    pub(crate) const USAGE: u8 = 2;
    /// Not signed in, or not allowed.
    pub(crate) const DENIED: u8 = 3;
    /// What was asked for does not exist.
    pub(crate) const NOT_FOUND: u8 = 4;
    /// Not ready at the deadline.
    pub(crate) const NOT_READY: u8 = 5;
    /// Refused or failed by the service.
    pub(crate) const SERVICE: u8 = 6;
    /// The service could not be reached, or its response not read.
    pub(crate) const UNREACHABLE: u8 = 7;
    /// A limit that was set is exceeded, or an invoice does not reconcile.
    pub(crate) const GATE: u8 = 8;
    /// More than this: ended by the signal of that number, as shells report it.
    pub(crate) const SIGNAL: u8 = 128;

    pub(super) fn of(kind: ErrorKind) -> u8 {
        use ErrorKind as Kind;
        match kind {
            Kind::Input | Kind::Configuration => USAGE,
            Kind::Unauthorized | Kind::Forbidden => DENIED,
            Kind::NotFound => NOT_FOUND,
            Kind::NotReady => NOT_READY,
            Kind::VersionNotAcceptable | Kind::VersionGone | Kind::RateLimited => SERVICE,
            Kind::Rejected | Kind::Service | Kind::Failed => SERVICE,
            Kind::Connect | Kind::Tls | Kind::Proxy | Kind::Timeout => UNREACHABLE,
            Kind::Truncated | Kind::Decode | Kind::TooLarge => UNREACHABLE,
            // Overflow, and kinds to come.
            _ => OTHER,
        }
    }
}

/// Why a command ended early. Each text becomes one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    /// 0 where whoever read the output has enough: nothing went wrong.
    pub(crate) exit: u8,
    pub(crate) message: String,
    /// The operation that failed, for those who want to know.
    pub(crate) operation: Option<&'static str>,
    /// What to do next.
    pub(crate) help: Vec<String>,
}

impl Failure {
    pub(crate) fn new(exit: u8, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            ..Self::default()
        }
    }

    /// Bad use.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(exit::USAGE, message)
    }

    /// A directory that cannot be made.
    pub(crate) fn directory(path: &Path, error: &io::Error) -> Self {
        let path = path.display();
        Self::new(
            exit::OTHER,
            format!("cannot make the directory {path}: {error}"),
        )
    }

    /// The same, with what it is about before its message.
    pub(crate) fn about(self, what: impl std::fmt::Display) -> Self {
        Self {
            message: format!("{what}: {}", self.message),
            ..self
        }
    }

    /// The same with a line of help more.
    pub(crate) fn with_help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // It says more than the system does: which file.
            _ if error.get_ref().is_some() => Self::new(exit::OTHER, error.to_string()),
            io::ErrorKind::BrokenPipe => Self::default(),
            _ => Self::new(exit::OTHER, format!("cannot write the output: {error}")),
        }
    }
}

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let page = is_web_page(&error);
        let mut message = error.message().to_owned();
        if page {
            let status = error.status().filter(|status| !status.is_success());
            let status = status.map_or(String::new(), |status| {
                format!(" (status {})", status.as_u16())
            });
            message = format!("got a web page instead of Atlas data{status}");
        } else {
            let path = error.json_path().map(|path| format!(", at {path}"));
            message.push_str(&path.unwrap_or_default());
            let cause = innermost(&error).filter(|cause| !message.contains(cause.as_str()));
            message.push_str(&cause.map_or(String::new(), |cause| format!(" ({cause})")));
        }
        if error.attempts() > 1 {
            message.push_str(&format!("; tried {} times", error.attempts()));
        }
        let help = match page {
            true => Some(
                "a proxy or login page may be in the way; check HTTPS_PROXY and --base-url"
                    .to_owned(),
            ),
            false => help(&error),
        };
        Self {
            exit: exit::of(error.kind()),
            message,
            operation: error.operation(),
            help: help.into_iter().collect(),
        }
    }
}

fn is_web_page(error: &Error) -> bool {
    error
        .excerpt()
        .is_some_and(|text| text.trim_start().starts_with('<'))
}

/// What the last of an error's causes says.
fn innermost(error: &Error) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(next) = cause.source() {
        cause = next;
    }
    Some(cause.to_string()).filter(|text| !text.is_empty())
}

/// What to do next, in the words of the command line.
fn help(error: &Error) -> Option<String> {
    let line = match error.kind() {
        _ if error.error_code() == Some("IP_ADDRESS_NOT_ON_ACCESS_LIST") => {
            "add the public address of this machine to the API access list of the key or service account"
        }
        _ if error.error_code() == Some("access_denied") => {
            "the service account has too many live access tokens: wait until some expire, and use --keep-token"
        }
        ErrorKind::Configuration if error.message().contains("plain http") => {
            "use an https URL; only loopback addresses get credentials over plain http"
        }
        ErrorKind::Forbidden => {
            "the API key or service account needs one of the roles Organization Billing Viewer, \
             Organization Billing Admin or Organization Owner"
        }
        ErrorKind::Unauthorized => {
            "check that the API key or service account exists and belongs to this organization, and \
             that --base-url is that of its Atlas"
        }
        ErrorKind::NotFound if error.status().is_some() => {
            "check the id; Atlas also answers \"not found\" for ids of other organizations"
        }
        ErrorKind::VersionNotAcceptable => "leave out --api-version, or ask for another date",
        ErrorKind::VersionGone => "update this command, or ask for a later date with --api-version",
        ErrorKind::RateLimited => {
            let wait = error.retry_after().map(|wait| wait.as_secs().max(1));
            return Some(format!("retry in {} s", wait.unwrap_or(60)));
        }
        ErrorKind::Service => "try again later",
        ErrorKind::Connect => "check the network, HTTPS_PROXY and --base-url",
        ErrorKind::Tls => {
            "check --base-url and the clock of this machine; where a company inspects TLS, name the file \
             with its CA certificate in --ca-file or SSL_CERT_FILE"
        }
        ErrorKind::Proxy => {
            "the proxy wants credentials: put them into HTTPS_PROXY, as http://USER:PASSWORD@HOST:PORT"
        }
        ErrorKind::Timeout => "try again, or allow more with --request-timeout",
        ErrorKind::Truncated => "try again",
        ErrorKind::TooLarge => "`invoices items` reads an invoice item by item, in little memory",
        ErrorKind::NotReady => "allow more with --deadline",
        _ => return None,
    };
    Some(line.to_owned())
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
            (ErrorKind::Rejected, 6),
            (ErrorKind::Service, 6),
            (ErrorKind::Failed, 6),
            (ErrorKind::Connect, 7),
            (ErrorKind::Timeout, 7),
            (ErrorKind::Truncated, 7),
            (ErrorKind::Decode, 7),
            (ErrorKind::Tls, 7),
            (ErrorKind::Proxy, 7),
            (ErrorKind::TooLarge, 7),
            (ErrorKind::Overflow, 1),
        ] {
            assert_eq!(exit::of(kind), code, "{kind}");
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let closed = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::from(closed).exit, 0);
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(Failure::from(full).exit, exit::OTHER);
    }

    #[test]
    fn a_value_that_cannot_be_read_is_bad_use() {
        let error = "x".parse::<atlas_billing::Month>().unwrap_err();
        let message = error.to_string();
        assert_eq!(Failure::from(error), Failure::usage(message));
    }
}
