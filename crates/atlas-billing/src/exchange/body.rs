//! A body as it arrives: gzip taken off, with limits on silence and on the whole call.

use std::fmt;
use std::io::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use flate2::write::MultiGzDecoder;
use futures_core::Stream;
use http::header::CONTENT_ENCODING;

use super::{Limits, deadline_passed};
use crate::edge::{BoxFuture, Clock};
use crate::error::{Error, ErrorKind, Result, network_error};
use crate::meta::ResponseMeta;

type Pieces = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;

/// The most of an error's body that is read: its object is small, and a gateway's page says
/// nothing more after its first kilobytes.
const ERROR_BODY: u64 = 64 * 1024;

/// How much of a compressed piece is decompressed at once: it grows a thousand times at most.
const COMPRESSED: usize = 4 * 1024;

/// The bytes that gzip begins with (RFC 1952 section 2.3.1).
pub(crate) const GZIP_MAGIC: &[u8] = b"\x1f\x8b";

/// A response of any status, its body as it arrives: decompressed, otherwise as sent.
///
/// A body that ends before its announced end is an error, never a short stream. After an error
/// the stream ends. Dropping it closes the exchange.
pub(crate) struct BodyStream {
    pieces: Option<Pieces>,
    coding: Coding,
    clock: Arc<dyn Clock>,
    limits: Limits,
    alarm: Option<BoxFuture<'static, ()>>,
    meta: ResponseMeta,
}

/// The content coding of a body (RFC 9110 section 8.4.1). Coding names have no case, and `x-gzip`
/// is `gzip`.
enum Coding {
    Identity,
    /// With whether anything of it has arrived: an empty body is no gzip, and no error.
    Gzip(Box<Gunzip>, bool),
    Unsupported(String),
}

impl Coding {
    fn of(meta: &ResponseMeta) -> Self {
        let values = meta.headers().get_all(CONTENT_ENCODING).iter();
        let names: Vec<String> = values
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
            .filter(|name| !name.is_empty() && name != "identity")
            .collect();
        match names.as_slice() {
            [] => Self::Identity,
            [name] if name == "gzip" || name == "x-gzip" => {
                Self::Gzip(Box::new(Gunzip::new()), false)
            }
            names => Self::Unsupported(names.join(", ")),
        }
    }
}

impl BodyStream {
    pub(super) fn new(
        pieces: Pieces,
        clock: Arc<dyn Clock>,
        limits: Limits,
        meta: ResponseMeta,
    ) -> Self {
        Self {
            pieces: Some(pieces),
            coding: Coding::of(&meta),
            clock,
            limits,
            alarm: None,
            meta,
        }
    }

    pub(crate) fn meta(&self) -> &ResponseMeta {
        &self.meta
    }

    /// The same body as it is sent, whatever content coding the response names: that of a file
    /// which may be fetched in parts.
    pub(crate) fn undecoded(mut self) -> Self {
        self.coding = Coding::Identity;
        self
    }

    /// The next piece, `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks, nothing arrives within the idle limit, the deadline passes, or
    /// the body cannot be decompressed.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The whole body, kept in memory.
    ///
    /// # Errors
    /// As [`next`](Self::next), and [`ErrorKind::TooLarge`] when it has more than `limit` bytes,
    /// decompressed.
    pub(crate) async fn collect(self, limit: u64) -> Result<Bytes> {
        match self.collect_prefix(limit).await {
            (body, None) => Ok(body),
            (_, Some(error)) => Err(error),
        }
    }

    /// The error of a response with a failing status, by what can be read of its body: a broken or
    /// endless one takes nothing away from its status.
    pub(crate) async fn into_error(self) -> Error {
        let meta = self.meta.clone();
        let (body, _) = self.collect_prefix(ERROR_BODY).await;
        Error::from_response(meta, &body)
    }

    /// What arrives of the body up to `limit` bytes, and why that is not all of it.
    pub(crate) async fn collect_prefix(mut self, limit: u64) -> (Bytes, Option<Error>) {
        let mut body = BytesMut::new();
        let failed = loop {
            let piece = match self.next().await {
                None => break None,
                Some(Err(error)) => break Some(error),
                Some(Ok(piece)) => piece,
            };
            body.extend_from_slice(&piece);
            if body.len() as u64 > limit {
                let message =
                    format!("the body has more than {limit} bytes, the limit for one in memory");
                let error = Error::new(ErrorKind::TooLarge, message);
                break Some(error.with_meta(self.meta.clone()));
            }
        };
        (body.freeze(), failed)
    }

    /// The next piece as it was sent, within the limits.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        let Some(pieces) = &mut self.pieces else {
            return Poll::Ready(Ok(None));
        };
        let clock = self.clock.as_ref();
        let Limits { idle, deadline, .. } = self.limits;
        match pieces.as_mut().poll_next(context) {
            // A body that never falls silent has a deadline all the same.
            Poll::Ready(Some(Ok(_))) if deadline.has_passed(clock) => {
                Poll::Ready(Err(deadline_passed()))
            }
            Poll::Ready(Some(Ok(piece))) => {
                self.alarm = None;
                Poll::Ready(Ok(Some(piece)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Err(network_error(Box::new(error)))),
            Poll::Ready(None) => {
                self.pieces = None;
                self.alarm = None;
                Poll::Ready(Ok(None))
            }
            Poll::Pending => {
                // The alarm is set at the first silence and put off by each piece.
                let alarm = self
                    .alarm
                    .get_or_insert_with(|| clock.sleep(deadline.bound(clock, idle)));
                if alarm.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                Poll::Ready(Err(if deadline.has_passed(clock) {
                    deadline_passed()
                } else {
                    Error::new(
                        ErrorKind::Timeout,
                        format!(
                            "the body fell silent for {} s, the limit between two pieces",
                            idle.as_secs_f64()
                        ),
                    )
                }))
            }
        }
    }

    /// The next piece, decompressed; it may be empty.
    fn poll_decoded(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        loop {
            if let Coding::Gzip(gunzip, _) = &mut self.coding
                && let Some(piece) = gunzip.next()?
            {
                return Poll::Ready(Ok(Some(piece)));
            }
            let piece = ready!(self.poll_piece(context))?;
            match (&mut self.coding, piece) {
                (Coding::Unsupported(coding), _) => {
                    return Poll::Ready(Err(Error::decode(format!(
                        "the body is in the unsupported content coding {coding}"
                    ))));
                }
                (Coding::Gzip(gunzip, begun), Some(piece)) => {
                    *begun = true;
                    gunzip.push(piece);
                }
                (Coding::Gzip(gunzip, true), None) => {
                    let rest = gunzip.finish();
                    self.coding = Coding::Identity;
                    return Poll::Ready(rest.map(|rest| Some(rest).filter(|it| !it.is_empty())));
                }
                (Coding::Identity | Coding::Gzip(_, false), piece) => {
                    return Poll::Ready(Ok(piece));
                }
            }
        }
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match ready!(this.poll_decoded(context)) {
                Ok(Some(piece)) if piece.is_empty() => {}
                Ok(piece) => return Poll::Ready(piece.map(Ok)),
                Err(error) => {
                    this.pieces = None;
                    this.alarm = None;
                    this.coding = Coding::Identity;
                    return Poll::Ready(Some(Err(error.with_meta(this.meta.clone()))));
                }
            }
        }
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream")
            .field("meta", &self.meta)
            .field("open", &self.pieces.is_some())
            .finish_non_exhaustive()
    }
}

/// gzip (RFC 1952): decompresses what is pushed, in pieces of bounded size.
pub(crate) struct Gunzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    /// What was pushed and is still to be decompressed.
    compressed: Bytes,
}

impl Gunzip {
    pub(crate) fn new() -> Self {
        Self {
            decoder: MultiGzDecoder::new(Vec::new()),
            compressed: Bytes::new(),
        }
    }

    /// Adds a compressed piece, once [`next`](Self::next) has used up the last.
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.compressed = piece;
    }

    /// What the next part of the piece decompresses to, perhaps nothing; `None` where the piece is
    /// used up.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>> {
        if self.compressed.is_empty() {
            return Ok(None);
        }
        let length = self.compressed.len().min(COMPRESSED);
        let part = self.compressed.split_to(length);
        let written = self.decoder.write_all(&part);
        written
            .and_then(|()| self.decoder.flush())
            .map_err(|_| Error::decode("the body is not valid gzip"))?;
        Ok(Some(self.take()))
    }

    /// The rest, once all pieces have been pushed and decompressed.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] where the last member is not complete.
    pub(crate) fn finish(&mut self) -> Result<Bytes> {
        match self.decoder.try_finish() {
            Ok(()) => Ok(self.take()),
            Err(_) => Err(Error::new(
                ErrorKind::Truncated,
                "the compressed body ends early",
            )),
        }
    }

    fn take(&mut self) -> Bytes {
        std::mem::take(self.decoder.get_mut()).into()
    }
}
