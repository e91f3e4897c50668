//! Sums of line items by the values they share.

use std::collections::HashMap;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

use atlas_billing_raw::Cents;
use atlas_billing_raw::types::LineItem;
use chrono::{Datelike, NaiveDate};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::charge::Charge;
use crate::id::text_value;
use crate::parse_error::{ParseError, quoted};
use crate::period::Month;

/// What line items are grouped by.
///
/// Written as `sku`, `project`, `cluster`, `provider`, `day`, `month` or `tag:KEY`; read in singular
/// or plural and in any case, except for the tag's key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Dimension {
    /// SKU, by the service's code for it.
    Sku,
    /// Project, by its id; by its name where an item has no id.
    Project,
    /// Cluster, by its name within its project: another project may have one of that name.
    Cluster,
    /// Cloud provider that the usage is attributed to.
    Provider,
    /// UTC date on which the charge starts.
    Day,
    /// UTC month in which the charge starts.
    Month,
    /// Values of the resource's tag with this key, as of the time of the call. Several values are
    /// one group of their own: no cent is counted twice.
    Tag(String),
}

impl Dimension {
    /// The forms in which a dimension is written.
    pub const NAMES: &[&str] = &[
        "sku", "project", "cluster", "provider", "day", "month", "tag:KEY",
    ];

    /// The dimensions without a key, in the order of their names.
    pub(crate) const PLAIN: [Self; 6] = [
        Self::Sku,
        Self::Project,
        Self::Cluster,
        Self::Provider,
        Self::Day,
        Self::Month,
    ];

    /// The values of the tag with this key.
    pub fn tag(key: impl Into<String>) -> Self {
        Self::Tag(key.into())
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sku => "sku",
            Self::Project => "project",
            Self::Cluster => "cluster",
            Self::Provider => "provider",
            Self::Day => "day",
            Self::Month => "month",
            Self::Tag(key) => return write!(f, "tag:{key}"),
        })
    }
}

impl FromStr for Dimension {
    type Err = ParseError;

    fn from_str(given: &str) -> Result<Self, ParseError> {
        let invalid = || {
            let (last, others) = Self::NAMES.split_last().unwrap_or((&"", &[]));
            let (given, others) = (quoted(given), others.join(", "));
            ParseError::new(format!("cannot group by {given}; use {others} or {last}"))
        };
        let singular = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.strip_suffix('s').map(str::to_owned).unwrap_or(name)
        };
        match given.split_once(':') {
            Some((name, key)) if singular(name) == "tag" && !key.is_empty() => Ok(Self::tag(key)),
            Some(_) => Err(invalid()),
            None => {
                let position = Self::NAMES.iter().position(|name| *name == singular(given));
                let plain = position.and_then(|index| Self::PLAIN.get(index));
                plain.cloned().ok_or_else(invalid)
            }
        }
    }
}

text_value!(
    Dimension,
    "^(sku|project|cluster|provider|day|month|tag:.+)$"
);

/// The value of a [`Dimension`] that the items of one group share; `None` inside is the group of
/// the items without one.
///
/// Displays as the value people know it by, the group without one as `(none)`; a project's items
/// without a cluster as `project/(none)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Key {
    /// SKU, by the service's code for it.
    Sku(Option<String>),
    /// Project.
    Project(Option<Project>),
    /// Cluster within its project.
    Cluster {
        /// The project, whether or not the items have a cluster.
        project: Option<Project>,
        /// The cluster's name.
        name: Option<String>,
    },
    /// Cloud provider, as the service writes it.
    Provider(Option<String>),
    /// UTC date on which the charges start.
    Day(Option<NaiveDate>),
    /// UTC month in which the charges start.
    Month(Option<Month>),
    /// All values that the tag has on the items' resource.
    Tag {
        /// The tag's key.
        key: String,
        /// Its values, sorted, each once; `None` if the tag is absent, null or has no value.
        values: Option<Vec<String>>,
    },
}

/// A project, as line items name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Project {
    /// Its id; items are grouped by it.
    pub id: Option<String>,
    /// Its name. Where items of one id have several, the first in alphabetical order, so that it
    /// does not depend on the order of the items.
    pub name: Option<String>,
}

impl Key {
    /// The value as people know it: a project by its name, several values of a tag joined by
    /// commas. `None` for the group of the items without one.
    pub fn label(&self) -> Option<String> {
        match self {
            Self::Sku(text) | Self::Provider(text) => text.clone(),
            Self::Project(project) => project.as_ref().map(Project::to_string),
            Self::Cluster { project, name } => match (project, name) {
                (Some(project), Some(name)) => Some(format!("{project}/{name}")),
                (None, name) => name.clone(),
                (Some(_), None) => None,
            },
            Self::Day(day) => day.map(|day| day.to_string()),
            Self::Month(month) => month.map(|month| month.to_string()),
            Self::Tag { values, .. } => values.as_ref().map(|values| values.join(",")),
        }
    }

    fn of(dimension: &Dimension, charge: &Charge<'_>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let known = charge.project_id.is_some() || charge.project_name.is_some();
        let project = known.then(|| Project {
            id: owned(charge.project_id),
            name: owned(charge.project_name),
        });
        match dimension {
            Dimension::Sku => Self::Sku(owned(charge.sku)),
            Dimension::Project => Self::Project(project),
            Dimension::Cluster => Self::Cluster {
                project,
                name: owned(charge.cluster),
            },
            Dimension::Provider => Self::Provider(owned(charge.provider)),
            Dimension::Day => Self::Day(charge.day),
            Dimension::Month => Self::Month(charge.day.map(Month::of)),
            Dimension::Tag(key) => {
                let values: Vec<String> = tag_values(charge, key).map(str::to_owned).collect();
                Self::Tag {
                    key: key.clone(),
                    values: (!values.is_empty()).then_some(values),
                }
            }
        }
    }

    /// Keeps the first name in alphabetical order that the group's project has.
    fn settle_name(&mut self, name: Option<&str>) {
        let (Self::Project(project) | Self::Cluster { project, .. }) = self else {
            return;
        };
        if let (Some(project), Some(name)) = (project, name)
            && project.name.as_deref().is_none_or(|known| name < known)
        {
            project.name = Some(name.to_owned());
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster {
                project: Some(project),
                name: None,
            } if project.name.is_some() || project.id.is_some() => {
                f.pad(&format!("{project}/(none)"))
            }
            _ => f.pad(self.label().as_deref().unwrap_or("(none)")),
        }
    }
}

impl fmt::Display for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.name.as_deref().or(self.id.as_deref());
        f.pad(shown.unwrap_or("(none)"))
    }
}

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
        let mut total = Self::default();
        for item in items {
            let charge = Charge::from(item);
            total.add_item(charge.gross, charge.discount);
        }
        total
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
    groups: HashMap<Box<[u8]>, Group>,
    /// The identity of the group of the item at hand, reused.
    identity: Vec<u8>,
}

impl Totals {
    /// No items yet, to be grouped by `by`; without a dimension there is one group at most.
    pub fn new(by: &[Dimension]) -> Self {
        Self {
            by: by.to_vec(),
            total: Total::default(),
            groups: HashMap::new(),
            identity: Vec::new(),
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

    pub(crate) fn add_charge(&mut self, charge: &Charge<'_>) {
        self.total.add_item(charge.gross, charge.discount);
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
                    keys: self.by.iter().map(|by| Key::of(by, charge)).collect(),
                    total: Total::default(),
                }),
        };
        group.total.add_item(charge.gross, charge.discount);
        for key in &mut group.keys {
            key.settle_name(charge.project_name);
        }
    }
}

impl<'a> Extend<&'a LineItem> for Totals {
    fn extend<I: IntoIterator<Item = &'a LineItem>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.add(item));
    }
}

impl PartialEq for Totals {
    fn eq(&self, other: &Self) -> bool {
        self.by == other.by && self.total == other.total && self.groups == other.groups
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

/// Appends what tells the groups of `dimension` apart, in a form in which no two values are alike.
fn identify(dimension: &Dimension, charge: &Charge<'_>, identity: &mut Vec<u8>) {
    let day = |day: NaiveDate| day.num_days_from_ce().to_ne_bytes();
    match dimension {
        Dimension::Sku => push(charge.sku, identity),
        Dimension::Provider => push(charge.provider, identity),
        Dimension::Day => push(charge.day.map(day), identity),
        Dimension::Month => {
            let month = charge.day.map(Month::of);
            push(month.map(|month| day(month.first_day())), identity);
        }
        Dimension::Project | Dimension::Cluster => {
            push(charge.project_id, identity);
            if charge.project_id.is_none() {
                push(charge.project_name, identity);
            }
            if *dimension == Dimension::Cluster {
                push(charge.cluster, identity);
            }
        }
        Dimension::Tag(key) => {
            tag_values(charge, key).for_each(|value| push(Some(value), identity));
            push(None::<&str>, identity);
        }
    }
}

fn push(value: Option<impl AsRef<[u8]>>, identity: &mut Vec<u8>) {
    identity.push(u8::from(value.is_some()));
    if let Some(value) = value {
        let value = value.as_ref();
        identity.extend_from_slice(&value.len().to_ne_bytes());
        identity.extend_from_slice(value);
    }
}

/// The values of a tag, sorted, each once.
fn tag_values<'a>(charge: &Charge<'a>, key: &str) -> impl Iterator<Item = &'a str> {
    let values = charge.tags.and_then(|tags| tags.get(key));
    let mut values: Vec<&str> = values.into_iter().flatten().map(String::as_str).collect();
    values.sort_unstable();
    values.dedup();
    values.into_iter()
}

#[cfg(test)]
mod tests;
