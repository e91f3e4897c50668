//! The client against a third party's server, which responds only where the whole request matches.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use atlas_billing::poll::{Backoff, PollPolicy};
use atlas_billing::{Client, Credentials, GroupBy, InvoiceStatus, Month, Org};
use httpmock::prelude::*;

const ORG: &str = "5f0c2d9e8b7a6c5d4e3f2a1b";
const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const JSON: &str = "application/vnd.atlas.2023-01-01+json";

fn org(server: &MockServer) -> Org {
    let backoff = Backoff::every(Duration::from_millis(1));
    let client = Client::builder(Credentials::bearer("made-up"))
        .base_url(server.base_url())
        .polling(PollPolicy::default().with_backoff(backoff))
        .build();
    client.unwrap().org(ORG.parse().unwrap())
}

#[tokio::test]
async fn a_query_is_created_and_polled_by_exactly_these_requests() {
    let server = MockServer::start_async().await;
    let path = format!("/api/atlas/v2/orgs/{ORG}/billing/costExplorer/usage");
    let create = server
        .mock_async(|when, then| {
            when.method(POST)
                .path(&path)
                .header("authorization", "Bearer made-up")
                .header("accept", JSON)
                .header("content-type", JSON)
                .json_body(serde_json::json!({
                    "startDate": "2025-03-01",
                    "endDate": "2025-04-01",
                    "groupBy": "services",
                    "services": ["Backup"],
                }));
            then.status(202)
                .json_body(serde_json::json!({ "token": TOKEN }));
        })
        .await;
    let poll = server
        .mock_async(|when, then| {
            when.method(GET)
                .path(format!("{path}/{TOKEN}"))
                .query_param("envelope", "true")
                .header("accept", JSON);
            then.status(200).body(
                r#"{"status":200,"content":{"usageDetails":[{"service":"Backup","usageAmount":51.19}]}}"#,
            );
        })
        .await;
    let request = org(&server)
        .costs(Month::new(2025, 3).unwrap())
        .group_by(GroupBy::Services)
        .services(["Backup"]);
    let report = request.await.unwrap();
    assert_eq!(report.total().unwrap().to_string(), "51.19");
    create.assert_async().await;
    poll.assert_async().await;
}

#[tokio::test]
async fn the_list_is_filtered_by_exactly_these_parameters() {
    let server = MockServer::start_async().await;
    let list = server
        .mock_async(|when, then| {
            when.method(GET)
                .path(format!("/api/atlas/v2/orgs/{ORG}/invoices"))
                .query_param("statusNames", "PAID")
                .query_param("fromDate", "2025-01-01")
                .query_param("toDate", "2025-02-01")
                .query_param("pageNum", "1")
                .query_param("viewLinkedInvoices", "false");
            then.status(200)
                .json_body(serde_json::json!({ "results": [], "totalCount": 0 }));
        })
        .await;
    let request = org(&server)
        .invoices()
        .statuses([InvoiceStatus::Paid])
        .period(Month::new(2025, 1).unwrap())
        .linked(false);
    assert!(request.await.unwrap().is_empty());
    list.assert_async().await;
}
