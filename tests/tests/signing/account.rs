//! Service accounts: access tokens. The stand-in knows which it gave out.

use std::time::Duration;

use atlas_billing::{Credentials, ErrorKind};
use atlas_billing_mock::{CLIENT_ID, CLIENT_SECRET, Fault, Operation, Scenario, SignIn, StandIn};

use crate::{call, client, http2_client, hundred_calls, stand_in, started, statuses};

fn account() -> SignIn {
    SignIn::service_account(CLIENT_ID, CLIENT_SECRET)
}

fn credentials() -> Credentials {
    Credentials::service_account(CLIENT_ID, CLIENT_SECRET)
}

/// How often an operation was asked for.
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
async fn a_token_is_asked_for_as_documented_and_kept() {
    let stand_in = stand_in(account()).await;
    let client = client(&stand_in, credentials());
    for _ in 0..3 {
        call(&client).await.expect("signed in");
    }
    let requests = stand_in.requests();
    assert_eq!(statuses(&requests), [200; 4]);
    let asked = &requests[0];
    assert_eq!((asked.method(), asked.path()), ("POST", "/api/oauth/token"));
    assert_eq!(asked.query(), None);
    assert_eq!(asked.body(), b"grant_type=client_credentials");
    assert_eq!(
        asked.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(asked.header("accept"), Some("application/json"));
    let basic = asked.header("authorization").expect("signed");
    assert!(
        basic.starts_with("Basic ") && !basic.contains('%'),
        "{basic}"
    );
    let user_agent = asked.header("user-agent");
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
async fn a_refused_token_is_renewed_once() {
    let stand_in = stand_in(account().token_uses(2)).await;
    let client = client(&stand_in, credentials());
    for _ in 0..4 {
        call(&client).await.expect("signed in");
    }
    let requests = stand_in.requests();
    // The third call meets a token that is used up: refused, renewed, sent again.
    assert_eq!(statuses(&requests), [200, 200, 200, 401, 200, 200, 200]);
    assert_eq!(requests[4].operation, Operation::Token);
}

#[tokio::test]
async fn a_token_that_never_works_ends_the_call() {
    let stand_in = stand_in(account().token_uses(0)).await;
    let client = client(&stand_in, credentials());
    let error = call(&client).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(statuses(&stand_in.requests()), [200, 401, 200, 401]);
}

#[tokio::test]
async fn a_token_that_is_about_to_end_is_not_used_again() {
    // Told to live for 0 seconds, it is good for the call that asked for it alone.
    let stand_in = stand_in(account().token_life(Duration::from_millis(900))).await;
    let client = client(&stand_in, credentials());
    for _ in 0..2 {
        call(&client).await.expect("signed in");
    }
    assert_eq!(count(&stand_in, Operation::Token), 2);
    let tokens = tokens(&stand_in);
    assert_ne!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn a_busy_token_endpoint_is_waited_for() {
    let busy = [
        Fault::RateLimited {
            retry_after: Some("0".to_owned()),
        },
        Fault::RateLimited { retry_after: None },
        Fault::Gateway(503),
    ];
    let scenario = Scenario::builder()
        .sign_in(account())
        .faults(Operation::Token, busy);
    let stand_in = started(scenario.build()).await;
    call(&client(&stand_in, credentials()))
        .await
        .expect("signed in");
    assert_eq!(statuses(&stand_in.requests()), [429, 429, 503, 200, 200]);
}

#[tokio::test]
async fn what_the_token_endpoint_says_is_told() {
    let many = SignIn::service_account(CLIENT_ID, CLIENT_SECRET).live_tokens(0);
    let wrong = SignIn::service_account(CLIENT_ID, "another");
    let login_page = Scenario::builder().sign_in(account());
    for (scenario, kind, said) in [
        (
            Scenario::builder().sign_in(wrong),
            ErrorKind::Unauthorized,
            "the token endpoint answered 401",
        ),
        (
            Scenario::builder().sign_in(many),
            ErrorKind::Unauthorized,
            "access_denied",
        ),
        (
            login_page.faults(Operation::Token, [Fault::Html]),
            ErrorKind::Unreadable,
            "no proxy answers in its place",
        ),
    ] {
        let stand_in = started(scenario.build()).await;
        let error = call(&client(&stand_in, credentials()))
            .await
            .expect_err("refused");
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(
            !format!("{error} {error:?}").contains(CLIENT_SECRET),
            "{error:?}"
        );
        assert_eq!(stand_in.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_token_is_given_back_and_another_one_had() {
    let stand_in = stand_in(account()).await;
    let client = client(&stand_in, credentials());
    client.revoke_token().await.expect("nothing to give back");
    assert!(stand_in.requests().is_empty());
    call(&client).await.expect("signed in");
    client.revoke_token().await.expect("taken");
    let first = tokens(&stand_in).remove(0);
    let with_the_old = crate::client(&stand_in, Credentials::bearer(first.clone()));
    let error = call(&with_the_old).await.expect_err("revoked");
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    call(&client).await.expect("signed in again");
    assert_eq!(count(&stand_in, Operation::Revoke), 1);
    assert_eq!(count(&stand_in, Operation::Token), 2);
    assert_ne!(tokens(&stand_in).pop(), Some(first));
}

#[tokio::test]
async fn a_ready_token_is_sent_as_it_is() {
    let stand_in = stand_in(SignIn::bearer("made.up-token_1")).await;
    call(&client(&stand_in, Credentials::bearer("made.up-token_1")))
        .await
        .expect("signed in");
    let error = call(&client(&stand_in, Credentials::bearer("planted")))
        .await
        .expect_err("wrong");
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(
        !format!("{error} {error:?}").contains("planted"),
        "{error:?}"
    );
    assert_eq!(statuses(&stand_in.requests()), [200, 401]);
    assert_eq!(tokens(&stand_in), ["made.up-token_1", "planted"]);
}
