//! Puts `Authorization` on requests, and decides what a 401 means.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};

use crate::auth::bearer::bearer;
use crate::auth::challenge::Challenge;
use crate::auth::credentials::Who;
use crate::auth::digest::{ApiKey, DigestState, Offer, Turn};
use crate::auth::service_account::{ServiceAccount, Token};
use crate::auth::{Credentials, OriginRule};
use crate::edge::Edge;
use crate::{Error, ErrorKind, Result};

/// Puts `Authorization` on requests. One for each client and its clones: it holds the Digest
/// challenge or the access token that they share.
#[derive(Debug)]
pub(crate) struct Signer {
    origin: OriginRule,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Unsigned,
    Digest { key: ApiKey, state: DigestState },
    Account(Box<ServiceAccount>),
    Bearer(HeaderValue),
}

/// How a request was signed, for [`Signer::refused`].
#[derive(Debug)]
pub(crate) struct Signed(By);

#[derive(Debug)]
enum By {
    /// No one, or what cannot be renewed.
    Fixed,
    Digest(Turn),
    Token(Arc<Token>),
}

/// Whether a refused request is worth sending once more, signed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    Yes,
    No,
}

impl Signer {
    /// A signer for requests to the one origin that `origin` allows.
    ///
    /// # Errors
    ///
    /// `Configuration` if the credentials cannot be sent, or would be sent in the clear.
    pub(crate) fn new(credentials: Credentials, origin: OriginRule) -> Result<Self> {
        credentials.check()?;
        origin.check(&credentials)?;
        let way = match credentials.0 {
            Who::NoOne => Way::Unsigned,
            Who::ApiKey(key) => Way::Digest {
                key,
                state: DigestState::default(),
            },
            Who::Account(account) => Way::Account(Box::new(ServiceAccount::new(account, &origin)?)),
            Who::Bearer(token) => Way::Bearer(bearer(token.expose()).ok_or_else(|| {
                Error::new(
                    ErrorKind::Configuration,
                    "no header can carry the access token",
                )
            })?),
        };
        Ok(Self { origin, way })
    }

    /// Signs `request`, as the last step before it is sent: Digest hashes its method, path and
    /// query. A key that has met no challenge yet sends the request unsigned, to get one. Without
    /// credentials an `Authorization` that is there stays.
    ///
    /// # Errors
    ///
    /// `Configuration` for a request to another origin; what kept an access token from coming.
    pub(crate) async fn sign(&self, edge: &Edge, request: &mut reqwest::Request) -> Result<Signed> {
        if matches!(self.way, Way::Unsigned) {
            return Ok(Signed(By::Fixed));
        }
        self.origin.permit(request.url())?;
        let (value, by) = match &self.way {
            Way::Unsigned => (None, By::Fixed),
            Way::Bearer(value) => (Some(value.clone()), By::Fixed),
            Way::Account(account) => {
                let token = account.token(edge).await?;
                (Some(token.header.clone()), By::Token(token))
            }
            Way::Digest { key, state } => {
                let turn = state.turn();
                (digest(edge, key, &turn, request)?, By::Digest(turn))
            }
        };
        let headers = request.headers_mut();
        match value {
            Some(value) => headers.insert(header::AUTHORIZATION, value),
            None => headers.remove(header::AUTHORIZATION),
        };
        Ok(Signed(by))
    }

    /// Takes in a 401: `headers` are its, `signed` the request's. `Yes` if the same request,
    /// signed again, may succeed; the caller sends it once more and takes that answer as final.
    ///
    /// # Errors
    ///
    /// `Unauthorized` if the service asks for a kind of Digest that is not spoken here.
    pub(crate) async fn refused(
        &self,
        edge: &Edge,
        signed: &Signed,
        headers: &HeaderMap,
    ) -> Result<Again> {
        match (&self.way, &signed.0) {
            (Way::Account(account), By::Token(token)) => {
                account.refused(token);
                Ok(Again::Yes)
            }
            (Way::Digest { state, .. }, By::Digest(turn)) => {
                match Offer::of(&Challenge::all(headers)) {
                    Offer::Digest(challenge) => {
                        match state.refused(turn, challenge, &cnonce(edge)) {
                            true => Ok(Again::Yes),
                            false => Ok(Again::No),
                        }
                    }
                    Offer::Nothing => Ok(Again::No),
                    Offer::Unsupported(why) => Err(Error::new(
                        ErrorKind::Unauthorized,
                        format!(
                            "the service asks for HTTP Digest in a form that is not supported \
                             ({}); MD5 and SHA-256 with qop auth are",
                            why.join("; ")
                        ),
                    )),
                }
            }
            _ => Ok(Again::No),
        }
    }

    /// Gives back what can be given back: the access token of a service account.
    ///
    /// # Errors
    ///
    /// What kept the service from taking it.
    pub(crate) async fn revoke(&self, edge: &Edge) -> Result<()> {
        match &self.way {
            Way::Account(account) => account.revoke(edge).await,
            Way::Unsigned | Way::Digest { .. } | Way::Bearer(_) => Ok(()),
        }
    }
}

/// The answer to the kept challenge, if there is one.
fn digest(
    edge: &Edge,
    key: &ApiKey,
    turn: &Turn,
    request: &reqwest::Request,
) -> Result<Option<HeaderValue>> {
    let cnonce = cnonce(edge);
    let Some((challenge, count, cnonce)) = turn.answer(&cnonce) else {
        return Ok(None);
    };
    let url = request.url();
    let uri = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let answer = challenge.answer(key, request.method().as_str(), &uri, count, cnonce);
    // Bytes beyond ASCII may come back from the challenge: no nonce is ours to judge.
    let mut value = HeaderValue::from_bytes(answer.as_bytes()).map_err(|error| {
        let message = "the service's Digest challenge cannot be answered in a header";
        Error::new(ErrorKind::Unauthorized, message).with_source(error)
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn cnonce(edge: &Edge) -> String {
    format!("{:032x}", edge.random.bits())
}

#[cfg(test)]
mod tests {
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
}
