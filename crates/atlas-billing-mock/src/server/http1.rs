//! HTTP/1.1 (RFC 9112) by hand, so that it can be done wrong on purpose.

use std::io;

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire::{Ending, Finale, Plan, pause};
use crate::core::Core;
use crate::fault::{After102, At, Fault};
use crate::request::Request;
use crate::response::{Body, Problem, Response};
use crate::scenario::{Scenario, Transfer};

const INTERIM: &str = "HTTP/1.1 102 Processing\r\n\r\n";
const INTERIM_WITH_BODY: &str = "HTTP/1.1 102 Processing\r\ncontent-type: application/json\r\n\
    content-length: 14\r\n\r\n{\"status\":102}";

/// Serves one connection to its end.
pub(super) async fn serve(core: &Core, mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = BytesMut::with_capacity(8 * 1024);
    while let Some(read) = read(&mut stream, &mut buffer).await? {
        let (response, client) = match read {
            Ok((request, keep_alive)) => {
                let head_only = request.method == Method::HEAD;
                (
                    core.respond(&request),
                    Client {
                        keep_alive,
                        head_only,
                    },
                )
            }
            Err(status) => (
                Problem::of_status(status).into_response(),
                Client::default(),
            ),
        };
        if let Some(finale) = send(&mut stream, core.scenario(), response, client).await? {
            return finale.play(stream).await;
        }
    }
    Ok(())
}

/// What the client wants of the connection and the response.
#[derive(Default)]
struct Client {
    keep_alive: bool,
    head_only: bool,
}

/// A request and whether the client wants the connection kept, or the status that says what is
/// wrong with it.
type Read = Result<(Request, bool), u16>;

/// Reads one request; none when the client has closed the connection.
async fn read(stream: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<Option<Read>> {
    loop {
        match parse(buffer) {
            Ok(Some((length, request, keep_alive))) => {
                let _ = buffer.split_to(length);
                return Ok(Some(Ok((request, keep_alive))));
            }
            Ok(None) => {}
            Err(status) => return Ok(Some(Err(status))),
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// The request that `bytes` begin with: its length, itself, and whether the connection is to be
/// kept. None if it has not ended yet.
fn parse(bytes: &[u8]) -> Result<Option<(usize, Request, bool)>, u16> {
    let mut fields = [httparse::EMPTY_HEADER; 100];
    let mut head = httparse::Request::new(&mut fields);
    let taken = match head.parse(bytes) {
        Ok(httparse::Status::Complete(taken)) => taken,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(400),
    };
    let mut builder = http::Request::builder()
        .method(head.method.unwrap_or_default())
        .uri(head.path.unwrap_or_default());
    for field in head.headers.iter() {
        builder = builder.header(field.name, field.value);
    }
    let mut request: Request = builder.body("").map_err(|_| 400u16)?.into();
    if request.headers.contains_key(TRANSFER_ENCODING) {
        return Err(411);
    }
    let length = request.header_text(&CONTENT_LENGTH).unwrap_or("0");
    let end = taken.saturating_add(length.parse().map_err(|_| 400u16)?);
    let Some(body) = bytes.get(taken..end) else {
        return Ok(None);
    };
    request.body = Bytes::copy_from_slice(body);
    let options = request.header_list(&CONNECTION);
    let keep_alive = !options.iter().any(|o| o.eq_ignore_ascii_case("close"));
    Ok(Some((end, request, keep_alive)))
}

/// Sends the response; returns what ends the connection, if it is to end.
async fn send(
    stream: &mut TcpStream,
    scenario: &Scenario,
    mut response: Response,
    client: Client,
) -> io::Result<Option<Finale>> {
    if response.fault == Some(Fault::Bare102(After102::Body)) {
        return Ok(Some(Finale {
            bytes: INTERIM_WITH_BODY.into(),
            ending: Ending::Close,
        }));
    }
    let plan = Plan::new(response.fault.as_ref(), scenario);
    pause(plan.delay).await;
    for _ in 0..plan.interim {
        stream.write_all(INTERIM.as_bytes()).await?;
    }
    plan.complete(&mut response, scenario);
    // Such a status has no body, and no length either (RFC 9110, section 8.6).
    let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&response.status);
    let transfer = match plan.announces() {
        true => Transfer::Length,
        false => scenario.settings.transfer,
    };
    if bodiless || matches!(transfer, Transfer::Chunked | Transfer::UntilClose) {
        response.headers.remove(CONTENT_LENGTH);
    }
    let until_close = !bodiless && transfer == Transfer::UntilClose;
    let has_length = response.headers.contains_key(CONTENT_LENGTH);
    let chunked = !bodiless && !until_close && !has_length;
    if chunked {
        response.set(TRANSFER_ENCODING, "chunked");
    }
    let keep = client.keep_alive && !until_close && plan.stop.is_none();
    if !keep {
        response.set(CONNECTION, "close");
    }
    let head = head(&response);
    match plan.stop {
        Some((At::BeforeHead, _)) => {}
        Some((At::InHead, _)) => stream.write_all(&head[..head.len() / 2]).await?,
        _ => {
            stream.write_all(&head).await?;
            if !client.head_only && !bodiless {
                send_body(stream, response.body, chunked, &plan).await?;
            }
        }
    }
    let close = (!keep).then(|| Ending::Close.into());
    Ok(plan.stop.map(|(_, finale)| finale).or(close))
}

fn head(response: &Response) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {}\r\n", response.status).into_bytes();
    for (name, value) in &response.headers {
        let line = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"];
        head.extend(line.concat());
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Sends the body, as much of it as the plan has.
async fn send_body(
    stream: &mut TcpStream,
    body: Body,
    chunked: bool,
    plan: &Plan,
) -> io::Result<()> {
    for piece in plan.pieces(body) {
        pause(plan.pause).await;
        match chunked {
            true => stream.write_all(&chunk(&piece)).await?,
            false => stream.write_all(&piece).await?,
        }
    }
    if chunked && plan.stop.is_none() {
        stream.write_all(&chunk(b"")).await?;
    }
    Ok(())
}

/// A chunk (RFC 9112, section 7.1); an empty one is the last.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_understood_or_have_a_status() {
        let ok =
            |target: &str, keep_alive, length| Ok(Some((target.to_owned(), keep_alive, length)));
        for (text, want) in [
            ("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n", ok("/a?b", true, 0)),
            (
                "POST /c HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
                ok("/c", true, 3),
            ),
            ("GET http://host:1/e HTTP/1.1\r\n\r\n", ok("/e", true, 0)),
            (
                "GET /f HTTP/1.1\r\nConnection: x, Close\r\n\r\n",
                ok("/f", false, 0),
            ),
            ("GET / HTTP/1.1\r\nHo", Ok(None)),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", Ok(None)),
            ("GET /\r\n\r\n", Err(400)),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", Err(400)),
            ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", Err(400)),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                Err(411),
            ),
        ] {
            let parsed = parse(text.as_bytes()).map(|parsed| {
                parsed.map(|(_, request, keep)| (request.target, keep, request.body.len()))
            });
            assert_eq!(parsed, want, "{text:?}");
        }
    }

    #[test]
    fn the_last_chunk_is_empty() {
        assert_eq!(chunk(b"abcdefghijklmnop"), b"10\r\nabcdefghijklmnop\r\n");
        assert_eq!(chunk(b""), b"0\r\n\r\n");
    }
}
