//! Answers that no server should give: each is a value or an error, and never a panic.

use atlas_billing::{ErrorKind, RetryPolicy};
use atlas_billing_mock::{Fault, On};
use atlas_billing_tests::capture::{Capture, message};
use atlas_billing_tests::protocol::Protocol;

use crate::{INVOICE, JSON, ends, org, scenario, stand_in};

/// Heads that no server should send: each is an answer or an error, and never a panic.
#[tokio::test]
async fn odd_heads_are_answers_or_errors() {
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
    use ErrorKind::{Cut, Refused};
    for (what, answer, expected) in [
        ("no reason", with("HTTP/1.1 200\r\n"), None),
        ("no reason, but a space", with("HTTP/1.1 200 \r\n"), None),
        ("HTTP/1.0", with("HTTP/1.0 200 OK\r\n"), None),
        ("an unknown success", with("HTTP/1.1 299 Odd\r\n"), None),
        ("bytes beyond ASCII", binary, None),
        ("bare line feeds", with("HTTP/1.1 200 OK\n"), None),
        ("no version", with("200 OK\r\n"), Some(Cut)),
        ("HTTP/9", with("HTTP/9.9 200 OK\r\n"), Some(Cut)),
        ("a status of 42", with("HTTP/1.1 42 Odd\r\n"), Some(Cut)),
        (
            "a status of 999",
            with("HTTP/1.1 999 Odd\r\n"),
            Some(Refused),
        ),
        (
            "300 and nowhere to go",
            with("HTTP/1.1 300 Odd\r\n"),
            Some(Refused),
        ),
        (
            "two lengths",
            with("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n"),
            Some(Cut),
        ),
        (
            "a negative length",
            with("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n"),
            Some(Cut),
        ),
        (
            "150 headers",
            with(&format!("HTTP/1.1 200 OK\r\n{many}")),
            Some(Cut),
        ),
        (
            "a location that is no URL",
            with("HTTP/1.1 301 Moved\r\nlocation: http://[::\r\n"),
            Some(Refused),
        ),
        (
            "no content",
            b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
            Some(Cut),
        ),
        (
            "an endless chunk",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n".to_vec(),
            Some(Cut),
        ),
        (
            "a chunk that is none",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec(),
            Some(Cut),
        ),
        (
            "an unknown coding",
            with("HTTP/1.1 200 OK\r\ncontent-encoding: zip\r\n"),
            None,
        ),
    ] {
        let capture = Capture::answering([answer]).await;
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

/// What a server sends beyond its answer is the answer to nothing.
#[tokio::test]
async fn an_answer_too_many_is_not_taken_for_the_next_one() {
    let invoice = |id: &str| message("200 OK", JSON, &format!(r#"{{"id":"{id}"}}"#));
    let (first, stray, second) = ("a".repeat(24), "b".repeat(24), "c".repeat(24));
    for _ in 0..20 {
        let both = invoice(&first) + &invoice(&stray);
        let capture = Capture::answering([both, invoice(&second)]).await;
        let org = org(Protocol::Http1, &capture.origin());
        for expected in [&first, &second] {
            let asked = org.invoice(INVOICE.parse().unwrap()).await.unwrap();
            assert_eq!(asked.id.as_deref(), Some(expected.as_str()));
        }
    }
}

/// A list that never ends, page after page of the same.
#[tokio::test]
async fn a_list_that_repeats_itself_ends() {
    let page = r#"{"results":[{"id":"x"}],"links":[{"rel":"next","href":"x"}]}"#;
    let reply = Fault::Reply {
        status: 200,
        headers: vec![("content-type".to_owned(), JSON.to_owned())],
        body: page.into(),
    };
    let stand_in = stand_in(scenario().fault(On::any(), reply)).await;
    let org = org(Protocol::Http1, &stand_in.base_url());
    let error = ends(async { org.invoices().await }).await.unwrap_err();
    assert!(error.is_unreadable(), "{error}");
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
        let answer = message("200 OK", JSON, &body);
        let capture = Capture::answering([answer.clone(), answer]).await;
        let org = org(Protocol::Http1, &capture.origin());
        let request = || {
            org.invoice(INVOICE.parse().unwrap())
                .retry(RetryPolicy::none())
        };
        match ends(async { request().await }).await {
            Ok(invoice) => {
                let _ = invoice.total_by(&[]);
                let _ = format!("{:?}", invoice.reconcile());
            }
            Err(error) => assert!(error.is_unreadable(), "{item}: {error}"),
        }
        if let Ok(mut items) = request().line_items().await {
            let _ = ends(items.total_by(&[])).await;
        }
    }
}
