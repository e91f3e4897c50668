//! Sums of line items by the values they share.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};

use super::{Cents, Dimension, Key, Project};
use crate::{LineItem, Month};

/// What sums need to know of a line item.
pub(crate) trait Charge {
    /// The price before the discount, in cents; 0 where the item has none.
    fn gross(&self) -> i64;
    /// The discount, in cents; 0 where the item has none.
    fn discount(&self) -> i64;
    fn sku(&self) -> Option<&str>;
    fn project_id(&self) -> Option<&str>;
    fn project_name(&self) -> Option<&str>;
    fn cluster(&self) -> Option<&str>;
    fn provider(&self) -> Option<&str>;
    /// The UTC date of the start.
    fn day(&self) -> Option<NaiveDate>;
    /// The values of the tag `key`, in the order sent; empty where there are none.
    fn tag(&self, key: &str) -> Vec<Cow<'_, str>>;
}

/// An exact sum over line items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Total {
    /// The sum of the items' prices before discounts: see [`LineItem::gross`].
    pub gross: Cents,
    /// The sum of the items' discounts, to be read beside the gross sum, not taken off it unseen:
    /// see [`LineItem::net`].
    pub discount: Cents,
    /// How many items were summed, those without a price included.
    pub count: u64,
}

impl Total {
    fn add(&mut self, charge: &impl Charge) {
        // 128 bits hold the sum of 2^64 amounts of 64 bits each.
        self.gross = Cents::new(self.gross.get() + i128::from(charge.gross()));
        self.discount = Cents::new(self.discount.get() + i128::from(charge.discount()));
        self.count += 1;
    }
}

/// The sum over the line items that share the values of all dimensions asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// The values, one for each dimension, in the order asked for.
    pub keys: Vec<Key>,
    /// The sum.
    pub total: Total,
}

/// Sums of line items by one or more dimensions, built up one item at a time.
///
/// Each item counts in exactly one group, so that the groups always add up to the total, and
/// nothing depends on the order of the items.
#[derive(Debug, Clone)]
pub struct Totals {
    by: Vec<Dimension>,
    total: Total,
    groups: HashMap<Box<[u8]>, Group>,
    /// The identity of the group of the item at hand, reused.
    identity: Vec<u8>,
}

impl Totals {
    /// No items yet, to be summed by `by`; without a dimension there is one group at most.
    pub fn new(by: &[Dimension]) -> Self {
        Self {
            by: by.to_vec(),
            total: Total::default(),
            groups: HashMap::new(),
            identity: Vec::new(),
        }
    }

    /// What is summed by.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.by
    }

    /// The sum over all items.
    pub fn total(&self) -> Total {
        self.total
    }

    /// The groups, in ascending order of their keys; a group without a value comes first.
    pub fn groups(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.groups.values().collect();
        groups.sort_by(|left, right| left.keys.cmp(&right.keys));
        groups
    }

    /// The groups as values of their own, in the same order.
    pub fn into_groups(self) -> Vec<Group> {
        let mut groups: Vec<Group> = self.groups.into_values().collect();
        groups.sort_by(|left, right| left.keys.cmp(&right.keys));
        groups
    }

    /// Counts one item.
    pub fn add(&mut self, item: &LineItem) {
        self.add_charge(item);
    }

    pub(crate) fn add_charge(&mut self, charge: &impl Charge) {
        self.total.add(charge);
        self.identity.clear();
        for dimension in &self.by {
            identify(dimension, charge, &mut self.identity);
        }
        let group = match self.groups.get_mut(self.identity.as_slice()) {
            Some(group) => group,
            None => self
                .groups
                .entry(self.identity.as_slice().into())
                .or_insert_with(|| Group {
                    keys: self.by.iter().map(|by| key(by, charge)).collect(),
                    total: Total::default(),
                }),
        };
        group.total.add(charge);
        for key in &mut group.keys {
            settle_name(key, charge);
        }
    }
}

impl PartialEq for Totals {
    fn eq(&self, other: &Self) -> bool {
        self.by == other.by && self.total == other.total && self.groups == other.groups
    }
}

impl Eq for Totals {}

/// Writes what tells the groups of `dimension` apart, in a form in which no two values are alike.
fn identify(dimension: &Dimension, charge: &impl Charge, identity: &mut Vec<u8>) {
    match dimension {
        Dimension::Sku => write_text(charge.sku(), identity),
        Dimension::Project => write_project(charge, identity),
        Dimension::Cluster => {
            write_project(charge, identity);
            write_text(charge.cluster(), identity);
        }
        Dimension::Provider => write_text(charge.provider(), identity),
        Dimension::Day => write_number(charge.day().map(|day| day.num_days_from_ce()), identity),
        Dimension::Month => {
            let month = charge.day().map(Month::of);
            write_number(
                month.map(|month| month.first_day().num_days_from_ce()),
                identity,
            );
        }
        Dimension::Tag(key) => {
            let values = tag_values(charge, key);
            write_number(i32::try_from(values.len()).ok(), identity);
            for value in values {
                write_text(Some(&value), identity);
            }
        }
    }
}

fn write_project(charge: &impl Charge, identity: &mut Vec<u8>) {
    match charge.project_id() {
        None => {
            identity.push(0);
            write_text(charge.project_name(), identity);
        }
        id => write_text(id, identity),
    }
}

fn write_text(text: Option<&str>, identity: &mut Vec<u8>) {
    match text {
        None => identity.push(0),
        Some(text) => {
            identity.push(1);
            identity.extend_from_slice(&text.len().to_ne_bytes());
            identity.extend_from_slice(text.as_bytes());
        }
    }
}

fn write_number(number: Option<i32>, identity: &mut Vec<u8>) {
    match number {
        None => identity.push(0),
        Some(number) => {
            identity.push(1);
            identity.extend_from_slice(&number.to_ne_bytes());
        }
    }
}

fn key(dimension: &Dimension, charge: &impl Charge) -> Key {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    match dimension {
        Dimension::Sku => Key::Sku(owned(charge.sku())),
        Dimension::Project => Key::Project(project(charge)),
        Dimension::Cluster => Key::Cluster {
            project: project(charge),
            name: owned(charge.cluster()),
        },
        Dimension::Provider => Key::Provider(owned(charge.provider())),
        Dimension::Day => Key::Day(charge.day()),
        Dimension::Month => Key::Month(charge.day().map(Month::of)),
        Dimension::Tag(key) => {
            let values: Vec<String> = tag_values(charge, key)
                .into_iter()
                .map(Cow::into_owned)
                .collect();
            Key::Tag {
                key: key.clone(),
                values: (!values.is_empty()).then_some(values),
            }
        }
    }
}

fn project(charge: &impl Charge) -> Option<Project> {
    let (id, name) = (charge.project_id(), charge.project_name());
    (id.is_some() || name.is_some()).then(|| Project {
        id: id.map(str::to_owned),
        name: name.map(str::to_owned),
    })
}

/// Keeps the first name in alphabetical order that a group's project goes by.
fn settle_name(key: &mut Key, charge: &impl Charge) {
    let (Key::Project(Some(project))
    | Key::Cluster {
        project: Some(project),
        ..
    }) = key
    else {
        return;
    };
    let Some(name) = charge.project_name() else {
        return;
    };
    if project.name.as_deref().is_none_or(|known| name < known) {
        project.name = Some(name.to_owned());
    }
}

/// The values of a tag, sorted, each once.
fn tag_values<'a>(charge: &'a impl Charge, key: &str) -> Vec<Cow<'a, str>> {
    let mut values = charge.tag(key);
    values.sort_unstable();
    values.dedup();
    values
}

#[cfg(test)]
mod tests;
