//! The stand-in itself: what it answers, how it goes wrong, and that its answers fit the schema.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod content;
mod eyes;
mod faults;
mod queries;
mod refusal;
mod schema;
mod service;
mod travel;

use atlas_billing_mock::{
    Answer, Fault, INVOICE_ID, InvoicePlan, ORG_ID, On, Operation, Request, Scenario,
    ScenarioBuilder, Transfer,
};
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

fn value(answer: Answer) -> Value {
    serde_json::from_slice(&answer.body.into_bytes()).unwrap()
}

/// The built-in data on a day in March.
fn march() -> ScenarioBuilder {
    Scenario::builder().today("2025-03-15".parse().unwrap())
}

/// One invoice, small enough to be whole, and what goes wrong with it.
fn one_invoice(fault: Option<Fault>, transfer: Transfer) -> Scenario {
    let builder = Scenario::builder()
        .without_invoices()
        .invoice(InvoicePlan::new(INVOICE_ID).items(20))
        .transfer(transfer);
    match fault {
        Some(fault) => builder.fault(On::operation(Operation::Invoice), fault),
        None => builder,
    }
    .build()
}
