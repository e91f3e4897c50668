//! The columns and labels that name a group, by dimension: with the help of `--by`, all that a new dimension
//! needs of the command.

use atlas_billing::totals::{Dimension, Key, Project};

use super::group_row::{GroupRow, told};
use crate::output::{Column, Kind, columns, label_name};

/// The columns of records that name a group of the dimension at this place: an id beside the name where
/// there is one.
pub(super) fn columns(at: usize, dimension: &Dimension) -> Vec<Column<GroupRow>> {
    let means = match dimension {
        Dimension::Project | Dimension::Cluster => {
            let mut columns = columns! { GroupRow:
                "project_id" Text = |r| r.project(at).and_then(|of| of.id.as_deref()), "The project.";
                "project_name" Text = |r| r.project(at).and_then(|of| of.name.as_deref()),
                    "The name of the project.";
                "cluster_name" Text = |r| r.cluster(at), "The cluster.";
            };
            columns
                .retain(|column| *dimension == Dimension::Cluster || column.name != "cluster_name");
            return columns;
        }
        Dimension::Sku => "What was used, as a code.",
        Dimension::Provider => "The cloud provider.",
        Dimension::Day => "The day on which the usage began, UTC.",
        Dimension::Month => "The month in which the usage began, UTC.",
        Dimension::Organization => "The organization that used it; null where it is not known.",
        Dimension::Tag(_) => {
            "The values of the tag, joined by commas; (untagged) where there is no such tag, (empty) for a \
             value without text."
        }
        _ => "What was grouped by.",
    };
    let (name, kind) = match dimension {
        Dimension::Provider => ("cloud_provider".to_owned(), Kind::Text),
        Dimension::Day => ("day".to_owned(), Kind::Day),
        Dimension::Organization => ("used_by_org_id".to_owned(), Kind::Text),
        other => (other.to_string().to_ascii_lowercase(), Kind::Text),
    };
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    vec![Column::new(name, kind, means, move |r: &GroupRow| {
        r.keys.get(at).and_then(told).into()
    })]
}

/// The labels of metrics that name a group of the dimension, likewise. They stay as they are;
/// docs/metrics.md lists them.
pub(super) fn labels<R: 'static>(
    dimension: &Dimension,
    key: impl Fn(&R) -> Option<&Key> + Copy + Send + Sync + 'static,
) -> Vec<Column<R>> {
    let project = move |r: &R| match key(r) {
        Some(Key::Project(project) | Key::Cluster { project, .. }) => project.clone(),
        _ => None,
    };
    let name = match dimension {
        Dimension::Project | Dimension::Cluster => "cluster".to_owned(),
        Dimension::Provider => "cloud_provider".to_owned(),
        Dimension::Organization => "used_by_org".to_owned(),
        Dimension::Tag(tag) => format!("tag_{}", label_name(tag)),
        other => label_name(&other.to_string()),
    };
    let mut columns = match dimension {
        Dimension::Project | Dimension::Cluster => columns! { R:
            "project" Text = |r| project(r).and_then(|Project { id, name, .. }| name.or(id)), "";
            "project_id" Text = |r| project(r).and_then(|project| project.id), "";
        },
        _ => Vec::new(),
    };
    if *dimension != Dimension::Project {
        columns.push(Column::new(name, Kind::Text, "", move |r: &R| {
            match key(r) {
                Some(Key::Cluster { name, .. }) => name.as_deref().into(),
                key => key.and_then(Key::label).into(),
            }
        }));
    }
    columns
}
