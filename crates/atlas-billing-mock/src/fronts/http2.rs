//! HTTP/2 with prior knowledge (RFC 9113), by the h2 crate; what it would never send is put in by
//! the [`Tap`] below it.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use h2::RecvStream;
use h2::SendStream;
use h2::server::{self, SendResponse};
use http::header::CONTENT_LENGTH;
use http::{Response, StatusCode};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::course::{Announced, Course2, Ending, Way, over_http2};
use super::ending::{self, resized};
use super::frames::Stop;
use super::raw::Gate;
use super::tap::{Finale, Tap};
use super::wire::LONGEST_BODY;
use crate::answer::Answer;
use crate::core::Core;
use crate::fault::At;
use crate::request::Request;
use crate::scenario::Scenario;

/// Serves one connection to its end.
pub(super) async fn serve(core: &Arc<Core>, gate: &Arc<Gate>, stream: TcpStream) -> io::Result<()> {
    let tap = Tap::new(stream);
    let (leave, mut leaving) = mpsc::unbounded_channel::<oneshot::Sender<()>>();
    if let Ok(mut connection) = server::handshake(tap.clone()).await {
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                accepted = connection.accept() => {
                    let Some(Ok((request, respond))) = accepted else { break };
                    let exchange = Exchange {
                        core: Arc::clone(core),
                        gate: Arc::clone(gate),
                        tap: tap.clone(),
                        leave: leave.clone(),
                    };
                    // An exchange that fails has lost its client.
                    tasks.spawn(async move { exchange.run(request, respond).await.ok() });
                    while tasks.try_join_next().is_some() {}
                }
                Some(left) = leaving.recv() => {
                    connection.graceful_shutdown();
                    let _ = left.send(());
                }
            }
        }
    }
    match tap.take() {
        Some((stream, Some(finale))) => ending::play(stream, finale.steps, finale.ending).await,
        _ => Ok(()),
    }
}

/// One request and its answer.
struct Exchange {
    core: Arc<Core>,
    gate: Arc<Gate>,
    tap: Tap,
    /// Asks the connection to take no more requests, and is answered when it does not.
    leave: mpsc::UnboundedSender<oneshot::Sender<()>>,
}

impl Exchange {
    async fn run(
        self,
        request: http::Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
    ) -> Result<(), h2::Error> {
        let stream = respond.stream_id().as_u32();
        let (head, body) = request.into_parts();
        let body = read(body).await?;
        let target = head
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let request = Request {
            method: head.method,
            target: target.to_owned(),
            headers: head.headers,
            body,
        };
        let answer = self.core.respond(&request);
        match over_http2(answer.fault.as_ref(), stream) {
            Course2::Answer(way) => self.send(answer, respond, way, stream).await,
            Course2::Cut { rule } => {
                self.tap.set(stream, rule);
                self.send(answer, respond, Way::default(), stream).await
            }
            Course2::Interim { rule } => {
                self.tap.set(stream, rule);
                respond.send_informational(interim())?;
                poll_fn(|cx| respond.poll_reset(cx)).await.map(drop)
            }
            Course2::Reset(code) => {
                respond.send_reset(code.into());
                Ok(())
            }
            Course2::Instead(steps, ending) => {
                self.tap
                    .stop(stream, Stop::BeforeHead, Finale { steps, ending });
                respond.send_response(Response::new(()), true).map(drop)
            }
        }
    }

    async fn send(
        &self,
        mut answer: Answer,
        mut respond: SendResponse<Bytes>,
        way: Way,
        stream: u32,
    ) -> Result<(), h2::Error> {
        tokio::time::sleep(way.delay).await;
        if way.last {
            self.gate.close().await;
            let (left, has_left) = oneshot::channel();
            if self.leave.send(left).is_ok() {
                // An error means that the connection has ended, which is as good.
                let _ = has_left.await;
            }
        }
        for _ in 0..way.interim {
            respond.send_informational(interim())?;
        }
        let held = match way.cut {
            Some((At::BeforeHead, Ending::Stall)) => {
                return poll_fn(|cx| respond.poll_reset(cx)).await.map(drop);
            }
            // A stalled answer leaves the others on the connection alone.
            Some((At::AfterHead, Ending::Stall)) => Some(0),
            Some((At::Body(bytes), Ending::Stall)) => Some(bytes),
            Some((at, ending)) => {
                let stop = match at {
                    At::BeforeHead => Stop::BeforeHead,
                    At::InHead => Stop::InHead,
                    At::AfterHead => Stop::AfterHead,
                    At::Body(bytes) => Stop::Body(bytes),
                };
                self.tap.stop(
                    stream,
                    stop,
                    Finale {
                        steps: Vec::new(),
                        ending,
                    },
                );
                None
            }
            None => None,
        };
        let length = announced(&mut answer, way.announced);
        let head = head(&answer, length, self.core.scenario());
        let mut body = respond.send_response(head, false)?;
        let (size, pause) = match way.trickle {
            Some((size, pause)) => (Some(size), Some(pause)),
            None => (self.core.scenario().chunk_size, None),
        };
        let mut left = held.unwrap_or(u64::MAX);
        for mut piece in resized(answer.body, size) {
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
            piece.truncate(left.min(piece.len() as u64) as usize);
            left -= piece.len() as u64;
            write(&mut body, piece).await?;
            if left == 0 {
                break;
            }
        }
        if held.is_some() || matches!(way.announced, Some(Announced::As(_))) {
            return poll_fn(|cx| body.poll_reset(cx)).await.map(drop);
        }
        body.send_data(Bytes::new(), true)
    }
}

/// The whole body of a request; what is too long is cut, and then not understood.
async fn read(mut body: RecvStream) -> Result<Bytes, h2::Error> {
    let mut all = BytesMut::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        let room = LONGEST_BODY - all.len();
        all.extend_from_slice(&piece[..piece.len().min(room)]);
    }
    Ok(all.freeze())
}

/// Sends a piece as the client makes room for it.
async fn write(body: &mut SendStream<Bytes>, mut piece: Bytes) -> Result<(), h2::Error> {
    while !piece.is_empty() {
        body.reserve_capacity(piece.len());
        let room = poll_fn(|cx| body.poll_capacity(cx)).await;
        let Some(room) = room.transpose()? else {
            return Err(h2::Reason::CANCEL.into());
        };
        body.send_data(piece.split_to(room.min(piece.len())), false)?;
    }
    Ok(())
}

/// The length to announce, if any: known ones, and wrong ones where the way says so.
fn announced(answer: &mut Answer, announced: Option<Announced>) -> Option<u64> {
    if matches!(announced, Some(Announced::Off(_))) {
        ending::make_whole(answer);
    }
    let known = answer.body.known_length();
    match announced {
        Some(Announced::As(length)) => Some(length),
        Some(Announced::Off(off)) => known.map(|length| length.saturating_add_signed(off)),
        None => known,
    }
}

fn head(answer: &Answer, length: Option<u64>, scenario: &Scenario) -> Response<()> {
    let mut head = Response::new(());
    *head.status_mut() = answer.status;
    *head.headers_mut() = answer.headers.clone();
    if let Ok(date) = ending::date(scenario).parse() {
        head.headers_mut().insert(http::header::DATE, date);
    }
    if let Some(length) = length {
        head.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    head
}

fn interim() -> Response<()> {
    let mut head = Response::new(());
    *head.status_mut() = StatusCode::PROCESSING;
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Body;

    #[test]
    fn lengths_are_announced_as_told() {
        let mut answer = Answer::new(StatusCode::OK, Body::Whole(Bytes::from_static(b"abc")));
        assert_eq!(announced(&mut answer, None), Some(3));
        assert_eq!(announced(&mut answer, Some(Announced::Off(-1))), Some(2));
        assert_eq!(announced(&mut answer, Some(Announced::As(9))), Some(9));
        let pieces = vec![Bytes::from_static(b"abcd")];
        let mut answer = Answer::new(StatusCode::OK, Body::Pieces(Box::new(pieces.into_iter())));
        assert_eq!(announced(&mut answer, None), None);
        assert_eq!(announced(&mut answer, Some(Announced::Off(1))), Some(5));
    }
}
