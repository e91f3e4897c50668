//! What a server may answer: envelopes, errors, challenges, tokens, results, headers.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::fuzz;
use crate::costs::CostResult;
use crate::error::ErrorBody;
use crate::meta::ResponseMeta;
use crate::request::{Opened, open};

#[test]
fn envelopes_come_off() {
    let words = [
        "\"status\":102",
        "\"status\":\"200\",",
        "\"content\":",
        "\"envelope\":",
        "\"error\":404,",
        "\"errorCode\":",
        "\"results\":[]",
    ];
    fuzz("envelope", &words, |input, _| {
        // Grammar alone: what is not looked at may be no UTF-8.
        let json = serde_json::from_slice::<IgnoredAny>(input).is_ok();
        match open(input) {
            Opened::Bare(body) => {
                assert_eq!(body, input);
                format!("bare {json}")
            }
            Opened::Wrapped { status, content } => {
                assert!(json, "an envelope is JSON");
                if let Some(content) = content {
                    serde_json::from_slice::<&RawValue>(content).expect("content is JSON");
                }
                format!("{} {}", StatusCode::is_success(&status), content.is_some())
            }
            Opened::Error { status, body } => {
                assert!(json, "an envelope is JSON");
                serde_json::from_slice::<&RawValue>(body).expect("an error is JSON");
                assert!(
                    ErrorBody::read(body).is_known(),
                    "what is taken for an error is one"
                );
                format!("error {}", status.is_some())
            }
        }
    });
}

#[test]
fn errors_are_read_or_left() {
    let words = [
        "\"error\":",
        "\"errorCode\":",
        "\"parameters\":",
        "\"badRequestDetail\":{\"fields\":[",
        "\"field\":",
        "null",
    ];
    fuzz("error", &words, |input, _| {
        let body = ErrorBody::read(input);
        let texts = [&body.error_code, &body.detail, &body.reason];
        for text in texts.into_iter().flatten() {
            assert!(!text.contains(crate::text::is_unsafe), "{text:?}");
        }
        format!(
            "{:?} {} {} {} {}",
            body.error.map(|_| ()),
            body.error_code.is_some(),
            body.detail.is_some(),
            body.parameters.is_empty(),
            body.violations.is_empty()
        )
    });
}

#[test]
fn challenges_are_answered_or_refused() {
    let words = [
        "Digest ",
        "Basic ",
        "realm=\"",
        "nonce=\"",
        "qop=\"auth,auth-int\"",
        "algorithm=SHA-256",
        "MD5-sess",
        "stale=TRUE",
        "\\\"",
        ", ",
        "opaque=",
    ];
    fuzz("challenge", &words, |input, _| {
        crate::auth::fuzzed::challenge(input)
    });
}

#[test]
fn tokens_of_an_account_are_read_or_refused() {
    let words = [
        "\"access_token\":\"",
        "\"expires_in\":",
        "1e300",
        "-1",
        "\"token_type\":\"Bearer\"",
        "\"MAC\"",
        "\\n",
    ];
    fuzz("grant", &words, |input, _| {
        crate::auth::fuzzed::grant(input)
    });
}

#[test]
fn results_are_read_or_refused() {
    let words = [
        "\"usageDetails\":[",
        "\"usageAmount\":",
        "\"usageDate\":\"2025-01-01\"",
        "1e400",
        "null",
        "{}",
        "\"x\":",
    ];
    fuzz("costs", &words, |input, _| {
        match serde_json::from_slice::<CostResult>(input) {
            Ok(result) => {
                let plain: serde_json::Value = serde_json::from_slice(input).expect("it is JSON");
                let rows = plain["usageDetails"].as_array().map_or(0, Vec::len);
                assert_eq!(result.rows.len(), rows);
                format!(
                    "{} rows, other {}",
                    "x".repeat(rows.min(9)),
                    result.other.is_empty()
                )
            }
            Err(error) => error.to_string(),
        }
    });
}

#[test]
fn headers_are_read_or_left() {
    let words = [
        "application/vnd.atlas.2023-01-01+json",
        ";charset=utf-8",
        "preview",
        "+csv",
        "Mon, 5 Aug 2024 00:00:00 GMT",
        "10",
    ];
    let url = "https://example.com/api/atlas/v2?x=1"
        .parse()
        .expect("a URL");
    let names = [
        "content-type",
        "deprecation",
        "sunset",
        "ratelimit-limit",
        "ratelimit-remaining",
        "retry-after",
    ];
    fuzz("header", &words, |input, _| {
        let Ok(value) = HeaderValue::from_bytes(input) else {
            return "no header".to_owned();
        };
        let mut headers = HeaderMap::new();
        for name in names {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
        let meta = ResponseMeta::new(StatusCode::OK, headers, &url);
        format!(
            "{} {} {} {:?}",
            meta.resolved_version().is_some(),
            meta.deprecation().is_some(),
            meta.sunset().is_some(),
            meta.rate_limit().map(|limit| limit.remaining.is_some()),
        )
    });
}
