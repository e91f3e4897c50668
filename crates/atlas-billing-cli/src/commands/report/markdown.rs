//! A report as Markdown, to paste into a pull request or a chat.

use super::page::Page;
use crate::failure::Failure;
use crate::output::table::{self, escaped};
use crate::output::{Heading, Layout, Row};

pub(super) fn markdown(page: &Page) -> Result<String, Failure> {
    let mut out = Vec::new();
    let headings = ["figure", "value", "note"].map(Heading::left).to_vec();
    let headlines = Layout {
        headings,
        rows: page
            .headlines
            .iter()
            .map(|it| Row::new([&it.label, &it.value, &it.note]))
            .collect(),
        ..Layout::default()
    };
    heading("#", &page.title, &page.about, &mut out);
    table::markdown(&headlines, &mut out)?;
    for section in &page.sections {
        out.push(b'\n');
        heading("##", &section.title, &section.about, &mut out);
        for (at, table) in section.tables.iter().enumerate() {
            if at > 0 {
                out.push(b'\n');
            }
            table::markdown(table, &mut out)?;
        }
    }
    out.push(b'\n');
    out.extend_from_slice(b"## How to read this\n\n");
    for note in &page.method {
        out.extend_from_slice(format!("- {}\n", escaped(note)).as_bytes());
    }
    // Only text was written.
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// A heading, and a paragraph whose code stays code.
fn heading(mark: &str, title: &str, about: &str, out: &mut Vec<u8>) {
    let pieces = about
        .split('`')
        .enumerate()
        .map(|(at, piece)| match at % 2 {
            // Our own words, without a backtick.
            1 => format!("`{}`", crate::text::clean(piece)),
            _ => escaped(piece),
        });
    let about: String = pieces.collect();
    out.extend_from_slice(format!("{mark} {}\n\n{about}\n\n", escaped(title)).as_bytes());
}
