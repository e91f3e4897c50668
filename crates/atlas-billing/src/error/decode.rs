//! What is wrong with a JSON document, said without any of its content.

use serde::Deserialize;
use serde_json::error::Category;

use super::{Error, ErrorKind};

/// The longest path that is shown: keys are the service's, and may have any length.
const LONGEST_PATH: usize = 200;

/// How serde_json marks a raw value in a path.
const RAW_VALUE: &str = ".$serde_json::private::RawValue";

/// The error of `text`, a part of a JSON document that starts at `place` (`$` is the document), which
/// `error` says cannot be decoded as `what`.
///
/// serde_json's own message quotes values, so that only the kind of problem is kept. Where it is
/// comes from decoding once more as `T`: the usual case does not pay for it.
pub(crate) fn decode_error<'a, T: Deserialize<'a>>(
    what: &str,
    place: &str,
    text: &'a [u8],
    error: &serde_json::Error,
) -> Error {
    let (kind, problem) = match error.classify() {
        Category::Eof => (ErrorKind::Truncated, "truncated JSON"),
        Category::Data => (
            ErrorKind::Decode,
            "a missing value or one of an unexpected type",
        ),
        Category::Syntax | Category::Io => (ErrorKind::Decode, "invalid JSON"),
    };
    let mut decoder = serde_json::Deserializer::from_slice(text);
    let path = match serde_path_to_error::deserialize::<_, T>(&mut decoder) {
        Ok(_) => String::new(),
        // An exact number is read as raw JSON, by a key that serde_json gives such a value.
        Err(error) => error.path().to_string().replace(RAW_VALUE, ""),
    };
    let path = match (place, path.as_str()) {
        (place, "." | "") => place.to_owned(),
        (place, path) if path.starts_with('[') => format!("{place}{path}"),
        (place, path) => format!("{place}.{path}"),
    };
    let error = Error::new(kind, format!("cannot decode {what}: {problem}")).with_excerpt(text);
    match path.as_str() {
        "$" => error,
        path => error.with_json_path(path.chars().take(LONGEST_PATH).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use atlas_billing_raw::Number;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Item {
        a: Option<Number>,
        tags: Option<BTreeMap<String, Vec<String>>>,
    }

    #[test]
    fn the_kind_and_the_path_are_shown_and_no_content() {
        for (text, kind, path) in [
            (r#"{"a":"private"}"#, ErrorKind::Decode, Some("$.x[7].a")),
            (
                r#"{"b":{"a":[1,2]},"a":{}}"#,
                ErrorKind::Decode,
                Some("$.x[7].a"),
            ),
            (
                r#"{"tags":{"x":["private"],"te\"am":["b",{}]}}"#,
                ErrorKind::Decode,
                Some("$.x[7].tags.te\"am[1]"),
            ),
            (
                "{\"tags\":{\"\u{202e}x\":5}}",
                ErrorKind::Decode,
                Some("$.x[7].tags.\u{fffd}x"),
            ),
            (r#"7"#, ErrorKind::Decode, Some("$.x[7]")),
            (r#"{"a":private}"#, ErrorKind::Decode, Some("$.x[7].a")),
            (r#"{"a":"private"#, ErrorKind::Truncated, Some("$.x[7].a")),
        ] {
            let error = serde_json::from_str::<Item>(text).unwrap_err();
            let error = decode_error::<Item>("an item", "$.x[7]", text.as_bytes(), &error);
            assert_eq!((error.kind(), error.json_path()), (kind, path), "{text}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("private"), "{shown}");
            assert!(std::error::Error::source(&error).is_none());
        }
        let text = r#"[{"a":1},{"a":"private"}]"#;
        let error = serde_json::from_str::<Vec<Item>>(text).unwrap_err();
        let error = decode_error::<Vec<Item>>("a list", "$.x", text.as_bytes(), &error);
        assert_eq!(error.json_path(), Some("$.x[1].a"));
    }
}
