//! Sums by fewer dimensions than they were made by.

use std::collections::BTreeMap;

use atlas_billing_raw::{SharedText, Tags};

use super::{Charge, Dimension, Group, Key, Totals};
use crate::period::Month;

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
            let tags: BTreeMap<_, _> = keys.iter().filter_map(tag).collect();
            let tags = Tags::from(tags);
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

fn tag(key: &Key) -> Option<(SharedText, Vec<SharedText>)> {
    match key {
        Key::Tag {
            key,
            values: Some(values),
        } => {
            let values = values.iter().map(|value| value.as_str().into());
            Some((key.as_str().into(), values.collect()))
        }
        _ => None,
    }
}

impl<'a> Charge<'a> {
    /// Sets what a group of charges shares.
    fn take(&mut self, key: &'a Key) {
        match key {
            Key::Sku(sku) => self.sku = sku.as_deref(),
            Key::Provider(provider) => self.provider = provider.as_deref(),
            Key::Organization(organization) => self.organization = organization.as_deref(),
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
    use atlas_billing_raw::types::LineItem;
    use proptest::prelude::*;

    use super::*;
    use crate::money::tags::tests::ITEMS;

    proptest! {
        #[test]
        fn rolled_up_sums_are_those_by_fewer_dimensions(
            picked in prop::collection::vec(0usize..5, 0..12),
            by in prop::sample::subsequence(vec![0usize, 1, 2, 3, 4, 5], 0..4),
        ) {
            let all: Vec<LineItem> = serde_json::from_str(ITEMS).unwrap();
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
