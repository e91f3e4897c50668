//! The value of a dimension that a group of line items shares.

use std::fmt;

use chrono::NaiveDate;

use crate::Month;

/// The value of a [`Dimension`](super::Dimension) that the items of one group share; `None` inside
/// is the group of the items without one.
///
/// Displays as the value people know it by, the group without one as `(none)`; a project's items
/// without a cluster as `project/(none)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Key {
    /// What was provided, by the service's code for it.
    Sku(Option<String>),
    /// The project.
    Project(Option<Project>),
    /// The cluster within its project.
    Cluster {
        /// The project, whether or not the items have a cluster.
        project: Option<Project>,
        /// The cluster's name.
        name: Option<String>,
    },
    /// The cloud provider, as the service writes it.
    Provider(Option<String>),
    /// The UTC date on which the charges start.
    Day(Option<NaiveDate>),
    /// The UTC month in which the charges start.
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Project {
    /// Its id; items are grouped by it.
    pub id: Option<String>,
    /// Its name. Where items of one id have several, the first in alphabetical order, so that
    /// it does not depend on the order of the items.
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
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster {
                project: Some(project),
                name: None,
            } if project.is_known() => f.pad(&format!("{project}/(none)")),
            _ => f.pad(self.label().as_deref().unwrap_or("(none)")),
        }
    }
}

impl Project {
    /// Whether it is known by anything.
    fn is_known(&self) -> bool {
        self.name.is_some() || self.id.is_some()
    }
}

impl fmt::Display for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.name.as_deref().or(self.id.as_deref());
        f.pad(shown.unwrap_or("(none)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_as_people_know_it() {
        let text = |text: &str| Some(text.to_owned());
        let project = |id, name| Some(Project { id, name });
        for (key, shown) in [
            (Key::Sku(text("S")), "S"),
            (Key::Sku(None), "(none)"),
            (Key::Project(project(text("1"), text("web"))), "web"),
            (Key::Project(project(text("1"), None)), "1"),
            (
                Key::Cluster {
                    project: project(text("1"), text("web")),
                    name: text("c0"),
                },
                "web/c0",
            ),
            (
                Key::Cluster {
                    project: project(text("1"), None),
                    name: None,
                },
                "1/(none)",
            ),
            (
                Key::Cluster {
                    project: project(None, None),
                    name: None,
                },
                "(none)",
            ),
            (
                Key::Cluster {
                    project: None,
                    name: text("c0"),
                },
                "c0",
            ),
            (Key::Day(NaiveDate::from_ymd_opt(2025, 3, 1)), "2025-03-01"),
            (
                Key::Tag {
                    key: "t".into(),
                    values: Some(vec!["a".into(), "b".into()]),
                },
                "a,b",
            ),
        ] {
            assert_eq!(key.to_string(), shown);
        }
        assert_eq!(format!("{:>7}|", Key::Sku(None)), " (none)|");
    }
}
