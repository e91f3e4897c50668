//! What every step needs of a specification: places, references, operations, and one way to write
//! it.

use serde_json::{Map, Value};

/// The methods that an OpenAPI 3.0 path item may hold, in its order.
pub(crate) const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// The prefix of a reference to a component schema.
pub(crate) const SCHEMAS: &str = "#/components/schemas/";

/// The operations of a specification with path and method.
pub(crate) fn operations(spec: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = spec.get("paths").and_then(Value::as_object);
    paths.into_iter().flatten().flat_map(|(path, item)| {
        let found = METHODS
            .iter()
            .filter_map(|method| Some((*method, item.get(method)?)));
        found.map(|(method, operation)| (path.as_str(), method, operation))
    })
}

/// Calls `change` with each operation of the document; adds up what it returns.
pub(crate) fn each_operation(
    spec: &mut Value,
    mut change: impl FnMut(&str, &str, &mut Map<String, Value>) -> usize,
) -> usize {
    let mut changes = 0;
    let paths = spec.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for method in METHODS {
            if let Some(Value::Object(operation)) = item.get_mut(method) {
                changes += change(path, method, operation);
            }
        }
    }
    changes
}

/// Whether a response's key is a final success.
pub(crate) fn is_success(status: &str) -> bool {
    status.len() == 3 && status.starts_with('2')
}

/// The JSON pointer (RFC 6901) to `token` below `parent`.
pub(crate) fn child(parent: &str, token: &str) -> String {
    format!("{parent}/{}", token.replace('~', "~0").replace('/', "~1"))
}

/// The tokens of a pointer, unescaped.
pub(crate) fn tokens(pointer: &str) -> Vec<String> {
    let tokens = pointer.split('/').skip(1);
    tokens
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// The pointer of a reference inside the document (`#/components/…`), or nothing for any other.
pub(crate) fn of_reference(reference: &str) -> Option<&str> {
    let pointer = reference.strip_prefix('#');
    pointer.filter(|pointer| pointer.starts_with('/'))
}

/// Follows a reference inside the document, once.
pub(crate) fn resolve<'a>(spec: &'a Value, node: &'a Value) -> &'a Value {
    let target = node.get("$ref").and_then(Value::as_str);
    let target = target.and_then(of_reference);
    target
        .and_then(|pointer| spec.pointer(pointer))
        .unwrap_or(node)
}

/// The texts of a list, such as `required` or `x-rolesRequirements`.
pub(crate) fn texts<'a>(node: &'a Value, key: &str) -> Vec<&'a str> {
    let list = node.get(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Calls `visit` with the text of each `$ref`, and of each target of a discriminator.
pub(crate) fn each_reference(node: &mut Value, visit: &mut dyn FnMut(&mut String)) {
    match node {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("$ref", Value::String(reference)) => visit(reference),
                    ("mapping", Value::Object(mapping)) => {
                        for target in mapping.values_mut() {
                            if let Value::String(target) = target
                                && target.starts_with('#')
                            {
                                visit(target);
                            }
                        }
                    }
                    (_, value) => each_reference(value, visit),
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| each_reference(item, visit)),
        _ => {}
    }
}

/// The text of `value`: keys sorted, two spaces, a line break at the end; the same bytes for the
/// same content.
pub(crate) fn json_text(value: &Value) -> String {
    format!("{:#}\n", sorted(value))
}

/// The same value with the keys of every object in order. The order that serde_json keeps depends
/// on a feature that another crate of the build may switch on.
pub(crate) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let entries = entries.into_iter();
            Value::Object(
                entries
                    .map(|(key, value)| (key.clone(), sorted(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn slashes_and_tildes_survive() {
        let pointer = child(&child("/paths", "/a/{b}"), "x~y");
        assert_eq!(pointer, "/paths/~1a~1{b}/x~0y");
        assert_eq!(tokens(&pointer), ["paths", "/a/{b}", "x~y"]);
        assert_eq!(tokens(""), Vec::<String>::new());
    }

    #[test]
    fn only_references_into_the_document_are_pointers() {
        let inside = of_reference("#/components/schemas/A");
        assert_eq!(inside, Some("/components/schemas/A"));
        assert_eq!(of_reference("other.json#/A"), None);
        assert_eq!(of_reference("#A"), None);
    }

    #[test]
    fn only_final_successes_are_successes() {
        for (status, expected) in [
            ("200", true),
            ("202", true),
            ("102", false),
            ("404", false),
            ("default", false),
        ] {
            assert_eq!(is_success(status), expected, "{status}");
        }
    }

    #[test]
    fn keys_are_sorted_and_lists_are_not() {
        let value: Value = serde_json::from_str(r#"{"b":[2,1],"a":{"d":1,"c":2}}"#).unwrap();
        let expected =
            "{\n  \"a\": {\n    \"c\": 2,\n    \"d\": 1\n  },\n  \"b\": [\n    2,\n    1\n  ]\n}\n";
        assert_eq!(json_text(&value), expected);
    }

    #[test]
    fn references_are_met_in_every_form() {
        let mut node = json!({"a": [{"$ref": "#/x"}], "d": {"mapping": {"k": "#/y", "l": "z"}}});
        let mut met = Vec::new();
        each_reference(&mut node, &mut |reference| {
            met.push(reference.clone());
            reference.push('!');
        });
        assert_eq!(met, ["#/x", "#/y"]);
        assert_eq!(node["a"][0]["$ref"], "#/x!");
    }
}
