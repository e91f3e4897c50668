//! Faults of the wire as a client meets them, over HTTP/1.1 and HTTP/2.

use std::time::Duration;

use atlas_billing_mock::{
    After102, At, Fault, INVOICE_ID, On, Operation, Scenario, StandIn, Step, Transfer,
};

use crate::eyes::{Protocol, Seen, Why, client, see, see_or_wait};
use crate::{one_invoice, org};

async fn meet(
    protocol: Protocol,
    fault: Option<Fault>,
    transfer: Transfer,
    wanted: Option<&Seen>,
) -> Seen {
    let atlas = StandIn::start_raw(one_invoice(fault, transfer))
        .await
        .unwrap();
    let url = atlas.base_url() + &org(&format!("/invoices/{INVOICE_ID}"));
    see_or_wait(&client(protocol), &url, wanted).await
}

async fn whole(protocol: Protocol) -> usize {
    match meet(protocol, None, Transfer::Natural, None).await {
        Seen::Body(200, length) => length,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_fault_of_the_wire_is_met_over_both_protocols() {
    use Protocol::{Http1, Http2};
    let length = whole(Http1).await;
    assert_eq!(whole(Http2).await, length);
    assert!(length > 4_000);

    let ended = Seen::None(Why::Ended);
    let good = Seen::Body(200, length);
    let script = vec![
        Step::Send("HTTP/1.1 204 No".into()),
        Step::Wait(Duration::from_millis(2)),
        Step::Send(" Content\r\n\r\n".into()),
    ];
    let unreadable = Seen::None(Why::Unreadable);
    let protocol_error = Seen::None(Why::Code(1));
    let table: Vec<(Fault, Seen, Seen)> = vec![
        (Fault::Close(At::BeforeHead), ended.clone(), ended.clone()),
        (Fault::Close(At::InHead), ended.clone(), ended.clone()),
        (
            Fault::Close(At::AfterHead),
            Seen::Broken(200),
            Seen::Broken(200),
        ),
        (
            Fault::Close(At::Body(1_000)),
            Seen::Broken(200),
            Seen::Broken(200),
        ),
        (Fault::Reset(At::BeforeHead), ended.clone(), ended.clone()),
        (Fault::Reset(At::InHead), ended.clone(), ended.clone()),
        (
            Fault::Reset(At::AfterHead),
            Seen::Broken(200),
            Seen::Broken(200),
        ),
        (
            Fault::Reset(At::Body(1_000)),
            Seen::Broken(200),
            Seen::Broken(200),
        ),
        (
            Fault::Stall(At::BeforeHead),
            Seen::Silence(None),
            Seen::Silence(None),
        ),
        (
            Fault::Stall(At::InHead),
            Seen::Silence(None),
            Seen::Silence(None),
        ),
        (
            Fault::Stall(At::AfterHead),
            Seen::Silence(Some(200)),
            Seen::Silence(Some(200)),
        ),
        (
            Fault::Stall(At::Body(9)),
            Seen::Silence(Some(200)),
            Seen::Silence(Some(200)),
        ),
        (
            Fault::Delay(Duration::from_millis(3)),
            good.clone(),
            good.clone(),
        ),
        (
            Fault::Trickle {
                bytes: 1_000,
                pause: Duration::from_millis(1),
            },
            good.clone(),
            good.clone(),
        ),
        (
            Fault::Bare102(After102::Close),
            ended.clone(),
            ended.clone(),
        ),
        (
            Fault::Bare102(After102::Silence),
            Seen::Silence(None),
            Seen::Silence(None),
        ),
        (
            Fault::Bare102(After102::Body),
            unreadable.clone(),
            protocol_error.clone(),
        ),
        (
            Fault::Bare102(After102::Garbage),
            unreadable.clone(),
            unreadable.clone(),
        ),
        (
            Fault::Bare102(After102::EndOfStream),
            ended.clone(),
            protocol_error.clone(),
        ),
        (Fault::Bare102(After102::Answer), good.clone(), good.clone()),
        (Fault::Flood(20), good.clone(), good.clone()),
        (Fault::WrongLength(5), Seen::Broken(200), Seen::Broken(200)),
        (
            Fault::WrongLength(-5),
            Seen::Body(200, length - 5),
            Seen::Broken(200),
        ),
        (
            Fault::AnnouncedLength(1 << 40),
            Seen::Silence(Some(200)),
            Seen::Silence(Some(200)),
        ),
        (Fault::Garbage, unreadable.clone(), unreadable.clone()),
        (
            Fault::Script(script),
            Seen::Body(204, 0),
            unreadable.clone(),
        ),
        (
            Fault::Script(vec![Step::Reset]),
            ended.clone(),
            ended.clone(),
        ),
        (
            Fault::StreamReset(7),
            ended.clone(),
            Seen::None(Why::Code(7)),
        ),
        (
            Fault::StreamReset(2),
            ended.clone(),
            Seen::None(Why::Code(2)),
        ),
        (
            Fault::StreamResetInBody {
                code: 2,
                after: 500,
            },
            Seen::Broken(200),
            Seen::Broken(200),
        ),
        (Fault::GoAway(1), ended.clone(), protocol_error.clone()),
        (Fault::GoAway(11), ended.clone(), Seen::None(Why::Code(11))),
    ];
    // All at once: those that stall would add up.
    let mut meetings = tokio::task::JoinSet::new();
    for (fault, over_http1, over_http2) in table {
        for (protocol, wanted) in [(Http1, over_http1), (Http2, over_http2)] {
            let fault = fault.clone();
            meetings.spawn(async move {
                let seen = meet(
                    protocol,
                    Some(fault.clone()),
                    Transfer::Natural,
                    Some(&wanted),
                )
                .await;
                let word = format!("{fault:?} over {protocol:?}: {seen:?}, not {wanted:?}");
                (seen != wanted).then_some(word)
            });
        }
    }
    let wrong: Vec<String> = meetings.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn bodies_are_cut_in_each_transfer() {
    let length = whole(Protocol::Http1).await;
    for transfer in [Transfer::Length, Transfer::Chunked, Transfer::UntilClose] {
        let seen = meet(Protocol::Http1, None, transfer, None).await;
        assert_eq!(seen, Seen::Body(200, length), "{transfer:?}");
        let seen = meet(
            Protocol::Http1,
            Some(Fault::Close(At::Body(77))),
            transfer,
            None,
        )
        .await;
        // Without an announced end a cut body cannot be told from a whole one.
        let cut = match transfer {
            Transfer::UntilClose => Seen::Body(200, 77),
            _ => Seen::Broken(200),
        };
        assert_eq!(seen, cut, "{transfer:?}");
    }
}

#[tokio::test]
async fn other_answers_on_the_connection_outlive_a_reset_stream() {
    let scenario = Scenario::builder()
        .fault(
            On::operation(Operation::Invoice).nth(1),
            Fault::StreamResetInBody { code: 2, after: 9 },
        )
        .fault(
            On::operation(Operation::Invoice).nth(2),
            Fault::Bare102(After102::EndOfStream),
        )
        .build();
    let atlas = StandIn::start_raw(scenario).await.unwrap();
    let url = atlas.base_url() + &org(&format!("/invoices/{INVOICE_ID}"));
    let client = client(Protocol::Http2);
    assert_eq!(see(&client, &url).await, Seen::Broken(200));
    assert_eq!(see(&client, &url).await, Seen::None(Why::Code(1)));
    assert!(matches!(see(&client, &url).await, Seen::Body(200, _)));
}
