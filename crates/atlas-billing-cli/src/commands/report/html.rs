//! A report as one HTML file that needs nothing else.

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, escape_formatter};
use serde::Serialize;

use super::chart::Chart;
use super::page::{Headline, Page};
use crate::failure::{Failure, exit};
use crate::output::table::Align;
use crate::output::{Layout, Row};
use crate::text::clean;

const TEMPLATE: &str = include_str!("report.html");

/// A table for the template.
#[derive(Debug, Serialize)]
struct Table<'a> {
    caption: &'a str,
    headings: Vec<Cell<'a>>,
    rows: Vec<Line<'a>>,
    sums: Vec<Line<'a>>,
    notes: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct Cell<'a> {
    text: &'a str,
    is_figure: bool,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    cells: Vec<Cell<'a>>,
    /// How much of the width its bar fills, in percent; 0 without one.
    bar: u32,
}

pub(super) fn html(page: &Page) -> Result<String, Failure> {
    render(page).map_err(|error| {
        let what = format!("cannot write the report: {}", clean(&error.to_string()));
        Failure::new(exit::OTHER, what)
    })
}

fn render(page: &Page) -> Result<String, Error> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    // The one place where text becomes a part of the file: harmless, then escaped.
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) => escape_formatter(out, state, &Value::from(clean(text).as_ref())),
        None => escape_formatter(out, state, value),
    });
    let sections = page.sections.iter().map(|section| Part {
        id: section.id,
        title: &section.title,
        about: Code::of(&section.about),
        chart: section.chart.as_ref(),
        tables: section.tables.iter().map(table).collect(),
    });
    let whole = Whole {
        title: &page.title,
        about: &page.about,
        headlines: &page.headlines,
        sections: sections.collect(),
        method: &page.method,
    };
    environment
        .template_from_str(TEMPLATE)?
        .render(Serde(whole))
}

/// What the template is given.
#[derive(Debug, Serialize)]
struct Whole<'a> {
    title: &'a str,
    about: &'a str,
    headlines: &'a [Headline],
    sections: Vec<Part<'a>>,
    method: &'a [String],
}

#[derive(Debug, Serialize)]
struct Part<'a> {
    id: &'static str,
    title: &'a str,
    about: Vec<Code<'a>>,
    chart: Option<&'a Chart>,
    tables: Vec<Table<'a>>,
}

/// A piece of text, what stands between backticks apart.
#[derive(Debug, Serialize)]
struct Code<'a> {
    text: &'a str,
    is_code: bool,
}

impl<'a> Code<'a> {
    fn of(text: &'a str) -> Vec<Self> {
        let pieces = text.split('`').enumerate();
        pieces
            .map(|(at, text)| Self {
                text,
                is_code: at % 2 == 1,
            })
            .collect()
    }
}

fn table(layout: &Layout) -> Table<'_> {
    let bars = layout.rows.iter().filter_map(|row| row.bar);
    let largest = bars.fold(0.0, f64::max);
    let notes = layout
        .notes
        .iter()
        .map(|note| note.trim_start_matches(['-', ' ']));
    let headings = layout.headings.iter();
    Table {
        caption: layout.title.as_deref().unwrap_or_default(),
        headings: headings
            .enumerate()
            .map(|(at, heading)| cell(layout, at, &heading.text))
            .collect(),
        rows: layout
            .rows
            .iter()
            .map(|row| line(layout, row, largest))
            .collect(),
        sums: layout
            .sums
            .iter()
            .map(|row| line(layout, row, largest))
            .collect(),
        notes: notes.collect(),
    }
}

fn line<'a>(layout: &'a Layout, row: &'a Row, largest: f64) -> Line<'a> {
    let texts = (0..layout.headings.len()).map(|at| row.texts.get(at).map_or("", String::as_str));
    let part = row.bar.unwrap_or_default() / largest;
    Line {
        cells: texts
            .enumerate()
            .map(|(at, text)| cell(layout, at, text))
            .collect(),
        bar: match part.is_finite() && part > 0.0 {
            // A part of at most 1.
            true => (part * 100.0).ceil() as u32,
            false => 0,
        },
    }
}

fn cell<'a>(layout: &Layout, at: usize, text: &'a str) -> Cell<'a> {
    let heading = layout.headings.get(at);
    Cell {
        text,
        is_figure: heading.is_some_and(|heading| heading.align == Align::Right),
    }
}
