//! The stand-in's faults as a client meets them, over HTTP/1.1 and HTTP/2.

use std::error::Error;
use std::time::Duration;

use atlas_billing_mock::{
    After102, At, Fault, INVOICE_ID, InvoicePlan, ORG_ID, On, Operation, Scenario, StandIn, Step,
    Transfer,
};

const ACCEPT: &str = "application/vnd.atlas.2023-01-01+json";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

/// What a client sees of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// A status and that many bytes.
    Body(u16, usize),
    /// A status, then a body that breaks.
    Broken(u16),
    /// No status, for a reason.
    None(Why),
    /// Nothing in time: no status, or a status and no end of the body.
    Silence(Option<u16>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// The connection ended before there was an answer.
    Ended,
    /// It was no HTTP.
    Unreadable,
    /// HTTP/2's word for it, with its code.
    Code(u32),
}

fn client(protocol: Protocol) -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy();
    let builder = match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_prior_knowledge(),
    };
    builder
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

fn why(error: &reqwest::Error) -> Why {
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    let mut text = String::new();
    while let Some(cause) = source {
        text = cause.to_string();
        if text.contains("invalid HTTP") || text.contains("frame with invalid size") {
            return Why::Unreadable;
        }
        for (word, code) in [
            ("unspecific protocol error", 1),
            ("internal error", 2),
            ("detected excessive load", 11),
            ("refused stream", 7),
        ] {
            if text.contains(word) {
                return Why::Code(code);
            }
        }
        source = cause.source();
    }
    for word in [
        "connection closed",
        "end of file",
        "reset",
        "broken pipe",
        "bytes remaining on stream",
    ] {
        if text.to_lowercase().contains(word) {
            return Why::Ended;
        }
    }
    panic!("a cause that is not known: {text} of {error:?}");
}

/// How long silence is listened to. Where something is to come there is no limit, so that no
/// machine is too slow.
const SILENCE: Duration = Duration::from_millis(50);

async fn see(client: &reqwest::Client, url: &str) -> Seen {
    see_or_wait(client, url, None).await
}

/// What comes, or silence where it is expected: before the head or after it.
async fn see_or_wait(client: &reqwest::Client, url: &str, expected: Option<&Seen>) -> Seen {
    let sent = client.get(url).header("accept", ACCEPT).send();
    let response = match limited(sent, expected == Some(&Seen::Silence(None))).await {
        None => return Seen::Silence(None),
        Some(Err(error)) => return Seen::None(why(&error)),
        Some(Ok(response)) => response,
    };
    let status = response.status().as_u16();
    let silent = matches!(expected, Some(Seen::Silence(Some(_))));
    match limited(response.bytes(), silent).await {
        None => Seen::Silence(Some(status)),
        Some(Ok(bytes)) => Seen::Body(status, bytes.len()),
        Some(Err(_)) => Seen::Broken(status),
    }
}

async fn limited<T>(future: impl Future<Output = T>, limited: bool) -> Option<T> {
    if limited {
        tokio::time::timeout(SILENCE, future).await.ok()
    } else {
        Some(future.await)
    }
}

/// The invoice under test, small enough to be whole.
fn scenario(fault: Option<Fault>, transfer: Transfer) -> Scenario {
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

async fn meet(
    protocol: Protocol,
    fault: Option<Fault>,
    transfer: Transfer,
    wanted: Option<&Seen>,
) -> Seen {
    let atlas = StandIn::start_raw(scenario(fault, transfer)).await.unwrap();
    let url = format!(
        "{}/api/atlas/v2/orgs/{ORG_ID}/invoices/{INVOICE_ID}",
        atlas.base_url()
    );
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
async fn faults_of_content_come_through_both_fronts() {
    let location = "http://127.0.0.1:9/elsewhere".to_owned();
    let table: Vec<(Fault, u16, &str)> = vec![
        (
            Fault::Status(500),
            500,
            "\"errorCode\":\"UNEXPECTED_ERROR\"",
        ),
        (
            Fault::Status(403),
            403,
            "\"errorCode\":\"USER_UNAUTHORIZED\"",
        ),
        (
            Fault::RateLimited { retry_after: None },
            429,
            "RATE_LIMITED",
        ),
        (Fault::Gateway(502), 502, "<html>"),
        (Fault::Bare(504), 504, ""),
        (Fault::Html, 200, "<html>"),
        (Fault::Empty, 200, ""),
        (Fault::EnvelopedError(404), 200, "\"status\":404"),
        (Fault::ErrorWith200(404), 200, "\"error\":404"),
        (
            Fault::Redirect {
                status: 301,
                location,
            },
            301,
            "",
        ),
        (Fault::StaleNonce, 401, "UNEXPECTED_ERROR"),
        (
            Fault::ContentType(Some("text/plain".to_owned())),
            200,
            "\"lineItems\"",
        ),
        (Fault::ContentType(None), 200, "\"lineItems\""),
        (Fault::InvalidJson, 200, "{\"id\""),
        (Fault::OtherShape, 200, "[1,2,3]"),
        (Fault::DeepNesting(10), 200, "[[[[[[[[[[]]]]]]]]]]"),
        (Fault::GzipBomb(100_000), 200, "aaaa"),
        (Fault::HugeHeader(4_000), 200, "\"lineItems\""),
    ];
    for (fault, status, part) in table {
        for raw in [false, true] {
            let scenario = scenario(Some(fault.clone()), Transfer::Natural);
            let atlas = match raw {
                true => StandIn::start_raw(scenario).await.unwrap(),
                false => StandIn::start(scenario).await.unwrap(),
            };
            let path = format!("/api/atlas/v2/orgs/{ORG_ID}/invoices/{INVOICE_ID}");
            let client = client(Protocol::Http1);
            let request = client
                .get(atlas.base_url() + &path)
                .header("accept", ACCEPT);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), status, "{fault:?}");
            let untyped = response.headers().get("content-type").is_none();
            assert_eq!(
                untyped,
                matches!(
                    fault,
                    Fault::ContentType(None) | Fault::Bare(_) | Fault::Redirect { .. }
                )
            );
            assert!(response.text().await.unwrap().contains(part), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_polite_front_says_what_it_cannot_do() {
    let fault = Fault::Close(At::InHead);
    let atlas = StandIn::start(scenario(Some(fault), Transfer::Natural))
        .await
        .unwrap();
    let path = format!("/api/atlas/v2/orgs/{ORG_ID}/invoices/{INVOICE_ID}");
    let response = reqwest::get(atlas.base_url() + &path).await.unwrap();
    assert_eq!(response.status(), 501);
    assert!(response.text().await.unwrap().contains("start_raw"));
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
    let url = format!(
        "{}/api/atlas/v2/orgs/{ORG_ID}/invoices/{INVOICE_ID}",
        atlas.base_url()
    );
    let client = client(Protocol::Http2);
    assert_eq!(see(&client, &url).await, Seen::Broken(200));
    assert_eq!(see(&client, &url).await, Seen::None(Why::Code(1)));
    assert!(matches!(see(&client, &url).await, Seen::Body(200, _)));
}

#[tokio::test]
async fn connections_are_refused_from_the_start_or_after_an_answer() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let client = client(protocol);
        let path = format!("/api/atlas/v2/orgs/{ORG_ID}/invoices/{INVOICE_ID}");
        let refused = |url: String| async {
            let error = client.get(url).send().await.unwrap_err();
            error.is_connect()
        };
        let atlas = StandIn::start_refusing(Scenario::default()).await.unwrap();
        assert!(refused(atlas.base_url() + &path).await, "{protocol:?}");

        let scenario = Scenario::builder()
            .fault(On::operation(Operation::Invoice).nth(2), Fault::ThenRefuse)
            .build();
        let atlas = StandIn::start_raw(scenario).await.unwrap();
        let url = atlas.base_url() + &path;
        for _ in 0..2 {
            assert!(
                matches!(see(&client, &url).await, Seen::Body(200, _)),
                "{protocol:?}"
            );
        }
        assert!(refused(url).await, "{protocol:?}");
        assert_eq!(atlas.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_dropped_stand_in_is_gone() {
    let atlas = StandIn::start_raw(Scenario::default()).await.unwrap();
    let address = atlas.address();
    let open = tokio::net::TcpStream::connect(address).await.unwrap();
    drop(atlas);
    let mut byte = [0];
    open.readable().await.unwrap();
    assert!(matches!(open.try_read(&mut byte), Ok(0) | Err(_)));
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
