//! What an answer says beside its value: versions, limits, errors, redirects.

use atlas_billing::ErrorKind;
use atlas_billing_mock::{Fault, On, Operation, SignIn};
use atlas_billing_tests::elsewhere::Elsewhere;
use atlas_billing_tests::planted::{BEARER, Identity};
use atlas_billing_tests::protocol::Protocol;

use crate::calls::{CALLS, answered, call};
use crate::{INVOICE, org, org_of, quick, scenario, stand_in};

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
            let sign_in = SignIn::bearer(BEARER);
            let scenario = scenario().sign_in(sign_in).fault(On::any(), fault);
            let stand_in = stand_in(scenario).await;
            let builder = quick(Some(Identity::Bearer), &stand_in.base_url());
            let org = org_of(protocol.on(builder));
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
