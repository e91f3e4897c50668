//! The stand-in itself: that its responses fit the schema, that it keeps its rules, and that each
//! fault is what it says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod eyes;
mod faults;
mod schema;
mod service;

use atlas_billing_mock::{ORG_ID, Request, Response, Scenario, ScenarioBuilder};
use http::header::ACCEPT;
use serde_json::Value;

const JSON: &str = "application/vnd.atlas.2023-01-01+json";

/// A path of the organization's.
fn org(rest: &str) -> String {
    format!("/api/atlas/v2/orgs/{ORG_ID}{rest}")
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
