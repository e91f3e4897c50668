//! How connections end, and what both protocols do to bodies and heads.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::course::Ending;
use crate::answer::{Answer, Body, Pieces};
use crate::fault::Step;
use crate::scenario::Scenario;

/// What a client gets to read before a reset takes the connection, which may throw away what was
/// not read yet.
const GRACE: Duration = Duration::from_millis(10);

/// Plays the steps on the bare connection, then ends it.
pub(super) async fn play(
    mut stream: TcpStream,
    steps: Vec<Step>,
    mut ending: Ending,
) -> io::Result<()> {
    for step in steps {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Wait(time) => tokio::time::sleep(time).await,
            Step::Reset => {
                ending = Ending::Reset;
                break;
            }
        }
    }
    end(stream, ending).await
}

/// Ends the connection.
async fn end(mut stream: TcpStream, ending: Ending) -> io::Result<()> {
    match ending {
        Ending::Close => {
            stream.shutdown().await?;
            // Closing with bytes unread would be a reset.
            tokio::time::timeout(PATIENCE, wait_for_leave(&mut stream))
                .await
                .unwrap_or(Ok(()))
        }
        Ending::Reset => {
            tokio::time::sleep(GRACE).await;
            reset(stream)
        }
        Ending::Stall => wait_for_leave(&mut stream).await,
    }
}

/// How long a client has to notice that the connection was closed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Closes with RST in the place of FIN.
#[allow(deprecated)] // its successor is younger than the oldest tokio this builds with
fn reset(stream: TcpStream) -> io::Result<()> {
    stream.set_linger(Some(Duration::ZERO))
}

/// Reads and forgets until the client goes.
async fn wait_for_leave(stream: &mut TcpStream) -> io::Result<()> {
    let mut sink = [0; 1024];
    while stream.read(&mut sink).await? > 0 {}
    Ok(())
}

/// Makes the body whole, so that its length is known.
pub(super) fn make_whole(answer: &mut Answer) {
    let body = std::mem::replace(&mut answer.body, Body::empty());
    answer.body = Body::Whole(body.into_bytes());
}

/// The `Date` of an answer sent now (RFC 9110, section 5.6.7).
pub(super) fn date(scenario: &Scenario) -> String {
    scenario
        .clock
        .now()
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

/// The body's pieces, each of exactly `size` bytes but the last if a size is given.
pub(super) fn resized(body: Body, size: Option<usize>) -> Pieces {
    let pieces = body.into_pieces();
    match size {
        Some(size) => Box::new(Resized {
            pieces,
            held: BytesMut::new(),
            size,
        }),
        None => pieces,
    }
}

struct Resized {
    pieces: Pieces,
    held: BytesMut,
    size: usize,
}

impl Iterator for Resized {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        while self.held.len() < self.size {
            match self.pieces.next() {
                Some(piece) => self.held.extend_from_slice(&piece),
                None => break,
            }
        }
        let length = self.held.len().min(self.size);
        (length > 0).then(|| self.held.split_to(length).freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_get_the_size_asked_for() {
        let parts = vec![Bytes::from_static(b"abcde"), Bytes::from_static(b"fg")];
        let body = Body::Pieces(Box::new(parts.into_iter()));
        let pieces: Vec<Bytes> = resized(body, Some(3)).collect();
        assert_eq!(pieces, ["abc", "def", "g"]);
        assert_eq!(resized(Body::empty(), Some(3)).count(), 0);
    }
}
