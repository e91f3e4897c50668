//! One line of a CSV file, its cells split only when they are asked for.

use std::fmt;

use bytes::Bytes;

use crate::{Error, ErrorKind, Result};

/// One record of a CSV file, before its cells have names.
///
/// A record without quotes shares the bytes of the answer it came in and is split where it is
/// read; keep [`Row::to_vec`] rather than the row itself if one record of a large file is to
/// outlive the rest.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// The record as sent, or its cells without quotes, one after the other.
    text: Bytes,
    /// Where each cell ends in `text`; absent where the commas tell.
    ends: Option<Box<[usize]>>,
}

impl Row {
    /// The row of one record's bytes, line end excluded.
    ///
    /// `quoted` says whether any cell of it is quoted.
    pub(super) fn new(raw: Bytes, quoted: bool) -> Result<Self> {
        match std::str::from_utf8(&raw) {
            Ok(_) => Ok(Self::of_text(raw, quoted)),
            Err(_) => Err(Error::new(
                ErrorKind::Unreadable,
                "the CSV is not valid UTF-8",
            )),
        }
    }

    /// The same for bytes that are known to be valid UTF-8.
    #[inline]
    pub(super) fn of_text(text: Bytes, quoted: bool) -> Self {
        match quoted {
            true => unquote(&text),
            false => Self { text, ends: None },
        }
    }

    /// The cells, from left to right. There is at least one.
    pub fn fields(&self) -> Fields<'_> {
        Fields {
            rest: Some(text(&self.text)),
            start: 0,
            ends: self.ends.as_deref(),
        }
    }

    /// The cell at `index`, the leftmost being 0; `None` where the record is shorter.
    pub fn get(&self, index: usize) -> Option<&str> {
        match self.ends.as_deref() {
            None => {
                let start = match index.checked_sub(1) {
                    None => 0,
                    Some(before) => nth_comma(&self.text, before)? + 1,
                };
                let rest = self.text.get(start..)?;
                let end = memchr::memchr(b',', rest).unwrap_or(rest.len());
                rest.get(..end).map(text)
            }
            Some(ends) => {
                let end = *ends.get(index)?;
                let start = index
                    .checked_sub(1)
                    .and_then(|before| ends.get(before).copied())
                    .unwrap_or(0);
                self.text.get(start..end).map(text)
            }
        }
    }

    /// The cells as strings of their own.
    pub fn to_vec(&self) -> Vec<String> {
        self.fields().map(str::to_owned).collect()
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fields()).finish()
    }
}

/// The cells of a [`Row`], from left to right.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: Option<&'a str>,
    start: usize,
    ends: Option<&'a [usize]>,
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        match self.ends {
            None => match memchr::memchr(b',', rest.as_bytes()) {
                Some(comma) => {
                    self.rest = rest.get(comma + 1..);
                    rest.get(..comma)
                }
                None => self.rest.take(),
            },
            Some(ends) => {
                let (end, later) = ends.split_first()?;
                let cell = rest.get(self.start..*end);
                self.start = *end;
                self.ends = Some(later);
                cell
            }
        }
    }
}

/// Where the comma is that has `before` commas before it.
///
/// Cells are short, so that a search from comma to comma begins anew every few bytes; commas are
/// counted in blocks instead, up to the block that has it.
fn nth_comma(text: &[u8], mut before: usize) -> Option<usize> {
    let (blocks, _) = text.as_chunks::<32>();
    let mut start = 0;
    for block in blocks {
        // A block is shorter than what an u8 counts.
        let commas: u8 = block.iter().map(|byte| u8::from(*byte == b',')).sum();
        match before.checked_sub(commas.into()) {
            Some(left) => before = left,
            None => break,
        }
        start += block.len();
    }
    // One branch that is hard to foresee instead of one at each comma.
    let mut commas = 0;
    let index = text.get(start..)?.iter().position(|byte| {
        commas += usize::from(*byte == b',');
        commas > before
    })?;
    Some(start + index)
}

/// The text of a record or of a cell of it: commas and quotes are ASCII, so that a cell of valid
/// text is valid text.
fn text(cell: &[u8]) -> &str {
    std::str::from_utf8(cell).unwrap_or_default()
}

/// Takes the quotes off a record's cells (RFC 4180, section 2, rules 5 to 7). A quote inside an
/// unquoted cell, and whatever follows a closing quote, is taken as it stands.
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
                match rest.strip_prefix(b"\"") {
                    Some(more) => {
                        cells.push(b'"');
                        rest = more;
                    }
                    None => break,
                }
            }
        }
        let comma = memchr::memchr(b',', rest);
        cells.extend_from_slice(rest.get(..comma.unwrap_or(rest.len())).unwrap_or_default());
        ends.push(cells.len());
        match comma {
            Some(comma) => rest = rest.get(comma + 1..).unwrap_or_default(),
            None => break,
        }
    }
    Row {
        text: cells.into(),
        ends: Some(ends.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(raw: &'static str) -> Vec<String> {
        let quoted = raw.contains('"');
        let row = Row::new(Bytes::from_static(raw.as_bytes()), quoted).unwrap();
        for (index, cell) in row.fields().enumerate() {
            assert_eq!(row.get(index), Some(cell));
        }
        assert_eq!(row.get(row.fields().count()), None);
        row.to_vec()
    }

    #[test]
    fn cells_are_split_at_commas_outside_quotes() {
        assert_eq!(cells("a,b,,c"), ["a", "b", "", "c"]);
        assert_eq!(cells(","), ["", ""]);
        assert_eq!(cells("é,日本"), ["é", "日本"]);
        assert_eq!(cells(r#""a,b",c"#), ["a,b", "c"]);
        assert_eq!(
            cells(r#""he said ""no""",x,"#),
            [r#"he said "no""#, "x", ""]
        );
        assert_eq!(cells(r#""""""#), [r#"""#]);
        assert_eq!(cells("\",\""), [","]);
        assert_eq!(cells(r#"a"b",c"#), [r#"a"b""#, "c"]);
        assert_eq!(cells(r#""a"b,c"#), ["ab", "c"]);
    }

    #[test]
    fn any_cell_of_a_long_record_is_found() {
        for width in [0, 1, 30, 31, 32, 33, 70] {
            let expected: Vec<String> = (0..80).map(|n| "x".repeat((n * width) % 71)).collect();
            let raw = expected.join(",");
            let row = Row::new(Bytes::from(raw), false).unwrap();
            for (index, cell) in expected.iter().enumerate() {
                assert_eq!(row.get(index), Some(cell.as_str()));
            }
            assert_eq!(row.get(expected.len()), None);
        }
    }

    #[test]
    fn invalid_text_is_unreadable() {
        let error = Row::new(Bytes::from_static(b"a,\xff"), false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable);
    }
}
