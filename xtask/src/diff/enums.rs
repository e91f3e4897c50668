//! Rules of enums. A named one is an open type of ours with a variant a value; any other is text.

use std::collections::BTreeSet;

use serde_json::Value;

use super::schemas::{Direction, Subject};
use super::{Comparison, Level, Node, quoted_list};
use crate::overlay::locate;
use crate::selection::Selection;

/// The pointers of the named enums in either release. Places that are gone are left out: they
/// are other rules' business.
pub(super) fn named_places(old: &Value, new: &Value, selection: &Selection) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    for path in selection.enums.iter().flat_map(|named| &named.at) {
        for spec in [old, new] {
            places.extend(locate(spec, path).unwrap_or_default());
        }
    }
    places
}

/// Compares the `enum` of two schemas of the same type.
pub(super) fn compare(c: &mut Comparison<'_>, old: &Node<'_>, new: &Node<'_>, subject: &Subject) {
    let named = c.named.contains(&new.place) || c.named.contains(&old.place);
    let in_request = subject.direction != Direction::Answer;
    let prefix = subject.prefix(&new.place);
    match (values(old), values(new)) {
        (None, None) => {}
        (Some(before), None) => {
            let what = format!(
                "{} lost its enum of {} values",
                subject.title(),
                before.len()
            );
            let (level, what) = if named {
                (Level::Breaking, format!("{what}: its type is text now."))
            } else {
                (Level::Additive, format!("{what}: it was text all along."))
            };
            c.row(level, format!("{prefix}-became-not-enum"), &new.place, what);
        }
        (None, Some(after)) => {
            let list = quoted_list(after.iter().map(String::as_str));
            let what = format!("{} is an enum now: {list}.", subject.title());
            let level = if in_request || named {
                Level::Breaking
            } else {
                Level::Note
            };
            c.row(level, format!("{prefix}-became-enum"), &new.place, what);
        }
        (Some(before), Some(after)) => {
            for value in before.iter().filter(|value| !after.contains(value)) {
                let what = format!("{} lost the value `{value}`.", subject.title());
                // A named enum loses a variant, a request a value that was taken.
                let level = if in_request || named {
                    Level::Breaking
                } else {
                    Level::Note
                };
                c.row(
                    level,
                    format!("{prefix}-enum-value-removed"),
                    &new.place,
                    what,
                );
            }
            for value in after.iter().filter(|value| !before.contains(value)) {
                let what = format!("{} gained the value `{value}`.", subject.title());
                c.row(
                    Level::Additive,
                    format!("{prefix}-enum-value-added"),
                    &new.place,
                    what,
                );
            }
        }
    }
}

/// The values of a schema's `enum`, as text; null is what `nullable` says.
pub(super) fn values(schema: &Node<'_>) -> Option<Vec<String>> {
    let values = schema
        .get("enum")?
        .as_array()?
        .iter()
        .filter(|value| !value.is_null());
    Some(
        values
            .map(|value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            })
            .collect(),
    )
}
