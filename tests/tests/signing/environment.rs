//! A client out of environment variables, as far as the stand-in.

use atlas_billing::ClientBuilder;
use atlas_billing_mock::{CLIENT_ID, CLIENT_SECRET, PRIVATE_KEY, PUBLIC_KEY, SignIn};

use crate::{call, stand_in};

#[tokio::test]
async fn each_way_of_signing_in_is_found() {
    let sign_in = SignIn::api_key(PUBLIC_KEY, PRIVATE_KEY)
        .and_service_account(CLIENT_ID, CLIENT_SECRET)
        .and_bearer("made.up");
    let stand_in = stand_in(sign_in).await;
    let base_url = stand_in.base_url();
    for (variables, scheme) in [
        (
            &[("ACCESS_TOKEN", "made.up"), ("CLIENT_ID", "x")][..],
            "Bearer made.up",
        ),
        (
            &[("CLIENT_ID", CLIENT_ID), ("CLIENT_SECRET", CLIENT_SECRET)],
            "Bearer mdb.",
        ),
        (
            &[
                ("PUBLIC_API_KEY", PUBLIC_KEY),
                ("PRIVATE_API_KEY", PRIVATE_KEY),
            ],
            "Digest ",
        ),
        (
            &[("PUBLIC_KEY", PUBLIC_KEY), ("PRIVATE_KEY", PRIVATE_KEY)],
            "Digest ",
        ),
    ] {
        let variable = |name: &str| {
            let name = name.strip_prefix("MONGODB_ATLAS_")?;
            if name == "BASE_URL" {
                return Some(base_url.clone());
            }
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let builder = ClientBuilder::from_variables(&variable).expect("complete");
        call(&builder.build().expect("a client"))
            .await
            .expect("signed in");
        let requests = stand_in.requests();
        let sent = requests
            .last()
            .and_then(|request| request.header("authorization"));
        assert!(
            sent.is_some_and(|sent| sent.starts_with(scheme)),
            "{sent:?}"
        );
    }
}
