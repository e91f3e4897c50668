//! A query over an injected transport, with time paused.

use std::sync::Arc;
use std::time::Duration;

use atlas_billing_raw::enums::GroupBy;
use bytes::Bytes;

use crate::auth::Credentials;
use crate::client::{Client, Org};
use crate::edge::doubles::{CountingRandom, FakeHttp, TokioClock};
use crate::error::ErrorKind;
use crate::period::Months;
use crate::poll::{PollPolicy, Status};
use crate::request::{CallOptions, Timeouts};

const TOKEN: &str = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef";

fn org(http: &Arc<FakeHttp>) -> Org {
    let client = Client::builder(Credentials::none())
        .http_client(http.clone())
        .clock(TokioClock::new())
        .random(CountingRandom::new())
        .build()
        .unwrap();
    client.org("5f0c2d9e8b7a6c5d4e3f2a1b".parse().unwrap())
}

fn january() -> Months {
    "2025-01".parse().unwrap()
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> http::Response<Bytes> {
    let mut response = http::Response::builder()
        .status(status)
        .header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

/// Creates the query, and then responds with each of `bodies` in turn, and on with the last.
fn service(bodies: &'static [&'static str]) -> Arc<FakeHttp> {
    FakeHttp::new(move |number, request| {
        if request.method() == "POST" {
            return Ok(response(202, &[], &format!(r#"{{"token":"{TOKEN}"}}"#)));
        }
        let body = bodies.get(number - 1).or(bodies.last());
        Ok(response(200, &[], body.unwrap()))
    })
}

const PENDING: &str = r#"{"status":102}"#;

#[tokio::test(start_paused = true)]
async fn it_creates_polls_and_decodes() {
    let http = service(&[
        PENDING,
        "",
        r#"{"status":200,"content":{"usageDetails":[{"usageAmount":0.1},{"usageAmount":0.2}]}}"#,
    ]);
    let report = org(&http).costs(january()).await.unwrap();
    assert_eq!(report.total().unwrap().to_string(), "0.3");
    assert_eq!(report.token().as_str(), TOKEN);
    let requests = http.requests();
    assert_eq!(requests.len(), 4);
    let create = requests[0].uri().path();
    assert!(create.ends_with("/billing/costExplorer/usage"), "{create}");
    let body: serde_json::Value = serde_json::from_slice(requests[0].body()).unwrap();
    assert_eq!(body["endDate"], "2025-02-01");
    let poll = requests[3].uri().to_string();
    let expected = format!("/billing/costExplorer/usage/{TOKEN}?envelope=true");
    assert!(poll.ends_with(&expected), "{poll}");
}

#[tokio::test(start_paused = true)]
async fn a_grouping_by_all_services_is_completed() {
    let http = FakeHttp::new(|number, _| {
        Ok(match number {
            0 | 2 => response(202, &[], &format!(r#"{{"token":"{TOKEN}"}}"#)),
            1 => response(
                200,
                &[],
                r#"{"usageDetails":[{"service":"A","usageAmount":1}]}"#,
            ),
            _ => response(200, &[], r#"{"usageDetails":[{"usageAmount":3}]}"#),
        })
    });
    let request = org(&http).costs(january()).group_by(GroupBy::Services);
    let report = request.await.unwrap();
    assert_eq!(report.total().unwrap().to_string(), "3");
    assert_eq!(report.unlisted().unwrap().to_string(), "2");
    let bodies: Vec<_> = http
        .requests()
        .iter()
        .map(|request| request.body().clone())
        .collect();
    assert!(bodies[0].windows(8).any(|text| text == b"services"));
    assert!(!bodies[2].windows(8).any(|text| text == b"services"));
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_on_not_ready_is_kept() {
    let http = FakeHttp::new(|number, _| {
        Ok(match number {
            0 => response(202, &[], &format!(r#"{{"token":"{TOKEN}"}}"#)),
            1 => response(200, &[("retry-after", "90")], PENDING),
            _ => response(200, &[], "{}"),
        })
    });
    let mut query = org(&http).costs(january()).start().await.unwrap();
    let attempt = query.next().await.unwrap().unwrap();
    assert_eq!(attempt.next_wait().map(|wait| wait.as_secs()), Some(90));
    let attempt = query.next().await.unwrap().unwrap();
    assert_eq!(attempt.status(), Status::Ready);
    assert!(query.await.unwrap().rows().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_path_of_an_odd_row_is_in_the_error_and_its_text_is_not() {
    let http = service(&[r#"{"usageDetails":[{},{"usageAmount":"plant"}]}"#]);
    let error = org(&http).costs(january()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.json_path(), Some("$.usageDetails[1].usageAmount"));
    assert!(!format!("{error} {error:?}").contains("plant"));
    // The result is ready all the same: the token can be used to fetch it.
    assert_eq!(error.poll().unwrap().token, TOKEN);
    // Whoever wants what was sent gets it all the same.
    let query = org(&http).resume(TOKEN.parse().unwrap());
    let (_, bytes) = query.bytes().await.unwrap();
    assert!(bytes.starts_with(b"{\"usageDetails\""));
}

#[tokio::test(start_paused = true)]
async fn a_response_without_a_token_cannot_be_decoded() {
    for (body, path) in [("{}", None), (r#"{"token":"short"}"#, Some("$.token"))] {
        let http = FakeHttp::new(move |_, _| Ok(response(202, &[], body)));
        let error = org(&http).costs(january()).start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert_eq!(error.json_path(), path, "{error}");
        assert_eq!(http.requests().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn one_deadline_bounds_creation_polls_and_file() {
    let total = |seconds| Timeouts::default().with_total(Duration::from_secs(seconds));
    let http = service(&[PENDING]);
    let request = org(&http).costs(january()).timeouts(total(30));
    let error = request.await.unwrap_err();
    assert!(error.is_not_ready(), "{error}");
    // No poll begins that would have no time.
    let poll = error.poll().unwrap();
    assert!((20..30).contains(&poll.elapsed.as_secs()), "{poll:?}");
    assert_eq!(poll.token.as_str(), TOKEN);

    // A limit that is set later counts from the creation all the same.
    let query = org(&http).costs(january()).start().await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let options = CallOptions::new().with_timeouts(total(30));
    let error = query.options(options).await.unwrap_err();
    assert!(error.is_not_ready(), "{error}");
    let poll = error.poll().unwrap();
    assert!(poll.elapsed.as_secs() < 10, "{poll:?}");

    // The file fails all the time: its retries get what polling has left of ten seconds.
    let http = FakeHttp::new(|number, request| {
        let csv = request.headers()["accept"]
            .to_str()
            .unwrap()
            .ends_with("csv");
        Ok(match number {
            0 => response(202, &[], &format!(r#"{{"token":"{TOKEN}"}}"#)),
            1 => response(200, &[("retry-after", "8")], PENDING),
            _ if csv => response(503, &[("retry-after", "3")], ""),
            _ => response(200, &[], "{}"),
        })
    });
    let request = org(&http).costs(january()).timeouts(total(10));
    let error = request.csv().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Service, 1),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_groups_leave_out_may_fail_and_the_query_has_its_result() {
    let created = format!(r#"{{"token":"{}"}}"#, "f".repeat(64));
    let huge = r#"{"usageDetails":[{"usageAmount":1e30}]}"#;
    for (creation, result, kind) in [
        ((403, "{}"), (403, "{}"), ErrorKind::Forbidden),
        ((202, &*created), (403, "{}"), ErrorKind::Forbidden),
        ((202, &*created), (200, huge), ErrorKind::Overflow),
    ] {
        let owned = |(status, body): (u16, &str)| (status, body.to_owned());
        let (creation, result) = (owned(creation), owned(result));
        let http = FakeHttp::new(move |number, _| {
            let (status, body) = match number {
                0 => (202, format!(r#"{{"token":"{TOKEN}"}}"#)),
                1 => (200, "{}".to_owned()),
                2 => creation.clone(),
                _ => result.clone(),
            };
            Ok(response(status, &[], &body))
        });
        let request = org(&http).costs(january()).group_by(GroupBy::Services);
        let error = request.await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let poll = error.poll().unwrap();
        assert_eq!((&*poll.token, poll.polls), (TOKEN, 1), "{error}");
        assert!(error.message().contains("has its result"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_option_that_comes_too_late_is_an_error() {
    let http = service(&[PENDING]);
    for late in [
        |query: super::CostQuery| query.polling(PollPolicy::default()),
        |query: super::CostQuery| query.options(CallOptions::new()),
    ] {
        let mut query = org(&http).costs(january()).start().await.unwrap();
        query.next().await.unwrap().unwrap();
        let mut query = late(query);
        let error = query.next().await.unwrap().unwrap_err();
        assert!(error.is_input(), "{error}");
        assert!(query.next().await.is_none());
        let error = query.await.unwrap_err();
        assert!(error.is_input(), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_csv_file_in_an_envelope_is_taken_out_of_it() {
    let http = FakeHttp::new(|number, _| {
        Ok(match number {
            0 => response(200, &[], "{}"),
            _ => response(200, &[], r#"{"status":200,"content":"a,b\n1,2\n"}"#),
        })
    });
    let file = org(&http)
        .resume(TOKEN.parse().unwrap())
        .csv()
        .await
        .unwrap();
    assert_eq!(&file.bytes().await.unwrap()[..], b"a,b\n1,2\n");
    let requests = http.requests();
    let accept = &requests[1].headers()["accept"];
    assert_eq!(accept, "application/vnd.atlas.2023-01-01+csv");
}

#[tokio::test(start_paused = true)]
async fn not_ready_is_not_a_csv_file() {
    for body in [r#"{"status":102}"#, r#"{"status":102,"content":""}"#] {
        let http = FakeHttp::new(move |number, _| {
            Ok(match number {
                0 => response(200, &[], "{}"),
                _ => response(200, &[("content-type", "application/json")], body),
            })
        });
        let query = org(&http).resume(TOKEN.parse().unwrap());
        let error = query.csv().await.unwrap_err();
        assert!(error.is_not_ready(), "{body}: {error}");
        assert_eq!(error.poll().unwrap().token, TOKEN);
    }
}

#[test]
fn every_future_may_move_between_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let http = service(&[PENDING]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let org = org(&http);
    let query = || org.resume(TOKEN.parse().unwrap());
    drop(is_send(org.costs(january()).start()));
    drop(is_send(org.costs(january()).csv()));
    drop(is_send(org.costs(january()).bytes()));
    drop(is_send(query().next()));
    drop(is_send(query().csv()));
    drop(is_send(query().bytes()));
    drop(is_send(query()));
}
