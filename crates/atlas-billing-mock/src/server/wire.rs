//! What a fault of the wire means in terms of bytes and waits, and how connections end.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fault::{After102, At, Fault, Step};
use crate::response::{Body, Pieces};
use crate::scenario::Scenario;

/// Bytes that are not HTTP.
const GARBAGE: &[u8] = b"\x00\xFFthis is no HTTP\r\n\r\n\x17\x03\x03";

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

/// What is done with the bare connection in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finale {
    steps: Vec<Step>,
    pub(super) ending: Ending,
}

impl Finale {
    pub(super) fn send(bytes: impl Into<Bytes>, ending: Ending) -> Self {
        let steps = vec![Step::Send(bytes.into())];
        Self { steps, ending }
    }

    /// Plays the steps, then ends the connection.
    pub(super) async fn play(self, mut stream: TcpStream) -> io::Result<()> {
        /// How long a client has to notice that the connection was closed.
        const PATIENCE: Duration = Duration::from_secs(5);
        /// What a client gets to read before a reset takes the connection, which may discard what
        /// was not read yet.
        const GRACE: Duration = Duration::from_millis(10);
        let mut ending = self.ending;
        for step in self.steps {
            match step {
                Step::Send(bytes) => stream.write_all(&bytes).await?,
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Reset => {
                    ending = Ending::Reset;
                    break;
                }
            }
        }
        match ending {
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
        let steps = Vec::new();
        Self { steps, ending }
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

/// What is announced as the body's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    Off(i64),
    As(u64),
}

/// How a response is sent, as far as both protocols have it in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Plan {
    pub(super) delay: Duration,
    /// How many 102 come first.
    pub(super) interim: u32,
    /// Where the response stops, and what happens then.
    pub(super) stop: Option<(At, Finale)>,
    pub(super) announced: Option<Announced>,
    /// Bytes a piece of the body.
    pub(super) piece: Option<usize>,
    /// The pause before each piece.
    pub(super) pause: Duration,
}

impl Plan {
    pub(super) fn new(fault: Option<&Fault>, scenario: &Scenario) -> Self {
        let mut plan = Self {
            piece: scenario.settings.chunk_size,
            ..Self::default()
        };
        let mut stop = |at: At, finale: Finale| plan.stop = Some((at, finale));
        match fault {
            Some(Fault::Close(at)) => stop(*at, Ending::Close.into()),
            Some(Fault::Reset(at)) => stop(*at, Ending::Reset.into()),
            Some(Fault::Stall(at)) => stop(*at, Ending::Stall.into()),
            Some(Fault::GoAway(_)) => stop(At::BeforeHead, Ending::Close.into()),
            Some(Fault::StreamReset(_)) => stop(At::BeforeHead, Ending::Reset.into()),
            Some(Fault::StreamResetInBody { after, .. }) => {
                stop(At::Body(*after), Ending::Reset.into());
            }
            Some(Fault::Garbage) => stop(At::BeforeHead, Finale::send(GARBAGE, Ending::Close)),
            Some(Fault::Script(steps)) => {
                let (steps, ending) = (steps.clone(), Ending::Close);
                stop(At::BeforeHead, Finale { steps, ending });
            }
            Some(Fault::Bare102(after)) => {
                match after {
                    After102::Response => {}
                    After102::Silence => stop(At::BeforeHead, Ending::Stall.into()),
                    After102::Garbage => {
                        stop(At::BeforeHead, Finale::send(GARBAGE, Ending::Close));
                    }
                    _ => stop(At::BeforeHead, Ending::Close.into()),
                }
                plan.interim = 1;
            }
            Some(Fault::Flood(count)) => plan.interim = *count,
            Some(Fault::Delay(delay)) => plan.delay = *delay,
            Some(Fault::Trickle { bytes, pause }) => {
                (plan.piece, plan.pause) = (Some((*bytes).max(1)), *pause);
            }
            Some(Fault::WrongLength(off)) => plan.announced = Some(Announced::Off(*off)),
            Some(Fault::AnnouncedLength(length)) => plan.announced = Some(Announced::As(*length)),
            _ => {}
        }
        plan
    }

    /// The length to announce where `body` has so many bytes.
    pub(super) fn length(&self, body: u64) -> u64 {
        match self.announced {
            Some(Announced::As(length)) => length,
            Some(Announced::Off(off)) => body.saturating_add_signed(off),
            None => body,
        }
    }

    /// How many bytes of the body are sent; all of them where it is not stopped there.
    pub(super) fn body_limit(&self) -> u64 {
        match self.stop {
            Some((At::Body(bytes), _)) => bytes,
            Some(_) => 0,
            None => u64::MAX,
        }
    }

    /// The body's pieces, each of the planned size but the last.
    pub(super) fn pieces(&self, body: Body) -> Pieces {
        match self.piece {
            Some(size) => resized(body.into_pieces(), size),
            None => body.into_pieces(),
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

/// The `Date` of a response sent now (RFC 9110, section 5.6.7).
pub(super) fn date(scenario: &Scenario) -> String {
    let now = scenario.settings.now();
    now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
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
        assert_eq!(plan(&Fault::WrongLength(-2)).length(5), 3);
        assert_eq!(plan(&Fault::Close(At::Body(7))).body_limit(), 7);
        assert_eq!(plan(&Fault::Flood(3)).interim, 3);
    }
}
