//! One way to write JSON: keys sorted, two spaces, a line break at the end.
//!
//! Sorted here rather than by serde_json, whose order depends on a feature that another crate of
//! the build may switch on.

use serde_json::{Map, Value};

/// The text of `value`, the same bytes for the same content.
pub(crate) fn text(value: &Value) -> String {
    format!("{:#}\n", sorted(value))
}

/// The same value with the keys of every object in order.
pub(crate) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let entries = entries
                .into_iter()
                .map(|(key, value)| (key.clone(), sorted(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_lists_are_not() {
        let value: Value = serde_json::from_str(r#"{"b":[2,1],"a":{"d":1,"c":2}}"#).unwrap();
        let expected =
            "{\n  \"a\": {\n    \"c\": 2,\n    \"d\": 1\n  },\n  \"b\": [\n    2,\n    1\n  ]\n}\n";
        assert_eq!(text(&value), expected);
    }
}
