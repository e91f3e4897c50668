//! Rules of schemas, met by walking both releases side by side.

use serde_json::Value;

use super::{Comparison, Level, Node, enums, limits, properties, remarks, shape};

/// Which way a schema's value travels: what is tighter for one is looser for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Parameter,
    Request,
    Answer,
}

impl Direction {
    pub(super) fn name(self) -> &'static str {
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

    /// A part of it.
    pub(super) fn inner(&self, name: String, optional: bool) -> Self {
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
    if shape::types_differ(c, old, new, subject) {
        return;
    }
    shape::nullable(c, old, new, subject);
    enums::compare(c, old, new, subject);
    limits::compare(c, old, new, subject);
    remarks::compare(c, old, new, subject);
    properties::compare(c, old, new, subject);
    parts(c, old, new, subject);
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

/// The last token of a pointer or reference.
fn last(place: &str) -> String {
    crate::pointer::tokens(place).pop().unwrap_or_default()
}
