//! Rules of keywords that change nothing for a program.

use serde_json::Value;

use super::schemas::Subject;
use super::{Comparison, Level, Node};

/// Compares read-only, deprecated and default.
pub(super) fn compare(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>, subject: &Subject) {
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
