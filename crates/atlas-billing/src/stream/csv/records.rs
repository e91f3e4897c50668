//! Records by column name, and the rows that they are.

use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;

use crate::error::{Error, ErrorKind, Result};
use crate::text::BYTE_ORDER_MARK as MARK;

/// The largest record that is read: no record of a bill comes near this; a quote that is never
/// closed would reach it.
const MAX_RECORD: usize = 8 * 1024 * 1024;

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
    /// ends before it. Over millions of records, look the [position](Header::position) up once and use
    /// [`get_at`](Self::get_at).
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

/// One line of a CSV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Valid UTF-8: the record as received, or its cells without quotes, one after the other.
    text: Bytes,
    /// Where each cell ends in `text`; absent where the commas tell.
    ends: Option<Box<[usize]>>,
}

impl Row {
    /// The row of one record's bytes, which are valid UTF-8, line end excluded; `quoted` says whether
    /// any cell of it is quoted.
    #[inline]
    pub(super) fn new(text: Bytes, quoted: bool) -> Self {
        match quoted {
            true => unquote(&text),
            false => Self { text, ends: None },
        }
    }

    /// The cells, from left to right. There is at least one.
    pub(super) fn cells(&self) -> Cells<'_> {
        let text = as_text(&self.text);
        match self.ends.as_deref() {
            None => Cells::Plain(Some(text)),
            Some(ends) => Cells::Quoted(text, 0, ends.iter()),
        }
    }

    /// The cell at `index`, the leftmost being 0; `None` where the record is shorter.
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let Some(ends) = self.ends.as_deref() else {
            let start = match index.checked_sub(1) {
                None => 0,
                Some(before) => nth_comma(&self.text, before)? + 1,
            };
            let rest = self.text.get(start..)?;
            let end = memchr::memchr(b',', rest).unwrap_or(rest.len());
            return rest.get(..end).map(as_text);
        };
        let end = *ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| ends.get(before));
        self.text.get(start.copied().unwrap_or(0)..end).map(as_text)
    }
}

/// The cells of a row, from left to right.
pub(super) enum Cells<'a> {
    /// What is left of the record.
    Plain(Option<&'a str>),
    Quoted(&'a str, usize, std::slice::Iter<'a, usize>),
}

impl<'a> Iterator for Cells<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        match self {
            Self::Plain(left) => {
                let text = (*left)?;
                let end = memchr::memchr(b',', text.as_bytes());
                *left = end.and_then(|end| text.get(end + 1..));
                end.map_or(Some(text), |end| text.get(..end))
            }
            Self::Quoted(text, start, ends) => {
                let end = *ends.next()?;
                text.get(mem::replace(start, end)..end)
            }
        }
    }
}

/// The index of the comma that has `before` commas before it.
///
/// Cells are short, so that a search from comma to comma starts again every few bytes; commas are
/// counted in blocks instead, and in the words of the block that has it.
fn nth_comma(text: &[u8], mut before: usize) -> Option<usize> {
    let (blocks, _) = text.as_chunks::<32>();
    let mut start = 0;
    for block in blocks {
        // One for a comma, else zero, in vectors: a comparison would be counted bit by bit. A block
        // has fewer bytes than a u8 counts.
        let is_comma = |byte: &u8| 1_u8.saturating_sub(byte ^ b',');
        let commas: u8 = block.iter().map(is_comma).sum();
        match before.checked_sub(commas.into()) {
            Some(left) => before = left,
            None => break,
        }
        start += block.len();
    }
    let (words, rest) = text.get(start..)?.as_chunks::<8>();
    for word in words {
        let mut commas = commas(u64::from_le_bytes(*word));
        // The product's highest byte is the sum of all bytes.
        let count = commas.wrapping_mul(EACH_BYTE) >> 56;
        match before.checked_sub(count as usize) {
            Some(left) => before = left,
            None => {
                for _ in 0..before {
                    commas &= commas - 1;
                }
                return Some(start + commas.trailing_zeros() as usize / 8);
            }
        }
        start += word.len();
    }
    let mut commas = memchr::memchr_iter(b',', rest);
    Some(start + commas.nth(before)?)
}

/// One in each byte of a word.
const EACH_BYTE: u64 = u64::from_ne_bytes([1; 8]);

/// `word` with a one for each byte that is a comma, and zero for any other.
fn commas(word: u64) -> u64 {
    const LOW: u64 = 0x7f * EACH_BYTE;
    let zeros = word ^ (b',' as u64 * EACH_BYTE);
    // The sum has the highest bit of each byte whose other bits are not all zero.
    !(((zeros & LOW) + LOW) | zeros | LOW) >> 7
}

/// The text of a record or of a cell of it: commas and quotes are ASCII, so that a cell of valid
/// text is valid text.
fn as_text(cell: &[u8]) -> &str {
    std::str::from_utf8(cell).unwrap_or_default()
}

/// Removes the quotes of a record's cells (RFC 4180, section 2, rules 5 to 7). A quote inside an
/// unquoted cell, and whatever follows a closing quote, is kept as it is.
fn unquote(raw: &[u8]) -> Row {
    let mut cells = Vec::with_capacity(raw.len());
    let mut ends = Vec::new();
    let mut rest = raw;
    loop {
        if let Some(quoted) = rest.strip_prefix(b"\"") {
            rest = quoted;
            while let Some(at) = memchr::memchr(b'"', rest) {
                let (inside, after) = rest.split_at(at);
                cells.extend_from_slice(inside);
                rest = after.get(1..).unwrap_or_default();
                let Some(more) = rest.strip_prefix(b"\"") else {
                    break;
                };
                cells.push(b'"');
                rest = more;
            }
        }
        let end = memchr::memchr(b',', rest);
        let (cell, after) = rest.split_at(end.unwrap_or(rest.len()));
        cells.extend_from_slice(cell);
        ends.push(cells.len());
        match after.get(1..) {
            Some(after) => rest = after,
            None => break,
        }
    }
    Row {
        text: cells.into(),
        ends: Some(ends.into()),
    }
}

/// Incremental reader of rows: push chunks, take rows.
#[derive(Debug)]
pub(super) struct Rows {
    chunk: Bytes,
    /// Whether the file is known to be UTF-8.
    is_text: bool,
    /// Whether the records within the chunk are known to be UTF-8: those of ASCII are, and looking
    /// for that takes a fraction of the time that checking each record does.
    valid: bool,
    /// The beginning of a record whose end has not arrived.
    carry: Vec<u8>,
    /// The state at the beginning of the chunk, behind `carry`.
    cell: Cell,
    /// Whether the record has a quoted cell.
    quoted: bool,
    /// Whether nothing has been read, so that a byte order mark may still come.
    fresh: bool,
    finished: bool,
    /// How many rows have been handed over.
    pub(super) records: u64,
    pub(super) max_record: usize,
}

/// The place of the reader in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// Before its first byte, where a quote would open it.
    Start,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: another one stands for one quote, else it closes.
    Quote,
}

impl Cell {
    /// The state after the last of some bytes of an unquoted cell.
    fn after(byte: Option<&u8>) -> Self {
        match byte {
            Some(b',') => Self::Start,
            _ => Self::Plain,
        }
    }
}

impl Rows {
    pub(super) fn new() -> Self {
        Self {
            chunk: Bytes::new(),
            is_text: false,
            valid: true,
            carry: Vec::new(),
            cell: Cell::Start,
            quoted: false,
            fresh: true,
            finished: false,
            records: 0,
            max_record: MAX_RECORD,
        }
    }

    /// Adds the next bytes of the file; without a copy if every row that was there was taken.
    pub(super) fn push(&mut self, chunk: Bytes) {
        self.chunk = match self.chunk.is_empty() {
            true => chunk,
            false => [self.chunk.as_ref(), chunk.as_ref()].concat().into(),
        };
        self.valid = self.is_text || self.chunk.is_ascii();
    }

    /// Says that no more bytes will come.
    pub(super) fn finish(&mut self) {
        self.finished = true;
    }

    /// The next row; `None` if more bytes are needed, or at the end of a finished file.
    pub(super) fn next(&mut self) -> Result<Option<Row>> {
        loop {
            let Some((raw, valid)) = self.next_raw()? else {
                return Ok(None);
            };
            let quoted = mem::take(&mut self.quoted);
            if raw.is_empty() {
                continue;
            }
            self.records += 1;
            if !valid && std::str::from_utf8(&raw).is_err() {
                return Err(Error::new(
                    ErrorKind::Decode,
                    format!("record {} of the CSV is not valid UTF-8", self.records),
                ));
            }
            return Ok(Some(Row::new(raw, quoted)));
        }
    }

    /// The bytes of the next record, and whether they are known to be UTF-8.
    fn next_raw(&mut self) -> Result<Option<(Bytes, bool)>> {
        if self.fresh {
            if self.chunk.len() < MARK.len() && MARK.starts_with(&self.chunk) && !self.finished {
                return Ok(None);
            }
            if self.chunk.starts_with(MARK) {
                self.chunk.advance(MARK.len());
            }
            self.fresh = false;
        }
        if !self.chunk.is_empty() {
            let end = self.find_end();
            self.check_size(end.unwrap_or(self.chunk.len()))?;
            if let Some(end) = end {
                let line = self.chunk.split_to(end);
                self.chunk.advance(1);
                self.cell = Cell::Start;
                if self.carry.is_empty() {
                    return Ok(Some((line, self.valid)));
                }
                self.carry.extend_from_slice(&line);
                return Ok(Some((mem::take(&mut self.carry).into(), self.is_text)));
            }
            self.carry.extend_from_slice(&self.chunk);
            self.chunk.clear();
        }
        if !self.finished || self.carry.is_empty() {
            return Ok(None);
        }
        if self.cell == Cell::Quoted {
            return Err(Error::new(
                ErrorKind::Decode,
                format!("record {} of the CSV ends within quotes", self.records + 1),
            ));
        }
        Ok(Some((mem::take(&mut self.carry).into(), self.is_text)))
    }

    fn check_size(&self, more: usize) -> Result<()> {
        if self.carry.len().saturating_add(more) <= self.max_record {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "record {} of the CSV is larger than {} bytes; a quote may never be closed",
                self.records + 1,
                self.max_record
            ),
        ))
    }

    /// The index in the chunk of the line end that ends the record, if it is there.
    fn find_end(&mut self) -> Option<usize> {
        let bytes: &[u8] = &self.chunk;
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match self.cell {
                Cell::Start | Cell::Plain => {
                    let Some(hit) = memchr::memchr3(b'\n', b'\r', b'"', rest) else {
                        self.cell = Cell::after(rest.last());
                        return None;
                    };
                    let index = at + hit;
                    if bytes.get(index) != Some(&b'"') {
                        return Some(index);
                    }
                    if hit > 0 {
                        self.cell = Cell::after(rest.get(hit - 1));
                    }
                    if self.cell == Cell::Start {
                        self.cell = Cell::Quoted;
                        self.quoted = true;
                    }
                    at = index + 1;
                }
                Cell::Quoted => {
                    at += memchr::memchr(b'"', rest)? + 1;
                    self.cell = Cell::Quote;
                }
                Cell::Quote => {
                    match rest.first() {
                        Some(b'\n' | b'\r') => return Some(at),
                        Some(b'"') => self.cell = Cell::Quoted,
                        byte => self.cell = Cell::after(byte),
                    }
                    at += 1;
                }
            }
        }
        None
    }
}
