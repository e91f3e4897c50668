//! Tells apart the ways an exchange comes to no answer, by walking an error's causes.

use std::error::Error as StdError;
use std::io;

use super::{Error, ErrorKind};

/// Which kind of failure an HTTP client's error is.
///
/// reqwest names the coarse class; what the connection did (closed before the head, sent what is
/// no HTTP) is said by a cause further down, and matters to a poll: a server that is still at
/// work looks like one of these (RFC 9110 section 15.2 lets no 1xx be the last word).
pub(crate) fn classify(error: &(dyn StdError + Send + Sync + 'static)) -> ErrorKind {
    match error.downcast_ref::<reqwest::Error>() {
        Some(error) if error.is_builder() => ErrorKind::Configuration,
        Some(error) if error.is_timeout() && !error.is_connect() => ErrorKind::Timeout,
        Some(error) if error.is_connect() => ErrorKind::Connect,
        Some(error) if error.is_decode() && is_of_the_content(error) => ErrorKind::Unreadable,
        _ => ErrorKind::Cut,
    }
}

/// An error for an exchange that came to no answer, or to half of one.
pub(crate) fn network_error(source: Box<dyn StdError + Send + Sync>) -> Error {
    let kind = classify(source.as_ref());
    let mut text = match kind {
        ErrorKind::Connect => "no connection could be made".to_owned(),
        ErrorKind::Timeout => "no answer came in time".to_owned(),
        ErrorKind::Configuration => "the request could not be built".to_owned(),
        ErrorKind::Unreadable => "the body could not be decoded".to_owned(),
        _ => "the connection broke before the answer was complete".to_owned(),
    };
    // The innermost cause says what happened in the operating system's or protocol's words;
    // reqwest's own Display would repeat the URL with its query.
    if let Some(cause) = innermost(source.as_ref()) {
        text.push_str(" (");
        text.push_str(&cause);
        text.push(')');
    }
    let source = without_url(source);
    Error::new(kind, text).with_source(source)
}

/// The same error without its URL, whose query has no business in a log.
fn without_url(source: Box<dyn StdError + Send + Sync>) -> Box<dyn StdError + Send + Sync> {
    match source.downcast::<reqwest::Error>() {
        Ok(error) => Box::new(error.without_url()),
        Err(other) => other,
    }
}

/// What the last of an error's causes says.
pub(crate) fn innermost(error: &(dyn StdError + 'static)) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(next) = cause.source() {
        cause = next;
    }
    Some(cause.to_string())
}

/// Whether a body that could not be decoded is at fault itself: it is no gzip. reqwest calls a
/// connection that broke under a body a decoding error, too; then the cause is the protocol's own
/// error, or tells of the end.
fn is_of_the_content(error: &reqwest::Error) -> bool {
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|io| {
        !matches!(
            io.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::TimedOut
        )
    })
}
