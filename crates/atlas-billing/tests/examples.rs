//! Runs each example against the stand-in.

// An example's `main` reads the environment; the test calls what stands beside it.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

use std::time::Duration;

use atlas_billing::poll::{Backoff, PollPolicy};
use atlas_billing::{Client, Credentials, Decimal, Months, Org};
use atlas_billing_mock::{ORG_ID, Ready, Scenario, StandIn};

#[path = "../examples/costs_by_service.rs"]
mod costs_by_service;
#[path = "../examples/costs_csv.rs"]
mod costs_csv;
#[path = "../examples/current_invoice.rs"]
mod current_invoice;
#[path = "../examples/focus_report.rs"]
mod focus_report;
#[path = "../examples/invoice_csv.rs"]
mod invoice_csv;
#[path = "../examples/line_items.rs"]
mod line_items;
#[path = "../examples/list_invoices.rs"]
mod list_invoices;
#[path = "../examples/list_projects.rs"]
mod list_projects;
#[path = "../examples/list_skus.rs"]
mod list_skus;
#[path = "../examples/raw_pages.rs"]
mod raw_pages;
#[path = "../examples/resume_query.rs"]
mod resume_query;

/// A stand-in whose queries take two polls, and its organization.
async fn stand_in() -> (StandIn, Org) {
    let today = "2025-06-17".parse().unwrap();
    let scenario = Scenario::builder()
        .today(today)
        .ready(Ready::AfterPolls(2))
        .build();
    let stand_in = StandIn::start(scenario).await.unwrap();
    let backoff = Backoff::every(Duration::from_millis(1));
    let client = Client::builder(Credentials::bearer("made-up"))
        .base_url(stand_in.base_url())
        .polling(PollPolicy::default().with_backoff(backoff))
        .build()
        .unwrap();
    (stand_in, client.org(ORG_ID.parse().unwrap()))
}

fn months() -> Months {
    "2025-01..2025-03".parse().unwrap()
}

#[tokio::test]
async fn costs_by_service() {
    let (stand_in, org) = stand_in().await;
    costs_by_service::run(&org, months()).await.unwrap();
    // Two queries, one grouped and one not: each is created, polled twice while it is processed,
    // and then ready.
    assert_eq!(stand_in.requests().len(), 8);
}

#[tokio::test]
async fn raw_pages() {
    let (stand_in, org) = stand_in().await;
    let count = raw_pages::run(org.client(), org.id()).await.unwrap();
    assert!(count > 2, "{count}");
    // Two invoices a page.
    assert_eq!(stand_in.requests().len(), count.div_ceil(2));
}

#[tokio::test]
async fn list_skus() {
    let (stand_in, org) = stand_in().await;
    let count = list_skus::run(org.client()).await.unwrap();
    // Ten SKUs a page.
    assert!(count > 10, "{count}");
    assert_eq!(stand_in.requests().len(), count.div_ceil(10));
}

#[tokio::test]
async fn resume_query() {
    let (stand_in, org) = stand_in().await;
    let token = resume_query::start(&org, months()).await.unwrap();
    resume_query::resume(&org, token).await.unwrap();
    assert_eq!(stand_in.requests().len(), 4);
}

#[tokio::test]
async fn costs_csv() {
    let (_stand_in, org) = stand_in().await;
    let mut file = Vec::new();
    costs_csv::save(&org, months(), &mut file).await.unwrap();
    let text = String::from_utf8(file).unwrap();
    assert!(text.lines().count() > 1, "{text}");
    costs_csv::print(&org, months()).await.unwrap();
}

#[tokio::test]
async fn current_invoice() {
    let (stand_in, org) = stand_in().await;
    current_invoice::run(&org).await.unwrap();
    // One request finds its id, one brings it.
    assert_eq!(stand_in.requests().len(), 2);
}

#[tokio::test]
async fn line_items_and_the_rows_of_the_file_are_as_many() {
    let (_stand_in, org) = stand_in().await;
    let month = "2025-03".parse().unwrap();
    let items = line_items::run(&org, month).await.unwrap();
    assert!(items > 0);
    assert_eq!(invoice_csv::run(&org, month).await.unwrap(), items);
}

#[tokio::test]
async fn list_invoices() {
    let (_stand_in, org) = stand_in().await;
    let months = "2025-01..2025-05".parse().unwrap();
    assert_eq!(list_invoices::run(&org, months).await.unwrap(), 5);
}

#[tokio::test]
async fn focus_report() {
    let (stand_in, org) = stand_in().await;
    let month = "2025-03".parse().unwrap();
    let totals = focus_report::run(&org, month).await.unwrap();
    let invoices = stand_in.scenario().invoices();
    let march = invoices
        .iter()
        .find(|it| it.start.to_string() == "2025-03-01");
    let march = march.unwrap();
    let rows: u64 = totals.iter().map(|total| total.rows).sum();
    assert_eq!(rows, march.line_items);
    let billed: Decimal = totals.iter().map(|total| total.billed_cost).sum();
    assert_eq!(
        billed,
        Decimal::new(march.gross_cents - march.discount_cents, 2)
    );
    // The invoice, its reports, a new one, a poll, the file.
    assert_eq!(stand_in.requests().len(), 5);
    // It is used again.
    focus_report::run(&org, month).await.unwrap();
    assert_eq!(stand_in.requests().len(), 9);
}

#[tokio::test]
async fn list_projects() {
    let (stand_in, org) = stand_in().await;
    assert_eq!(list_projects::run(org.client()).await.unwrap(), 3);
    // Three lists, of one page each.
    assert_eq!(stand_in.requests().len(), 3);
}
