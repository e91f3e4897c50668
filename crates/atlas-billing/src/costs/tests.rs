//! A query over an injected transport, with time paused.

use std::sync::Arc;
use std::time::Duration;

use crate::edge::fake::{CountingRandom, FakeHttp, TokioClock, answer};
use crate::{Client, Credentials, ErrorKind, Org, Seen, Timeouts};

const JSON: (&str, &str) = ("content-type", "application/json");
const TOKEN: &str = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef";

fn org(http: &Arc<FakeHttp>) -> Org {
    let client = Client::builder(Credentials::none())
        .http_client(http.clone())
        .clock(Arc::new(TokioClock::new()))
        .random(Arc::new(CountingRandom::default()))
        .build()
        .unwrap();
    client.org("5f0c2d9e8b7a6c5d4e3f2a1b".parse().unwrap())
}

fn created() -> reqwest::Response {
    answer(202, &[JSON], &format!(r#"{{"token":"{TOKEN}"}}"#))
}

#[tokio::test(start_paused = true)]
async fn it_creates_polls_and_decodes() {
    let http = FakeHttp::new(|number, _| {
        Ok(match number {
            0 => created(),
            1 | 2 => answer(200, &[JSON], r#"{"status":102}"#),
            _ => answer(
                200,
                &[JSON],
                r#"{"status":200,"content":{"usageDetails":[{"usageAmount":0.1},{"usageAmount":0.2}]}}"#,
            ),
        })
    });
    let report = org(&http).costs("2025-01".parse().unwrap()).await.unwrap();
    assert_eq!(report.total().unwrap().to_string(), "0.3");
    assert_eq!(report.token().as_str(), TOKEN);
    let seen = http.seen();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[0].method, "POST");
    assert!(
        seen[0].url.ends_with("/billing/costExplorer/usage"),
        "{}",
        seen[0].url
    );
    let body: serde_json::Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!(body["endDate"], "2025-02-01");
    let look = format!("/billing/costExplorer/usage/{TOKEN}?envelope=true");
    assert!(seen[3].url.ends_with(&look), "{}", seen[3].url);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_on_not_ready_is_obeyed() {
    let http = FakeHttp::new(|number, _| {
        Ok(match number {
            0 => created(),
            1 => answer(200, &[JSON, ("retry-after", "40")], r#"{"status":102}"#),
            _ => answer(200, &[JSON], "{}"),
        })
    });
    let mut query = org(&http)
        .costs("2025-01".parse().unwrap())
        .start()
        .await
        .unwrap();
    let look = query.next().await.unwrap().unwrap();
    assert_eq!(look.next_wait(), Some(Duration::from_secs(40)));
    let look = query.next().await.unwrap().unwrap();
    assert_eq!(
        (look.seen(), look.elapsed()),
        (Seen::Ready, Duration::from_secs(40))
    );
    assert!(query.await.unwrap().rows().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_path_of_an_odd_row_is_in_the_error() {
    let http = FakeHttp::new(|number, _| {
        Ok(match number {
            0 => created(),
            _ => answer(
                200,
                &[JSON],
                r#"{"usageDetails":[{},{"usageAmount":"much"}]}"#,
            ),
        })
    });
    let error = org(&http)
        .costs("2025-01".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
    assert_eq!(error.json_path(), Some("$.usageDetails[1].usageAmount"));
    // Whoever wants what was sent gets it all the same.
    let query = org(&http).resume(TOKEN.parse().unwrap());
    assert!(
        query
            .bytes()
            .await
            .unwrap()
            .starts_with(b"{\"usageDetails\"")
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_token_is_unreadable() {
    for (body, path) in [("{}", None), (r#"{"token":"short"}"#, Some("$.token"))] {
        let http = FakeHttp::new(move |_, _| Ok(answer(202, &[JSON], body)));
        let error = org(&http)
            .costs("2025-01".parse().unwrap())
            .start()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable, "{error}");
        assert_eq!(error.json_path(), path, "{error}");
        assert_eq!(http.seen().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_on_the_whole_ends_the_polling() {
    let http = FakeHttp::new(|number, _| {
        Ok(match number {
            0 => created(),
            _ => answer(200, &[JSON], r#"{"status":102}"#),
        })
    });
    let limit = Timeouts::default().with_total(Duration::from_secs(30));
    let request = org(&http).costs("2025-01".parse().unwrap());
    let error = request.timeouts(limit).await.unwrap_err();
    assert!(error.is_not_ready(), "{error}");
    assert_eq!(error.poll().unwrap().elapsed(), Duration::from_secs(30));
    assert_eq!(error.poll().unwrap().token(), TOKEN);
}

#[tokio::test(start_paused = true)]
async fn a_file_in_json_clothes_is_taken_out_of_them() {
    let http = FakeHttp::new(|number, _| {
        Ok(match number {
            0 => answer(200, &[JSON], "{}"),
            _ => answer(200, &[JSON], r#"{"status":200,"content":"a,b\n1,2\n"}"#),
        })
    });
    let file = org(&http)
        .resume(TOKEN.parse().unwrap())
        .csv()
        .await
        .unwrap();
    assert_eq!(&file.bytes().await.unwrap()[..], b"a,b\n1,2\n");
    let accept = http.seen()[1].header("accept").to_owned();
    assert_eq!(accept, "application/vnd.atlas.2023-01-01+csv");
}

#[test]
fn every_future_may_move_between_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let http = FakeHttp::new(|_, _| Ok(created()));
    let org = org(&http);
    let request = || org.costs("2025-01".parse().unwrap());
    let query = || org.resume(TOKEN.parse().unwrap());
    drop(is_send(request().start()));
    drop(is_send(request().csv()));
    drop(is_send(request().bytes()));
    drop(is_send(query().next()));
    drop(is_send(query().csv()));
    drop(is_send(query().bytes()));
    drop(is_send(query().into_stream()));
}
