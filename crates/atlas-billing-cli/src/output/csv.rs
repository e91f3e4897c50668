//! Records as CSV (RFC 4180): a header row, fields quoted where they need it, lines end in LF.

use std::io::{self, Write};

use super::column::Column;

/// The header row.
pub(super) fn header<R>(columns: &[Column<R>], out: &mut impl Write) -> io::Result<()> {
    row(columns.iter().map(|column| column.name.as_ref()), out)
}

/// A record's row.
pub(super) fn record<R>(columns: &[Column<R>], record: &R, out: &mut impl Write) -> io::Result<()> {
    let cells = columns.iter().map(|column| column.read(record));
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        field(&cell.plain(), out)?;
    }
    out.write_all(b"\n")
}

fn row<'a>(texts: impl Iterator<Item = &'a str>, out: &mut impl Write) -> io::Result<()> {
    for (at, text) in texts.enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        field(text, out)?;
    }
    out.write_all(b"\n")
}

fn field(text: &str, out: &mut impl Write) -> io::Result<()> {
    if !text.contains(['"', ',', '\n', '\r']) {
        return out.write_all(text.as_bytes());
    }
    write!(out, "\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_need_it() {
        let mut out = Vec::new();
        row(
            ["a", "b c", "d,e", "f\"g", "h\r\ni", ""].into_iter(),
            &mut out,
        )
        .unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "a,b c,\"d,e\",\"f\"\"g\",\"h\r\ni\",\n");
    }
}
