//! gzip, the cap on what is kept in memory, and what one call may set for itself.

use std::time::Duration;

use atlas_billing::{CallOptions, ErrorKind, RetryPolicy, Timeouts};
use atlas_billing_mock::{At, Fault, InvoicePlan, On, Operation, Scenario};
use atlas_billing_tests::protocol::Protocol;

use crate::calls::{CALLS, call};
use crate::{INVOICE, org, org_of, quick, scenario, stand_in};

fn large() -> atlas_billing_mock::ScenarioBuilder {
    let plan = InvoicePlan::new(INVOICE).month(2025, 1).items(3_000);
    Scenario::builder().without_invoices().invoice(plan)
}

#[tokio::test]
async fn gzip_is_requested_and_decoded() {
    let plain = stand_in(scenario()).await;
    let packed = stand_in(scenario().gzip()).await;
    for protocol in Protocol::BOTH {
        let [one, other] = [&plain, &packed].map(|server| org(protocol, &server.base_url()));
        for name in CALLS {
            let (expected, result) = (call(name, &one).await, call(name, &other).await);
            assert_eq!(result.unwrap(), expected.unwrap(), "{protocol} {name}");
        }
    }
    let requests = packed.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.header("accept-encoding") == Some("gzip"))
    );
}

#[tokio::test]
async fn what_is_kept_in_memory_has_a_limit_of_decoded_bytes() {
    for packed in [false, true] {
        let scenario = if packed { large().gzip() } else { large() };
        let stand_in = stand_in(scenario).await;
        for protocol in Protocol::BOTH {
            let builder = protocol.on(quick(None, &stand_in.base_url()).max_body(100_000));
            let org = org_of(builder);
            let invoice = || org.invoice(INVOICE.parse().unwrap());
            let errors = [
                invoice().await.unwrap_err(),
                invoice().bytes().await.unwrap_err(),
                invoice().csv().await.unwrap().bytes().await.unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
                let text = error.to_string();
                assert!(text.contains("100000"), "{text}");
                assert!(error.help().unwrap().contains("max_body"));
                assert_eq!(error.attempts(), 1, "no other attempt makes it smaller");
            }
            // A stream has no such limit, and a call may set its own.
            let mut items = invoice().line_items().await.unwrap();
            let mut count = 0;
            while let Some(item) = items.next().await {
                item.unwrap();
                count += 1;
            }
            assert_eq!(count, 3_000);
            assert!(invoice().max_body(50_000_000).await.is_ok());
        }
    }
}

#[tokio::test]
async fn a_call_sets_its_own_version_limits_and_attempts() {
    let scenario = scenario()
        .fault(On::operation(Operation::Invoices), Fault::Status(503))
        .fault(
            On::operation(Operation::Invoice).first(2),
            Fault::Status(503),
        );
    let stand_in = stand_in(scenario).await;
    let builder = quick(None, &stand_in.base_url()).version("2024-05-30".parse().unwrap());
    let org = org_of(Protocol::Http1.on(builder));

    let none = RetryPolicy::none();
    let error = org.invoices().retry(none.clone()).await.unwrap_err();
    assert_eq!((error.attempts(), stand_in.requests().len()), (1, 1));
    stand_in.forget_requests();

    let moment = Duration::from_millis(1);
    let twice = RetryPolicy::new().with_max_attempts(2).with_base(moment);
    let options = CallOptions::new()
        .with_version("2025-03-12".parse().unwrap())
        .with_retry(twice);
    let error = org.invoices().options(options).await.unwrap_err();
    assert_eq!((error.attempts(), stand_in.requests().len()), (2, 2));
    for request in stand_in.requests() {
        assert_eq!(
            request.header("accept"),
            Some("application/vnd.atlas.2025-03-12+json")
        );
    }
    stand_in.forget_requests();

    // The client's own settings hold again afterwards: its version, its attempts.
    assert!(org.invoice(INVOICE.parse().unwrap()).await.is_ok());
    let requests = stand_in.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(
        requests[2].header("accept"),
        Some("application/vnd.atlas.2024-05-30+json")
    );
}

/// Limits on silence and on the whole, each where nothing else would end the call. The bounds are
/// short, what they bound is endless: no speed of the machine matters.
#[tokio::test]
async fn each_time_limit_ends_what_is_silent() {
    let moment = Duration::from_millis(30);
    let endless = Duration::from_secs(3_600);
    for protocol in Protocol::BOTH {
        for (fault, timeouts) in [
            (
                Fault::Stall(At::BeforeHead),
                Timeouts::default().with_head(moment).with_idle(endless),
            ),
            (
                Fault::Stall(At::BeforeHead),
                Timeouts::default().with_head(endless).with_total(moment),
            ),
            (
                Fault::Stall(At::Body(50)),
                Timeouts::default().with_idle(moment).with_total(endless),
            ),
            (
                Fault::Stall(At::Body(50)),
                Timeouts::default().with_idle(endless).with_total(moment),
            ),
            (
                // Never silent, and never done: only the limit on the whole ends it.
                Fault::Trickle {
                    bytes: 1,
                    pause: Duration::from_millis(5),
                },
                Timeouts::default().with_total(moment * 10),
            ),
        ] {
            let scenario = scenario().fault(On::any(), fault.clone());
            let stand_in = stand_in(scenario).await;
            let org = org(protocol, &stand_in.base_url());
            let request = org.invoice(INVOICE.parse().unwrap());
            let request = request.timeouts(timeouts).retry(RetryPolicy::none());
            let called = tokio::time::timeout(Duration::from_secs(60), request).await;
            let error = called.expect("it ends").unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Timeout,
                "{protocol} {fault:?}: {error}"
            );
        }
    }
}

/// A download that is slow but alive is not a hung one.
#[tokio::test]
async fn a_slow_body_comes_to_its_end() {
    let trickle = Fault::Trickle {
        bytes: 600,
        pause: Duration::from_millis(2),
    };
    let stand_in = stand_in(scenario().fault(On::any(), trickle)).await;
    for protocol in Protocol::BOTH {
        let org = org(protocol, &stand_in.base_url());
        let invoice = org.invoice(INVOICE.parse().unwrap()).await.unwrap();
        assert_eq!(invoice.line_items.len(), 40);
        let file = org.invoice(INVOICE.parse().unwrap()).csv().await.unwrap();
        assert!(!file.bytes().await.unwrap().is_empty());
    }
}
