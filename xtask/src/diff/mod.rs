//! What changed between two releases of the specification, seen by a program that was written
//! against the previous release of ours.
//!
//! Rules bear the names oasdiff gives them, where it has them. Levels are our own, for we decode
//! more than a specification promises: an enum is open, and an answer need not hold anything.

mod answers;
mod enums;
mod limits;
mod operations;
mod parameters;
mod properties;
mod remarks;
mod report;
mod requests;
mod schemas;
mod shape;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::selection::{Selection, Wanted};
use crate::slice;

pub(crate) use report::Format;

/// What a change does to a program that was written against the previous release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// It fails to compile, to send or to decode.
    Breaking,
    /// It goes on as before, and something is there that was not.
    Additive,
    /// It goes on as before.
    Note,
}

impl Level {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Additive => "additive",
            Self::Note => "note",
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) level: Level,
    pub(crate) rule: String,
    /// Where it is, as a JSON pointer: in the new release, unless it is gone there.
    pub(crate) place: String,
    /// One sentence that names the thing.
    pub(crate) what: String,
    /// The operations it touches, in the order of `slice.toml`.
    pub(crate) operations: Vec<String>,
}

/// Compares two specifications, whole or sliced, by the operations of the selection. Breaking
/// changes come first.
pub(crate) fn diff(old: &Value, new: &Value, selection: &Selection) -> Result<Vec<Change>> {
    for wanted in &selection.operations {
        if wanted.find(old).is_none() && wanted.find(new).is_none() {
            return Err(Failure::new(format!(
                "{} ({}) is in neither specification",
                wanted.title(),
                wanted.name
            )));
        }
    }
    let whole_new = new;
    let old = slice::part(old, &selection.operations)
        .map_err(|failure| failure.within("the old specification"))?;
    let new = slice::part(new, &selection.operations)
        .map_err(|failure| failure.within("the new specification"))?;
    let named = enums::named_places(&old, &new, selection);
    let mut rows = Vec::new();
    for wanted in &selection.operations {
        let mut comparison = Comparison {
            old: &old,
            new: &new,
            named: &named,
            wanted,
            seen: BTreeSet::new(),
            rows: Vec::new(),
        };
        operations::compare(&mut comparison, whole_new);
        rows.extend(comparison.rows);
    }
    Ok(merged(rows, selection))
}

/// One row a change: the same change of a shared part, met from several operations, is one.
fn merged(rows: Vec<Change>, selection: &Selection) -> Vec<Change> {
    let mut by_change: BTreeMap<(Level, String, String, String), BTreeSet<usize>> = BTreeMap::new();
    for row in rows {
        let order = |name: &String| selection.operations.iter().position(|w| &w.name == name);
        by_change
            .entry((row.level, row.rule, row.place, row.what))
            .or_default()
            .extend(row.operations.iter().filter_map(order));
    }
    by_change
        .into_iter()
        .map(|((level, rule, place, what), operations)| Change {
            level,
            rule,
            place,
            what,
            operations: operations
                .into_iter()
                .map(|index| selection.operations[index].name.clone())
                .collect(),
        })
        .collect()
}

/// The comparison of one operation.
struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    /// The places of enums that have a type of ours.
    named: &'a BTreeSet<String>,
    wanted: &'a Wanted,
    /// Pairs of shared parts that have been compared, in which direction.
    seen: BTreeSet<(&'static str, String, String)>,
    rows: Vec<Change>,
}

impl Comparison<'_> {
    fn row(&mut self, level: Level, rule: impl Into<String>, place: &str, what: String) {
        self.rows.push(Change {
            level,
            rule: rule.into(),
            place: place.to_owned(),
            what,
            operations: vec![self.wanted.name.clone()],
        });
    }
}

/// A node of one of the two specifications, and where it stands.
#[derive(Debug, Clone)]
struct Node<'a> {
    value: &'a Value,
    place: String,
}

impl<'a> Node<'a> {
    fn new(value: &'a Value, place: impl Into<String>) -> Self {
        Self {
            value,
            place: place.into(),
        }
    }

    fn child(&self, key: &str) -> Option<Node<'a>> {
        Some(Self::new(
            self.value.get(key)?,
            crate::pointer::child(&self.place, key),
        ))
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.value.get(key)
    }

    /// The node that a reference leads to, or the node itself.
    fn resolved(&self, spec: &'a Value) -> Node<'a> {
        let target = self.get("$ref").and_then(Value::as_str);
        let pointer = target.and_then(crate::pointer::of_reference);
        pointer
            .and_then(|pointer| Some(Self::new(spec.pointer(pointer)?, pointer)))
            .unwrap_or_else(|| self.clone())
    }

    /// The entries of an object, by key.
    fn entries(&self) -> BTreeMap<&'a str, Node<'a>> {
        match self.value {
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| {
                    (
                        key.as_str(),
                        Self::new(value, crate::pointer::child(&self.place, key)),
                    )
                })
                .collect(),
            _ => BTreeMap::new(),
        }
    }
}

/// The entries below `key` of a node that may be missing.
fn entries_of<'a>(node: Option<&Node<'a>>, key: &str) -> BTreeMap<&'a str, Node<'a>> {
    node.and_then(|node| node.child(key))
        .map(|node| node.entries())
        .unwrap_or_default()
}

/// `a, b and c`, each in back quotes.
fn quoted_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => "none".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests;
