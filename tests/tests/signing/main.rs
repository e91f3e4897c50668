//! Signing in, over real sockets: what the stand-in was sent, and what it took.

#![allow(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod account;
mod digest;
mod environment;
mod origin;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atlas_billing::edge::Random;
use atlas_billing::{Client, ClientBuilder, Credentials, Result};
use atlas_billing_mock::{ORG_ID, RecordedRequest, Scenario, SignIn, StandIn};

/// A stand-in that lets in who `sign_in` says.
async fn stand_in(sign_in: SignIn) -> StandIn {
    started(Scenario::builder().sign_in(sign_in).build()).await
}

async fn started(scenario: Scenario) -> StandIn {
    StandIn::start_raw(scenario)
        .await
        .expect("a port of loopback")
}

fn client(stand_in: &StandIn, credentials: Credentials) -> Client {
    builder(stand_in, credentials).build().expect("a client")
}

/// A client that speaks HTTP/2 from its first byte: a hundred calls share one connection.
fn http2_client(stand_in: &StandIn, credentials: Credentials) -> Client {
    builder(stand_in, credentials)
        .configure_http(|http| http.http2_prior_knowledge())
        .build()
        .expect("a client")
}

fn builder(stand_in: &StandIn, credentials: Credentials) -> ClientBuilder {
    Client::builder(credentials)
        .base_url(stand_in.base_url())
        .random(Arc::new(NoJitter::default()))
}

/// One signed call.
async fn call(client: &Client) -> Result<()> {
    match client.raw().list_org_invoices().org_id(ORG_ID).send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(atlas_billing::Error::from_raw(error).await),
    }
}

/// A hundred calls at the same time, each in a task of its own.
async fn hundred_calls(client: &Client) {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let client = client.clone();
        calls.spawn(async move { call(&client).await });
    }
    while let Some(done) = calls.join_next().await {
        done.expect("no panic").expect("an answer");
    }
}

/// The statuses of all answers in the order of their requests.
fn statuses(requests: &[RecordedRequest]) -> Vec<u16> {
    requests
        .iter()
        .map(|request| request.status.as_u16())
        .collect()
}

/// Random bits that differ and jitter that is none: waits end at once.
#[derive(Debug, Default)]
struct NoJitter(AtomicU64);

impl Random for NoJitter {
    fn bits(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed)) << 64
    }
}
