//! Taking the prose out of a node: upstream's sentences are upstream's.

use serde_json::{Map, Value, json};

/// A node without prose, examples, links and the marks of upstream's own tooling.
pub(super) fn stripped(node: &Value) -> Value {
    match node {
        Value::Array(items) => Value::Array(items.iter().map(stripped).collect()),
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, value) in map {
                let prose = PROSE.contains(&key.as_str());
                let foreign = key.starts_with("x-") && !KEPT_EXTENSIONS.contains(&key.as_str());
                if prose || foreign {
                    continue;
                }
                let value = match value {
                    Value::Object(named) if NAMED.contains(&key.as_str()) => {
                        let entries = named.iter().map(|(name, node)| {
                            let node = stripped(node);
                            (
                                name.clone(),
                                if key == "responses" {
                                    described(node)
                                } else {
                                    node
                                },
                            )
                        });
                        Value::Object(entries.collect())
                    }
                    _ if DATA.contains(&key.as_str()) || key.starts_with("x-") => value.clone(),
                    _ => stripped(value),
                };
                kept.insert(key.clone(), value);
            }
            Value::Object(kept)
        }
        other => other.clone(),
    }
}

/// OpenAPI 3.0 demands a description of every response; an empty one is none of upstream's.
pub(super) fn described(response: Value) -> Value {
    match response {
        Value::Object(mut map) if !map.contains_key("$ref") => {
            map.insert("description".to_owned(), json!(""));
            Value::Object(map)
        }
        other => other,
    }
}

/// Keys that hold prose or point to it.
const PROSE: [&str; 8] = [
    "description",
    "summary",
    "title",
    "example",
    "examples",
    "externalDocs",
    "tags",
    "$comment",
];

/// Upstream's own extensions that are facts about the service.
const KEPT_EXTENSIONS: [&str; 4] = [
    "x-xgen-version",
    "x-xgen-sha",
    "x-rolesRequirements",
    "x-sunset",
];

/// Keys whose value maps names of upstream's to nodes, so that a property called `title` stays.
const NAMED: [&str; 10] = [
    "properties",
    "patternProperties",
    "responses",
    "headers",
    "content",
    "encoding",
    "callbacks",
    "variables",
    "schemas",
    "requestBodies",
];

/// Keys whose value is data, not structure.
const DATA: [&str; 4] = ["enum", "default", "required", "mapping"];
