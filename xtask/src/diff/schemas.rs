//! Rules of schemas, met by walking both releases side by side.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Comparison, Level, Node, entries_of, enums, limits, quoted_list};

/// Which way a schema's value travels: what is tighter for one is looser for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Parameter,
    Request,
    Answer,
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::Parameter => "request-parameter",
            Self::Request => "request",
            Self::Answer => "response",
        }
    }
}

/// What is being compared, for the reader.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// Its name inside a sentence.
    pub(super) name: String,
    pub(super) direction: Direction,
    /// Whether our type for it is an option already.
    pub(super) optional: bool,
}

impl Subject {
    /// Its name at the start of a sentence.
    pub(super) fn title(&self) -> String {
        let mut letters = self.name.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().collect::<String>() + letters.as_str()
        })
    }

    /// What its rules begin with.
    pub(super) fn prefix(&self, place: &str) -> String {
        let part = match self.direction {
            Direction::Parameter => "",
            _ if place.contains("/properties/") => "-property",
            // A shared schema is met from bodies and properties alike.
            _ if place.starts_with("/components/schemas/") => "-property",
            _ => "-body",
        };
        format!("{}{part}", self.direction.name())
    }

    fn inner(&self, name: String, optional: bool) -> Self {
        Self {
            name,
            direction: self.direction,
            optional,
        }
    }
}

/// Compares two schemas and all they are made of.
pub(super) fn compare<'a>(
    c: &mut Comparison<'a>,
    old: &Node<'a>,
    new: &Node<'a>,
    subject: &Subject,
) {
    let reference = |node: &Node<'a>| node.get("$ref").and_then(Value::as_str);
    match (reference(old), reference(new)) {
        (None, None) => {}
        (before, after) if before == after => {
            let (old, new) = (old.resolved(c.old), new.resolved(c.new));
            let key = (
                subject.direction.name(),
                old.place.clone(),
                new.place.clone(),
            );
            if c.seen.insert(key) {
                let name = format!("`{}`", last(&new.place));
                compare(c, &old, &new, &subject.inner(name, true));
            }
            return;
        }
        (before, after) => {
            let of = |reference: Option<&str>| match reference {
                Some(reference) => format!("a `{}`", last(reference)),
                None => "described in place".to_owned(),
            };
            let what = format!(
                "{} is {} now; it was {}.",
                subject.title(),
                of(after),
                of(before)
            );
            let rule = format!("{}-type-changed", subject.prefix(&new.place));
            c.row(Level::Breaking, rule, &new.place, what);
            return;
        }
    }
    if types_differ(c, old, new, subject) {
        return;
    }
    nullable(c, old, new, subject);
    enums::compare(c, old, new, subject);
    limits::compare(c, old, new, subject);
    remarks(c, old, new, subject);
    properties(c, old, new, subject);
    parts(c, old, new, subject);
}

/// Whether the generated type is another one; then nothing inside is worth comparing.
fn types_differ(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>, subject: &Subject) -> bool {
    let (before, after) = (rust_kind(old.value), rust_kind(new.value));
    let prefix = subject.prefix(&new.place);
    let written = |node: &Node<'_>| {
        let text = |key| node.get(key).and_then(Value::as_str);
        match (text("type"), text("format")) {
            (Some(kind), Some(format)) => format!("{kind} ({format})"),
            (Some(kind), None) => kind.to_owned(),
            (None, _) => "anything".to_owned(),
        }
    };
    let (old_text, new_text) = (written(old), written(new));
    if before != after {
        let title = subject.title();
        let what = if old_text == new_text {
            format!("{title} is made otherwise: {after} now, {before} before.")
        } else {
            format!("{title} is {new_text} now; it was {old_text}.")
        };
        c.row(
            Level::Breaking,
            format!("{prefix}-type-changed"),
            &new.place,
            what,
        );
        return true;
    }
    if old_text != new_text {
        let what = format!("{} is {new_text} now; it was {old_text}.", subject.title());
        c.row(
            Level::Note,
            format!("{prefix}-format-changed"),
            &new.place,
            what,
        );
    }
    false
}

/// What the generator makes of a schema, as far as its own keywords tell.
fn rust_kind(schema: &Value) -> String {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    let format = text("format").unwrap_or_default();
    let combined = ["allOf", "anyOf", "oneOf"].into_iter().find_map(|key| {
        let parts = schema.get(key)?.as_array()?;
        Some(format!("{key} of {}", parts.len()))
    });
    if let Some(combined) = combined {
        return combined;
    }
    match text("type") {
        Some("string") => match format {
            "date" | "date-time" | "uuid" | "ip" | "ipv4" | "ipv6" | "binary" => format.to_owned(),
            _ => "text".to_owned(),
        },
        Some("integer") => match format {
            "" | "int64" => "i64".to_owned(),
            other => other.to_owned(),
        },
        Some("number") => "f64".to_owned(),
        Some("object") if schema.get("properties").is_some() => "a structure".to_owned(),
        Some("object") => match schema.get("additionalProperties") {
            Some(Value::Object(_)) => "a map".to_owned(),
            _ => "any object".to_owned(),
        },
        Some(other) => other.to_owned(),
        None if schema.get("properties").is_some() => "a structure".to_owned(),
        None => "anything".to_owned(),
    }
}

fn nullable(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>, subject: &Subject) {
    let may_be_null = |node: &Node<'_>| node.get("nullable") == Some(&Value::Bool(true));
    let (change, plain) = match (may_be_null(old), may_be_null(new)) {
        (false, true) => ("became-nullable", Level::Additive),
        (true, false) => ("became-not-nullable", Level::Note),
        _ => return,
    };
    // Where our type is an option anyway, null changes nothing.
    let level = if subject.optional {
        plain
    } else {
        Level::Breaking
    };
    let word = if may_be_null(new) {
        "may be null"
    } else {
        "is no longer null"
    };
    let rule = format!("{}-{change}", subject.prefix(&new.place));
    c.row(
        level,
        rule,
        &new.place,
        format!("{} {word}.", subject.title()),
    );
}

/// Keywords that change nothing for a program.
fn remarks(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>, subject: &Subject) {
    let prefix = subject.prefix(&new.place);
    for (key, name) in [("readOnly", "read-only"), ("writeOnly", "write-only")] {
        let set = |node: &Node<'_>| node.get(key) == Some(&Value::Bool(true));
        let (change, word) = match (set(old), set(new)) {
            (false, true) => ("became", "are"),
            (true, false) => ("became-not", "are no longer"),
            _ => continue,
        };
        let word = if subject.name.starts_with("the items") {
            word
        } else {
            if word == "are" { "is" } else { "is no longer" }
        };
        let what = format!("{} {word} {name}.", subject.title());
        c.row(
            Level::Note,
            format!("{prefix}-{change}-{name}"),
            &new.place,
            what,
        );
    }
    let deprecated = |node: &Node<'_>| node.get("deprecated") == Some(&Value::Bool(true));
    match (deprecated(old), deprecated(new)) {
        (false, true) => {
            let what = format!("{} is deprecated.", subject.title());
            c.row(
                Level::Note,
                format!("{prefix}-deprecated"),
                &new.place,
                what,
            );
        }
        (true, false) => {
            let what = format!("{} is no longer deprecated.", subject.title());
            c.row(
                Level::Note,
                format!("{prefix}-reactivated"),
                &new.place,
                what,
            );
        }
        _ => {}
    }
    let value = |node: &Node<'_>| node.get("default").map(Value::to_string);
    let (change, what) = match (value(old), value(new)) {
        (before, after) if before == after => return,
        (None, Some(after)) => (
            "added",
            format!("The default of {} is {after}.", subject.name),
        ),
        (Some(_), None) => (
            "removed",
            format!("{} has no default any more.", subject.title()),
        ),
        (before, after) => (
            "changed",
            format!(
                "The default of {} is {}; it was {}.",
                subject.name,
                after.unwrap_or_default(),
                before.unwrap_or_default()
            ),
        ),
    };
    c.row(
        Level::Note,
        format!("{prefix}-default-value-{change}"),
        &new.place,
        what,
    );
}

fn properties<'a>(c: &mut Comparison<'a>, old: &Node<'a>, new: &Node<'a>, subject: &Subject) {
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
        compare(
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

/// Items, values of a map, and the parts of a combined schema.
fn parts<'a>(c: &mut Comparison<'a>, old: &Node<'a>, new: &Node<'a>, subject: &Subject) {
    for (key, name) in [
        ("items", "the items of"),
        ("additionalProperties", "the values of"),
    ] {
        if let (Some(old), Some(new)) = (old.child(key), new.child(key)) {
            let optional = key == "additionalProperties";
            compare(
                c,
                &old,
                &new,
                &subject.inner(format!("{name} {}", subject.name), optional),
            );
        }
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        let list = |node: &Node<'a>| node.get(key).and_then(Value::as_array);
        if let (Some(before), Some(after)) = (list(old), list(new)) {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                let at = |node: &Node<'_>| format!("{}/{key}/{index}", node.place);
                let (old, new) = (Node::new(before, at(old)), Node::new(after, at(new)));
                let name = format!("part {} of {}", index + 1, subject.name);
                compare(c, &old, &new, &subject.inner(name, subject.optional));
            }
        }
    }
}

fn required<'a>(schema: &Node<'a>) -> BTreeSet<&'a str> {
    let list = schema.get("required").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The last token of a pointer or reference.
fn last(place: &str) -> String {
    crate::pointer::tokens(place).pop().unwrap_or_default()
}
