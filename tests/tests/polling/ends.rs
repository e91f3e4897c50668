//! How polling ends without a result: a real failure at once and as what it is, the deadline, the
//! end of tolerance; and how long is waited until then.

use std::sync::Arc;
use std::time::Duration;

use atlas_billing::poll::{Backoff, PollPolicy, Tolerance};
use atlas_billing::{Error, ErrorKind, GroupBy, Org, RetryPolicy, Timeouts};
use atlas_billing_mock::{At, Fault, On, Operation, Ready, ScenarioBuilder, StandIn};
use atlas_billing_tests::clock::WaitClock;
use atlas_billing_tests::protocol::Protocol;

use crate::{ENDLESS, client, january, org, org_of, policy, polls, report, scenario, start};

const SECOND: Duration = Duration::from_secs(1);

/// The limits of one request, which do not pass here.
const HEAD: Duration = Duration::from_millis(59_999);

#[tokio::test]
async fn each_real_failure_ends_at_once_as_what_it_is() {
    let reply = |body: &str| Fault::Reply {
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.to_owned().into(),
    };
    let failures = [
        (Fault::Bare(501), ErrorKind::Service),
        (Fault::Status(403), ErrorKind::Forbidden),
        (reply(r#"{"id":"x"}"#), ErrorKind::Decode),
        (reply(r#""done""#), ErrorKind::Decode),
        (reply(r#"{"usageDetails":7}"#), ErrorKind::Decode),
    ];
    for protocol in Protocol::BOTH {
        for (fault, kind) in &failures {
            let scenario = scenario()
                .ready(Ready::Never)
                .fault(On::operation(Operation::Poll).from(2), fault.clone());
            let atlas = start(scenario).await;
            // A poll that is merely slow would not be the second one.
            let patient = policy().with_poll_timeout(ENDLESS);
            let org = org_of(client(&atlas.base_url(), protocol).polling(patient));
            let error = report(&org).await.unwrap_err();
            assert_eq!(error.kind(), *kind, "{protocol} {fault:?}: {error}");
            assert_eq!(polls(&atlas), 2, "{protocol} {fault:?}");
            let poll = error.poll().unwrap();
            assert_eq!(
                (poll.polls, poll.token.len()),
                (2, 64),
                "{protocol} {fault:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_refused_connection_is_never_not_ready() {
    let atlas = start(scenario()).await;
    let query = org(&atlas, Protocol::Http1).costs(january()).start();
    let query = query.await.unwrap();
    drop(atlas);
    // The query's own connection is still in the pool and ends with the stand-in; whatever is
    // found on it, the next poll is refused.
    let error = query.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(error.poll().is_some());
}

#[tokio::test]
async fn what_cannot_be_requested_is_rejected_before_anything_is_sent() {
    let atlas = start(scenario().strict()).await;
    let org = org(&atlas, Protocol::Http1);
    let costs = || org.costs(january());
    let rejected: [Error; 3] = [
        costs().group_by(GroupBy::Projects).await.unwrap_err(),
        costs()
            .group_by(GroupBy::Clusters)
            .start()
            .await
            .unwrap_err(),
        costs().projects(["my project"]).csv().await.unwrap_err(),
    ];
    for error in rejected {
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    }
    assert!(atlas.requests().is_empty());
    for dimension in [GroupBy::Services, GroupBy::Organizations] {
        let report = costs().group_by(dimension.clone()).await.unwrap();
        assert!(!report.rows().is_empty(), "{dimension:?}");
    }
}

/// A call whose waits take no time, and whose polls are five seconds apart.
async fn timed(scenario: ScenarioBuilder, policy: PollPolicy) -> (StandIn, Arc<WaitClock>, Org) {
    let atlas = start(scenario).await;
    let clock = Arc::new(WaitClock::without_silence([HEAD]));
    let builder = client(&atlas.base_url(), Protocol::Http1)
        .clock(clock.clone())
        .timeouts(Timeouts::default().with_head(HEAD).with_idle(HEAD))
        .retry(RetryPolicy::none())
        .polling(
            policy
                .with_backoff(Backoff::every(5 * SECOND))
                .with_poll_timeout(HEAD),
        );
    (atlas, clock, org_of(builder))
}

fn seconds(clock: &WaitClock) -> Vec<u64> {
    clock.waits().iter().map(Duration::as_secs).collect()
}

/// A caller that is late is not a machine that slept: nothing is forgiven for it, and there is at
/// most one poll after the deadline.
#[tokio::test]
async fn a_late_caller_cannot_miss_the_deadline() {
    for (status, kind) in [
        (401, Some(ErrorKind::Unauthorized)),
        (403, Some(ErrorKind::Forbidden)),
        (503, Some(ErrorKind::Service)),
        (0, None),
    ] {
        let mut scenario = scenario().ready(Ready::Never);
        if status > 0 {
            let on = On::operation(Operation::Poll).from(2);
            scenario = scenario.fault(on, Fault::Status(status));
        }
        let deadline = PollPolicy::default().with_deadline(90 * SECOND);
        let (atlas, clock, org) = timed(scenario, deadline).await;
        let mut query = org.costs(january()).start().await.unwrap();
        let error = loop {
            match query.next().await.expect("an error before the end") {
                Ok(_) => clock.advance(20 * SECOND),
                Err(error) => break error,
            }
        };
        let most = match kind {
            Some(ErrorKind::Service) | None => {
                assert!(error.is_transient(), "{error}");
                // At 0, 20, 40, 60, 80 and 100 s.
                6
            }
            Some(kind) => {
                assert_eq!(error.kind(), kind, "{error}");
                2
            }
        };
        assert_eq!(polls(&atlas), most, "{status}: {error}");
        assert!(query.next().await.is_none());
        assert_eq!(polls(&atlas), most, "nothing is sent after the end");
    }
}

/// Never earlier than asked while the deadline allows, and never faster than the own schedule.
#[tokio::test]
async fn a_retry_after_is_waited_for_in_full() {
    let limited = |retry_after: &str| Fault::RateLimited {
        retry_after: Some(retry_after.to_owned()),
    };
    let unavailable = |retry_after: &str| {
        let header = Fault::Header("Retry-After".to_owned(), retry_after.to_owned());
        Fault::Status(503).and(header)
    };
    for fault in [limited, unavailable] {
        for (retry_after, wait) in [("90", 90), ("0", 5), ("4", 5), ("6", 6)] {
            let scenario =
                scenario().fault(On::operation(Operation::Poll).nth(1), fault(retry_after));
            let (_atlas, clock, org) = timed(scenario, PollPolicy::default()).await;
            let _ = report(&org).await.unwrap();
            assert_eq!(seconds(&clock), [wait], "{retry_after}");
        }
    }
    // One that reaches beyond the deadline ends the polling at once, with what resuming takes.
    let scenario = scenario().fault(On::operation(Operation::Poll), limited("90"));
    let deadline = PollPolicy::default().with_deadline(60 * SECOND);
    let (_atlas, clock, org) = timed(scenario, deadline).await;
    let error = report(&org).await.unwrap_err();
    assert!(error.is_not_ready(), "{error}");
    assert_eq!((error.poll().unwrap().polls, seconds(&clock)), (1, vec![]));
    let note =
        "the service asks to wait 1 min 30 s before the next poll, which is beyond the deadline";
    assert!(error.message().ends_with(note), "{error}");
}

#[tokio::test]
async fn the_error_at_the_deadline_has_what_resuming_takes() {
    let deadline = PollPolicy::default().with_deadline(12 * SECOND);
    let (atlas, clock, org) = timed(scenario().ready(Ready::AfterPolls(4)), deadline).await;
    let error = report(&org).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady, "{error}");
    let poll = error.poll().unwrap();
    assert_eq!((poll.polls, poll.elapsed), (4, 12 * SECOND));
    assert_eq!(seconds(&clock), [5, 5, 2]);
    assert!(error.to_string().contains(&poll.token), "{error}");

    let report = org.resume(poll.token.parse().unwrap()).await.unwrap();
    assert!(!report.rows().is_empty());
    let requests = atlas.requests();
    let creations = requests.iter().filter(|request| request.method() == "POST");
    assert_eq!(creations.count(), 1);
}

#[tokio::test]
async fn the_end_of_tolerance_says_what_was_seen() {
    let forms = [Fault::Gateway(504), Fault::Close(At::BeforeHead)];
    let never = || scenario().ready(Ready::Never).not_ready(forms.clone());
    let tolerance = PollPolicy::default().with_tolerance(Tolerance::of(12 * SECOND));
    let (_atlas, _, org) = timed(never(), tolerance).await;
    let error = report(&org).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let seen = [
        ("status 504".to_owned(), 1),
        ("incomplete response".to_owned(), 3),
    ];
    assert_eq!(error.poll().unwrap().ambiguous, seen);
    assert!(
        error.to_string().contains("3 x incomplete response"),
        "{error}"
    );

    let none = PollPolicy::default().with_tolerance(Tolerance::none());
    let (_atlas, _, org) = timed(never(), none).await;
    let error = report(&org).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 504, "{error}");
    assert_eq!(error.poll().unwrap().polls, 1);
}
