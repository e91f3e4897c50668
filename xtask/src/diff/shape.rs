//! Rules of what the generator makes of a schema: its type, and whether it may be null.

use serde_json::Value;

use super::schemas::Subject;
use super::{Comparison, Level, Node};

/// Whether the generated type is another one; then nothing inside is worth comparing.
pub(super) fn types_differ(
    c: &mut Comparison<'_>,
    old: &Node<'_>,
    new: &Node<'_>,
    subject: &Subject,
) -> bool {
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

/// Compares whether null may stand there.
pub(super) fn nullable(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>, subject: &Subject) {
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
