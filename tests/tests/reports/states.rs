//! The states of a report, and how they are polled for.

use std::time::Duration;

use atlas_billing::edge::doubles::{CountingRandom, FakeHttp, TokioClock};
use atlas_billing::poll::{Backoff, Status};
use atlas_billing::{Client, Credentials, ErrorKind, PollPolicy, ReportState, ReportToken};
use atlas_billing_mock::{Fault, ORG_ID, On, Operation, Ready, ReportSettings};
use atlas_billing_tests::protocol::Protocol;
use bytes::Bytes;

use crate::{INVOICE, PACE, ROWS, SECOND, Setup, ends, rows, scenario, with};

/// Ready after so many polls that find it not ready.
fn after(polls: u64) -> atlas_billing_mock::ScenarioBuilder {
    with(ReportSettings::default().ready(Ready::AfterPolls(polls)))
}

#[tokio::test]
async fn a_report_is_polled_for_until_it_has_succeeded() {
    for protocol in Protocol::BOTH {
        let setup = Setup::of(protocol, after(3)).await;
        let mut query = setup.report().start().await.unwrap();
        assert_eq!(setup.count(Operation::Report), 0, "{protocol}");
        let token = query.token().clone();
        assert_eq!(token.invoice().as_str(), INVOICE);

        let mut seen = Vec::new();
        while let Some(attempt) = query.next().await {
            let attempt = attempt.unwrap();
            seen.push((attempt.number(), attempt.status()));
        }
        let pending = [1, 2, 3].map(|number| (number, Status::Pending));
        assert_eq!(seen[..3], pending, "{protocol}");
        assert_eq!(seen[3..], [(4, Status::Ready)], "{protocol}");

        let report = query.report().await.unwrap();
        assert_eq!(report.state, Some(ReportState::Succeeded));
        assert_eq!(
            report.report_id.as_deref(),
            Some(token.report().as_str()),
            "{protocol}"
        );
        assert!(report.download_url.is_some() && report.expires_at.is_some());
        assert_eq!(setup.downloads(), [0; 0], "the file was not asked for");
        let requests = setup.atlas.requests();
        let order: Vec<Operation> = requests.iter().map(|it| it.operation).collect();
        use Operation::{CreateReport, Invoices, Report, Reports};
        let expected = [
            Invoices,
            Reports,
            CreateReport,
            Report,
            Report,
            Report,
            Report,
        ];
        assert_eq!(order, expected, "{protocol}");
    }
}

#[tokio::test]
async fn what_is_requested_is_what_is_documented() {
    let setup = Setup::of(Protocol::Http1, scenario().strict()).await;
    for (version, body) in [
        (None, r#"{"reportFormat":"CSV","reportType":"FOCUS"}"#),
        (
            Some("1.3"),
            r#"{"formatSpecVersion":"1.3","reportFormat":"CSV","reportType":"FOCUS"}"#,
        ),
    ] {
        setup.atlas.forget_requests();
        let mut request = setup.report().fresh(true);
        if let Some(version) = version {
            request = request.spec_version(version);
        }
        assert_eq!(rows(request).await.unwrap(), ROWS);
        let created = setup.requests(Operation::CreateReport);
        assert_eq!(created.len(), 1);
        let path = format!("/api/atlas/v2/orgs/{ORG_ID}/invoices/{INVOICE}/reports");
        assert_eq!((created[0].method(), created[0].path()), ("POST", &*path));
        assert_eq!(created[0].json(), serde_json::from_str(body).unwrap());
        assert_eq!(created[0].header("accept"), Some(crate::MEDIA));
        assert_eq!(created[0].header("content-type"), Some(crate::MEDIA));
    }
    let refused = setup.report().spec_version("9.9").start().await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn a_failed_report_ends_with_its_reason() {
    for protocol in Protocol::BOTH {
        let reports = ReportSettings::default().ready(Ready::AfterPolls(1));
        let setup = Setup::of(protocol, with(reports.failing("Too many rows"))).await;
        let query = setup.report().start().await.unwrap();
        let token = query.token().to_string();
        let error = query.csv().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed, "{protocol}: {error}");
        assert!(!error.is_transient(), "{error}");
        for part in ["Too many rows", &token] {
            assert!(error.message().contains(part), "{error}");
        }
        assert_eq!(error.operation(), Some("getInvoiceReport"));
        let poll = error.poll().unwrap();
        assert_eq!((poll.polls, &*poll.token), (2, &*token), "{protocol}");
        assert_eq!(setup.count(Operation::Report), 2, "{protocol}");
        assert_eq!(setup.downloads(), [0; 0], "{protocol}");
    }
}

#[tokio::test]
async fn another_process_resumes_what_was_not_ready() {
    for protocol in Protocol::BOTH {
        let hour = Duration::from_secs(3600);
        let slow = with(ReportSettings::default().ready(Ready::After(hour)));
        let setup = Setup::of(protocol, slow).await;
        let policy = PollPolicy::default().with_deadline(60 * SECOND);
        let error = setup.report().polling(policy).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotReady, "{protocol}: {error}");
        let poll = error.poll().unwrap();
        assert!(error.to_string().contains(&poll.token), "{error}");
        assert_eq!(poll.polls as usize, setup.count(Operation::Report));

        // Nothing is left of the first one but the text of the token.
        let token: ReportToken = poll.token.parse().unwrap();
        setup.time.advance(hour);
        let other = atlas_billing::Client::builder(atlas_billing::Credentials::none())
            .base_url(setup.atlas.base_url())
            .clock(std::sync::Arc::new(crate::clock()));
        let other = protocol.on(other).build().unwrap();
        let org = other.org(ORG_ID.parse().unwrap());
        let mut resumed = org.resume_report(token).await.unwrap();
        let mut count = 0;
        while let Some(row) = resumed.next().await {
            row.unwrap();
            count += 1;
        }
        assert_eq!(count, ROWS, "{protocol}");
        assert_eq!(setup.count(Operation::CreateReport), 1, "{protocol}");
    }
}

#[tokio::test]
async fn an_unknown_report_is_not_found() {
    let setup = Setup::of(Protocol::Http1, scenario()).await;
    let token = format!("{INVOICE}/{}", "0f".repeat(12));
    let query = setup.org.resume_report(token.parse().unwrap());
    let error = query.report().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert_eq!(error.poll().unwrap().token, token);
}

/// The documentation allows a poll each five seconds, and asks for ever longer waits.
#[tokio::test]
async fn polls_keep_the_documented_pace_whatever_the_policy() {
    let moment = Duration::from_millis(1);
    for policy in [
        None,
        Some(PollPolicy::default()),
        Some(PollPolicy::default().with_backoff(Backoff::every(moment))),
        Some(PollPolicy::default().with_backoff(Backoff::every(Duration::ZERO))),
        Some(PollPolicy::default().with_backoff(Backoff::default().with_jitter(1.0))),
    ] {
        let setup = Setup::of(Protocol::Http1, after(6)).await;
        let mut request = setup.report();
        if let Some(policy) = policy {
            request = request.polling(policy);
        }
        assert_eq!(rows(request).await.unwrap(), ROWS);
        let waits = setup.clock.waits();
        assert_eq!(waits.len(), 6, "{policy:?}: {waits:?}");
        assert!(
            waits.iter().all(|wait| *wait >= PACE),
            "{policy:?}: {waits:?}"
        );
        if policy.is_none() {
            assert!(waits.is_sorted_by(|one, next| one < next), "{waits:?}");
            assert!(waits[0] < 6 * SECOND, "{waits:?}");
        }
    }
    // Nor is the last poll before the deadline closer than that.
    let setup = Setup::of(Protocol::Http1, after(99)).await;
    let policy = PollPolicy::default().with_backoff(Backoff::every(moment));
    let request = setup.report().polling(policy.with_deadline(12 * SECOND));
    let error = request.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady, "{error}");
    assert_eq!(setup.clock.waits(), [PACE, PACE]);
    assert_eq!(setup.count(Operation::Report), 3);
}

#[tokio::test]
async fn a_longer_retry_after_is_waited_for() {
    let header = |seconds: &str| Fault::Header("Retry-After".into(), seconds.into());
    for (fault, most) in [
        (header("40"), 42),
        (Fault::Status(503).and(header("40")), 42),
        (
            Fault::RateLimited {
                retry_after: Some("40".into()),
            },
            42,
        ),
        (header("1"), 6),
    ] {
        let on = On::operation(Operation::Report).nth(1);
        let setup = Setup::of(Protocol::Http1, after(1).fault(on, fault.clone())).await;
        assert_eq!(rows(setup.report()).await.unwrap(), ROWS);
        let wait = setup.clock.waits()[0];
        let least = if most == 6 { 5 } else { 40 } * SECOND;
        assert!(
            least <= wait && wait <= most * SECOND,
            "{fault:?}: {wait:?}"
        );
    }
}

#[tokio::test]
async fn a_state_that_is_new_is_not_ready() {
    for state in ["ARCHIVING", "succeeded", ""] {
        let body = format!(r#"{{"reportId":"{}","state":"{state}"}}"#, "0f".repeat(12));
        let on = On::operation(Operation::Report).first(2);
        let fault = Fault::Body(Bytes::from(body));
        let setup = Setup::of(Protocol::Http1, scenario().fault(on, fault)).await;
        assert_eq!(rows(setup.report()).await.unwrap(), ROWS, "{state}");
        assert_eq!(setup.count(Operation::Report), 3, "{state}");
    }
}

#[tokio::test]
async fn what_is_no_report_is_an_error_at_once() {
    for body in [
        "{}",
        "[]",
        r#"{"state":null}"#,
        r#"{"state":7}"#,
        r#"{"results":[]}"#,
    ] {
        let fault = Fault::Body(Bytes::from(body));
        let on = On::operation(Operation::Report);
        let setup = Setup::of(Protocol::Http1, scenario().fault(on, fault)).await;
        let error = setup.report().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
        assert_eq!(setup.count(Operation::Report), 1, "{body}");
    }
    for body in [
        "{}",
        r#"{"reportId":"","state":"PENDING"}"#,
        r#"{"reportId":"../../users"}"#,
    ] {
        let fault = Fault::Body(Bytes::from(body));
        let on = On::operation(Operation::CreateReport);
        let setup = Setup::of(Protocol::Http1, scenario().fault(on, fault)).await;
        let error = setup.report().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
        assert_eq!(error.operation(), Some("createInvoiceReport"), "{body}");
        assert_eq!(setup.count(Operation::Report), 0, "{body}");
    }
}

#[tokio::test]
async fn a_success_without_a_url_is_polled_once_more_for_it() {
    let body = Fault::Body(Bytes::from(r#"{"state":"SUCCEEDED"}"#));
    let on = || On::operation(Operation::Report);
    let setup = Setup::of(Protocol::Http1, scenario().fault(on().nth(1), body.clone())).await;
    assert_eq!(rows(setup.report()).await.unwrap(), ROWS);
    assert_eq!(setup.count(Operation::Report), 2);

    let setup = Setup::of(Protocol::Http1, scenario().fault(on(), body)).await;
    let error = ends(async { setup.report().await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert_eq!(setup.downloads(), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_status_of_its_own_says_not_ready_too() {
    let http = FakeHttp::new(|number, _| {
        let (status, body) = match number {
            0 => (200, r#"{"status":102}"#),
            1 => (202, "{}"),
            2 => (200, r#"{"status":202}"#),
            _ => (200, r#"{"state":"SUCCEEDED"}"#),
        };
        let mut response = http::Response::new(Bytes::from(body));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(response)
    });
    let client = Client::builder(Credentials::none())
        .http_client(http.clone())
        .clock(TokioClock::new())
        .random(CountingRandom::new());
    let org = client.build().unwrap().org(ORG_ID.parse().unwrap());
    let token: ReportToken = format!("{INVOICE}/{}", "0".repeat(24)).parse().unwrap();
    let report = org.resume_report(token).report().await.unwrap();
    assert_eq!(report.state, Some(ReportState::Succeeded));
    assert_eq!(http.requests().len(), 4);
}
