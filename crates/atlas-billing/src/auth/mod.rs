//! Authentication: the `Authorization` header of each request, and what a 401 means.

mod challenge;
mod credentials;
mod digest;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod service_account;
mod tokens;

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};

pub use credentials::Credentials;
pub(crate) use credentials::{Kind, OriginRule, is_loopback};
pub use tokens::{AccessToken, StoredToken, TokenKey, TokenProvider, TokenStore};

use crate::error::{Error, ErrorKind, Result};
use crate::exchange::{Exchange, Limits};
use credentials::bearer;
use digest::{ApiKey, DigestChallenge, DigestState, Turn};
use tokens::{Source, Token, Tokens};

/// Puts `Authorization` on requests. One for each client and its clones: it holds the Digest
/// challenge or the access token that they share.
#[derive(Debug)]
pub(crate) struct Signer {
    origin: OriginRule,
    method: Method,
}

#[derive(Debug)]
enum Method {
    Unsigned,
    Digest { key: ApiKey, state: DigestState },
    Bearer(HeaderValue),
    Tokens(Tokens),
}

/// How a request was signed, for [`Signer::refused`].
#[derive(Debug)]
pub(crate) enum Signed {
    /// Not at all, or in the only way that there is.
    Fixed,
    Digest(Turn),
    /// With a token, obtained after a 401 or not.
    Token {
        token: Arc<Token>,
        renewed: bool,
    },
}

/// How a request is signed when it is sent again after a 401.
#[derive(Debug)]
pub(crate) enum Next {
    /// In response to the challenge of the 401.
    Digest(Turn),
    /// With another token.
    Token,
}

impl Signer {
    /// A signer of requests to the one origin that `origin` allows. `store` keeps the access
    /// tokens of a service account.
    ///
    /// # Errors
    /// `Configuration` when the credentials cannot be sent, or would be sent in the clear.
    pub(crate) fn new(
        credentials: Credentials,
        origin: OriginRule,
        store: Option<Arc<dyn TokenStore>>,
    ) -> Result<Self> {
        credentials.check()?;
        origin.check(&credentials)?;
        let method = match credentials.0 {
            Kind::None => Method::Unsigned,
            Kind::ApiKey(key) => Method::Digest {
                key,
                state: DigestState::default(),
            },
            Kind::Bearer(token) => {
                Method::Bearer(bearer(token.expose_secret()).ok_or_else(|| {
                    Error::configuration("the access token cannot be a header's value")
                })?)
            }
            Kind::ServiceAccount(account) => {
                Method::Tokens(Tokens::for_account(&account, &origin, store)?)
            }
            Kind::Provider(provider) => Method::Tokens(Tokens::new(Source::Provider(provider))),
        };
        Ok(Self { origin, method })
    }

    /// Signs `request`, as the last step before it is sent: Digest hashes its method, path and
    /// query. Without a Digest challenge yet, the request is sent unsigned, to get one. `next` is
    /// what [`refused`](Self::refused) returned for the same request. Without credentials, an
    /// `Authorization` that is there stays.
    ///
    /// # Errors
    /// `Configuration` for a request to another origin; why no access token was obtained.
    pub(crate) async fn sign(
        &self,
        exchange: &Exchange,
        limits: Limits,
        request: &mut reqwest::Request,
        next: Option<Next>,
    ) -> Result<Signed> {
        if let Method::Unsigned = self.method {
            return Ok(Signed::Fixed);
        }
        self.origin.permit(request.url())?;
        let renewed = next.is_some();
        let (value, signed) = match &self.method {
            Method::Unsigned => (None, Signed::Fixed),
            Method::Bearer(value) => (Some(value.clone()), Signed::Fixed),
            Method::Tokens(tokens) => {
                let token = tokens.token(exchange, limits).await?;
                (Some(token.header.clone()), Signed::Token { token, renewed })
            }
            Method::Digest { key, state } => {
                let turn = match next {
                    Some(Next::Digest(turn)) => turn,
                    _ => state.turn(),
                };
                (digest(exchange, key, &turn, request)?, Signed::Digest(turn))
            }
        };
        let headers = request.headers_mut();
        match value {
            Some(value) => headers.insert(header::AUTHORIZATION, value),
            None => headers.remove(header::AUTHORIZATION),
        };
        Ok(signed)
    }

    /// Decides after a 401 with `headers` whether the same request, signed again, may succeed;
    /// `None` if the 401 is final. The caller sets the bound on how often.
    ///
    /// `signed` has to live until the response's head has arrived: only then may other requests
    /// share its challenge.
    ///
    /// # Errors
    /// `Unauthorized` when the service requests an unsupported kind of Digest.
    pub(crate) fn refused(
        &self,
        exchange: &Exchange,
        signed: &Signed,
        headers: &HeaderMap,
    ) -> Result<Option<Next>> {
        Ok(match (&self.method, signed) {
            (Method::Tokens(tokens), Signed::Token { token, renewed }) => {
                tokens.rejected(token);
                (!renewed).then_some(Next::Token)
            }
            (Method::Digest { state, .. }, Signed::Digest(turn)) => {
                let challenge = DigestChallenge::choose(headers)?;
                let cnonce = cnonce(exchange);
                let turn = challenge.and_then(|found| state.rejected(turn, found, &cnonce));
                turn.map(Next::Digest)
            }
            _ => None,
        })
    }

    /// Revokes the access token of a service account, if there is one; it is kept where that
    /// fails.
    ///
    /// # Errors
    /// When the service cannot be reached or rejects the request.
    pub(crate) async fn revoke(&self, exchange: &Exchange, limits: Limits) -> Result<()> {
        match &self.method {
            Method::Tokens(tokens) => tokens.revoke(exchange, limits).await,
            Method::Unsigned | Method::Digest { .. } | Method::Bearer(_) => Ok(()),
        }
    }
}

/// The response to a challenge, if one is known.
fn digest(
    exchange: &Exchange,
    key: &ApiKey,
    turn: &Turn,
    request: &reqwest::Request,
) -> Result<Option<HeaderValue>> {
    let url = request.url();
    let uri = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let method = request.method().as_str();
    let Some(value) = turn.authorization(key, method, &uri, &cnonce(exchange)) else {
        return Ok(None);
    };
    // Bytes beyond ASCII may come back from the challenge: a nonce is opaque.
    let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|error| {
        let message = "the service's Digest challenge cannot be repeated in a header";
        Error::new(ErrorKind::Unauthorized, message).with_source(error)
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn cnonce(exchange: &Exchange) -> String {
    format!("{:032x}", exchange.random.bits())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;
    use std::time::Duration;

    use bytes::Bytes;
    use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};

    use super::*;
    use crate::edge::doubles::{CountingRandom, FakeHttp, TokioClock};
    use crate::exchange::{Deadline, Observer, RequestEvent};

    pub(super) const BASE: &str = "https://atlas.example/base";

    pub(super) fn exchange(http: &Arc<FakeHttp>) -> Exchange {
        Exchange {
            http: http.clone(),
            clock: TokioClock::new(),
            random: CountingRandom::new(),
            observers: Arc::new([]),
        }
    }

    pub(super) fn limits() -> Limits {
        Limits {
            head: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            deadline: Deadline::default(),
        }
    }

    pub(super) fn response(status: u16, body: &str) -> http::Response<Bytes> {
        let mut response = http::Response::new(body.to_owned().into());
        *response.status_mut() = status.try_into().unwrap();
        response
    }

    /// What an observer is told, a line each.
    #[derive(Debug, Default)]
    pub(super) struct Log(Mutex<Vec<String>>);

    impl Log {
        pub(super) fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    impl Observer for Log {
        fn observe(&self, event: &RequestEvent<'_>) {
            let line = match event {
                RequestEvent::Response {
                    operation,
                    method,
                    path,
                    meta,
                    ..
                } => format!("{operation} {method} {path} {}", meta.status().as_u16()),
                RequestEvent::Failure { operation, .. } => format!("{operation} fails"),
                RequestEvent::Wait { operation, .. } => format!("{operation} waits"),
            };
            self.0.lock().unwrap().push(line);
        }
    }

    fn signer(credentials: Credentials) -> Signer {
        let origin = OriginRule::new(&BASE.parse().unwrap(), Vec::new()).unwrap();
        Signer::new(credentials, origin, None).unwrap()
    }

    /// A network that gives tokens to whoever wants one.
    fn tokens() -> Arc<FakeHttp> {
        FakeHttp::new(|number, _| {
            Ok(response(
                200,
                &format!(r#"{{"access_token":"planted{number}"}}"#),
            ))
        })
    }

    fn get(path: &str) -> reqwest::Request {
        reqwest::Request::new(http::Method::GET, format!("{BASE}{path}").parse().unwrap())
    }

    /// The value of `Authorization`, which is sensitive.
    fn authorization(request: &reqwest::Request) -> Option<String> {
        let value = request.headers().get(AUTHORIZATION)?;
        assert!(value.is_sensitive());
        Some(value.to_str().unwrap().to_owned())
    }

    fn unauthorized(challenge: &str) -> HeaderMap {
        HeaderMap::from_iter([(WWW_AUTHENTICATE, challenge.parse().unwrap())])
    }

    /// A challenge as Atlas sends it.
    fn atlas(nonce: &str) -> HeaderMap {
        unauthorized(&format!(
            r#"Digest realm="MMS Public API", domain="", nonce="{nonce}", algorithm=MD5, qop="auth", stale=false"#
        ))
    }

    /// The parameter of a Digest response.
    fn parameter(authorization: &str, name: &str) -> String {
        let parameters = authorization.strip_prefix("Digest ").unwrap();
        let mut pairs = parameters
            .split(", ")
            .filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(known, _)| *known == name).unwrap();
        value.trim_matches('"').to_owned()
    }

    #[tokio::test]
    async fn digest_learns_the_challenge_once_and_signs_every_later_call_at_once() {
        let md5 = |text: &str| format!("{:x}", md5::compute(text));
        let http = tokens();
        let exchange = exchange(&http);
        let signer = signer(Credentials::api_key("abcdefgh", "planted"));
        let mut first = get("/orgs?x=%2F&y=1");
        let signed = signer
            .sign(&exchange, limits(), &mut first, None)
            .await
            .unwrap();
        assert_eq!(authorization(&first), None);
        let mut next = signer.refused(&exchange, &signed, &atlas("n+/1")).unwrap();
        assert!(next.is_some());
        let mut cnonces = BTreeSet::new();
        for count in 1..=3 {
            let mut request = get("/orgs?x=%2F&y=1");
            signer
                .sign(&exchange, limits(), &mut request, next.take())
                .await
                .unwrap();
            let authorization = authorization(&request).unwrap();
            let read = |name| parameter(&authorization, name);
            assert_eq!(read("nc"), format!("{count:08x}"));
            assert_eq!(read("uri"), "/base/orgs?x=%2F&y=1");
            assert_eq!(read("username"), "abcdefgh");
            let key = md5("abcdefgh:MMS Public API:planted");
            let hashed = md5("GET:/base/orgs?x=%2F&y=1");
            let (nc, cnonce) = (read("nc"), read("cnonce"));
            assert_eq!(
                read("response"),
                md5(&format!("{key}:n+/1:{nc}:{cnonce}:auth:{hashed}"))
            );
            assert!(!authorization.contains("planted"));
            cnonces.insert(cnonce);
        }
        assert_eq!(cnonces.len(), 3);
        assert!(http.requests().is_empty());
    }

    #[tokio::test]
    async fn a_wrong_key_is_told_apart_from_a_stale_nonce() {
        let exchange = exchange(&tokens());
        let signer = signer(Credentials::api_key("abcdefgh", "planted"));
        let mut request = get("/x");
        let mut next = None;
        for (challenge, nonce) in [
            (atlas("1"), "1"),
            (
                unauthorized("Digest realm=r, qop=auth, nonce=2, stale=true"),
                "2",
            ),
            (
                unauthorized("Digest realm=r, qop=auth, nonce=3, stale=TRUE"),
                "3",
            ),
        ] {
            let signed = signer
                .sign(&exchange, limits(), &mut request, next.take())
                .await
                .unwrap();
            next = signer.refused(&exchange, &signed, &challenge).unwrap();
            let Some(Next::Digest(turn)) = &next else {
                panic!("final at {nonce}");
            };
            let key = ApiKey {
                public: "k".to_owned(),
                private: "x".into(),
            };
            let value = turn.authorization(&key, "GET", "/", "c").unwrap();
            assert_eq!(parameter(&value, "nonce"), nonce);
            assert_eq!(parameter(&value, "nc"), "00000001");
        }
        let signed = signer
            .sign(&exchange, limits(), &mut request, next)
            .await
            .unwrap();
        assert!(
            signer
                .refused(&exchange, &signed, &atlas("4"))
                .unwrap()
                .is_none()
        );
    }

    #[tokio::test]
    async fn an_unsupported_digest_is_named_and_no_digest_is_final() {
        let exchange = exchange(&tokens());
        let signer = signer(Credentials::api_key("abcdefgh", "planted"));
        let signed = signer
            .sign(&exchange, limits(), &mut get("/x"), None)
            .await
            .unwrap();
        let sha512 = unauthorized("Bearer, Digest qop=auth, nonce=n, algorithm=SHA-512-256");
        let error = signer.refused(&exchange, &signed, &sha512).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert!(error.to_string().contains("SHA-512-256"), "{error}");
        for challenge in ["Bearer", "Basic realm=x"] {
            let headers = unauthorized(challenge);
            assert!(
                signer
                    .refused(&exchange, &signed, &headers)
                    .unwrap()
                    .is_none()
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_rejected_token_is_replaced_once_in_a_call() {
        let http = tokens();
        let exchange = exchange(&http);
        let signer = signer(Credentials::service_account("id", "secret"));
        let mut request = get("/x");
        let first = signer
            .sign(&exchange, limits(), &mut request, None)
            .await
            .unwrap();
        assert_eq!(authorization(&request).unwrap(), "Bearer planted0");
        // Two calls with the same token replace it once.
        let second = signer
            .sign(&exchange, limits(), &mut request, None)
            .await
            .unwrap();
        for signed in [&first, &second] {
            let next = signer
                .refused(&exchange, signed, &HeaderMap::new())
                .unwrap();
            assert!(matches!(next, Some(Next::Token)));
            let signed = signer
                .sign(&exchange, limits(), &mut request, next)
                .await
                .unwrap();
            assert_eq!(authorization(&request).unwrap(), "Bearer planted1");
            assert!(!format!("{signer:?} {signed:?}").contains("planted"));
        }
        let next = signer
            .refused(&exchange, &first, &HeaderMap::new())
            .unwrap();
        let last = signer
            .sign(&exchange, limits(), &mut request, next)
            .await
            .unwrap();
        assert!(
            signer
                .refused(&exchange, &last, &HeaderMap::new())
                .unwrap()
                .is_none()
        );
        assert_eq!(http.requests().len(), 2);
    }

    #[tokio::test]
    async fn what_cannot_be_signed_otherwise_is_final() {
        let http = tokens();
        let exchange = exchange(&http);
        for (credentials, expected) in [
            (Credentials::bearer("planted"), "Bearer planted"),
            (Credentials::none(), "Other x"),
        ] {
            let signer = signer(credentials);
            let mut request = get("/x");
            let mut other = HeaderValue::from_static("Other x");
            other.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, other);
            let signed = signer
                .sign(&exchange, limits(), &mut request, None)
                .await
                .unwrap();
            assert_eq!(authorization(&request).unwrap(), expected);
            assert!(
                signer
                    .refused(&exchange, &signed, &atlas("n"))
                    .unwrap()
                    .is_none()
            );
            signer.revoke(&exchange, limits()).await.unwrap();
            assert!(!format!("{signer:?}").contains("planted"));
        }
        assert!(http.requests().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn no_other_origin_gets_a_credential() {
        let http = tokens();
        let exchange = exchange(&http);
        for credentials in [
            Credentials::api_key("abcdefgh", "planted"),
            Credentials::service_account("id", "planted"),
            Credentials::bearer("planted"),
        ] {
            let signer = signer(credentials);
            for url in ["https://elsewhere.example/", "http://atlas.example/base"] {
                let mut request = get("/x");
                *request.url_mut() = url.parse().unwrap();
                let signing = signer.sign(&exchange, limits(), &mut request, None);
                let error = signing.await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Configuration);
                assert_eq!(authorization(&request), None);
                assert!(!format!("{error} {error:?}").contains("planted"));
            }
        }
        assert!(http.requests().is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_challenge_makes_a_response_of_several_lines(
            realm in "[ -~é]{0,20}", nonce in "[ -~é]{0,20}", odd in "[ -~\\t]{0,20}",
        ) {
            let challenge = format!("Digest realm=\"{realm}\", qop=auth, nonce=\"{nonce}\", {odd}");
            let mut headers = HeaderMap::new();
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_bytes(challenge.as_bytes()).unwrap());
            if let Ok(Some(challenge)) = DigestChallenge::choose(&headers) {
                let state = DigestState::default();
                let turn = state.rejected(&state.turn(), challenge, "c").unwrap();
                let key = ApiKey {
                    public: "public".to_owned(),
                    private: "planted".into(),
                };
                let value = turn.authorization(&key, "GET", "/x?y=1", "c").unwrap();
                proptest::prop_assert!(value.starts_with("Digest username=\"public\""));
                proptest::prop_assert!(HeaderValue::from_bytes(value.as_bytes()).is_ok());
            }
        }
    }
}
