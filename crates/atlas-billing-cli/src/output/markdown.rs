//! A table in Markdown, to paste into a document or a ticket.

use std::io::{self, Write};

use super::layout::{Align, Heading, Layout};

/// Draws `layout`; bars stay out.
pub(crate) fn draw(layout: &Layout, out: &mut dyn Write) -> io::Result<()> {
    if let Some(title) = &layout.title {
        writeln!(out, "**{}**\n", cell(title))?;
    }
    let headings: Vec<&Heading> = layout
        .headings
        .iter()
        .filter(|heading| heading.align != Align::Bar)
        .collect();
    head(&headings, out)?;
    for row in &layout.rows {
        line(&row.texts, headings.len(), "", out)?;
    }
    for row in &layout.sums {
        line(&row.texts, headings.len(), "**", out)?;
    }
    for note in &layout.notes {
        writeln!(out, "\n{}", cell(note))?;
    }
    Ok(())
}

/// The headings and the line that says how columns are aligned.
pub(super) fn head(headings: &[&Heading], out: &mut dyn Write) -> io::Result<()> {
    let texts: Vec<String> = headings
        .iter()
        .map(|heading| heading.text.clone())
        .collect();
    line(&texts, headings.len(), "", out)?;
    for heading in headings {
        out.write_all(if heading.align == Align::Right {
            b"|---:"
        } else {
            b"|---"
        })?;
    }
    out.write_all(b"|\n")
}

/// One row of `columns` cells, each between two `mark`s.
pub(super) fn line(
    texts: &[String],
    columns: usize,
    mark: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    for at in 0..columns {
        match texts
            .get(at)
            .map(|text| cell(text))
            .filter(|text| !text.is_empty())
        {
            Some(text) => write!(out, "| {mark}{text}{mark} ")?,
            None => out.write_all(b"| ")?,
        }
    }
    out.write_all(b"|\n")
}

/// Text that neither ends its cell nor becomes markup.
fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '\\' | '*' | '_' | '`' | '[' | ']' | '<' => safe.extend(['\\', c]),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::layout::Row;
    use super::*;

    #[test]
    fn a_table_that_any_renderer_reads() {
        let headings = vec![
            Heading::left("sku"),
            Heading::right("total"),
            Heading::bar(),
        ];
        let mut layout = Layout::titled("Costs", headings);
        layout
            .rows
            .push(Row::new(["A_B|C\n", "1.00"]).with_bar(1.0));
        layout.sums.push(Row::new(["total", "1.00"]));
        layout.notes.push("To date.".into());
        let mut out = Vec::new();
        draw(&layout, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "**Costs**\n\n| sku | total |\n|---|---:|\n| A\\_B\\|C  | 1.00 |\n\
             | **total** | **1.00** |\n\nTo date.\n"
        );
    }
}
