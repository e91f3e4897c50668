//! What line items are grouped by (`--by` of the command's invoices), and the values that a group
//! shares.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

use super::charge::{Charge, Needs};
use crate::id::text_value;
use crate::parse_error::{ParseError, quoted};
use crate::period::Month;

/// What line items are grouped by.
///
/// Written as `sku`, `project`, `cluster`, `provider`, `day`, `month`, `organization` or `tag:KEY`; read
/// in singular or plural and in any case, except for the tag's key.
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
    /// Organization that used what is charged. A line item does not name it: it is the one that is given
    /// with the item, see [`Totals::add_of`](super::totals::Totals::add_of).
    Organization,
    /// Values of the resource's tag with this key, as of the time of the call. Several values are
    /// one group of their own: no cent is counted twice.
    Tag(String),
}

impl Dimension {
    /// The dimensions without a key, in the order of their names.
    pub(crate) const PLAIN: [Self; 7] = [
        Self::Sku,
        Self::Project,
        Self::Cluster,
        Self::Provider,
        Self::Day,
        Self::Month,
        Self::Organization,
    ];

    /// The forms in which a dimension is written: `sku`, …, and `tag:KEY` last.
    pub fn forms() -> Vec<String> {
        let plain = Self::PLAIN.iter().map(Self::to_string);
        plain.chain(["tag:KEY".to_owned()]).collect()
    }

    /// Whether its values are days or months.
    pub fn is_time(&self) -> bool {
        matches!(self, Self::Day | Self::Month)
    }

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
            Self::Organization => "organization",
            Self::Tag(key) => return write!(f, "tag:{key}"),
        })
    }
}

impl FromStr for Dimension {
    type Err = ParseError;

    fn from_str(given: &str) -> Result<Self, ParseError> {
        let invalid = || {
            let (given, forms) = (quoted(given), Self::forms().join(", "));
            ParseError::new(format!("cannot group by {given}; use one of {forms}"))
        };
        let singular = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.strip_suffix('s').map(str::to_owned).unwrap_or(name)
        };
        match given.split_once(':') {
            Some((name, key)) if singular(name) == "tag" && !key.is_empty() => Ok(Self::tag(key)),
            Some(_) => Err(invalid()),
            None => {
                let name = singular(given);
                let mut plain = Self::PLAIN.into_iter();
                plain
                    .find(|plain| plain.to_string() == name)
                    .ok_or_else(invalid)
            }
        }
    }
}

text_value!(
    Dimension,
    "^(sku|project|cluster|provider|day|month|organization|tag:.+)$"
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
    /// Organization that used what is charged, by its id.
    Organization(Option<String>),
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
            Self::Sku(text) | Self::Provider(text) | Self::Organization(text) => text.clone(),
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

    /// What makes a group the same in two periods: a project keeps its id when it is renamed.
    pub(super) fn identity(&self) -> Vec<Option<String>> {
        let project = |project: &Option<Project>| {
            let project = project.as_ref()?;
            project.id.clone().or_else(|| project.name.clone())
        };
        match self {
            Self::Project(of) => vec![project(of)],
            Self::Cluster { project: of, name } => vec![project(of), name.clone()],
            Self::Tag {
                values: Some(values),
                ..
            } => values.iter().cloned().map(Some).collect(),
            key => vec![key.label()],
        }
    }

    pub(super) fn of(dimension: &Dimension, charge: &Charge<'_>) -> Self {
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
            Dimension::Organization => Self::Organization(owned(charge.organization)),
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
    pub(super) fn settle_name(&mut self, name: Option<&str>) {
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

impl Needs {
    /// What sums by these dimensions need.
    pub(crate) fn of(by: &[Dimension]) -> Self {
        Self {
            day: by.iter().any(Dimension::is_time),
            tags: by.iter().any(|by| matches!(by, Dimension::Tag(_))),
            ..Self::default()
        }
    }
}

/// The values of a tag, sorted, each once.
pub(super) fn tag_values<'a>(charge: &Charge<'a>, key: &str) -> impl Iterator<Item = &'a str> {
    let values = charge.tags.and_then(|tags| tags.get(key));
    let mut values: Vec<&str> = values.into_iter().flatten().map(AsRef::as_ref).collect();
    values.sort_unstable();
    values.dedup();
    values.into_iter()
}
