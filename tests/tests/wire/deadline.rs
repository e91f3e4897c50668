//! One deadline for all that a call does: signing in, list pages, an invoice after the list, the
//! file after a poll, retries and their waits. Only requests take time here: 10 s each, and the
//! limit lets three of them through.

use std::sync::Arc;
use std::time::Duration;

use atlas_billing::{Error, ErrorKind, Org, Timeouts};
use atlas_billing_mock::{Fault, On, Operation, Ready};
use atlas_billing_tests::clock::RequestClock;
use atlas_billing_tests::planted::Identity;
use atlas_billing_tests::protocol::Protocol;

use crate::calls::{CALLS, call};
use crate::{ends, january, org_of, quick, scenario, stand_in};

const PER_RESPONSE: Duration = Duration::from_secs(10);
const TOTAL: Duration = Duration::from_secs(25);

fn org(identity: Option<Identity>, base_url: &str, protocol: Protocol) -> (Org, Arc<RequestClock>) {
    let clock = RequestClock::new(PER_RESPONSE);
    let builder = quick(identity, base_url)
        .clock(clock.clone())
        .observer(clock.clone())
        .timeouts(Timeouts::default().with_total(TOTAL));
    (org_of(protocol.on(builder)), clock)
}

/// How many responses came.
fn responses(clock: &RequestClock) -> u128 {
    use atlas_billing::edge::Clock as _;
    clock.elapsed().as_millis() / PER_RESPONSE.as_millis()
}

fn assert_passed(what: &str, error: &Error, clock: &RequestClock) {
    assert_eq!(error.kind(), ErrorKind::Timeout, "{what}: {error}");
    assert_eq!(responses(clock), 3, "{what}: {error}");
}

#[tokio::test]
async fn one_deadline_holds_for_all_that_a_call_does() {
    for protocol in Protocol::BOTH {
        let server = stand_in(scenario()).await;
        let url = server.base_url();

        let (org, clock) = self::org(None, &url, protocol);
        let list = org.invoices().per_page(1).await.unwrap();
        assert_eq!((list.len(), responses(&clock)), (2, 2), "{protocol}");

        // Create, poll, and no time for the file.
        let (org, clock) = self::org(None, &url, protocol);
        let error = ends(async { org.costs(january()).csv().await })
            .await
            .unwrap_err();
        assert_passed("the file after a poll", &error, &clock);

        // Polls end with what resuming takes.
        let slow = stand_in(scenario().ready(Ready::Never)).await;
        let (org, clock) = self::org(None, &slow.base_url(), protocol);
        let error = ends(async { org.costs(january()).await })
            .await
            .unwrap_err();
        assert!(error.is_not_ready(), "{error}");
        assert_eq!((responses(&clock), error.poll().unwrap().polls), (3, 2));

        // Each attempt counts.
        let failing = scenario().fault(On::operation(Operation::Invoices), Fault::Status(503));
        let failing = stand_in(failing).await;
        let (org, clock) = self::org(None, &failing.base_url(), protocol);
        let error = ends(async { org.invoices().await }).await.unwrap_err();
        assert!(responses(&clock) == 3, "{protocol}: {error}");

        // The list, then the invoice: as the list fails twice there is no time for the invoice.
        let on = On::operation(Operation::Invoices).first(2);
        let listed = stand_in(scenario().fault(on, Fault::Status(502))).await;
        let (org, clock) = self::org(None, &listed.base_url(), protocol);
        let error = ends(async { org.last_invoice().await }).await.unwrap_err();
        assert_passed("invoice after the list", &error, &clock);
    }
}

#[tokio::test]
async fn pages_of_a_list_have_one_deadline() {
    let page = r#"{"results":[{"id":"ID"}],"links":[{"rel":"next","href":"x"}]}"#;
    let mut scenario = scenario();
    for nth in 1..=9 {
        let body = page.replace("ID", &format!("{nth:024}"));
        let on = On::operation(Operation::Invoices).nth(nth);
        scenario = scenario.fault(on, crate::reply(crate::JSON, body));
    }
    let server = stand_in(scenario).await;
    for protocol in Protocol::BOTH {
        let (org, clock) = org(None, &server.base_url(), protocol);
        let mut invoices = org.invoices().per_page(1).stream();
        let mut read = 0;
        let error = loop {
            match ends(invoices.next())
                .await
                .expect("an error before the end")
            {
                Ok(_) => read += 1,
                Err(error) => break error,
            }
        };
        assert_passed("pages", &error, &clock);
        assert_eq!(read, 2);
    }
}

#[tokio::test]
async fn signing_in_is_part_of_the_call() {
    for (identity, before) in [(Identity::Account, 1), (Identity::Key, 1)] {
        for protocol in Protocol::BOTH {
            let on = On::operation(Operation::Invoices).signed();
            let scenario = scenario()
                .sign_in(identity.sign_in())
                .fault(on, Fault::Status(503));
            let server = stand_in(scenario).await;
            let (org, clock) = org(Some(identity), &server.base_url(), protocol);
            let error = ends(async { org.invoices().await }).await.unwrap_err();
            assert_eq!(responses(&clock), 3, "{identity:?} {protocol}: {error}");
            let requests = server.requests();
            let signed = |request: &&atlas_billing_mock::RecordedRequest| {
                request.operation == Operation::Invoices
                    && request.header("authorization").is_some()
            };
            assert_eq!(
                requests.iter().filter(signed).count(),
                3 - before,
                "{identity:?}"
            );
        }
    }
    // Tokens that are never issued do not outlast it either.
    let on = On::operation(Operation::Token);
    let scenario = scenario()
        .sign_in(Identity::Account.sign_in())
        .fault(on, Fault::Status(503));
    let server = stand_in(scenario).await;
    for name in CALLS {
        let (org, clock) = org(Some(Identity::Account), &server.base_url(), Protocol::Http1);
        let error = ends(async { call(name, &org).await }).await.unwrap_err();
        assert_eq!(responses(&clock), 3, "{name}: {error}");
    }
}
