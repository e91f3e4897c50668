//! What a slice refers to: the components it needs, and theirs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::strip::{described, stripped};
use crate::failure::{Failure, Result};
use crate::pointer;

/// Every component that `root` refers to, directly or not.
pub(super) fn closure(upstream: &Value, root: &Value) -> Result<Value> {
    let mut found: BTreeMap<(String, String), Value> = BTreeMap::new();
    let mut waiting = references(root);
    while let Some(reference) = waiting.pop_first() {
        let (section, name) = component(&reference)?;
        let key = (section, name);
        if found.contains_key(&key) {
            continue;
        }
        let node = upstream
            .get("components")
            .and_then(|components| components.get(&key.0)?.get(&key.1))
            .ok_or_else(|| {
                Failure::new(format!(
                    "{reference} is referred to but not there; fetch it again"
                ))
            })?;
        let node = stripped(node);
        let node = if key.0 == "responses" {
            described(node)
        } else {
            node
        };
        waiting.append(&mut references(&node));
        found.insert(key, node);
    }
    let mut components: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for ((section, name), node) in found {
        components.entry(section).or_default().insert(name, node);
    }
    Ok(json!(components))
}

/// The section and name of the component that a reference leads to or into.
fn component(reference: &str) -> Result<(String, String)> {
    let tokens = pointer::of_reference(reference)
        .map(pointer::tokens)
        .unwrap_or_default();
    match tokens.as_slice() {
        [root, section, name, ..] if root == "components" => Ok((section.clone(), name.clone())),
        _ => Err(Failure::new(format!(
            "{reference} leads out of the document's components"
        ))),
    }
}

/// What a node refers to, `$ref` and the mapping of a discriminator alike.
fn references(node: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect_references(node, &mut found);
    found
}

fn collect_references(node: &Value, found: &mut BTreeSet<String>) {
    match node {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("$ref", Value::String(reference)) => {
                        found.insert(reference.clone());
                    }
                    ("mapping", Value::Object(mapping)) => {
                        let targets = mapping.values().filter_map(Value::as_str);
                        found.extend(targets.filter(|t| t.starts_with('#')).map(str::to_owned));
                    }
                    _ => collect_references(value, found),
                }
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, found)),
        _ => {}
    }
}
