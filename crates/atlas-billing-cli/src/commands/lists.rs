//! `orgs`, `projects`, `clusters` and `skus list`: ids and names.

use atlas_billing::MOST_PER_PAGE;
use atlas_billing::raw::enums::ClusterType;
use atlas_billing::{Cluster, Organization, Project, ProjectClusters, Sku};
use serde_json::{Map, Value};

use super::Context;
use crate::connect::connect;
use crate::failure::Failure;
use crate::output::{Cell, Column, Layout, Sink, columns};
use crate::text::counted;

pub(super) async fn orgs(context: &Context) -> Result<(), Failure> {
    let connection = connect(context).await?;
    let out = context.sink()?;
    let rows = connection.client.orgs().per_page(MOST_PER_PAGE).await?;
    write(context, out, "organization", &org_columns(), &rows)
}

pub(super) async fn projects(context: &Context) -> Result<(), Failure> {
    let connection = connect(context).await?;
    let out = context.sink()?;
    let org = connection.org(context).await?;
    let rows = org.projects().per_page(MOST_PER_PAGE).await?;
    write(context, out, "project", &project_columns(), &rows)
}

pub(super) async fn clusters(context: &Context) -> Result<(), Failure> {
    let connection = connect(context).await?;
    let out = context.sink()?;
    let org = connection.org(context).await?;
    let projects = org.clusters().per_page(MOST_PER_PAGE).await?;
    let rows: Vec<ClusterRow> = projects.into_iter().flat_map(ClusterRow::of).collect();
    write(context, out, "cluster", &cluster_columns(), &rows)
}

pub(super) async fn skus(context: &Context, word: Option<&str>) -> Result<(), Failure> {
    let connection = connect(context).await?;
    let out = context.sink()?;
    let mut rows = connection.client.skus().per_page(MOST_PER_PAGE).await?;
    if let Some(word) = word.map(str::to_lowercase) {
        let has = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default();
            text.to_lowercase().contains(&word)
        };
        rows.retain(|sku| has(&sku.id) || has(&sku.description));
    }
    write(context, out, "SKU", &sku_columns(), &rows)
}

fn write<R>(
    context: &Context,
    out: Sink,
    one: &str,
    columns: &[Column<R>],
    rows: &[R],
) -> Result<(), Failure> {
    context.style.write(out, columns, rows, || {
        let mut layout = Layout::of(columns, rows);
        layout.notes.push(format!("{}.", counted(rows.len(), one)));
        Ok(vec![layout])
    })
}

pub(super) fn org_columns() -> Vec<Column<Organization>> {
    columns! { Organization:
        "org_id" Text ("id") = |r| r.id.as_deref(), "The organization, for --org.";
        "org_name" Text ("name") = |r| r.name.as_deref(), "Its name.";
        "is_deleted" Boolean ("deleted") = |r| r.is_deleted, "Whether it has been deleted.";
    }
}

pub(super) fn project_columns() -> Vec<Column<Project>> {
    columns! { Project:
        "org_id" Text = |r| r.org_id.as_deref(), "The organization.";
        "project_id" Text ("id") = |r| r.id.as_deref(), "The project.";
        "project_name" Text ("name") = |r| r.name.as_deref(), "Its name.";
        "clusters" Integer ("clusters") = |r| r.cluster_count.map(i128::from), "How many clusters it has.";
        "created" Moment ("created") = |r| r.created, "When it was created, UTC.";
        "tags" Tags = |r| tags(r), "Its tags: values by key.";
    }
}

fn tags(project: &Project) -> Cell<'static> {
    let mut tags: Map<String, Value> = Map::new();
    for tag in &project.tags {
        let values = tags.entry(tag.key.clone().unwrap_or_default());
        if let Value::Array(values) = values.or_insert_with(|| Value::Array(Vec::new())) {
            values.extend(tag.value.clone().map(Value::from));
        }
    }
    Cell::json(Some(&tags).filter(|tags| !tags.is_empty()))
}

/// A cluster with its project.
#[derive(Debug)]
pub(super) struct ClusterRow {
    cluster: Cluster,
    org_id: Option<String>,
    project_id: Option<String>,
    project_name: Option<String>,
}

impl ClusterRow {
    fn of(project: ProjectClusters) -> Vec<Self> {
        let clusters = project.clusters.into_iter();
        clusters
            .map(|cluster| Self {
                cluster,
                org_id: project.org_id.clone(),
                project_id: project.group_id.clone(),
                project_name: project.group_name.clone(),
            })
            .collect()
    }
}

pub(super) fn cluster_columns() -> Vec<Column<ClusterRow>> {
    columns! { ClusterRow:
        "org_id" Text = |r| r.org_id.as_deref(), "The organization.";
        "cluster_id" Text ("id") = |r| r.cluster.cluster_id.as_deref(), "The cluster.";
        "cluster_name" Text ("name") = |r| r.cluster.name.as_deref(), "Its name, unique in its project alone.";
        "project_id" Text = |r| r.project_id.as_deref(), "The project.";
        "project_name" Text ("project") = |r| r.project_name.as_deref(), "The name of the project.";
        "type" Text ("type") = |r| r.cluster.type_.as_ref().map(ClusterType::as_str),
            "The kind of deployment; the set is open.";
        "nodes" Integer ("nodes") = |r| r.cluster.node_count.map(i128::from), "How many nodes it has.";
        "data_size_bytes" Integer = |r| r.cluster.data_size_bytes.map(i128::from),
            "The size of the data on each node, in bytes.";
        "mongodb_versions" Text ("version") = |r| Some(r.cluster.versions.join(",")).filter(|all| !all.is_empty()),
            "The MongoDB versions of its nodes, joined by commas.";
    }
}

pub(super) fn sku_columns() -> Vec<Column<Sku>> {
    columns! { Sku:
        "sku" Text ("sku") = |r| r.id.as_deref(), "The code, as on a line item.";
        "sku_description" Text ("description") = |r| r.description.as_deref(), "What it is, in English.";
    }
}
