//! What changed between two releases of the specification, seen by a program that was written
//! against the previous release of ours.
//!
//! Rules bear the names that oasdiff gives them, where it has them. Levels are our own, for we
//! decode more than a specification promises: an enum is open, and a response need not hold
//! anything. Nothing about an unstable version is breaking.

mod exempt;
mod operation;
mod report;
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::adapt::merge;
use crate::failure::{Problems, Result};
use crate::overlay::locate;
use crate::selection::{Selection, Wanted};
use crate::slice;
use crate::spec::{child, of_reference};
use crate::versions::is_stable;

pub(crate) use exempt::Exemption;
pub(crate) use report::Format;

/// What a change does to a program that was written against the previous release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// It fails to compile, to send or to decode.
    Breaking,
    /// It goes on as before, and there is something new.
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

    /// This level if it applies, else a note.
    fn only_if(self, applies: bool) -> Self {
        if applies { self } else { Self::Note }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) level: Level,
    pub(crate) rule: String,
    /// One sentence that names the thing.
    pub(crate) what: String,
    /// Where it is, as JSON pointers: in the new release, unless it is gone there.
    pub(crate) places: Vec<String>,
    /// The operations it touches, in the order of `slice.toml`.
    pub(crate) operations: Vec<String>,
}

/// A comparison of two specifications.
#[derive(Debug, Default)]
pub(crate) struct Diff {
    /// The changes, breaking ones first; one row for one change across operations.
    pub(crate) rows: Vec<Change>,
    /// Schemas that have another name now, the old name first.
    pub(crate) renames: BTreeMap<String, String>,
}

/// Compares two specifications, whole or sliced, by the operations of the selection.
pub(crate) fn diff(old: &Value, new: &Value, selection: &Selection) -> Result<Diff> {
    let mut problems = Problems::default();
    for wanted in &selection.operations {
        if wanted.find(old).is_none() && wanted.find(new).is_none() {
            let (title, name) = (wanted.title(), &wanted.name);
            problems.add(format!("{title} ({name}) is in neither specification"));
        }
    }
    problems.refuse()?;
    let whole_new = new;
    let part = |spec: &Value, which: &str| {
        let part = slice::part(spec, selection);
        part.map_err(|failure| failure.within(format!("the {which} specification")))
    };
    let (mut old, mut new) = (part(old, "old")?, part(new, "new")?);
    // An object that is composed of others is the object, as it is for the generator.
    merge(&mut old);
    merge(&mut new);
    let paths = selection.enums.iter().flat_map(|named| &named.at);
    let places = paths.flat_map(|path| [&old, &new].map(|spec| locate(spec, path)));
    let named: BTreeSet<String> = places.flat_map(Result::unwrap_or_default).collect();

    let mut diff = Diff::default();
    let mut merged: BTreeMap<_, (BTreeSet<usize>, BTreeSet<String>)> = BTreeMap::new();
    for (index, wanted) in selection.operations.iter().enumerate() {
        let mut comparison = Comparison {
            old: &old,
            new: &new,
            named: &named,
            wanted,
            seen: BTreeSet::new(),
            renames: BTreeMap::new(),
            rows: Vec::new(),
        };
        operation::compare(&mut comparison, whole_new);
        diff.renames.append(&mut comparison.renames);
        for (level, rule, place, what) in comparison.rows {
            let (operations, places) = merged.entry((level, rule, what)).or_default();
            operations.insert(index);
            places.insert(place);
        }
    }
    let name = |index: usize| selection.operations[index].name.clone();
    let rows = merged
        .into_iter()
        .map(|((level, rule, what), (operations, places))| Change {
            level,
            rule,
            what,
            places: places.into_iter().collect(),
            operations: operations.into_iter().map(name).collect(),
        });
    diff.rows = rows.collect();
    Ok(diff)
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
    renames: BTreeMap<String, String>,
    rows: Vec<(Level, String, String, String)>,
}

impl Comparison<'_> {
    fn row(
        &mut self,
        level: Level,
        rule: impl Into<String>,
        at: &Node<'_>,
        what: impl Into<String>,
    ) {
        let is_stable = is_stable(&self.wanted.version);
        let level = level.only_if(level != Level::Breaking || is_stable);
        self.rows
            .push((level, rule.into(), at.place.clone(), what.into()));
    }

    fn breaking(&mut self, rule: impl Into<String>, at: &Node<'_>, what: impl Into<String>) {
        self.row(Level::Breaking, rule, at, what);
    }

    fn additive(&mut self, rule: impl Into<String>, at: &Node<'_>, what: impl Into<String>) {
        self.row(Level::Additive, rule, at, what);
    }

    fn note(&mut self, rule: impl Into<String>, at: &Node<'_>, what: impl Into<String>) {
        self.row(Level::Note, rule, at, what);
    }

    /// A keyword that changes nothing for a program: which rule it is when it comes, goes and
    /// changes.
    fn remark(&mut self, key: &str, rules: [&str; 3], of: &str, old: &Node<'_>, new: &Node<'_>) {
        let (rule, what) = match (old.value.get(key), new.value.get(key)) {
            (before, after) if before == after => return,
            (None, Some(after)) => (rules[0], format!("The `{key}` of {of} is new: {after}.")),
            (Some(before), None) => (
                rules[1],
                format!("The `{key}` of {of} is gone; it was {before}."),
            ),
            (before, after) => {
                let [before, after] = [before, after].map(|value| value.unwrap_or(&Value::Null));
                (
                    rules[2],
                    format!("The `{key}` of {of} is {after}; it was {before}."),
                )
            }
        };
        self.note(rule, new, what);
    }
}

/// The entries that one map has and another has not.
fn only<'m, K: Ord, V, W>(
    these: &'m BTreeMap<K, V>,
    others: &BTreeMap<K, W>,
) -> impl Iterator<Item = (&'m K, &'m V)> {
    these.iter().filter(|(key, _)| !others.contains_key(*key))
}

/// A node of one of the two specifications, and where it stands.
#[derive(Debug, Clone)]
struct Node<'a> {
    value: &'a Value,
    place: String,
}

impl<'a> Node<'a> {
    fn new(value: &'a Value, place: impl Into<String>) -> Self {
        let place = place.into();
        Self { value, place }
    }

    fn child(&self, key: &str) -> Option<Node<'a>> {
        Some(Self::new(self.value.get(key)?, child(&self.place, key)))
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key)?.as_str()
    }

    fn list(&self, key: &str) -> Option<&'a Vec<Value>> {
        self.value.get(key)?.as_array()
    }

    fn is(&self, key: &str) -> bool {
        self.value.get(key) == Some(&Value::Bool(true))
    }

    /// The node that a reference leads to, or the node itself.
    fn resolved(&self, spec: &'a Value) -> Node<'a> {
        let pointer = self.text("$ref").and_then(of_reference);
        let target = pointer.and_then(|pointer| Some(Self::new(spec.pointer(pointer)?, pointer)));
        target.unwrap_or_else(|| self.clone())
    }

    /// The entries of the object below `key`.
    fn entries(&self, key: &str) -> BTreeMap<&'a str, Node<'a>> {
        let map = self.value.get(key).and_then(Value::as_object);
        let at = child(&self.place, key);
        let entry = |(key, value): (&'a String, &'a Value)| {
            (key.as_str(), Self::new(value, child(&at, key)))
        };
        map.into_iter().flatten().map(entry).collect()
    }
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
