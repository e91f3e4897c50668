//! Finds the records of a CSV file that arrives in chunks.

use bytes::{Buf, Bytes};

use super::row::Row;
use crate::{Error, ErrorKind, Result};

/// No record of a bill comes near this; a quote that is never closed would reach it.
const MAX_RECORD: usize = 8 * 1024 * 1024;

/// An incremental CSV reader: push chunks, take rows.
///
/// Written by hand because a general reader copies and splits every cell of every record, which
/// costs several times what moving the bytes does. A record that lies within one chunk is found
/// by its line end and handed over without a copy.
#[derive(Debug)]
pub(crate) struct Rows {
    chunk: Bytes,
    /// Whether the chunk is of ASCII alone, which is valid UTF-8 wherever it is cut. To look for
    /// this once takes a fraction of what checking each record does.
    ascii: bool,
    /// The beginning of a record whose end has not arrived.
    carry: Vec<u8>,
    cell: Cell,
    quoted: bool,
    /// Whether nothing has been read, so that a byte order mark may still come.
    fresh: bool,
    finished: bool,
    records: u64,
    max_record: usize,
}

/// Where the reader stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// Before its first byte, where a quote would open it.
    Start,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: another one stands for one quote, else it closes.
    Quote,
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self {
            chunk: Bytes::new(),
            ascii: true,
            carry: Vec::new(),
            cell: Cell::Start,
            quoted: false,
            fresh: true,
            finished: false,
            records: 0,
            max_record: MAX_RECORD,
        }
    }

    /// Adds the next bytes of the file. Without a copy if every row that was there was taken.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.chunk = if self.chunk.is_empty() {
            chunk
        } else {
            [self.chunk.as_ref(), chunk.as_ref()].concat().into()
        };
        self.ascii = self.chunk.is_ascii();
    }

    /// Says that no more bytes will come.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    /// The next row; `None` if more bytes are needed, or if the file has been finished and read.
    ///
    /// # Errors
    /// Unreadable: invalid UTF-8, or an end of the file within quotes. Too large: a record beyond
    /// 8 MiB.
    pub(crate) fn next(&mut self) -> Result<Option<Row>> {
        loop {
            let Some((raw, ascii)) = self.next_raw()? else {
                return Ok(None);
            };
            let quoted = std::mem::take(&mut self.quoted);
            if raw.is_empty() {
                continue;
            }
            self.records += 1;
            if ascii {
                return Ok(Some(Row::of_text(raw, quoted)));
            }
            return Row::new(raw, quoted).map(Some).map_err(|error| {
                Error::new(error.kind(), format!("{error} (record {})", self.records))
            });
        }
    }

    /// How many rows have been handed over.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// The bytes of the next record, and whether they are known to be ASCII.
    fn next_raw(&mut self) -> Result<Option<(Bytes, bool)>> {
        if self.fresh && !self.skip_byte_order_mark() {
            return Ok(None);
        }
        if !self.chunk.is_empty() {
            if let Some(end) = self.find_end() {
                self.check_size(end)?;
                let ascii = self.ascii && self.carry.is_empty();
                let line = self.chunk.split_to(end);
                self.chunk.advance(1);
                self.cell = Cell::Start;
                return Ok(Some((self.carried(line), ascii)));
            }
            self.check_size(self.chunk.len())?;
            self.carry.extend_from_slice(&self.chunk);
            self.chunk.clear();
        }
        if !self.finished || self.carry.is_empty() {
            return Ok(None);
        }
        if self.cell == Cell::Quoted {
            return Err(Error::new(
                ErrorKind::Unreadable,
                format!(
                    "the CSV ends inside a quoted cell (record {})",
                    self.records + 1
                ),
            ));
        }
        self.cell = Cell::Start;
        Ok(Some((std::mem::take(&mut self.carry).into(), false)))
    }

    /// The whole record: what was carried over, and `line`.
    fn carried(&mut self, line: Bytes) -> Bytes {
        if self.carry.is_empty() {
            return line;
        }
        self.carry.extend_from_slice(&line);
        std::mem::take(&mut self.carry).into()
    }

    fn check_size(&self, more: usize) -> Result<()> {
        if self.carry.len().saturating_add(more) <= self.max_record {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "record {} of the CSV is larger than {} bytes; perhaps a quote is never closed",
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
                        self.cell = after(rest.last().copied());
                        return None;
                    };
                    let index = at + hit;
                    if bytes.get(index) != Some(&b'"') {
                        return Some(index);
                    }
                    let opens = match hit.checked_sub(1) {
                        None => self.cell == Cell::Start,
                        Some(before) => after(rest.get(before).copied()) == Cell::Start,
                    };
                    self.cell = if opens { Cell::Quoted } else { Cell::Plain };
                    self.quoted |= opens;
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
                        byte => self.cell = after(byte.copied()),
                    }
                    at += 1;
                }
            }
        }
        None
    }

    /// Steps over a UTF-8 byte order mark; false if too little has arrived to tell.
    fn skip_byte_order_mark(&mut self) -> bool {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if !self.carry.is_empty() {
            self.carry.extend_from_slice(&self.chunk);
            self.chunk = std::mem::take(&mut self.carry).into();
            self.ascii = false;
        }
        if self.chunk.starts_with(MARK) {
            self.chunk.advance(MARK.len());
        } else if MARK.starts_with(&self.chunk) && !self.finished {
            self.carry.extend_from_slice(&self.chunk);
            self.chunk.clear();
            return false;
        }
        self.fresh = false;
        true
    }
}

/// The state after `byte` of an unquoted cell.
fn after(byte: Option<u8>) -> Cell {
    match byte {
        Some(b',') => Cell::Start,
        _ => Cell::Plain,
    }
}

#[cfg(test)]
mod tests;
