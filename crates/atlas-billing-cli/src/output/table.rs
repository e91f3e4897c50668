//! A table for a reader: drawn on a terminal, or as Markdown to paste into a document or a ticket.

use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row as Line, Table, Width};
use unicode_width::UnicodeWidthStr;

use crate::text::{bar, clean};

/// On which side the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Left; gives way where the terminal is narrow.
    Left,
    Right,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heading {
    pub(crate) text: String,
    pub(crate) align: Align,
}

impl Heading {
    pub(crate) fn left(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            align: Align::Left,
        }
    }

    pub(crate) fn right(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            align: Align::Right,
        }
    }
}

/// One row: its text by column, and the value of its bar.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row {
    pub(crate) texts: Vec<String>,
    pub(crate) bar: Option<f64>,
}

impl Row {
    pub(crate) fn new(texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            texts: texts.into_iter().map(Into::into).collect(),
            bar: None,
        }
    }
}

/// A table: a title, headings, rows, sums below a line, notes. Its texts may be those of a response:
/// they are made harmless where they are drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Layout {
    pub(crate) title: Option<String>,
    pub(crate) headings: Vec<Heading>,
    pub(crate) rows: Vec<Row>,
    pub(crate) sums: Vec<Row>,
    pub(crate) notes: Vec<String>,
}

impl Layout {
    pub(crate) fn titled(title: impl Into<String>, headings: Vec<Heading>) -> Self {
        Self {
            title: Some(title.into()),
            headings,
            ..Self::default()
        }
    }

    /// The room that bars want at the least, with the gap before them.
    fn bars(&self) -> usize {
        let any = self.rows.iter().any(|row| row.bar.is_some());
        if any { GAP + *BAR.start() } else { 0 }
    }

    fn has_headings(&self) -> bool {
        self.headings.iter().any(|heading| !heading.text.is_empty())
    }
}

/// What a table is drawn on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Paper {
    /// Columns of the terminal; `None` where nothing limits them.
    pub(crate) width: Option<usize>,
    pub(crate) color: bool,
}

impl Paper {
    fn style(self, style: &str, text: &str) -> String {
        match self.color && !text.is_empty() {
            true => format!("\u{1b}[{style}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

/// Bars are as wide as the terminal leaves, within these.
const BAR: std::ops::RangeInclusive<usize> = 8..=40;

/// Between two columns.
const GAP: usize = 2;

/// Text columns give way down to this width.
const LEAST: u16 = 10;

/// The width that a layout wants, its bars at their narrowest.
pub(crate) fn wanted_width(layout: &Layout) -> usize {
    (width(&lines(layout, None)) + layout.bars()).saturating_sub(GAP)
}

/// Draws `layout` for a terminal.
pub(crate) fn draw(layout: &Layout, paper: Paper, out: &mut dyn Write) -> io::Result<()> {
    if let Some(title) = &layout.title {
        writeln!(out, "{}", paper.style("1", &clean(title)))?;
    }
    let room = paper.width.map(|room| room.saturating_sub(layout.bars()));
    let lines = lines(layout, room);
    let width = width(&lines);
    let left = paper
        .width
        .map_or(*BAR.end(), |room| room.saturating_sub(width));
    let room = left.clamp(*BAR.start(), *BAR.end());
    let largest = layout
        .rows
        .iter()
        .filter_map(|row| row.bar)
        .fold(0.0, f64::max);
    let head = usize::from(layout.has_headings());
    for (at, line) in lines.iter().enumerate() {
        let row = at.checked_sub(head).map(|at| layout.rows.get(at));
        if at == head + layout.rows.len() {
            writeln!(
                out,
                "{}",
                paper.style("2", "─".repeat(width.saturating_sub(GAP)).as_str())
            )?;
        }
        match row {
            None => writeln!(out, "{}", paper.style("2", line.trim_end()))?,
            Some(None) => writeln!(out, "{}", paper.style("1", line.trim_end()))?,
            Some(Some(row)) => {
                let bar = bar(row.bar.unwrap_or_default(), largest, room);
                let line = if bar.is_empty() {
                    line.trim_end()
                } else {
                    line
                };
                writeln!(out, "{line}{}", paper.style("36", &bar))?;
            }
        }
    }
    for note in &layout.notes {
        writeln!(out, "{}", paper.style("2", &clean(note)))?;
    }
    Ok(())
}

/// Headings, rows and sums as lines of equal width that end in a gap, in at most `room` columns
/// where the text columns can give way so far.
fn lines(layout: &Layout, room: Option<usize>) -> Vec<String> {
    let columns = &layout.headings;
    let line = |texts: Vec<&str>| {
        let cells = (0..columns.len()).map(|at| clean(texts.get(at).unwrap_or(&"")));
        let mut line = Line::from(cells.collect::<Vec<_>>());
        line.max_height(1);
        line
    };
    let mut table = Table::new();
    table.load_style(NOTHING).set_truncation_indicator("…");
    match room {
        Some(room) => table
            .set_content_arrangement(ContentArrangement::Dynamic)
            // The gap behind the last column may stand out.
            .set_width(u16::try_from(room.saturating_add(GAP)).unwrap_or(u16::MAX)),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    if layout.has_headings() {
        table.add_row(line(
            columns
                .iter()
                .map(|heading| heading.text.as_str())
                .collect(),
        ));
    }
    for row in layout.rows.iter().chain(&layout.sums) {
        table.add_row(line(row.texts.iter().map(String::as_str).collect()));
    }
    let widths = table.column_max_content_widths();
    for ((column, heading), width) in table.column_iter_mut().zip(columns).zip(widths) {
        column.set_padding((0, 2));
        match heading.align {
            Align::Right => {
                column.set_cell_alignment(CellAlignment::Right);
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            _ => {
                let least = width.min(LEAST) + 2;
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
            }
        }
    }
    table.lines().collect()
}

fn width(lines: &[String]) -> usize {
    lines.iter().map(|line| line.width()).max().unwrap_or(0)
}

/// Draws `layout` as Markdown; bars are omitted.
pub(crate) fn markdown(layout: &Layout, out: &mut dyn Write) -> io::Result<()> {
    if let Some(title) = &layout.title {
        writeln!(out, "**{}**\n", escaped(title))?;
    }
    let columns = &layout.headings;
    let texts: Vec<String> = columns.iter().map(|heading| heading.text.clone()).collect();
    row(&texts, columns.len(), "", out)?;
    for heading in columns {
        out.write_all(if heading.align == Align::Right {
            b"|---:"
        } else {
            b"|---"
        })?;
    }
    out.write_all(b"|\n")?;
    for (rows, mark) in [(&layout.rows, ""), (&layout.sums, "**")] {
        rows.iter()
            .try_for_each(|line| row(&line.texts, columns.len(), mark, out))?;
    }
    layout
        .notes
        .iter()
        .try_for_each(|note| writeln!(out, "\n{}", escaped(note)))
}

/// One row of `columns` cells, each between two `mark`s.
fn row(texts: &[String], columns: usize, mark: &str, out: &mut dyn Write) -> io::Result<()> {
    for at in 0..columns {
        match texts.get(at).filter(|text| !text.is_empty()) {
            Some(text) => write!(out, "| {mark}{}{mark} ", escaped(text))?,
            None => out.write_all(b"| ")?,
        }
    }
    out.write_all(b"|\n")
}

/// Text that neither ends its cell nor becomes markup. A backslash does not keep GitHub from
/// notifying whoever is named behind an `@`, so a word joiner comes between.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '@' => safe.push_str("@\u{2060}"),
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '~' | '&' | '$' => {
                safe.extend(['\\', c]);
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::is_unsafe;

    fn bar<const N: usize>(texts: [&str; N], value: f64) -> Row {
        Row {
            bar: Some(value),
            ..Row::new(texts)
        }
    }

    fn layout() -> Layout {
        let headings = vec![Heading::left("service"), Heading::right("total")];
        let mut layout = Layout::titled("Costs 2025-03", headings);
        layout.rows.push(bar(["Clusters", "1,000.00"], 1000.0));
        layout.rows.push(bar(["データ", "500.00"], 500.0));
        layout.rows.push(bar(["Credits", "-20.00"], -20.0));
        layout.sums.push(Row::new(["total", "1,480.00"]));
        layout
    }

    fn drawn(layout: &Layout, width: Option<usize>, color: bool) -> String {
        let mut out = Vec::new();
        draw(layout, Paper { width, color }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_aligned_and_bars_fill_what_is_left() {
        assert_eq!(
            drawn(&layout(), Some(30), false),
            "\
Costs 2025-03
service      total
Clusters  1,000.00  ██████████
データ      500.00  █████
Credits     -20.00
──────────────────
total     1,480.00
"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_where_text_can_give_way() {
        let mut layout = layout();
        layout.rows[0].texts[0] =
            "A service with quite a long name indeed, データデータ".to_owned();
        for room in [40, 50, 80, 120, 200] {
            for line in drawn(&layout, Some(room), false).lines() {
                assert!(line.width() <= room, "{room}: {line:?}");
            }
        }
        assert!(drawn(&layout, Some(40), false).contains('…'));
        assert!(!drawn(&layout, None, false).contains('…'));
        let wanted = wanted_width(&layout);
        assert!(!drawn(&layout, Some(wanted), false).contains('…'));
    }

    #[test]
    fn color_adds_nothing_but_color() {
        let plain = drawn(&layout(), Some(60), false);
        assert!(!plain.contains('\u{1b}'));
        let mut colored = drawn(&layout(), Some(60), true);
        for code in ["1", "2", "36", "0"] {
            colored = colored.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(colored, plain);
    }

    #[test]
    fn a_table_that_any_markdown_renderer_reads() {
        let mut layout = layout();
        layout.rows.truncate(1);
        layout.rows[0].texts[0] = "A_B|~~C~~\n@team <b>[x](y)`".to_owned();
        layout.notes.push("To date.".into());
        let mut out = Vec::new();
        markdown(&layout, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "**Costs 2025-03**\n\n| service | total |\n|---|---:|\n\
             | A\\_B\\|\\~\\~C\\~\\~ @\u{2060}team \\<b\\>\\[x\\](y)\\` | 1,000.00 |\n\
             | **total** | **1,480.00** |\n\nTo date.\n"
        );
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_cell(texts in prop::collection::vec("(.|\\PC|[\\p{Cc}\\p{Cf}\u{2028}\u{2029}]){0,20}", 4), room in 1usize..60) {
            let mut layout = Layout::titled(&*texts[0], vec![Heading::left(&*texts[1])]);
            layout.rows.push(bar([&*texts[2]], 1.0));
            layout.sums.push(Row::new([&*texts[2]]));
            layout.notes.push(texts[3].clone());
            let mut pasted = Vec::new();
            markdown(&layout, &mut pasted).unwrap();
            for text in [drawn(&layout, Some(room), false), drawn(&layout, None, false), String::from_utf8(pasted).unwrap()] {
                prop_assert!(!text.contains(|c: char| !"\n\u{2060}".contains(c) && is_unsafe(c)), "{text:?}");
            }
            let lines = drawn(&layout, None, false).lines().count();
            prop_assert_eq!(lines, 5 + usize::from(!texts[1].is_empty()));
        }
    }
}
