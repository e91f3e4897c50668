//! Rules of schemas, met by walking both releases side by side.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Comparison, Level, Node, only, quoted_list};
use crate::adapt::TIMES;
use crate::spec::{texts, tokens};

/// Which way a schema's value travels: what is tighter for one is looser for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Parameter,
    Request,
    Response,
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::Parameter => "request-parameter",
            Self::Request => "request",
            Self::Response => "response",
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
    optional: bool,
}

impl Subject {
    pub(super) fn new(name: String, direction: Direction, optional: bool) -> Self {
        Self {
            name,
            direction,
            optional,
        }
    }

    /// A part of it.
    fn inner(&self, name: String, optional: bool) -> Self {
        Self::new(name, self.direction, optional)
    }

    fn is_sent(&self) -> bool {
        self.direction != Direction::Response
    }

    /// Its name at the start of a sentence.
    fn title(&self) -> String {
        let mut letters = self.name.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().collect::<String>() + letters.as_str()
        })
    }

    /// What its rules begin with. A shared schema is met from bodies and properties alike.
    fn prefix(&self, place: &str) -> String {
        let in_property =
            place.contains("/properties/") || place.starts_with("/components/schemas/");
        let part = match self.direction {
            Direction::Parameter => "",
            _ if in_property => "-property",
            _ => "-body",
        };
        format!("{}{part}", self.direction.name())
    }
}

/// Two schemas side by side.
struct Pair<'a, 's> {
    old: Node<'a>,
    new: Node<'a>,
    subject: &'s Subject,
    /// Its name at the start of a sentence.
    title: String,
    /// What its rules begin with.
    prefix: String,
}

/// Compares two schemas and all they are made of.
pub(super) fn compare<'a>(
    c: &mut Comparison<'a>,
    old: &Node<'a>,
    new: &Node<'a>,
    subject: &Subject,
) {
    let pair = Pair {
        old: old.clone(),
        new: new.clone(),
        subject,
        title: subject.title(),
        prefix: subject.prefix(&new.place),
    };
    if !references(c, &pair) && !types_differ(c, &pair) {
        nullable(c, &pair);
        enums(c, &pair);
        limits(c, &pair);
        remarks(c, &pair);
        properties(c, &pair);
        parts(c, &pair);
    }
}

/// Whether either is a reference; then what it leads to is compared, once.
fn references<'a>(c: &mut Comparison<'a>, pair: &Pair<'a, '_>) -> bool {
    let (before, after) = (pair.old.text("$ref"), pair.new.text("$ref"));
    match (before, after) {
        (None, None) => return false,
        (Some(before), Some(after)) if before == after || renamed(c, before, after) => {
            let (old, new) = (pair.old.resolved(c.old), pair.new.resolved(c.new));
            let direction = pair.subject.direction.name();
            if c.seen
                .insert((direction, old.place.clone(), new.place.clone()))
            {
                let name = format!("`{}`", last(&new.place));
                compare(c, &old, &new, &pair.subject.inner(name, true));
            }
        }
        (before, after) => {
            let of = |reference: Option<&str>| match reference {
                Some(reference) => format!("a `{}`", last(reference)),
                None => "described in place".to_owned(),
            };
            let what = format!(
                "{} is {} now; it was {}.",
                pair.title,
                of(after),
                of(before)
            );
            c.breaking(format!("{}-type-changed", pair.prefix), &pair.new, what);
        }
    }
    true
}

/// Whether a schema has another name now: the old one is gone, the new one was not there.
fn renamed(c: &mut Comparison<'_>, before: &str, after: &str) -> bool {
    let pointer = |reference: &str| reference.trim_start_matches('#').to_owned();
    let (from, to) = (last(before), last(after));
    let is_other = |known: &String| *known != to;
    if c.new.pointer(&pointer(before)).is_some()
        || c.old.pointer(&pointer(after)).is_some()
        || c.renames.get(&from).is_some_and(is_other)
    {
        return false;
    }
    let what = format!("The schema `{from}` is called `{to}` now.");
    let rule = "schema-renamed";
    c.note(rule, &Node::new(&Value::Null, pointer(after)), what);
    c.renames.insert(from, to);
    true
}

/// Items, values of a map, and the parts of a composed schema.
fn parts<'a>(c: &mut Comparison<'a>, pair: &Pair<'a, '_>) {
    let Pair {
        old, new, subject, ..
    } = pair;
    for (key, name) in [
        ("items", "the items of"),
        ("additionalProperties", "the values of"),
    ] {
        if let (Some(old), Some(new)) = (old.child(key), new.child(key)) {
            let name = format!("{name} {}", subject.name);
            compare(
                c,
                &old,
                &new,
                &subject.inner(name, key == "additionalProperties"),
            );
        }
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        let lists = old
            .list(key)
            .into_iter()
            .flatten()
            .zip(new.list(key).into_iter().flatten());
        for (index, (before, after)) in lists.enumerate() {
            let at = |node: &Node<'_>| format!("{}/{key}/{index}", node.place);
            let (before, after) = (Node::new(before, at(old)), Node::new(after, at(new)));
            let name = format!("part {} of {}", index + 1, subject.name);
            compare(c, &before, &after, &subject.inner(name, subject.optional));
        }
    }
}

/// Whether the generated type is another one; then nothing inside is worth comparing.
fn types_differ(c: &mut Comparison<'_>, pair: &Pair<'_, '_>) -> bool {
    let (before, after) = (rust_kind(&pair.old), rust_kind(&pair.new));
    let (old, new) = (written_type(&pair.old), written_type(&pair.new));
    let (old, new) = match old == new {
        true => (before.clone(), after.clone()),
        false => (old, new),
    };
    let what = format!("{} is {new} now; it was {old}.", pair.title);
    if before != after {
        c.breaking(format!("{}-type-changed", pair.prefix), &pair.new, what);
    } else if old != new {
        c.note(format!("{}-format-changed", pair.prefix), &pair.new, what);
    }
    before != after
}

/// The type of a schema as it is written.
pub(super) fn written_type(schema: &Node<'_>) -> String {
    match (schema.text("type"), schema.text("format")) {
        (Some(kind), Some(format)) => format!("{kind} ({format})"),
        (Some(kind), None) => kind.to_owned(),
        (None, _) => "anything".to_owned(),
    }
}

/// What the generator makes of a schema, as far as its own keywords tell. Compositions other than
/// those of plain objects are JSON values, whatever their parts.
fn rust_kind(schema: &Node<'_>) -> String {
    let format = schema.text("format").unwrap_or_default();
    let has = |key: &str| schema.value.get(key).is_some();
    let kind = match schema.text("type") {
        _ if has("oneOf") || has("anyOf") => "a JSON value",
        _ if has("allOf") => "a composed object",
        Some("string") if TIMES.contains(&format) => format,
        Some("string") => "text",
        Some("integer") if matches!(format, "" | "int64") => "i64",
        Some("integer") => format,
        Some("object") | None if has("properties") => "a structure",
        Some("object") => match schema.value.get("additionalProperties") {
            Some(Value::Object(_)) => "a map",
            _ => "any object",
        },
        Some(other) => other,
        None => "anything",
    };
    kind.to_owned()
}

/// Whether null may stand there. Where our type is an option anyway, that changes nothing.
fn nullable(c: &mut Comparison<'_>, pair: &Pair<'_, '_>) {
    let (change, level, word) = match (pair.old.is("nullable"), pair.new.is("nullable")) {
        (false, true) => ("nullable", Level::Additive, "may be null"),
        (true, false) => ("not-nullable", Level::Note, "is no longer null"),
        _ => return,
    };
    let level = if pair.subject.optional {
        level
    } else {
        Level::Breaking
    };
    let rule = format!("{}-became-{change}", pair.prefix);
    c.row(level, rule, &pair.new, format!("{} {word}.", pair.title));
}

/// A named enum is an open type of ours with a variant a value; any other is text.
fn enums(c: &mut Comparison<'_>, pair: &Pair<'_, '_>) {
    let named = c.named.contains(&pair.new.place) || c.named.contains(&pair.old.place);
    let matters = Level::Breaking.only_if(named || pair.subject.is_sent());
    let Pair {
        new, title, prefix, ..
    } = pair;
    match (values(&pair.old), values(new)) {
        (None, None) => {}
        (Some(before), None) => {
            let (level, word) = match named {
                true => (Level::Breaking, "its type is text now"),
                false => (Level::Additive, "it was text all along"),
            };
            let what = format!("{title} lost its enum of {} values: {word}.", before.len());
            c.row(level, format!("{prefix}-became-not-enum"), new, what);
        }
        (None, Some(after)) => {
            let what = format!(
                "{title} is an enum now: {}{}.",
                list(&after),
                unnamed(named)
            );
            c.row(matters, format!("{prefix}-became-enum"), new, what);
        }
        (Some(before), Some(after)) => {
            // A named enum loses a variant, a request a value that was accepted.
            for value in before.iter().filter(|value| !after.contains(value)) {
                let what = format!("{title} lost the value `{value}`.");
                c.row(matters, format!("{prefix}-enum-value-removed"), new, what);
            }
            for value in after.iter().filter(|value| !before.contains(value)) {
                let what = format!("{title} gained the value `{value}`.");
                c.additive(format!("{prefix}-enum-value-added"), new, what);
            }
        }
    }
}

/// The values of an enum, the first few of many.
fn list(values: &[String]) -> String {
    const SHOWN: usize = 12;
    let list = quoted_list(values.iter().take(SHOWN).map(String::as_str));
    match values.len().saturating_sub(SHOWN) {
        0 => list,
        more => format!("{list}, with {more} more"),
    }
}

fn unnamed(named: bool) -> &'static str {
    if named {
        ""
    } else {
        "; it stays text until openapi/slice.toml names it"
    }
}

/// The values of a schema's `enum`, or of its `const`, as text; null is what `nullable` says.
fn values(schema: &Node<'_>) -> Option<Vec<String>> {
    let values = match schema.list("enum") {
        Some(values) => values.as_slice(),
        None => std::slice::from_ref(schema.value.get("const")?),
    };
    let values = values.iter().filter(|value| !value.is_null());
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    Some(values.map(text).collect())
}

/// Each limit, what oasdiff calls it, and whether a greater value is the tighter one. `maximum` and
/// `minimum` may be exclusive: by a flag beside them in OpenAPI 3.0, by a keyword of their own in 3.1.
const LIMITS: [(&str, &str, bool); 6] = [
    ("maximum", "max", false),
    ("minimum", "min", true),
    ("maxLength", "max-length", false),
    ("minLength", "min-length", true),
    ("maxItems", "max-items", false),
    ("minItems", "min-items", true),
];

/// Patterns, bounds and lengths. We check none of them, but the service may.
fn limits(c: &mut Comparison<'_>, pair: &Pair<'_, '_>) {
    let Pair {
        old,
        new,
        subject,
        title,
        prefix,
    } = pair;
    let tightened = Level::Breaking.only_if(subject.is_sent());
    for (key, name, greater_is_tighter) in LIMITS {
        let (before, after) = (limit(old, key), limit(new, key));
        let (change, is_tighter) = match (before, after) {
            (before, after) if before == after => continue,
            (None, _) => ("set", true),
            (_, None) => ("unset", false),
            (Some((before, _)), Some((after, is_exclusive))) if before == after => {
                let change = if is_exclusive {
                    "exclusive"
                } else {
                    "inclusive"
                };
                (change, is_exclusive)
            }
            (before, after) if after > before => ("increased", greater_is_tighter),
            _ => ("decreased", !greater_is_tighter),
        };
        let [before, after] = [before, after].map(|limit| match limit {
            None => "none".to_owned(),
            Some((limit, true)) => format!("{limit} (exclusive)"),
            Some((limit, false)) => limit.to_string(),
        });
        let what = format!("{title}: `{key}` is {after}; it was {before}.");
        let level = if is_tighter { tightened } else { Level::Note };
        c.row(level, format!("{prefix}-{name}-{change}"), new, what);
    }
    // Whether one pattern accepts all that another accepts cannot be told here: read it.
    let (change, level) = match (old.text("pattern"), new.text("pattern")) {
        (before, after) if before == after => return,
        (None, _) => ("added", tightened),
        (_, None) => ("removed", Level::Note),
        _ => ("changed", Level::Note),
    };
    let [before, after] = [old, new].map(|node| node.text("pattern").unwrap_or("none"));
    let what = format!("{title}: the pattern is `{after}`; it was `{before}`.");
    c.row(level, format!("{prefix}-pattern-{change}"), new, what);
}

/// The value of a limit, and whether it is exclusive.
fn limit(schema: &Node<'_>, key: &str) -> Option<(f64, bool)> {
    let number = |key: &str| schema.value.get(key).and_then(Value::as_f64);
    let exclusive = match key {
        "maximum" => "exclusiveMaximum",
        "minimum" => "exclusiveMinimum",
        _ => return Some((number(key)?, false)),
    };
    match (number(key), number(exclusive)) {
        (Some(limit), None) => Some((limit, schema.is(exclusive))),
        (None, other) => Some((other?, true)),
        // Both apply: the tighter one is what counts.
        (Some(limit), Some(other)) => {
            let exclusive_is_tighter = match key {
                "maximum" => other <= limit,
                _ => other >= limit,
            };
            Some(match exclusive_is_tighter {
                true => (other, true),
                false => (limit, false),
            })
        }
    }
}

/// Keywords that change nothing for a program.
fn remarks(c: &mut Comparison<'_>, pair: &Pair<'_, '_>) {
    for (key, set, unset, changed) in [
        (
            "readOnly",
            "became-read-only",
            "became-not-read-only",
            "became-read-only",
        ),
        (
            "writeOnly",
            "became-write-only",
            "became-not-write-only",
            "became-write-only",
        ),
        ("deprecated", "deprecated", "reactivated", "deprecated"),
        (
            "default",
            "default-value-added",
            "default-value-removed",
            "default-value-changed",
        ),
    ] {
        let rules = [set, unset, changed].map(|rule| format!("{}-{rule}", pair.prefix));
        let rules = [rules[0].as_str(), &rules[1], &rules[2]];
        c.remark(key, rules, &pair.subject.name, &pair.old, &pair.new);
    }
}

/// The fields of two objects, and what each is made of.
fn properties<'a>(c: &mut Comparison<'a>, pair: &Pair<'a, '_>) {
    let Pair {
        old, new, subject, ..
    } = pair;
    let (before, after) = (old.entries("properties"), new.entries("properties"));
    let required = |schema: &Node<'a>| -> BTreeSet<&'a str> {
        texts(schema.value, "required").into_iter().collect()
    };
    let (was_required, is_required) = (required(old), required(new));
    let sent = subject.is_sent();
    let named = |name: &str| format!("`{name}` of {}", subject.name);
    for (name, node) in only(&before, &after) {
        let rule = match (sent, was_required.contains(name)) {
            (true, _) => "request-property-removed",
            (false, true) => "response-required-property-removed",
            (false, false) => "response-optional-property-removed",
        };
        c.breaking(rule, node, format!("{} is gone.", named(name)));
    }
    for (name, node) in only(&after, &before) {
        let (level, rule) = match (sent, is_required.contains(name)) {
            (true, true) => (Level::Breaking, "new-required-request-property"),
            (true, false) => (Level::Additive, "new-optional-request-property"),
            (false, true) => (Level::Additive, "response-required-property-added"),
            (false, false) => (Level::Additive, "response-optional-property-added"),
        };
        let word = if level == Level::Breaking {
            "new and required"
        } else {
            "new"
        };
        let values = values(node).map(|values| {
            let is_named = c.named.contains(&node.place);
            format!(": one of {}{}", list(&values), unnamed(is_named))
        });
        let what = format!("{} is {word}{}.", named(name), values.unwrap_or_default());
        c.row(level, rule, node, what);
    }
    for (name, node) in &after {
        let Some(earlier) = before.get(name) else {
            continue;
        };
        let (is, was) = (is_required.contains(name), was_required.contains(name));
        if was != is {
            let word = if is { "required" } else { "optional" };
            // Ours are optional in responses either way; in requests the field's type changes.
            let level = if sent {
                Level::Breaking
            } else {
                Level::Additive
            };
            let rule = format!("{}-property-became-{word}", subject.direction.name());
            c.row(level, rule, node, format!("{} is {word} now.", named(name)));
        }
        compare(c, earlier, node, &subject.inner(named(name), !sent || !is));
    }
}

/// The last token of a pointer or reference.
fn last(place: &str) -> String {
    tokens(place).pop().unwrap_or_default()
}
