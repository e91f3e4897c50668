//! Servers that die, lie, flood and never end, and clocks that jump: each call ends in a value or
//! the right error, and nothing panics.

use std::sync::Arc;

use atlas_billing::money::Owed;
use atlas_billing::totals::Totals;
use atlas_billing::{ErrorKind, RetryPolicy};
use atlas_billing_mock::{Fault, InvoicePlan, On, Operation, Ready, Scenario, StandIn};
use atlas_billing_tests::capture::{Capture, message};
use atlas_billing_tests::clock::JumpyClock;
use atlas_billing_tests::planted::Identity;
use atlas_billing_tests::protocol::Protocol;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{CSV, INVOICE, JSON, ends, january, org, org_of, quick, reply, scenario, stand_in};

#[tokio::test]
async fn a_server_that_dies_half_way_leaves_an_error_and_a_client_that_recovers() {
    let plan = || InvoicePlan::new(INVOICE).month(2025, 1).items(100_000);
    let scenario = || {
        Scenario::builder()
            .without_invoices()
            .invoice(plan())
            .build()
    };
    for protocol in Protocol::BOTH {
        let stand_in = StandIn::start(scenario()).await.unwrap();
        let port = stand_in.address().port();
        let org = org(protocol, &stand_in.base_url());
        let request = || org.invoice(INVOICE.parse().unwrap());
        let mut items = request().line_items().await.unwrap();
        for _ in 0..10 {
            items.next().await.unwrap().unwrap();
        }
        drop(stand_in);
        let error = ends(async {
            loop {
                match items.next().await.expect("no end without an error") {
                    Ok(_) => {}
                    Err(error) => break error,
                }
            }
        })
        .await;
        assert_eq!(error.kind(), ErrorKind::Truncated, "{protocol}: {error}");
        assert!(items.head().is_none());

        let refused = request().retry(RetryPolicy::none()).line_items().await;
        let refused = refused.unwrap_err();
        assert!(refused.is_transient(), "{protocol}: {refused}");

        let again = StandIn::start_on(scenario(), port).await;
        // Another program may have taken the port meanwhile.
        if let Ok(_again) = again {
            assert!(request().line_items().await.is_ok(), "{protocol}");
        }
    }
}

#[tokio::test]
async fn a_megabyte_of_one_line_is_read_or_refused() {
    let long = "x".repeat(1 << 20);
    let item = format!(r#"{{"id":"{INVOICE}","lineItems":[{{"note":"{long}","sku":"S"}}]}}"#);
    let head = format!(r#"{{"id":"{INVOICE}","{long}":"{long}","lineItems":[{{}}]}}"#);
    for (body, sku) in [(item, Some("S")), (head, None)] {
        let capture = Capture::responding([message("200 OK", JSON, &body)]).await;
        let org = org(Protocol::Http1, &capture.origin());
        let invoice = org.invoice(INVOICE.parse().unwrap()).await.unwrap();
        assert_eq!(invoice.line_items.len(), 1);
        assert_eq!(invoice.line_items[0].sku.as_deref(), sku);
    }
    // One line without an end, in quotes that are never closed: kept to a limit.
    let quoted = format!("a,b\n1,\"{}", long.repeat(9));
    for (body, fields) in [(format!("a,b\n1,{long}\n"), Some(2)), (quoted, None)] {
        let capture = Capture::responding([message("200 OK", CSV, &body)]).await;
        let org = org(Protocol::Http1, &capture.origin());
        let file = org.invoice(INVOICE.parse().unwrap()).csv().await.unwrap();
        let mut rows = file.records();
        let mut last = None;
        while let Some(row) = ends(rows.next()).await {
            last = Some(row);
        }
        match (last, fields) {
            (Some(Err(error)), None) => assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}"),
            // Without the preamble of an invoice's file there is no table in it.
            (_, Some(_)) => {}
            (other, fields) => panic!("{other:?} where {fields:?} was expected"),
        }
    }
}

#[tokio::test]
async fn a_token_that_expires_in_the_middle_is_refreshed() {
    for protocol in Protocol::BOTH {
        let sign_in = Identity::Account.sign_in().token_uses(2);
        let scenario = scenario().sign_in(sign_in).ready(Ready::AfterPolls(5));
        let stand_in = stand_in(scenario).await;
        let builder = quick(Some(Identity::Account), &stand_in.base_url());
        let org = org_of(protocol.on(builder));
        // Creating and six polls are seven uses; paging through two invoices is two.
        let report = org.costs(january()).await.unwrap();
        assert!(!report.rows().is_empty());
        let list = org.invoices().per_page(1).await.unwrap();
        assert_eq!(
            list.len(),
            2,
            "no link leads to the second page, and the count says that it is there"
        );
        let requests = stand_in.requests();
        let tokens = requests
            .iter()
            .filter(|one| one.operation == Operation::Token);
        let tokens = tokens.count();
        assert!(
            (4..=6).contains(&tokens),
            "{protocol}: {tokens} token requests"
        );
    }
}

/// Tokens and challenges go by spans of time, which no correction of the clock touches.
#[tokio::test]
async fn a_wall_clock_that_jumps_changes_nothing() {
    for identity in Identity::ALL {
        let sign_in = identity.sign_in();
        let scenario = scenario().sign_in(sign_in).ready(Ready::AfterPolls(3));
        let stand_in = stand_in(scenario).await;
        let builder = quick(Some(identity), &stand_in.base_url());
        let org = org_of(
            Protocol::Http1
                .on(builder)
                .clock(Arc::new(JumpyClock::new())),
        );
        for _ in 0..10 {
            assert!(org.invoices().await.is_ok(), "{identity:?}");
        }
        assert!(org.costs(january()).await.is_ok(), "{identity:?}");
        let requests = stand_in.requests();
        let tokens = requests
            .iter()
            .filter(|one| one.operation == Operation::Token);
        let expected = usize::from(identity == Identity::Account);
        assert_eq!(tokens.count(), expected, "{identity:?}");
        let refused = requests.iter().filter(|one| one.status == 401).count();
        assert_eq!(
            refused,
            usize::from(identity == Identity::Key),
            "{identity:?}"
        );
    }
    // A date to wait for is either past or years away: the call goes on, or gives up.
    let limited = Fault::RateLimited {
        retry_after: Some("Sun, 06 Nov 2033 08:49:37 GMT".to_owned()),
    };
    let on = On::operation(Operation::Invoices).first(1);
    let stand_in = stand_in(scenario().fault(on, limited)).await;
    let builder = quick(None, &stand_in.base_url());
    let org = org_of(
        Protocol::Http1
            .on(builder)
            .clock(Arc::new(JumpyClock::new())),
    );
    match ends(async { org.invoices().await }).await {
        Ok(list) => assert_eq!(list.len(), 2),
        Err(error) => assert!(error.is_rate_limited(), "{error}"),
    }
}

/// Heads that no server should send: each is a response or an error, and never a panic.
#[tokio::test]
async fn odd_heads_are_responses_or_errors() {
    let body = format!(r#"{{"id":"{INVOICE}"}}"#);
    let length = body.len();
    let many: String = (0..150).map(|n| format!("x-{n}: {n}\r\n")).collect();
    let with = |head: &str| format!("{head}content-length: {length}\r\n\r\n{body}").into_bytes();
    let mut binary = b"HTTP/1.1 200 OK\r\nx-odd: \xff\xfe\x80\r\nretry-after: \xff\r\n".to_vec();
    binary.extend(
        with("content-type: \u{7f}\r\n")
            .iter()
            .filter(|byte| **byte != 0x7f),
    );
    use ErrorKind::{Decode, Rejected, Truncated};
    for (what, response, expected) in [
        ("no reason", with("HTTP/1.1 200\r\n"), None),
        ("no reason, but a space", with("HTTP/1.1 200 \r\n"), None),
        ("HTTP/1.0", with("HTTP/1.0 200 OK\r\n"), None),
        ("an unknown success", with("HTTP/1.1 299 Odd\r\n"), None),
        ("bytes beyond ASCII", binary, None),
        ("bare line feeds", with("HTTP/1.1 200 OK\n"), None),
        ("no version", with("200 OK\r\n"), Some(Truncated)),
        ("HTTP/9", with("HTTP/9.9 200 OK\r\n"), Some(Truncated)),
        (
            "a status of 42",
            with("HTTP/1.1 42 Odd\r\n"),
            Some(Truncated),
        ),
        (
            "a status of 999",
            with("HTTP/1.1 999 Odd\r\n"),
            Some(Rejected),
        ),
        (
            "300 and nowhere to go",
            with("HTTP/1.1 300 Odd\r\n"),
            Some(Rejected),
        ),
        (
            "two lengths",
            with("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n"),
            Some(Truncated),
        ),
        (
            "a negative length",
            with("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n"),
            Some(Truncated),
        ),
        (
            "150 headers",
            with(&format!("HTTP/1.1 200 OK\r\n{many}")),
            Some(Truncated),
        ),
        (
            "a location that is no URL",
            with("HTTP/1.1 301 Moved\r\nlocation: http://[::\r\n"),
            Some(Rejected),
        ),
        (
            "no content",
            b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
            Some(Truncated),
        ),
        (
            "an endless chunk",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n".to_vec(),
            Some(Truncated),
        ),
        (
            "a chunk that is none",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec(),
            Some(Truncated),
        ),
        (
            "an unknown coding",
            with("HTTP/1.1 200 OK\r\ncontent-encoding: zip\r\n"),
            Some(Decode),
        ),
    ] {
        let capture = Capture::responding([response]).await;
        let org = org(Protocol::Http1, &capture.origin());
        let request = org.invoice(INVOICE.parse().unwrap());
        let called = ends(async { request.retry(RetryPolicy::none()).await }).await;
        match (called, expected) {
            (Ok(invoice), None) => assert_eq!(invoice.id.as_deref(), Some(INVOICE), "{what}"),
            (Err(error), Some(kind)) => assert_eq!(error.kind(), kind, "{what}: {error}"),
            (other, expected) => panic!("{what}: {other:?}, expected {expected:?}"),
        }
    }
}

/// What a server sends beyond its response is the response to nothing.
#[tokio::test]
async fn a_response_too_many_is_not_taken_for_the_next_one() {
    let invoice = |id: &str| message("200 OK", JSON, &format!(r#"{{"id":"{id}"}}"#));
    let (first, stray, second) = ("a".repeat(24), "b".repeat(24), "c".repeat(24));
    for _ in 0..20 {
        let both = invoice(&first) + &invoice(&stray);
        let capture = Capture::responding([both, invoice(&second)]).await;
        let org = org(Protocol::Http1, &capture.origin());
        for expected in [&first, &second] {
            let invoice = org.invoice(INVOICE.parse().unwrap()).await.unwrap();
            assert_eq!(invoice.id.as_deref(), Some(expected.as_str()));
        }
    }
}

/// A list that never ends, page after page of the same.
#[tokio::test]
async fn a_list_that_repeats_itself_ends() {
    let page = r#"{"results":[{"id":"x"}],"links":[{"rel":"next","href":"x"}]}"#;
    let stand_in = stand_in(scenario().fault(On::any(), reply(JSON, page))).await;
    let org = org(Protocol::Http1, &stand_in.base_url());
    let error = ends(async { org.invoices().await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert_eq!(stand_in.requests().len(), 2);
}

/// Numbers that fit into nothing, and text that is no text, in the place of figures.
#[tokio::test]
async fn odd_values_are_values_or_errors() {
    for item in [
        r#"{"totalPriceCents":99999999999999999999}"#,
        r#"{"totalPriceCents":1e999}"#,
        r#"{"totalPriceCents":"12"}"#,
        r#"{"quantity":1e999}"#,
        r#"{"quantity":-1e-999,"unitPriceDollars":1e308}"#,
        r#"{"startDate":"0000-00-00T00:00:00Z"}"#,
        r#"{"startDate":"+999999-01-01T00:00:00Z"}"#,
        r#"{"tags":{"a":null,"b":[null]}}"#,
        r#"{"sku":"\ud800"}"#,
        r#"{"sku":"\u0000"}"#,
        r#"{"":[[[[[[[[{}]]]]]]]]}"#,
    ] {
        let body = format!(r#"{{"id":"{INVOICE}","lineItems":[{item}]}}"#);
        let response = message("200 OK", JSON, &body);
        let capture = Capture::responding([response.clone(), response]).await;
        let org = org(Protocol::Http1, &capture.origin());
        let request = || {
            org.invoice(INVOICE.parse().unwrap())
                .retry(RetryPolicy::none())
        };
        match ends(async { request().await }).await {
            Ok(invoice) => {
                let _ = format!(
                    "{:?} {:?}",
                    Totals::of(&invoice.line_items, &[]),
                    Owed::of(&invoice)
                );
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Decode, "{item}: {error}"),
        }
        if let Ok(items) = request().line_items().await {
            let _ = ends(items.total_by(&[])).await;
        }
    }
}

/// What is not TLS at the other end, as behind a port that speaks plain HTTP.
#[tokio::test]
async fn a_server_without_tls_is_attempted_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("https://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        // A second connection would be an attempt too many.
        listener.accept().await.map(|_| ())
    });
    let org = org_of(quick(None, &base_url));
    let error = ends(async { org.invoices().await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    assert_eq!(error.attempts(), 1);
    assert!(!server.is_finished());
    server.abort();
}
