//! Reading a specification from a file, JSON or YAML.

use std::path::Path;

use serde_json::Value;

use crate::failure::{Failure, Result, refusal};
use crate::spec::operations;

/// Reads an OpenAPI 3.0 document and refuses anything else.
pub(crate) fn read(path: &Path) -> Result<Value> {
    parse(&read_text(path)?).map_err(|failure| failure.within(path.display()))
}

/// Reads a file's text.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let refused = |error| refusal!("cannot read {}: {error}", path.display());
    std::fs::read_to_string(path).map_err(refused)
}

/// Whether a document is JSON, which is YAML in name only where speed is concerned.
pub(crate) fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('{')
}

/// Parses an OpenAPI 3.0 document. A byte order mark is tolerated.
pub(crate) fn parse(text: &str) -> Result<Value> {
    let text = text.trim_start_matches('\u{feff}');
    let value = match text {
        _ if text.trim().is_empty() => return Err(Failure::new("the file is empty")),
        _ if is_json(text) => serde_json::from_str(text)
            .map_err(|error| refusal!("invalid or truncated JSON: {error}"))?,
        _ => yaml(text)?,
    };
    check(&value)?;
    Ok(value)
}

/// YAML by the core schema of YAML 1.2, in which `2023-01-01` and `no` are text.
fn yaml(text: &str) -> Result<Value> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    let value: Value = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| refusal!("invalid YAML: {error}"))?;
    // A truncated YAML file is often still YAML. Every writer ends its last line.
    if !text.ends_with('\n') {
        return Err(Failure::new("truncated: the last line does not end"));
    }
    if ends_within_paths(text, &value) {
        return Err(Failure::new(
            "truncated: it ends with its paths and lacks the tags they name",
        ));
    }
    Ok(value)
}

/// Whether a YAML file seems to have been truncated at the end of a line: it stops among its
/// paths, and what upstream lists after them is missing.
fn ends_within_paths(text: &str, value: &Value) -> bool {
    let is_key = |line: &&str| !line.starts_with([' ', '#', '-']) && line.contains(':');
    let last_key = text.lines().rev().find(is_key);
    last_key.is_some_and(|line| line.starts_with("paths:"))
        && value.get("tags").is_none()
        && operations(value).any(|(.., operation)| operation.get("tags").is_some())
}

fn check(value: &Value) -> Result<()> {
    let refused = |problem: &str| Err(refusal!("not OpenAPI 3.0, or truncated: {problem}"));
    match value.get("openapi") {
        Some(Value::String(version)) if version != "3.0" && !version.starts_with("3.0.") => {
            refused(&format!("this is OpenAPI {version}"))
        }
        Some(Value::String(_)) if value.get("paths").is_some_and(Value::is_object) => Ok(()),
        Some(Value::String(_)) => refused("missing `paths`"),
        Some(_) => refused("`openapi` is not a string"),
        None => refused("missing `openapi`"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HEAD: &str = "openapi: 3.0.1\npaths: {}\n";

    #[test]
    fn both_forms_say_the_same_with_a_byte_order_mark_or_without() {
        let json = r#"{"openapi":"3.0.1","info":{"version":"2.0"},"paths":{"/a":{}}}"#;
        let yaml = "openapi: 3.0.1\ninfo:\n    version: '2.0'\npaths:\n    /a: {}\n";
        let read = parse(json).unwrap();
        for text in [
            yaml.to_owned(),
            format!("\u{feff}{json}"),
            format!("\u{feff}{yaml}"),
        ] {
            assert_eq!(parse(&text).unwrap(), read, "{text}");
        }
    }

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, expected) in [
            ("2023-01-01", json!("2023-01-01")),
            ("2023-01-01T00:00:00Z", json!("2023-01-01T00:00:00Z")),
            ("no", json!("no")),
            ("on", json!("on")),
            ("y", json!("y")),
            ("true", json!(true)),
            ("~", json!(null)),
            ("200", json!(200)),
            ("-7", json!(-7)),
            ("2.0", json!(2.0)),
            ("'2.0'", json!("2.0")),
            ("1.2.3", json!("1.2.3")),
            ("12:30", json!("12:30")),
            ("1_000", json!("1_000")),
            ("007", json!("007")),
        ] {
            let read = parse(&format!("{HEAD}x: {text}\n")).unwrap();
            assert_eq!(read["x"], expected, "{text}");
        }
        let read = parse(&format!("{HEAD}200: &a {{k: [1, two]}}\nb: *a\n")).unwrap();
        assert_eq!(read["200"], read["b"]);
    }

    #[test]
    fn what_is_not_a_whole_openapi_3_0_document_is_refused() {
        for (text, expected) in [
            ("", "empty"),
            ("\u{feff}\n", "empty"),
            ("{\"openapi\":\"3.0.1\",\"paths\":{", "truncated"),
            ("openapi: 3.0.1\npaths:\n    /a: {}", "truncated"),
            (
                "openapi: 3.0.1\npaths:\n    /a:\n        get:\n            tags: [A]\n",
                "lacks the tags",
            ),
            ("openapi: 3.0.1\npaths: {}\nopenapi: 3.0.1\n", "duplicate"),
            ("openapi: 3.0.1\npaths: {}\n---\na: 1\n", "multiple"),
            ("components:\n    schemas: {}\n", "missing `openapi`"),
            ("openapi: 3.1.0\npaths: {}\n", "3.1.0"),
            ("openapi: 3\npaths: {}\n", "not a string"),
            ("openapi: 3.0.1\n", "missing `paths`"),
            ("[1, 2]\n", "missing `openapi`"),
        ] {
            let failure = parse(text).unwrap_err();
            assert!(
                failure.to_string().contains(expected),
                "{text:?}: {failure}"
            );
            assert_eq!(failure.lines().len(), 1);
        }
        let missing = read(Path::new("no/such/file.yaml")).unwrap_err();
        assert!(missing.to_string().contains("no/such/file.yaml"));
    }
}
