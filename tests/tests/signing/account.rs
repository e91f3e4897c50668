//! Service accounts: access tokens. The stand-in knows which it gave out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use atlas_billing::{
    ClientBuilder, Credentials, ErrorKind, RetryPolicy, StoredToken, TokenKey, TokenStore,
};
use atlas_billing_mock::{
    CLIENT_ID, CLIENT_SECRET, ExpiresIn, Fault, On, Operation, PRIVATE_KEY, PUBLIC_KEY, Scenario,
    SignIn, StandIn,
};

use crate::{
    builder, call, client, clock, http2_client, hundred_calls, stand_in, started, statuses,
};

fn account() -> SignIn {
    SignIn::service_account(CLIENT_ID, CLIENT_SECRET)
}

fn credentials() -> Credentials {
    Credentials::service_account(CLIENT_ID, CLIENT_SECRET)
}

/// How often an operation was requested.
fn count(stand_in: &StandIn, operation: Operation) -> usize {
    let requests = stand_in.requests();
    requests
        .iter()
        .filter(|request| request.operation == operation)
        .count()
}

/// The bearer tokens of the calls, in order.
fn tokens(stand_in: &StandIn) -> Vec<String> {
    let requests = stand_in.requests();
    let sent = requests
        .iter()
        .filter_map(|request| request.header("authorization"));
    sent.filter_map(|value| Some(value.strip_prefix("Bearer ")?.to_owned()))
        .collect()
}

#[tokio::test]
async fn a_token_is_requested_as_documented_and_kept() {
    let stand_in = stand_in(account()).await;
    let client = client(&stand_in, credentials());
    for _ in 0..3 {
        call(&client).await.unwrap();
    }
    let requests = stand_in.requests();
    assert_eq!(statuses(&requests), [200; 4]);
    let request = &requests[0];
    assert_eq!(
        (request.method(), request.path()),
        ("POST", "/api/oauth/token")
    );
    assert_eq!(request.query(), None);
    assert_eq!(request.body(), b"grant_type=client_credentials");
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(request.header("accept"), Some("application/json"));
    let basic = request.header("authorization").unwrap();
    assert!(
        basic.starts_with("Basic ") && !basic.contains('%'),
        "{basic}"
    );
    let user_agent = request.header("user-agent");
    assert!(user_agent.is_some() && user_agent == requests[1].header("user-agent"));
    let tokens = tokens(&stand_in);
    assert!(tokens.len() == 3 && tokens.iter().all(|token| *token == tokens[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_first_calls_make_one_token_request() {
    for speak in [client, http2_client] {
        let stand_in = stand_in(account()).await;
        hundred_calls(&speak(&stand_in, credentials())).await;
        assert_eq!(count(&stand_in, Operation::Token), 1);
        assert_eq!(count(&stand_in, Operation::Invoices), 100);
    }
}

#[tokio::test]
async fn a_rejected_token_is_replaced_once() {
    let stand_in = stand_in(account().token_uses(2)).await;
    let client = client(&stand_in, credentials());
    for _ in 0..4 {
        call(&client).await.unwrap();
    }
    let requests = stand_in.requests();
    // The third call meets a token that is used up: rejected, replaced, sent again.
    assert_eq!(statuses(&requests), [200, 200, 200, 401, 200, 200, 200]);
    assert_eq!(requests[4].operation, Operation::Token);
}

#[tokio::test]
async fn a_token_that_never_works_ends_the_call() {
    let stand_in = stand_in(account().token_uses(0)).await;
    let client = client(&stand_in, credentials());
    let error = call(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(statuses(&stand_in.requests()), [200, 401, 200, 401]);
}

#[tokio::test]
async fn a_token_that_is_about_to_expire_is_not_used_again() {
    // Valid for 0 seconds, it serves the call that obtained it alone.
    let stand_in = stand_in(account().token_life(Duration::from_millis(900))).await;
    let client = client(&stand_in, credentials());
    for _ in 0..2 {
        call(&client).await.unwrap();
    }
    assert_eq!(count(&stand_in, Operation::Token), 2);
    let tokens = tokens(&stand_in);
    assert_ne!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn a_throttled_token_endpoint_is_waited_for_longer_than_a_minute() {
    for retry_after in [None, Some("0".to_owned()), Some("61".to_owned())] {
        let busy = Fault::RateLimited { retry_after };
        let scenario = Scenario::builder()
            .sign_in(account())
            .fault(On::operation(Operation::Token), busy);
        let stand_in = started(scenario.build()).await;
        let clock = Arc::new(clock());
        // The quota's minute is waited for whatever the policy of the calls.
        let builder = builder(&stand_in, credentials()).retry(RetryPolicy::none());
        let client = builder.clock(clock.clone()).build().unwrap();
        let error = call(&client).await.unwrap_err();
        let expected = (ErrorKind::RateLimited, Some("accessToken"));
        assert_eq!((error.kind(), error.operation()), expected);
        let waited: Duration = clock.waits().iter().sum();
        assert!(waited >= Duration::from_secs(60), "{waited:?}");
        let requests = count(&stand_in, Operation::Token);
        assert!((2..=8).contains(&requests), "{requests}");
        assert_eq!(
            (error.attempts() as usize, stand_in.requests().len()),
            (requests, requests)
        );
    }
}

#[tokio::test]
async fn a_busy_token_endpoint_is_retried() {
    let busy = [
        Fault::RateLimited {
            retry_after: Some("75".to_owned()),
        },
        Fault::RateLimited { retry_after: None },
        Fault::Gateway(503),
    ];
    let scenario = Scenario::builder()
        .sign_in(account())
        .faults(Operation::Token, busy);
    let stand_in = started(scenario.build()).await;
    let clock = Arc::new(clock());
    let client = builder(&stand_in, credentials())
        .clock(clock.clone())
        .build()
        .unwrap();
    call(&client).await.unwrap();
    assert_eq!(statuses(&stand_in.requests()), [429, 429, 503, 200, 200]);
    // Not earlier than it was told, nor than the policy's own shortest wait.
    let waits = clock.waits();
    assert!(waits[0] >= Duration::from_secs(75), "{waits:?}");
    assert!(waits[1] >= Duration::from_secs(4), "{waits:?}");
}

#[tokio::test]
async fn what_the_token_endpoint_responds_is_told() {
    let many = SignIn::service_account(CLIENT_ID, CLIENT_SECRET).live_tokens(0);
    let wrong = SignIn::service_account(CLIENT_ID, "another");
    let login_page = Scenario::builder().sign_in(account());
    for (scenario, kind, said) in [
        (
            Scenario::builder().sign_in(wrong),
            ErrorKind::Unauthorized,
            "accessToken: the service responded 401",
        ),
        (
            Scenario::builder().sign_in(many),
            ErrorKind::Unauthorized,
            "403 Forbidden access_denied",
        ),
        (
            login_page.faults(Operation::Token, [Fault::Html]),
            ErrorKind::Decode,
            "the response is not an access token",
        ),
    ] {
        let stand_in = started(scenario.build()).await;
        let error = call(&client(&stand_in, credentials())).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(
            !format!("{error} {error:?}").contains(CLIENT_SECRET),
            "{error:?}"
        );
        assert_eq!(stand_in.requests().len(), 1);
        let advice = error.help().unwrap();
        assert_eq!(
            advice.contains("live access tokens"),
            said.contains("access_denied")
        );
    }
}

#[tokio::test]
async fn how_long_a_token_lives_may_be_text_or_missing() {
    for form in [ExpiresIn::Number, ExpiresIn::Text, ExpiresIn::Missing] {
        let stand_in = stand_in(account().expires_in(form)).await;
        let client = client(&stand_in, credentials());
        for _ in 0..3 {
            call(&client).await.unwrap();
        }
        assert_eq!(statuses(&stand_in.requests()), [200; 4]);
    }
}

#[tokio::test]
async fn a_token_is_revoked_and_another_one_obtained() {
    let stand_in = stand_in(account()).await;
    let client = client(&stand_in, credentials());
    client.revoke_token().await.unwrap();
    assert!(stand_in.requests().is_empty());
    call(&client).await.unwrap();
    client.revoke_token().await.unwrap();
    let first = tokens(&stand_in).remove(0);
    let with_the_old = crate::client(&stand_in, Credentials::bearer(first.clone()));
    let error = call(&with_the_old).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    call(&client).await.unwrap();
    assert_eq!(count(&stand_in, Operation::Revoke), 1);
    assert_eq!(count(&stand_in, Operation::Token), 2);
    assert_ne!(tokens(&stand_in).pop(), Some(first));
}

/// A store that several runs share.
#[derive(Debug, Default)]
struct Shared(Mutex<Option<(TokenKey, StoredToken)>>);

impl TokenStore for Shared {
    fn load(&self, key: &TokenKey) -> Option<StoredToken> {
        let held = self.0.lock().unwrap();
        held.as_ref()
            .filter(|(known, _)| known == key)
            .map(|(_, token)| token.clone())
    }

    fn save(&self, key: &TokenKey, token: &StoredToken) {
        *self.0.lock().unwrap() = Some((key.clone(), token.clone()));
    }

    fn remove(&self, _: &TokenKey) {
        *self.0.lock().unwrap() = None;
    }
}

#[tokio::test]
async fn runs_that_share_a_store_use_up_one_token() {
    let stand_in = stand_in(account().live_tokens(1)).await;
    let store = Arc::new(Shared::default());
    let run = || {
        builder(&stand_in, credentials())
            .token_store(store.clone())
            .build()
            .unwrap()
    };
    for _ in 0..12 {
        call(&run()).await.unwrap();
    }
    assert_eq!(count(&stand_in, Operation::Token), 1);
    let (key, _) = store.0.lock().unwrap().clone().unwrap();
    assert_eq!(
        (key.client_id, key.base_url),
        (CLIENT_ID.to_owned(), stand_in.base_url())
    );
    run().revoke_token().await.unwrap();
    assert!(store.0.lock().unwrap().is_none());
    call(&run()).await.unwrap();
    assert_eq!(count(&stand_in, Operation::Token), 2);
}

#[tokio::test]
async fn a_ready_token_is_sent_as_it_is() {
    let stand_in = stand_in(SignIn::bearer("made.up-token_1")).await;
    call(&client(&stand_in, Credentials::bearer("made.up-token_1")))
        .await
        .unwrap();
    let wrong = client(&stand_in, Credentials::bearer("planted"));
    let error = call(&wrong).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(
        !format!("{error} {error:?}").contains("planted"),
        "{error:?}"
    );
    assert_eq!(statuses(&stand_in.requests()), [200, 401]);
    assert_eq!(tokens(&stand_in), ["made.up-token_1", "planted"]);
}

#[tokio::test]
async fn credentials_in_variables_are_found() {
    let sign_in = SignIn::api_key(PUBLIC_KEY, PRIVATE_KEY)
        .and_service_account(CLIENT_ID, CLIENT_SECRET)
        .and_bearer("made.up");
    let stand_in = stand_in(sign_in).await;
    let token = [("ACCESS_TOKEN", "made.up"), ("CLIENT_ID", "x")];
    let account = [("CLIENT_ID", CLIENT_ID), ("CLIENT_SECRET", CLIENT_SECRET)];
    let key = [
        ("PUBLIC_API_KEY", PUBLIC_KEY),
        ("PRIVATE_API_KEY", PRIVATE_KEY),
    ];
    let short = [("PUBLIC_KEY", PUBLIC_KEY), ("PRIVATE_KEY", PRIVATE_KEY)];
    for (variables, scheme) in [
        (token, "Bearer made.up"),
        (account, "Bearer mdb."),
        (key, "Digest "),
        (short, "Digest "),
    ] {
        let variable = |name: &str| {
            let name = name.strip_prefix("MONGODB_ATLAS_")?;
            if name == "BASE_URL" {
                return Some(stand_in.base_url());
            }
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let builder = ClientBuilder::from_variables(&variable).unwrap();
        call(&builder.build().unwrap()).await.unwrap();
        let requests = stand_in.requests();
        let sent = requests.last().unwrap().header("authorization").unwrap();
        assert!(sent.starts_with(scheme), "{sent}");
    }
}
