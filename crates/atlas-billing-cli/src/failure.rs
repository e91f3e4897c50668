//! Why a command ended without doing what it was asked to.

use std::error::Error as _;
use std::io;
use std::path::Path;

use atlas_billing::Error;

use crate::exit::Exit;
use crate::output::FileError;

/// Why a command ended early.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// With this code and this message.
    Said { exit: Exit, message: String },
    /// Whoever read the output has enough: nothing went wrong.
    ReaderGone,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Said {
            exit,
            message: message.into(),
        }
    }

    /// Bad use.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A directory that cannot be made.
    pub(crate) fn directory(path: &Path, error: &io::Error) -> Self {
        let path = path.display();
        Self::new(
            Exit::Other,
            format!("cannot make the directory {path}: {error}"),
        )
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let of_file = error.get_ref().is_some_and(|inner| inner.is::<FileError>());
        match error.kind() {
            _ if of_file => Self::new(Exit::Other, error.to_string()),
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::new(Exit::Other, format!("cannot write the output: {error}")),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.kind().into(), with_causes(&error))
    }
}

/// The error's sentence, and what of its causes the sentence does not say.
fn with_causes(error: &Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let text = source.to_string();
        if !text.is_empty() && !message.contains(&text) {
            message.push_str("\n  because: ");
            message.push_str(&text);
        }
        cause = source.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_no_error() {
        let closed = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::from(closed), Failure::ReaderGone);
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let Failure::Said { exit, message } = Failure::from(full) else {
            panic!("an error");
        };
        assert_eq!(exit, Exit::Other);
        assert!(message.contains("cannot write the output"), "{message}");
    }

    #[test]
    fn an_error_of_the_library_keeps_its_words() {
        let error = "x".parse::<atlas_billing::Month>().unwrap_err();
        let message = error.to_string();
        assert_eq!(Failure::from(error), Failure::usage(message));
    }
}
