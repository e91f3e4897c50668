use std::collections::BTreeSet;

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

/// What to sign again with.
fn again(refused: Result<Again>) -> Anew {
    match refused.unwrap() {
        Again::Yes(anew) => anew,
        Again::No => panic!("not worth it"),
    }
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
    format!("{:x}", md5::compute(text))
}

#[tokio::test]
async fn digest_asks_once_and_signs_every_later_call_at_once() {
    let stage = Stage::new(|_, _| unreachable!());
    let edge = stage.edge();
    let signer = signer(Credentials::api_key("abcdefgh", "planted"));
    let mut first = get("/orgs?x=%2F&y=1");
    let signed = signer.sign(&edge, &mut first).await.unwrap();
    assert_eq!(seen(&first).authorization, None);
    let mut anew = Some(again(signer.refused(&edge, &signed, &atlas("n+/1")).await));
    let mut cnonces = BTreeSet::new();
    for count in 1..=3 {
        let mut request = get("/orgs?x=%2F&y=1");
        match anew.take() {
            Some(anew) => signer.sign_again(&edge, &mut request, anew).await.unwrap(),
            None => signer.sign(&edge, &mut request).await.unwrap(),
        };
        let request = seen(&request);
        assert!(request.sensitive);
        let authorization = request.authorization.unwrap();
        let read = |name| parameter(&authorization, name);
        assert_eq!(read("nc"), format!("{count:08x}"));
        assert_eq!(read("uri"), "/base/orgs?x=%2F&y=1");
        assert_eq!(read("username"), "abcdefgh");
        let key = md5("abcdefgh:MMS Public API:planted");
        let asked = md5("GET:/base/orgs?x=%2F&y=1");
        let (nc, cnonce) = (read("nc"), read("cnonce"));
        let expected = md5(&format!("{key}:n+/1:{nc}:{cnonce}:auth:{asked}"));
        assert_eq!(read("response"), expected);
        assert!(!authorization.contains("planted"));
        cnonces.insert(cnonce);
    }
    assert_eq!(cnonces.len(), 3);
    assert!(stage.seen().is_empty());
}

#[tokio::test]
async fn a_wrong_key_is_told_apart_from_a_stale_nonce() {
    let stage = Stage::new(|_, _| unreachable!());
    let edge = stage.edge();
    let signer = signer(Credentials::api_key("abcdefgh", "planted"));
    let mut request = get("/x");
    let first = signer.sign(&edge, &mut request).await.unwrap();
    let anew = again(signer.refused(&edge, &first, &atlas("1")).await);
    let fresh = signer.sign_again(&edge, &mut request, anew).await.unwrap();
    let refused = signer.refused(&edge, &fresh, &atlas("2")).await.unwrap();
    assert!(matches!(refused, Again::No));
    drop(fresh);
    let second = signer.sign(&edge, &mut request).await.unwrap();
    let stale = unauthorized("Digest realm=r, qop=auth, nonce=3, stale=true");
    let anew = again(signer.refused(&edge, &second, &stale).await);
    signer.sign_again(&edge, &mut request, anew).await.unwrap();
    let authorization = seen(&request).authorization.unwrap();
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
        let refused = signer.refused(&edge, &signed, &headers).await.unwrap();
        assert!(matches!(refused, Again::No));
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
        let anew = again(signer.refused(&edge, signed, &HeaderMap::new()).await);
        signer.sign_again(&edge, &mut request, anew).await.unwrap();
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
    let refused = signer.refused(&edge, &signed, &atlas("n")).await.unwrap();
    assert!(matches!(refused, Again::No));
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
    let refused = signer.refused(&edge, &signed, &atlas("n")).await.unwrap();
    assert!(matches!(refused, Again::No));
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
