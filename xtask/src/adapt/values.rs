//! Quirks of values: what the generated types would reject, and must not.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::failure::{Failure, Result};
use crate::schemas;
use crate::selection::Selection;

/// Declared as objects, but strings and integers have been recorded: anything may stand there.
pub(super) fn any_parameters(spec: &mut Value, _: &Selection) -> Result<usize> {
    let place = "/components/schemas/ApiError/properties/parameters/items";
    match spec.pointer_mut(place) {
        Some(Value::Object(items)) if items.get("type") == Some(&json!("object")) => {
            items.clear();
            Ok(1)
        }
        _ => Err(Failure::new(format!(
            "{place} is no longer declared as an object"
        ))),
    }
}

/// A pattern becomes a type that rejects on decoding; upstream's patterns lag behind its data.
pub(super) fn no_patterns(spec: &mut Value, _: &Selection) -> Result<usize> {
    without_keys(spec, &["pattern", "minLength", "maxLength"])
}

/// A bound becomes another integer type, which rejects on decoding and changes with the bound.
pub(super) fn no_bounds(spec: &mut Value, _: &Selection) -> Result<usize> {
    let bounds = [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
    ];
    let lengths = ["minItems", "maxItems", "minProperties", "maxProperties"];
    without_keys(spec, &[bounds.as_slice(), lengths.as_slice()].concat())
}

/// What is left out is left out: the service applies its default, and may change it.
pub(super) fn no_defaults(spec: &mut Value, _: &Selection) -> Result<usize> {
    without_keys(spec, &["default"])
}

/// A list whose items are unique becomes a hash set: no order, and a rejected repetition.
pub(super) fn repeatable_items(spec: &mut Value, _: &Selection) -> Result<usize> {
    without_keys(spec, &["uniqueItems"])
}

fn without_keys(spec: &mut Value, keys: &[&str]) -> Result<usize> {
    let mut changes = 0;
    schemas::each(spec, &mut |_, schema| {
        let before = schema.len();
        schema.retain(|key, _| !keys.contains(&key.as_str()));
        changes += before - schema.len();
    });
    Ok(changes)
}

/// `format: float` becomes an f32, in which 33.3 is not the number that was sent.
pub(super) fn doubles(spec: &mut Value, _: &Selection) -> Result<usize> {
    let mut changes = 0;
    schemas::each(spec, &mut |_, schema| {
        if schema.get("format") == Some(&json!("float")) {
            schema.insert("format".to_owned(), json!("double"));
            changes += 1;
        }
    });
    Ok(changes)
}

/// An object that is closed becomes a type that rejects fields it does not know.
pub(super) fn open_objects(spec: &mut Value, _: &Selection) -> Result<usize> {
    let mut changes = 0;
    schemas::each(spec, &mut |_, schema| {
        if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
            schema.remove("additionalProperties");
            changes += 1;
        }
    });
    Ok(changes)
}

/// What is required of an answer changes between releases; a field that is missing must not fail a
/// decode, nor change its type when the promise changes. Schemas that answers are made of require
/// nothing.
pub(super) fn answers_promise_nothing(spec: &mut Value, _: &Selection) -> Result<usize> {
    let requests = request_schemas(spec);
    let mut changes = 0;
    schemas::each(spec, &mut |place, schema| {
        if place.component.is_some_and(|name| !requests.contains(name)) {
            changes += usize::from(schema.remove("required").is_some());
        }
    });
    Ok(changes)
}

/// The component schemas that request bodies reach and answers do not.
fn request_schemas(spec: &Value) -> BTreeSet<String> {
    let (mut requests, mut answers) = (BTreeSet::new(), BTreeSet::new());
    if let Some(Value::Object(paths)) = spec.get("paths") {
        for operation in paths
            .values()
            .filter_map(Value::as_object)
            .flat_map(Map::values)
        {
            reach(
                spec,
                operation.get("requestBody").unwrap_or(&Value::Null),
                &mut requests,
            );
            reach(
                spec,
                operation.get("responses").unwrap_or(&Value::Null),
                &mut answers,
            );
        }
    }
    &schema_names(&requests) - &schema_names(&answers)
}

fn schema_names(references: &BTreeSet<String>) -> BTreeSet<String> {
    let below = references
        .iter()
        .filter_map(|text| text.strip_prefix("#/components/schemas/"));
    below
        .filter_map(|rest| rest.split('/').next())
        .map(str::to_owned)
        .collect()
}

/// Collects the references that a node leads to, directly or not.
fn reach(spec: &Value, node: &Value, reached: &mut BTreeSet<String>) {
    match node {
        Value::Object(map) => {
            if let Some(reference) = map.get("$ref").and_then(Value::as_str)
                && reached.insert(reference.to_owned())
            {
                reach(spec, crate::versions::resolve(spec, node), reached);
            }
            map.values().for_each(|value| reach(spec, value, reached));
        }
        Value::Array(items) => items.iter().for_each(|item| reach(spec, item, reached)),
        _ => {}
    }
}

/// A nullable component becomes a type around an option, of which each use is an option again. The
/// component says what it is when it is there; whoever refers to it does not require it.
pub(super) fn nullable_components(spec: &mut Value, _: &Selection) -> Result<usize> {
    let mut nullable = BTreeSet::new();
    if let Some(Value::Object(components)) = spec.pointer_mut("/components/schemas") {
        for (name, schema) in components {
            let removed = schema
                .as_object_mut()
                .and_then(|schema| schema.remove("nullable"));
            if removed == Some(Value::Bool(true)) {
                nullable.insert(format!("#/components/schemas/{name}"));
            }
        }
    }
    schemas::each(spec, &mut |_, schema| {
        let optional: BTreeSet<String> = match schema.get("properties") {
            Some(Value::Object(properties)) => properties
                .iter()
                .filter(|(_, property)| {
                    property["$ref"]
                        .as_str()
                        .is_some_and(|target| nullable.contains(target))
                })
                .map(|(name, _)| name.clone())
                .collect(),
            _ => return,
        };
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|name| name.as_str().is_none_or(|name| !optional.contains(name)));
        }
    });
    Ok(nullable.len())
}

/// An optional list or map becomes one that is empty when it is missing, and rejects null. Marked
/// nullable it becomes an option, which takes null and keeps "none" apart from "not said". The
/// lists in a map may be null as well.
pub(super) fn nullable_lists(spec: &mut Value, _: &Selection) -> Result<usize> {
    let mut changes = 0;
    schemas::each(spec, &mut |_, schema| {
        let required: BTreeSet<String> = match schema.get("required") {
            Some(Value::Array(names)) => names
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => BTreeSet::new(),
        };
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            for (name, property) in properties {
                if !required.contains(name) && is_collection(property) {
                    property["nullable"] = json!(true);
                    changes += 1;
                }
            }
        }
        if let Some(inner) = schema.get_mut("additionalProperties")
            && inner.get("type") == Some(&json!("array"))
        {
            inner["nullable"] = json!(true);
            changes += 1;
        }
    });
    Ok(changes)
}

fn is_collection(schema: &Value) -> bool {
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => true,
        Some("object") => schema.get("properties").is_none(),
        _ => false,
    }
}

/// OpenAPI 3.0 ignores what stands beside a `$ref`, so a description of a field that refers to a
/// schema is put around it.
pub(super) fn described_references(spec: &mut Value) {
    schemas::each(spec, &mut |_, schema| {
        if schema.contains_key("description")
            && let Some(reference) = schema.remove("$ref")
        {
            schema.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
        }
    });
}
