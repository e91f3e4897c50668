//! A record whose cells are found by the names in the header.

use std::fmt;
use std::sync::Arc;

use super::row::Row;

/// The names of the columns, in the order of the file.
///
/// Spaces around a name are not part of it. Where a name occurs twice, looking it up finds the
/// leftmost column.
#[derive(Clone)]
pub struct Header(Arc<[String]>);

impl Header {
    /// The header that `row` is.
    pub(super) fn new(row: &Row) -> Self {
        Self(row.fields().map(|name| name.trim().to_owned()).collect())
    }

    /// The names, from left to right.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// The column called `name`, the leftmost being 0.
    pub fn position(&self, name: &str) -> Option<usize> {
        // There are few columns, and most names differ in length: looking takes less than hashing.
        self.0.iter().position(|column| column == name)
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl PartialEq for Header {
    fn eq(&self, other: &Self) -> bool {
        self.names() == other.names()
    }
}

impl Eq for Header {}

/// One record, its cells reached by column name.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    header: Header,
    row: Row,
}

impl Record {
    pub(super) fn new(header: Header, row: Row) -> Self {
        Self { header, row }
    }

    /// The cell of the column called `name`; `None` if there is no such column, or if the record
    /// ends before it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.row.get(self.header.position(name)?)
    }

    /// Column names with their cells, from left to right, as far as the record goes. Cells beyond
    /// the header have an empty name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.header.names().iter().map(String::as_str);
        names.chain(std::iter::repeat("")).zip(self.row.fields())
    }

    /// The columns of the file.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The cells without their names, all that the record has.
    pub fn row(&self) -> &Row {
        &self.row
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn row(text: &'static str) -> Row {
        Row::new(Bytes::from_static(text.as_bytes()), text.contains('"')).unwrap()
    }

    #[test]
    fn cells_are_found_by_name_in_ragged_records() {
        let header = Header::new(&row("Date, Amount ,Date"));
        assert_eq!(header.position("Date"), Some(0));
        let short = Record::new(header.clone(), row("01/02/2025"));
        assert_eq!(short.get("Date"), Some("01/02/2025"));
        assert_eq!(short.get("Amount"), None);
        assert_eq!(short.get("Total"), None);
        let long = Record::new(header, row("1,\"2\",3,4"));
        assert_eq!(long.get("Amount"), Some("2"));
        let all: Vec<_> = long.iter().collect();
        assert_eq!(
            all,
            [("Date", "1"), ("Amount", "2"), ("Date", "3"), ("", "4")]
        );
    }
}
