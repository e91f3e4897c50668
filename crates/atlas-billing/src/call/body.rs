//! A body as it arrives, with a limit on the silence between two pieces.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

use super::limit::End;
use crate::edge::{BoxFuture, Clock};
use crate::error::network_error;
use crate::meta::ResponseMeta;
use crate::{Error, ErrorKind, Result};

type Pieces = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;

/// A body as it arrives: decoded (gzip off), otherwise as sent.
///
/// A body that ends before its announced end is an error, never a short stream. After an error
/// the stream is over. Dropping it closes the exchange.
pub struct BodyStream {
    pieces: Option<Pieces>,
    clock: Arc<dyn Clock>,
    idle: Duration,
    end: End,
    alarm: Option<BoxFuture<'static, ()>>,
    operation: &'static str,
    meta: ResponseMeta,
}

impl BodyStream {
    pub(crate) fn new(
        pieces: Pieces,
        clock: Arc<dyn Clock>,
        idle: Duration,
        end: End,
        operation: &'static str,
        meta: ResponseMeta,
    ) -> Self {
        Self {
            pieces: Some(pieces),
            clock,
            idle,
            end,
            alarm: None,
            operation,
            meta,
        }
    }

    /// The next piece, `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks, nothing arrives within the idle limit, or the body cannot be
    /// decompressed.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The whole body, kept in memory.
    ///
    /// # Errors
    /// As [`next`](Self::next), and [`ErrorKind::TooLarge`] when it has more than `limit` decoded
    /// bytes.
    pub async fn collect(self, limit: u64) -> Result<Bytes> {
        self.collect_after(Bytes::new(), limit).await
    }

    /// The same, where `first` was read already.
    pub(crate) async fn collect_after(mut self, mut first: Bytes, limit: u64) -> Result<Bytes> {
        let mut rest = BytesMut::new();
        let mut length = first.len() as u64;
        loop {
            if length > limit {
                return Err(self.said(Error::new(
                    ErrorKind::TooLarge,
                    format!(
                        "the body has more than {limit} bytes, the limit for what is kept in \
                         memory whole: raise max_body, or read it as a stream"
                    ),
                )));
            }
            let Some(piece) = self.next().await.transpose()? else {
                break;
            };
            length = length.saturating_add(piece.len() as u64);
            // A body of one piece, the usual case, is handed on without a copy.
            if first.is_empty() && rest.is_empty() {
                first = piece;
            } else {
                if rest.is_empty() {
                    rest.extend_from_slice(&first);
                }
                rest.extend_from_slice(&piece);
            }
        }
        Ok(if rest.is_empty() {
            first
        } else {
            rest.freeze()
        })
    }

    /// An error of this body: with what was called and what was answered.
    fn said(&self, error: Error) -> Error {
        error
            .with_operation(self.operation)
            .with_meta(self.meta.clone())
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(pieces) = &mut this.pieces else {
            return Poll::Ready(None);
        };
        let clock = this.clock.as_ref();
        let over = this.end.left(clock).is_some_and(|left| left.is_zero());
        let failed = match pieces.as_mut().poll_next(context) {
            // A body that never falls silent has an end of its time all the same.
            Poll::Ready(Some(Ok(_))) if over => out_of_time(),
            Poll::Ready(Some(Ok(piece))) => {
                this.alarm = None;
                return Poll::Ready(Some(Ok(piece)));
            }
            Poll::Ready(None) => {
                this.pieces = None;
                this.alarm = None;
                return Poll::Ready(None);
            }
            Poll::Ready(Some(Err(error))) => network_error(Box::new(error)),
            Poll::Pending => {
                // The alarm is set at the first silence and put off by each piece.
                let (idle, end) = (this.idle, this.end);
                let alarm = this
                    .alarm
                    .get_or_insert_with(|| clock.sleep(end.bound(clock, idle)));
                if alarm.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                match end.left(clock) {
                    Some(left) if left.is_zero() => out_of_time(),
                    _ => Error::new(
                        ErrorKind::Timeout,
                        format!("the body fell silent for {idle:?}, the limit between two pieces"),
                    ),
                }
            }
        };
        this.pieces = None;
        this.alarm = None;
        Poll::Ready(Some(Err(this.said(failed))))
    }
}

fn out_of_time() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "the time limit of the whole call passed while the body arrived",
    )
}

impl std::fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyStream")
            .field("operation", &self.operation)
            .field("meta", &self.meta)
            .field("open", &self.pieces.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::edge::fake::TokioClock;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_falls_silent_ends_with_the_call() {
        let clock = Arc::new(TokioClock::new());
        let total = Duration::from_secs(10);
        let end = End::of(clock.as_ref(), Some(total));
        let pieces = stream::repeat_with(|| Ok(Bytes::from_static(b"x")));
        let url = "https://atlas.example/x".parse().unwrap();
        let meta = ResponseMeta::new(http::StatusCode::OK, http::HeaderMap::new(), &url);
        let idle = Duration::from_secs(60);
        let mut body = BodyStream::new(Box::pin(pieces), clock, idle, end, "getOrgInvoice", meta);
        assert_eq!(body.next().await.unwrap().unwrap(), "x");
        tokio::time::advance(total).await;
        let error = body.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains("whole call"), "{error}");
        assert!(body.next().await.is_none());
    }
}
