//! A query in the hands of a program: resumed elsewhere, polled step by step, dropped, asked for
//! the file.

use std::time::Duration;

use atlas_billing::poll::Status;
use atlas_billing::{CallOptions, ErrorKind};
use atlas_billing_mock::{At, Fault, NotReady, Ready};
use atlas_billing_tests::protocol::Protocol;
use futures_util::StreamExt;

use crate::{
    ENDLESS, SILENCE, client, january, org, org_of, policy, polls, request, right_rows, scenario,
    start,
};

#[tokio::test]
async fn another_client_resumes_with_a_token() {
    for protocol in Protocol::BOTH {
        let atlas = start(scenario().ready(Ready::AfterPolls(3)).upper_case_tokens()).await;
        let org_here = org(&atlas, protocol);
        let mut query = request(&org_here).start().await.unwrap();
        let attempt = query.next().await.unwrap().unwrap();
        assert_eq!((attempt.number(), attempt.status()), (1, Status::Pending));
        let saved = query.token().to_string();
        assert_eq!(saved, saved.to_uppercase());
        drop(query);

        let resumed = org(&atlas, protocol).resume(saved.parse().unwrap());
        let report = resumed.await.unwrap();
        assert_eq!(report.token().as_str(), saved);
        assert_eq!(report.rows(), right_rows().await);
    }
}

#[tokio::test]
async fn polls_lead_to_a_result_that_takes_no_further_request() {
    let atlas = start(scenario().ready(Ready::AfterPolls(2))).await;
    let patient = policy().with_poll_timeout(ENDLESS);
    let org = org_of(client(&atlas.base_url(), Protocol::Http1).polling(patient));
    let mut query = org.costs(january()).start().await.unwrap();
    let mut seen = Vec::new();
    while let Some(attempt) = StreamExt::next(&mut query).await {
        seen.push(attempt.unwrap().status());
    }
    assert_eq!(seen, [Status::Pending, Status::Pending, Status::Ready]);
    assert!(query.next().await.is_none());
    assert_eq!(polls(&atlas), 3);
    let token = query.token().clone();
    let report = query.await.unwrap();
    assert_eq!(polls(&atlas), 3);

    // Options that come too late are an error, not ignored.
    let mut late = org.resume(token);
    late.next().await.unwrap().unwrap();
    let late = late.options(CallOptions::new().with_max_body(1));
    assert_eq!(late.await.unwrap_err().kind(), ErrorKind::Input);
    assert!(!report.rows().is_empty());
}

#[tokio::test]
async fn nothing_is_sent_after_a_query_is_dropped() {
    for protocol in Protocol::BOTH {
        // Dropped during a poll, and during the wait for the next one.
        for form in [Fault::Stall(At::BeforeHead).into(), NotReady::Documented] {
            let atlas = start(scenario().ready(Ready::Never).not_ready([form])).await;
            let org = org(&atlas, protocol);
            let mut query = org.costs(january()).start().await.unwrap();
            // One poll at the most, whether or not it came back in time.
            let _ = tokio::time::timeout(Duration::from_millis(30), query.next()).await;
            drop(query);
            tokio::time::sleep(SILENCE * 2).await;
            assert!(polls(&atlas) <= 1, "{protocol}");
        }
    }
}

#[tokio::test]
async fn the_file_comes_once_the_result_is_there() {
    for protocol in Protocol::BOTH {
        let atlas = start(scenario().ready(Ready::AfterPolls(2))).await;
        let request = request(&org(&atlas, protocol));
        let mut records = request.clone().csv().await.unwrap().records();
        let mut amounts = Vec::new();
        while let Some(record) = records.next().await {
            amounts.push(record.unwrap().get("Usage Amount").unwrap().to_owned());
        }
        let file = request.clone().csv().await.unwrap();
        assert_eq!(file.meta().status(), 200);
        let bytes = file.bytes().await.unwrap();
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(lines, amounts.len() + 1);

        let (_, json) = request.bytes().await.unwrap();
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let rows = value["usageDetails"].as_array().unwrap();
        assert_eq!(rows.len(), amounts.len());
        for (row, amount) in rows.iter().zip(&amounts) {
            let amount = amount.parse::<f64>().unwrap();
            assert_eq!(row["usageAmount"].as_f64().unwrap(), amount);
        }
    }
}
