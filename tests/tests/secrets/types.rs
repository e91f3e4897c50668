//! Every public type that has met credentials or a response, printed after planted secrets were
//! used.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atlas_billing::edge::BoxFuture;
use atlas_billing::*;
use atlas_billing_mock::{ORG_ID, Ready, Scenario, StandIn};
use atlas_billing_tests::clock::WaitClock;
use atlas_billing_tests::planted::{self, BEARER, CLIENT_ID, CLIENT_SECRET, Identity, PRIVATE_KEY};
use atlas_billing_tests::protocol::Protocol;

/// Keeps all events and all tokens as text.
#[derive(Debug, Default)]
struct Told(Mutex<String>);

impl Observer for Told {
    fn observe(&self, event: &RequestEvent<'_>) {
        let _ = write!(self.0.lock().unwrap(), "{event:?} {event:#?}");
    }
}

impl TokenStore for Told {
    fn load(&self, key: &TokenKey) -> Option<StoredToken> {
        let _ = write!(self.0.lock().unwrap(), "{key:?}");
        None
    }

    fn save(&self, key: &TokenKey, token: &StoredToken) {
        let _ = write!(self.0.lock().unwrap(), "{key:?} {token:?}");
    }

    fn remove(&self, _: &TokenKey) {}
}

impl TokenProvider for Told {
    fn token(
        &self,
    ) -> BoxFuture<'_, Result<AccessToken, Box<dyn std::error::Error + Send + Sync>>> {
        Box::pin(async {
            let token = AccessToken::new(BEARER).with_expires_in(Duration::from_secs(60));
            let _ = write!(self.0.lock().unwrap(), "{token:?}");
            Ok(token)
        })
    }
}

/// Panics if `value` shows a secret.
#[track_caller]
fn check(value: &dyn Debug) {
    check_text(&format!("{value:?} {value:#?}"));
}

#[track_caller]
fn check_text(text: &str) {
    assert!(!text.is_empty());
    assert_eq!(planted::in_text(text), None, "{text}");
}

#[tokio::test]
async fn no_public_type_shows_a_secret() {
    for protocol in Protocol::BOTH {
        for identity in Identity::ALL {
            show(identity.credentials(), identity, protocol, Arc::default()).await;
        }
        let told = Arc::new(Told::default());
        let provided = Credentials::provider(told.clone());
        show(provided, Identity::Bearer, protocol, told).await;
    }
    for credentials in [
        Credentials::api_key("kpublicx", PRIVATE_KEY),
        Credentials::service_account(CLIENT_ID, CLIENT_SECRET),
        Credentials::bearer(BEARER),
    ] {
        check(&credentials);
        check(&Client::builder(credentials));
    }
    check(&Secret::new(PRIVATE_KEY));
}

async fn show(credentials: Credentials, identity: Identity, protocol: Protocol, told: Arc<Told>) {
    let scenario = Scenario::builder()
        .today("2025-03-09".parse().unwrap())
        .sign_in(identity.sign_in())
        .ready(Ready::AfterPolls(1));
    let stand_in = StandIn::start(scenario.build()).await.unwrap();
    let builder = Client::builder(credentials)
        .base_url(stand_in.base_url())
        .clock(Arc::new(WaitClock::without_silence(
            [10, 60].map(Duration::from_secs),
        )))
        .observer(told.clone())
        .token_store(told.clone());
    let builder = protocol.on(builder);
    check(&builder);
    let client = builder.build().unwrap();
    let org = client.org(ORG_ID.parse().unwrap());

    // From here on the client has a token, or a challenge.
    let request = org.costs("2025-01..2025-02".parse::<Months>().unwrap());
    check(&request);
    let mut query = request.start().await.unwrap();
    check(&query);
    let attempt = query.next().await.unwrap().unwrap();
    check(&attempt);
    check(&query.await.unwrap());
    for value in [&client as &dyn Debug, &org, &client.raw()] {
        check(value);
    }
    check(&client.raw_with(Form::Csv, &CallOptions::new()));

    let request = org.current_invoice();
    check(&request);
    check(&request.clone().csv().await.unwrap());
    let mut items = request.clone().line_items().await.unwrap();
    check(&items);
    check(&items.next().await.unwrap().unwrap());
    check(&request.await.unwrap());
    let list = org.invoices();
    check(&list);
    let mut stream = list.stream();
    check(&stream.next().await.unwrap().unwrap());
    check(&stream);

    // A failure, with all that it holds.
    let unknown = org.resume("f".repeat(64).parse().unwrap());
    let error = unknown.await.unwrap_err();
    check(&error);
    check(&error.clone());
    check_text(&error.to_string());
    check(&error.poll());
    check(&error.meta());
    client.revoke_token().await.unwrap();
    check_text(&told.0.lock().unwrap());
}
