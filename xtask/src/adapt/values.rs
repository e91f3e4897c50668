//! Quirks of values: what the generated types would reject, and must not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Context;
use super::enums::own_type;
use crate::failure::{Result, refusal};
use crate::schemas;
use crate::spec::{SCHEMAS, each_reference, of_reference, operations};

/// Declared as objects, but strings and integers have been recorded: anything may stand there.
pub(super) fn any_parameters(spec: &mut Value, _: &mut Context<'_>) -> Result<usize> {
    let place = "/components/schemas/ApiError/properties/parameters/items";
    match spec.pointer_mut(place) {
        Some(Value::Object(items)) if items.get("type") == Some(&json!("object")) => {
            items.clear();
            Ok(1)
        }
        _ => Ok(0),
    }
}

/// Keywords that make the generated types reject or reorder values: a pattern or a length becomes a
/// type that rejects on decoding, a bound another integer type, unique items a hash set, a closed
/// object one that refuses new fields; upstream's facts lag behind its data. What the service does
/// by default it does when nothing is sent.
const CHECKS: [&str; 17] = [
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "uniqueItems",
    "default",
    "not",
    "discriminator",
    "patternProperties",
];

/// The formats of a string that have a type here.
pub(crate) const TIMES: [&str; 3] = ["date", "date-time", "binary"];

/// Nothing is rejected but for its type.
pub(super) fn no_checks(schema: &mut Map<String, Value>) -> usize {
    let before = schema.len();
    let is_string = schema.get("type") == Some(&json!("string"));
    schema.retain(|key, value| {
        let is_closed = key == "additionalProperties" && *value == json!(false);
        // Others become types of their own (a UUID, an address), or nothing.
        let is_format = key == "format" && is_string && !TIMES.iter().any(|kept| value == kept);
        !is_closed && !is_format && !CHECKS.contains(&key.as_str())
    });
    before - schema.len()
}

/// A `number` becomes a binary fraction, which is not the number that was sent.
pub(super) fn exact_numbers(schema: &mut Map<String, Value>) -> usize {
    let is_number = schema.get("type") == Some(&json!("number"));
    if is_number {
        schema.insert("x-rust-type".to_owned(), own_type("Number"));
    }
    usize::from(is_number)
}

/// An amount is not any integer: it is summed, and shown with two places.
pub(super) fn exact_cents(schema: &mut Map<String, Value>) -> usize {
    own_properties(schema, "integer", "Cents", |name| name.ends_with("Cents"))
}

/// A URL with a signature in it opens its file to whoever reads it, so that it must not be shown.
pub(super) fn presigned_urls(schema: &mut Map<String, Value>) -> usize {
    own_properties(schema, "string", "PresignedUrl", |name| {
        name == "downloadUrl"
    })
}

/// Gives the properties that are of a JSON type, and whose names match, a hand-written type.
fn own_properties(
    schema: &mut Map<String, Value>,
    json_type: &str,
    own: &str,
    matches: fn(&str) -> bool,
) -> usize {
    let mut changes = 0;
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if matches(name) && property["type"] == json_type {
            property["x-rust-type"] = own_type(own);
            changes += 1;
        }
    }
    changes
}

/// What is required of a response changes between releases; a missing field must not fail a decode,
/// nor change its type when the promise changes.
pub(super) fn responses_require_nothing(spec: &mut Value, _: &mut Context<'_>) -> Result<usize> {
    let requests = request_schemas(spec);
    let mut changes = 0;
    schemas::each(spec, &mut |place, schema| {
        if place.component.is_some_and(|name| !requests.contains(name)) {
            changes += usize::from(schema.remove("required").is_some());
        }
    });
    Ok(changes)
}

/// The component schemas that request bodies reach and responses do not.
fn request_schemas(spec: &Value) -> BTreeSet<String> {
    let (mut requests, mut responses) = (BTreeSet::new(), BTreeSet::new());
    for (.., operation) in operations(spec) {
        reach(spec, &operation["requestBody"], &mut requests);
        reach(spec, &operation["responses"], &mut responses);
    }
    let only = requests.difference(&responses);
    only.filter_map(|reference| reference.strip_prefix(SCHEMAS))
        .map(str::to_owned)
        .collect()
}

/// Collects the references that a node leads to, directly or not.
fn reach(spec: &Value, node: &Value, reached: &mut BTreeSet<String>) {
    let mut new = Vec::new();
    each_reference(&mut node.clone(), &mut |reference| {
        if reached.insert(reference.clone()) {
            new.push(reference.clone());
        }
    });
    for reference in new {
        let pointer = of_reference(&reference).unwrap_or_default();
        reach(spec, spec.pointer(pointer).unwrap_or(&Value::Null), reached);
    }
}

/// Types that no pinned version reaches are not generated.
pub(super) fn reached_types(spec: &mut Value, context: &mut Context<'_>) -> Result<usize> {
    let mut reached = BTreeSet::new();
    reach(spec, &spec["paths"], &mut reached);
    for reference in &context.kept {
        reach(spec, &json!({ "$ref": reference }), &mut reached);
    }
    match spec.pointer_mut("/components/schemas") {
        Some(Value::Object(components)) => {
            let before = components.len();
            components.retain(|name, _| reached.contains(&format!("{SCHEMAS}{name}")));
            Ok(before - components.len())
        }
        _ => Ok(0),
    }
}

/// A nullable component becomes a type around an option, of which each use is an option again. The
/// component says what it is when it is there; whoever refers to it does not require it.
pub(super) fn nullable_components(spec: &mut Value, _: &mut Context<'_>) -> Result<usize> {
    let mut nullable = BTreeSet::new();
    let components = spec.pointer_mut("/components/schemas");
    for (name, schema) in components
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        if schema["nullable"] == true {
            nullable.insert(format!("{SCHEMAS}{name}"));
            schema
                .as_object_mut()
                .map(|schema| schema.remove("nullable"));
        }
    }
    schemas::each(spec, &mut |_, schema| {
        let properties = schema.get("properties").cloned().unwrap_or_default();
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            let is_nullable = |name: &str| {
                let reference = properties[name]["$ref"].as_str();
                reference.is_some_and(|reference| nullable.contains(reference))
            };
            required.retain(|name| !name.as_str().is_some_and(is_nullable));
        }
    });
    Ok(nullable.len())
}

/// An optional list or map of a request becomes one that is not sent when it is empty. Marked
/// nullable it becomes an option, which keeps "none" apart from "not said". Those of a response are
/// plain: missing, null and empty are the same, and our decoders take all three.
pub(super) fn optional_lists(spec: &mut Value, _: &mut Context<'_>) -> Result<usize> {
    let requests = request_schemas(spec);
    let mut changes = 0;
    schemas::each(spec, &mut |place, schema| {
        let is_request = place.component.is_none_or(|name| requests.contains(name));
        let required = schema.get("required").cloned().unwrap_or_default();
        let is_required = |name: &str| {
            required
                .as_array()
                .is_some_and(|r| r.contains(&json!(name)))
        };
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            if is_collection(property) && !is_required(name) {
                changes += set_nullable(property, is_request);
            }
        }
        if let Some(inner) = schema.get_mut("additionalProperties")
            && is_collection(inner)
        {
            changes += set_nullable(inner, is_request);
        }
    });
    Ok(changes)
}

fn set_nullable(schema: &mut Value, nullable: bool) -> usize {
    let Value::Object(schema) = schema else {
        return 0;
    };
    let before = match nullable {
        true => schema.insert("nullable".to_owned(), json!(true)),
        false => schema.remove("nullable"),
    };
    usize::from((before == Some(json!(true))) != nullable)
}

fn is_collection(schema: &Value) -> bool {
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => true,
        Some("object") => schema.get("properties").is_none(),
        _ => false,
    }
}

/// Upstream names its schemas after its own classes; our types have names of ours, which stay.
pub(super) fn stable_schemas(spec: &mut Value, context: &mut Context<'_>) -> Result<usize> {
    let mut renamed = BTreeMap::new();
    let Some(Value::Object(components)) = spec.pointer_mut("/components/schemas") else {
        return Ok(0);
    };
    for named in &context.selection.schemas {
        let (upstream, name) = (&named.upstream, &named.name);
        let Some(schema) = components.remove(upstream) else {
            context.warnings.push(format!(
                "the schema {upstream} is not used any more, and {name} has no type; remove its \
                 [[schema]] from openapi/slice.toml"
            ));
            continue;
        };
        if components.insert(name.clone(), schema).is_some() {
            return Err(refusal!(
                "openapi/slice.toml: {upstream} cannot be called {name}: the slice has another \
                 schema of that name"
            ));
        }
        renamed.insert(format!("{SCHEMAS}{upstream}"), format!("{SCHEMAS}{name}"));
    }
    each_reference(spec, &mut |reference| {
        if let Some(name) = renamed.get(reference) {
            reference.clone_from(name);
        }
    });
    Ok(renamed.len())
}
