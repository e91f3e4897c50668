//! Every form of "not ready" ends in the result.

use atlas_billing::ErrorKind;
use atlas_billing_mock::{After102, At, EnvelopeStyle, Fault, NotReady, On, Operation, Ready};

use crate::{PROTOCOLS, Protocol, looks, org, report, right_answer, scenario, start};

/// Every form in which a client may meet "not ready".
fn not_ready_forms() -> Vec<NotReady> {
    let enveloped = |body: &str| Fault::Reply {
        status: 200,
        headers: vec![("content-type".into(), "text/plain".into())],
        body: body.to_owned().into(),
    };
    let mut forms: Vec<NotReady> = vec![NotReady::Documented];
    forms.extend(
        [
            enveloped(r#"{"status":102}"#),
            enveloped(r#"{"status":102,"content":null}"#),
            enveloped(r#"{"envelope":{},"status":102}"#),
            Fault::Bare(202),
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
            Fault::RateLimited { retry_after: None },
            Fault::RateLimited {
                retry_after: Some("0".into()),
            },
        ]
        .map(NotReady::from),
    );
    forms
}

#[tokio::test]
async fn each_form_of_not_ready_ends_in_the_result() {
    let right = right_answer().await;
    for protocol in PROTOCOLS {
        for form in not_ready_forms() {
            let scenario = scenario()
                .ready(Ready::AfterLooks(2))
                .not_ready([form.clone()]);
            let atlas = start(scenario).await;
            let report = report(&org(&atlas, protocol)).await;
            let report = report.unwrap_or_else(|error| panic!("{protocol:?} {form:?}: {error}"));
            assert_eq!(report.rows(), right, "{protocol:?} {form:?}");
            assert!(looks(&atlas) >= 3, "{protocol:?} {form:?}");
        }
    }
}

#[tokio::test]
async fn every_form_one_after_another_ends_in_the_result() {
    let right = right_answer().await;
    for protocol in PROTOCOLS {
        let forms = not_ready_forms();
        let count = forms.len();
        let atlas = start(
            scenario()
                .ready(Ready::AfterLooks(count as u64))
                .not_ready(forms),
        )
        .await;
        let report = report(&org(&atlas, protocol)).await.unwrap();
        assert_eq!(report.rows(), right, "{protocol:?}");
        assert!(looks(&atlas) > count, "{protocol:?}");
    }
}

#[tokio::test]
async fn the_real_answer_after_interim_ones_is_taken() {
    for protocol in PROTOCOLS {
        for fault in [Fault::Bare102(After102::Answer), Fault::Flood(3)] {
            let atlas = start(scenario().fault(On::operation(Operation::Look), fault)).await;
            assert!(
                !report(&org(&atlas, protocol))
                    .await
                    .unwrap()
                    .rows()
                    .is_empty()
            );
        }
    }
}

#[tokio::test]
async fn every_style_of_envelope_is_understood() {
    let right = right_answer().await;
    for style in [
        EnvelopeStyle::Content,
        EnvelopeStyle::Envelope,
        EnvelopeStyle::BareErrors,
        EnvelopeStyle::KeepStatus,
        EnvelopeStyle::Ignored,
    ] {
        let scenario = scenario().envelope(style).ready(Ready::AfterLooks(3));
        let atlas = start(scenario).await;
        let report = report(&org(&atlas, Protocol::Http1)).await.unwrap();
        assert_eq!(report.rows(), right, "{style:?}");

        let missing = "ab".repeat(32).parse().unwrap();
        let error = org(&atlas, Protocol::Http1)
            .resume(missing)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{style:?}: {error}");
        assert_eq!(error.error_code(), Some("RESOURCE_NOT_FOUND"), "{style:?}");
    }
}

#[tokio::test]
async fn a_look_is_one_attempt_whatever_the_retry_policy() {
    let atlas = start(
        scenario()
            .ready(Ready::AfterLooks(4))
            .not_ready([Fault::Gateway(503)]),
    )
    .await;
    let mut query = org(&atlas, Protocol::Http1)
        .costs("2025-01".parse().unwrap())
        .start()
        .await
        .unwrap();
    while let Some(look) = query.next().await {
        assert_eq!(look.unwrap().number() as usize, looks(&atlas));
    }
    assert!(looks(&atlas) >= 5);
}
