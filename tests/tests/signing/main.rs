//! Authentication over real sockets: what the stand-in was sent, and what it accepted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

mod account;
mod digest;
mod origin;
mod route;
mod tls;

use std::sync::Arc;

use atlas_billing::{Client, ClientBuilder, Credentials, Error, Result};
use atlas_billing_mock::{ORG_ID, RecordedRequest, Scenario, SignIn, StandIn};
use atlas_billing_tests::clock::WaitClock;

/// A stand-in that accepts `sign_in`.
async fn stand_in(sign_in: SignIn) -> StandIn {
    started(Scenario::builder().sign_in(sign_in).build()).await
}

async fn started(scenario: Scenario) -> StandIn {
    StandIn::start(scenario).await.unwrap()
}

fn client(stand_in: &StandIn, credentials: Credentials) -> Client {
    builder(stand_in, credentials).build().unwrap()
}

/// A client that speaks HTTP/2 from its first byte: a hundred calls share one connection.
fn http2_client(stand_in: &StandIn, credentials: Credentials) -> Client {
    builder(stand_in, credentials)
        .configure_http(|http| http.http2_prior_knowledge())
        .build()
        .unwrap()
}

/// Waits take no time.
fn builder(stand_in: &StandIn, credentials: Credentials) -> ClientBuilder {
    Client::builder(credentials)
        .base_url(stand_in.base_url())
        .clock(Arc::new(clock()))
}

/// A clock on which the default limits on silence never pass and every wait ends at once.
fn clock() -> WaitClock {
    WaitClock::without_silence([std::time::Duration::from_secs(60)])
}

/// One call.
async fn call(client: &Client) -> Result<()> {
    let sent = client.raw().list_org_invoices().org_id(ORG_ID).send().await;
    sent.map(|_| ()).map_err(Error::from)
}

/// A hundred calls at the same time, each in a task of its own.
async fn hundred_calls(client: &Client) {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let client = client.clone();
        calls.spawn(async move { call(&client).await });
    }
    while let Some(done) = calls.join_next().await {
        done.unwrap().unwrap();
    }
}

/// The statuses of all responses in the order of their requests.
fn statuses(requests: &[RecordedRequest]) -> Vec<u16> {
    requests
        .iter()
        .map(|request| request.status.as_u16())
        .collect()
}
