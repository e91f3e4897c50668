//! YAML to the JSON value that says the same.
//!
//! Built from the parser's events, because two things matter here that a ready-made tree loses:
//! whether a scalar was quoted, and that plain scalars follow YAML 1.2's core schema (section
//! 10.3.2), in which `2023-01-01` and `no` are text.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};
use yaml_rust2::parser::{Event, EventReceiver, Parser};
use yaml_rust2::scanner::TScalarStyle;

use crate::failure::{Failure, Result};

/// Reads one YAML document.
pub(crate) fn parse(text: &str) -> Result<Value> {
    let mut builder = Builder::default();
    Parser::new_from_str(text)
        .load(&mut builder, true)
        .map_err(|error| Failure::new(format!("not YAML: {error}")))?;
    if let Some(problem) = builder.problem {
        return Err(Failure::new(problem));
    }
    match (builder.documents, builder.root) {
        (1, Some(value)) => Ok(value),
        (documents, _) => Err(Failure::new(format!(
            "expected one YAML document, found {documents}"
        ))),
    }
}

/// What a plain (unquoted) scalar means in YAML 1.2's core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().map(Number::from);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok().map(Number::from);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts_like_a_number = match unsigned.strip_prefix('.') {
        Some(fraction) => fraction.starts_with(|c: char| c.is_ascii_digit()),
        None => unsigned.starts_with(|c: char| c.is_ascii_digit()),
    };
    let only_number_letters = unsigned
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
    if !starts_like_a_number || !only_number_letters {
        return None;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    if let Ok(integer) = text.parse::<i64>() {
        return Some(integer.into());
    }
    if let Ok(integer) = text.parse::<u64>() {
        return Some(integer.into());
    }
    // Infinities are no JSON; a literal beyond f64 stays text rather than becoming one.
    Number::from_f64(text.parse::<f64>().ok()?)
}

/// A collection that is still open, with its anchor.
enum Open {
    List(Vec<Value>, usize),
    Object(Map<String, Value>, Option<String>, usize),
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Value>,
    documents: usize,
    root: Option<Value>,
    problem: Option<String>,
}

impl Builder {
    fn fail(&mut self, problem: impl Into<String>) {
        self.problem.get_or_insert_with(|| problem.into());
    }

    /// `key_text` is how the scalar was written: an unquoted key `200` is the JSON key "200".
    fn put(&mut self, value: Value, key_text: Option<String>, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List(items, _)) => items.push(value),
            Some(Open::Object(map, key, _)) => match key.take() {
                Some(name) => {
                    if map.contains_key(&name) {
                        self.fail(format!("the key {name:?} stands twice in one mapping"));
                    } else {
                        map.insert(name, value);
                    }
                }
                None => match key_text {
                    Some(text) => *key = Some(text),
                    None => self.fail("a mapping key is itself a collection, which JSON has not"),
                },
            },
        }
    }
}

impl EventReceiver for Builder {
    fn on_event(&mut self, event: Event) {
        match event {
            Event::DocumentStart => self.documents += 1,
            Event::Scalar(text, style, anchor, tag) => {
                if tag.is_some() {
                    self.fail(format!("the tagged scalar {text:?} has no JSON form"));
                }
                let value = match style {
                    TScalarStyle::Plain => plain(&text),
                    _ => Value::String(text.clone()),
                };
                self.put(value, Some(text), anchor);
            }
            Event::SequenceStart(anchor, _) => self.open.push(Open::List(Vec::new(), anchor)),
            Event::MappingStart(anchor, _) => {
                self.open.push(Open::Object(Map::new(), None, anchor));
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(items, anchor)) => self.put(Value::Array(items), None, anchor),
                Some(Open::Object(map, _, anchor)) => self.put(Value::Object(map), None, anchor),
                None => self.fail("a collection ends that never began"),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(value) => {
                    let key = value.as_str().map(str::to_owned);
                    self.put(value, key, 0);
                }
                None => self.fail("an alias stands before its anchor"),
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        let table = [
            ("2023-01-01", json!("2023-01-01")),
            ("2023-01-01T00:00:00Z", json!("2023-01-01T00:00:00Z")),
            ("no", json!("no")),
            ("on", json!("on")),
            ("true", json!(true)),
            ("~", json!(null)),
            ("200", json!(200)),
            ("-7", json!(-7)),
            ("+7", json!(7)),
            ("007", json!(7)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("2.0", json!(2.0)),
            (".5", json!(0.5)),
            ("1e3", json!(1000.0)),
            ("1e999", json!("1e999")),
            (".inf", json!(".inf")),
            ("1.2.3", json!("1.2.3")),
            ("12:30", json!("12:30")),
            ("e5", json!("e5")),
        ];
        for (text, expected) in table {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn quoted_scalars_and_keys_stay_text() {
        let value = parse("200: '2.0'\nversion: \"1\"\nfolded: >-\n  a\n  b\n").unwrap();
        assert_eq!(
            value,
            json!({"200": "2.0", "version": "1", "folded": "a b"})
        );
    }

    #[test]
    fn anchors_are_resolved() {
        let value = parse("a: &x {k: [1, two]}\nb: *x\n").unwrap();
        assert_eq!(
            value,
            json!({"a": {"k": [1, "two"]}, "b": {"k": [1, "two"]}})
        );
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        for text in [
            "a: 1\na: 2\n",
            "? [a]\n: 1\n",
            "a: 1\n---\nb: 2\n",
            "",
            "a: [1, 2",
            "a: !t x\n",
        ] {
            assert!(parse(text).is_err(), "{text:?} was read");
        }
    }
}
