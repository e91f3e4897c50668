//! The HTTP client's settings: the caller's first, then ours, which stand.

use std::time::Duration;

use url::Url;

use super::builder::Adjust;
use crate::{Error, ErrorKind, Result};

/// `my-report/1.2 atlas-billing/0.1.0`.
pub(super) fn user_agent(program: Option<&str>) -> Result<String> {
    let own = concat!("atlas-billing/", env!("CARGO_PKG_VERSION"));
    let Some(program) = program.map(str::trim).filter(|program| !program.is_empty()) else {
        return Ok(own.to_owned());
    };
    // RFC 9110 section 10.1.5 builds the field of tokens and comments, all of it visible ASCII.
    if !program
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
    {
        return Err(Error::new(
            ErrorKind::Configuration,
            "the user agent holds characters that no header may: use visible ASCII, such as \
             my-report/1.2",
        ));
    }
    Ok(format!("{program} {own}"))
}

/// How long an HTTP/2 connection with requests on it may be silent before it is asked for a sign
/// of life, and how long that may take. A time limit ends a request, not its connection, and on a
/// dead one every further try would be lost, too (RFC 9113 section 6.7).
const SIGN_OF_LIFE: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(10));

/// How much may be on its way to a stream of HTTP/2 that is not read, and to all of a connection's
/// together (RFC 9113 section 5.2). The latter is that of 64 streams: with much less, a few invoices
/// that are read slowly would leave the connection's other calls without an answer.
const WINDOWS: (u32, u32) = (2 << 20, 64 * (2 << 20));

/// Builds reqwest's client. A redirect could carry a signed request to another host, and what can
/// be checked only here is set last.
pub(super) fn build(adjust: Vec<Adjust>, user_agent: &str) -> Result<reqwest::Client> {
    let (after, within) = SIGN_OF_LIFE;
    let mut builder = reqwest::Client::builder()
        .http2_keep_alive_interval(after)
        .http2_keep_alive_timeout(within)
        .http2_initial_stream_window_size(WINDOWS.0)
        .http2_initial_connection_window_size(WINDOWS.1);
    for adjust in adjust {
        builder = adjust(builder);
    }
    builder
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .gzip(true)
        .user_agent(user_agent)
        .build()
        .map_err(|error| {
            Error::new(
                ErrorKind::Configuration,
                "the HTTP client cannot be built: check certificates, proxy and TLS settings",
            )
            .with_source(error)
        })
}

/// Says early that https needs one of the TLS features.
pub(super) fn check_tls(base_url: &Url) -> Result<()> {
    let has_tls = cfg!(any(feature = "rustls", feature = "native-tls"));
    if base_url.scheme() == "https" && !has_tls {
        return Err(Error::new(
            ErrorKind::Configuration,
            "https needs TLS: build atlas-billing with its feature rustls or native-tls",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_stands_before_our_name() {
        assert!(user_agent(None).unwrap().starts_with("atlas-billing/"));
        assert!(user_agent(Some(" ")).unwrap().starts_with("atlas-billing/"));
        assert!(
            user_agent(Some("a/1 (b)"))
                .unwrap()
                .starts_with("a/1 (b) atlas-billing/")
        );
        for program in ["a\r\nX: y", "caf\u{e9}"] {
            let error = user_agent(Some(program)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
        }
    }
}
