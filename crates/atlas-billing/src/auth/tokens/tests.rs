use std::error::Error as StdError;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;

use super::*;
use crate::auth::tests::{BASE, Log, exchange, limits, response};
use crate::edge::BoxFuture;
use crate::edge::doubles::{FakeHttp, TokioClock};
use crate::edge::{ExchangeError, HttpClient};
use crate::exchange::Deadline;

const SECOND: Duration = Duration::from_secs(1);

fn granted(number: usize, seconds: u64) -> http::Response<Bytes> {
    response(
        200,
        &format!(r#"{{"access_token":"t+{number}","expires_in":{seconds}}}"#),
    )
}

/// Gives every request the next token.
fn numbered() -> Arc<FakeHttp> {
    FakeHttp::new(|number, _| Ok(granted(number, 3600)))
}

fn account_tokens(store: Option<Arc<dyn TokenStore>>) -> Tokens {
    let account = Account {
        id: "mdb_sa_id_1".to_owned(),
        secret: "sa_sk_planted".into(),
    };
    let origin = OriginRule::new(&BASE.parse().unwrap(), Vec::new()).unwrap();
    Tokens::for_account(&account, &origin, store).unwrap()
}

async fn token(tokens: &Tokens, exchange: &Exchange) -> Result<String> {
    let token = tokens.token(exchange, limits()).await?;
    Ok(token.secret.expose_secret().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_token_is_requested_as_documented() {
    let http = numbered();
    let token = token(&account_tokens(None), &exchange(&http))
        .await
        .unwrap();
    assert_eq!(token, "t+0");
    let request = http.requests().remove(0);
    assert_eq!(request.method(), "POST");
    assert_eq!(request.uri(), "https://atlas.example/base/api/oauth/token");
    let headers = request.headers();
    // base64 of `mdb_sa_id_1:sa_sk_planted`, the underscores as they are.
    assert_eq!(
        headers["authorization"],
        "Basic bWRiX3NhX2lkXzE6c2Ffc2tfcGxhbnRlZA=="
    );
    assert!(headers["authorization"].is_sensitive());
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(headers["accept"], "application/json");
    assert_eq!(request.body(), "grant_type=client_credentials");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_first_calls_make_one_request() {
    let http = numbered();
    let (tokens, exchange) = (account_tokens(None), exchange(&http));
    let all = join_all((0..100).map(|_| token(&tokens, &exchange))).await;
    assert!(all.into_iter().all(|token| token.unwrap() == "t+0"));
    assert_eq!(http.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_refreshed_a_minute_before_it_expires() {
    let http = numbered();
    let clock = TokioClock::new();
    let mut exchange = exchange(&http);
    exchange.clock = clock.clone();
    let tokens = account_tokens(None);
    assert_eq!(token(&tokens, &exchange).await.unwrap(), "t+0");
    tokio::time::advance(1800 * SECOND).await;
    // The machine sleeps: the token ages all the same.
    clock.suspend(1739 * SECOND);
    assert_eq!(token(&tokens, &exchange).await.unwrap(), "t+0");
    tokio::time::advance(SECOND).await;
    let all = join_all((0..10).map(|_| token(&tokens, &exchange))).await;
    assert!(all.into_iter().all(|token| token.unwrap() == "t+1"));
    assert_eq!(http.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_by_those_who_wait_and_a_later_call_tries_again() {
    let http = FakeHttp::new(|number, _| match number {
        0 => Ok(response(401, r#"{"error":"invalid_client"}"#)),
        1 => Err("the connection broke".into()),
        number => Ok(granted(number, 3600)),
    });
    let (tokens, exchange) = (account_tokens(None), exchange(&http));
    for kind in [ErrorKind::Unauthorized, ErrorKind::Truncated] {
        for outcome in join_all((0..10).map(|_| token(&tokens, &exchange))).await {
            let error = outcome.unwrap_err();
            assert_eq!(
                (error.kind(), error.operation()),
                (kind, Some("accessToken"))
            );
            assert!(!format!("{error} {error:?}").contains("planted"));
        }
    }
    assert_eq!(http.requests().len(), 2);
    assert_eq!(token(&tokens, &exchange).await.unwrap(), "t+2");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_leaves_its_place_to_the_next() {
    let http = numbered();
    let (tokens, exchange) = (account_tokens(None), exchange(&http));
    let mut first = Box::pin(token(&tokens, &exchange));
    let mut second = Box::pin(token(&tokens, &exchange));
    let third = token(&tokens, &exchange);
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut second).now_or_never().is_none());
    drop(first);
    drop(second);
    assert_eq!(third.await.unwrap(), "t+0");
}

/// A token is rejected by all who have it, while others wait for the next one and some of them
/// are cancelled, on several threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_that_all_reject_is_replaced_once_whoever_is_cancelled() {
    let http = numbered();
    let tokens = Arc::new(account_tokens(None));
    let exchange = exchange(&http);
    let mut held: Option<Arc<Token>> = None;
    let mut cancelled = 0;
    for round in 0..100 {
        let calls = (0..32).map(|number| {
            let (tokens, exchange, held) = (tokens.clone(), exchange.clone(), held.clone());
            let call = tokio::spawn(async move {
                if let Some(held) = &held {
                    tokens.rejected(held);
                }
                tokens.token(&exchange, limits()).await
            });
            if round % 2 == 1 && number % 4 == 0 {
                call.abort();
                cancelled += 1;
            }
            call
        });
        let calls: Vec<_> = calls.collect();
        let mut obtained = Vec::new();
        for call in calls {
            match call.await {
                Ok(token) => obtained.push(token.unwrap()),
                Err(error) => assert!(error.is_cancelled()),
            }
        }
        // All have the same one, and it is not the one that they rejected.
        let next = obtained.first().unwrap().clone();
        assert!(obtained.iter().all(|token| Arc::ptr_eq(token, &next)));
        assert!(held.is_none_or(|held| held.secret != next.secret));
        held = Some(next);
    }
    let requests = http.requests().len();
    assert!((100..=100 + cancelled).contains(&requests), "{requests}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_its_own_call_alone() {
    let http = FakeHttp::new(|number, _| match number {
        0 => Ok(response(429, "")),
        number => Ok(granted(number, 3600)),
    });
    let (tokens, exchange) = (account_tokens(None), exchange(&http));
    let hurried = Limits {
        deadline: Deadline::after(exchange.clock.as_ref(), Some(Duration::from_millis(1))),
        ..limits()
    };
    let hurried = async {
        let obtained = tokens.token(&exchange, hurried);
        hurried
            .deadline
            .bounded(exchange.clock.as_ref(), obtained)
            .await
    };
    let (failed, patient) = futures_util::future::join(hurried, token(&tokens, &exchange)).await;
    assert!(failed.is_err());
    assert_eq!(patient.unwrap(), "t+1");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_endpoint_is_waited_for_longer_than_a_minute() {
    for (retry_after, requests) in [(None, 8), (Some("0"), 8), (Some("75"), 5), (Some("301"), 1)] {
        let http = FakeHttp::new(move |_, _| {
            let mut response = response(429, "");
            if let Some(value) = retry_after {
                response
                    .headers_mut()
                    .insert("retry-after", value.parse().unwrap());
            }
            Ok(response)
        });
        let log = Arc::new(Log::default());
        let mut exchange = exchange(&http);
        exchange.observers = Arc::new([log.clone()]);
        let error = token(&account_tokens(None), &exchange).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert_eq!(http.requests().len(), requests, "{retry_after:?}");
        let waited = exchange.clock.elapsed();
        assert!(
            requests == 1 || waited >= 60 * SECOND,
            "{retry_after:?} {waited:?}"
        );
        // Every request and every wait is observed.
        let events = log.take();
        assert_eq!(events.len(), 2 * requests - 1);
        assert_eq!(events[0], "accessToken POST /base/api/oauth/token 429");
        assert!(
            events
                .iter()
                .skip(1)
                .step_by(2)
                .all(|event| event == "accessToken waits")
        );
    }
}

/// A network that never responds.
#[derive(Debug)]
struct Silent;

impl HttpClient for Silent {
    fn execute(
        &self,
        _: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_endpoint_is_bounded_by_the_limits_of_the_call() {
    for (total, seconds, said) in [
        (None, 60, "no response within 60 s"),
        (Some(90 * SECOND), 60, "no response within 60 s"),
        (Some(7 * SECOND), 7, "the time limit of the whole call"),
    ] {
        let mut exchange = exchange(&numbered());
        exchange.http = Arc::new(Silent);
        let limits = Limits {
            deadline: Deadline::after(exchange.clock.as_ref(), total),
            ..limits()
        };
        let tokens = account_tokens(None);
        let error = tokens.token(&exchange, limits).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.message().starts_with(said), "{error}");
        let waited = exchange.clock.elapsed().as_secs_f64();
        assert_eq!(waited.round() as u64, seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn other_failures_are_left_to_the_call() {
    let page = "<html>planted</html>";
    let huge = " ".repeat(70_000);
    for (status, body, kind, said) in [
        (400, "", ErrorKind::Unauthorized, "400 Bad Request"),
        (
            401,
            r#"{"error":"invalid_client","error_description":"no such\nclient"}"#,
            ErrorKind::Unauthorized,
            "401 Unauthorized invalid_client: no such client",
        ),
        (
            403,
            r#"{"error":"access_denied"}"#,
            ErrorKind::Unauthorized,
            "access_denied",
        ),
        (
            403,
            r#"{"error":403,"errorCode":"IP_ADDRESS_NOT_ON_ACCESS_LIST"}"#,
            ErrorKind::Unauthorized,
            "IP_ADDRESS_NOT_ON_ACCESS_LIST",
        ),
        (
            401,
            r#"{"error":"echo","detail":"sa_sk_planted"}"#,
            ErrorKind::Unauthorized,
            "401",
        ),
        (404, page, ErrorKind::NotFound, "404 Not Found"),
        (503, page, ErrorKind::Service, "503 Service Unavailable"),
        (
            200,
            page,
            ErrorKind::Decode,
            "not an access token (line 1, column 1)",
        ),
        (200, &huge, ErrorKind::TooLarge, "more than 65536 bytes"),
        (200, r#"{"access_token":""}"#, ErrorKind::Decode, "empty"),
        (
            200,
            r#"{"access_token":"plan\nted"}"#,
            ErrorKind::Decode,
            "cannot be a header",
        ),
    ] {
        let body = body.to_owned();
        let http = FakeHttp::new(move |_, _| Ok(response(status, &body)));
        let error = token(&account_tokens(None), &exchange(&http))
            .await
            .unwrap_err();
        assert_eq!((error.kind(), http.requests().len()), (kind, 1), "{error}");
        assert!(error.to_string().starts_with("accessToken: "), "{error}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(!format!("{error} {error:?}").contains("plan"), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_revoked_and_kept_where_that_fails() {
    let http = FakeHttp::new(|number, _| match number {
        1 => Ok(response(500, "")),
        2 => Ok(response(200, "")),
        number => Ok(granted(number, 3600)),
    });
    let (tokens, exchange) = (account_tokens(None), exchange(&http));
    tokens.revoke(&exchange, limits()).await.unwrap();
    assert!(http.requests().is_empty());
    assert_eq!(token(&tokens, &exchange).await.unwrap(), "t+0");
    let error = tokens.revoke(&exchange, limits()).await.unwrap_err();
    let expected = (ErrorKind::Service, Some("revokeToken"));
    assert_eq!((error.kind(), error.operation()), expected);
    assert_eq!(token(&tokens, &exchange).await.unwrap(), "t+0");
    tokens.revoke(&exchange, limits()).await.unwrap();
    let request = &http.requests()[2];
    assert_eq!(request.uri(), "https://atlas.example/base/api/oauth/revoke");
    assert_eq!(request.body(), "token=t%2B0&token_type_hint=access_token");
    assert!(request.headers()["authorization"].is_sensitive());
    assert_eq!(token(&tokens, &exchange).await.unwrap(), "t+3");
}

/// A store in memory.
#[derive(Debug, Default)]
struct Memory(Mutex<Option<StoredToken>>);

impl Memory {
    fn holds(&self) -> Option<String> {
        let held = self.0.lock().unwrap();
        held.as_ref()
            .map(|stored| stored.secret.expose_secret().to_owned())
    }

    fn put(&self, secret: &str, expires_at: DateTime<Utc>) {
        *self.0.lock().unwrap() = Some(StoredToken {
            secret: secret.into(),
            expires_at,
        });
    }
}

impl TokenStore for Memory {
    fn load(&self, key: &TokenKey) -> Option<StoredToken> {
        assert_eq!(
            (key.client_id.as_str(), key.base_url.as_str()),
            ("mdb_sa_id_1", BASE)
        );
        self.0.lock().unwrap().clone()
    }

    fn save(&self, _: &TokenKey, token: &StoredToken) {
        *self.0.lock().unwrap() = Some(token.clone());
    }

    fn remove(&self, _: &TokenKey) {
        *self.0.lock().unwrap() = None;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stored_token_serves_the_next_run_while_it_is_fresh() {
    let http = numbered();
    let (store, exchange) = (Arc::new(Memory::default()), exchange(&http));
    let run = || account_tokens(Some(store.clone()));
    assert_eq!(token(&run(), &exchange).await.unwrap(), "t+0");
    let expires_at = exchange.clock.now() + TimeDelta::hours(1);
    assert_eq!(
        store.0.lock().unwrap().as_ref().unwrap().expires_at,
        expires_at
    );
    tokio::time::advance(3539 * SECOND).await;
    let later = run();
    assert_eq!(token(&later, &exchange).await.unwrap(), "t+0");
    tokio::time::advance(SECOND).await;
    for tokens in [later, run()] {
        assert_eq!(token(&tokens, &exchange).await.unwrap(), "t+1");
    }
    assert_eq!(
        (http.requests().len(), store.holds().unwrap().as_str()),
        (2, "t+1")
    );
    for expires_at in [DateTime::<Utc>::MIN_UTC, exchange.clock.now()] {
        store.put("expired", expires_at);
        assert_ne!(token(&run(), &exchange).await.unwrap(), "expired");
    }
    store.put("lasting", DateTime::<Utc>::MAX_UTC);
    assert_eq!(token(&run(), &exchange).await.unwrap(), "lasting");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_leaves_the_store_and_a_newer_one_stays() {
    let http = numbered();
    let (store, exchange) = (Arc::new(Memory::default()), exchange(&http));
    let tokens = account_tokens(Some(store.clone()));
    let later = exchange.clock.now() + TimeDelta::hours(1);
    store.put("stored", later);
    let first = tokens.token(&exchange, limits()).await.unwrap();
    assert_eq!(first.header, "Bearer stored");
    tokens.rejected(&first);
    assert_eq!(store.holds(), None);
    // A store that does not forget makes no difference.
    store.put("stored", later);
    let second = tokens.token(&exchange, limits()).await.unwrap();
    assert_eq!(second.header, "Bearer t+0");
    // Another process obtained this one meanwhile.
    store.put("newer", later);
    tokens.rejected(&second);
    assert_eq!(token(&tokens, &exchange).await.unwrap(), "newer");
    // A new run that wants to revoke finds it in the store.
    account_tokens(Some(store.clone()))
        .revoke(&exchange, limits())
        .await
        .unwrap();
    assert_eq!(
        http.requests()[1].body(),
        "token=newer&token_type_hint=access_token"
    );
    assert_eq!(store.holds(), None);
}

/// Provides `p0`, `p1`, ...; then an error, then nothing for ever.
#[derive(Debug, Default)]
struct Provider(std::sync::atomic::AtomicUsize);

impl TokenProvider for Provider {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, Box<dyn StdError + Send + Sync>>> {
        Box::pin(async {
            match self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                number @ 0..=2 => {
                    let token = AccessToken::new(format!("p{number}"));
                    let life = Duration::from_secs(100);
                    Ok(if number == 0 {
                        token.with_expires_in(life)
                    } else {
                        token
                    })
                }
                3 => Err("the vault is sealed".into()),
                _ => std::future::pending().await,
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_asked_when_its_token_is_about_to_expire_or_was_rejected() {
    let http = numbered();
    let exchange = exchange(&http);
    let tokens = Tokens::new(Source::Provider(Arc::new(Provider::default())));
    let all = join_all((0..10).map(|_| token(&tokens, &exchange))).await;
    assert!(all.into_iter().all(|token| token.unwrap() == "p0"));
    tokio::time::advance(89 * SECOND).await;
    assert_eq!(token(&tokens, &exchange).await.unwrap(), "p0");
    tokio::time::advance(SECOND).await;
    let second = tokens.token(&exchange, limits()).await.unwrap();
    assert_eq!(second.header, "Bearer p1");
    tokens.rejected(&second);
    assert_eq!(token(&tokens, &exchange).await.unwrap(), "p2");
    tokens.revoke(&exchange, limits()).await.unwrap();
    // It did not say how long it lives: ten minutes, less a tenth of it, a minute at most.
    tokio::time::advance(540 * SECOND).await;
    let error = token(&tokens, &exchange).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(error.source().unwrap().to_string(), "the vault is sealed");
    let error = token(&tokens, &exchange).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(http.requests().is_empty());
}
