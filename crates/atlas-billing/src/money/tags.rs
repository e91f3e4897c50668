//! Which tags line items carry, and how much of the cost each tag key covers.

use std::collections::{BTreeSet, HashMap};
use std::ops::AddAssign;

use atlas_billing_raw::types::LineItem;
use serde::Serialize;

use super::charge::{Charge, Needs};
use super::dimension::tag_values;
use super::totals::Total;

/// Sums of line items by the tag keys that they carry. An item with several keys counts for each of
/// them, so that the keys do not add up to the whole. A tag without a value counts as none, as for
/// [`Dimension::Tag`](super::totals::Dimension::Tag). Independent of the order of the items.
///
/// ```
/// use atlas_billing::money::TagTotals;
///
/// let items: Vec<atlas_billing::LineItem> = serde_json::from_str(
///     r#"[{"totalPriceCents":75,"tags":{"team":["web"],"env":["prod"]}}, {"totalPriceCents":25}]"#,
/// )?;
/// let tags: TagTotals = items.iter().collect();
/// let keys = tags.keys();
/// assert_eq!((&*keys[1].key, keys[1].total.gross.get(), keys[1].values), ("team", 75, 1));
/// assert_eq!(tags.untagged().gross.get(), 25);
/// assert_eq!(tags.coverage(&keys[1].total), Some(0.75));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagTotals {
    total: Total,
    untagged: Total,
    keys: HashMap<String, (Total, BTreeSet<String>)>,
}

/// The line items that carry a tag key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
        self.add_charge(&item.into());
    }

    /// What is read of an item.
    pub(crate) fn needs() -> Needs {
        Needs {
            tags: true,
            ..Needs::default()
        }
    }

    pub(crate) fn add_charge(&mut self, charge: &Charge<'_>) {
        self.total.add_item(charge.gross, charge.discount);
        let mut is_tagged = false;
        for key in charge.tags.into_iter().flat_map(|tags| tags.keys()) {
            let mut values = tag_values(charge, key).peekable();
            if values.peek().is_none() {
                continue;
            }
            is_tagged = true;
            if !self.keys.contains_key(key) {
                self.keys.insert(key.clone(), Default::default());
            }
            if let Some((total, known)) = self.keys.get_mut(key) {
                total.add_item(charge.gross, charge.discount);
                for value in values {
                    if !known.contains(value) {
                        known.insert(value.to_owned());
                    }
                }
            }
        }
        if !is_tagged {
            self.untagged.add_item(charge.gross, charge.discount);
        }
    }

    /// The sum of all items.
    pub fn total(&self) -> Total {
        self.total
    }

    /// The sum of the items that carry no key at all.
    pub fn untagged(&self) -> Total {
        self.untagged
    }

    /// The keys, in ascending order.
    pub fn keys(&self) -> Vec<TagKey> {
        let keys = self.keys.iter().map(|(key, (total, values))| TagKey {
            key: key.clone(),
            total: *total,
            values: values.len() as u64,
        });
        let mut keys: Vec<TagKey> = keys.collect();
        keys.sort_by(|left, right| left.key.cmp(&right.key));
        keys
    }

    /// The part of the cost that `covered` is, 0.25 for a quarter: of prices above zero, since credits
    /// carry no tags. `None` where there are none. For showing: no amount is made of it.
    pub fn coverage(&self, covered: &Total) -> Option<f64> {
        let part = covered.positive.get() as f64 / self.total.positive.get() as f64;
        Some(part).filter(|part| part.is_finite())
    }
}

impl AddAssign for TagTotals {
    fn add_assign(&mut self, other: Self) {
        self.total += other.total;
        self.untagged += other.untagged;
        for (key, (total, values)) in other.keys {
            let (sum, known) = self.keys.entry(key).or_default();
            *sum += total;
            known.extend(values);
        }
    }
}

impl<'a> FromIterator<&'a LineItem> for TagTotals {
    fn from_iter<I: IntoIterator<Item = &'a LineItem>>(items: I) -> Self {
        let mut tags = Self::new();
        items.into_iter().for_each(|item| tags.add(item));
        tags
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(cents: i64, tags: &str) -> LineItem {
        let text = format!(r#"{{"totalPriceCents":{cents},"discountCents":1,"tags":{tags}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn items() -> Vec<LineItem> {
        vec![
            item(100, r#"{"team":["web"],"env":["prod"]}"#),
            item(200, r#"{"team":["web","api"],"env":null}"#),
            item(40, r#"{"team":["api","api"],"Team":[""]}"#),
            item(60, r#"{"team":[]}"#),
            item(-30, "{}"),
            item(0, "null"),
        ]
    }

    #[test]
    fn each_key_with_its_cost_items_and_values() {
        let tags: TagTotals = items().iter().collect();
        let keys = tags.keys();
        let shown: Vec<_> = keys
            .iter()
            .map(|key| {
                let Total { gross, count, .. } = key.total;
                (&*key.key, gross.get(), count, key.values)
            })
            .collect();
        // A value may be empty; a key without a value is none.
        assert_eq!(
            shown,
            [("Team", 40, 1, 1), ("env", 100, 1, 1), ("team", 340, 3, 2)]
        );
        assert_eq!(tags.untagged().gross.get(), 60 - 30);
        assert_eq!(tags.untagged().count, 3);
        // 340 of 400 that were charged: the credit is no cost without a tag.
        assert_eq!(tags.coverage(&keys[2].total), Some(0.85));
        assert_eq!(tags.coverage(&tags.untagged()), Some(0.15));
        assert_eq!(TagTotals::new().coverage(&Total::default()), None);
    }

    proptest! {
        #[test]
        fn the_order_of_the_items_does_not_matter(order in Just(items()).prop_shuffle()) {
            let tags: TagTotals = order.iter().collect();
            prop_assert_eq!(&tags, &items().iter().collect());
            let (some, rest) = order.split_at(2);
            let mut sum: TagTotals = some.iter().collect();
            sum += rest.iter().collect();
            prop_assert_eq!(&sum, &tags);
            let keys = tags.keys();
            let most = keys.iter().map(|key| key.total.count).max().unwrap();
            prop_assert!(most + tags.untagged().count <= tags.total().count);
        }
    }
}
