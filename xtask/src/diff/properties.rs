//! Rules of an object's fields.

use std::collections::BTreeSet;

use serde_json::Value;

use super::schemas::{Direction, Subject, compare as compare_schemas};
use super::{Comparison, Level, Node, entries_of, enums, quoted_list};

/// Compares the fields of two objects, and what each is made of.
pub(super) fn compare<'a>(
    c: &mut Comparison<'a>,
    old: &Node<'a>,
    new: &Node<'a>,
    subject: &Subject,
) {
    let (before, after) = (
        entries_of(Some(old), "properties"),
        entries_of(Some(new), "properties"),
    );
    let (was_required, is_required) = (required(old), required(new));
    let request = subject.direction != Direction::Answer;
    let named = |name: &str| format!("`{name}` of {}", subject.name);
    for (name, node) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
        let rule = match (request, was_required.contains(name)) {
            (true, _) => "request-property-removed",
            (false, true) => "response-required-property-removed",
            (false, false) => "response-optional-property-removed",
        };
        c.row(
            Level::Breaking,
            rule,
            &node.place,
            format!("{} is gone.", named(name)),
        );
    }
    for (name, node) in &after {
        let is = is_required.contains(name);
        let Some(earlier) = before.get(name) else {
            added(c, node, named(name), request, is);
            continue;
        };
        let was = was_required.contains(name);
        if was != is {
            let (rule, word) = if is {
                ("required", "required")
            } else {
                ("optional", "optional")
            };
            // Ours are optional in answers either way; in requests the field's type changes.
            let level = if request {
                Level::Breaking
            } else {
                Level::Additive
            };
            let rule = format!("{}-property-became-{rule}", subject.direction.name());
            c.row(
                level,
                rule,
                &node.place,
                format!("{} is {word} now.", named(name)),
            );
        }
        compare_schemas(
            c,
            earlier,
            node,
            &subject.inner(named(name), !request || !is),
        );
    }
}

fn added(c: &mut Comparison<'_>, node: &Node<'_>, name: String, request: bool, required: bool) {
    let (level, rule) = match (request, required) {
        (true, true) => (Level::Breaking, "new-required-request-property"),
        (true, false) => (Level::Additive, "new-optional-request-property"),
        (false, true) => (Level::Additive, "response-required-property-added"),
        (false, false) => (Level::Additive, "response-optional-property-added"),
    };
    let word = if request && required {
        "new and required"
    } else {
        "new"
    };
    let what = match enums::values(node) {
        Some(values) => {
            let list = quoted_list(values.iter().map(String::as_str));
            format!("{name} is {word}: one of {list}.")
        }
        None => format!("{name} is {word}."),
    };
    c.row(level, rule, &node.place, what);
}

fn required<'a>(schema: &Node<'a>) -> BTreeSet<&'a str> {
    let list = schema.get("required").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}
