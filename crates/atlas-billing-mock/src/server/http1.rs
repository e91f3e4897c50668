//! HTTP/1.1 (RFC 9112) by hand, so that it can be done wrong on purpose.

use std::fmt::Display;
use std::io::{self, Write as _};

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire::{Announced, Ending, Finale, Plan, date, pause};
use crate::core::Core;
use crate::fault::{After102, At, Fault};
use crate::request::Request;
use crate::response::{Body, Problem, Response};
use crate::scenario::{Scenario, Transfer};

/// The longest head and the longest body that are read.
const LONGEST_HEAD: usize = 64 * 1024;
const LONGEST_BODY: usize = 4 * 1024 * 1024;

const INTERIM: &str = "HTTP/1.1 102 Processing\r\n\r\n";
const INTERIM_WITH_BODY: &str = "HTTP/1.1 102 Processing\r\ncontent-type: application/json\r\n\
    content-length: 14\r\n\r\n{\"status\":102}";

/// Serves one connection to its end.
pub(super) async fn serve(core: &Core, mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = BytesMut::with_capacity(8 * 1024);
    while let Some(read) = read(&mut stream, &mut buffer).await? {
        let (response, head_only, keep_alive) = match read {
            Ok((request, keep_alive)) => {
                let head_only = request.method == Method::HEAD;
                (core.respond(&request), head_only, keep_alive)
            }
            Err(status) => (Problem::of_status(status).into_response(), false, false),
        };
        let mut sender = Sender {
            stream: &mut stream,
            scenario: core.scenario(),
            head_only,
            keep_alive,
        };
        if let Some(finale) = sender.send(response).await? {
            return finale.play(stream).await;
        }
    }
    Ok(())
}

/// Reads one request, and whether the client wants the connection kept; the status that says what
/// is wrong with it; or none when the client has closed the connection between two.
async fn read(
    stream: &mut TcpStream,
    buffer: &mut BytesMut,
) -> io::Result<Option<Result<(Request, bool), u16>>> {
    let (mut request, keep_alive, length) = loop {
        match parse_head(buffer) {
            Ok(Some((taken, request, keep_alive, length))) => {
                let _ = buffer.split_to(taken);
                break (request, keep_alive, length);
            }
            Ok(None) if buffer.len() > LONGEST_HEAD => return Ok(Some(Err(431))),
            Ok(None) => {}
            Err(status) => return Ok(Some(Err(status))),
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(if buffer.is_empty() {
                None
            } else {
                Some(Err(400))
            });
        }
    };
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(Some(Err(400)));
        }
    }
    request.body = buffer.split_to(length).freeze();
    Ok(Some(Ok((request, keep_alive))))
}

/// The head that `bytes` begin with: its length, the request, whether the connection is to be kept,
/// and the length of the body. None if it has not ended yet.
fn parse_head(bytes: &[u8]) -> Result<Option<(usize, Request, bool, usize)>, u16> {
    let mut fields = [httparse::EMPTY_HEADER; 100];
    let mut head = httparse::Request::new(&mut fields);
    let taken = match head.parse(bytes) {
        Ok(httparse::Status::Complete(taken)) => taken,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(400),
    };
    let mut headers = HeaderMap::new();
    for field in head.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| 400u16)?;
        let value = HeaderValue::from_bytes(field.value).map_err(|_| 400u16)?;
        headers.append(name, value);
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(411);
    }
    let mut request = Request::get(origin_form(head.path.unwrap_or_default()));
    request.method = head
        .method
        .unwrap_or_default()
        .parse()
        .map_err(|_| 400u16)?;
    request.headers = headers;
    let length = match request.header_text(&CONTENT_LENGTH) {
        Some(text) => text.parse().map_err(|_| 400u16)?,
        None => 0,
    };
    if length > LONGEST_BODY {
        return Err(413);
    }
    let options = request.header_list(&CONNECTION);
    let says = |option: &str| options.iter().any(|o| o.eq_ignore_ascii_case(option));
    let keep_alive = match head.version {
        Some(1) => !says("close"),
        _ => says("keep-alive"),
    };
    Ok(Some((taken, request, keep_alive, length)))
}

/// Path and query; what a client sends to a proxy has scheme and host before them.
fn origin_form(target: &str) -> &str {
    match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    }
}

/// How the body's end is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
    /// The status has no body, and no length either (RFC 9110, section 8.6).
    Absent,
}

/// Sends one response.
struct Sender<'a> {
    stream: &'a mut TcpStream,
    scenario: &'a Scenario,
    head_only: bool,
    keep_alive: bool,
}

impl Sender<'_> {
    /// Sends the response; returns what ends the connection, if it is to end.
    async fn send(&mut self, mut response: Response) -> io::Result<Option<Finale>> {
        if response.fault == Some(Fault::Bare102(After102::Body)) {
            return Ok(Some(Finale::send(INTERIM_WITH_BODY, Ending::Close)));
        }
        let plan = Plan::new(response.fault.as_ref(), self.scenario);
        pause(plan.delay).await;
        for _ in 0..plan.interim {
            self.stream.write_all(INTERIM.as_bytes()).await?;
        }
        let framing = self.framing(&mut response, &plan);
        let keep = self.keep_alive && framing != Framing::UntilClose && plan.announced.is_none();
        let head = self.head(&response, framing, keep)?;
        let at = plan.stop.as_ref().map(|(at, _)| *at);
        match at {
            Some(At::BeforeHead) => {}
            Some(At::InHead) => self.stream.write_all(&head[..head.len() / 2]).await?,
            _ if self.head_only || framing == Framing::Absent => {
                self.stream.write_all(&head).await?;
            }
            _ => self.send_body(head, response.body, framing, &plan).await?,
        }
        Ok(match plan.stop {
            Some((_, finale)) => Some(finale),
            None if matches!(plan.announced, Some(Announced::As(_))) => Some(Ending::Stall.into()),
            None if keep => None,
            None => Some(Ending::Close.into()),
        })
    }

    /// Decides how the body's end is told, holding the body in memory where that is needed.
    fn framing(&self, response: &mut Response, plan: &Plan) -> Framing {
        let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
        if bodiless.contains(&response.status) {
            return Framing::Absent;
        }
        let transfer = match plan.announced {
            Some(_) => Transfer::Length,
            None => self.scenario.settings.transfer,
        };
        if transfer == Transfer::Length {
            response.change_body(|body| Body::Whole(body.into_bytes()));
        }
        match (transfer, response.body.known_length()) {
            (Transfer::UntilClose, _) => Framing::UntilClose,
            (Transfer::Chunked, _) | (_, None) => Framing::Chunked,
            (_, Some(length)) => Framing::Length(plan.length(length)),
        }
    }

    fn head(&self, response: &Response, framing: Framing, keep: bool) -> io::Result<Vec<u8>> {
        let status = response.status;
        let reason = status.canonical_reason().unwrap_or("Unknown");
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
        for (name, value) in &response.headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        let mut line = |name: &str, value: &dyn Display| write!(head, "{name}: {value}\r\n");
        line("date", &date(self.scenario))?;
        match framing {
            Framing::Length(length) => line("content-length", &length)?,
            Framing::Chunked => line("transfer-encoding", &"chunked")?,
            Framing::UntilClose | Framing::Absent => {}
        }
        if !keep {
            line("connection", &"close")?;
        }
        head.extend_from_slice(b"\r\n");
        Ok(head)
    }

    /// Sends head and body, as much of it as the plan has.
    async fn send_body(
        &mut self,
        mut out: Vec<u8>,
        body: Body,
        framing: Framing,
        plan: &Plan,
    ) -> io::Result<()> {
        let mut left = plan.body_limit();
        // The head travels with the first piece, unless pieces are to be seen by themselves.
        if plan.piece.is_some() || left == 0 {
            self.stream.write_all(&out).await?;
            out.clear();
        }
        for piece in plan.pieces(body) {
            if left == 0 {
                break;
            }
            pause(plan.pause).await;
            let sent = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            push(&mut out, &piece, sent, framing);
            left -= sent as u64;
            self.stream.write_all(&out).await?;
            out.clear();
        }
        if plan.stop.is_none() && framing == Framing::Chunked {
            out.extend_from_slice(b"0\r\n\r\n");
        }
        self.stream.write_all(&out).await
    }
}

/// Appends the first bytes of a piece; a chunk that is truncated announces its whole length.
fn push(out: &mut Vec<u8>, piece: &Bytes, sent: usize, framing: Framing) {
    let chunked = framing == Framing::Chunked;
    if chunked {
        out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
    }
    out.extend_from_slice(&piece[..sent]);
    if chunked && sent == piece.len() {
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(head: &str) -> Result<Option<(String, bool, usize)>, u16> {
        let parsed = parse_head(head.as_bytes())?;
        Ok(parsed.map(|(_, request, keep_alive, length)| (request.target, keep_alive, length)))
    }

    #[test]
    fn heads_are_understood_or_have_a_status() {
        let ok = |target: &str, keep, length| Ok(Some((target.to_owned(), keep, length)));
        for (head, want) in [
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
            ("GET /g HTTP/1.0\r\n\r\n", ok("/g", false, 0)),
            ("GET / HTTP/1.1\r\nHo", Ok(None)),
            ("GET /\r\n\r\n", Err(400)),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", Err(400)),
            ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", Err(400)),
            (
                "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
                Err(413),
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                Err(411),
            ),
        ] {
            assert_eq!(parse(head), want, "{head:?}");
        }
    }

    #[test]
    fn a_truncated_chunk_announces_more_than_comes() {
        let mut out = Vec::new();
        push(
            &mut out,
            &Bytes::from_static(b"abcdefghijklmnop"),
            2,
            Framing::Chunked,
        );
        assert_eq!(out, b"10\r\nab");
        push(&mut out, &Bytes::from_static(b"c"), 1, Framing::Chunked);
        assert_eq!(out, b"10\r\nab1\r\nc\r\n");
    }
}
