//! The three ways to print a comparison.

use serde_json::{Value, json};

use super::{Change, Level};
use crate::failure::{Result, refusal};
use crate::spec::{json_text, tokens};

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
            other => Err(refusal!(
                "--format {other:?} is none of text, json and markdown"
            )),
        }
    }

    /// The rows in this format, with a line break at the end.
    pub(crate) fn print(self, rows: &[Change]) -> String {
        match self {
            Self::Text => text(rows),
            Self::Json => json_text(&Value::Array(rows.iter().map(object).collect())),
            Self::Markdown => markdown(rows),
        }
    }
}

fn object(row: &Change) -> Value {
    json!({
        "level": row.level.as_str(),
        "rule": row.rule,
        "operation": row.operations.join(", "),
        "where": row.places.join(", "),
        "what": row.what,
    })
}

fn text(rows: &[Change]) -> String {
    let line = |row: &Change| {
        let (level, rule, operations) = (row.level.as_str(), &row.rule, row.operations.join(", "));
        format!(
            "{level:<8} {rule} [{operations}] {} ({})\n",
            row.what,
            places(row)
        )
    };
    let lines: String = rows.iter().map(line).collect();
    format!("{lines}{}\n", summary(rows))
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
            let cells = [
                &row.rule,
                &row.operations.join(", "),
                &row.what,
                &places(row),
            ];
            text.push_str(&format!(
                "| {} |\n",
                cells.map(|text| cell(text)).join(" | ")
            ));
        }
    }
    text
}

/// A text as a cell of a Markdown table. A bar would end the cell, also inside code.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Where a change is; of several places the first.
fn places(row: &Change) -> String {
    match row.places.as_slice() {
        [] => String::new(),
        [only] => readable(only),
        [first, rest @ ..] => format!("{} and {} more", readable(first), rest.len()),
    }
}

/// A JSON pointer as a reader names the place: `Order.lines[].code`, `GET /orders: responses 200`.
fn readable(pointer: &str) -> String {
    let tokens = tokens(pointer);
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let (start, rest) = match tokens.as_slice() {
        ["components", "schemas", name, rest @ ..] => ((*name).to_owned(), rest),
        ["components", section, name, rest @ ..] => (format!("{section} {name}"), rest),
        ["paths", path, method, rest @ ..] => (format!("{} {path}", method.to_uppercase()), rest),
        _ => return pointer.to_owned(),
    };
    let mut text = start;
    let mut separator = if tokens[0] == "paths" { ": " } else { " " };
    let mut rest = rest.iter();
    while let Some(token) = rest.next() {
        match *token {
            "properties" => {
                text.push('.');
                text.push_str(rest.next().unwrap_or(&""));
            }
            "items" => text.push_str("[]"),
            "additionalProperties" => text.push_str(".*"),
            "schema" | "content" => {}
            other => {
                text.push_str(separator);
                text.push_str(other);
                separator = " ";
            }
        }
    }
    text
}

/// How many rows there are of each level.
fn summary(rows: &[Change]) -> String {
    let count = |level| rows.iter().filter(|row| row.level == level).count();
    let levels = [Level::Breaking, Level::Additive, Level::Note].map(count);
    format!(
        "{} breaking, {} additive, {} noted",
        levels[0], levels[1], levels[2]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Change> {
        let place = "/paths/~1a/get/parameters/0".to_owned();
        vec![Change {
            level: Level::Breaking,
            rule: "request-parameter-removed".to_owned(),
            places: vec![place.clone(), place],
            what: "The query parameter `a|b` is gone.".to_owned(),
            operations: vec!["getA".to_owned(), "getB".to_owned()],
        }]
    }

    #[test]
    fn a_line_a_row_and_a_summary() {
        assert_eq!(
            Format::Text.print(&rows()),
            "breaking request-parameter-removed [getA, getB] The query parameter `a|b` is gone. \
             (GET /a: parameters 0 and 1 more)\n1 breaking, 0 additive, 0 noted\n"
        );
        assert_eq!(Format::Text.print(&[]), "0 breaking, 0 additive, 0 noted\n");
    }

    #[test]
    fn json_has_the_five_keys() {
        let read: Value = serde_json::from_str(&Format::Json.print(&rows())).unwrap();
        let row = json!({
            "level": "breaking",
            "rule": "request-parameter-removed",
            "operation": "getA, getB",
            "where": "/paths/~1a/get/parameters/0, /paths/~1a/get/parameters/0",
            "what": "The query parameter `a|b` is gone.",
        });
        assert_eq!(read, json!([row]));
        assert_eq!(Format::Json.print(&[]), "[]\n");
    }

    #[test]
    fn bars_do_not_break_a_markdown_table() {
        let text = Format::Markdown.print(&rows());
        assert!(text.contains("`a\\|b` is gone"));
        assert!(!text.contains("### additive"));
    }

    #[test]
    fn places_are_readable() {
        for (pointer, expected) in [
            ("/components/schemas/Order", "Order"),
            (
                "/components/schemas/Order/properties/lines/items/properties/code",
                "Order.lines[].code",
            ),
            (
                "/components/schemas/Order/properties/tags/additionalProperties",
                "Order.tags.*",
            ),
            ("/components/parameters/shopId/schema", "parameters shopId"),
            ("/paths/~1a~1{b}/get", "GET /a/{b}"),
            (
                "/paths/~1a/post/requestBody/content/x~1y/schema/properties/z",
                "POST /a: requestBody x/y.z",
            ),
            ("/info", "/info"),
        ] {
            assert_eq!(readable(pointer), expected);
        }
    }

    #[test]
    fn an_unknown_format_is_refused() {
        assert!(Format::parse("xml").is_err());
        assert_eq!(Format::parse("json"), Ok(Format::Json));
    }
}
