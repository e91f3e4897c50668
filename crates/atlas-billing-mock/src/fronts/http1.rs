//! HTTP/1.1 by hand, so that it can be done wrong on purpose.

use std::io;

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::course::{Announced, Course, Ending, Way, over_http1};
use super::ending::{self, resized};
use super::raw::Gate;
use super::tap::Finale;
use super::wire::{self, Bad};
use crate::answer::{Answer, Body};
use crate::core::Core;
use crate::fault::At;
use crate::problem::Problem;
use crate::scenario::{Scenario, Transfer};

/// Serves one connection to its end.
pub(super) async fn serve(core: &Core, gate: &Gate, mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = BytesMut::with_capacity(8 * 1024);
    while let Some(read) = wire::read(&mut stream, &mut buffer).await? {
        let (answer, head_only, keep_alive) = match read {
            Ok(incoming) => {
                let head_only = incoming.request.method == Method::HEAD;
                (
                    core.respond(&incoming.request),
                    head_only,
                    incoming.keep_alive,
                )
            }
            Err(Bad(status)) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
                (Problem::of_status(status).into_answer(), false, false)
            }
        };
        let mut line = Line {
            stream: &mut stream,
            scenario: core.scenario(),
            gate,
            keep_alive,
            head_only,
        };
        if let Some(finale) = line.send(answer).await? {
            return ending::play(stream, finale.steps, finale.ending).await;
        }
    }
    Ok(())
}

/// One answer on its way.
struct Line<'a> {
    stream: &'a mut TcpStream,
    scenario: &'a Scenario,
    gate: &'a Gate,
    keep_alive: bool,
    head_only: bool,
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

impl Line<'_> {
    /// Sends the answer; gives the connection's ending if it is to end.
    async fn send(&mut self, answer: Answer) -> io::Result<Option<Finale>> {
        match over_http1(answer.fault.as_ref()) {
            Course::Answer(way) => {
                let ending = self.send_answer(answer, way).await?;
                Ok(ending.map(|ending| Finale {
                    steps: Vec::new(),
                    ending,
                }))
            }
            Course::Instead(steps, ending) => Ok(Some(Finale { steps, ending })),
        }
    }

    async fn send_answer(&mut self, mut answer: Answer, way: Way) -> io::Result<Option<Ending>> {
        tokio::time::sleep(way.delay).await;
        if way.last {
            self.gate.close().await;
            self.keep_alive = false;
        }
        let interim = b"HTTP/1.1 102 Processing\r\n\r\n";
        for _ in 0..way.interim {
            self.stream.write_all(interim).await?;
        }
        if let Some((At::BeforeHead, ending)) = way.cut {
            return Ok(Some(ending));
        }
        let framing = self.framing(&mut answer, way.announced);
        let keep = self.keep_alive && framing != Framing::UntilClose && way.announced.is_none();
        let head = head(&answer, framing, keep, self.scenario);
        match way.cut {
            Some((At::InHead, ending)) => {
                self.stream.write_all(&head[..head.len() / 2]).await?;
                return Ok(Some(ending));
            }
            Some((At::AfterHead, ending)) => {
                self.stream.write_all(&head).await?;
                return Ok(Some(ending));
            }
            _ => {}
        }
        let body = std::mem::replace(&mut answer.body, Body::empty());
        if !self.head_only && framing != Framing::Absent {
            let cut = self.send_body(head, body, framing, &way).await?;
            if cut.is_some() {
                return Ok(cut);
            }
        } else {
            self.stream.write_all(&head).await?;
        }
        match way.announced {
            Some(Announced::As(_)) => Ok(Some(Ending::Stall)),
            _ if keep => Ok(None),
            _ => Ok(Some(Ending::Close)),
        }
    }

    /// Decides how the body's end is told, making the body whole where that is needed.
    fn framing(&self, answer: &mut Answer, announced: Option<Announced>) -> Framing {
        if matches!(
            answer.status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
        ) {
            return Framing::Absent;
        }
        let transfer = match announced {
            Some(_) => Transfer::Length,
            None => self.scenario.transfer,
        };
        if transfer == Transfer::Length && answer.body.known_length().is_none() {
            ending::make_whole(answer);
        }
        let length = answer.body.known_length();
        match (transfer, announced, length) {
            (_, Some(Announced::As(length)), _) => Framing::Length(length),
            (_, Some(Announced::Off(off)), Some(length)) => {
                Framing::Length(length.saturating_add_signed(off))
            }
            (Transfer::Natural | Transfer::Length, _, Some(length)) => Framing::Length(length),
            (Transfer::UntilClose, ..) => Framing::UntilClose,
            _ => Framing::Chunked,
        }
    }

    /// Sends head and body; gives the ending if the way was cut.
    async fn send_body(
        &mut self,
        head: Vec<u8>,
        body: Body,
        framing: Framing,
        way: &Way,
    ) -> io::Result<Option<Ending>> {
        let (mut left, ending) = match way.cut {
            Some((At::Body(bytes), ending)) => (bytes, Some(ending)),
            _ => (u64::MAX, None),
        };
        let (size, pause) = match way.trickle {
            Some((size, pause)) => (Some(size), Some(pause)),
            None => (self.scenario.chunk_size, None),
        };
        // The head travels with the first piece, unless pieces are to be seen by themselves.
        let mut out = head;
        if size.is_some() {
            self.stream.write_all(&out).await?;
            out.clear();
        }
        for mut piece in resized(body, size) {
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
            let cut = piece.len() as u64 > left;
            let whole = piece.len();
            if cut {
                piece.truncate(left as usize);
            }
            left = left.saturating_sub(piece.len() as u64);
            push(&mut out, &piece, whole, framing);
            self.stream.write_all(&out).await?;
            out.clear();
            if cut || left == 0 {
                return Ok(ending);
            }
        }
        if ending.is_none() && framing == Framing::Chunked {
            out.extend_from_slice(b"0\r\n\r\n");
        }
        self.stream.write_all(&out).await?;
        Ok(ending)
    }
}

/// Appends a piece; one that is cut announces its whole length.
fn push(out: &mut Vec<u8>, piece: &Bytes, whole: usize, framing: Framing) {
    if framing != Framing::Chunked {
        return out.extend_from_slice(piece);
    }
    out.extend_from_slice(format!("{whole:x}\r\n").as_bytes());
    out.extend_from_slice(piece);
    if piece.len() == whole {
        out.extend_from_slice(b"\r\n");
    }
}

fn head(answer: &Answer, framing: Framing, keep_alive: bool, scenario: &Scenario) -> Vec<u8> {
    let status = answer.status;
    let reason = status.canonical_reason().unwrap_or("Unknown");
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    };
    for (name, value) in &answer.headers {
        line(name.as_str(), value.as_bytes());
    }
    let date = scenario
        .clock
        .now()
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    line("date", date.as_bytes());
    match framing {
        Framing::Length(length) => line("content-length", length.to_string().as_bytes()),
        Framing::Chunked => line("transfer-encoding", b"chunked"),
        Framing::UntilClose | Framing::Absent => {}
    }
    if !keep_alive {
        line("connection", b"close");
    }
    head.extend_from_slice(b"\r\n");
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_chunk_announces_more_than_comes() {
        let mut out = Vec::new();
        push(&mut out, &Bytes::from_static(b"ab"), 16, Framing::Chunked);
        assert_eq!(out, b"10\r\nab");
        push(&mut out, &Bytes::from_static(b"c"), 1, Framing::Chunked);
        assert_eq!(out, b"10\r\nab1\r\nc\r\n");
    }
}
