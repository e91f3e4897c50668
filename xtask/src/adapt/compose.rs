//! Quirks of composition: `allOf`, `oneOf` and `anyOf`.

use serde_json::{Map, Value, json};

use super::Context;
use crate::failure::Result;
use crate::schemas;
use crate::spec::resolve;

/// The parts of a composed schema, under whichever key.
fn parts(schema: &Map<String, Value>) -> Option<(&'static str, &Vec<Value>)> {
    let keys = ["oneOf", "anyOf", "allOf"].into_iter();
    keys.filter_map(|key| Some((key, schema.get(key)?.as_array()?)))
        .next()
}

/// A composition of one part is that part; an `allOf` of objects is the object with all fields,
/// which the generator makes of it only in part.
pub(super) fn merged_objects(spec: &mut Value, _: &mut Context<'_>) -> Result<usize> {
    Ok(merge(spec))
}

/// The same, for whoever compares what types are made of.
pub(crate) fn merge(spec: &mut Value) -> usize {
    let shared = spec.clone();
    let mut changes = 0;
    schemas::each(spec, &mut |_, schema| {
        let Some((key, list)) = parts(schema) else {
            return;
        };
        let whole = match list.as_slice() {
            [only] if only.get("$ref").is_some() && schema.get("properties").is_none() => {
                let only = json!([only]);
                schema.remove(key);
                schema.insert("allOf".to_owned(), only);
                return;
            }
            [Value::Object(only)] if schema.get("properties").is_none() => Some(only.clone()),
            _ if key == "allOf" => object(&shared, &Value::Object(schema.clone()), 0),
            _ => None,
        };
        if let Some(whole) = whole {
            for key in ["oneOf", "anyOf", "allOf", "discriminator"] {
                schema.remove(key);
            }
            for (key, value) in whole {
                if key == "properties" || key == "required" || !schema.contains_key(&key) {
                    schema.insert(key, value);
                }
            }
            changes += 1;
        }
    });
    changes
}

/// More inheritance than this is a circle.
const DEEPEST: usize = 20;

/// The fields of an object and of those it is composed of; nothing if it is not a plain object.
fn object(spec: &Value, node: &Value, depth: usize) -> Option<Map<String, Value>> {
    let schema = resolve(spec, node).as_object()?;
    let (mut properties, mut required) = (Map::new(), Vec::new());
    let inherited = schema.get("allOf").and_then(Value::as_array);
    for part in inherited.into_iter().flatten() {
        let part = object(spec, part, depth + 1).filter(|_| depth < DEEPEST)?;
        properties.extend(part.get("properties")?.as_object()?.clone());
        required.extend(part.get("required")?.as_array()?.clone());
    }
    match schema.get("properties").and_then(Value::as_object) {
        Some(own) => properties.extend(own.clone()),
        None if schema.contains_key("oneOf") || schema.contains_key("anyOf") => return None,
        None if inherited.is_some() || schema.get("type") == Some(&json!("object")) => {}
        None => return None,
    }
    if schema
        .get("additionalProperties")
        .is_some_and(Value::is_object)
    {
        return None;
    }
    required.extend(
        schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .cloned(),
    );
    let whole = json!({"type": "object", "properties": properties, "required": required});
    whole.as_object().cloned()
}

/// One of several forms becomes a type that rejects what is none of them, and one unexpected form
/// would fail a whole invoice. It is kept as JSON.
pub(super) fn json_values(schema: &mut Map<String, Value>) -> usize {
    let list = match parts(schema) {
        Some(("allOf", list)) if list.len() == 1 => return 0,
        Some((_, list)) => list,
        None => return 0,
    };
    let names = list
        .iter()
        .filter_map(|part| part["$ref"].as_str()?.rsplit('/').next());
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let forms = match names.is_empty() {
        true => "Kept as JSON: it has several forms.".to_owned(),
        false => format!("Kept as JSON: one of {}.", names.join(", ")),
    };
    let about = schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let about = format!("{about}\n\n{forms}").trim().to_owned();
    *schema = Map::from_iter([("description".to_owned(), json!(about))]);
    1
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
