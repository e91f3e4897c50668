//! Records of a CSV answer as a stream.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::invoice::is_header;
use super::record::{Header, Record};
use super::row::Row;
use super::rows::Rows;
use crate::{Error, Result};

/// A body as it arrives.
pub(crate) type ByteSource = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// The records of a CSV file while it arrives, in bounded memory.
///
/// The first record that is not blank is the header and names the columns. After an error the
/// stream ends.
pub struct Records {
    rows: RowSource,
    header: Option<Header>,
    /// Tells the header from what stands above the table.
    is_header: fn(&Row) -> bool,
}

impl Records {
    /// The records of `body`, a CSV file in chunks of any size.
    pub fn new<S>(body: S) -> Self
    where
        S: Stream<Item = Result<Bytes>> + Send + 'static,
    {
        Self {
            rows: RowSource::new(Box::pin(body)),
            header: None,
            is_header: |_| true,
        }
    }

    /// The records of the table in an invoice's file; what stands above it is skipped.
    pub fn of_invoice<S>(body: S) -> Self
    where
        S: Stream<Item = Result<Bytes>> + Send + 'static,
    {
        Self {
            is_header,
            ..Self::new(body)
        }
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// What the body reports, such as a broken connection; unreadable if the file is not valid
    /// UTF-8 or ends within quotes; too large if one record is beyond 8 MiB.
    pub async fn next(&mut self) -> Option<Result<Record>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The columns, once the first record or the end has been seen.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }
}

impl Stream for Records {
    type Item = Result<Record>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let row = match ready!(self.rows.poll_row(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(row)) => row,
            };
            match &self.header {
                Some(header) => {
                    return Poll::Ready(Some(Ok(Record::new(header.clone(), row))));
                }
                None if (self.is_header)(&row) => self.header = Some(Header::new(&row)),
                None => {}
            }
        }
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("header", &self.header)
            .field("read", &self.rows.read())
            .finish_non_exhaustive()
    }
}

/// The records of a CSV file that is there as a whole.
///
/// # Errors
/// As for [`Records::next`].
pub fn read_records(file: Bytes) -> Result<Vec<Record>> {
    let mut rows = Rows::new();
    rows.push(file);
    rows.finish();
    let Some(first) = rows.next()? else {
        return Ok(Vec::new());
    };
    let header = Header::new(&first);
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(Record::new(header.clone(), row));
    }
    Ok(records)
}

/// Rows drawn from a body; ends after an error.
pub(super) struct RowSource {
    body: Option<ByteSource>,
    rows: Rows,
    over: bool,
}

impl RowSource {
    pub(super) fn new(body: ByteSource) -> Self {
        Self {
            body: Some(body),
            rows: Rows::new(),
            over: false,
        }
    }

    /// How many rows have been handed over.
    pub(super) fn read(&self) -> u64 {
        self.rows.records()
    }

    pub(super) fn poll_row(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Row>>> {
        if self.over {
            return Poll::Ready(None);
        }
        loop {
            match self.rows.next() {
                Ok(Some(row)) => return Poll::Ready(Some(Ok(row))),
                Ok(None) => {}
                Err(error) => return self.end(Some(error)),
            }
            let Some(body) = &mut self.body else {
                return self.end(None);
            };
            match ready!(body.as_mut().poll_next(cx)) {
                Some(Ok(chunk)) => self.rows.push(chunk),
                Some(Err(error)) => return self.end(Some(error)),
                None => {
                    self.body = None;
                    self.rows.finish();
                }
            }
        }
    }

    /// Ends the stream, lets the connection go, and says why.
    fn end(&mut self, error: Option<Error>) -> Poll<Option<Result<Row>>> {
        self.over = true;
        self.body = None;
        Poll::Ready(error.map(Err))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;
    use crate::ErrorKind;

    fn chunks(parts: &[&'static str]) -> Vec<Result<Bytes>> {
        parts
            .iter()
            .map(|part| Ok(Bytes::from_static(part.as_bytes())))
            .collect()
    }

    #[tokio::test]
    async fn records_by_name_from_chunks() {
        let body = chunks(&[
            "service,am",
            "ount\r\nAt",
            "las,1.5\r\n",
            "",
            "\"Charts, x\",2",
        ]);
        let mut records = Records::new(stream::iter(body));
        let first = records.next().await.unwrap().unwrap();
        assert_eq!(first.get("service"), Some("Atlas"));
        assert_eq!(first.get("amount"), Some("1.5"));
        let second = records.next().await.unwrap().unwrap();
        assert_eq!(second.get("service"), Some("Charts, x"));
        assert!(records.next().await.is_none());
        assert!(records.next().await.is_none());
        assert_eq!(records.header().unwrap().names(), ["service", "amount"]);
    }

    #[tokio::test]
    async fn a_broken_body_is_an_error_and_the_end() {
        let mut body = chunks(&["a,b\n1,2\n3"]);
        body.push(Err(Error::new(ErrorKind::Cut, "the connection broke")));
        body.extend(chunks(&[",4\n"]));
        let records: Vec<_> = Records::new(stream::iter(body)).collect().await;
        assert_eq!(records.len(), 2);
        assert!(records[0].is_ok());
        assert_eq!(records[1].as_ref().unwrap_err().kind(), ErrorKind::Cut);
    }

    #[test]
    fn a_whole_file_reads_as_its_stream_does() {
        let file = Bytes::from_static(b"a,b\n1,2\n\n3\n");
        let records = read_records(file).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[1].get("a"), Some("3"));
        assert_eq!(records[1].get("b"), None);
        assert!(read_records(Bytes::new()).unwrap().is_empty());
    }
}
