//! Signing in: whom the stand-in knows, the check of each request, and the endpoints for a service
//! account's tokens (RFC 6749, section 4.4; RFC 7009).

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use serde_json::json;

use crate::clock::later;
use crate::digest::{Digest, DigestAlgorithm, REALM};
use crate::names::hex;
use crate::request::{Request, essence, pairs};
use crate::response::{Problem, Response};
use crate::setters::setters;

/// How the token endpoint says when a token expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ExpiresIn {
    /// `expires_in` is a number of seconds.
    #[default]
    Number,
    /// `expires_in` is the same number as text.
    Text,
    /// There is no `expires_in`.
    Missing,
}

/// Who may sign in, and how. Without it anyone may do anything, signed or not.
///
/// ```
/// use atlas_billing_mock::{DigestAlgorithm, PRIVATE_KEY, PUBLIC_KEY, Scenario, SignIn};
///
/// let sign_in = SignIn::api_key(PUBLIC_KEY, PRIVATE_KEY)
///     .algorithms([DigestAlgorithm::Sha256, DigestAlgorithm::Md5])
///     .nonce_uses(3);
/// let scenario = Scenario::builder().sign_in(sign_in).build();
/// # let _ = scenario;
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct SignIn {
    pub(crate) api_keys: Vec<(String, String)>,
    accounts: Vec<(String, String)>,
    bearers: Vec<String>,
    pub(crate) algorithms: Option<Vec<DigestAlgorithm>>,
    pub(crate) nonce_uses: Option<u64>,
    offer_bearer: bool,
    token_life: Option<Duration>,
    token_uses: Option<u64>,
    live_tokens: Option<usize>,
    expires_in: ExpiresIn,
}

impl SignIn {
    /// An API key: its public and its private half, for HTTP Digest (RFC 7616).
    pub fn api_key(public: impl Into<String>, private: impl Into<String>) -> Self {
        Self {
            api_keys: vec![(public.into(), private.into())],
            ..Self::default()
        }
    }

    /// A service account: its client id and secret, for an OAuth token by client credentials
    /// (RFC 6749, section 4.4).
    pub fn service_account(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self::default().and_service_account(id, secret)
    }

    /// A ready-made bearer token (RFC 6750).
    pub fn bearer(token: impl Into<String>) -> Self {
        Self::default().and_bearer(token)
    }

    /// One more service account.
    pub fn and_service_account(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.accounts.push((id.into(), secret.into()));
        self
    }

    /// One more ready-made token.
    pub fn and_bearer(mut self, token: impl Into<String>) -> Self {
        self.bearers.push(token.into());
        self
    }

    setters! {
        /// The algorithms of the challenges, one challenge each in this order; MD5 alone otherwise, as
        /// the service does.
        algorithms(algorithms: impl IntoIterator<Item = DigestAlgorithm>) => algorithms = Some(algorithms.into_iter().collect());

        /// A nonce is stale after so many uses; never otherwise.
        nonce_uses(uses: u64) => nonce_uses = Some(uses);

        /// A Bearer challenge stands before the Digest ones.
        offering_bearer() => offer_bearer = true;

        /// Access tokens live that long; an hour otherwise.
        token_life(life: Duration) => token_life = Some(life);

        /// Access tokens are refused after so many uses, before they expire; never otherwise.
        token_uses(uses: u64) => token_uses = Some(uses);

        /// An account may have so many live tokens, then the token endpoint responds 403 until one
        /// expires or is revoked; 100 otherwise.
        live_tokens(count: usize) => live_tokens = Some(count);

        /// How the token endpoint says when a token expires.
        expires_in(form: ExpiresIn) => expires_in = form;
    }

    fn is_open(&self) -> bool {
        self.api_keys.is_empty() && self.accounts.is_empty() && self.bearers.is_empty()
    }
}

/// Why credentials are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Rejected,
    Stale,
}

/// An access token that was issued.
#[derive(Debug)]
struct Token {
    account: String,
    expires: DateTime<Utc>,
    uses: u64,
}

/// Checks requests, and remembers what was issued to whom.
#[derive(Debug)]
pub(crate) struct Authenticator {
    rules: SignIn,
    digest: Digest,
    seed: u64,
    issued: u64,
    tokens: HashMap<String, Token>,
}

impl Authenticator {
    pub(crate) fn new(rules: &SignIn, seed: u64) -> Self {
        Self {
            rules: rules.clone(),
            digest: Digest::new(rules, seed),
            seed,
            issued: 0,
            tokens: HashMap::new(),
        }
    }

    /// Whether the request may go on; the 401 otherwise.
    pub(crate) fn check(&mut self, request: &Request, now: DateTime<Utc>) -> Option<Response> {
        if self.rules.is_open() {
            return None;
        }
        let value = request.header_text(&AUTHORIZATION).unwrap_or_default();
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let checked = match scheme.to_ascii_lowercase().as_str() {
            "digest" => self.digest.check(rest, request),
            "bearer" if self.is_bearer(rest.trim(), now) => Ok(()),
            _ => Err(Refusal::Rejected),
        };
        let refusal = checked.err()?;
        Some(self.challenge(refusal == Refusal::Stale))
    }

    /// A 401 with fresh challenges.
    pub(crate) fn challenge(&mut self, stale: bool) -> Response {
        let detail = "You are not authorized for this resource.";
        let mut response = Problem::new(401, "UNEXPECTED_ERROR", detail).into_response();
        let bearer_only = self.rules.api_keys.is_empty() && !self.rules.is_open();
        if self.rules.offer_bearer || bearer_only {
            response.add("www-authenticate", &format!("Bearer realm=\"{REALM}\""));
        }
        if !bearer_only {
            for challenge in self.digest.challenges(stale) {
                response.add("www-authenticate", &challenge);
            }
        }
        response
    }

    /// The token endpoint.
    pub(crate) fn issue(&mut self, request: &Request, now: DateTime<Utc>) -> Response {
        let Some(account) = self.account(request) else {
            return refuse(401, "invalid_client");
        };
        if form_value(request, "grant_type").as_deref() != Some("client_credentials") {
            return refuse(400, "unsupported_grant_type");
        }
        self.tokens.retain(|_, token| token.expires > now);
        let tokens = self.tokens.values();
        let live = tokens.filter(|token| token.account == account).count();
        if live >= self.rules.live_tokens.unwrap_or(100) {
            return refuse(403, "access_denied");
        }
        self.issued += 1;
        let text = format!("mdb.made.up.{}", hex(self.seed ^ 0x70CE, self.issued, 48));
        let life = self.rules.token_life.unwrap_or(Duration::from_secs(3600));
        let token = Token {
            account,
            expires: later(now, life).unwrap_or(DateTime::<Utc>::MAX_UTC),
            uses: 0,
        };
        self.tokens.insert(text.clone(), token);
        let mut body = json!({ "access_token": text, "token_type": "Bearer" });
        match self.rules.expires_in {
            ExpiresIn::Number => body["expires_in"] = life.as_secs().into(),
            ExpiresIn::Text => body["expires_in"] = life.as_secs().to_string().into(),
            ExpiresIn::Missing => {}
        }
        Response::typed(200, "application/json", body.to_string()).with(CACHE_CONTROL, "no-store")
    }

    /// The revocation endpoint: 200 for an unknown token too (RFC 7009, section 2.2).
    pub(crate) fn revoke(&mut self, request: &Request) -> Response {
        if self.account(request).is_none() {
            return refuse(401, "invalid_client");
        }
        let Some(token) = form_value(request, "token") else {
            return refuse(400, "invalid_request");
        };
        self.tokens.remove(&token);
        Response::typed(200, "application/json", "{}")
    }

    /// Whether a bearer token is known and still good; counts the use.
    fn is_bearer(&mut self, token: &str, now: DateTime<Utc>) -> bool {
        if self.rules.bearers.iter().any(|known| known == token) {
            return true;
        }
        let Some(known) = self.tokens.get_mut(token) else {
            return false;
        };
        known.uses += 1;
        let worn = self.rules.token_uses.is_some_and(|most| known.uses > most);
        known.expires > now && !worn
    }

    /// The account that signed the request by Basic. A scenario without accounts takes any.
    fn account(&self, request: &Request) -> Option<String> {
        let value = request.header_text(&AUTHORIZATION)?;
        let sent = BASE64_STANDARD.decode(value.strip_prefix("Basic ")?.trim());
        let sent = String::from_utf8(sent.ok()?).ok()?;
        let (id, secret) = sent.split_once(':')?;
        let accounts = &self.rules.accounts;
        let known = accounts.is_empty() || accounts.iter().any(|a| a.0 == id && a.1 == secret);
        known.then(|| id.to_owned())
    }
}

/// The value of a field of the request's form.
fn form_value(request: &Request, field: &str) -> Option<String> {
    let media_type = essence(request.header_text(&CONTENT_TYPE)?);
    let mut pairs = pairs(&request.body).into_iter();
    pairs
        .find(|(name, _)| name == field)
        .map(|(_, value)| value)
        .filter(|_| media_type == "application/x-www-form-urlencoded")
}

/// An error as RFC 6749, section 5.2 words it.
fn refuse(status: u16, error: &str) -> Response {
    let body = json!({"error": error, "error_description": "The stand-in refused this."});
    Response::typed(status, "application/json", body.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const GRANT: &str = "grant_type=client_credentials";

    fn now() -> DateTime<Utc> {
        "2025-03-01T00:00:00Z".parse().unwrap()
    }

    fn ask(secret: &str, body: &str) -> Request {
        let basic = BASE64_STANDARD.encode(format!("id_1:{secret}"));
        Request::post("/api/oauth/token", body.to_owned())
            .header(AUTHORIZATION, &format!("Basic {basic}"))
            .header(
                CONTENT_TYPE,
                "application/x-www-form-urlencoded; charset=utf-8",
            )
    }

    fn signing_in(change: impl Fn(SignIn) -> SignIn) -> Authenticator {
        Authenticator::new(&change(SignIn::service_account("id_1", "s")), 1)
    }

    fn issue(authenticator: &mut Authenticator) -> Value {
        let body = authenticator
            .issue(&ask("s", GRANT), now())
            .body
            .into_bytes();
        serde_json::from_slice(&body).unwrap()
    }

    fn token(authenticator: &mut Authenticator) -> String {
        issue(authenticator)["access_token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn a_token_is_good_until_it_expires_or_is_worn() {
        let mut authenticator =
            signing_in(|rules| rules.token_life(Duration::from_secs(60)).token_uses(2));
        let token = token(&mut authenticator);
        assert!(authenticator.is_bearer(&token, now() + Duration::from_secs(59)));
        assert!(!authenticator.is_bearer(&token, now() + Duration::from_secs(60)));
        assert!(!authenticator.is_bearer(&token, now()));
        assert!(!authenticator.is_bearer("made up", now()));
    }

    #[test]
    fn a_revoked_token_makes_room_for_another() {
        let mut authenticator = signing_in(|rules| rules.live_tokens(1));
        let token = token(&mut authenticator);
        assert!(authenticator.is_bearer(&token, now()));
        let refused = authenticator.issue(&ask("s", GRANT), now());
        assert_eq!(refused.status, 403);
        assert!(
            refused
                .body
                .into_bytes()
                .starts_with(b"{\"error\":\"access_denied\"")
        );
        let revoked = authenticator.revoke(&ask("s", &format!("token={token}")));
        assert_eq!(revoked.status, 200);
        assert!(!authenticator.is_bearer(&token, now()));
        assert_eq!(authenticator.issue(&ask("s", GRANT), now()).status, 200);
    }

    #[test]
    fn the_token_endpoint_refuses_and_has_forms() {
        let mut open = signing_in(|rules| rules);
        assert_eq!(open.issue(&ask("wrong", GRANT), now()).status, 401);
        assert_eq!(
            open.issue(&ask("s", "grant_type=password"), now()).status,
            400
        );
        for (form, value) in [
            (ExpiresIn::Number, json!(3600)),
            (ExpiresIn::Text, json!("3600")),
            (ExpiresIn::Missing, Value::Null),
        ] {
            let mut authenticator = signing_in(|rules| rules.expires_in(form));
            assert_eq!(issue(&mut authenticator)["expires_in"], value);
        }
    }
}
