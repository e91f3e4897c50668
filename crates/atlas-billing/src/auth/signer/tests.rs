use std::collections::BTreeSet;

use md5::{Digest, Md5};

use super::*;
use crate::auth::stage::{Reply, Stage, get, seen, signer};

fn unauthorized(challenge: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::WWW_AUTHENTICATE, challenge.parse().unwrap());
    headers
}

/// A challenge as Atlas sends it.
fn atlas(nonce: &str) -> HeaderMap {
    unauthorized(&format!(
        r#"Digest realm="MMS Public API", domain="", nonce="{nonce}", algorithm=MD5, qop="auth", stale=false"#
    ))
}

/// The parameter of a Digest answer.
fn parameter(authorization: &str, name: &str) -> String {
    let parameters = authorization.strip_prefix("Digest ").unwrap();
    let mut pairs = parameters
        .split(", ")
        .filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| *known == name).unwrap();
    value.trim_matches('"').to_owned()
}

fn md5(text: &str) -> String {
    Md5::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test]
async fn digest_asks_once_and_signs_every_later_call_at_once() {
    let stage = Stage::new(|_, _| unreachable!());
    let edge = stage.edge();
    let signer = signer(Credentials::api_key("abcdefgh", "planted"));
    let mut first = get("/orgs?x=%2F&y=1");
    let signed = signer.sign(&edge, &mut first).await.unwrap();
    assert_eq!(seen(&first).authorization, None);
    let again = signer
        .refused(&edge, &signed, &atlas("n+/1"))
        .await
        .unwrap();
    assert_eq!(again, Again::Yes);
    let mut cnonces = BTreeSet::new();
    for count in 1..=3 {
        let mut request = get("/orgs?x=%2F&y=1");
        signer.sign(&edge, &mut request).await.unwrap();
        let request = seen(&request);
        assert!(request.sensitive);
        let authorization = request.authorization.unwrap();
        let read = |name| parameter(&authorization, name);
        assert_eq!(read("nc"), format!("{count:08x}"));
        assert_eq!(read("uri"), "/base/orgs?x=%2F&y=1");
        assert_eq!(read("username"), "abcdefgh");
        let key = md5("abcdefgh:MMS Public API:planted");
        let asked = md5("GET:/base/orgs?x=%2F&y=1");
        let expected = md5(&format!(
            "{key}:n+/1:{}:{}:auth:{asked}",
            read("nc"),
            read("cnonce")
        ));
        assert_eq!(read("response"), expected);
        assert!(!authorization.contains("planted"));
        cnonces.insert(read("cnonce"));
    }
    assert_eq!(cnonces.len(), 3);
    assert!(stage.seen().is_empty());
}

#[tokio::test]
async fn a_wrong_key_is_told_apart_from_a_stale_nonce() {
    let stage = Stage::new(|_, _| unreachable!());
    let edge = stage.edge();
    let signer = signer(Credentials::api_key("abcdefgh", "planted"));
    let sign = async || {
        let mut request = get("/x");
        let signed = signer.sign(&edge, &mut request).await.unwrap();
        (signed, seen(&request).authorization.unwrap_or_default())
    };
    let (first, _) = sign().await;
    assert_eq!(
        signer.refused(&edge, &first, &atlas("1")).await.unwrap(),
        Again::Yes
    );
    let (fresh, _) = sign().await;
    assert_eq!(
        signer.refused(&edge, &fresh, &atlas("2")).await.unwrap(),
        Again::No
    );
    let (second, authorization) = sign().await;
    assert_eq!(parameter(&authorization, "nonce"), "2");
    let stale = unauthorized("Digest realm=r, qop=auth, nonce=3, stale=true");
    assert_eq!(
        signer.refused(&edge, &second, &stale).await.unwrap(),
        Again::Yes
    );
    let (_, authorization) = sign().await;
    assert_eq!(parameter(&authorization, "nonce"), "3");
    assert_eq!(parameter(&authorization, "nc"), "00000001");
}

#[tokio::test]
async fn a_digest_that_is_not_spoken_is_said_and_no_digest_is_the_end() {
    let stage = Stage::new(|_, _| unreachable!());
    let edge = stage.edge();
    let signer = signer(Credentials::api_key("abcdefgh", "planted"));
    let signed = signer.sign(&edge, &mut get("/x")).await.unwrap();
    let sha512 = unauthorized("Bearer, Digest qop=auth, nonce=n, algorithm=SHA-512-256");
    let error = signer.refused(&edge, &signed, &sha512).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(error.to_string().contains("SHA-512-256"), "{error}");
    for challenge in ["Bearer", "Basic realm=x"] {
        let headers = unauthorized(challenge);
        assert_eq!(
            signer.refused(&edge, &signed, &headers).await.unwrap(),
            Again::No
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_signs_and_renews_what_was_refused() {
    let stage = Stage::new(|number, _| Reply::token(&format!("planted{number}"), 3600));
    let edge = stage.edge();
    let signer = signer(Credentials::service_account("id", "secret"));
    let mut request = get("/x");
    let first = signer.sign(&edge, &mut request).await.unwrap();
    assert_eq!(seen(&request).authorization.unwrap(), "Bearer planted0");
    assert!(seen(&request).sensitive);
    // Two calls that were signed with the same token and refused renew it once.
    let second = signer.sign(&edge, &mut request).await.unwrap();
    for signed in [&first, &second] {
        let again = signer
            .refused(&edge, signed, &HeaderMap::new())
            .await
            .unwrap();
        assert_eq!(again, Again::Yes);
        signer.sign(&edge, &mut request).await.unwrap();
        assert_eq!(seen(&request).authorization.unwrap(), "Bearer planted1");
    }
    assert_eq!(stage.seen().len(), 2);
    assert!(!format!("{signer:?} {first:?}").contains("planted"));
}

#[tokio::test]
async fn a_ready_token_is_sent_and_not_renewed() {
    let stage = Stage::new(|_, _| unreachable!());
    let edge = stage.edge();
    let signer = signer(Credentials::bearer("planted"));
    let mut request = get("/x");
    let signed = signer.sign(&edge, &mut request).await.unwrap();
    assert_eq!(seen(&request).authorization.unwrap(), "Bearer planted");
    let again = signer.refused(&edge, &signed, &atlas("n")).await.unwrap();
    assert_eq!(again, Again::No);
    signer.revoke(&edge).await.unwrap();
    assert!(!format!("{signer:?}").contains("planted"));
}

#[tokio::test]
async fn no_one_leaves_requests_alone() {
    let stage = Stage::new(|_, _| unreachable!());
    let edge = stage.edge();
    let signer = signer(Credentials::none());
    let mut request = get("/x");
    *request.url_mut() = "https://elsewhere.example/".parse().unwrap();
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, "Other x".parse().unwrap());
    let signed = signer.sign(&edge, &mut request).await.unwrap();
    assert_eq!(seen(&request).authorization.unwrap(), "Other x");
    let again = signer.refused(&edge, &signed, &atlas("n")).await.unwrap();
    assert_eq!(again, Again::No);
}

#[tokio::test(start_paused = true)]
async fn no_other_origin_gets_a_credential() {
    let stage = Stage::new(|_, _| Reply::token("planted", 3600));
    let edge = stage.edge();
    for credentials in [
        Credentials::api_key("abcdefgh", "planted"),
        Credentials::service_account("id", "planted"),
        Credentials::bearer("planted"),
    ] {
        let signer = signer(credentials);
        for url in ["https://elsewhere.example/", "http://atlas.example/base"] {
            let mut request = get("/x");
            *request.url_mut() = url.parse().unwrap();
            let error = signer.sign(&edge, &mut request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(seen(&request).authorization, None);
            assert!(!format!("{error} {error:?}").contains("planted"));
        }
    }
    assert!(stage.seen().is_empty());
}
