use futures_util::future::join_all;

use super::*;
use crate::ErrorKind;
use crate::auth::stage::{BASE, Reply, Seen, Stage};

fn account() -> ServiceAccount {
    let account = Account {
        id: "mdb_sa_id_1".to_owned(),
        secret: "sa_sk_planted".into(),
    };
    let origin = OriginRule::new(&BASE.parse().unwrap(), Vec::new()).unwrap();
    ServiceAccount::new(account, &origin).unwrap()
}

/// Every request gets the next number for a token.
fn numbered(number: usize, _: &Seen) -> Reply {
    Reply::token(&format!("t{number}"), 3600)
}

async fn text(account: &ServiceAccount, edge: &Edge) -> Result<String> {
    Ok(account.token(edge).await?.text.expose().to_owned())
}

#[tokio::test(start_paused = true)]
async fn asks_as_the_service_wants_it() {
    let stage = Stage::new(numbered);
    assert_eq!(text(&account(), &stage.edge()).await.unwrap(), "t0");
    assert_eq!(
        stage.seen(),
        [Seen {
            line: "POST https://atlas.example/base/api/oauth/token".to_owned(),
            // base64 of `mdb_sa_id_1:sa_sk_planted`, the underscores as they are.
            authorization: Some("Basic bWRiX3NhX2lkXzE6c2Ffc2tfcGxhbnRlZA==".to_owned()),
            sensitive: true,
            content_type: Some("application/x-www-form-urlencoded".to_owned()),
            accept: Some("application/json".to_owned()),
            body: "grant_type=client_credentials".to_owned(),
        }]
    );
}

#[tokio::test(start_paused = true)]
async fn a_hundred_first_calls_ask_once() {
    let stage = Stage::new(numbered);
    let (account, edge) = (account(), stage.edge());
    let tokens = join_all((0..100).map(|_| text(&account, &edge))).await;
    assert!(tokens.into_iter().all(|token| token.unwrap() == "t0"));
    assert_eq!(stage.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_until_a_minute_before_its_end() {
    let stage = Stage::new(numbered);
    let (account, edge) = (account(), stage.edge());
    assert_eq!(text(&account, &edge).await.unwrap(), "t0");
    edge.clock.sleep(Duration::from_millis(3_539_800)).await;
    assert_eq!(text(&account, &edge).await.unwrap(), "t0");
    edge.clock.sleep(Duration::from_millis(100)).await;
    let tokens = join_all((0..10).map(|_| text(&account, &edge))).await;
    assert!(tokens.into_iter().all(|token| token.unwrap() == "t1"));
    assert_eq!(stage.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_share_a_failure_and_later_calls_ask_anew() {
    let stage = Stage::new(|number, seen| match number {
        0 => Reply::new(401, r#"{"error":"invalid_client"}"#),
        1 => Reply::cut(),
        _ => numbered(number, seen),
    });
    let (account, edge) = (account(), stage.edge());
    for kind in [ErrorKind::Unauthorized, ErrorKind::Cut] {
        let outcomes = join_all((0..10).map(|_| text(&account, &edge))).await;
        for outcome in outcomes {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(!format!("{error} {error:?}").contains("planted"));
        }
    }
    assert_eq!(stage.seen().len(), 2);
    assert_eq!(text(&account, &edge).await.unwrap(), "t2");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_leaves_its_place_to_the_next() {
    let stage = Stage::new(numbered);
    let (account, edge) = (account(), stage.edge());
    let first = tokio::time::timeout(Duration::from_millis(50), text(&account, &edge));
    let others = join_all((0..10).map(|_| text(&account, &edge)));
    let (first, others) = futures_util::future::join(first, others).await;
    assert!(first.is_err());
    assert!(others.into_iter().all(|token| token.unwrap() == "t1"));
    assert_eq!(stage.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_dropped_harms_no_one() {
    let stage = Stage::new(numbered);
    let (account, edge) = (account(), stage.edge());
    let first = text(&account, &edge);
    let dropped = tokio::time::timeout(Duration::from_millis(50), text(&account, &edge));
    let last = text(&account, &edge);
    let (first, dropped, last) = futures_util::future::join3(first, dropped, last).await;
    assert!(dropped.is_err());
    assert_eq!(
        (first.unwrap(), last.unwrap()),
        ("t0".to_owned(), "t0".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn a_busy_endpoint_is_waited_for() {
    let stage = Stage::new(|number, seen| match number {
        0 => Reply::new(429, "").with("retry-after", "30"),
        1 => Reply::new(503, "<html>"),
        _ => numbered(number, seen),
    });
    let (account, edge) = (account(), stage.edge());
    assert_eq!(text(&account, &edge).await.unwrap(), "t2");
    // Three exchanges of 100 ms, 30 s and half of 500 ms, half of 1 s.
    assert_eq!(
        edge.clock.elapsed(),
        Duration::from_millis(300 + 30_250 + 500)
    );
}

#[tokio::test(start_paused = true)]
async fn a_busy_endpoint_is_given_up_in_the_end() {
    for (reply, kind, requests) in [
        (
            Reply::new(429, "").with("retry-after", "1"),
            ErrorKind::RateLimited,
            4,
        ),
        (
            Reply::new(429, "").with("retry-after", "3600"),
            ErrorKind::RateLimited,
            1,
        ),
        (Reply::new(503, ""), ErrorKind::Service, 4),
        (Reply::new(500, ""), ErrorKind::Service, 1),
        (Reply::new(403, ""), ErrorKind::Unauthorized, 1),
        (
            Reply::new(200, "<html>login</html>"),
            ErrorKind::Unreadable,
            1,
        ),
        (Reply::new(200, " ".repeat(70_000)), ErrorKind::TooLarge, 1),
        (
            Reply {
                after: Duration::from_secs(31),
                ..Reply::new(200, "")
            },
            ErrorKind::Timeout,
            1,
        ),
        (Reply::cut(), ErrorKind::Cut, 1),
    ] {
        let told = reply.headers.first().map(|(_, wait)| wait.clone());
        let stage = Stage::new(move |_, _| reply.clone());
        let error = text(&account(), &stage.edge()).await.unwrap_err();
        assert_eq!(
            (error.kind(), stage.seen().len()),
            (kind, requests),
            "{error}"
        );
        let asked = error.retry_after().map(|wait| wait.as_secs().to_string());
        assert_eq!(asked, told, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_given_back() {
    let stage = Stage::new(|number, seen| match number {
        1 => Reply::new(500, ""),
        2 => Reply::new(200, ""),
        _ => Reply::token(&format!("t+{number}"), seen.body.len() as u64 * 1000),
    });
    let (account, edge) = (account(), stage.edge());
    account.revoke(&edge).await.unwrap();
    assert!(stage.seen().is_empty());
    assert_eq!(text(&account, &edge).await.unwrap(), "t+0");
    // A failed revocation keeps the token, so that it can be tried again.
    assert_eq!(
        account.revoke(&edge).await.unwrap_err().kind(),
        ErrorKind::Service
    );
    assert_eq!(text(&account, &edge).await.unwrap(), "t+0");
    account.revoke(&edge).await.unwrap();
    let revoked = &stage.seen()[2];
    assert_eq!(
        revoked.line,
        "POST https://atlas.example/base/api/oauth/revoke"
    );
    assert_eq!(revoked.body, "token=t%2B0&token_type_hint=access_token");
    assert!(
        revoked
            .authorization
            .as_ref()
            .unwrap()
            .starts_with("Basic ")
            && revoked.sensitive
    );
    assert_eq!(text(&account, &edge).await.unwrap(), "t+3");
}
