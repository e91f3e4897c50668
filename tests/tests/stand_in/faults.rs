//! Faults as a client meets them, over HTTP/1.1 and HTTP/2.

use std::time::Duration;

use atlas_billing_mock::{
    After102, At, Fault, INVOICE_ID, InvoicePlan, On, Operation, Scenario, StandIn, Transfer,
};

use crate::eyes::{Protocol, Seen, Why, client, see, see_or_wait};
use crate::{JSON, org};

const TYPE: &str = "application/vnd.atlas.2023-01-01+json;charset=utf-8";

/// One invoice, small enough to be whole, and what goes wrong with it.
fn one_invoice(fault: Option<Fault>, transfer: Transfer) -> Scenario {
    let builder = Scenario::builder()
        .without_invoices()
        .invoice(InvoicePlan::new(INVOICE_ID).items(20))
        .transfer(transfer);
    match fault {
        Some(fault) => builder.fault(On::operation(Operation::Invoice), fault),
        None => builder,
    }
    .build()
}

fn url(atlas: &StandIn) -> String {
    atlas.base_url() + &org(&format!("/invoices/{INVOICE_ID}"))
}

async fn meet(
    protocol: Protocol,
    fault: Option<Fault>,
    transfer: Transfer,
    wanted: Option<&Seen>,
) -> Seen {
    let atlas = StandIn::start(one_invoice(fault, transfer)).await.unwrap();
    see_or_wait(&client(protocol), &url(&atlas), wanted).await
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
    use Seen::{Body, Broken, Silence};
    let length = whole(Http1).await;
    assert_eq!(whole(Http2).await, length);
    assert!(length > 4_000);

    let ended = || Seen::None(Why::Ended);
    let unreadable = || Seen::None(Why::Unreadable);
    let code = |code| Seen::None(Why::Code(code));
    let good = || Body(200, length);
    let drip = Fault::Trickle {
        bytes: 1_000,
        pause: Duration::from_millis(1),
    };
    let in_body = Fault::StreamResetInBody {
        code: 2,
        after: 500,
    };
    let delay = Duration::from_millis(3);
    let same = |fault, seen: Seen| (fault, seen.clone(), seen);
    let table: Vec<(Fault, Seen, Seen)> = vec![
        same(Fault::Close(At::BeforeHead), ended()),
        same(Fault::Close(At::InHead), ended()),
        same(Fault::Close(At::AfterHead), Broken(200)),
        same(Fault::Close(At::Body(1_000)), Broken(200)),
        same(Fault::Reset(At::BeforeHead), ended()),
        same(Fault::Reset(At::InHead), ended()),
        same(Fault::Reset(At::AfterHead), Broken(200)),
        same(Fault::Reset(At::Body(1_000)), Broken(200)),
        same(Fault::Stall(At::BeforeHead), Silence(None)),
        same(Fault::Stall(At::InHead), Silence(None)),
        same(Fault::Stall(At::AfterHead), Silence(Some(200))),
        same(Fault::Stall(At::Body(9)), Silence(Some(200))),
        same(Fault::Delay(delay), good()),
        same(drip, good()),
        same(Fault::Bare102(After102::Close), ended()),
        same(Fault::Bare102(After102::Silence), Silence(None)),
        (Fault::Bare102(After102::Body), unreadable(), code(1)),
        same(Fault::Bare102(After102::Garbage), unreadable()),
        (Fault::Bare102(After102::EndOfStream), ended(), code(1)),
        same(Fault::Bare102(After102::Response), good()),
        same(Fault::Flood(20), good()),
        same(Fault::WrongLength(5), Broken(200)),
        (Fault::WrongLength(-5), Body(200, length - 5), Broken(200)),
        same(Fault::AnnouncedLength(1 << 40), Silence(Some(200))),
        same(Fault::Garbage, unreadable()),
        (Fault::StreamReset(7), ended(), code(7)),
        (Fault::StreamReset(2), ended(), code(2)),
        same(in_body, Broken(200)),
        (Fault::GoAway(1), ended(), code(1)),
        (Fault::GoAway(11), ended(), code(11)),
        same(
            Fault::Status(403).and(Fault::Close(At::Body(20))),
            Broken(403),
        ),
        same(Fault::Bare(204), Body(204, 0)),
        same(Fault::Bare(200), Body(200, 0)),
        same(Fault::HalfBody, Body(200, length / 2)),
    ];
    // All at once: those that stall would add up.
    let mut meetings = tokio::task::JoinSet::new();
    for (fault, over_http1, over_http2) in table {
        for (protocol, wanted) in [(Http1, over_http1), (Http2, over_http2)] {
            let fault = fault.clone();
            meetings.spawn(async move {
                let struck = Some(fault.clone());
                let seen = meet(protocol, struck, Transfer::Natural, Some(&wanted)).await;
                let word = format!("{fault:?} over {protocol:?}: {seen:?}, not {wanted:?}");
                (seen != wanted).then_some(word)
            });
        }
    }
    let wrong: Vec<String> = meetings.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn bodies_are_truncated_in_each_transfer() {
    let length = whole(Protocol::Http1).await;
    for transfer in [Transfer::Length, Transfer::Chunked, Transfer::UntilClose] {
        let seen = meet(Protocol::Http1, None, transfer, None).await;
        assert_eq!(seen, Seen::Body(200, length), "{transfer:?}");
        let fault = Some(Fault::Close(At::Body(77)));
        let seen = meet(Protocol::Http1, fault, transfer, None).await;
        // Without an announced end a truncated body cannot be told from a whole one.
        let truncated = match transfer {
            Transfer::UntilClose => Seen::Body(200, 77),
            _ => Seen::Broken(200),
        };
        assert_eq!(seen, truncated, "{transfer:?}");
    }
}

#[tokio::test]
async fn other_responses_on_the_connection_outlive_a_reset_stream() {
    let invoice = || On::operation(Operation::Invoice);
    let reset = Fault::StreamResetInBody { code: 2, after: 9 };
    let scenario = Scenario::builder()
        .fault(invoice().nth(1), reset)
        .fault(invoice().nth(2), Fault::Bare102(After102::EndOfStream))
        .build();
    let atlas = StandIn::start(scenario).await.unwrap();
    let client = client(Protocol::Http2);
    assert_eq!(see(&client, &url(&atlas)).await, Seen::Broken(200));
    assert_eq!(see(&client, &url(&atlas)).await, Seen::None(Why::Code(1)));
    assert!(matches!(
        see(&client, &url(&atlas)).await,
        Seen::Body(200, _)
    ));
}

#[tokio::test]
async fn responses_are_replaced_and_changed() {
    let redirect = Fault::Redirect {
        status: 301,
        location: "http://127.0.0.1:9/elsewhere".to_owned(),
    };
    let limited = Fault::RateLimited {
        retry_after: Some("75".to_owned()),
    };
    let denied = Fault::Error {
        status: 403,
        code: "IP_ADDRESS_NOT_ON_ACCESS_LIST".to_owned(),
    };
    let untidy = "\u{1b}[31mx\n\u{202e}".to_owned();
    let long = denied.clone().and(Fault::Detail("x".repeat(70_000)));
    let header = |name: &str, value: &str| Fault::Header(name.to_owned(), value.to_owned());
    // The status, a part of the body, and a header.
    let table: Vec<(Fault, u16, &str, (&str, &str))> = vec![
        (
            Fault::Status(500),
            500,
            "UNEXPECTED_ERROR",
            ("x-error-code", "UNEXPECTED_ERROR"),
        ),
        (
            long,
            403,
            "IP_ADDRESS_NOT",
            ("content-type", "application/json"),
        ),
        (
            denied.and(Fault::Detail(untidy)),
            403,
            "\\u001b[31mx\\n\u{202e}",
            ("content-type", "application/json"),
        ),
        (limited, 429, "RATE_LIMITED", ("retry-after", "75")),
        (
            Fault::Status(503).and(header("retry-after", "0")),
            503,
            "\"error\":503",
            ("retry-after", "0"),
        ),
        (
            Fault::Gateway(502),
            502,
            "<html>",
            ("content-type", "text/html"),
        ),
        (
            Fault::Html,
            200,
            "<html>",
            ("content-type", "text/html; charset=utf-8"),
        ),
        (
            Fault::EnvelopedError(404),
            200,
            "\"status\":404",
            ("content-type", TYPE),
        ),
        (
            redirect,
            301,
            "",
            ("location", "http://127.0.0.1:9/elsewhere"),
        ),
        (
            Fault::ContentType(Some("text/plain".to_owned())),
            200,
            "\"lineItems\"",
            ("content-type", "text/plain"),
        ),
        (Fault::Body("{}".into()), 200, "{}", ("content-length", "2")),
        (
            Fault::GzipBomb(100_000),
            200,
            "aaaa",
            ("content-type", TYPE),
        ),
    ];
    for (fault, status, part, (name, value)) in table {
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let scenario = one_invoice(Some(fault.clone()), Transfer::Natural);
            let atlas = StandIn::start(scenario).await.unwrap();
            let request = client(protocol).get(url(&atlas)).header("accept", JSON);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), status, "{fault:?}");
            assert_eq!(response.headers()[name], value, "{fault:?}");
            let body = response.bytes().await.unwrap();
            let body = String::from_utf8_lossy(&body);
            assert!(body.contains(part), "{fault:?}: {body}");
        }
    }
}

#[tokio::test]
async fn connections_are_refused_from_the_start_or_once_it_is_dropped() {
    let atlas = StandIn::start_refusing(Scenario::default()).await.unwrap();
    let refused = client(Protocol::Http1).get(url(&atlas)).send().await;
    assert!(refused.unwrap_err().is_connect());

    let atlas = StandIn::start(Scenario::default()).await.unwrap();
    let address = atlas.address();
    let open = tokio::net::TcpStream::connect(address).await.unwrap();
    drop(atlas);
    let mut byte = [0];
    open.readable().await.unwrap();
    assert!(matches!(open.try_read(&mut byte), Ok(0) | Err(_)));
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
