//! The three ways to print a comparison.

use serde_json::{Value, json};

use super::{Change, Level};
use crate::failure::{Failure, Result};

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A line a row, for people.
    Text,
    /// A list of objects.
    Json,
    /// A table a level, for a pull request.
    Markdown,
}

impl Format {
    /// Reads the value of `--format`.
    pub(crate) fn parse(name: &str) -> Result<Self> {
        match name {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            "markdown" => Ok(Self::Markdown),
            other => Err(Failure::new(format!(
                "--format {other:?} is none of text, json and markdown"
            ))),
        }
    }

    /// The rows in this format, with a line break at the end.
    pub(crate) fn print(self, rows: &[Change]) -> String {
        match self {
            Self::Text => text(rows),
            Self::Json => crate::json::text(&Value::Array(rows.iter().map(object).collect())),
            Self::Markdown => markdown(rows),
        }
    }
}

fn object(row: &Change) -> Value {
    json!({
        "level": row.level.as_str(),
        "rule": row.rule,
        "operation": row.operations.join(", "),
        "where": row.place,
        "what": row.what,
    })
}

fn text(rows: &[Change]) -> String {
    let mut text = String::new();
    for row in rows {
        text.push_str(&format!(
            "{:<8} {} [{}] {} ({})\n",
            row.level.as_str(),
            row.rule,
            row.operations.join(", "),
            row.what,
            row.place
        ));
    }
    text.push_str(&summary(rows));
    text.push('\n');
    text
}

fn markdown(rows: &[Change]) -> String {
    let mut text = format!("{}\n", summary(rows));
    for level in [Level::Breaking, Level::Additive, Level::Note] {
        let rows: Vec<&Change> = rows.iter().filter(|row| row.level == level).collect();
        if rows.is_empty() {
            continue;
        }
        text.push_str(&format!("\n### {}\n\n", level.as_str()));
        text.push_str("| rule | operation | what | where |\n| --- | --- | --- | --- |\n");
        for row in rows {
            // A bar would end the cell, also inside code.
            let cell = |text: &str| text.replace('|', "\\|");
            text.push_str(&format!(
                "| {} | {} | {} | `{}` |\n",
                row.rule,
                row.operations.join(", "),
                cell(&row.what),
                cell(&row.place)
            ));
        }
    }
    text
}

/// How many rows there are of each level.
fn summary(rows: &[Change]) -> String {
    let count = |level| rows.iter().filter(|row| row.level == level).count();
    format!(
        "{} breaking, {} additive, {} noted",
        count(Level::Breaking),
        count(Level::Additive),
        count(Level::Note)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Change> {
        vec![Change {
            level: Level::Breaking,
            rule: "request-parameter-removed".to_owned(),
            place: "/paths/~1a/get/parameters/0".to_owned(),
            what: "The query parameter `a|b` is gone.".to_owned(),
            operations: vec!["getA".to_owned(), "getB".to_owned()],
        }]
    }

    #[test]
    fn a_line_a_row_and_a_summary() {
        assert_eq!(
            Format::Text.print(&rows()),
            "breaking request-parameter-removed [getA, getB] The query parameter `a|b` is gone. \
             (/paths/~1a/get/parameters/0)\n1 breaking, 0 additive, 0 noted\n"
        );
        assert_eq!(Format::Text.print(&[]), "0 breaking, 0 additive, 0 noted\n");
    }

    #[test]
    fn json_has_the_five_keys() {
        let read: Value = serde_json::from_str(&Format::Json.print(&rows())).unwrap();
        assert_eq!(
            read,
            json!([{
                "level": "breaking",
                "rule": "request-parameter-removed",
                "operation": "getA, getB",
                "where": "/paths/~1a/get/parameters/0",
                "what": "The query parameter `a|b` is gone.",
            }])
        );
        assert_eq!(Format::Json.print(&[]), "[]\n");
    }

    #[test]
    fn bars_do_not_break_a_markdown_table() {
        let text = Format::Markdown.print(&rows());
        assert!(text.contains("`a\\|b` is gone"));
        assert!(!text.contains("### additive"));
    }

    #[test]
    fn an_unknown_format_is_refused() {
        assert!(Format::parse("xml").is_err());
        assert_eq!(Format::parse("json"), Ok(Format::Json));
    }
}
