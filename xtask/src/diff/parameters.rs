//! Rules of parameters, met by where they stand and their name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::schemas::{Direction, Subject, compare as compare_schemas};
use super::{Comparison, Level, Node};

/// Compares the parameters of an operation.
pub(super) fn compare<'a>(c: &mut Comparison<'a>, old: &Node<'a>, new: &Node<'a>) {
    let (before, after) = (all(c.old, old), all(c.new, new));
    for (key, parameter) in &before {
        if !after.contains_key(key) {
            let what = format!("The {} parameter `{}` is gone.", key.0, key.1);
            c.row(
                Level::Breaking,
                "request-parameter-removed",
                &parameter.place,
                what,
            );
        }
    }
    for (key, parameter) in &after {
        let Some(earlier) = before.get(key) else {
            added(c, key, parameter);
            continue;
        };
        both(c, key, earlier, parameter);
    }
}

fn added(c: &mut Comparison<'_>, key: &(String, String), parameter: &Node<'_>) {
    let (place, name) = key;
    if required(parameter) {
        let what = format!("The {place} parameter `{name}` is new and required.");
        c.row(
            Level::Breaking,
            "new-required-request-parameter",
            &parameter.place,
            what,
        );
    } else {
        let what = format!("The {place} parameter `{name}` is new and optional.");
        c.row(
            Level::Additive,
            "new-optional-request-parameter",
            &parameter.place,
            what,
        );
    }
}

fn both<'a>(c: &mut Comparison<'a>, key: &(String, String), old: &Node<'a>, new: &Node<'a>) {
    let name = format!("the parameter `{}`", key.1);
    match (required(old), required(new)) {
        (false, true) => {
            let what = format!("The {} parameter `{}` is required now.", key.0, key.1);
            c.row(
                Level::Breaking,
                "request-parameter-became-required",
                &new.place,
                what,
            );
        }
        (true, false) => {
            let what = format!("The {} parameter `{}` is optional now.", key.0, key.1);
            c.row(
                Level::Additive,
                "request-parameter-became-optional",
                &new.place,
                what,
            );
        }
        _ => {}
    }
    for style in ["style", "explode", "allowReserved"] {
        if old.get(style) != new.get(style) {
            let what =
                format!("`{style}` of {name} changed: it is written into the URL otherwise.");
            c.row(
                Level::Breaking,
                "request-parameter-serialization-changed",
                &new.place,
                what,
            );
        }
    }
    if let (Some(old), Some(new)) = (old.child("schema"), new.child("schema")) {
        let subject = Subject {
            name,
            direction: Direction::Parameter,
            optional: !required(&new),
        };
        compare_schemas(c, &old, &new, &subject);
    }
}

fn required(parameter: &Node<'_>) -> bool {
    parameter.get("required") == Some(&Value::Bool(true))
}

/// All parameters of an operation, those of its path item included, references resolved.
fn all<'a>(spec: &'a Value, operation: &Node<'a>) -> BTreeMap<(String, String), Node<'a>> {
    let mut found = BTreeMap::new();
    let item = operation
        .place
        .rsplit_once('/')
        .map(|(item, _)| item)
        .unwrap_or_default();
    let item = spec.pointer(item).map(|value| Node::new(value, item));
    for holder in item.iter().chain([operation]) {
        let Some(list) = holder.child("parameters") else {
            continue;
        };
        for (index, value) in list.value.as_array().into_iter().flatten().enumerate() {
            let parameter = Node::new(value, format!("{}/{index}", list.place)).resolved(spec);
            let text = |key| {
                parameter
                    .get(key)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            found.insert(
                (text("in").to_owned(), text("name").to_owned()),
                parameter.clone(),
            );
        }
    }
    found
}
