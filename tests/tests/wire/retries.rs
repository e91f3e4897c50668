//! Each rule of retrying, by what the server saw and what was waited for. The clock is one on which
//! waiting takes no time.

use std::sync::Arc;
use std::time::Duration;

use atlas_billing::edge::Random;
use atlas_billing::{Client, Credentials, Org, RetryPolicy, Timeouts};
use atlas_billing_mock::{At, Fault, ORG_ID, On, Operation, StandIn};
use atlas_billing_tests::clock::WaitClock;
use atlas_billing_tests::protocol::Protocol;

use crate::{INVOICE, scenario, stand_in};

/// Limits on silence, none of which is reached here: the usual one, and what a limit of 700 ms on
/// the whole call leaves of it at the first try and at the second.
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
    /// A call whose first `times` answers are `fault`.
    async fn with(protocol: Protocol, fault: Fault, times: u64, retry: RetryPolicy) -> Self {
        let on = On::operation(Operation::Invoices).first(times);
        let stand_in = stand_in(scenario().fault(on, fault)).await;
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
async fn what_another_try_may_mend_is_tried_five_times_ever_further_apart() {
    for protocol in Protocol::BOTH {
        for (fault, waits) in [
            (Fault::Status(502), [250, 500, 1_000, 2_000]),
            (Fault::Gateway(503), [250, 500, 1_000, 2_000]),
            (Fault::Bare(504), [250, 500, 1_000, 2_000]),
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
            // The next but last try is enough.
            let call = Call::with(protocol, fault.clone(), 4, RetryPolicy::new()).await;
            assert_eq!(call.org.invoices().await.unwrap().len(), 2, "{fault:?}");
            assert_eq!(call.requests(), 5, "{protocol} {fault:?}");
        }
    }
}

#[tokio::test]
async fn what_no_other_try_would_mend_is_tried_once() {
    for protocol in Protocol::BOTH {
        for fault in [
            Fault::Status(400),
            Fault::Status(401),
            Fault::Status(403),
            Fault::Status(404),
            Fault::Status(406),
            Fault::Status(409),
            Fault::Status(410),
            Fault::Status(500),
            Fault::Status(501),
            Fault::Html,
            Fault::Empty,
            Fault::OtherShape,
            Fault::EnvelopedError(404),
            limited(Some("61")),
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

#[tokio::test]
async fn a_retry_after_is_told_and_a_date_is_as_good_as_seconds() {
    let call = Call::with(Protocol::Http1, limited(Some("90")), 1, RetryPolicy::new()).await;
    let error = call.org.invoices().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(90)));
    assert!(error.is_rate_limited());

    // The clock stands at the beginning of 1970.
    for date in [
        "Thu, 01 Jan 1970 00:00:30 GMT",
        "Thu, 1 Jan 1970 00:00:30 GMT",
    ] {
        let fault = limited(Some(date));
        let call = Call::with(Protocol::Http1, fault, 1, RetryPolicy::new()).await;
        assert_eq!(call.org.invoices().await.unwrap().len(), 2);
        assert_eq!(call.waits(), [30_250], "{date}");
    }
}

#[tokio::test]
async fn the_policy_bounds_tries_and_time() {
    let fault = || Fault::Status(503);
    let policy = RetryPolicy::new().with_max_attempts(2);
    let call = Call::with(Protocol::Http1, fault(), u64::MAX, policy).await;
    assert_eq!(call.org.invoices().await.unwrap_err().attempts(), 2);
    assert_eq!(call.requests(), 2);

    let policy = RetryPolicy::new().with_max_elapsed(Duration::from_millis(800));
    let call = Call::with(Protocol::Http1, fault(), u64::MAX, policy).await;
    assert_eq!(call.org.invoices().await.unwrap_err().attempts(), 3);
    assert_eq!(call.waits(), [250, 500]);

    // No wait is begun that the limit of the whole call would cut off.
    let call = Call::with(Protocol::Http1, fault(), u64::MAX, RetryPolicy::new()).await;
    let timeouts = Timeouts::default().with_total(LEFT[0]);
    let error = call.org.invoices().timeouts(timeouts).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 503, "{error}");
    assert_eq!(call.requests(), 2);
}

/// The body of a whole invoice is part of the call; that of a stream was handed on already.
#[tokio::test]
async fn a_body_that_breaks_is_tried_again_only_where_nothing_was_handed_on() {
    for protocol in Protocol::BOTH {
        let fault = Fault::Close(At::Body(2_000));
        let on = On::operation(Operation::Invoice).nth(1);
        let stand_in = stand_in(scenario().fault(on, fault)).await;
        let org = crate::org(protocol, &stand_in.base_url());
        let invoice = || org.invoice(INVOICE.parse().unwrap());
        assert_eq!(invoice().await.unwrap().line_items.len(), 40);
        assert_eq!(stand_in.requests().len(), 2);
    }
    for protocol in Protocol::BOTH {
        let fault = Fault::Close(At::Body(9_000));
        let on = On::operation(Operation::Invoice).nth(1);
        let stand_in = stand_in(scenario().fault(on, fault).chunk_size(500)).await;
        let org = crate::org(protocol, &stand_in.base_url());
        let mut items = org
            .invoice(INVOICE.parse().unwrap())
            .line_items()
            .await
            .unwrap();
        let mut last = None;
        while let Some(item) = items.next().await {
            last = Some(item);
        }
        let error = last.unwrap().unwrap_err();
        assert_eq!(error.kind(), atlas_billing::ErrorKind::Cut, "{error}");
        assert!(items.next().await.is_none(), "the stream is over");
        assert!(items.head().is_none());
        assert_eq!(stand_in.requests().len(), 1);
    }
}
