//! Errors as programs and people see them.

use http::HeaderMap;

use super::*;

fn answer(status: u16, body: &str) -> Error {
    let url = "https://cloud.mongodb.com/api/atlas/v2/orgs/x?token=hush"
        .parse()
        .unwrap();
    let status = StatusCode::from_u16(status).unwrap();
    let meta = ResponseMeta::new(status, HeaderMap::new(), &url);
    Error::from_answer(
        meta,
        ErrorBody::read(body.as_bytes()).unwrap_or_default(),
        None,
    )
    .with_operation("getOrgInvoice")
}

#[test]
fn a_status_is_a_kind() {
    for (status, kind) in [
        (400, ErrorKind::Refused),
        (301, ErrorKind::Refused),
        (401, ErrorKind::Unauthorized),
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (406, ErrorKind::VersionNotAcceptable),
        (410, ErrorKind::VersionGone),
        (422, ErrorKind::Refused),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Service),
        (504, ErrorKind::Service),
    ] {
        assert_eq!(answer(status, "").kind(), kind, "{status}");
    }
}

#[test]
fn the_sentence_says_what_was_asked_what_came_and_what_to_do() {
    let text = answer(
        403,
        r#"{"error":403,"errorCode":"IP_ADDRESS_NOT_ON_ACCESS_LIST","detail":"Address 1.2.3.4 is not allowed."}"#,
    )
    .to_string();
    assert_eq!(
        text,
        "getOrgInvoice: the service answered 403 Forbidden IP_ADDRESS_NOT_ON_ACCESS_LIST: \
         Address 1.2.3.4 is not allowed. Add this machine's public address to the API access \
         list of the key or service account, or call from an address that is on it."
    );
    let text = answer(403, "<html>").to_string();
    assert!(text.contains("Organization Billing Viewer"), "{text}");
}

#[test]
fn violations_are_named() {
    let error = answer(
        400,
        r#"{"error":400,"errorCode":"VALIDATION_ERROR","badRequestDetail":{"fields":[{"field":"endDate","description":"not the start of a month"}]}}"#,
    );
    assert_eq!(error.field_violations().len(), 1);
    assert!(
        error
            .to_string()
            .contains("endDate: not the start of a month"),
        "{error}"
    );
}

#[test]
fn neither_text_shows_the_query_or_an_excerpt() {
    let error = answer(500, "").with_excerpt(b"plant\x1b[2J");
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("hush") && !text.contains("plant"), "{text}");
    }
    assert_eq!(error.excerpt(), Some("plant\u{fffd}[2J"));
    assert_eq!(
        error.url(),
        Some("https://cloud.mongodb.com/api/atlas/v2/orgs/x")
    );
}

#[test]
fn only_what_may_pass_is_transient() {
    assert!(answer(503, "").is_transient() && answer(429, "").is_transient());
    assert!(!answer(500, "").is_transient() && !answer(404, "").is_transient());
    assert!(Error::new(ErrorKind::Cut, "x").is_transient());
}
