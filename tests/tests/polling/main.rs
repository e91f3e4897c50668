//! Polling over sockets, HTTP/1.1 and HTTP/2: every form of "not ready" ends in the result, each
//! real failure ends at once as what it is. Waits are a millisecond; nothing is measured.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod failures;
mod handle;
mod limits;
mod not_ready;

use std::time::Duration;

use atlas_billing::{Client, CostReport, Credentials, Org, PollPolicy, Result, WaitPolicy};
use atlas_billing_mock::{ORG_ID, Operation, Scenario, ScenarioBuilder, StandIn};

/// The two protocols that the service may be spoken to in.
const PROTOCOLS: [Protocol; 2] = [Protocol::Http1, Protocol::Http2];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Protocol {
    Http1,
    Http2,
}

const MOMENT: Duration = Duration::from_millis(1);

/// Looks that are silent are given up soon. One that is merely slow is given up too, which the
/// policy endures: it costs a look more.
const SILENCE: Duration = Duration::from_millis(150);

fn policy() -> PollPolicy {
    PollPolicy::default()
        .with_wait(WaitPolicy::every(MOMENT))
        .with_look_timeout(SILENCE)
}

fn org_at(base_url: &str, protocol: Protocol, policy: PollPolicy) -> Org {
    let client = Client::builder(Credentials::none())
        .base_url(base_url)
        .configure_http(move |http| match protocol {
            Protocol::Http1 => http.http1_only(),
            Protocol::Http2 => http.http2_prior_knowledge(),
        })
        .polling(policy)
        .build()
        .unwrap();
    client.org(ORG_ID.parse().unwrap())
}

fn org(atlas: &StandIn, protocol: Protocol) -> Org {
    org_at(&atlas.base_url(), protocol, policy())
}

fn scenario() -> ScenarioBuilder {
    Scenario::builder().today("2025-03-09".parse().unwrap())
}

async fn start(scenario: ScenarioBuilder) -> StandIn {
    StandIn::start_raw(scenario.build()).await.unwrap()
}

async fn report(org: &Org) -> Result<CostReport> {
    org.costs("2025-01..2025-02".parse().unwrap()).await
}

/// How often the stand-in was looked at.
fn looks(atlas: &StandIn) -> usize {
    let requests = atlas.requests();
    let looks = requests.iter();
    looks
        .filter(|request| request.operation == Operation::Look)
        .count()
}

async fn right_answer() -> Vec<atlas_billing::CostRow> {
    let atlas = start(scenario()).await;
    let report = report(&org(&atlas, Protocol::Http1)).await.unwrap();
    assert!(report.rows().len() > 10);
    report.into_rows()
}
