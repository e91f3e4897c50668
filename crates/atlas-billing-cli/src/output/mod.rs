//! How a command's data is written: records, tables or bytes, in which format, and where to. A few
//! commands choose columns or bytes of their own for a format.

mod column;
mod file;
mod format;
mod metrics;
pub(crate) mod table;

use std::io::{self, Write};

use crate::failure::Failure;
use crate::text;

pub(crate) use column::{Cell, Column, Kind, columns, schema};
pub(crate) use file::Sink;
pub(crate) use format::Format;
pub(crate) use metrics::label_name;
pub(crate) use table::{Heading, Layout, Paper, Row};

/// So many rows of a streamed table are laid out together, so that no table is held whole.
const PAGE: usize = 500;

/// How data is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) format: Format,
    /// Whether CSV is for spreadsheets.
    pub(crate) excel: bool,
    pub(crate) paper: Paper,
}

impl Style {
    /// Writes all of a result: its records, or the tables that show it to a reader.
    pub(crate) fn write<R>(
        self,
        mut out: Sink,
        columns: &[Column<R>],
        rows: &[R],
        tables: impl FnOnce() -> Result<Vec<Layout>, Failure>,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Table | Format::Markdown => self.tables(out, &tables()?),
            Format::Openmetrics => {
                metrics::write(columns, rows, &mut out)?;
                Ok(out.finish()?)
            }
            _ => {
                let mut records = self.records(columns, out)?;
                rows.iter().try_for_each(|row| records.write(row))?;
                Ok(records.end()?.finish()?)
            }
        }
    }

    /// Writes tables one below the other.
    pub(crate) fn tables(self, mut out: Sink, layouts: &[Layout]) -> Result<(), Failure> {
        for (at, layout) in layouts.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            self.table(layout, &mut out)?;
        }
        Ok(out.finish()?)
    }

    /// Whether a table has room for all of its columns.
    pub(crate) fn fits(self, layout: &Layout) -> bool {
        let width = self.paper.width;
        width.is_none_or(|width| table::wanted_width(layout) <= width)
    }

    /// Begins records that are written one by one, in bounded memory.
    pub(crate) fn records<R, W: Write>(
        self,
        columns: &[Column<R>],
        mut out: W,
    ) -> io::Result<Records<'_, R, W>> {
        let writer = match self.format {
            Format::Csv => {
                if self.excel {
                    // How spreadsheets tell UTF-8 from the code page of the system.
                    out.write_all("\u{feff}".as_bytes())?;
                }
                Writer::Csv(Box::new(csv::Writer::from_writer(out)))
            }
            Format::Jsonl => Writer::Json { out, array: false },
            // No command writes the others record by record.
            Format::Json
            | Format::RawJson
            | Format::RawCsv
            | Format::Html
            | Format::Slack
            | Format::Openmetrics => Writer::Json { out, array: true },
            Format::Table | Format::Markdown => Writer::Table {
                out,
                layout: Layout::of(columns, &[]),
                drawn: false,
            },
        };
        let mut records = Records {
            style: self,
            columns,
            written: 0,
            writer,
        };
        if let Writer::Csv(csv) = &mut records.writer {
            let names = columns
                .iter()
                .map(|column| match (self.excel, column.kind) {
                    (true, Kind::Cents | Kind::Change) => column.name.trim_end_matches("_cents"),
                    _ => column.name.as_ref(),
                });
            csv.write_record(names).map_err(io_error)?;
        }
        Ok(records)
    }

    fn table(self, layout: &Layout, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            Format::Markdown => table::markdown(layout, out),
            _ => table::draw(layout, self.paper, out),
        }
    }
}

impl Layout {
    /// A table of records: the columns that have a heading.
    pub(crate) fn of<R>(columns: &[Column<R>], rows: &[R]) -> Self {
        let shown = columns.iter().filter_map(|column| {
            let text = column.heading.as_deref()?.to_owned();
            Some(Heading {
                text,
                align: column.align(),
            })
        });
        Self {
            headings: shown.collect(),
            rows: rows.iter().map(|record| row(columns, record)).collect(),
            ..Self::default()
        }
    }
}

fn row<R>(columns: &[Column<R>], record: &R) -> Row {
    let shown = columns.iter().filter(|column| column.heading.is_some());
    Row::new(shown.map(|column| column.show(record)))
}

/// Writes records of one kind.
pub(crate) struct Records<'c, R, W: Write> {
    style: Style,
    columns: &'c [Column<R>],
    written: u64,
    writer: Writer<W>,
}

enum Writer<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Json {
        out: W,
        array: bool,
    },
    /// A page of rows that is drawn when it is full.
    Table {
        out: W,
        layout: Layout,
        drawn: bool,
    },
}

impl<R, W: Write> Records<'_, R, W> {
    /// Writes one record.
    pub(crate) fn write(&mut self, record: &R) -> io::Result<()> {
        let columns = self.columns;
        match &mut self.writer {
            Writer::Csv(csv) => {
                for column in columns {
                    let cell = match self.style.excel {
                        true => spreadsheet(column, record).into(),
                        false => column.read(record).plain(),
                    };
                    csv.write_field(&*cell).map_err(io_error)?;
                }
                csv.write_record(None::<&[u8]>).map_err(io_error)?;
            }
            Writer::Json { out, array } => {
                let (before, after) = match (*array, self.written) {
                    (true, 0) => ("[\n", ""),
                    (true, _) => (",\n", ""),
                    (false, _) => ("", "\n"),
                };
                out.write_all(before.as_bytes())?;
                json(columns, record, out)?;
                out.write_all(after.as_bytes())?;
            }
            Writer::Table { layout, .. } => {
                layout.rows.push(row(columns, record));
            }
        }
        self.written += 1;
        if matches!(&self.writer, Writer::Table { layout, .. } if layout.rows.len() == PAGE) {
            self.draw()?;
        }
        Ok(())
    }

    /// How many were written.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Writes what comes after the last record, and returns the writer.
    pub(crate) fn end(mut self) -> io::Result<W> {
        if matches!(&self.writer, Writer::Table { layout, drawn, .. } if !drawn || !layout.rows.is_empty())
        {
            self.draw()?;
        }
        match self.writer {
            Writer::Csv(csv) => csv.into_inner().map_err(csv::IntoInnerError::into_error),
            Writer::Json { mut out, array } => {
                out.write_all(match (array, self.written) {
                    (true, 0) => b"[]\n",
                    (true, _) => b"\n]\n",
                    (false, _) => b"",
                })?;
                Ok(out)
            }
            Writer::Table { out, .. } => Ok(out),
        }
    }

    /// Draws a page, with its headings.
    fn draw(&mut self) -> io::Result<()> {
        let style = self.style;
        if let Writer::Table { out, layout, drawn } = &mut self.writer {
            if std::mem::replace(drawn, true) {
                writeln!(out)?;
            }
            style.table(layout, out)?;
            layout.rows.clear();
        }
        Ok(())
    }
}

/// A cell for spreadsheets: amounts in units, and nothing that is taken for a formula.
fn spreadsheet<R>(column: &Column<R>, record: &R) -> String {
    match (column.kind, column.read(record)) {
        (Kind::Cents | Kind::Change, Cell::Integer(cents)) => text::cents(cents).replace(',', ""),
        (Kind::Integer | Kind::Number | Kind::Amount | Kind::Share, cell) => {
            cell.plain().into_owned()
        }
        (_, cell) => {
            let plain = cell.plain();
            let text = text::clean(&plain);
            // The characters that OWASP names for CSV injection; tabs and line ends are gone.
            match text
                .trim_start()
                .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
            {
                true => format!("'{text}"),
                false => text.into_owned(),
            }
        }
    }
}

/// One record as a JSON object on one line: keys in the order of the columns, none omitted.
fn json<R>(columns: &[Column<R>], record: &R, out: &mut impl Write) -> io::Result<()> {
    for (at, column) in columns.iter().enumerate() {
        out.write_all(if at == 0 { b"{" } else { b"," })?;
        serde_json::to_writer(&mut *out, column.name.as_ref())?;
        out.write_all(b":")?;
        match column.read(record) {
            Cell::Null => out.write_all(b"null")?,
            Cell::Text(text) => document(&serde_json::to_string(&text)?, out)?,
            Cell::Json(text) => document(&text, out)?,
            cell @ Cell::Tags(_) => document(&cell.plain(), out)?,
            // Digits and hyphens: nothing to escape.
            cell @ (Cell::Day(_) | Cell::Moment(_)) => write!(out, "\"{}\"", cell.plain())?,
            digits => out.write_all(digits.plain().as_bytes())?,
        }
    }
    out.write_all(if columns.is_empty() { b"{}" } else { b"}" })
}

/// JSON in which characters that a terminal could act on are escaped: the same value. They stand
/// in strings alone, and none of them lies outside of the basic multilingual plane.
fn document(json: &str, out: &mut impl Write) -> io::Result<()> {
    let mut rest = json;
    while let Some(at) = rest.find(|c: char| text::is_unsafe(c)) {
        let (before, from) = rest.split_at(at);
        let c = from.chars().next().unwrap_or_default();
        write!(out, "{before}\\u{:04x}", u32::from(c))?;
        rest = &from[c.len_utf8()..];
    }
    out.write_all(rest.as_bytes())
}

/// The error of the writer below.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Sold {
        what: String,
        cents: Option<i64>,
        quantity: &'static str,
    }

    fn columns() -> Vec<Column<Sold>> {
        let mut columns = columns! { Sold:
            "what" Text always ("what") = |sold| &*sold.what, "What.";
            "price_cents" Cents ("price") = |sold| sold.cents.map(i128::from), "For.";
            "quantity" Number = |sold| Cell::Number(sold.quantity.into()), "How many.";
        };
        columns.push(Column::new("tags", Kind::Tags, "Tags.", |sold: &Sold| {
            Cell::json(Some(&[&sold.what]))
        }));
        columns
    }

    fn written(format: Format, excel: bool, sold: &[Sold]) -> String {
        let columns = columns();
        let style = Style {
            format,
            excel,
            ..Style::default()
        };
        let mut records = style.records(&columns, Vec::new()).unwrap();
        for sold in sold {
            records.write(sold).unwrap();
        }
        assert_eq!(records.written(), sold.len() as u64);
        String::from_utf8(records.end().unwrap()).unwrap()
    }

    fn sold(what: &str, cents: Option<i64>) -> Sold {
        Sold {
            what: what.to_owned(),
            cents,
            quantity: "0.1234567890123456789",
        }
    }

    #[test]
    fn each_format_has_the_same_columns() {
        let sold = [sold("tea, green", Some(123_456)), sold("cup", None)];
        for (format, text) in [
            (
                Format::Csv,
                "what,price_cents,quantity,tags\n\
                 \"tea, green\",123456,0.1234567890123456789,\"[\"\"tea, green\"\"]\"\n\
                 cup,,0.1234567890123456789,\"[\"\"cup\"\"]\"\n",
            ),
            (
                Format::Jsonl,
                "{\"what\":\"tea, green\",\"price_cents\":123456,\"quantity\":0.1234567890123456789,\"tags\":[\"tea, green\"]}\n\
                 {\"what\":\"cup\",\"price_cents\":null,\"quantity\":0.1234567890123456789,\"tags\":[\"cup\"]}\n",
            ),
            (
                Format::Markdown,
                "| what | price |\n|---|---:|\n| tea, green | 1,234.56 |\n| cup | |\n",
            ),
            (
                Format::Table,
                "what           price\ntea, green  1,234.56\ncup\n",
            ),
        ] {
            assert_eq!(written(format, false, &sold), text, "{format:?}");
        }
        let array = written(Format::Json, false, &sold);
        assert_eq!(
            array,
            format!(
                "[\n{}\n]\n",
                written(Format::Jsonl, false, &sold)
                    .trim_end()
                    .replace('\n', ",\n")
            )
        );
    }

    #[test]
    fn no_records_are_still_a_document() {
        assert_eq!(written(Format::Json, false, &[]), "[]\n");
        assert_eq!(
            written(Format::Csv, false, &[]),
            "what,price_cents,quantity,tags\n"
        );
        assert_eq!(written(Format::Jsonl, false, &[]), "");
        assert_eq!(written(Format::Table, false, &[]), "what  price\n");
    }

    #[test]
    fn a_long_table_is_not_held_whole() {
        let columns = columns();
        let mut records = Style::default().records(&columns, Vec::new()).unwrap();
        for _ in 0..PAGE + 50 {
            records.write(&sold("tea", Some(1))).unwrap();
            assert!(
                matches!(&records.writer, Writer::Table { layout, .. } if layout.rows.len() < PAGE)
            );
        }
        let text = String::from_utf8(records.end().unwrap()).unwrap();
        assert_eq!(
            text.lines().filter(|line| line.starts_with("tea")).count(),
            PAGE + 50
        );
    }

    #[test]
    fn spreadsheets_get_amounts_with_decimals_and_no_formulas() {
        let sold = [
            sold("=1+1", Some(-123_456)),
            sold("@SUM(A1)", None),
            sold("a\n-b", Some(5)),
        ];
        assert_eq!(
            written(Format::Csv, true, &sold),
            "\u{feff}what,price,quantity,tags\n\
             '=1+1,-1234.56,0.1234567890123456789,\"[\"\"=1+1\"\"]\"\n\
             '@SUM(A1),,0.1234567890123456789,\"[\"\"@SUM(A1)\"\"]\"\n\
             a -b,0.05,0.1234567890123456789,\"[\"\"a\\n-b\"\"]\"\n"
        );
        assert!(written(Format::Csv, false, &sold).contains("\n=1+1,-123456,"));
    }

    proptest! {
        #[test]
        fn values_stay_as_received(what in "(.|[\\p{Cc}\\p{Cf}\u{2028}\u{2029}\"\\\\]){0,30}") {
            let sold = [sold(&what, None)];
            let line = written(Format::Jsonl, false, &sold);
            prop_assert!(!line.trim_end().contains(text::is_unsafe), "{line:?}");
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(&value["what"], &what);
            prop_assert_eq!(&value["tags"][0], &what);
            let csv = written(Format::Csv, false, &sold);
            let mut reader = csv::Reader::from_reader(csv.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(&record[0], &what);
            for line in [written(Format::Table, false, &sold), written(Format::Markdown, false, &sold)] {
                prop_assert!(!line.replace(['\n', '\u{2060}'], "").contains(text::is_unsafe), "{line:?}");
            }
        }
    }
}
