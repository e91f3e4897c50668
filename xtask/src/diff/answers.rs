//! Rules of answers: statuses, headers, media types.

use serde_json::Value;

use super::requests::{is_decoded, is_told};
use super::schemas::{Direction, Subject, compare as compare_schemas};
use super::{Comparison, Level, Node, entries_of, quoted_list};
use crate::versions::is_success;

/// Compares the answers of an operation; `kept` are the versions in both releases.
pub(super) fn compare<'a>(c: &mut Comparison<'a>, old: &Node<'a>, new: &Node<'a>, kept: &[String]) {
    let before = entries_of(Some(old), "responses");
    let after = entries_of(Some(new), "responses");
    for (status, node) in before
        .iter()
        .filter(|(status, _)| !after.contains_key(*status))
    {
        if is_success(status) {
            let what = format!("The status {status} is gone.");
            c.row(
                Level::Breaking,
                "response-success-status-removed",
                &node.place,
                what,
            );
        } else {
            let what = format!("The status {status} is gone.");
            c.row(
                Level::Note,
                "response-non-success-status-removed",
                &node.place,
                what,
            );
        }
    }
    for (status, node) in &after {
        let Some(earlier) = before.get(status) else {
            let rule = if is_success(status) {
                "response-success-status-added"
            } else {
                "response-non-success-status-added"
            };
            c.row(
                Level::Additive,
                rule,
                &node.place,
                format!("The status {status} is new."),
            );
            continue;
        };
        let (earlier, node) = (earlier.resolved(c.old), node.resolved(c.new));
        headers(c, status, &earlier, &node);
        content(c, status, &earlier, &node, kept);
    }
}

fn headers(c: &mut Comparison<'_>, status: &str, old: &Node<'_>, new: &Node<'_>) {
    let (before, after) = (
        entries_of(Some(old), "headers"),
        entries_of(Some(new), "headers"),
    );
    for (name, node) in &before {
        if !has(&after, name) {
            // Every header is read as one that may be missing.
            let what = format!("The header {name} of {status} is gone.");
            c.row(
                Level::Note,
                "optional-response-header-removed",
                &node.place,
                what,
            );
        }
    }
    for (name, node) in &after {
        if !has(&before, name) {
            let what = format!("The header {name} of {status} is new.");
            c.row(Level::Additive, "response-header-added", &node.place, what);
        }
    }
}

/// Header names have no case (RFC 9110, section 5.1).
fn has(headers: &std::collections::BTreeMap<&str, Node<'_>>, name: &str) -> bool {
    headers.keys().any(|known| known.eq_ignore_ascii_case(name))
}

fn content<'a>(
    c: &mut Comparison<'a>,
    status: &str,
    old: &Node<'a>,
    new: &Node<'a>,
    kept: &[String],
) {
    let (before, after) = (
        entries_of(Some(old), "content"),
        entries_of(Some(new), "content"),
    );
    for (media_type, node) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
        if is_told(media_type, kept) {
            let level = if is_success(status) {
                Level::Breaking
            } else {
                Level::Note
            };
            let left = quoted_list(after.keys().copied());
            let what = format!("{status} no longer comes as {media_type}; left: {left}.");
            c.row(level, "response-media-type-removed", &node.place, what);
        }
    }
    for (media_type, node) in &after {
        if let Some(earlier) = before.get(media_type) {
            sunset(c, media_type, earlier, node);
        }
        match before.get(media_type) {
            None if is_told(media_type, kept) => {
                let what = format!("{status} comes as {media_type} too.");
                c.row(
                    Level::Additive,
                    "response-media-type-added",
                    &node.place,
                    what,
                );
            }
            Some(earlier) if is_decoded(media_type, &c.wanted.version) => {
                if let (Some(old), Some(new)) = (earlier.child("schema"), node.child("schema")) {
                    let name = format!("the body of {status}");
                    let subject = Subject {
                        name,
                        direction: Direction::Answer,
                        optional: true,
                    };
                    compare_schemas(c, &old, &new, &subject);
                }
            }
            _ => {}
        }
    }
}

/// When upstream takes a version away stands with its media types.
fn sunset(c: &mut Comparison<'_>, media_type: &str, old: &Node<'_>, new: &Node<'_>) {
    let date = |node: &Node<'_>| {
        node.get("x-sunset")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let what = match (date(old), date(new)) {
        (before, after) if before == after => return,
        (_, None) => format!("{media_type} is no longer to go."),
        (None, Some(after)) => format!("{media_type} is to go on {after}."),
        (Some(before), Some(after)) => {
            format!("{media_type} is to go on {after}; it was to go on {before}.")
        }
    };
    c.row(Level::Note, "api-version-sunset-changed", &new.place, what);
}
