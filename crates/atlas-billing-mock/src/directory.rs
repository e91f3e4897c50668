//! Who and what there is: organizations, projects, clusters and SKUs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::core::Call;
use crate::invoice::catalog::{Meter, ORGANIZATIONS, Organization};
use crate::operations::json_response;
use crate::pages::page;
use crate::response::{Problem, Response};

/// One page of the organizations that the credentials see.
pub(crate) fn organizations(call: &Call<'_>) -> Response {
    let all = call
        .scenario
        .organizations
        .iter()
        .map(|visible| visible.org);
    let found: Vec<_> = all.filter(|org| is_wanted(call, org.name)).collect();
    page(
        call,
        &found,
        |org| json!({"id": org.id, "isDeleted": false, "links": [], "name": org.name}),
    )
}

/// One page of the projects of an organization.
pub(crate) fn projects(call: &Call<'_>, org: &'static Organization) -> Response {
    let all = org.projects.iter().enumerate();
    let found: Vec<_> = all
        .filter(|(_, project)| is_wanted(call, project.name))
        .collect();
    page(call, &found, |(number, project)| {
        let team = org.clusters_of(*number).next().map(|cluster| cluster.team);
        let tags = team.map(|team| json!({"key": "team", "value": team}));
        json!({
            "clusterCount": org.clusters_of(*number).count(),
            "created": format!("2022-0{}-15T10:20:30Z", number + 1),
            "id": project.id,
            "links": [],
            "name": project.name,
            "orgId": org.id,
            "tags": Vec::from_iter(tags),
        })
    })
}

/// Whether a name begins with the one asked for, upper or lower case.
fn is_wanted(call: &Call<'_>, name: &str) -> bool {
    let mut pairs = call.request.query_pairs().into_iter();
    let wanted = pairs.find(|(parameter, _)| parameter == "name");
    wanted.is_none_or(|(_, text)| name.to_lowercase().starts_with(&text.to_lowercase()))
}

/// One page of the projects of all organizations that the credentials see, with their clusters.
pub(crate) fn clusters(call: &Call<'_>) -> Response {
    let organizations = call
        .scenario
        .organizations
        .iter()
        .map(|visible| visible.org);
    let projects = organizations.flat_map(|org| {
        let projects = org.projects.iter().enumerate();
        projects.map(move |(number, project)| (org, number, project))
    });
    let projects: Vec<_> = projects.collect();
    page(call, &projects, |(org, number, project)| {
        let clusters = org.clusters_of(*number).map(|cluster| {
            json!({
                "clusterId": cluster.id,
                "dataSizeBytes": cluster.storage_gb << 28,
                "name": cluster.name,
                "nodeCount": 3,
                "type": "REPLICA_SET",
                "versions": ["8.0.4"],
            })
        });
        json!({
            "clusters": clusters.collect::<Value>(),
            "groupId": project.id,
            "groupName": project.name,
            "orgId": org.id,
            "orgName": org.name,
            "planType": "Atlas",
            "tags": [],
        })
    })
}

/// One page of the list of SKUs, by code.
pub(crate) fn skus(call: &Call<'_>) -> Response {
    let all: Vec<_> = all_skus().into_iter().collect();
    page(call, &all, |(id, description)| sku_object(id, description))
}

/// One SKU.
pub(crate) fn sku(call: &Call<'_>) -> Result<Response, Problem> {
    let id = call.route.id;
    let all = all_skus();
    let found = all.get(id).ok_or_else(|| Problem::not_found("SKU", id))?;
    Ok(json_response(call, 200, sku_object(id, found).to_string()))
}

fn sku_object(id: &str, description: &str) -> Value {
    json!({ "id": id, "description": description })
}

/// What the made-up organizations are charged for: code and description.
fn all_skus() -> BTreeMap<String, String> {
    let meters = ORGANIZATIONS.iter().flat_map(|org| Meter::all(org, true));
    meters.map(|meter| (meter.sku, meter.label)).collect()
}
