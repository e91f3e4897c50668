//! Records by column name.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::rows::{Row, Rows};
use crate::error::{Error, Result};

/// The column names of a CSV file, from left to right.
///
/// Spaces around a name are not part of it. Where a name occurs twice, looking it up finds the
/// leftmost column.
#[derive(Clone, PartialEq, Eq)]
pub struct Header(Arc<[String]>);

impl Header {
    pub(super) fn new(row: &Row) -> Self {
        Self(row.cells().map(|name| name.trim().to_owned()).collect())
    }

    /// Whether this is the header of the same file.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The names, from left to right.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The index of the column called `name`, the leftmost being 0.
    pub fn position(&self, name: &str) -> Option<usize> {
        // There are few columns, and most names differ in length: comparing is faster than hashing.
        self.0.iter().position(|column| column == name)
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// One record, its cells found by column name.
///
/// It may share the bytes of the chunk it came in: keep the cells rather than the record if one
/// record of a large file is to outlive the rest.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    header: Header,
    row: Row,
}

impl Record {
    /// The cell of the column called `name`; `None` if there is no such column, or if the record
    /// ends before it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.row.get(self.header.position(name)?)
    }

    /// The cell at `index`, the leftmost being 0; `None` where the record is shorter.
    pub fn get_at(&self, index: usize) -> Option<&str> {
        self.row.get(index)
    }

    /// All cells of the record, from left to right.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.row.cells()
    }

    /// Column names with their cells, from left to right, as far as the record goes. Cells beyond
    /// the header have an empty name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.header.names().iter().map(String::as_str);
        names.chain(std::iter::repeat("")).zip(self.cells())
    }

    /// The columns of the file.
    pub fn header(&self) -> &Header {
        &self.header
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The lines above the table of an invoice's CSV file: the invoice's number, its period, the
/// organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preamble(Vec<(String, String)>);

impl Preamble {
    /// The value behind `label`, such as `Billing Period` or `Organization Name`.
    pub fn get(&self, label: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == label);
        found.map(|(_, value)| value.as_str())
    }

    /// Labels with their values, in the order of the file.
    pub fn entries(&self) -> &[(String, String)] {
        &self.0
    }

    /// The invoice's id, which the file calls its number.
    pub fn invoice_number(&self) -> Option<&str> {
        self.get("Invoice Number")
    }

    fn add(&mut self, row: &Row) {
        let mut cells = row.cells().map(|cell| cell.trim().to_owned());
        if let Some(label) = cells.next() {
            self.0.push((label, cells.next().unwrap_or_default()));
        }
    }
}

/// The records of a CSV file while it arrives, in bounded memory.
///
/// The first record that is not blank is the header and names the columns. After an error the
/// stream ends.
pub struct Records {
    body: Option<Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>>,
    rows: Rows,
    preamble: Preamble,
    header: Option<Header>,
    /// Tells the header from lines above the table.
    is_header: fn(&Row) -> bool,
    ended: bool,
}

impl Records {
    /// The records of `body`, a CSV file in chunks of any size.
    pub fn new<S>(body: S) -> Self
    where
        S: Stream<Item = Result<Bytes>> + Send + 'static,
    {
        Self {
            body: Some(Box::pin(body)),
            rows: Rows::new(),
            preamble: Preamble::default(),
            header: None,
            is_header: |_| true,
            ended: false,
        }
    }

    /// The records of the table in an invoice's CSV file; the lines above it are the
    /// [`preamble`](Self::preamble).
    pub fn from_invoice<S>(body: S) -> Self
    where
        S: Stream<Item = Result<Bytes>> + Send + 'static,
    {
        // A line above the table has a label and a value, and perhaps nothing behind a trailing
        // comma.
        fn is_header(row: &Row) -> bool {
            row.cells().filter(|cell| !cell.trim().is_empty()).count() > 2
        }
        Self {
            is_header,
            ..Self::new(body)
        }
    }

    /// The same records, of a body that is known to be UTF-8: no record is checked again.
    pub(crate) fn of_text(mut self) -> Self {
        self.rows.is_text = true;
        self
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// What the body reports, such as a broken connection. [`ErrorKind::Decode`]: the file is
    /// not valid UTF-8 or ends within quotes. [`ErrorKind::TooLarge`]: a record beyond 8 MiB.
    pub async fn next(&mut self) -> Option<Result<Record>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The columns, once the first record or the end has been reached.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// The lines above the table, for an invoice's file; complete when the header is there.
    pub fn preamble(&self) -> &Preamble {
        &self.preamble
    }

    /// How many rows have been read, those above the table included.
    pub(super) fn read(&self) -> u64 {
        self.rows.records
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Reads as far as the header; `None` if there is none.
    pub(super) fn poll_header(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<&Header>>> {
        while self.header.is_none() {
            match ready!(self.poll_next_row(cx)) {
                Some(Ok(row)) if (self.is_header)(&row) => self.header = Some(Header::new(&row)),
                Some(Ok(row)) => self.preamble.add(&row),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        Poll::Ready(self.header.as_ref().map(Ok))
    }

    #[inline]
    pub(super) fn poll_next_row(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Row>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        loop {
            match self.rows.next() {
                Ok(Some(row)) => return Poll::Ready(Some(Ok(row))),
                Ok(None) => {}
                Err(error) => return self.end(Some(error)),
            }
            match ready!(self.poll_chunk(cx)) {
                Ok(true) => {}
                Ok(false) => return self.end(None),
                Err(error) => return self.end(Some(error)),
            }
        }
    }

    /// Reads on in the body; false where nothing is left to read.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(Ok(false));
        };
        match ready!(body.as_mut().poll_next(cx)?) {
            Some(chunk) => self.rows.push(chunk),
            None => {
                self.body = None;
                self.rows.finish();
            }
        }
        Poll::Ready(Ok(true))
    }

    /// Ends the stream and releases the connection.
    pub(super) fn end<T>(&mut self, error: Option<Error>) -> Poll<Option<Result<T>>> {
        self.ended = true;
        self.body = None;
        Poll::Ready(error.map(Err))
    }
}

impl Stream for Records {
    type Item = Result<Record>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match ready!(self.poll_header(cx)) {
            Some(header) => header?,
            None => return Poll::Ready(None),
        };
        let Some(row) = ready!(self.poll_next_row(cx)) else {
            return Poll::Ready(None);
        };
        let record = |header| Ok(Record { header, row: row? });
        Poll::Ready(self.header.clone().map(record))
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("header", &self.header)
            .field("read", &self.read())
            .finish_non_exhaustive()
    }
}

/// The records of a CSV file that is in memory as a whole.
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
        let header = header.clone();
        records.push(Record { header, row });
    }
    Ok(records)
}
