//! How an action changes a node: merging and removing.

use serde_json::{Map, Value};

use crate::failure::{Failure, Result, refusal};
use crate::spec::{child, tokens};

/// Whether an update does more than describe.
pub(super) fn corrects(update: &Value) -> bool {
    match update {
        Value::Object(map) => map.iter().any(|(key, value)| match value {
            _ if key.starts_with("x-") => false,
            Value::Object(_) => corrects(value),
            _ => !matches!(key.as_str(), "description" | "summary"),
        }),
        _ => true,
    }
}

/// Merges as the Overlay specification says: objects recursively, lists by appending, the rest by
/// replacing. A node that is not there is refused instead of made: an addition that outlives what
/// it was written for would otherwise invent a field.
pub(super) fn merge(node: &mut Value, update: &Value, at: &str) -> Result<()> {
    match (node, update) {
        (Value::Object(node), Value::Object(update)) => {
            for (key, value) in update {
                merge_entry(node, key, value, at)?;
            }
            Ok(())
        }
        (Value::Array(node), Value::Array(update)) => {
            for item in update {
                if node.contains(item) {
                    return Err(refusal!(
                        "{at} holds {item} already; remove it from the action"
                    ));
                }
                node.push(item.clone());
            }
            Ok(())
        }
        (node, update) => Err(refusal!(
            "{at} is {}, the update is {}",
            kind(node),
            kind(update)
        )),
    }
}

fn merge_entry(node: &mut Map<String, Value>, key: &str, value: &Value, at: &str) -> Result<()> {
    let at = child(at, key);
    match (node.get_mut(key), value) {
        (Some(inner), Value::Object(_) | Value::Array(_)) => merge(inner, value, &at),
        // An extension is a remark of ours, no node of the service's.
        (None, Value::Object(_) | Value::Array(_)) if !key.starts_with("x-") => Err(Failure::new(
            format!("{at} is missing, and an overlay makes no node"),
        )),
        (Some(inner), _) if inner == value => Err(refusal!(
            "{at} is {value} already; remove it from the action"
        )),
        (_, scalar) => {
            node.insert(key.to_owned(), scalar.clone());
            Ok(())
        }
    }
}

/// Removes what a pointer leads to.
pub(super) fn remove(spec: &mut Value, pointer: &str) -> Result<()> {
    let unreachable = || refusal!("{pointer} cannot be removed");
    let (parent, _) = pointer.rsplit_once('/').ok_or_else(unreachable)?;
    let token = tokens(pointer).pop().unwrap_or_default();
    match spec.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            // shift_remove or a sorted map: either way the order of the rest stays.
            map.retain(|key, _| key != &token);
            Ok(())
        }
        Some(Value::Array(items)) => {
            let index: usize = token.parse().map_err(|_| unreachable())?;
            if index < items.len() {
                items.remove(index);
            }
            Ok(())
        }
        _ => Err(unreachable()),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::String(_) => "a text",
        Value::Number(_) => "a number",
        Value::Bool(_) => "true or false",
        Value::Null => "null",
    }
}
