//! Sums of line items by all their tags, whose keys are not known before.

use std::collections::{BTreeMap, HashMap};

use atlas_billing_raw::types::LineItem;
use serde_json::value::RawValue;

use super::{Charge, Dimension, Group, Key, Total, Totals};
use crate::period::Month;

type Tags = BTreeMap<String, Vec<String>>;

/// Exact sums over line items by the tags of their resources, built up one item at a time, in memory
/// that grows with the number of different sets of tags. Independent of the order of the items.
///
/// ```
/// use atlas_billing::totals::TagTotals;
///
/// let items: Vec<atlas_billing::LineItem> = serde_json::from_str(
///     r#"[{"totalPriceCents":70,"tags":{"team":["web"]}},{"totalPriceCents":30}]"#,
/// )?;
/// let tags: TagTotals = items.iter().collect();
/// assert_eq!(tags.keys()[0].key, "team");
/// assert_eq!(tags.keys()[0].total.gross.get(), 70);
/// assert_eq!(tags.untagged().gross.get(), 30);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct TagTotals {
    /// By the tags as they are written: items of one resource have the same text.
    sets: HashMap<Box<str>, (Tags, Total)>,
    untagged: Total,
}

/// What the line items that have a tag come to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TagKey {
    /// The tag's key.
    pub key: String,
    /// The sum of the items that have a value of it.
    pub total: Total,
}

impl TagTotals {
    /// No items yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one item.
    pub fn add(&mut self, item: &LineItem) {
        let charge = Charge::from(item);
        let text = serde_json::to_string(&item.tags).unwrap_or_default();
        let set = self.sets.entry(text.into()).or_insert_with(|| {
            let tags = valued(item.tags.clone());
            (tags, Total::default())
        });
        set.1.add_item(charge.gross, charge.discount);
    }

    /// Adds a charge with its tags as they are written, which are read once for each text.
    pub(crate) fn add_charge(
        &mut self,
        charge: &Charge<'_>,
        tags: Option<&RawValue>,
    ) -> serde_json::Result<()> {
        let total = match tags.map(RawValue::get) {
            None => &mut self.untagged,
            Some(text) => match self.sets.get_mut(text) {
                Some((_, total)) => total,
                None => {
                    let tags: Option<BTreeMap<String, Option<Vec<String>>>> =
                        serde_json::from_str(text)?;
                    let tags = tags.unwrap_or_default().into_iter();
                    let tags = tags.map(|(key, values)| (key, values.unwrap_or_default()));
                    let set = (valued(tags.collect()), Total::default());
                    &mut self.sets.entry(text.into()).or_insert(set).1
                }
            },
        };
        total.add_item(charge.gross, charge.discount);
        Ok(())
    }

    /// The sum over all items.
    pub fn total(&self) -> Total {
        self.untagged + self.sets.values().map(|(_, total)| *total).sum()
    }

    /// The sum of the items without a value of any tag.
    pub fn untagged(&self) -> Total {
        let sets = self.sets.values();
        let without = sets.filter(|(tags, _)| tags.is_empty());
        self.untagged + without.map(|(_, total)| *total).sum()
    }

    /// The keys that items have a value of, in alphabetical order. An item with several keys counts
    /// for each of them.
    pub fn keys(&self) -> Vec<TagKey> {
        let mut keys: BTreeMap<&str, Total> = BTreeMap::new();
        for (tags, total) in self.sets.values() {
            for key in tags.keys() {
                *keys.entry(key).or_default() += *total;
            }
        }
        keys.into_iter()
            .map(|(key, total)| TagKey {
                key: key.to_owned(),
                total,
            })
            .collect()
    }

    /// The sums by the values of one tag, as [`Totals`] of the items by this tag have them.
    pub fn by(&self, key: &str) -> Totals {
        let mut totals = Totals::new(&[Dimension::tag(key)]);
        if self.untagged.count > 0 {
            totals.add_sum(&Charge::default(), self.untagged);
        }
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
    tags.retain(|_, values| !values.is_empty());
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

impl Totals {
    /// The same sums by fewer dimensions: by some of those that these are by, in any order, or by
    /// project where these are by cluster. `None` for another one.
    ///
    /// ```
    /// use atlas_billing::totals::{Dimension, Totals};
    ///
    /// # fn show(invoice: &atlas_billing::Invoice) {
    /// let clusters = Totals::of(&invoice.line_items, &[Dimension::Cluster]);
    /// let projects = Totals::of(&invoice.line_items, &[Dimension::Project]);
    /// assert_eq!(clusters.rolled_up(&[Dimension::Project]), Some(projects));
    /// # }
    /// ```
    pub fn rolled_up(&self, by: &[Dimension]) -> Option<Self> {
        let is_within = |dimension: &Dimension| {
            let of_cluster = *dimension == Dimension::Project;
            self.by.contains(dimension) || of_cluster && self.by.contains(&Dimension::Cluster)
        };
        if !by.iter().all(is_within) {
            return None;
        }
        let mut totals = Self::new(by);
        for Group { keys, total } in self.groups.values() {
            let tags: Tags = keys.iter().filter_map(tag).collect();
            let mut charge = Charge {
                tags: Some(&tags),
                ..Charge::default()
            };
            keys.iter().for_each(|key| charge.take(key));
            totals.add_sum(&charge, *total);
        }
        Some(totals)
    }
}

fn tag(key: &Key) -> Option<(String, Vec<String>)> {
    match key {
        Key::Tag {
            key,
            values: Some(values),
        } => Some((key.clone(), values.clone())),
        _ => None,
    }
}

impl<'a> Charge<'a> {
    /// Sets what a group of charges shares.
    fn take(&mut self, key: &'a Key) {
        match key {
            Key::Sku(sku) => self.sku = sku.as_deref(),
            Key::Provider(provider) => self.provider = provider.as_deref(),
            Key::Day(day) => self.day = self.day.or(*day),
            Key::Month(month) => self.day = self.day.or(month.map(Month::first_day)),
            Key::Project(project) | Key::Cluster { project, .. } => {
                let project = project.as_ref();
                self.project_id = project.and_then(|project| project.id.as_deref());
                self.project_name = project.and_then(|project| project.name.as_deref());
                if let Key::Cluster { name, .. } = key {
                    self.cluster = name.as_deref();
                }
            }
            Key::Tag { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn items(json: &str) -> Vec<LineItem> {
        serde_json::from_str(json).unwrap()
    }

    const ITEMS: &str = r#"[
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
        let keys: Vec<_> = keys.map(|it| (it.key, it.total.gross.get())).collect();
        // team: 100 + 20; env: 20, since null and an empty list are no values.
        assert_eq!(keys, [("env".to_owned(), 20), ("team".to_owned(), 120)]);
        assert_eq!(tags.untagged().gross.get(), -7 + 1 + 3);
        assert_eq!(tags.total(), items(ITEMS).iter().collect());
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
        let mut written = TagTotals::new();
        for item in &json {
            let read = crate::money::charge::read_all(item.get().as_bytes(), |charge, tags| {
                written.add_charge(charge, tags)
            });
            read.unwrap();
        }
        let whole: TagTotals = items(ITEMS).iter().collect();
        assert_eq!(written.keys(), whole.keys());
        assert_eq!(written.untagged(), whole.untagged());
    }

    proptest! {
        #[test]
        fn rolled_up_sums_are_those_by_fewer_dimensions(
            picked in prop::collection::vec(0usize..5, 0..12),
            by in prop::sample::subsequence(vec![0usize, 1, 2, 3, 4, 5], 0..4),
        ) {
            let all = items(ITEMS);
            let items: Vec<&LineItem> = picked.iter().map(|at| &all[*at]).collect();
            let dimensions = [
                Dimension::Sku, Dimension::Cluster, Dimension::Day, Dimension::tag("team"),
                Dimension::Provider, Dimension::Project,
            ];
            let fewer: Vec<Dimension> = by.iter().map(|at| dimensions[*at].clone()).collect();
            let whole = Totals::of(items.iter().copied(), &dimensions[..5]);
            prop_assert_eq!(whole.rolled_up(&fewer), Some(Totals::of(items, &fewer)));
            prop_assert_eq!(whole.rolled_up(&[Dimension::Month]), None);
        }
    }
}
