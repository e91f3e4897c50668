//! The way of a call over an injected HTTP client, with time paused.

use std::sync::Arc;
use std::time::Duration;

use crate::edge::fake::{CountingRandom, FakeHttp, TokioClock, answer};
use crate::{CallOptions, Client, Credentials, ErrorKind, Form, RetryPolicy, Timeouts};

use super::{Ask, Fetched, RawAnswer};

const JSON: (&str, &str) = (
    "content-type",
    "application/vnd.atlas.2023-01-01+json;charset=utf-8",
);
const ORG: &str = "5f0c2d9e8b7a6c5d4e3f2a1b";

fn client(http: &Arc<FakeHttp>) -> Client {
    Client::builder(Credentials::bearer("made-up"))
        .http_client(http.clone())
        .clock(Arc::new(TokioClock::new()))
        .random(Arc::new(CountingRandom::default()))
        .build()
        .unwrap()
}

async fn list(raw: atlas_billing_raw::Client) -> RawAnswer {
    raw.list_org_invoices_bytes().org_id(ORG).send().await
}

fn ask(client: &Client, options: &CallOptions) -> Ask {
    client.ask("listOrgInvoices", Form::Json, options)
}

async fn fetch(client: &Client) -> crate::Result<Fetched> {
    client.fetch(&ask(client, &CallOptions::new()), list).await
}

#[tokio::test(start_paused = true)]
async fn a_call_carries_version_and_credentials() {
    let http = FakeHttp::new(|_, _| Ok(answer(200, &[JSON], r#"{"results":[]}"#)));
    let fetched = fetch(&client(&http)).await.unwrap();
    assert_eq!(&fetched.body[..], br#"{"results":[]}"#);
    let version = fetched.meta.resolved_version().unwrap();
    assert_eq!(version.to_string(), "2023-01-01");
    let seen = &http.seen()[0];
    assert_eq!(seen.method, "GET");
    assert_eq!(
        seen.url,
        format!("https://cloud.mongodb.com/api/atlas/v2/orgs/{ORG}/invoices")
    );
    assert_eq!(
        seen.header("accept"),
        "application/vnd.atlas.2023-01-01+json"
    );
    assert_eq!(seen.header("authorization"), "Bearer made-up");
}

#[tokio::test(start_paused = true)]
async fn the_envelope_is_asked_for_and_taken_off() {
    let body = r#"{"status":200,"content":{"results":[1]}}"#;
    let http = FakeHttp::new(move |_, _| Ok(answer(200, &[JSON], body)));
    let client = client(&http);
    let ask = ask(&client, &CallOptions::new()).enveloped();
    let fetched = client.fetch(&ask, list).await.unwrap();
    assert_eq!(&fetched.body[..], br#"{"results":[1]}"#);
    assert!(http.seen()[0].url.ends_with("/invoices?envelope=true"));
}

#[tokio::test(start_paused = true)]
async fn an_error_in_any_wrapping_is_that_error() {
    let object = r#"{"error":404,"errorCode":"RESOURCE_NOT_FOUND","detail":"No."}"#;
    for (status, body) in [
        (404, object.to_owned()),
        (200, object.to_owned()),
        (200, format!(r#"{{"status":404,"content":{object}}}"#)),
        (404, format!(r#"{{"status":404,"envelope":{object}}}"#)),
        (200, r#"{"status":404}"#.to_owned()),
    ] {
        let sent = body.clone();
        let http = FakeHttp::new(move |_, _| Ok(answer(status, &[JSON], &sent)));
        let error = fetch(&client(&http)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{body}");
        assert_eq!(error.status().unwrap().as_u16(), 404, "{body}");
        assert_eq!(error.operation(), Some("listOrgInvoices"));
        if body.contains("errorCode") {
            assert_eq!(error.error_code(), Some("RESOURCE_NOT_FOUND"), "{body}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_status_is_tried_again_and_a_final_one_is_not() {
    for (status, requests) in [
        (503, 2),
        (429, 2),
        (502, 2),
        (504, 2),
        (500, 1),
        (403, 1),
        (301, 1),
    ] {
        let http = FakeHttp::new(move |number, _| {
            Ok(match number {
                0 => answer(status, &[("retry-after", "3")], "<html>"),
                _ => answer(200, &[JSON], "{}"),
            })
        });
        let outcome = fetch(&client(&http)).await;
        assert_eq!(http.seen().len(), requests, "{status}");
        assert_eq!(outcome.is_ok(), requests == 2, "{status}");
        if let Err(error) = outcome {
            assert_eq!(error.status().unwrap().as_u16(), status);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_tried_again_until_the_policy_ends() {
    let http = FakeHttp::new(|_, _| Err("reset".into()));
    let client = client(&http);
    let options = CallOptions::new().with_retry(RetryPolicy::default().with_max_attempts(3));
    let error = client
        .fetch(&ask(&client, &options), list)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts(), http.seen().len()),
        (ErrorKind::Cut, 3, 3)
    );
    assert!(error.to_string().contains("tried 3 times"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_total_limit_ends_the_waits_too() {
    let http = FakeHttp::new(|_, _| Ok(answer(429, &[("retry-after", "30")], "")));
    let client = client(&http);
    let timeouts = Timeouts::default().with_total(Duration::from_secs(10));
    let options = CallOptions::new().with_timeouts(timeouts);
    let error = client
        .fetch(&ask(&client, &options), list)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), http.seen().len()),
        (ErrorKind::RateLimited, 1)
    );
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
}

#[tokio::test(start_paused = true)]
async fn bodies_above_the_cap_are_refused() {
    let http = FakeHttp::new(|_, _| Ok(answer(200, &[JSON], &"x".repeat(1000))));
    let client = client(&http);
    let options = CallOptions::new().with_max_body(999);
    let error = client
        .fetch(&ask(&client, &options), list)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("max_body"), "{error}");
    let options = CallOptions::new().with_max_body(1000);
    assert!(client.fetch(&ask(&client, &options), list).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_undecodable_body_names_the_place() {
    #[derive(Debug, serde::Deserialize)]
    struct Page {
        #[allow(dead_code)]
        results: Vec<u8>,
    }
    for (content_type, body, path, what) in [
        (
            "application/json",
            r#"{"results":[1,"x"]}"#,
            Some("$.results[1]"),
            "cannot be read",
        ),
        (
            "text/html",
            "<html>",
            None,
            "text/html where JSON was expected",
        ),
        ("application/json", "", None, "empty"),
    ] {
        let headers = [("content-type", content_type)];
        let http = FakeHttp::new(move |_, _| Ok(answer(200, &headers, body)));
        let error = fetch(&client(&http))
            .await
            .unwrap()
            .json::<Page>()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable);
        assert_eq!(error.json_path(), path);
        assert_eq!(error.excerpt(), Some(body));
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_is_one_request_and_may_find_102() {
    let http = FakeHttp::new(|number, _| {
        Ok(match number {
            0 => answer(200, &[JSON], r#"{"status":102}"#),
            _ => answer(503, &[], ""),
        })
    });
    let client = client(&http);
    let ask = ask(&client, &CallOptions::new()).enveloped();
    assert_eq!(
        client
            .look(&ask, list)
            .await
            .unwrap()
            .meta
            .status()
            .as_u16(),
        102
    );
    assert_eq!(
        client.look(&ask, list).await.unwrap_err().kind(),
        ErrorKind::Service
    );
    assert_eq!(http.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_generated_client_is_signed_and_unwrapped_too() {
    let http = FakeHttp::new(|number, _| {
        Ok(match number {
            0 => answer(
                200,
                &[JSON],
                r#"{"status":200,"content":{"results":[],"totalCount":7}}"#,
            ),
            _ => answer(403, &[], r#"{"error":403,"errorCode":"USER_UNAUTHORIZED"}"#),
        })
    });
    let client = client(&http);
    let page = client
        .raw()
        .list_org_invoices()
        .org_id(ORG)
        .send()
        .await
        .unwrap();
    assert_eq!(page.total_count, Some(7));
    let error = client
        .raw()
        .list_org_invoices()
        .org_id(ORG)
        .send()
        .await
        .unwrap_err();
    let error = crate::Error::from_raw(error).await;
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(error.error_code(), Some("USER_UNAUTHORIZED"));
    assert_eq!(http.seen()[1].header("authorization"), "Bearer made-up");
}

#[test]
fn calls_may_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    let http = FakeHttp::new(|_, _| Err("never".into()));
    let client = client(&http);
    is_send(fetch(&client));
}
