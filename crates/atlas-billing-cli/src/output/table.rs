//! Draws a table on a terminal: aligned columns, a line above the sums, bars in what room is left.

use std::io::{self, Write};

use super::bar::bar;
use super::layout::{Align, Layout, Row};
use super::width::{fitted, shrunk, width};

/// Between two columns.
pub(super) const GAP: &str = "  ";

/// Bars are as wide as the terminal leaves, within these.
const BAR: std::ops::RangeInclusive<usize> = 8..=40;

/// What a table is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paper {
    /// The columns there are; `None` where nothing limits them.
    pub(crate) width: Option<usize>,
    pub(crate) color: bool,
}

impl Paper {
    pub(super) fn style(self, style: &str, text: &str) -> String {
        match self.color && !text.is_empty() {
            true => format!("\u{1b}[{style}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.style("1", text)
    }
}

/// The width that a layout wants, its bars at their narrowest.
pub(crate) fn wanted_width(layout: &Layout) -> usize {
    let widths = natural_widths(layout);
    let bars = layout
        .headings
        .iter()
        .any(|heading| heading.align == Align::Bar);
    let between = GAP.len() * widths.len().saturating_sub(1);
    widths.iter().sum::<usize>() + between + if bars { *BAR.start() } else { 0 }
}

/// Draws `layout`.
pub(crate) fn draw(layout: &Layout, paper: Paper, out: &mut dyn Write) -> io::Result<()> {
    if let Some(title) = &layout.title {
        writeln!(out, "{}", paper.bold(&fitted(title, usize::MAX)))?;
    }
    let aligns: Vec<Align> = layout
        .headings
        .iter()
        .map(|heading| heading.align)
        .collect();
    let widths = widths(layout, &aligns, paper);
    if layout
        .headings
        .iter()
        .any(|heading| !heading.text.is_empty())
    {
        let texts: Vec<String> = layout.headings.iter().map(|h| h.text.clone()).collect();
        let line = line(&texts, &aligns, &widths);
        writeln!(out, "{}", paper.style("2", &line))?;
    }
    let largest = layout.largest_bar();
    for row in &layout.rows {
        draw_row(row, &aligns, &widths, largest, paper, out)?;
    }
    if !layout.sums.is_empty() {
        let across: Vec<String> = aligns
            .iter()
            .zip(&widths)
            .map(|(align, width)| "─".repeat(if *align == Align::Bar { 0 } else { *width }))
            .collect();
        writeln!(out, "{}", paper.style("2", across.join(GAP).trim_end()))?;
        for row in &layout.sums {
            let line = line(&row.texts, &aligns, &widths);
            writeln!(out, "{}", paper.bold(&line))?;
        }
    }
    for note in &layout.notes {
        writeln!(out, "{}", paper.style("2", &fitted(note, usize::MAX)))?;
    }
    Ok(())
}

fn draw_row(
    row: &Row,
    aligns: &[Align],
    widths: &[usize],
    largest: f64,
    paper: Paper,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut texts = row.texts.clone();
    let room = aligns
        .iter()
        .position(|align| *align == Align::Bar)
        .and_then(|at| {
            texts.resize(texts.len().max(at), String::new());
            widths.get(at)
        });
    let line = line(&texts, aligns, widths);
    match (row.bar, room) {
        (Some(value), Some(room)) => {
            let bar = bar(value, largest, *room);
            let line = format!("{line}{GAP}{}", paper.style("36", &bar));
            writeln!(out, "{}", line.trim_end())
        }
        _ => writeln!(out, "{line}"),
    }
}

/// One line without what trails.
pub(super) fn line(texts: &[String], aligns: &[Align], widths: &[usize]) -> String {
    let mut line = String::new();
    let columns = aligns
        .iter()
        .zip(widths)
        .filter(|(align, _)| **align != Align::Bar);
    for (at, (align, room)) in columns.enumerate() {
        let text = fitted(texts.get(at).map_or("", String::as_str), *room);
        let padding = " ".repeat(room.saturating_sub(width(&text)));
        if at > 0 {
            line.push_str(GAP);
        }
        match align {
            Align::Right => line.extend([padding.as_str(), &text]),
            _ => line.extend([text.as_str(), &padding]),
        }
    }
    // A line that ends in a bar keeps its columns.
    match aligns.last() {
        Some(Align::Bar) => line,
        _ => line.trim_end().to_owned(),
    }
}

fn widths(layout: &Layout, aligns: &[Align], paper: Paper) -> Vec<usize> {
    let natural = natural_widths(layout);
    let Some(room) = paper.width else {
        return with_bars(&natural, aligns, *BAR.end());
    };
    let may_shrink: Vec<bool> = aligns.iter().map(|align| *align == Align::Left).collect();
    let bars = aligns.contains(&Align::Bar);
    let least = if bars { *BAR.start() } else { 0 };
    let shrunk = shrunk(&natural, &may_shrink, room.saturating_sub(least));
    let taken = shrunk.iter().sum::<usize>() + GAP.len() * shrunk.len().saturating_sub(1);
    let left = room.saturating_sub(taken).clamp(*BAR.start(), *BAR.end());
    with_bars(&shrunk, aligns, left)
}

fn with_bars(widths: &[usize], aligns: &[Align], room: usize) -> Vec<usize> {
    let columns = widths.iter().zip(aligns);
    columns
        .map(|(width, align)| if *align == Align::Bar { room } else { *width })
        .collect()
}

/// The widest text of each column; nothing for a bar.
fn natural_widths(layout: &Layout) -> Vec<usize> {
    let columns = layout.headings.iter().enumerate();
    let rows = || layout.rows.iter().chain(&layout.sums);
    columns
        .map(|(at, heading)| match heading.align {
            Align::Bar => 0,
            _ => rows()
                .filter_map(|row| row.texts.get(at))
                .map(|text| width(text))
                .fold(width(&heading.text), usize::max),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::layout::Heading;
    use super::*;

    fn layout() -> Layout {
        let headings = vec![
            Heading::left("service"),
            Heading::right("total"),
            Heading::bar(),
        ];
        let mut layout = Layout::titled("Costs 2025-03", headings);
        layout
            .rows
            .push(Row::new(["Clusters", "1,000.00"]).with_bar(1000.0));
        layout
            .rows
            .push(Row::new(["データ", "500.00"]).with_bar(500.0));
        layout
            .rows
            .push(Row::new(["Credits", "-20.00"]).with_bar(-20.0));
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
────────  ────────
total     1,480.00
"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_where_text_can_give_way() {
        let mut layout = layout();
        layout.rows[0].texts[0] = "A service with quite a long name indeed".to_owned();
        for room in [40, 50, 80, 120, 200] {
            for line in drawn(&layout, Some(room), false).lines() {
                assert!(width(line) <= room, "{room}: {line:?}");
            }
        }
        assert!(drawn(&layout, Some(40), false).contains('…'));
        assert!(!drawn(&layout, None, false).contains('…'));
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
    fn the_wanted_width_is_enough() {
        let layout = layout();
        let wanted = wanted_width(&layout);
        for line in drawn(&layout, Some(wanted), false).lines() {
            assert!(width(line) <= wanted, "{line:?}");
        }
        assert!(!drawn(&layout, Some(wanted), false).contains('…'));
    }
}
