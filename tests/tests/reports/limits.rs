//! Limits on the size of a file, and on the time of all that a report takes.

use std::time::Duration;

use atlas_billing::{Client, Credentials, ErrorKind, Org, RetryPolicy, Timeouts};
use atlas_billing_mock::{
    At, Fault, ManualClock, ORG_ID, On, Operation, ReportSettings, ScenarioBuilder, StandIn,
};
use atlas_billing_tests::clock::RequestClock;
use atlas_billing_tests::protocol::Protocol;

use crate::{INVOICE, Setup, ends, file, id, noon, scenario, whole, with};

#[tokio::test]
async fn a_file_has_a_limit_of_decompressed_bytes() {
    let length = whole().len() as u64;
    for protocol in Protocol::BOTH {
        for reports in [
            ReportSettings::default(),
            ReportSettings::default().gzip("application/gzip"),
        ] {
            let setup = Setup::of(protocol, with(reports)).await;
            for (limit, fits, polled) in [
                (length, true, false),
                (length - 1, false, false),
                (10, false, false),
                // It may be set as late as the file is asked for.
                (10, false, true),
            ] {
                let mut query = setup.report().start().await.unwrap();
                if polled {
                    while let Some(attempt) = query.next().await {
                        attempt.unwrap();
                    }
                }
                let query = query.max_file(limit);
                let file = ends(async { query.csv().await?.bytes().await }).await;
                match file {
                    Ok(file) => assert!(fits && file.len() as u64 == length, "{limit}"),
                    Err(error) => {
                        assert!(!fits, "{protocol} {limit}: {error}");
                        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
                        assert!(error.message().contains(&limit.to_string()), "{error}");
                    }
                }
            }
        }
    }
    // What is kept in memory has the limit of all calls; a stream of rows has not.
    let setup = Setup::with(Protocol::Http1, scenario(), |it| it.max_body(10_000)).await;
    let error = file(setup.report()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert_eq!(crate::rows(setup.report()).await.unwrap(), crate::ROWS);
}

#[tokio::test]
async fn a_small_file_that_unpacks_to_a_large_one_is_given_up() {
    let bomb = Fault::GzipBomb(64 << 20);
    let on = On::operation(Operation::Download);
    let setup = Setup::of(Protocol::Http1, scenario().fault(on, bomb)).await;
    let query = setup.report().start().await.unwrap().max_file(1 << 20);
    let file = ends(async { query.csv().await?.bytes().await }).await;
    assert_eq!(file.unwrap_err().kind(), ErrorKind::TooLarge);
}

/// Each response takes ten seconds, and nothing else does.
async fn timed(protocol: Protocol, total: u64, scenario: ScenarioBuilder) -> (StandIn, Org) {
    let scenario = scenario.clock(ManualClock::at(noon())).build();
    let atlas = StandIn::start(scenario).await.unwrap();
    let clock = RequestClock::new(Duration::from_secs(10));
    let builder = Client::builder(Credentials::none())
        .base_url(atlas.base_url())
        .clock(clock.clone())
        .observer(clock)
        .retry(RetryPolicy::new().with_max_attempts(9))
        .timeouts(Timeouts::default().with_total(Duration::from_secs(total)));
    let client = protocol.on(builder).build().unwrap();
    (atlas, client.org(ORG_ID.parse().unwrap()))
}

#[tokio::test]
async fn one_deadline_holds_from_the_first_request_to_the_end_of_the_file() {
    let on = || On::operation(Operation::Download);
    for protocol in Protocol::BOTH {
        for (what, total, scenario, requests) in [
            // Create, poll, and no time for the file.
            ("no file", 25, scenario(), 3),
            (
                "refused again and again",
                45,
                scenario().refuse_downloads(1_000),
                5,
            ),
            ("busy", 45, scenario().fault(on(), Fault::Status(503)), 5),
            (
                "broken",
                45,
                scenario().fault(on(), Fault::Close(At::Body(1_000))),
                5,
            ),
        ] {
            let (atlas, org) = timed(protocol, total, scenario).await;
            let request = org.focus_report(id(INVOICE)).fresh(true);
            let error = file(request).await.unwrap_err();
            let late = [ErrorKind::Timeout, ErrorKind::Service].contains(&error.kind());
            assert!(late, "{protocol} {what}: {error}");
            assert_eq!(atlas.requests().len(), requests, "{protocol} {what}");
        }
        // Without time for the poll it can be resumed.
        let (_atlas, org) = timed(protocol, 15, scenario()).await;
        let error = file(org.focus_report(id(INVOICE)).fresh(true)).await;
        let error = error.unwrap_err();
        assert!(error.is_not_ready(), "{protocol}: {error}");
        assert!(error.poll().unwrap().token.starts_with(INVOICE));

        // As many fit into a longer one.
        let (atlas, org) = timed(protocol, 45, scenario()).await;
        let downloaded = file(org.focus_report(id(INVOICE)).fresh(true)).await;
        assert!(downloaded.unwrap() == whole(), "{protocol}");
        assert_eq!(atlas.requests().len(), 3, "{protocol}");
    }
}
