//! Rules of limits: patterns, bounds and lengths. We check none of them, but the service may.

use serde_json::Value;

use super::schemas::{Direction, Subject};
use super::{Comparison, Level, Node};

/// Each limit, what oasdiff calls it, and whether a greater value is the tighter one.
const LIMITS: [(&str, &str, bool); 6] = [
    ("maximum", "max", false),
    ("minimum", "min", true),
    ("maxLength", "max-length", false),
    ("minLength", "min-length", true),
    ("maxItems", "max-items", false),
    ("minItems", "min-items", true),
];

/// Compares the limits of two schemas of the same type.
pub(super) fn compare(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>, subject: &Subject) {
    let in_request = subject.direction != Direction::Answer;
    let prefix = subject.prefix(&new.place);
    let title = subject.title();
    for (key, name, greater_is_tighter) in LIMITS {
        let (before, after) = (number(old, key), number(new, key));
        let (change, tighter) = match (before, after) {
            (before, after) if before == after => continue,
            (None, Some(_)) => ("set", true),
            (Some(before), Some(after)) if after > before => ("increased", greater_is_tighter),
            (Some(_), Some(_)) => ("decreased", !greater_is_tighter),
            (_, None) => ("unset", false),
        };
        let level = if in_request && tighter {
            Level::Breaking
        } else {
            Level::Note
        };
        let what = match (before, after) {
            (_, None) => format!("{title} has no `{key}` any more."),
            (None, Some(after)) => format!("{title} has a `{key}` now: {after}."),
            (Some(before), Some(after)) => {
                format!(
                    "The `{key}` of {} is {after}; it was {before}.",
                    subject.name
                )
            }
        };
        c.row(level, format!("{prefix}-{name}-{change}"), &new.place, what);
    }
    pattern(c, old, new, subject);
}

fn pattern(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>, subject: &Subject) {
    let in_request = subject.direction != Direction::Answer;
    let text = |node: &Node<'_>| {
        node.get("pattern")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let (change, level, what) = match (text(old), text(new)) {
        (before, after) if before == after => return,
        (None, Some(after)) => {
            let level = if in_request {
                Level::Breaking
            } else {
                Level::Note
            };
            (
                "added",
                level,
                format!("{} has a pattern now: {after}", subject.title()),
            )
        }
        (Some(_), None) => (
            "removed",
            Level::Note,
            format!("{} has no pattern any more.", subject.title()),
        ),
        // Whether one pattern takes all that another takes cannot be told here: read it.
        (before, after) => (
            "changed",
            Level::Note,
            format!(
                "The pattern of {} is {}; it was {}",
                subject.name,
                after.unwrap_or_default(),
                before.unwrap_or_default()
            ),
        ),
    };
    let rule = format!("{}-pattern-{change}", subject.prefix(&new.place));
    c.row(level, rule, &new.place, what);
}

fn number(schema: &Node<'_>, key: &str) -> Option<f64> {
    schema.get(key).and_then(Value::as_f64)
}
