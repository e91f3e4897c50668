//! Reading HTTP/1.1 requests (RFC 9112) off a connection.

use std::io;

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::wire_body::{find, read_chunked, read_length};
use crate::request::Request;

/// The longest head that is read.
pub(super) const LONGEST_HEAD: usize = 64 * 1024;
/// The longest body that is read.
pub(super) const LONGEST_BODY: usize = 4 * 1024 * 1024;

/// A request, and whether the client wants the connection kept.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) request: Request,
    pub(super) keep_alive: bool,
}

/// A request that is not understood: the status that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bad(pub(super) u16);

/// How a body's end is known.
#[derive(Debug, PartialEq)]
enum Framing {
    Length(usize),
    Chunked,
}

/// Reads one request; none when the client has closed the connection between two.
pub(super) async fn read<S>(
    stream: &mut S,
    buffer: &mut BytesMut,
) -> io::Result<Option<Result<Incoming, Bad>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let length = loop {
        let end = find(buffer, b"\r\n\r\n");
        if end.unwrap_or(buffer.len()) > LONGEST_HEAD {
            return Ok(Some(Err(Bad(431))));
        }
        if let Some(at) = end {
            break at;
        }
        if stream.read_buf(buffer).await? == 0 {
            return if buffer.is_empty() {
                Ok(None)
            } else {
                Ok(Some(Err(Bad(400))))
            };
        }
    };
    let head = buffer.split_to(length + 4);
    let (mut request, keep_alive, framing) = match parse_head(&head[..length]) {
        Ok(parsed) => parsed,
        Err(bad) => return Ok(Some(Err(bad))),
    };
    let waits = request
        .headers
        .get(EXPECT)
        .is_some_and(|value| value == "100-continue");
    if waits && framing != Framing::Length(0) {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let body = match framing {
        Framing::Length(length) => read_length(stream, buffer, length).await?,
        Framing::Chunked => read_chunked(stream, buffer).await?,
    };
    Ok(Some(body.map(|body| {
        request.body = body;
        Incoming {
            request,
            keep_alive,
        }
    })))
}

/// The head without its final empty line.
fn parse_head(head: &[u8]) -> Result<(Request, bool, Framing), Bad> {
    let text = std::str::from_utf8(head).map_err(|_| Bad(400))?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target, version) = match (words.next(), words.next(), words.next(), words.next()) {
        (Some(method), Some(target), Some(version), None) => (method, target, version),
        _ => return Err(Bad(400)),
    };
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| Bad(400))?;
    let new = match version {
        "HTTP/1.1" => true,
        "HTTP/1.0" => false,
        _ => return Err(Bad(505)),
    };
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(Bad(400))?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Bad(400))?;
        let value = HeaderValue::from_str(value.trim_matches([' ', '\t'])).map_err(|_| Bad(400))?;
        headers.append(name, value);
    }
    let framing = framing(&headers)?;
    let says = |token: &str| {
        let values = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|t| t.trim().eq_ignore_ascii_case(token))
    };
    let keep_alive = if new {
        !says("close")
    } else {
        says("keep-alive")
    };
    let request = Request {
        method,
        target: origin_form(target)?,
        headers,
        body: Bytes::new(),
    };
    Ok((request, keep_alive, framing))
}

fn framing(headers: &HeaderMap) -> Result<Framing, Bad> {
    let coding = headers.get(TRANSFER_ENCODING);
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    match (coding, lengths.next(), lengths.next()) {
        (None, None, None) => Ok(Framing::Length(0)),
        (None, Some(value), None) => {
            let digits = value
                .to_str()
                .ok()
                .filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
            let length = digits.and_then(|text| text.parse().ok()).ok_or(Bad(400))?;
            if length > LONGEST_BODY {
                Err(Bad(413))
            } else {
                Ok(Framing::Length(length))
            }
        }
        (Some(value), None, None) if value.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            Ok(Framing::Chunked)
        }
        _ => Err(Bad(400)),
    }
}

/// Path and query; what a client sends to a proxy has scheme and host before them.
fn origin_form(target: &str) -> Result<String, Bad> {
    if target.starts_with('/') {
        return Ok(target.to_owned());
    }
    let rest = target.strip_prefix("http://").ok_or(Bad(400))?;
    Ok(rest.find('/').map_or("/", |at| &rest[at..]).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_all(bytes: &str) -> Vec<Result<Request, u16>> {
        let (mut client, mut server) = tokio::io::duplex(1 << 20);
        client.write_all(bytes.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        let mut buffer = BytesMut::new();
        let mut all = Vec::new();
        while let Some(read) = read(&mut server, &mut buffer).await.unwrap() {
            let bad = read.is_err();
            all.push(
                read.map(|incoming| incoming.request)
                    .map_err(|Bad(status)| status),
            );
            if bad {
                break;
            }
        }
        all
    }

    #[tokio::test]
    async fn requests_follow_each_other() {
        let all = read_all(
            "GET /a?b HTTP/1.1\r\nHost: x\r\nAccept: y \r\n\r\n\
             POST /c HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\
             POST /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n\
             GET http://host:1/e HTTP/1.1\r\n\r\n",
        )
        .await;
        let all: Vec<Request> = all.into_iter().map(Result::unwrap).collect();
        let targets: Vec<&str> = all.iter().map(|request| request.target.as_str()).collect();
        assert_eq!(targets, ["/a?b", "/c", "/d", "/e"]);
        assert_eq!(all[0].headers["accept"], "y");
        assert_eq!((&*all[1].body, &*all[2].body), (&b"abc"[..], &b"abc"[..]));
    }

    #[tokio::test]
    async fn what_is_not_understood_has_a_status() {
        for (bytes, status) in [
            ("GET /\r\n\r\n", 400),
            ("GET / HTTP/3\r\n\r\n", 505),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\na : b\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            (
                "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
                400,
            ),
            ("POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\na", 413),
            ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\na", 400),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                400,
            ),
            ("GET / HTTP/1.1\r\n", 400),
        ] {
            let read = read_all(bytes).await.pop().unwrap();
            assert_eq!(read.map(|_| ()), Err(status), "{bytes:?}");
        }
        let long = format!(
            "GET / HTTP/1.1\r\na: {}\r\n\r\n",
            "x".repeat(LONGEST_HEAD + 9000)
        );
        assert_eq!(read_all(&long).await.pop().unwrap().map(|_| ()), Err(431));
    }
}
