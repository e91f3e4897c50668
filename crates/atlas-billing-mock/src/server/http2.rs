//! HTTP/2 with prior knowledge (RFC 9113), by the h2 crate. It writes into a pipe, so that what it
//! would never send can go over the bare connection.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::server::{self, SendResponse};
use h2::{RecvStream, SendStream};
use http::{StatusCode, request};
use tokio::io::{DuplexStream, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::wire::{Ending, Finale, Plan, pause};
use crate::core::Core;
use crate::fault::{After102, At, Fault};
use crate::request::Request;
use crate::response::Response;

/// Serves one connection to its end.
pub(super) async fn serve(core: &Arc<Core>, mut stream: TcpStream) -> io::Result<()> {
    let (near, mut far) = tokio::io::duplex(64 * 1024);
    let (finales, mut ends) = mpsc::unbounded_channel();
    let driver = tokio::spawn(drive(Arc::clone(core), near, finales));
    let finale: Option<Finale> = tokio::select! {
        _ = copy_bidirectional(&mut stream, &mut far) => None,
        Some(finale) = ends.recv() => Some(finale),
    };
    driver.abort();
    match finale {
        Some(finale) => finale.play(stream).await,
        None => Ok(()),
    }
}

/// Speaks HTTP/2 over the pipe until that ends.
async fn drive(core: Arc<Core>, pipe: DuplexStream, finales: mpsc::UnboundedSender<Finale>) {
    let Ok(mut connection) = server::handshake(pipe).await else {
        return;
    };
    let mut tasks = JoinSet::new();
    while let Some(Ok((request, respond))) = connection.accept().await {
        let exchange = Exchange {
            core: Arc::clone(&core),
            finales: finales.clone(),
            stream: respond.stream_id().as_u32(),
        };
        // An exchange that fails has lost its client.
        tasks.spawn(async move { exchange.run(request, respond).await.ok() });
        while tasks.try_join_next().is_some() {}
    }
}

/// One request and its response.
struct Exchange {
    core: Arc<Core>,
    /// Takes the connection away from HTTP/2.
    finales: mpsc::UnboundedSender<Finale>,
    stream: u32,
}

impl Exchange {
    async fn run(
        self,
        request: http::Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
    ) -> Result<(), h2::Error> {
        let (head, body) = request.into_parts();
        let request = read(head, body).await?;
        let response = self.core.respond(&request);
        match response.fault {
            Some(Fault::StreamReset(code)) => {
                respond.send_reset(code.into());
                Ok(())
            }
            Some(Fault::GoAway(code)) => {
                // A stream that is named as processed would be waited for.
                let last = self.stream.saturating_sub(1);
                let frame = [
                    &b"\0\0\x08\x07\0\0\0\0\0"[..],
                    &last.to_be_bytes(),
                    &code.to_be_bytes(),
                ];
                self.take_over(frame.concat(), Ending::Close).await
            }
            Some(Fault::Bare102(After102::EndOfStream)) => {
                respond.send_response(interim(), true).map(drop)
            }
            Some(Fault::Bare102(After102::Body)) => {
                let mut body = respond.send_response(interim(), false)?;
                body.send_data(Bytes::from_static(b"{\"status\":102}"), true)
            }
            _ => self.send(response, respond).await,
        }
    }

    async fn send(
        &self,
        mut response: Response,
        mut respond: SendResponse<Bytes>,
    ) -> Result<(), h2::Error> {
        let plan = Plan::new(response.fault.as_ref(), self.core.scenario());
        pause(plan.delay).await;
        for _ in 0..plan.interim {
            respond.send_informational(interim())?;
        }
        match &plan.stop {
            // A stalled response leaves the others on the connection alone.
            Some((At::BeforeHead, finale)) if finale.ending == Ending::Stall => {
                return poll_fn(|cx| respond.poll_reset(cx)).await.map(drop);
            }
            Some((At::BeforeHead, finale)) => {
                return self.take_over(finale.bytes.clone(), finale.ending).await;
            }
            Some((At::InHead, finale)) => {
                // The first bytes of a HEADERS frame of 16; 0x88 stands for status 200.
                let stream = self.stream.to_be_bytes();
                let start = [&b"\0\0\x10\x01\x04"[..], &stream, b"\x88"];
                return self.take_over(start.concat(), finale.ending).await;
            }
            _ => {}
        }
        plan.complete(&mut response, self.core.scenario());
        let mut head = http::Response::new(());
        *head.status_mut() = response.status;
        *head.headers_mut() = response.headers;
        let mut body = respond.send_response(head, false)?;
        for piece in plan.pieces(response.body) {
            pause(plan.pause).await;
            write(&mut body, piece).await?;
        }
        match (plan.stop, response.fault) {
            (None, _) | (_, Some(Fault::WrongLength(_))) => body.send_data(Bytes::new(), true),
            (_, Some(Fault::StreamResetInBody { code, .. })) => {
                settle().await;
                body.send_reset(code.into());
                Ok(())
            }
            (Some((_, finale)), _) if finale.ending == Ending::Stall => {
                poll_fn(|cx| body.poll_reset(cx)).await.map(drop)
            }
            (Some((_, finale)), _) => self.take_over(finale.bytes, finale.ending).await,
        }
    }

    /// Ends the connection so, once everything before is sent.
    async fn take_over(&self, bytes: impl Into<Bytes>, ending: Ending) -> Result<(), h2::Error> {
        settle().await;
        let bytes = bytes.into();
        // Without a receiver the connection has ended already.
        let _ = self.finales.send(Finale { bytes, ending });
        // The stream would be reset if it were dropped while HTTP/2 still has the connection.
        std::future::pending().await
    }
}

/// The whole request.
async fn read(head: request::Parts, mut body: RecvStream) -> Result<Request, h2::Error> {
    let mut all = BytesMut::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        all.extend_from_slice(&piece);
    }
    Ok(http::Request::from_parts(head, all.freeze()).into())
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

fn interim() -> http::Response<()> {
    let mut head = http::Response::new(());
    *head.status_mut() = StatusCode::PROCESSING;
    head
}

/// Waits until everything that HTTP/2 was given has gone through the pipe. All of it runs in one
/// thread and has had its turn when this task has its next ones.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(5)).await;
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}
