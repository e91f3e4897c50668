//! Sums of line items by all their tags, whose keys are not known before.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::sync::Arc;

use atlas_billing_raw::Tags;
use atlas_billing_raw::types::LineItem;
use serde_json::value::RawValue;

use super::charge::{Charge, Needs, read_tags};
use super::groups::Groups;
use super::totals::{Dimension, Total, Totals};

/// Exact sums over line items by the tags of their resources, built up one item at a time, in memory
/// that grows with the number of different sets of tags. An item with several keys counts for each of
/// them, so that the keys do not add up to the whole. A tag without a value counts as none, as for
/// [`Dimension::Tag`]. Independent of the order of the items.
///
/// ```
/// use atlas_billing::money::TagTotals;
///
/// let items: Vec<atlas_billing::LineItem> = serde_json::from_str(
///     r#"[{"totalPriceCents":70,"tags":{"team":["web"]}},{"totalPriceCents":30}]"#,
/// )?;
/// let tags: TagTotals = items.iter().collect();
/// assert_eq!(tags.keys()[0].key, "team");
/// assert_eq!(tags.keys()[0].total.gross.get(), 70);
/// assert_eq!(tags.untagged().gross.get(), 30);
/// assert_eq!(tags.coverage(&tags.keys()[0].total), Some(0.7));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct TagTotals {
    /// By the tags as they are written: items of one resource have the same text.
    sets: Groups<(Tags, Total)>,
}

/// The line items that carry a tag key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TagKey {
    /// The key.
    pub key: String,
    /// Their sum.
    pub total: Total,
    /// How many different values the key has.
    pub values: u64,
}

impl TagTotals {
    /// No items yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one item.
    pub fn add(&mut self, item: &LineItem) {
        self.add_read(&item.into());
    }

    /// What is read of an item whose tags are read.
    pub(crate) fn needs() -> Needs {
        Needs {
            tags: true,
            ..Needs::default()
        }
    }

    /// Adds a charge whose tags were read.
    pub(crate) fn add_read(&mut self, charge: &Charge<'_>) {
        let place = self.place_of(charge.tags);
        self.add_at(place, charge.total());
    }

    /// The place of the tags of a charge as they are written; those that were not met are read.
    pub(crate) fn place(&mut self, written: Option<&RawValue>) -> serde_json::Result<usize> {
        let new = || {
            let tags = written.map(read_tags).transpose()?;
            Ok((valued(tags.unwrap_or_default()), Total::default()))
        };
        let text = written.map(RawValue::get);
        self.sets.try_place(|identity| identity.push(text), new)
    }

    fn place_of(&mut self, tags: Option<&Tags>) -> usize {
        let text = serde_json::to_string(&tags).unwrap_or_default();
        let new = || (valued(tags.cloned().unwrap_or_default()), Total::default());
        self.sets.place(|identity| identity.push(Some(text)), new)
    }

    /// Adds a sum to the tags at its place.
    pub(crate) fn add_at(&mut self, place: usize, sum: Total) {
        self.sets.at(place).1 += sum;
    }

    /// The sum over all items.
    pub fn total(&self) -> Total {
        self.sets.values().map(|(_, total)| *total).sum()
    }

    /// The sum of the items without a value of any tag.
    pub fn untagged(&self) -> Total {
        let sets = self.sets.values();
        let without = sets.filter(|(tags, _)| tags.is_empty());
        without.map(|(_, total)| *total).sum()
    }

    /// The keys, in alphabetical order.
    pub fn keys(&self) -> Vec<TagKey> {
        let mut keys: BTreeMap<&str, (Total, BTreeSet<&str>)> = BTreeMap::new();
        for (tags, total) in self.sets.values() {
            for (key, values) in tags.iter() {
                let (sum, known) = keys.entry(key).or_default();
                *sum += *total;
                known.extend(values.iter().map(AsRef::as_ref));
            }
        }
        keys.into_iter()
            .map(|(key, (total, values))| TagKey {
                key: key.to_owned(),
                total,
                values: values.len() as u64,
            })
            .collect()
    }

    /// The part of the cost that `covered` is, 0.25 for a quarter: of prices above zero, since credits
    /// carry no tags. `None` where there are none. For showing: no amount is made of it.
    pub fn coverage(&self, covered: &Total) -> Option<f64> {
        let part = covered.positive.get() as f64 / self.total().positive.get() as f64;
        Some(part).filter(|part| part.is_finite())
    }

    /// The sums by the values of one tag, as [`Totals`] of the items by this tag have them.
    pub fn by(&self, key: &str) -> Totals {
        let mut totals = Totals::new(&[Dimension::tag(key)]);
        for (tags, total) in self.sets.values() {
            let charge = Charge {
                tags: Some(tags),
                ..Charge::default()
            };
            totals.add_sum(&charge, *total);
        }
        totals
    }
}

/// The tags that have a value.
fn valued(mut tags: Tags) -> Tags {
    Arc::make_mut(&mut tags).retain(|_, values| !values.is_empty());
    tags
}

impl<'a> Extend<&'a LineItem> for TagTotals {
    fn extend<I: IntoIterator<Item = &'a LineItem>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.add(item));
    }
}

impl<'a> FromIterator<&'a LineItem> for TagTotals {
    fn from_iter<I: IntoIterator<Item = &'a LineItem>>(items: I) -> Self {
        let mut totals = Self::new();
        totals.extend(items);
        totals
    }
}

impl AddAssign for TagTotals {
    fn add_assign(&mut self, other: Self) {
        for (tags, total) in other.sets.into_values() {
            let place = self.place_of(Some(&tags));
            self.add_at(place, total);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn items(json: &str) -> Vec<LineItem> {
        serde_json::from_str(json).unwrap()
    }

    /// Items with tags, without, and with keys that have no value.
    pub(in crate::money) const ITEMS: &str = r#"[
        {"sku":"A","groupId":"1","groupName":"web","clusterName":"x","totalPriceCents":100,"discountCents":5,
         "startDate":"2025-03-01T00:00:00Z","tags":{"team":["b","a"],"env":null}},
        {"sku":"B","groupId":"1","groupName":"old","clusterName":"y","totalPriceCents":20,
         "startDate":"2025-03-02T00:00:00Z","tags":{"team":["a"],"env":["prod"]}},
        {"sku":"A","groupName":"web","clusterName":"x","totalPriceCents":-7,"tags":{"env":[]}},
        {"sku":"A","totalPriceCents":1,"tags":null},
        {"totalPriceCents":3}]"#;

    #[test]
    fn an_item_counts_for_each_of_its_keys() {
        let tags: TagTotals = items(ITEMS).iter().collect();
        let keys = tags.keys().into_iter();
        let keys: Vec<_> = keys
            .map(|it| (it.key, it.total.gross.get(), it.values))
            .collect();
        // team: 100 + 20; env: 20, since null and an empty list are no values.
        let expected = [("env".to_owned(), 20, 1), ("team".to_owned(), 120, 2)];
        assert_eq!(keys, expected);
        // Of 124 above zero, 4 are on items without a tag.
        assert_eq!(tags.coverage(&tags.untagged()), Some(4.0 / 124.0));
        let mut twice = tags.clone();
        twice += tags.clone();
        assert_eq!(twice.keys()[1].total.gross.get(), 240);
        assert_eq!(twice.untagged().count, 6);
        assert_eq!(tags.untagged().gross.get(), -7 + 1 + 3);
        assert_eq!(tags.total(), items(ITEMS).iter().collect());
    }

    proptest! {
        #[test]
        fn the_order_of_the_items_does_not_matter(order in Just(items(ITEMS)).prop_shuffle()) {
            let all: TagTotals = items(ITEMS).iter().collect();
            let (some, rest) = order.split_at(2);
            let mut sum: TagTotals = some.iter().collect();
            sum += rest.iter().collect();
            prop_assert_eq!(sum.keys(), all.keys());
            prop_assert_eq!(sum.untagged(), all.untagged());
            prop_assert_eq!(sum.total(), all.total());
        }
    }

    #[test]
    fn the_values_of_a_tag_are_those_of_totals_by_it() {
        let items = items(ITEMS);
        let tags: TagTotals = items.iter().collect();
        for key in ["team", "env", "none"] {
            let totals = Totals::of(&items, &[Dimension::tag(key)]);
            assert_eq!(tags.by(key), totals, "{key}");
        }
    }

    #[test]
    fn tags_as_they_are_written_are_the_same() {
        let json: Vec<Box<RawValue>> = serde_json::from_str(ITEMS).unwrap();
        let (mut written, mut read_anew) = (TagTotals::new(), TagTotals::new());
        for item in &json {
            let text = item.get().as_bytes();
            let read = TagTotals::needs().read(text, |charge| read_anew.add_read(charge));
            read.unwrap();
            let read =
                crate::money::charge::read_all(text, &mut Default::default(), |charge, tags| {
                    let place = written.place(tags)?;
                    written.add_at(place, charge.total());
                    Ok(())
                });
            read.unwrap();
        }
        let whole: TagTotals = items(ITEMS).iter().collect();
        assert_eq!(written.keys(), whole.keys());
        assert_eq!(read_anew.keys(), whole.keys());
        assert_eq!(written.untagged(), whole.untagged());
        for key in ["team", "env", "none"] {
            assert_eq!(written.by(key), whole.by(key), "{key}");
        }
    }

    #[test]
    fn without_items_that_lack_a_tag_there_is_no_group_for_them() {
        let items = items(ITEMS);
        let tags: TagTotals = items[..2].iter().collect();
        let labels: Vec<String> = tags
            .by("team")
            .groups()
            .iter()
            .map(|it| it.keys[0].to_string())
            .collect();
        assert_eq!(labels, ["a", "a,b"]);
    }
}
