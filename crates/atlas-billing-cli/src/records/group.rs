//! What groups of line items go by: the columns that name a group, the same for each table.

use std::borrow::Cow;

use atlas_billing::{Dimension, Key, Project, Total};

use crate::output::{Cell, Column, Kind};

/// A group of line items; without keys it is all that the largest groups leave over.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GroupRow {
    pub(crate) invoice_id: Option<String>,
    pub(crate) keys: Vec<Key>,
    pub(crate) total: Total,
    /// The part of the whole, 0.25 for a quarter.
    pub(crate) share: Option<f64>,
    /// How many groups this row stands for.
    pub(crate) groups: usize,
}

/// Whatever has a group's keys.
pub(crate) trait Keyed: 'static {
    /// One key a dimension; none where the row stands for several groups.
    fn keys(&self) -> &[Key];
}

impl Keyed for GroupRow {
    fn keys(&self) -> &[Key] {
        &self.keys
    }
}

/// Describes the record of groups by `by`.
pub(crate) fn columns(by: &[Dimension]) -> Vec<Column<GroupRow>> {
    type R = GroupRow;
    let mut columns = vec![Column::new(
        "invoice_id",
        Kind::Text,
        "The invoice.",
        |r: &R| Cell::maybe(r.invoice_id.as_deref()),
    )];
    columns.extend(key_columns(by));
    columns.extend([
        Column::new(
            "gross_cents",
            Kind::Cents,
            "The items' prices, before discounts.",
            |r: &R| Cell::cents(r.total.gross),
        )
        .always(),
        Column::new(
            "discount_cents",
            Kind::Cents,
            "The items' discounts.",
            |r: &R| Cell::cents(r.total.discount),
        )
        .always(),
        Column::new(
            "share",
            Kind::Number,
            "The part of all gross cents, 0.25 a quarter.",
            |r: &R| Cell::float(r.share),
        ),
        Column::new("items", Kind::Integer, "How many items.", |r: &R| {
            Cell::integer(i64::try_from(r.total.count).ok())
        })
        .always(),
        groups_column(|r: &R| r.groups),
    ]);
    columns
}

/// The column that says how many groups a row stands for.
pub(crate) fn groups_column<R: 'static>(groups: fn(&R) -> usize) -> Column<R> {
    Column::new(
        "groups",
        Kind::Integer,
        "How many groups the row stands for: 1, or with --top the number of those left over.",
        move |r: &R| Cell::integer(i64::try_from(groups(r)).ok()),
    )
    .always()
}

/// The columns that name a group: an id beside the name where there is one.
pub(crate) fn key_columns<R: Keyed>(by: &[Dimension]) -> Vec<Column<R>> {
    let mut columns: Vec<Column<R>> = Vec::new();
    for (at, dimension) in by.iter().enumerate() {
        for part in parts(dimension) {
            let name = part.name.clone();
            if columns.iter().any(|column| column.name == name) {
                continue;
            }
            let read = part.read;
            columns.push(Column::new(name, part.kind, part.means, move |r: &R| {
                r.keys().get(at).map_or(Cell::Null, read)
            }));
        }
    }
    columns
}

struct Part {
    name: Cow<'static, str>,
    kind: Kind,
    means: &'static str,
    read: fn(&Key) -> Cell<'_>,
}

impl Part {
    fn new(
        name: impl Into<Cow<'static, str>>,
        means: &'static str,
        read: fn(&Key) -> Cell<'_>,
    ) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Text,
            means,
            read,
        }
    }
}

fn parts(dimension: &Dimension) -> Vec<Part> {
    let project_id = Part::new("project_id", "The project.", |key| project(key, |p| &p.id));
    let project_name = Part::new("project_name", "The project's name.", |key| {
        project(key, |p| &p.name)
    });
    match dimension {
        Dimension::Sku => vec![Part::new("sku", "What was used, as a code.", label)],
        Dimension::Project => vec![project_id, project_name],
        Dimension::Cluster => {
            let name = Part::new("cluster_name", "The cluster.", |key| match key {
                Key::Cluster { name, .. } => Cell::maybe(name.as_deref()),
                _ => Cell::Null,
            });
            vec![project_id, project_name, name]
        }
        Dimension::Provider => vec![Part::new("cloud_provider", "The cloud.", label)],
        Dimension::Day => {
            vec![Part {
                kind: Kind::Day,
                ..Part::new("day", "The day of the start, UTC.", label)
            }]
        }
        Dimension::Month => vec![Part::new("month", "The month of the start, UTC.", label)],
        Dimension::Tag(key) => {
            let snake = |c: char| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '_'
                }
            };
            let name = format!("tag_{}", key.chars().map(snake).collect::<String>());
            vec![Part::new(
                name,
                "The tag's values, joined by commas.",
                label,
            )]
        }
        _ => vec![Part::new(
            dimension.to_string(),
            "What was grouped by.",
            label,
        )],
    }
}

fn label(key: &Key) -> Cell<'_> {
    key.label().map_or(Cell::Null, Cell::text)
}

fn project(key: &Key, read: fn(&Project) -> &Option<String>) -> Cell<'_> {
    match key {
        Key::Project(Some(project))
        | Key::Cluster {
            project: Some(project),
            ..
        } => Cell::maybe(read(project).as_deref()),
        _ => Cell::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(by: &[&str]) -> Vec<String> {
        let by: Vec<Dimension> = by.iter().map(|by| by.parse().unwrap()).collect();
        let columns = key_columns::<GroupRow>(&by);
        columns
            .iter()
            .map(|column| column.name.to_string())
            .collect()
    }

    #[test]
    fn ids_stand_beside_names_and_no_column_twice() {
        assert_eq!(names(&["sku", "day"]), ["sku", "day"]);
        assert_eq!(
            names(&["project", "cluster"]),
            ["project_id", "project_name", "cluster_name"]
        );
        assert_eq!(names(&["tag:Cost Center"]), ["tag_cost_center"]);
    }

    #[test]
    fn a_row_without_keys_names_nothing() {
        let by = ["project".parse().unwrap()];
        let columns = key_columns::<GroupRow>(&by);
        let row = GroupRow {
            invoice_id: None,
            keys: Vec::new(),
            total: Total::default(),
            share: None,
            groups: 3,
        };
        assert!(columns.iter().all(|column| column.read(&row) == Cell::Null));
    }
}
