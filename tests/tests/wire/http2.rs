//! What only HTTP/2 has: many calls on one connection, and what one of them does to the others.

use atlas_billing::RetryPolicy;
use atlas_billing_mock::{Fault, InvoicePlan, On, Operation, Scenario};
use atlas_billing_tests::protocol::Protocol;
use futures_util::future::join_all;

use crate::{INVOICE, ends, org, org_of, quick, scenario, stand_in};

#[tokio::test]
async fn a_stream_that_is_reset_takes_no_other_with_it() {
    for code in [2, 8, 11] {
        let mut scenario = scenario();
        for nth in [3, 7, 11, 19, 33] {
            let on = On::operation(Operation::Invoices).nth(nth);
            scenario = scenario.fault(on, Fault::StreamReset(code));
        }
        let stand_in = stand_in(scenario).await;
        let org = org(Protocol::Http2, &stand_in.base_url());
        let calls = join_all((0..40).map(|_| async { org.invoices().await }));
        for list in ends(calls).await {
            assert_eq!(list.unwrap().len(), 2, "{code}");
        }
        assert_eq!(stand_in.requests().len(), 45, "{code}");
    }
}

#[tokio::test]
async fn a_connection_that_goes_away_is_followed_by_another() {
    for code in [0, 1] {
        let on = On::operation(Operation::Invoices).nth(10);
        let scenario = scenario().fault(on, Fault::GoAway(code));
        let stand_in = stand_in(scenario).await;
        let org = org(Protocol::Http2, &stand_in.base_url());
        let calls = join_all((0..40).map(|_| async { org.invoices().await }));
        for list in ends(calls).await {
            assert_eq!(list.unwrap().len(), 2, "{code}");
        }
        let requests = stand_in.requests().len();
        assert!((41..=80).contains(&requests), "{code}: {requests} requests");
    }
}

/// A stream that its reader holds still fills its own window, and leaves room on the connection.
#[tokio::test]
async fn streams_that_are_held_still_block_no_other_call() {
    let plan = InvoicePlan::new(INVOICE).month(2025, 1).items(12_000);
    let scenario = Scenario::builder().without_invoices().invoice(plan);
    let stand_in = stand_in(scenario).await;
    let org = org_of(Protocol::Http2.on(quick(None, &stand_in.base_url())));
    let mut held = Vec::new();
    for _ in 0..6 {
        let mut items = org
            .invoice(INVOICE.parse().unwrap())
            .retry(RetryPolicy::none())
            .line_items()
            .await
            .unwrap();
        items.next().await.unwrap().unwrap();
        held.push(items);
    }
    // What can come for them has come.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(ends(async { org.invoices().await }).await.unwrap().len(), 1);
    for mut items in held {
        let mut left = 0;
        while let Some(item) = ends(items.next()).await {
            item.unwrap();
            left += 1;
        }
        assert_eq!(left, 11_999);
    }
}
