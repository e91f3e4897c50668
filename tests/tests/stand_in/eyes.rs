//! What a client sees of a response that may be broken.

use std::error::Error;
use std::time::Duration;

use crate::JSON;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// What a client sees of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A status and that many bytes.
    Body(u16, usize),
    /// A status, then a body that breaks.
    Broken(u16),
    /// No status, for a reason.
    None(Why),
    /// Nothing in time: no status, or a status and no end of the body.
    Silence(Option<u16>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The connection ended before there was a response.
    Ended,
    /// It was not HTTP.
    Unreadable,
    /// HTTP/2's word for it, with its code.
    Code(u32),
}

/// A client of one protocol that follows no redirects.
pub(crate) fn client(protocol: Protocol) -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy();
    let builder = match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_prior_knowledge(),
    };
    builder
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

fn why(error: &reqwest::Error) -> Why {
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    let mut text = String::new();
    while let Some(cause) = source {
        text = cause.to_string();
        if text.contains("invalid HTTP") || text.contains("frame with invalid size") {
            return Why::Unreadable;
        }
        for (word, code) in [
            ("unspecific protocol error", 1),
            ("internal error", 2),
            ("detected excessive load", 11),
            ("refused stream", 7),
        ] {
            if text.contains(word) {
                return Why::Code(code);
            }
        }
        source = cause.source();
    }
    for word in [
        "connection closed",
        "end of file",
        "reset",
        "broken pipe",
        "bytes remaining on stream",
    ] {
        if text.to_lowercase().contains(word) {
            return Why::Ended;
        }
    }
    panic!("a cause that is not known: {text} of {error:?}");
}

/// How long silence is listened to. Where something is to come there is no limit, so that no
/// machine is too slow.
const SILENCE: Duration = Duration::from_millis(50);

pub(crate) async fn see(client: &reqwest::Client, url: &str) -> Seen {
    see_or_wait(client, url, None).await
}

/// What comes, or silence where it is expected: before the head or after it.
pub(crate) async fn see_or_wait(
    client: &reqwest::Client,
    url: &str,
    expected: Option<&Seen>,
) -> Seen {
    let sent = client.get(url).header("accept", JSON).send();
    let response = match limited(sent, expected == Some(&Seen::Silence(None))).await {
        None => return Seen::Silence(None),
        Some(Err(error)) => return Seen::None(why(&error)),
        Some(Ok(response)) => response,
    };
    let status = response.status().as_u16();
    let silent = matches!(expected, Some(Seen::Silence(Some(_))));
    match limited(response.bytes(), silent).await {
        None => Seen::Silence(Some(status)),
        Some(Ok(bytes)) => Seen::Body(status, bytes.len()),
        Some(Err(_)) => Seen::Broken(status),
    }
}

async fn limited<T>(future: impl Future<Output = T>, limited: bool) -> Option<T> {
    if limited {
        tokio::time::timeout(SILENCE, future).await.ok()
    } else {
        Some(future.await)
    }
}
