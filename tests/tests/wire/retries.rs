//! Each rule of retrying, by what the server saw and what was waited for. The clock is one on which
//! waiting takes no time.

use std::sync::Arc;
use std::time::Duration;

use atlas_billing::edge::Random;
use atlas_billing::{Client, Credentials, ErrorKind, Org, RetryPolicy, Timeouts};
use atlas_billing_mock::{At, Fault, ORG_ID, On, Operation, StandIn};
use atlas_billing_tests::clock::WaitClock;
use atlas_billing_tests::protocol::Protocol;

use crate::{INVOICE, january, scenario, stand_in};

/// Limits on silence, none of which is reached here: the usual one, and what a limit of 700 ms on
/// the whole call leaves of it at the first attempt and at the second.
const SILENCE: Duration = Duration::from_millis(59_999);
const LEFT: [Duration; 2] = [Duration::from_millis(700), Duration::from_millis(450)];

/// Draws the middle of each range.
#[derive(Debug)]
struct Middle;

impl Random for Middle {
    fn bits(&self) -> u128 {
        0
    }

    fn unit(&self) -> f64 {
        0.5
    }
}

struct Call {
    stand_in: StandIn,
    clock: Arc<WaitClock>,
    org: Org,
}

impl Call {
    /// Calls whose first `times` requests of a kind meet `fault`.
    async fn with(protocol: Protocol, fault: Fault, times: u64, retry: RetryPolicy) -> Self {
        let mut scenario = scenario();
        for operation in [Operation::Invoices, Operation::CreateQuery] {
            scenario = scenario.fault(On::operation(operation).first(times), fault.clone());
        }
        let stand_in = stand_in(scenario).await;
        let clock = Arc::new(WaitClock::without_silence([SILENCE, LEFT[0], LEFT[1]]));
        let timeouts = Timeouts::default().with_head(SILENCE).with_idle(SILENCE);
        let builder = Client::builder(Credentials::none())
            .base_url(stand_in.base_url())
            .clock(clock.clone())
            .random(Arc::new(Middle))
            .timeouts(timeouts)
            .retry(retry);
        let client = protocol.on(builder).build().unwrap();
        let org = client.org(ORG_ID.parse().unwrap());
        Self {
            stand_in,
            clock,
            org,
        }
    }

    fn requests(&self) -> usize {
        self.stand_in.requests().len()
    }

    fn waits(&self) -> Vec<u128> {
        let waits = self.clock.waits();
        waits.iter().map(Duration::as_millis).collect()
    }
}

fn limited(retry_after: Option<&str>) -> Fault {
    Fault::RateLimited {
        retry_after: retry_after.map(str::to_owned),
    }
}

#[tokio::test]
async fn what_another_attempt_may_mend_is_attempted_five_times_ever_further_apart() {
    for protocol in Protocol::BOTH {
        for (fault, waits) in [
            (Fault::Status(502), [250, 500, 1_000, 2_000]),
            (Fault::Close(At::BeforeHead), [250, 500, 1_000, 2_000]),
            (Fault::Reset(At::Body(9)), [250, 500, 1_000, 2_000]),
            (limited(None), [2_000, 4_000, 8_000, 10_000]),
            (limited(Some("nonsense")), [2_000, 4_000, 8_000, 10_000]),
            (limited(Some("0")), [250, 500, 1_000, 2_000]),
            (limited(Some("7")), [7_250, 7_500, 8_000, 9_000]),
        ] {
            let call = Call::with(protocol, fault.clone(), u64::MAX, RetryPolicy::new()).await;
            let error = call.org.invoices().await.unwrap_err();
            assert!(error.is_transient(), "{fault:?}: {error}");
            assert_eq!(error.attempts(), 5, "{fault:?}");
            assert_eq!(call.requests(), 5, "{protocol} {fault:?}");
            assert_eq!(call.waits(), waits, "{protocol} {fault:?}");
            // The last attempt is enough.
            let call = Call::with(protocol, fault.clone(), 4, RetryPolicy::new()).await;
            assert_eq!(call.org.invoices().await.unwrap().len(), 2, "{fault:?}");
            assert_eq!(call.requests(), 5, "{protocol} {fault:?}");
        }
    }
}

#[tokio::test]
async fn what_no_other_attempt_would_mend_is_attempted_once() {
    for protocol in Protocol::BOTH {
        for fault in [
            Fault::Status(409),
            Fault::Status(500),
            Fault::Status(501),
            Fault::Html,
            Fault::Empty,
            Fault::OtherShape,
            limited(Some("301")),
            limited(Some("99999999999999999999")),
        ] {
            let call = Call::with(protocol, fault.clone(), u64::MAX, RetryPolicy::new()).await;
            let error = call.org.invoices().await.unwrap_err();
            assert_eq!(
                (error.attempts(), call.requests()),
                (1, 1),
                "{fault:?}: {error}"
            );
            assert!(call.waits().is_empty(), "{fault:?}");
        }
    }
}

/// What a caller calls transient of its own is retried, too.
#[tokio::test]
async fn a_predicate_of_the_callers_adds_to_what_is_retried() {
    let policy = RetryPolicy::new()
        .with_retry_if(|error| error.status().is_some_and(|status| status == 500));
    let call = Call::with(Protocol::Http1, Fault::Status(500), 2, policy).await;
    assert_eq!(call.org.invoices().await.unwrap().len(), 2);
    assert_eq!(call.waits(), [250, 500]);
}

/// A `Retry-After` is waited for in full while the deadline allows, in seconds and as a date.
#[tokio::test]
async fn a_retry_after_is_waited_for_in_full() {
    // The clock stands at the beginning of 1970.
    for (retry_after, wait) in [
        ("75", 75_250),
        ("299", 299_250),
        ("Thu, 01 Jan 1970 00:01:30 GMT", 90_250),
        ("Thu, 1 Jan 1970 00:01:30 GMT", 90_250),
    ] {
        let fault = limited(Some(retry_after));
        let list = Call::with(Protocol::Http1, fault.clone(), 1, RetryPolicy::new()).await;
        assert_eq!(list.org.invoices().await.unwrap().len(), 2);
        let create = Call::with(Protocol::Http1, fault, 1, RetryPolicy::new()).await;
        let _ = create.org.costs(january()).start().await.unwrap();
        assert_eq!(
            (list.waits(), create.waits()),
            (vec![wait], vec![wait]),
            "{retry_after}"
        );
    }
    // A deadline that it reaches beyond, or five minutes without one: the error names the time.
    let limit = Timeouts::default().with_head(LEFT[0]).with_total(LEFT[0]);
    for (retry_after, seconds, timeouts) in [("1", 1, Some(limit)), ("600", 600, None)] {
        let call = Call::with(
            Protocol::Http1,
            limited(Some(retry_after)),
            1,
            RetryPolicy::new(),
        )
        .await;
        let mut request = call.org.invoices();
        if let Some(timeouts) = timeouts {
            request = request.timeouts(timeouts);
        }
        let error = request.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)));
        assert!(call.waits().is_empty());
    }
}

#[tokio::test]
async fn the_policy_bounds_attempts_and_time() {
    let fault = || Fault::Status(503);
    let policy = RetryPolicy::new().with_max_attempts(2);
    let call = Call::with(Protocol::Http1, fault(), u64::MAX, policy).await;
    assert_eq!(call.org.invoices().await.unwrap_err().attempts(), 2);
    assert_eq!(call.requests(), 2);

    let policy = RetryPolicy::new().with_max_elapsed(Duration::from_millis(800));
    let call = Call::with(Protocol::Http1, fault(), u64::MAX, policy).await;
    assert_eq!(call.org.invoices().await.unwrap_err().attempts(), 3);
    assert_eq!(call.waits(), [250, 500]);

    // No wait begins that the limit of the whole call would end.
    let call = Call::with(Protocol::Http1, fault(), u64::MAX, RetryPolicy::new()).await;
    let timeouts = Timeouts::default().with_total(LEFT[0]);
    let error = call.org.invoices().timeouts(timeouts).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 503, "{error}");
    assert_eq!(call.requests(), 2);
}

/// The body of a whole invoice is part of the call; that of a stream was handed on already.
#[tokio::test]
async fn a_body_that_breaks_is_retried_only_where_nothing_was_handed_on() {
    for protocol in Protocol::BOTH {
        let broken = |chunk| {
            let on = On::operation(Operation::Invoice).nth(1);
            stand_in(
                scenario()
                    .fault(on, Fault::Close(At::Body(9_000)))
                    .chunk_size(chunk),
            )
        };
        let whole = broken(500).await;
        let org = crate::org(protocol, &whole.base_url());
        let invoice = org.invoice(INVOICE.parse().unwrap()).await.unwrap();
        assert_eq!(invoice.line_items.len(), 40);
        assert_eq!(whole.requests().len(), 2);

        let streamed = broken(500).await;
        let org = crate::org(protocol, &streamed.base_url());
        let request = org.invoice(INVOICE.parse().unwrap());
        let mut items = request.line_items().await.unwrap();
        let mut last = None;
        while let Some(item) = items.next().await {
            last = Some(item);
        }
        let error = last.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
        assert!(items.next().await.is_none(), "the stream has ended");
        assert!(items.head().is_none());
        assert_eq!(streamed.requests().len(), 1);
    }
}
