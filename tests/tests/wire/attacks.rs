//! Servers that die, lie, flood and never end, and clocks that jump: each call ends, as what it is.

use std::sync::Arc;

use atlas_billing::{ErrorKind, RetryPolicy};
use atlas_billing_mock::{Fault, InvoicePlan, On, Operation, Ready, Scenario, StandIn};
use atlas_billing_tests::capture::{Capture, message};
use atlas_billing_tests::clock::JumpyClock;
use atlas_billing_tests::planted::Identity;
use atlas_billing_tests::protocol::Protocol;

use crate::{CSV, INVOICE, JSON, ends, org, org_of, quick, scenario, stand_in};

#[tokio::test]
async fn a_server_that_dies_half_way_leaves_an_error_and_a_client_that_recovers() {
    let plan = || InvoicePlan::new(INVOICE).month(2025, 1).items(100_000);
    let scenario = || {
        Scenario::builder()
            .without_invoices()
            .invoice(plan())
            .build()
    };
    for protocol in Protocol::BOTH {
        let stand_in = StandIn::start_raw(scenario()).await.unwrap();
        let port = stand_in.address().port();
        let org = org(protocol, &stand_in.base_url());
        let request = || org.invoice(INVOICE.parse().unwrap());
        let mut items = request().line_items().await.unwrap();
        for _ in 0..10 {
            items.next().await.unwrap().unwrap();
        }
        drop(stand_in);
        let error = ends(async {
            loop {
                match items.next().await.expect("no end without an error") {
                    Ok(_) => {}
                    Err(error) => break error,
                }
            }
        })
        .await;
        assert_eq!(error.kind(), ErrorKind::Cut, "{protocol}: {error}");
        assert!(items.head().is_none());

        let refused = request().retry(RetryPolicy::none()).line_items().await;
        let refused = refused.unwrap_err();
        assert!(refused.is_transient(), "{protocol}: {refused}");

        let again = StandIn::start_raw_on(scenario(), port).await;
        // Another program may have taken the port meanwhile.
        if let Ok(_again) = again {
            assert!(request().line_items().await.is_ok(), "{protocol}");
        }
    }
}

#[tokio::test]
async fn a_megabyte_of_one_line_is_read_or_refused() {
    let long = "x".repeat(1 << 20);
    let item = format!(r#"{{"id":"{INVOICE}","lineItems":[{{"note":"{long}","sku":"S"}}]}}"#);
    let head = format!(r#"{{"id":"{INVOICE}","{long}":"{long}","lineItems":[{{}}]}}"#);
    for (body, sku) in [(item, Some("S")), (head, None)] {
        let capture = Capture::answering([message("200 OK", JSON, &body)]).await;
        let org = org(Protocol::Http1, &capture.origin());
        let invoice = org.invoice(INVOICE.parse().unwrap()).await.unwrap();
        assert_eq!(invoice.line_items.len(), 1);
        assert_eq!(invoice.line_items[0].sku.as_deref(), sku);
    }
    // One line without an end, in quotes that are never closed: kept to a limit.
    let quoted = format!("a,b\n1,\"{}", long.repeat(9));
    for (body, fields) in [(format!("a,b\n1,{long}\n"), Some(2)), (quoted, None)] {
        let capture = Capture::answering([message("200 OK", CSV, &body)]).await;
        let org = org(Protocol::Http1, &capture.origin());
        let file = org.invoice(INVOICE.parse().unwrap()).csv().await.unwrap();
        let mut rows = file.records();
        let mut last = None;
        while let Some(row) = ends(rows.next()).await {
            last = Some(row);
        }
        match (last, fields) {
            (Some(Err(error)), None) => assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}"),
            // Without the preamble of an invoice's file there is no table in it.
            (_, Some(_)) => {}
            (other, fields) => panic!("{other:?} where {fields:?} was expected"),
        }
    }
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_renewed() {
    for protocol in Protocol::BOTH {
        let sign_in = Identity::Account.sign_in().token_uses(2);
        let scenario = scenario().sign_in(sign_in).ready(Ready::AfterLooks(5));
        let stand_in = stand_in(scenario).await;
        let builder = quick(Some(Identity::Account), &stand_in.base_url());
        let org = org_of(protocol.on(builder));
        // Creating and six looks are seven uses; paging through two invoices is two.
        let report = org
            .costs("2025-01..2025-02".parse().unwrap())
            .await
            .unwrap();
        assert!(!report.rows().is_empty());
        let list = org.invoices().per_page(1).await.unwrap();
        assert_eq!(
            list.len(),
            2,
            "no link leads to the second page, and the count says that it is there"
        );
        let asked = stand_in.requests();
        let tokens = asked.iter().filter(|one| one.operation == Operation::Token);
        let tokens = tokens.count();
        assert!(
            (4..=6).contains(&tokens),
            "{protocol}: {tokens} token requests"
        );
    }
}

/// Tokens and challenges go by spans of time, which no correction of the clock touches.
#[tokio::test]
async fn a_wall_clock_that_jumps_changes_nothing() {
    for identity in Identity::ALL {
        let sign_in = identity.sign_in();
        let scenario = scenario().sign_in(sign_in).ready(Ready::AfterLooks(3));
        let stand_in = stand_in(scenario).await;
        let builder = quick(Some(identity), &stand_in.base_url());
        let org = org_of(
            Protocol::Http1
                .on(builder)
                .clock(Arc::new(JumpyClock::new())),
        );
        for _ in 0..10 {
            assert!(org.invoices().await.is_ok(), "{identity:?}");
        }
        assert!(
            org.costs("2025-01".parse().unwrap()).await.is_ok(),
            "{identity:?}"
        );
        let asked = stand_in.requests();
        let tokens = asked.iter().filter(|one| one.operation == Operation::Token);
        let expected = usize::from(identity == Identity::Account);
        assert_eq!(tokens.count(), expected, "{identity:?}");
        let refused = asked.iter().filter(|one| one.status == 401).count();
        assert_eq!(
            refused,
            usize::from(identity == Identity::Key),
            "{identity:?}"
        );
    }
    // A date to wait for is either past or years away: the call is tried on, or given up.
    let limited = Fault::RateLimited {
        retry_after: Some("Sun, 06 Nov 2033 08:49:37 GMT".to_owned()),
    };
    let on = On::operation(Operation::Invoices).first(1);
    let stand_in = stand_in(scenario().fault(on, limited)).await;
    let builder = quick(None, &stand_in.base_url());
    let org = org_of(
        Protocol::Http1
            .on(builder)
            .clock(Arc::new(JumpyClock::new())),
    );
    match ends(async { org.invoices().await }).await {
        Ok(list) => assert_eq!(list.len(), 2),
        Err(error) => assert!(error.is_rate_limited(), "{error}"),
    }
}

#[tokio::test]
async fn a_flood_of_interim_answers_is_outlived() {
    for protocol in Protocol::BOTH {
        let fault = Fault::Flood(5_000);
        let stand_in = stand_in(scenario().fault(On::any(), fault)).await;
        let org = org(protocol, &stand_in.base_url());
        let invoice = ends(async { org.invoice(INVOICE.parse().unwrap()).await }).await;
        assert_eq!(invoice.unwrap().line_items.len(), 40, "{protocol}");
        assert_eq!(stand_in.requests().len(), 1);
    }
}
