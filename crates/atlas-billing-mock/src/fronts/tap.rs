//! A connection whose output goes through a filter of frames.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::course::Ending;
use super::frames::{Filter, Rule, Stop};
use crate::fault::Step;

/// Output held back at most before more is taken.
const MOST_HELD: usize = 64 * 1024;

/// What is done with the bare connection once its output has stopped.
#[derive(Debug, Clone)]
pub(super) struct Finale {
    pub(super) steps: Vec<Step>,
    pub(super) ending: Ending,
}

/// A connection that several tasks give rules to. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Tap(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    stream: Option<TcpStream>,
    filter: Filter,
    out: BytesMut,
    finale: Option<Finale>,
}

impl Tap {
    pub(super) fn new(stream: TcpStream) -> Self {
        let (filter, out) = (Filter::default(), BytesMut::new());
        Self(Arc::new(Mutex::new(Inner {
            stream: Some(stream),
            filter,
            out,
            finale: None,
        })))
    }

    /// Sets the rule of one stream.
    pub(super) fn set(&self, stream: u32, rule: Rule) {
        self.lock().filter.set(stream, rule);
    }

    /// Stops all output at a point of one stream, and says what comes then.
    pub(super) fn stop(&self, stream: u32, stop: Stop, finale: Finale) {
        let mut inner = self.lock();
        inner.filter.set(stream, Rule::Stop(stop));
        inner.finale.get_or_insert(finale);
    }

    /// The bare connection, and what is to be done with it if its output was stopped. The
    /// connection can be taken once.
    pub(super) fn take(&self) -> Option<(TcpStream, Option<Finale>)> {
        let mut inner = self.lock();
        let stopped = inner.filter.has_stopped();
        let finale = inner.finale.take().filter(|_| stopped);
        inner.stream.take().map(|stream| (stream, finale))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream
            .as_mut()
            .map(Pin::new)
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Writes what is held; an error once the output has stopped and all of it is out.
    fn drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            let held = std::mem::take(&mut self.out);
            let written = match self.stream() {
                Ok(stream) => stream.poll_write(cx, &held),
                Err(error) => Poll::Ready(Err(error)),
            };
            self.out = held;
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.out.advance(count),
            }
        }
        if self.filter.has_stopped() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.lock().stream()?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.lock();
        if inner.out.len() >= MOST_HELD || inner.filter.has_stopped() {
            ready!(inner.drain(cx))?;
        }
        let inner = &mut *inner;
        let taken = bytes.len().min(MOST_HELD);
        inner.filter.push(&bytes[..taken], &mut inner.out);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.lock();
        ready!(inner.drain(cx))?;
        inner.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.lock();
        ready!(inner.drain(cx))?;
        inner.stream()?.poll_shutdown(cx)
    }
}
