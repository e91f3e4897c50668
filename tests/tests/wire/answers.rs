//! What is made of an answer: envelopes, bodies that are not what they say, errors, meta.

use atlas_billing::{Error, ErrorKind, Org};
use atlas_billing_mock::{EnvelopeStyle, Fault, On, Operation, Ready, SignIn};
use atlas_billing_tests::elsewhere::Elsewhere;
use atlas_billing_tests::protocol::Protocol;

use crate::{CSV, INVOICE, JSON, org, scenario, stand_in};

/// What is called, told from the others by its result as text.
const CALLS: [&str; 7] = [
    "create",
    "report",
    "cost file",
    "invoice",
    "items",
    "file",
    "list",
];

async fn call(name: &str, org: &Org) -> Result<String, Error> {
    let months = "2025-01".parse()?;
    let invoice = || Ok::<_, Error>(org.invoice(INVOICE.parse()?));
    Ok(match name {
        "create" => {
            let query = org.costs(months).start().await?;
            query.token().as_str().len().to_string()
        }
        "report" => format!("{} rows", org.costs(months).await?.rows().len()),
        "cost file" => {
            let file = org.costs(months).csv().await?.bytes().await?;
            String::from_utf8_lossy(&file).into_owned()
        }
        "invoice" => format!("{} items", invoice()?.await?.line_items.len()),
        "items" => {
            let mut items = invoice()?.line_items().await?;
            let mut count = 0;
            while let Some(item) = items.next().await {
                item?;
                count += 1;
            }
            format!("{count} items")
        }
        "file" => {
            let file = invoice()?.csv().await?.bytes().await?;
            String::from_utf8_lossy(&file).into_owned()
        }
        _ => {
            let list = org.invoices().await?;
            format!("{} invoices", list.len())
        }
    })
}

/// Which requests a call's own answer is the answer to.
fn struck(name: &str) -> On {
    match name {
        "create" => On::operation(Operation::CreateQuery),
        "report" => On::operation(Operation::Look),
        "cost file" => On::operation(Operation::Look).from(2),
        "list" => On::operation(Operation::Invoices),
        _ => On::operation(Operation::Invoice),
    }
}

fn is_file(name: &str) -> bool {
    name.ends_with("file")
}

/// What `name` comes to where its answer is `status`, `media` and `body`.
async fn answered(name: &str, status: u16, media: &str, body: &str) -> Result<String, Error> {
    let headers = vec![("content-type".to_owned(), media.to_owned())];
    let body = body.to_owned().into();
    let reply = Fault::Reply {
        status,
        headers,
        body,
    };
    let stand_in = stand_in(scenario().fault(struck(name), reply)).await;
    call(name, &org(Protocol::Http1, &stand_in.base_url())).await
}

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

#[tokio::test]
async fn versions_that_are_not_there_have_kinds_of_their_own() {
    for protocol in Protocol::BOTH {
        let gone = stand_in(scenario().versions_gone()).await;
        let fresh = stand_in(scenario()).await;
        for name in CALLS {
            let error = call(name, &org(protocol, &gone.base_url()))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::VersionGone, "{name}: {error}");
            assert_eq!(error.error_code(), Some("VERSION_GONE"));
            assert!(error.is_version() && !error.is_transient());
        }
        // Preview is asked for as such, and is not there by default.
        let error = org(protocol, &fresh.base_url())
            .invoice(INVOICE.parse().unwrap())
            .version("preview".parse().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::VersionNotAcceptable, "{error}");
        assert_eq!(error.error_code(), Some("INVALID_VERSION_DATE"));
        assert!(error.is_version());
        for stand_in in [gone, fresh] {
            let retried = stand_in.requests().len();
            assert!(retried <= CALLS.len(), "{retried} requests");
        }
    }
}

#[tokio::test]
async fn meta_says_version_deprecation_and_limits() {
    let since = "2024-08-05".parse().unwrap();
    let until = "2026-02-01".parse().unwrap();
    let limit = atlas_billing_mock::RateLimit::new(50, 60.0).of([Operation::Invoice]);
    let scenario = scenario()
        .deprecated(Operation::Invoice, since, until)
        .rate_limit(limit);
    let stand_in = stand_in(scenario).await;
    for protocol in Protocol::BOTH {
        let org = org(protocol, &stand_in.base_url());
        let request = || org.invoice(INVOICE.parse().unwrap());
        let invoice = request()
            .version("2025-03-12".parse().unwrap())
            .await
            .unwrap();
        let file = request().csv().await.unwrap();
        let items = request().line_items().await.unwrap();
        for meta in [invoice.meta().unwrap(), file.meta(), items.meta().unwrap()] {
            assert_eq!(meta.status(), 200);
            let version = meta.resolved_version().unwrap().to_string();
            assert_eq!(version, "2023-01-01", "the asked one resolves back");
            let day = |date: Option<chrono::DateTime<chrono::Utc>>| date.unwrap().date_naive();
            assert_eq!(day(meta.deprecation()), since);
            assert_eq!(day(meta.sunset()), until);
            assert_eq!(meta.rate_limit().unwrap().limit, Some(50));
            assert!(meta.rate_limit().unwrap().remaining.is_some());
            let url = format!("{}/api/atlas/v2/orgs/", stand_in.base_url());
            assert!(meta.url().starts_with(&url) && !meta.url().contains('?'));
        }
        // What is not deprecated says nothing of it, and carries its own URL.
        let report = org.costs("2025-01".parse().unwrap()).await.unwrap();
        assert_eq!(report.meta().deprecation(), None);
        assert_eq!(report.meta().rate_limit(), None);
        assert!(!report.meta().url().contains("envelope"));
    }
}

#[tokio::test]
async fn an_error_tells_all_that_the_service_told() {
    let body = r#"{"detail":"The request is invalid.","error":400,"errorCode":"VALIDATION_ERROR",
        "parameters":["endDate",7,null],"reason":"Bad Request",
        "badRequestDetail":{"fields":[{"field":"endDate","description":"has to be later"}]}}"#;
    let error = answered("create", 400, "application/json", body)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(error.operation(), Some("createCostExplorerQueryProcess"));
    assert_eq!(error.error_code(), Some("VALIDATION_ERROR"));
    assert_eq!(error.detail(), Some("The request is invalid."));
    assert_eq!(error.reason(), Some("Bad Request"));
    assert_eq!(error.parameters().len(), 3);
    assert_eq!(error.field_violations()[0].field, "endDate");
    assert_eq!(error.attempts(), 1);
    assert!(
        error
            .url()
            .unwrap()
            .ends_with("/billing/costExplorer/usage")
    );
    let text = error.to_string();
    for part in [
        "createCostExplorerQueryProcess",
        "400 Bad Request",
        "VALIDATION_ERROR",
        "The request is invalid",
        "endDate: has to be later",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn what_a_gateway_answers_keeps_its_status_and_shows_no_page() {
    for (status, kind) in [
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (500, ErrorKind::Service),
        (502, ErrorKind::Service),
        (504, ErrorKind::Service),
    ] {
        for body in ["<html>a page</html>", "", "\u{0}\u{1}"] {
            let error = answered("invoice", status, "text/html", body)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), kind, "{status}");
            assert_eq!(error.status().unwrap(), status);
            assert!(!error.to_string().contains("a page"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    for protocol in Protocol::BOTH {
        for status in [301, 302, 303, 307, 308] {
            let elsewhere = Elsewhere::listen().await;
            let location = format!("{}/login?next=x", elsewhere.origin());
            let fault = Fault::Redirect { status, location };
            let sign_in = SignIn::bearer("planted.bearer.token");
            let scenario = scenario().sign_in(sign_in).fault(On::any(), fault);
            let stand_in = stand_in(scenario).await;
            let builder = crate::quick(
                Some(atlas_billing_tests::planted::Identity::Bearer),
                &stand_in.base_url(),
            );
            let org = crate::org_of(protocol.on(builder));
            for name in CALLS {
                let error = call(name, &org).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Refused, "{name}: {error}");
                assert_eq!(error.status().unwrap(), status);
                let text = error.to_string();
                assert!(text.contains(&elsewhere.origin()), "{text}");
                assert!(!text.contains("next=x"), "{text}");
            }
            assert_eq!(elsewhere.connections(), 0);
        }
    }
}
