//! Records as JSON objects, keys in the columns' order, nothing left out.

use std::io::{self, Write};

use super::cell::Cell;
use super::column::Column;

/// One record as an object on one line, without the line's end.
pub(super) fn record<R>(columns: &[Column<R>], record: &R, out: &mut impl Write) -> io::Result<()> {
    for (at, column) in columns.iter().enumerate() {
        out.write_all(if at == 0 { b"{" } else { b"," })?;
        string(&column.name, out)?;
        out.write_all(b":")?;
        match column.read(record) {
            Cell::Null => out.write_all(b"null")?,
            Cell::Text(text) => string(&text, out)?,
            // Digits and documents are JSON as they are.
            Cell::Number(text) | Cell::Json(text) => out.write_all(text.as_bytes())?,
            Cell::Integer(value) => write!(out, "{value}")?,
            Cell::Boolean(value) => write!(out, "{value}")?,
        }
    }
    out.write_all(if columns.is_empty() { b"{}" } else { b"}" })
}

fn string(text: &str, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(out, text).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use super::super::column::Kind;
    use super::*;

    type Cells = Vec<Cell<'static>>;

    #[test]
    fn every_kind_of_cell_is_json() {
        let cells = [
            Cell::Null,
            Cell::text("a \"b\"\n\u{1}é"),
            Cell::Number("0.000000005".into()),
            Cell::Json("{\"team\":[\"x\"]}".into()),
            Cell::Integer(-5),
            Cell::Boolean(true),
        ];
        let columns: Vec<Column<Cells>> = (0..cells.len())
            .map(|at| {
                Column::new(format!("c{at}"), Kind::Text, "", move |cells: &Cells| {
                    cells[at].clone()
                })
            })
            .collect();
        let mut out = Vec::new();
        record(&columns, &cells.to_vec(), &mut out).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let expected = serde_json::json!({
            "c0": null, "c1": "a \"b\"\n\u{1}é", "c2": 5e-9, "c3": {"team": ["x"]}, "c4": -5, "c5": true,
        });
        assert_eq!(value, expected);
        assert!(
            String::from_utf8(out)
                .unwrap()
                .starts_with("{\"c0\":null,\"c1\"")
        );
    }
}
