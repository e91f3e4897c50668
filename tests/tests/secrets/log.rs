//! Failing calls, with everything that any crate logs, and a second origin.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use atlas_billing::poll::Backoff;
use atlas_billing::{Error, Month, PollPolicy, RetryPolicy};
use atlas_billing_mock::{At, Fault, ORG_ID, On, Scenario, StandIn};
use atlas_billing_tests::clock::WaitClock;
use atlas_billing_tests::elsewhere::Elsewhere;
use atlas_billing_tests::listen;
use atlas_billing_tests::planted::{self, Identity};
use atlas_billing_tests::protocol::Protocol;

/// What an error says, what it keeps for those who ask, and what caused it.
fn texts(error: &Error) -> String {
    let mut text = format!(
        "{error} {error:?} {:?} {:?} {:?} {:?}",
        error.excerpt(),
        error.detail(),
        error.parameters(),
        error.meta(),
    );
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(" {cause} {cause:?}"));
        next = cause.source();
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failing_calls_show_no_secret_in_errors_or_logs() {
    let heard = listen::to_everything();
    let elsewhere = Elsewhere::listen().await;
    let redirect = |status| Fault::Redirect {
        status,
        location: format!("{}/x", elsewhere.origin()),
    };
    let faults = [
        None,
        Some(Fault::Status(401)),
        Some(Fault::Status(403)),
        Some(Fault::Status(503)),
        Some(Fault::StaleNonce),
        Some(Fault::Close(At::BeforeHead)),
        Some(Fault::Reset(At::Body(5))),
        Some(Fault::Garbage),
        Some(Fault::Html),
        Some(Fault::GoAway(1)),
        Some(redirect(301)),
        Some(redirect(308)),
    ];
    let mut failed = 0;
    for identity in Identity::ALL {
        for protocol in Protocol::BOTH {
            for fault in &faults {
                let mut scenario = Scenario::builder().sign_in(identity.sign_in());
                if let Some(fault) = fault {
                    scenario = scenario.fault(On::any().from(2), fault.clone());
                }
                let stand_in = StandIn::start(scenario.build()).await.unwrap();
                // Waits take no time, and no limit on silence is reached.
                let clock = WaitClock::without_silence([60, 30, 10].map(Duration::from_secs));
                let polling = PollPolicy::default()
                    .with_backoff(Backoff::every(Duration::from_secs(1)))
                    .with_deadline(Duration::from_secs(2));
                let builder = atlas_billing::Client::builder(identity.credentials())
                    .base_url(stand_in.base_url())
                    .clock(Arc::new(clock))
                    .polling(polling)
                    .retry(RetryPolicy::new().with_max_attempts(2));
                let client = protocol.on(builder).build().unwrap();
                let org = client.org(ORG_ID.parse().unwrap());
                // A generous bound against hanging: the clock of the client has none.
                let calls = async {
                    [
                        org.costs(Month::new(2025, 1).unwrap()).await.err(),
                        org.invoices().await.err(),
                        org.current_invoice().csv().await.err(),
                        client.revoke_token().await.err(),
                    ]
                };
                let called = tokio::time::timeout(Duration::from_secs(120), calls).await;
                let results =
                    called.unwrap_or_else(|_| panic!("{identity:?} {protocol} {fault:?} hangs"));
                for error in results.into_iter().flatten() {
                    failed += 1;
                    let shown = texts(&error);
                    let secret = planted::in_text(&shown);
                    assert_eq!(secret, None, "{identity:?} {protocol} {fault:?}: {shown}");
                }
            }
        }
    }
    assert!(failed > 100, "{failed} calls failed");
    assert_eq!(elsewhere.connections(), 0, "{}", elsewhere.seen());
    assert_eq!(heard.leaks(), Vec::<String>::new());

    let own = heard.own();
    let span = "span atlas_billing.call operation=\"getCostExplorerQueryProcess\"";
    assert!(own.iter().any(|line| line == span), "{:?}", own.first());
    assert!(own.iter().any(|line| line.starts_with("span http.request")));
    assert!(own.iter().any(|line| line.contains("status=403")));
    for line in &own {
        for hidden in ["envelope", "itemsPerPage", "startDate", "grant_type"] {
            assert!(!line.contains(hidden), "{line}");
        }
    }
    for source in ["reqwest", "h2"] {
        assert!(heard.lines().contains_key(source), "{source} was not heard");
    }
}
