//! Distinguishes the ways an HTTP exchange ends without a response, by walking an error's causes.

use std::error::Error as StdError;
use std::io;

use super::{Error, ErrorKind};

type Source = Box<dyn StdError + Send + Sync>;

/// The error of an exchange that ended without a response, or with half of one.
pub(crate) fn network_error(source: Source) -> Error {
    let causes = causes(source.as_ref());
    let kind = classify(source.as_ref(), &causes);
    let http = source.downcast_ref::<reqwest::Error>();
    let host = http.and_then(|error| error.url()?.host_str());
    let text = match kind {
        ErrorKind::Connect => match host {
            Some(host) => &format!("could not connect to {host}"),
            None => "could not connect",
        },
        ErrorKind::Tls => match host {
            Some(host) => &format!("the TLS handshake with {host} failed"),
            None => "the TLS handshake failed",
        },
        ErrorKind::Proxy => "the proxy requires credentials, or does not accept those it was given",
        ErrorKind::Timeout => "no response in time",
        ErrorKind::Configuration => "the request could not be built",
        ErrorKind::Decode => "the response body could not be decoded",
        _ => "the connection broke before the response was complete",
    };
    Error::new(kind, text).with_source(without_url(source))
}

/// The kind of failure that `source`, whose causes say `causes`, is.
///
/// reqwest names the coarse class; what the connection did (closed before the head, sent what is
/// no HTTP) is said by a cause further down, and matters to a poll: a server that is still at
/// work looks like one of these (RFC 9110 section 15.2 lets no 1xx be the last word). Certificates
/// and proxies are recognized by their words: their types belong to crates that a feature chooses.
fn classify(source: &(dyn StdError + Send + Sync + 'static), causes: &[String]) -> ErrorKind {
    let says = |words: &[&str]| {
        causes
            .iter()
            .any(|cause| words.iter().any(|word| cause.contains(word)))
    };
    match source.downcast_ref::<reqwest::Error>() {
        Some(error) if error.is_builder() => ErrorKind::Configuration,
        Some(error) if error.is_timeout() && !error.is_connect() => ErrorKind::Timeout,
        Some(error) if error.is_connect() => {
            if says(&[
                "proxy authorization required",
                "proxy authentication required",
            ]) {
                ErrorKind::Proxy
            } else if says(&[
                "invalid peer certificate",
                "certificate verify failed",
                "received fatal alert",
                "received corrupt message",
                "self-signed certificate",
                "self signed certificate",
            ]) {
                ErrorKind::Tls
            } else {
                ErrorKind::Connect
            }
        }
        Some(error) if error.is_decode() && is_of_the_content(error) => ErrorKind::Decode,
        _ => ErrorKind::Truncated,
    }
}

/// The texts of an error's causes, the innermost last.
fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut texts = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        texts.push(cause.to_string());
        next = cause.source();
    }
    texts
}

/// The same error without its URL, whose query has no business in a log.
fn without_url(source: Source) -> Source {
    match source.downcast::<reqwest::Error>() {
        Ok(error) => Box::new(error.without_url()),
        Err(other) => other,
    }
}

/// Whether a body that could not be decoded is at fault itself. reqwest calls a connection that
/// broke under a body a decoding error, too; then the cause is the protocol's own error, or
/// names the end.
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
