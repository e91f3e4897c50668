//! Every form of "not ready" ends in the result.

use atlas_billing::ErrorKind;
use atlas_billing_mock::{After102, At, EnvelopeStyle, Fault, NotReady, Ready};
use atlas_billing_tests::protocol::Protocol;

use crate::{january, org, polls, report, right_rows, scenario, start};

/// Every form in which a client may meet "not ready".
fn not_ready_forms() -> Vec<NotReady> {
    let enveloped = |body: &str| Fault::Reply {
        status: 200,
        headers: vec![("content-type".into(), "text/plain".into())],
        body: body.to_owned().into(),
    };
    let limited = |retry_after: Option<&str>| Fault::RateLimited {
        retry_after: retry_after.map(str::to_owned),
    };
    let mut forms: Vec<NotReady> = vec![NotReady::Documented];
    forms.extend(
        [
            enveloped(r#"{"status":102}"#),
            enveloped(r#"{"status":102,"content":null}"#),
            enveloped(r#"{"envelope":{},"status":102}"#),
            enveloped(r#"{"status":202}"#),
            enveloped(r#"{"status":202,"content":{}}"#),
            Fault::Bare(202),
            // An empty success says nothing of a result.
            Fault::Bare(200),
            Fault::Bare(204),
            Fault::Empty,
            Fault::HalfBody,
            Fault::Bare102(After102::Close),
            Fault::Bare102(After102::Silence),
            Fault::Bare102(After102::Body),
            Fault::Bare102(After102::Garbage),
            Fault::Bare102(After102::EndOfStream),
            Fault::Close(At::BeforeHead),
            Fault::Close(At::InHead),
            Fault::Close(At::Body(1)),
            Fault::Reset(At::BeforeHead),
            Fault::Stall(At::BeforeHead),
            Fault::Stall(At::Body(1)),
            Fault::Garbage,
            Fault::StreamReset(1),
            Fault::StreamReset(8),
            Fault::GoAway(1),
            Fault::Gateway(502),
            Fault::Gateway(503),
            Fault::Gateway(504),
            Fault::Bare(504),
            limited(None),
            limited(Some("0")),
        ]
        .map(NotReady::from),
    );
    forms
}

#[tokio::test]
async fn each_form_of_not_ready_ends_in_the_result() {
    let right = right_rows().await;
    for protocol in Protocol::BOTH {
        for form in not_ready_forms() {
            let scenario = scenario()
                .ready(Ready::AfterPolls(2))
                .not_ready([form.clone()]);
            let atlas = start(scenario).await;
            let report = report(&org(&atlas, protocol)).await;
            let report = report.unwrap_or_else(|error| panic!("{protocol} {form:?}: {error}"));
            assert_eq!(report.rows(), right, "{protocol} {form:?}");
            assert!(polls(&atlas) >= 3, "{protocol} {form:?}");
        }
    }
}

#[tokio::test]
async fn every_style_of_envelope_is_understood() {
    let right = right_rows().await;
    for style in [
        EnvelopeStyle::Content,
        EnvelopeStyle::Envelope,
        EnvelopeStyle::BareErrors,
        EnvelopeStyle::KeepStatus,
        EnvelopeStyle::Ignored,
    ] {
        let scenario = scenario().envelope(style).ready(Ready::AfterPolls(3));
        let atlas = start(scenario).await;
        let org = org(&atlas, Protocol::Http1);
        let report = report(&org).await.unwrap();
        assert_eq!(report.rows(), right, "{style:?}");
        assert_eq!(report.meta().status(), 200, "{style:?}");

        let missing = "ab".repeat(32).parse().unwrap();
        let error = org.resume(missing).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{style:?}: {error}");
        assert_eq!(error.status().unwrap(), 404);
        assert_eq!(error.error_code(), Some("RESOURCE_NOT_FOUND"), "{style:?}");
    }
}

#[tokio::test]
async fn a_poll_is_one_attempt_whatever_the_retry_policy() {
    let scenario = scenario()
        .ready(Ready::AfterPolls(4))
        .not_ready([Fault::Gateway(503)]);
    let atlas = start(scenario).await;
    let org = org(&atlas, Protocol::Http1);
    let mut query = org.costs(january()).start().await.unwrap();
    while let Some(attempt) = query.next().await {
        assert_eq!(attempt.unwrap().number() as usize, polls(&atlas));
    }
    assert_eq!(polls(&atlas), 5);
}
