//! The operations we want with the closure of what they refer to: upstream's structure, none of
//! its prose.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::failure::{Failure, Problems, Result, refusal};
use crate::selection::{NamedSchema, Selection};
use crate::spec::{child, each_reference, of_reference, sorted, tokens};
use crate::versions;

/// Cuts the selection out of `upstream`. The same content gives the same value, whatever the form
/// or the order it came in.
pub(crate) fn slice(upstream: &Value, selection: &Selection) -> Result<Value> {
    let mut problems = Problems::default();
    for wanted in &selection.operations {
        if wanted.find(upstream).is_none() {
            let (title, name) = (wanted.title(), &wanted.name);
            problems.add(format!(
                "{title} ({name}) is not in the specification; `cargo xtask ops` lists what is"
            ));
        } else {
            problems.check(versions::check_pinned(upstream, wanted));
        }
    }
    for schema in &selection.schemas {
        let known = &upstream["components"]["schemas"][&schema.upstream]["properties"];
        for field in schema
            .drop
            .iter()
            .filter(|field| known.get(field).is_none())
        {
            let name = &schema.name;
            problems.add(format!(
                "openapi/slice.toml: schema {name}: `drop` lists {field:?}, which is not there"
            ));
        }
    }
    let slice = problems.check(part(upstream, selection));
    problems.refuse()?;
    Ok(slice.unwrap_or_default())
}

/// The slice of those wanted operations that are there: what two releases can be compared by.
pub(crate) fn part(upstream: &Value, selection: &Selection) -> Result<Value> {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for wanted in &selection.operations {
        let Some(operation) = wanted.find(upstream) else {
            continue;
        };
        let mut operation = stripped(operation);
        // What the document says for all operations is said of each: the slice has no other.
        if operation.get("security").is_none() {
            let known = upstream["components"].get("securitySchemes").is_some();
            match upstream.get("security") {
                Some(security) => operation["security"] = security.clone(),
                None if known => operation["security"] = json!([]),
                None => {}
            }
        }
        let item = paths.entry(&wanted.path).or_default();
        item.insert(wanted.method.clone(), operation);
        if let Some(shared) = upstream["paths"][&wanted.path].get("parameters") {
            item.insert("parameters".to_owned(), stripped(shared));
        }
    }
    let paths = json!(paths);
    let components = closure(upstream, &paths, &selection.schemas)?;
    // Both are required by OpenAPI 3.0; the title is ours, a slice is not upstream's document.
    let info = &upstream["info"];
    let mut head = json!({
        "title": "MongoDB Atlas billing",
        "version": info["version"].as_str().unwrap_or_default(),
    });
    if let Some(sha) = info.get("x-xgen-sha") {
        head["x-xgen-sha"] = sha.clone();
    }
    Ok(sorted(&json!({
        "openapi": upstream["openapi"],
        "info": head,
        "paths": paths,
        "components": components,
    })))
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
const NAMED: [&str; 11] = [
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
    "flows",
];

/// Keys whose value is data, not structure.
const DATA: [&str; 5] = ["enum", "default", "required", "mapping", "security"];

/// A node without prose, examples, links and the marks of upstream's own tooling.
fn stripped(node: &Value) -> Value {
    match node {
        Value::Array(items) => Value::Array(items.iter().map(stripped).collect()),
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, value) in map {
                let is_ours = |known: &[&str]| known.contains(&key.as_str());
                if is_ours(&PROSE) || (key.starts_with("x-") && !is_ours(&KEPT_EXTENSIONS)) {
                    continue;
                }
                let value = match value {
                    Value::Object(named) if is_ours(&NAMED) => {
                        let is_response = key == "responses";
                        let entries = named.iter().map(|(name, node)| {
                            (name.clone(), described(stripped(node), is_response))
                        });
                        Value::Object(entries.collect())
                    }
                    // The scopes of a flow with upstream's words for them.
                    Value::Object(scopes) if key == "scopes" => Value::Object(
                        scopes
                            .keys()
                            .map(|name| (name.clone(), json!("")))
                            .collect(),
                    ),
                    Value::Array(types) if key == "type" => match one_type(types, &mut kept) {
                        Some(one) => one,
                        None => continue,
                    },
                    _ if is_ours(&DATA) || key.starts_with("x-") => value.clone(),
                    _ => stripped(value),
                };
                kept.insert(key.clone(), value);
            }
            Value::Object(kept)
        }
        other => other.clone(),
    }
}

/// `type: [string, null]`, as OpenAPI 3.1 has it, in the terms of 3.0. Several types besides null
/// are any value.
fn one_type(types: &[Value], kept: &mut Map<String, Value>) -> Option<Value> {
    let mut others = types.iter().filter(|name| *name != "null");
    let one = others.next().filter(|_| others.next().is_none())?;
    if types.iter().any(|name| name == "null") {
        kept.insert("nullable".to_owned(), json!(true));
    }
    Some(one.clone())
}

/// OpenAPI 3.0 requires a description of every response; an empty one is none of upstream's.
fn described(mut node: Value, is_response: bool) -> Value {
    if is_response
        && let Value::Object(map) = &mut node
        && !map.contains_key("$ref")
    {
        map.insert("description".to_owned(), json!(""));
    }
    node
}

/// Every component that `paths` refers to, directly or not.
fn closure(upstream: &Value, paths: &Value, schemas: &[NamedSchema]) -> Result<Value> {
    let mut found: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    let mut waiting = references(paths);
    waiting.extend(security_schemes(paths));
    while let Some(reference) = waiting.pop_first() {
        let tokens = of_reference(&reference).map(tokens).unwrap_or_default();
        let [root, section, name, ..] = tokens.as_slice() else {
            return Err(outside(&reference));
        };
        if root != "components" {
            return Err(outside(&reference));
        }
        if found
            .get(section)
            .is_some_and(|known| known.contains_key(name))
        {
            continue;
        }
        let node = upstream["components"]
            .get(section)
            .and_then(|nodes| nodes.get(name));
        let node = node.ok_or_else(|| refusal!("{reference} is referred to and missing"))?;
        let mut node = described(stripped(node), section == "responses");
        if section == "schemas" {
            let named = schemas.iter().filter(|schema| schema.upstream == *name);
            named.for_each(|schema| drop_fields(&mut node, &schema.drop));
        }
        waiting.append(&mut references(&node));
        found
            .entry(section.clone())
            .or_default()
            .insert(name.clone(), node);
    }
    Ok(json!(found))
}

/// Takes fields out of a schema, and with them what only they refer to.
fn drop_fields(schema: &mut Value, fields: &[String]) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.retain(|field, _| !fields.contains(field));
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|field| !fields.iter().any(|dropped| field == dropped));
    }
}

fn outside(reference: &str) -> Failure {
    refusal!("{reference} leads out of the document's components")
}

fn references(node: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_reference(&mut node.clone(), &mut |reference| {
        found.insert(reference.clone());
    });
    found
}

/// References to the sign-in methods that operations accept: `security` names them without.
fn security_schemes(paths: &Value) -> BTreeSet<String> {
    let items = paths.as_object().into_iter().flat_map(Map::values);
    let operations = items.filter_map(Value::as_object).flat_map(Map::values);
    let alternatives = operations.filter_map(|operation| operation.get("security")?.as_array());
    let names = alternatives
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(Map::keys);
    names
        .map(|name| format!("#{}", child("/components/securitySchemes", name)))
        .collect()
}

#[cfg(test)]
mod tests;
