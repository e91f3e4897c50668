//! A group of line items as a row, and the order of rows.

use std::cmp::Reverse;

use atlas_billing::Cents;
use atlas_billing::totals::{Group, Key, Project, Total};

/// A group of line items of one period or two; without keys it is the sum of several.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct GroupRow {
    pub(super) keys: Vec<Key>,
    /// What a reader knows it by where it has no keys.
    pub(super) label: String,
    /// In the first period, where there are two.
    pub(super) from: Total,
    pub(super) total: Total,
    /// The sum of each day or month, where those are at hand.
    pub(super) series: Vec<Total>,
    /// Which of several invoices it is of.
    pub(super) at: usize,
    /// By how much its groups changed, without signs.
    pub(super) moved: Cents,
    /// How many groups this row stands for.
    pub(super) groups: usize,
}

impl From<Group> for GroupRow {
    fn from(group: Group) -> Self {
        Self {
            keys: group.keys,
            total: group.total,
            groups: 1,
            ..Self::default()
        }
    }
}

impl GroupRow {
    /// All of `rows` as one.
    pub(super) fn sum(rows: &[Self], label: String) -> Self {
        let length = rows.iter().map(|row| row.series.len()).max();
        let of = |at: usize| {
            rows.iter()
                .filter_map(move |row| row.series.get(at).copied())
        };
        Self {
            series: (0..length.unwrap_or(0)).map(|at| of(at).sum()).collect(),
            at: 0,
            keys: Vec::new(),
            label,
            from: rows.iter().map(|row| row.from).sum(),
            total: rows.iter().map(|row| row.total).sum(),
            moved: rows.iter().map(|row| row.moved).sum(),
            groups: rows.iter().map(|row| row.groups).sum(),
        }
    }

    pub(super) fn project(&self, at: usize) -> Option<&Project> {
        match self.keys.get(at) {
            Some(Key::Project(project) | Key::Cluster { project, .. }) => project.as_ref(),
            _ => None,
        }
    }

    pub(super) fn cluster(&self, at: usize) -> Option<&str> {
        match self.keys.get(at) {
            Some(Key::Cluster { name, .. }) => name.as_deref(),
            _ => None,
        }
    }

    pub(super) fn organization(&self, at: usize) -> Option<&str> {
        match self.keys.get(at) {
            Some(Key::Organization(id)) => id.as_deref(),
            _ => None,
        }
    }

    /// All keys, in a message.
    pub(super) fn named(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        keys.join(", ")
    }

    /// The key of a dimension, for a reader.
    pub(super) fn shown(&self, at: usize) -> String {
        match self.keys.get(at) {
            Some(key @ Key::Tag { .. }) => told(key).unwrap_or_default(),
            Some(key) => key.to_string(),
            None if at == 0 => self.label.clone(),
            None => String::new(),
        }
    }
}

/// The value of a key in records; for tags with words for what would be a blank otherwise.
pub(super) fn told(key: &Key) -> Option<String> {
    match key {
        Key::Tag { values: None, .. } => Some(UNTAGGED.to_owned()),
        Key::Tag {
            values: Some(values),
            ..
        } => {
            let words = values.iter().map(|value| match value.as_str() {
                "" => EMPTY,
                value => value,
            });
            Some(words.collect::<Vec<_>>().join(","))
        }
        key => key.label(),
    }
}

/// The items without a tag.
const UNTAGGED: &str = "(untagged)";

/// A tag whose value has no text.
const EMPTY: &str = "(empty)";

/// A part of a whole, 0.25 for a quarter: for showing, no amount is made of it.
pub(super) fn part(part: Cents, whole: Cents) -> Option<f64> {
    Some(part.get() as f64 / whole.get() as f64).filter(|part| part.is_finite())
}

/// Rows in the order of `size`, the largest first; those beyond `top` as one.
pub(super) fn largest(
    mut rows: Vec<GroupRow>,
    top: Option<usize>,
    size: fn(&GroupRow) -> i128,
) -> Vec<GroupRow> {
    // A stable sort: equal groups stay in the order of their keys.
    rows.sort_by_key(|row| Reverse(size(row)));
    let rest = rows.split_off(top.unwrap_or(rows.len()).min(rows.len()));
    if !rest.is_empty() {
        rows.push(GroupRow::sum(&rest, format!("other ({})", rest.len())));
    }
    rows
}
