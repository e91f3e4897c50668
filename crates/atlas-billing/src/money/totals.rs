//! Sums of line items by the values they share.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use atlas_billing_raw::Cents;
use atlas_billing_raw::types::LineItem;
use chrono::{Datelike, NaiveDate};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::charge::Charge;
use super::dimension::tag_values;
pub use super::dimension::{Dimension, Key, Project};
pub use super::filter::ItemFilter;
use super::groups::{Groups, Identity};
use crate::period::Month;

mod rolled_up;

/// An exact sum over line items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Total {
    /// The sum of the items' prices: see [`LineItem::gross`].
    pub gross: Cents,
    /// The sum of those prices that are positive: without credits.
    pub positive: Cents,
    /// The sum of the items' discounts: see [`LineItem::discount`].
    pub discount: Cents,
    /// How many items were added, those without a price included.
    pub count: u64,
}

impl Total {
    /// The gross sum less the discounts: what the items cost **if** their prices are before
    /// discounts, see [`LineItem::net`].
    pub fn net(&self) -> Cents {
        self.gross - self.discount
    }

    /// Adds one item.
    pub(crate) fn add_item(&mut self, gross: Cents, discount: Cents) {
        self.gross += gross;
        self.positive += gross.max(Cents::ZERO);
        self.discount += discount;
        self.count += 1;
    }
}

impl Add for Total {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            gross: self.gross + other.gross,
            positive: self.positive + other.positive,
            discount: self.discount + other.discount,
            count: self.count.saturating_add(other.count),
        }
    }
}

impl AddAssign for Total {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Total {
    fn sum<I: Iterator<Item = Self>>(totals: I) -> Self {
        totals.fold(Self::default(), Add::add)
    }
}

impl<'a> FromIterator<&'a LineItem> for Total {
    fn from_iter<I: IntoIterator<Item = &'a LineItem>>(items: I) -> Self {
        let items = items.into_iter();
        items.map(|item| Charge::from(item).total()).sum()
    }
}

/// The sum over the line items that share the values of all dimensions.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Group {
    /// The values, one for each dimension, in the order of the dimensions.
    pub keys: Vec<Key>,
    /// The sum.
    pub total: Total,
}

/// Sums of line items by one or more dimensions, built up one item at a time.
///
/// Each item counts in exactly one group, so that the groups always add up to the total, and
/// nothing depends on the order of the items.
///
/// ```
/// use atlas_billing::totals::{Dimension, Totals};
///
/// # fn show(invoice: &atlas_billing::Invoice) {
/// let totals = Totals::of(&invoice.line_items, &[Dimension::Project, Dimension::Sku]);
/// for group in totals.groups() {
///     println!("{} {}: {}", group.keys[0], group.keys[1], group.total.gross);
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Totals {
    by: Vec<Dimension>,
    total: Total,
    groups: Groups<Group>,
}

impl Totals {
    /// No items yet, to be grouped by `by`; without a dimension there is one group at most.
    pub fn new(by: &[Dimension]) -> Self {
        Self {
            by: by.to_vec(),
            total: Total::default(),
            groups: Groups::default(),
        }
    }

    /// The sums of `items` by `by`.
    pub fn of<'a>(items: impl IntoIterator<Item = &'a LineItem>, by: &[Dimension]) -> Self {
        let mut totals = Self::new(by);
        totals.extend(items);
        totals
    }

    /// What is grouped by.
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

    /// The groups by value, in the same order.
    pub fn into_groups(self) -> Vec<Group> {
        let mut groups: Vec<Group> = self.groups.into_values().collect();
        groups.sort_by(|left, right| left.keys.cmp(&right.keys));
        groups
    }

    /// Adds one item.
    pub fn add(&mut self, item: &LineItem) {
        self.add_charge(&item.into());
    }

    /// Adds one item that `organization` used, by its id.
    pub fn add_of(&mut self, item: &LineItem, organization: Option<&str>) {
        self.add_charge(&Charge::of(item, organization));
    }

    pub(crate) fn add_charge(&mut self, charge: &Charge<'_>) {
        self.add_sum(charge, charge.total());
    }

    /// Adds a sum over items that share what `charge` has.
    pub(super) fn add_sum(&mut self, charge: &Charge<'_>, sum: Total) {
        let place = self.place(charge);
        self.add_at(place, sum);
    }

    /// The place of the group that a charge belongs to.
    pub(crate) fn place(&mut self, charge: &Charge<'_>) -> usize {
        let new = |keys| Group {
            keys,
            total: Total::default(),
        };
        place(&mut self.groups, &self.by, charge, new, |group| {
            &mut group.keys
        })
    }

    /// Adds a sum to the group at its place.
    pub(crate) fn add_at(&mut self, place: usize, sum: Total) {
        self.total += sum;
        self.groups.at(place).total += sum;
    }
}

impl<'a> Extend<&'a LineItem> for Totals {
    fn extend<I: IntoIterator<Item = &'a LineItem>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.add(item));
    }
}

impl PartialEq for Totals {
    fn eq(&self, other: &Self) -> bool {
        // The groups add up to the total.
        self.by == other.by && self.groups() == other.groups()
    }
}

impl Eq for Totals {}

impl Serialize for Totals {
    /// An object of `by`, `total` and `groups`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Totals", 3)?;
        fields.serialize_field("by", &self.by)?;
        fields.serialize_field("total", &self.total)?;
        fields.serialize_field("groups", &self.groups())?;
        fields.end()
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Totals {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Totals".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "properties": {
                "by": generator.subschema_for::<Vec<Dimension>>(),
                "total": generator.subschema_for::<Total>(),
                "groups": generator.subschema_for::<Vec<Group>>(),
            },
            "required": ["by", "total", "groups"],
        })
    }
}

/// The place of the group by these dimensions that a charge belongs to; `new` makes one of its keys, and
/// `keys` are those that a group has.
pub(super) fn place<G>(
    groups: &mut Groups<G>,
    by: &[Dimension],
    charge: &Charge<'_>,
    new: impl FnOnce(Vec<Key>) -> G,
    keys: impl FnOnce(&mut G) -> &mut Vec<Key>,
) -> usize {
    let new = || new(by.iter().map(|by| Key::of(by, charge)).collect());
    let place = groups.place(|identity| identify(by, charge, identity), new);
    for key in keys(groups.at(place)) {
        key.settle_name(charge.project_name);
    }
    place
}

/// Writes what tells the groups of charges by these dimensions apart.
pub(crate) fn identify<'d>(
    by: impl IntoIterator<Item = &'d Dimension>,
    charge: &Charge<'_>,
    identity: &mut Identity,
) {
    let day = |day: NaiveDate| day.num_days_from_ce().to_ne_bytes();
    for dimension in by {
        match dimension {
            Dimension::Sku => identity.push(charge.sku),
            Dimension::Provider => identity.push(charge.provider),
            Dimension::Organization => identity.push(charge.organization),
            Dimension::Day => identity.push(charge.day.map(day)),
            Dimension::Month => {
                let month = charge.day.map(Month::of);
                identity.push(month.map(|month| day(month.first_day())));
            }
            Dimension::Project | Dimension::Cluster => {
                identity.push(charge.project_id);
                if charge.project_id.is_none() {
                    identity.push(charge.project_name);
                }
                if *dimension == Dimension::Cluster {
                    identity.push(charge.cluster);
                }
            }
            Dimension::Tag(key) => {
                tag_values(charge, key).for_each(|value| identity.push(Some(value)));
                identity.push(None::<&str>);
            }
        }
    }
}

#[cfg(test)]
mod tests;
