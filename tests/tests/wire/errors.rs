//! What a response says beside its value: versions, limits, errors, redirects.

use atlas_billing::ErrorKind;
use atlas_billing_mock::{At, Fault, On, Operation, SignIn};
use atlas_billing_tests::elsewhere::Elsewhere;
use atlas_billing_tests::planted::{BEARER, Identity};
use atlas_billing_tests::protocol::Protocol;

use crate::calls::{CALLS, call, responded, struck_by};
use crate::{INVOICE, january, org, org_of, quick, scenario, stand_in};

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
            assert!(!error.is_transient());
        }
        // Preview is requested as such, and is not there by default.
        let error = org(protocol, &fresh.base_url())
            .invoice(INVOICE.parse().unwrap())
            .version("preview".parse().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::VersionNotAcceptable, "{error}");
        assert_eq!(error.error_code(), Some("INVALID_VERSION_DATE"));
        assert_eq!(
            (gone.requests().len(), fresh.requests().len()),
            (CALLS.len(), 1)
        );
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
        let version = "2025-03-12".parse().unwrap();
        let (bytes, _) = request().version(version).bytes().await.unwrap();
        let file = request().csv().await.unwrap();
        let items = request().line_items().await.unwrap();
        for meta in [&bytes, file.meta(), items.meta().unwrap()] {
            assert_eq!(meta.status(), 200);
            let version = meta.resolved_version().unwrap().to_string();
            assert_eq!(version, "2023-01-01", "the requested one resolves back");
            let day = |date: Option<chrono::DateTime<chrono::Utc>>| date.unwrap().date_naive();
            assert_eq!(day(meta.deprecation()), since);
            assert_eq!(day(meta.sunset()), until);
            assert_eq!(meta.rate_limit().unwrap().limit, Some(50));
            assert!(meta.rate_limit().unwrap().remaining.is_some());
            let url = format!("{}/api/atlas/v2/orgs/", stand_in.base_url());
            assert!(meta.url().starts_with(&url) && !meta.url().contains('?'));
        }
        // What is not deprecated says nothing of it, and carries its own URL.
        let report = org.costs(january()).await.unwrap();
        assert_eq!(report.meta().deprecation(), None);
        assert_eq!(report.meta().rate_limit(), None);
        assert!(!report.meta().url().contains("envelope"));
    }
}

#[tokio::test]
async fn an_error_has_all_that_the_service_said() {
    let body = r#"{"detail":"The request is invalid.","error":400,"errorCode":"VALIDATION_ERROR",
        "parameters":["endDate",7,null],"reason":"Bad Request",
        "badRequestDetail":{"fields":[{"field":"endDate","description":"has to be later"}]}}"#;
    let error = responded("create", 400, "application/json", body)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(error.operation(), Some("createCostExplorerQueryProcess"));
    assert_eq!(error.error_code(), Some("VALIDATION_ERROR"));
    assert_eq!(error.detail(), Some("The request is invalid."));
    assert_eq!(error.parameters().len(), 3);
    assert_eq!(error.field_violations()[0].field, "endDate");
    assert_eq!(error.attempts(), 1);
    let url = error.meta().unwrap().url();
    assert!(url.ends_with("/billing/costExplorer/usage"), "{url}");
    assert_eq!(
        error.message(),
        "the service responded 400 Bad Request VALIDATION_ERROR: The request is invalid; \
         endDate: has to be later"
    );
    let text = format!("createCostExplorerQueryProcess: {}", error.message());
    assert_eq!(error.to_string(), text);
}

/// Of an error object that is larger than what is read of it, or that ends early, what was read is
/// used: its code, and with it the right advice.
#[tokio::test]
async fn an_error_body_that_is_too_long_or_truncated_keeps_its_code() {
    const CODE: &str = "IP_ADDRESS_NOT_ON_ACCESS_LIST";
    let rejected = || Fault::Error {
        status: 403,
        code: CODE.to_owned(),
    };
    let long = || rejected().and(Fault::Detail("x".repeat(100_000)));
    for (what, fault) in [
        ("above the limit", long()),
        ("never ending", long().and(Fault::Stall(At::Body(90_000)))),
        ("truncated", long().and(Fault::Close(At::Body(60_000)))),
        ("reset", long().and(Fault::Reset(At::Body(30_000)))),
        (
            "without a body",
            rejected().and(Fault::Close(At::AfterHead)),
        ),
        (
            "of another type",
            rejected().and(Fault::Body("<html>".into())),
        ),
        (
            "not packed",
            rejected().and(Fault::ContentCoding {
                name: "br".to_owned(),
                members: 0,
            }),
        ),
    ] {
        for name in ["create", "report", "items", "file", "list"] {
            let error = struck_by(name, fault.clone()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Forbidden, "{name} {what}: {error}");
            assert_eq!(error.error_code(), Some(CODE), "{name} {what}");
            assert!(
                error.help().unwrap().contains("access list"),
                "{name} {what}"
            );
            assert_eq!(error.attempts(), 1, "{name} {what}");
        }
    }
    // The header alone has it.
    let headers = vec![("X-Error-Code".to_owned(), CODE.to_owned())];
    let fault = Fault::Reply {
        status: 403,
        headers,
        body: "".into(),
    };
    assert_eq!(
        struck_by("invoice", fault).await.unwrap_err().error_code(),
        Some(CODE)
    );
    // The code is the object's last field, beyond what is read: the header has it still.
    let body = format!(
        r#"{{"detail":"{}","error":403,"errorCode":"{CODE}"}}"#,
        "x".repeat(70_000)
    );
    let fault = rejected().and(Fault::Body(body.into()));
    assert_eq!(
        struck_by("invoice", fault).await.unwrap_err().error_code(),
        Some(CODE)
    );
}

#[tokio::test]
async fn a_response_of_a_gateway_keeps_its_status_and_shows_no_page() {
    for (status, kind) in [
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (500, ErrorKind::Service),
        (502, ErrorKind::Service),
        (504, ErrorKind::Service),
    ] {
        for body in ["<html>a page</html>", "", "\u{0}\u{1}"] {
            let error = responded("invoice", status, "text/html", body)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), kind, "{status}");
            assert_eq!(error.status().unwrap(), status);
            assert!(
                !format!("{error} {error:?}").contains("a page"),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_redirect_is_named_and_not_followed() {
    for protocol in Protocol::BOTH {
        for status in [301, 302, 303, 307, 308] {
            let elsewhere = Elsewhere::listen().await;
            let location = format!("{}/login?next=x", elsewhere.origin());
            let fault = Fault::Redirect { status, location };
            let sign_in = SignIn::bearer(BEARER);
            let scenario = scenario().sign_in(sign_in).fault(On::any(), fault);
            let stand_in = stand_in(scenario).await;
            let builder = quick(Some(Identity::Bearer), &stand_in.base_url());
            let org = org_of(protocol.on(builder));
            for name in CALLS {
                let error = call(name, &org).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Rejected, "{name}: {error}");
                assert_eq!(error.status().unwrap(), status);
                let text = error.to_string();
                assert!(text.contains(&elsewhere.origin()), "{text}");
                assert!(!text.contains("next=x"), "{text}");
            }
            assert_eq!(elsewhere.connections(), 0);
        }
    }
}
