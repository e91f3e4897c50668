//! Reading a specification from a file, whichever of its two forms it has.

use std::path::Path;

use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::yaml;

/// Reads an OpenAPI 3.0 document, JSON or YAML, and refuses anything else.
pub(crate) fn read(path: &Path) -> Result<Value> {
    parse(&read_text(path)?).map_err(|failure| failure.within(path.display()))
}

/// Reads a file's text.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new(format!(
            "cannot read {}: {error}; check the path",
            path.display()
        ))
    })
}

/// Reads an OpenAPI 3.0 document from its text.
pub(crate) fn parse(text: &str) -> Result<Value> {
    if text.trim().is_empty() {
        return Err(Failure::new("the file is empty; fetch it again"));
    }
    // YAML is a superset of JSON in name only where size is concerned: JSON's own reader is four
    // times as fast, and its errors are better.
    let value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text)
            .map_err(|error| Failure::new(format!("not whole JSON: {error}; fetch it again")))?
    } else {
        let value = yaml::parse(text)?;
        // A YAML file that was cut short is often still YAML. Every writer ends its last line.
        if !text.ends_with('\n') {
            return Err(Failure::new(
                "the last line does not end, so the file looks cut short; fetch it again",
            ));
        }
        if ends_within_paths(text, &value) {
            return Err(Failure::new(
                "it ends with its paths and lacks the tags they name, so it looks cut short; \
                 fetch it again",
            ));
        }
        value
    };
    check(&value)?;
    Ok(value)
}

/// Whether a YAML file seems to have been cut at the end of a line: it stops among its paths, and
/// what upstream lists after them is not there.
fn ends_within_paths(text: &str, value: &Value) -> bool {
    let is_key = |line: &&str| !line.starts_with([' ', '#', '-']) && line.contains(':');
    let last_key = text.lines().rev().find(is_key);
    let operations = value["paths"]
        .as_object()
        .into_iter()
        .flat_map(|paths| paths.values());
    let mut operations = operations
        .filter_map(Value::as_object)
        .flat_map(|item| item.values());
    last_key.is_some_and(|line| line.starts_with("paths:"))
        && value.get("tags").is_none()
        && operations.any(|operation| operation.get("tags").is_some())
}

fn check(value: &Value) -> Result<()> {
    let version = match value.get("openapi") {
        Some(Value::String(version)) => version.as_str(),
        Some(_) => return Err(Failure::new("not OpenAPI 3.0: `openapi` is not a text")),
        None => {
            return Err(Failure::new(
                "not OpenAPI 3.0, or cut short: there is no `openapi` at the top",
            ));
        }
    };
    if version != "3.0" && !version.starts_with("3.0.") {
        return Err(Failure::new(format!(
            "this is OpenAPI {version}; only 3.0 is understood here"
        )));
    }
    if !value.get("paths").is_some_and(Value::is_object) {
        return Err(Failure::new(
            "there are no `paths`: not a specification, or cut short",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let json = parse(r#"{"openapi":"3.0.1","info":{"version":"2.0"},"paths":{"/a":{}}}"#);
        let yaml = parse("openapi: 3.0.1\ninfo:\n    version: '2.0'\npaths:\n    /a: {}\n");
        assert_eq!(json.unwrap(), yaml.unwrap());
    }

    #[test]
    fn what_is_not_a_whole_openapi_3_0_document_is_refused() {
        let table = [
            ("", "empty"),
            ("{\"openapi\":\"3.0.1\",\"paths\":{", "fetch it again"),
            ("openapi: 3.0.1\npaths:\n    /a: {}", "cut short"),
            (
                "openapi: 3.0.1\npaths:\n    /a:\n        get:\n            tags: [A]\n",
                "lacks the tags",
            ),
            ("components:\n    schemas: {}\n", "no `openapi`"),
            ("openapi: 3.1.0\npaths: {}\n", "3.1.0"),
            ("openapi: 3\npaths: {}\n", "not a text"),
            ("swagger: '2.0'\npaths: {}\n", "no `openapi`"),
            ("openapi: 3.0.1\n", "no `paths`"),
            ("[1, 2]\n", "no `openapi`"),
        ];
        for (text, expected) in table {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text:?}: {message}");
            assert_eq!(message.lines().count(), 1);
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let message = read(Path::new("no/such/file.yaml"))
            .unwrap_err()
            .to_string();
        assert!(message.contains("no/such/file.yaml"), "{message}");
    }
}
