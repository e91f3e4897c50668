//! Polling over sockets, HTTP/1.1 and HTTP/2: every form of "not ready" ends in the result, each
//! real failure ends at once as what it is. Waits are a millisecond; nothing is measured.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod ends;
mod not_ready;
mod queries;

use std::time::Duration;

use atlas_billing::poll::{Backoff, PollPolicy};
use atlas_billing::{
    Client, ClientBuilder, CostReport, CostRequest, Credentials, GroupBy, Month, Org, Result,
    Service,
};
use atlas_billing_mock::{ORG_ID, Operation, Scenario, ScenarioBuilder, StandIn};
use atlas_billing_tests::protocol::Protocol;

const MOMENT: Duration = Duration::from_millis(1);

/// Polls that are silent are given up soon. One that is merely slow is given up, too, which the
/// policy tolerates: it costs a poll more.
const SILENCE: Duration = Duration::from_millis(150);

/// Polls that are never given up.
const ENDLESS: Duration = Duration::from_secs(60);

fn january() -> Month {
    Month::new(2025, 1).unwrap()
}

fn policy() -> PollPolicy {
    PollPolicy::default()
        .with_backoff(Backoff::every(MOMENT))
        .with_poll_timeout(SILENCE)
}

fn client(base_url: &str, protocol: Protocol) -> ClientBuilder {
    protocol
        .on(Client::builder(Credentials::none()))
        .base_url(base_url)
        .polling(policy())
}

fn org_of(builder: ClientBuilder) -> Org {
    builder.build().unwrap().org(ORG_ID.parse().unwrap())
}

fn org(atlas: &StandIn, protocol: Protocol) -> Org {
    org_of(client(&atlas.base_url(), protocol))
}

fn scenario() -> ScenarioBuilder {
    Scenario::builder().today("2025-03-09".parse().unwrap())
}

async fn start(scenario: ScenarioBuilder) -> StandIn {
    StandIn::start(scenario.build()).await.unwrap()
}

/// A query whose result has some rows.
fn request(org: &Org) -> CostRequest {
    org.costs(january())
        .group_by(GroupBy::Services)
        .services(Service::KNOWN.to_vec())
}

async fn report(org: &Org) -> Result<CostReport> {
    request(org).await
}

/// How many polls the stand-in saw.
fn polls(atlas: &StandIn) -> usize {
    let requests = atlas.requests();
    let polls = requests.iter();
    polls
        .filter(|request| request.operation == Operation::Poll)
        .count()
}

async fn right_rows() -> Vec<atlas_billing::CostRow> {
    let atlas = start(scenario()).await;
    let report = report(&org(&atlas, Protocol::Http1)).await.unwrap();
    assert!(report.rows().len() > 3);
    report.into_rows()
}
