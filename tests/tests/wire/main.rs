//! What goes over the wire, and what is made of what comes back.

// A failed expectation is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod deadline;
mod errors;
mod files;
mod hostile;
mod http2;
mod limits;
mod observers;
mod raw;
mod requests;
mod responses;
mod retries;

use std::time::Duration;

use atlas_billing::poll::Backoff;
use atlas_billing::{Client, ClientBuilder, Credentials, Month, Org, PollPolicy, RetryPolicy};
use atlas_billing_mock::{Fault, InvoicePlan, ORG_ID, Scenario, ScenarioBuilder, StandIn};
use atlas_billing_tests::planted::Identity;
use atlas_billing_tests::protocol::Protocol;

/// The invoice that is requested.
const INVOICE: &str = "66a10000000000000000a001";

/// JSON in the version that is pinned.
const JSON: &str = "application/vnd.atlas.2023-01-01+json;charset=utf-8";
/// CSV in the version that is pinned.
const CSV: &str = "application/vnd.atlas.2023-01-01+csv;charset=utf-8";

/// The month that costs are requested for.
fn january() -> Month {
    Month::new(2025, 1).unwrap()
}

/// A stand-in with two small invoices, open to anyone.
fn scenario() -> ScenarioBuilder {
    let month = |month, id: &str| InvoicePlan::new(id).month(2025, month).items(40);
    Scenario::builder()
        .today("2025-03-09".parse().unwrap())
        .without_invoices()
        .invoice(month(1, INVOICE))
        .invoice(month(2, "66a10000000000000000a002"))
}

async fn stand_in(scenario: ScenarioBuilder) -> StandIn {
    StandIn::start(scenario.build()).await.unwrap()
}

/// A 200 of this type with this body.
fn reply(media: &str, body: impl Into<bytes::Bytes>) -> Fault {
    Fault::Reply {
        status: 200,
        headers: vec![("content-type".to_owned(), media.to_owned())],
        body: body.into(),
    }
}

/// A client that waits milliseconds between attempts and polls, and never gives up on a slow
/// machine.
fn quick(identity: Option<Identity>, base_url: &str) -> ClientBuilder {
    let credentials = identity.map_or_else(Credentials::none, Identity::credentials);
    let moment = Duration::from_millis(1);
    Client::builder(credentials)
        .base_url(base_url)
        .retry(RetryPolicy::new().with_base(moment).with_cap(moment))
        .polling(PollPolicy::default().with_backoff(Backoff::every(moment)))
}

/// The organization, called over `protocol` without credentials.
fn org(protocol: Protocol, base_url: &str) -> Org {
    org_of(protocol.on(quick(None, base_url)))
}

fn org_of(builder: ClientBuilder) -> Org {
    let client = builder.build().unwrap();
    client.org(ORG_ID.parse().unwrap())
}

/// A generous bound against hanging.
async fn ends<T>(call: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(Duration::from_secs(120), call).await;
    ended.expect("the call ends")
}
