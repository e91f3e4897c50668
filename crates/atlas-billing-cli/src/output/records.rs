//! Writes records one by one, in whichever form, in bounded memory.

use std::io::{self, Write};

use super::column::Column;
use super::layout::{Align, Heading};
use super::table::Paper;
use super::width::{fitted, shrunk, width};
use super::{csv, json, markdown, table};
use crate::args::Format;

/// So many rows decide a streamed table's widths; later ones are fitted into them.
const SAMPLE: usize = 200;

/// Writes records of one kind.
pub(crate) struct Records<'c, R, W: Write> {
    form: Format,
    columns: &'c [Column<R>],
    out: W,
    paper: Paper,
    written: u64,
    sample: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl<'c, R, W: Write> Records<'c, R, W> {
    /// Begins: CSV's header, JSON's bracket.
    pub(crate) fn begin(
        form: Format,
        columns: &'c [Column<R>],
        paper: Paper,
        mut out: W,
    ) -> io::Result<Self> {
        match form {
            Format::Csv => csv::header(columns, &mut out)?,
            Format::Markdown => {
                let headings = headings(columns);
                markdown::head(&headings.iter().collect::<Vec<_>>(), &mut out)?;
            }
            _ => {}
        }
        Ok(Self {
            form,
            columns,
            out,
            paper,
            written: 0,
            sample: Vec::new(),
            widths: None,
        })
    }

    /// Writes one record.
    pub(crate) fn write(&mut self, record: &R) -> io::Result<()> {
        let out = &mut self.out;
        match self.form {
            Format::Csv => csv::record(self.columns, record, out)?,
            Format::Jsonl => {
                json::record(self.columns, record, out)?;
                out.write_all(b"\n")?;
            }
            Format::Json | Format::RawJson | Format::RawCsv => {
                out.write_all(if self.written == 0 { b"[\n" } else { b",\n" })?;
                json::record(self.columns, record, out)?;
            }
            Format::Markdown => {
                let texts = texts(self.columns, record);
                markdown::line(&texts, texts.len(), "", out)?;
            }
            Format::Table => {
                let texts = texts(self.columns, record);
                match &self.widths {
                    Some(widths) => {
                        let line = table::line(&texts, &aligns(self.columns), widths);
                        writeln!(out, "{line}")?;
                    }
                    None => {
                        self.sample.push(texts);
                        if self.sample.len() >= SAMPLE {
                            self.draw_sample()?;
                        }
                    }
                }
            }
        }
        self.written += 1;
        Ok(())
    }

    /// How many were written.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Ends: JSON's bracket, what a table still held back. Gives the writer back.
    pub(crate) fn end(mut self) -> io::Result<W> {
        match self.form {
            Format::Json if self.written == 0 => self.out.write_all(b"[]\n")?,
            Format::Json => self.out.write_all(b"\n]\n")?,
            Format::Table if self.widths.is_none() => self.draw_sample()?,
            _ => {}
        }
        Ok(self.out)
    }

    fn draw_sample(&mut self) -> io::Result<()> {
        let headings = headings(self.columns);
        let aligns = aligns(self.columns);
        let sample = std::mem::take(&mut self.sample);
        let natural: Vec<usize> = headings
            .iter()
            .enumerate()
            .map(|(at, heading)| {
                let texts = sample.iter().filter_map(|texts| texts.get(at));
                texts
                    .map(|text| width(text))
                    .fold(width(&heading.text), usize::max)
            })
            .collect();
        let may_shrink: Vec<bool> = aligns.iter().map(|align| *align == Align::Left).collect();
        let widths = match self.paper.width {
            Some(room) => shrunk(&natural, &may_shrink, room),
            None => natural,
        };
        let texts: Vec<String> = headings.into_iter().map(|heading| heading.text).collect();
        let head = table::line(&texts, &aligns, &widths);
        writeln!(self.out, "{}", self.paper.style("2", &head))?;
        for texts in &sample {
            writeln!(self.out, "{}", table::line(texts, &aligns, &widths))?;
        }
        self.widths = Some(widths);
        Ok(())
    }
}

fn headings<R>(columns: &[Column<R>]) -> Vec<Heading> {
    let shown = columns
        .iter()
        .filter_map(|column| Some((column, column.heading.as_ref()?)));
    shown
        .map(|(column, text)| Heading {
            text: text.to_string(),
            align: column.align(),
        })
        .collect()
}

fn aligns<R>(columns: &[Column<R>]) -> Vec<Align> {
    columns
        .iter()
        .filter(|column| column.heading.is_some())
        .map(Column::align)
        .collect()
}

fn texts<R>(columns: &[Column<R>], record: &R) -> Vec<String> {
    let shown = columns.iter().filter(|column| column.heading.is_some());
    shown
        .map(|column| fitted(&column.show(record), usize::MAX))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::cell::Cell;
    use super::super::column::Kind;
    use super::*;

    struct Sold {
        what: &'static str,
        cents: Option<i64>,
    }

    fn columns() -> Vec<Column<Sold>> {
        vec![
            Column::new("what", Kind::Text, "What.", |sold: &Sold| {
                Cell::text(sold.what)
            })
            .always()
            .shown("what"),
            Column::new("price_cents", Kind::Cents, "For.", |sold: &Sold| {
                Cell::integer(sold.cents)
            })
            .shown("price"),
            Column::new("hidden", Kind::Boolean, "Not in tables.", |_: &Sold| {
                Cell::Boolean(true)
            }),
        ]
    }

    fn written(form: Format, sold: &[Sold]) -> String {
        let columns = columns();
        let paper = Paper {
            width: None,
            color: false,
        };
        let mut records = Records::begin(form, &columns, paper, Vec::new()).unwrap();
        for sold in sold {
            records.write(sold).unwrap();
        }
        String::from_utf8(records.end().unwrap()).unwrap()
    }

    const SOLD: [Sold; 2] = [
        Sold {
            what: "tea, green",
            cents: Some(123_456),
        },
        Sold {
            what: "cup",
            cents: None,
        },
    ];

    #[test]
    fn each_form_has_the_same_columns() {
        for (form, text) in [
            (
                Format::Csv,
                "what,price_cents,hidden\n\"tea, green\",123456,true\ncup,,true\n",
            ),
            (
                Format::Jsonl,
                "{\"what\":\"tea, green\",\"price_cents\":123456,\"hidden\":true}\n\
                 {\"what\":\"cup\",\"price_cents\":null,\"hidden\":true}\n",
            ),
            (
                Format::Json,
                "[\n{\"what\":\"tea, green\",\"price_cents\":123456,\"hidden\":true},\n\
                 {\"what\":\"cup\",\"price_cents\":null,\"hidden\":true}\n]\n",
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
            assert_eq!(written(form, &SOLD), text, "{form:?}");
        }
    }

    #[test]
    fn no_records_are_still_a_document() {
        assert_eq!(written(Format::Json, &[]), "[]\n");
        assert_eq!(written(Format::Csv, &[]), "what,price_cents,hidden\n");
        assert_eq!(written(Format::Jsonl, &[]), "");
        assert_eq!(written(Format::Table, &[]), "what  price\n");
    }

    #[test]
    fn a_long_table_is_not_held_back() {
        let columns = columns();
        let paper = Paper {
            width: Some(30),
            color: false,
        };
        let mut records = Records::begin(Format::Table, &columns, paper, Vec::new()).unwrap();
        for _ in 0..SAMPLE + 50 {
            records.write(&SOLD[0]).unwrap();
            assert!(records.sample.len() < SAMPLE);
        }
        assert_eq!(records.written(), (SAMPLE + 50) as u64);
        let text = String::from_utf8(records.end().unwrap()).unwrap();
        assert_eq!(text.lines().count(), SAMPLE + 51);
    }
}
