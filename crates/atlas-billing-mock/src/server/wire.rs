//! What a fault of the wire means in terms of bytes and waits, and how connections end.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, DATE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fault::{After102, At, Fault};
use crate::response::{Body, Pieces, Response};
use crate::scenario::{Scenario, Transfer};

/// Bytes that are not HTTP.
const GARBAGE: &[u8] = b"\x00\xFFthis is no HTTP\r\n\r\n\x17\x03\x03";

/// Behind the last byte of any body.
const WHOLE_BODY: At = At::Body(u64::MAX);

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// In an orderly way.
    Close,
    /// By a TCP reset.
    Reset,
    /// When the client goes.
    Stall,
}

/// The last bytes of a connection, and how it ends after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finale {
    pub(super) bytes: Bytes,
    pub(super) ending: Ending,
}

impl Finale {
    pub(super) async fn play(self, mut stream: TcpStream) -> io::Result<()> {
        /// How long a client has to notice that the connection was closed.
        const PATIENCE: Duration = Duration::from_secs(5);
        /// What a client gets to read before a reset takes the connection, which may discard what
        /// was not read yet.
        const GRACE: Duration = Duration::from_millis(10);
        stream.write_all(&self.bytes).await?;
        match self.ending {
            Ending::Close => {
                stream.shutdown().await?;
                // Closing with bytes unread would be a reset.
                let left = tokio::time::timeout(PATIENCE, wait_for_leave(&mut stream)).await;
                left.unwrap_or(Ok(()))
            }
            Ending::Reset => {
                tokio::time::sleep(GRACE).await;
                reset(&stream)
            }
            Ending::Stall => wait_for_leave(&mut stream).await,
        }
    }
}

impl From<Ending> for Finale {
    fn from(ending: Ending) -> Self {
        let bytes = Bytes::new();
        Self { bytes, ending }
    }
}

/// Closes with RST in the place of FIN.
#[allow(deprecated)] // its successor is younger than the oldest tokio this builds with
fn reset(stream: &TcpStream) -> io::Result<()> {
    stream.set_linger(Some(Duration::ZERO))
}

/// Reads and forgets until the client goes.
async fn wait_for_leave(stream: &mut TcpStream) -> io::Result<()> {
    let mut sink = [0; 1024];
    while stream.read(&mut sink).await? > 0 {}
    Ok(())
}

/// How a response is sent, as far as both protocols have it in common.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Plan {
    pub(super) delay: Duration,
    /// How many 102 come first.
    pub(super) interim: u32,
    /// Where the response stops, and what happens then.
    pub(super) stop: Option<(At, Finale)>,
    /// The fault that announces another length than the body has.
    announced: Option<Fault>,
    /// Bytes a piece of the body.
    piece: Option<usize>,
    /// The pause before each piece.
    pub(super) pause: Duration,
}

impl Plan {
    pub(super) fn new(fault: Option<&Fault>, scenario: &Scenario) -> Self {
        let mut plan = Self {
            piece: scenario.settings.chunk_size,
            ..Self::default()
        };
        let mut stop = |at: At, ending: Ending| plan.stop = Some((at, ending.into()));
        let garbage = Finale {
            bytes: Bytes::from_static(GARBAGE),
            ending: Ending::Close,
        };
        match fault {
            Some(Fault::Close(at)) => stop(*at, Ending::Close),
            Some(Fault::Reset(at)) => stop(*at, Ending::Reset),
            Some(Fault::Stall(at)) => stop(*at, Ending::Stall),
            Some(Fault::GoAway(_)) => stop(At::BeforeHead, Ending::Close),
            Some(Fault::StreamReset(_)) => stop(At::BeforeHead, Ending::Reset),
            Some(Fault::StreamResetInBody { after, .. }) => stop(At::Body(*after), Ending::Reset),
            Some(Fault::Garbage) => plan.stop = Some((At::BeforeHead, garbage)),
            Some(Fault::Bare102(after)) => {
                match after {
                    After102::Response => {}
                    After102::Silence => stop(At::BeforeHead, Ending::Stall),
                    After102::Garbage => plan.stop = Some((At::BeforeHead, garbage)),
                    _ => stop(At::BeforeHead, Ending::Close),
                }
                plan.interim = 1;
            }
            Some(Fault::Flood(count)) => plan.interim = *count,
            Some(Fault::Delay(delay)) => plan.delay = *delay,
            Some(Fault::Trickle { bytes, pause }) => {
                (plan.piece, plan.pause) = (Some((*bytes).max(1)), *pause);
            }
            Some(Fault::WrongLength(_)) => {
                stop(WHOLE_BODY, Ending::Close);
                plan.announced = fault.cloned();
            }
            Some(Fault::AnnouncedLength(_)) => {
                stop(WHOLE_BODY, Ending::Stall);
                plan.announced = fault.cloned();
            }
            _ => {}
        }
        plan
    }

    /// Whether the length has to be announced.
    pub(super) fn announces(&self) -> bool {
        self.announced.is_some()
    }

    /// Adds the date (RFC 9110, section 5.6.7), and the length where it is known or announced; a
    /// body that needs one is held in memory.
    pub(super) fn complete(&self, response: &mut Response, scenario: &Scenario) {
        let now = scenario.settings.now();
        response.set(DATE, &now.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
        if self.announces() || scenario.settings.transfer == Transfer::Length {
            response.change_body(|body| Body::Whole(body.into_bytes()));
        }
        let Some(length) = response.body.known_length() else {
            return;
        };
        let length = match self.announced {
            Some(Fault::AnnouncedLength(length)) => length,
            Some(Fault::WrongLength(off)) => length.saturating_add_signed(off),
            _ => length,
        };
        response.set(CONTENT_LENGTH, &length.to_string());
    }

    /// The body's pieces, each of the planned size but the last, up to where it stops.
    pub(super) fn pieces(&self, body: Body) -> Pieces {
        let pieces = match self.piece {
            Some(size) => resized(body.into_pieces(), size),
            None => body.into_pieces(),
        };
        match self.stop {
            Some((At::Body(bytes), _)) => truncated(pieces, bytes),
            Some(_) => Box::new(std::iter::empty()),
            None => pieces,
        }
    }
}

/// Sleeps; for no time at all it does not even yield.
pub(super) async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn resized(mut pieces: Pieces, size: usize) -> Pieces {
    let mut held = BytesMut::new();
    Box::new(std::iter::from_fn(move || {
        while held.len() < size {
            match pieces.next() {
                Some(piece) => held.extend_from_slice(&piece),
                None => break,
            }
        }
        let length = held.len().min(size);
        (length > 0).then(|| held.split_to(length).freeze())
    }))
}

fn truncated(pieces: Pieces, mut left: u64) -> Pieces {
    Box::new(pieces.map_while(move |mut piece| {
        piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= piece.len() as u64;
        (!piece.is_empty()).then_some(piece)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_get_the_size_asked_for() {
        let parts = [Bytes::from_static(b"abcde"), Bytes::from_static(b"fg")];
        let pieces: Vec<Bytes> = resized(Box::new(parts.into_iter()), 3).collect();
        assert_eq!(pieces, ["abc", "def", "g"]);
    }

    #[test]
    fn faults_of_the_wire_alone_have_a_plan() {
        let scenario = Scenario::builder().without_invoices().build();
        let plan = |fault: &Fault| Plan::new(Some(fault), &scenario);
        assert_eq!(plan(&Fault::Html), Plan::default());
        let mut response = Response::typed(200, "text/plain", "abcde");
        plan(&Fault::WrongLength(-2)).complete(&mut response, &scenario);
        assert_eq!(response.headers[CONTENT_LENGTH], "3");
        let body = || Body::Whole("abcdefghi".into());
        let sent = |fault: &Fault| plan(fault).pieces(body()).flatten().count();
        assert_eq!(sent(&Fault::Close(At::Body(7))), 7);
        assert_eq!(sent(&Fault::Close(At::AfterHead)), 0);
        assert_eq!(sent(&Fault::WrongLength(1)), 9);
        assert_eq!(plan(&Fault::Flood(3)).interim, 3);
    }
}
