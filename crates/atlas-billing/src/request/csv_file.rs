//! A CSV file as it arrives.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

use super::response::{Response, ResponseHead, check_csv_start};
use crate::error::{Error, ErrorKind, Result};
use crate::meta::ResponseMeta;
use crate::stream::csv::FocusRows;
use crate::stream::csv::{InvoiceCsv, Records};

/// A CSV file as it arrives: its bytes as a stream, or what reads them.
///
/// It is checked to be one: a web page, JSON or nothing at all under a status of 200 is an error
/// before the file is handed out, and text that is not UTF-8 is one where it comes.
#[must_use = "the file is still to be read"]
pub struct CsvFile {
    head: ResponseHead,
    meta: ResponseMeta,
    /// Whether lines about the invoice stand above the table.
    preamble: bool,
    /// What was read already: the first piece, or a file out of an envelope, which had to be read
    /// to its end.
    first: Option<Bytes>,
    rest: Option<Pieces>,
    text: Utf8,
}

/// The rest of a file.
type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

impl CsvFile {
    /// The file in `response`, read as far as its first piece, or the error that it holds instead.
    pub(crate) async fn new(response: Response, preamble: bool) -> Result<Self> {
        let Response { head, mut body } = response;
        let (meta, first, rest) = if head.is_json() {
            // An envelope with the file in it, or an error.
            let body = body.collect(head.max_body).await?;
            let content = head.clone().open(body)?.ready()?;
            (content.meta, content.bytes, None)
        } else {
            let first = body.next().await.transpose()?.unwrap_or_default();
            let meta = head.meta.clone();
            check_csv_start(&meta, &first).map_err(|error| head.error(error))?;
            (meta, first, Some(Box::pin(body) as Pieces))
        };
        Ok(Self {
            head,
            meta,
            preamble,
            first: Some(first),
            rest,
            text: Utf8::default(),
        })
    }

    /// The file of another host that begins with `first` and goes on with `rest`. An error has no
    /// excerpt of it: a page may repeat the URL, which is a secret.
    pub(super) fn from_pieces(head: ResponseHead, first: Bytes, rest: Pieces) -> Result<Self> {
        check_csv_start(&head.meta, &first).map_err(|error| head.error(error.without_excerpt()))?;
        Ok(Self {
            meta: head.meta.clone(),
            head,
            preamble: false,
            first: Some(first),
            rest: Some(rest),
            text: Utf8::default(),
        })
    }

    /// Status, headers, rate limit and version of the response.
    pub fn meta(&self) -> &ResponseMeta {
        &self.meta
    }

    /// The next piece of the file as it was sent, `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks or falls silent, or the file is not UTF-8; a truncated file never
    /// ends without an error.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The whole file as it was sent, in memory.
    ///
    /// # Errors
    /// As [`next`](Self::next), and [`ErrorKind::TooLarge`] beyond the call's `max_body`.
    pub async fn bytes(mut self) -> Result<Bytes> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next().await.transpose()? {
            whole.extend_from_slice(&piece);
            let limit = self.head.max_body;
            if whole.len() as u64 > limit {
                return Err(self.head.error(Error::new(
                    ErrorKind::TooLarge,
                    format!("the file has more than {limit} bytes, the limit for one in memory"),
                )));
            }
        }
        Ok(whole.freeze())
    }

    /// The records of the table by column name, cells as text. What stands above the table of an
    /// invoice's file is skipped.
    pub fn records(self) -> Records {
        let records = match self.preamble {
            true => Records::from_invoice(self),
            false => Records::new(self),
        };
        records.of_text()
    }

    /// What stands above the table of an invoice's file, and its rows with their types.
    pub fn invoice_rows(self) -> InvoiceCsv {
        InvoiceCsv::of(Records::from_invoice(self).of_text())
    }

    /// The rows of a FOCUS report.
    pub fn focus_rows(self) -> FocusRows {
        FocusRows::of(Records::new(self).of_text())
    }
}

impl Stream for CsvFile {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let piece = match (this.first.take(), &mut this.rest) {
            (Some(first), _) => Some(first),
            (None, Some(rest)) => ready!(rest.as_mut().poll_next(context)).transpose()?,
            (None, None) => None,
        };
        let valid = match &piece {
            Some(piece) => this.text.push(piece),
            None => this.text.is_complete(),
        };
        if !valid {
            this.rest = None;
            this.text = Utf8::default();
            let error = this
                .head
                .error(Error::decode("the file is not valid UTF-8"));
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Ready(piece.map(Ok))
    }
}

impl fmt::Debug for CsvFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvFile")
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}

/// Checks text that arrives in pieces.
#[derive(Debug, Default)]
struct Utf8 {
    /// The beginning of a character that goes on in the next piece: three bytes at most.
    begun: Vec<u8>,
}

impl Utf8 {
    /// Whether the text is valid as far as it came.
    fn push(&mut self, piece: &[u8]) -> bool {
        // Most files are ASCII, which is found out in half the time.
        if self.begun.is_empty() && piece.is_ascii() {
            return true;
        }
        let mut piece = piece;
        while let Some((byte, rest)) = piece.split_first().filter(|_| !self.begun.is_empty()) {
            self.begun.push(*byte);
            piece = rest;
            match std::str::from_utf8(&self.begun) {
                Ok(_) => self.begun.clear(),
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        match std::str::from_utf8(piece) {
            Ok(_) => true,
            Err(error) if error.error_len().is_some() => false,
            Err(error) => {
                let begun = piece.get(error.valid_up_to()..).unwrap_or_default();
                self.begun.extend_from_slice(begun);
                true
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.begun.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn text_is_judged_alike_in_pieces_of_any_size(
            text in proptest::prelude::any::<String>(),
            odd in proptest::collection::vec(proptest::num::u8::ANY, 0..6),
            size in 1usize..6,
        ) {
            for bytes in [text.as_bytes().to_vec(), [text.as_bytes(), &odd].concat()] {
                let mut check = Utf8::default();
                let valid = bytes.chunks(size).all(|piece| check.push(piece)) && check.is_complete();
                proptest::prop_assert_eq!(valid, std::str::from_utf8(&bytes).is_ok());
            }
        }
    }
}
