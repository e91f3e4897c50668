//! What is handed on as JSON or CSV has been checked to be it, and content codings are understood
//! or named.

use atlas_billing::ErrorKind;
use atlas_billing_mock::Fault;

use crate::calls::{CALLS, responded, struck_by};
use crate::{CSV, JSON, reply};

/// A file of an invoice, and one of Cost Explorer.
const FILES: [&str; 2] = ["file", "cost file"];

fn coded(name: &str, members: usize) -> Fault {
    let name = name.to_owned();
    Fault::ContentCoding { name, members }
}

#[tokio::test]
async fn a_coding_is_taken_off_whatever_its_case_and_its_members() {
    for name in CALLS {
        let plain = struck_by(name, Fault::Header("x-made-up".into(), "1".into()));
        let plain = plain.await.unwrap();
        for (coding, members) in [
            ("gzip", 1),
            ("GZIP", 1),
            ("x-gzip", 1),
            ("X-GZip", 2),
            ("gzip", 3),
            ("identity, gzip", 2),
            ("identity", 0),
        ] {
            let result = struck_by(name, coded(coding, members)).await;
            let result = result.unwrap_or_else(|error| panic!("{name} {coding}: {error}"));
            let same = name == "create" || result == plain;
            assert!(same, "{name} {coding} {members}: {result}");
        }
    }
}

#[tokio::test]
async fn a_coding_that_stays_is_an_error_that_names_it() {
    for name in CALLS {
        for coding in ["br", "BR", "deflate", "zstd", "gzip, br", "made-up"] {
            let error = struck_by(name, coded(coding, 0)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{name} {coding}: {error}");
            let named = error.message().contains(&coding.to_lowercase());
            assert!(named, "{name} {coding}: {error}");
            assert!(!error.is_transient(), "{name} {coding}");
        }
        // What says that it is packed and is not.
        let error = struck_by(name, coded("gzip", 0)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{name}: {error}");
    }
}

#[tokio::test]
async fn raw_json_is_one_json_document_of_the_kind_requested() {
    let invoice = r#" { "lineItems" : [ { "odd" : 1e400 } ], "id" : "x", "more" : [ ] } "#;
    let result = responded("bytes", 200, JSON, invoice).await;
    assert_eq!(result.unwrap(), invoice, "as it was sent");
    for (media, body, kind) in [
        ("text/html", "<html>Sorry</html>", ErrorKind::Decode),
        (JSON, "<html>Sorry</html>", ErrorKind::Decode),
        (JSON, "{}", ErrorKind::Decode),
        (JSON, r#"{"results":[]}"#, ErrorKind::Decode),
        (JSON, "[]", ErrorKind::Decode),
        (JSON, "{\"id\":\"x\"} trailing", ErrorKind::Decode),
        (JSON, "{\"id\":\"x\"", ErrorKind::Truncated),
        (
            JSON,
            r#"{"id":"x","lineItems":[{"sku":"S"}"#,
            ErrorKind::Truncated,
        ),
        (JSON, "", ErrorKind::Truncated),
    ] {
        let error = responded("bytes", 200, media, body).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{body}: {error}");
    }
    for (media, body) in [
        ("text/html", "<html>Sorry</html>"),
        (JSON, r#"{"id":"x"}"#),
        (JSON, "[]"),
    ] {
        let error = responded("cost bytes", 200, media, body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
    }
    for name in ["bytes", "cost bytes", "list", "report"] {
        let error = struck_by(name, Fault::InvalidUtf8).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{name}: {error}");
    }
}

#[tokio::test]
async fn a_csv_file_is_text_and_no_page_and_no_json() {
    for name in FILES {
        for (media, body) in [
            ("text/html", "<html>Sorry</html>"),
            (CSV, "<html>Sorry</html>"),
            (CSV, "\u{feff}<!DOCTYPE html>"),
            (CSV, ""),
            (CSV, "{}"),
            (JSON, "{}"),
            (JSON, r#"{"id":"x","lineItems":[]}"#),
            (JSON, r#"{"id":"x","line"#),
        ] {
            let error = responded(name, 200, media, body).await.unwrap_err();
            let decode = matches!(error.kind(), ErrorKind::Decode | ErrorKind::Truncated);
            assert!(decode, "{name} {media} {body:?}: {error}");
        }
        // Not UTF-8 at its end, in its middle, and in the middle of a character.
        for body in [&b"a,b\n\xff"[..], b"a,\xc3\x28\n", b"a,b\n1,\xe2\x82"] {
            let error = struck_by(name, reply(CSV, body)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{name} {body:?}: {error}");
        }
        let file = "\u{feff}Betrag,€\r\n1,2\r\n";
        assert_eq!(
            responded(name, 200, CSV, file).await.unwrap(),
            file,
            "as it was sent"
        );
    }
}
