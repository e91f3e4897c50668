//! Every request and every wait is observable: by an observer, and as spans and events.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use atlas_billing::{Observer, RequestEvent};
use atlas_billing_mock::{Fault, On, Operation, Ready};
use atlas_billing_tests::planted::Identity;
use atlas_billing_tests::protocol::Protocol;
use atlas_billing_tests::{listen, planted};

use crate::{january, org_of, quick, scenario, stand_in};

/// Keeps a line for each event.
#[derive(Debug, Default)]
struct Lines(Mutex<Vec<String>>);

impl Observer for Lines {
    fn observe(&self, event: &RequestEvent<'_>) {
        let line = match event {
            RequestEvent::Response {
                operation,
                method,
                path,
                meta,
                ..
            } => {
                assert!(!path.contains('?'), "{path}");
                format!("{operation} {method} {}", meta.status().as_u16())
            }
            RequestEvent::Failure {
                operation,
                method,
                error,
                ..
            } => {
                format!("{operation} {method} {}", error.kind())
            }
            RequestEvent::Wait {
                operation,
                error,
                wait,
                ..
            } => {
                assert!(*wait < Duration::from_secs(1), "{wait:?}");
                let why = error.map_or("not_ready", |error| error.kind().as_str());
                format!("{operation} wait {why}")
            }
            other => format!("{other:?}"),
        };
        assert_eq!(planted::in_text(&format!("{event:?}")), None);
        self.0.lock().unwrap().push(line);
    }
}

#[tokio::test]
async fn each_request_and_each_wait_is_observed() {
    let heard = listen::to_everything();
    for protocol in Protocol::BOTH {
        let scenario = scenario()
            .sign_in(Identity::Account.sign_in())
            .ready(Ready::AfterPolls(2))
            .fault(On::operation(Operation::Token).nth(1), Fault::Status(503))
            .fault(
                On::operation(Operation::CreateQuery).nth(1),
                Fault::Gateway(502),
            )
            .fault(On::operation(Operation::Poll).nth(2), Fault::Bare(504));
        let stand_in = stand_in(scenario).await;
        let lines = Arc::new(Lines::default());
        let builder = quick(Some(Identity::Account), &stand_in.base_url()).observer(lines.clone());
        let client = protocol.on(builder).build().unwrap();
        let org = client.org(atlas_billing_mock::ORG_ID.parse().unwrap());
        let _ = org.costs(january()).csv().await.unwrap();
        client.revoke_token().await.unwrap();
        let poll = |what: &str| format!("getCostExplorerQueryProcess {what}");
        let create = |what: &str| format!("createCostExplorerQueryProcess {what}");
        let expected = [
            "accessToken POST 503".to_owned(),
            create("wait service"),
            "accessToken POST 200".to_owned(),
            create("POST 502"),
            create("wait service"),
            create("POST 202"),
            poll("GET 200"),
            poll("wait not_ready"),
            poll("GET 504"),
            poll("wait service"),
            poll("GET 200"),
            poll("wait not_ready"),
            poll("GET 200"),
            poll("GET 200"),
            "revokeToken POST 200".to_owned(),
        ];
        assert_eq!(*lines.0.lock().unwrap(), expected, "{protocol}");
        assert_eq!(stand_in.requests().len(), 10, "each of them was observed");
    }

    // No connection is an event, too.
    let lines = Arc::new(Lines::default());
    let closed = atlas_billing_mock::StandIn::start_refusing(scenario().build())
        .await
        .unwrap();
    let builder = quick(None, &closed.base_url()).observer(lines.clone());
    let org = org_of(Protocol::Http1.on(builder));
    let policy = atlas_billing::RetryPolicy::none();
    org.invoices().retry(policy).await.unwrap_err();
    assert_eq!(*lines.0.lock().unwrap(), ["listOrgInvoices GET connect"]);

    // Spans by OpenTelemetry's conventions for HTTP clients.
    let own = heard.own().join("\n");
    for part in [
        "span atlas_billing.call operation=\"createCostExplorerQueryProcess\"",
        "span http.request",
        "operation=\"accessToken\"",
        "http.request.method=\"POST\"",
        "server.address=\"127.0.0.1\"",
        "server.port=",
        "url.path=\"/api/atlas/v2/orgs/",
        "record http.response.status_code=202",
        "record error.type=\"connect\"",
        "wait_ms=",
    ] {
        assert!(own.contains(part), "{part}\n{own}");
    }
    assert_eq!(heard.leaks(), Vec::<String>::new());
}
