//! API keys: HTTP Digest. The stand-in computes every hash itself, so a 200 means a right one.

use std::collections::BTreeSet;

use atlas_billing::{Credentials, ErrorKind};
use atlas_billing_mock::{
    DigestAlgorithm, Fault, ORG_ID, On, Operation, PRIVATE_KEY, PUBLIC_KEY, RecordedRequest,
    Scenario, SignIn,
};

use crate::{call, client, http2_client, hundred_calls, stand_in, started, statuses};

fn key() -> SignIn {
    SignIn::api_key(PUBLIC_KEY, PRIVATE_KEY)
}

fn credentials() -> Credentials {
    Credentials::api_key(PUBLIC_KEY, PRIVATE_KEY)
}

/// A parameter of a request's Digest response, without its quotes.
fn parameter(request: &RecordedRequest, name: &str) -> Option<String> {
    let parameters = request.header("authorization")?.strip_prefix("Digest ")?;
    let mut pairs = parameters
        .split(", ")
        .filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| *known == name)?;
    Some(value.trim_matches('"').to_owned())
}

fn all(requests: &[RecordedRequest], name: &str) -> Vec<Option<String>> {
    requests
        .iter()
        .map(|request| parameter(request, name))
        .collect()
}

#[tokio::test]
async fn each_call_after_the_first_is_one_request() {
    use DigestAlgorithm::{Md5, Sha256};
    let offers: [(&[DigestAlgorithm], &str); 4] = [
        (&[Md5], "MD5"),
        (&[Sha256], "SHA-256"),
        (&[Md5, Sha256], "SHA-256"),
        (&[Sha256, Md5], "SHA-256"),
    ];
    for (offered, taken) in offers {
        let plain = (key(), client as fn(&_, _) -> _);
        for (sign_in, speak) in [plain, (key().offering_bearer(), http2_client)] {
            let stand_in = stand_in(sign_in.algorithms(offered.iter().copied())).await;
            let client = speak(&stand_in, credentials());
            for _ in 0..4 {
                call(&client).await.unwrap();
            }
            let requests = stand_in.requests();
            assert_eq!(statuses(&requests), [401, 200, 200, 200, 200]);
            assert_eq!(requests[0].header("authorization"), None);
            let signed = &requests[1..];
            let counts = ["00000001", "00000002", "00000003", "00000004"];
            assert_eq!(
                all(signed, "nc"),
                counts.map(|count| Some(count.to_owned()))
            );
            for request in signed {
                assert_eq!(parameter(request, "algorithm").as_deref(), Some(taken));
                assert_eq!(parameter(request, "nonce"), parameter(&signed[0], "nonce"));
                assert_eq!(parameter(request, "uri").as_deref(), Some(request.path()));
            }
            let cnonces: BTreeSet<_> = all(signed, "cnonce").into_iter().collect();
            assert_eq!(cnonces.len(), signed.len());
        }
    }
}

#[tokio::test]
async fn the_query_is_signed_and_a_body_is_sent_again() {
    let stand_in = stand_in(key()).await;
    let client = client(&stand_in, credentials());
    let raw = client.raw();
    let listed = raw.list_org_invoices().org_id(ORG_ID).items_per_page(7);
    listed.send().await.unwrap();
    let requests = stand_in.requests();
    assert_eq!(statuses(&requests), [401, 200]);
    let uri = parameter(&requests[1], "uri");
    assert_eq!(uri.as_deref(), Some(&*requests[1].request.target));
    assert!(
        requests[1]
            .query()
            .is_some_and(|query| query.contains("itemsPerPage=7"))
    );

    let raw = crate::client(&stand_in, credentials()).raw();
    stand_in.forget_requests();
    let created = raw
        .create_cost_explorer_query_process()
        .org_id(ORG_ID)
        .body_map(|body| {
            let date = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
            body.start_date(date("2025-01-01"))
                .end_date(date("2025-02-01"))
        });
    created.send().await.unwrap();
    let requests = stand_in.requests();
    assert_eq!(statuses(&requests), [401, 202]);
    assert!(requests[0].json().is_some());
    assert_eq!(requests[0].body(), requests[1].body());
    assert_eq!(requests[1].method(), "POST");
}

#[tokio::test]
async fn a_stale_nonce_costs_one_request_more() {
    let stand_in = stand_in(key().nonce_uses(3)).await;
    let client = client(&stand_in, credentials());
    for _ in 0..7 {
        call(&client).await.unwrap();
    }
    let requests = stand_in.requests();
    let expected = [401, 200, 200, 200, 401, 200, 200, 200, 401, 200];
    assert_eq!(statuses(&requests), expected);
    let counts: Vec<u32> = all(&requests[1..], "nc")
        .into_iter()
        .map(|count| u32::from_str_radix(&count.unwrap(), 16).unwrap())
        .collect();
    assert_eq!(counts, [1, 2, 3, 4, 1, 2, 3, 4, 1]);
}

#[tokio::test]
async fn nonces_that_are_stale_at_once_are_followed_and_never_blamed_on_the_key() {
    let stale = |count| {
        let signed = On::operation(Operation::Invoices).signed();
        let on = if count == 0 {
            signed
        } else {
            signed.first(count)
        };
        let scenario = Scenario::builder()
            .sign_in(key())
            .fault(on, Fault::StaleNonce);
        started(scenario.build())
    };
    for count in 1..=3 {
        let stand_in = stale(count).await;
        let client = client(&stand_in, credentials());
        call(&client).await.unwrap();
        let requests = stand_in.requests();
        assert_eq!(requests.len() as u64, count + 2);
        let nonces: BTreeSet<_> = all(&requests[1..], "nonce").into_iter().collect();
        assert_eq!(nonces.len() as u64, count + 1);
        // The nonce that was accepted is kept.
        call(&client).await.unwrap();
        assert_eq!(stand_in.requests().len() as u64, count + 3);
    }
    let stand_in = stale(0).await;
    let error = call(&client(&stand_in, credentials())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(
        error.message().contains("nonces") && !error.is_unauthorized(),
        "{error}"
    );
    let advice = error.help().unwrap_or_default();
    assert!(!advice.contains("key"), "{advice}");
    assert_eq!(stand_in.requests().len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_at_once_never_share_a_count() {
    for speak in [client, http2_client] {
        // This server rejects a count that is not higher than the last: the strictest there is.
        let stand_in = stand_in(key()).await;
        let client = speak(&stand_in, credentials());
        for _ in 0..2 {
            hundred_calls(&client).await;
        }
        let requests = stand_in.requests();
        let places: Vec<_> = requests
            .iter()
            .filter_map(|request| Some((parameter(request, "nonce")?, parameter(request, "nc")?)))
            .collect();
        let distinct: BTreeSet<_> = places.iter().collect();
        assert_eq!(distinct.len(), places.len());
        let taken = requests.iter().filter(|request| request.status == 200);
        assert_eq!(taken.count(), 200);
        let sent = requests.len();
        assert!(sent <= 400, "{sent} requests for 200 calls");
    }
}

#[tokio::test]
async fn a_wrong_key_ends_after_the_second_request() {
    let stand_in = stand_in(key()).await;
    let client = client(
        &stand_in,
        Credentials::api_key(PUBLIC_KEY, "planted-secret"),
    );
    for calls in 1..=2 {
        let error = call(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
        assert!(
            !format!("{error} {error:?} {client:?}").contains("planted"),
            "{error:?}"
        );
        assert_eq!(stand_in.requests().len(), 2 * calls);
    }
    for request in stand_in.requests() {
        let sent = request.header("authorization").unwrap_or_default();
        assert!(!sent.contains("planted"), "{sent}");
    }
}
