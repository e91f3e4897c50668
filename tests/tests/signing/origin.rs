//! Where credentials may be sent: to the base URL's origin, and nowhere else.

use atlas_billing::{Client, Credentials, ErrorKind};
use atlas_billing_mock::{Fault, Operation, Scenario};

use crate::{call, client, started};

fn all_credentials() -> [Credentials; 3] {
    [
        Credentials::api_key("kpublicx", "planted"),
        Credentials::service_account("mdb_sa_id_made_up", "planted"),
        Credentials::bearer("planted"),
    ]
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = started(Scenario::default()).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/api/atlas/v2/orgs", elsewhere.base_url());
        let away = Fault::Redirect { status, location };
        for operation in [Operation::Invoices, Operation::Token] {
            let scenario = Scenario::builder().faults(operation, [away.clone()]);
            let stand_in = started(scenario.build()).await;
            let credentials = Credentials::service_account("mdb_sa_id_made_up", "planted");
            let error = call(&client(&stand_in, credentials)).await.unwrap_err();
            let text = error.to_string();
            assert!(text.contains(&status.to_string()), "{text}");
            assert!(
                !format!("{text} {error:?}").contains("planted"),
                "{error:?}"
            );
        }
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn plain_http_only_to_a_host_that_is_allowed_for_it() {
    for credentials in all_credentials() {
        let builder = || Client::builder(credentials.clone()).base_url("http://atlas.example:8080");
        let error = builder().build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(
            error
                .to_string()
                .contains("over plain http to atlas.example"),
            "{error}"
        );
        assert!(
            !format!("{error} {error:?} {:?}", builder()).contains("planted"),
            "{error:?}"
        );
        builder()
            .allow_plain_http("other.example")
            .build()
            .unwrap_err();
    }
    let none = Client::builder(Credentials::none()).base_url("http://atlas.example");
    none.build().unwrap();
}
