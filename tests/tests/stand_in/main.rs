//! The stand-in itself: that its responses fit the schema, that it keeps its rules, and that each
//! fault is what it says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod directory;
mod eyes;
mod faults;
mod reports;
mod schema;
mod search;
mod service;

use atlas_billing_mock::{Core, ORG_ID, Request, Response, Scenario, ScenarioBuilder};
use http::header::ACCEPT;
use serde_json::Value;

const JSON: &str = "application/vnd.atlas.2023-01-01+json";

/// A path of an organization's.
fn of(org: &str, rest: &str) -> String {
    format!("/api/atlas/v2/orgs/{org}{rest}")
}

/// A path of the default organization's.
fn org(rest: &str) -> String {
    of(ORG_ID, rest)
}

/// What is found at a path of no organization.
fn root(core: &Core, path: &str) -> Value {
    let request = Request::get(format!("/api/atlas/v2{path}"));
    value(core.respond(&request.header(ACCEPT, JSON)))
}

/// A text of each result of a list.
fn texts(list: &Value, key: &str) -> Vec<String> {
    let results = list["results"].as_array().unwrap().iter();
    results
        .map(|result| result[key].as_str().unwrap().to_owned())
        .collect()
}

fn get(rest: &str) -> Request {
    Request::get(org(rest)).header(ACCEPT, JSON)
}

fn value(response: Response) -> Value {
    serde_json::from_slice(&response.body.into_bytes()).unwrap()
}

/// The built-in data on a day in March.
fn march() -> ScenarioBuilder {
    Scenario::builder().today("2025-03-15".parse().unwrap())
}
