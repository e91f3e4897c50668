//! A table for a reader, before it is drawn: on a terminal, or as Markdown.

/// On which side a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
    /// Left, and as much of it as the terminal has room for: a bar, given by its value.
    Bar,
}

/// One heading.
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

    pub(crate) fn bar() -> Self {
        Self {
            text: String::new(),
            align: Align::Bar,
        }
    }
}

/// One row: its text by column, and what its bar is as large as.
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

    pub(crate) fn with_bar(mut self, value: f64) -> Self {
        self.bar = Some(value);
        self
    }
}

/// A table: a title, headings, rows, sums below a line, notes.
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

    /// The largest value a bar stands for.
    pub(crate) fn largest_bar(&self) -> f64 {
        self.rows
            .iter()
            .filter_map(|row| row.bar)
            .fold(0.0, f64::max)
    }
}
