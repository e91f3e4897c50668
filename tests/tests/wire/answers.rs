//! What is made of an answer: envelopes, and bodies that are not what they say.

use atlas_billing::ErrorKind;
use atlas_billing_mock::{EnvelopeStyle, Ready};
use atlas_billing_tests::protocol::Protocol;

use crate::calls::{CALLS, answered, is_file};
use crate::{CSV, JSON, org, scenario, stand_in};

#[tokio::test]
async fn an_envelope_never_shows_whatever_its_style() {
    for protocol in Protocol::BOTH {
        for style in [
            EnvelopeStyle::Content,
            EnvelopeStyle::Envelope,
            EnvelopeStyle::BareErrors,
            EnvelopeStyle::KeepStatus,
            EnvelopeStyle::Ignored,
        ] {
            let scenario = scenario().envelope(style).ready(Ready::AfterLooks(2));
            let stand_in = stand_in(scenario).await;
            let org = org(protocol, &stand_in.base_url());
            let report = org
                .costs("2025-01..2025-02".parse().unwrap())
                .await
                .unwrap();
            assert!(!report.rows().is_empty(), "{protocol} {style:?}");
            assert_eq!(report.meta().status(), 200);
            let lost = "f".repeat(64).parse().unwrap();
            let error = org.resume(lost).await.unwrap_err();
            assert!(error.is_not_found(), "{protocol} {style:?}: {error}");
            assert_eq!(error.status().unwrap(), 404);
            assert_eq!(error.error_code(), Some("RESOURCE_NOT_FOUND"));
        }
    }
}

/// Envelopes that were not asked for, in both spellings, around values and files.
#[tokio::test]
async fn an_envelope_is_taken_off_wherever_it_comes() {
    let token = format!(r#"{{"token":"{}"}}"#, "ab".repeat(32));
    let bodies = [
        ("create", token.as_str(), "64"),
        (
            "report",
            r#"{"usageDetails":[{"usageAmount":1.5}]}"#,
            "1 rows",
        ),
        ("cost file", r#""a,b\n1,2\n""#, "a,b\n1,2\n"),
        ("invoice", r#"{"id":"x","lineItems":[{},{}]}"#, "2 items"),
        ("items", r#"{"lineItems":[{},{}],"id":"x"}"#, "2 items"),
        ("file", r#""a,b\n1,2\n""#, "a,b\n1,2\n"),
        ("list", r#"{"results":[{"id":"x"}]}"#, "1 invoices"),
    ];
    for (name, content, expected) in bodies {
        for key in ["content", "envelope"] {
            for body in [
                format!(r#"{{"status":200,"{key}":{content}}}"#),
                format!(r#"{{"{key}":{content},"status":200}}"#),
            ] {
                let result = answered(name, 200, JSON, &body).await;
                assert_eq!(result.unwrap(), expected, "{name} {body}");
            }
        }
    }
    // A list keeps its body and gains a status.
    let body = r#"{"status":200,"results":[{"id":"x"}]}"#;
    assert_eq!(
        answered("list", 200, JSON, body).await.unwrap(),
        "1 invoices"
    );
}

#[tokio::test]
async fn what_is_no_value_never_becomes_an_empty_one() {
    use ErrorKind::{Cut, Forbidden, NotFound, Service, Unreadable};
    for name in CALLS {
        let media = if is_file(name) { CSV } else { JSON };
        let early = match name {
            // An invoice tells its own end.
            "invoice" | "items" => Cut,
            _ => Unreadable,
        };
        let cases: &[(&str, &str, ErrorKind)] = &[
            (media, "", early),
            (JSON, "", early),
            ("text/html", "<html><body>Sorry</body></html>", Unreadable),
            (media, "<html><body>Sorry</body></html>", Unreadable),
            (JSON, "null", Unreadable),
            (JSON, "[]", Unreadable),
            (JSON, "[{}]", Unreadable),
            (JSON, "0", Unreadable),
            (JSON, "\"text\"", Unreadable),
            (JSON, r#"{"status":200}"#, Unreadable),
            (JSON, r#"{"status":200,"content":null}"#, Unreadable),
            (JSON, r#"{"status":200,"content":[]}"#, Unreadable),
            (JSON, r#"{"error":403,"errorCode":"X"}"#, Forbidden),
            (
                JSON,
                r#"{"status":404,"error":404,"errorCode":"X"}"#,
                NotFound,
            ),
            (
                JSON,
                r#"{"status":404,"content":{"error":404,"errorCode":"X"}}"#,
                NotFound,
            ),
            (
                JSON,
                r#"{"status":200,"content":{"error":404,"errorCode":"X"}}"#,
                NotFound,
            ),
            (
                JSON,
                r#"{"status":500,"envelope":{"error":500,"errorCode":"X"}}"#,
                Service,
            ),
            (JSON, r#"{"status":404}"#, NotFound),
        ];
        for (media, body, kind) in cases {
            // A bare text is what a file in an envelope looks like once that is off.
            if is_file(name) && matches!(*body, "0" | "\"text\"" | "null") {
                continue;
            }
            let error = match answered(name, 200, media, body).await {
                Ok(result) => panic!("{name} took {media} {body:?} for {result:?}"),
                Err(error) => error,
            };
            assert_eq!(error.kind(), *kind, "{name} {media} {body:?}: {error}");
            assert!(error.status().is_some(), "{name} {body:?}: {error}");
        }
    }
}

/// `{}` is the documented example of a finished query; for everything else it is no value.
#[tokio::test]
async fn an_empty_object_is_a_value_of_cost_explorer_alone() {
    for name in CALLS {
        let result = answered(name, 200, JSON, "{}").await;
        match name {
            "report" => assert_eq!(result.unwrap(), "0 rows"),
            _ => assert!(result.unwrap_err().is_unreadable(), "{name}"),
        }
    }
}

#[tokio::test]
async fn a_value_cut_anywhere_is_no_value() {
    let invoice = r#"{"id":"x","lineItems":[{"sku":"S","totalPriceCents":5}],"linkedInvoices":[]}"#;
    for name in ["invoice", "items"] {
        assert_eq!(answered(name, 200, JSON, invoice).await.unwrap(), "1 items");
        for end in 0..invoice.len() {
            let error = answered(name, 200, JSON, &invoice[..end])
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Cut, "{name} {end}: {error}");
        }
    }
    let list = r#"{"results":[{"id":"x"}],"totalCount":1}"#;
    for end in 0..list.len() {
        let error = answered("list", 200, JSON, &list[..end]).await.unwrap_err();
        assert!(error.is_unreadable(), "{end}: {error}");
    }
}
