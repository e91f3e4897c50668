//! Signing in: whom the stand-in knows, and whether a request is from one of them.

mod digest;
mod digest_parts;
mod oauth;

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};

use crate::answer::Answer;
use crate::problem::Problem;
use crate::request::Request;

use digest::Digest;
pub use digest_parts::DigestAlgorithm;
use oauth::Tokens;

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
pub struct SignIn {
    api_keys: Vec<(String, String)>,
    accounts: Vec<(String, String)>,
    bearers: Vec<String>,
    algorithms: Vec<DigestAlgorithm>,
    nonce_uses: Option<u64>,
    nonce_life: Option<Duration>,
    counts_in_order: bool,
    offer_bearer: bool,
    token_life: Option<Duration>,
    token_uses: Option<u64>,
    token_limit: Option<(u32, f64)>,
    live_tokens: Option<usize>,
}

impl SignIn {
    /// An API key: its public and its private half, for HTTP Digest (RFC 7616).
    pub fn api_key(public: impl Into<String>, private: impl Into<String>) -> Self {
        Self::default().and_api_key(public, private)
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

    /// One more API key.
    #[must_use]
    pub fn and_api_key(mut self, public: impl Into<String>, private: impl Into<String>) -> Self {
        self.api_keys.push((public.into(), private.into()));
        self
    }

    /// One more service account.
    #[must_use]
    pub fn and_service_account(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.accounts.push((id.into(), secret.into()));
        self
    }

    /// One more ready-made token.
    #[must_use]
    pub fn and_bearer(mut self, token: impl Into<String>) -> Self {
        self.bearers.push(token.into());
        self
    }

    /// The algorithms of the challenges, one challenge each in this order; MD5 alone otherwise, as
    /// the service does.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = DigestAlgorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// A nonce is stale after so many uses; never otherwise.
    #[must_use]
    pub fn nonce_uses(mut self, uses: u64) -> Self {
        self.nonce_uses = Some(uses);
        self
    }

    /// A nonce is stale that long after it was given out; never otherwise.
    #[must_use]
    pub fn nonce_life(mut self, life: Duration) -> Self {
        self.nonce_life = Some(life);
        self
    }

    /// A nonce's counts have to rise from request to request, so that one that was overtaken by
    /// another is stale; it is enough that none comes twice otherwise.
    #[must_use]
    pub fn counts_in_order(mut self) -> Self {
        self.counts_in_order = true;
        self
    }

    /// A Bearer challenge stands before the Digest ones.
    #[must_use]
    pub fn offering_bearer(mut self) -> Self {
        self.offer_bearer = true;
        self
    }

    /// Access tokens live that long; an hour otherwise.
    #[must_use]
    pub fn token_life(mut self, life: Duration) -> Self {
        self.token_life = Some(life);
        self
    }

    /// Access tokens are refused after so many uses, before they end; never otherwise.
    #[must_use]
    pub fn token_uses(mut self, uses: u64) -> Self {
        self.token_uses = Some(uses);
        self
    }

    /// The token endpoint answers 429 beyond `burst` requests and `per_minute` a minute after
    /// that; it has no limit otherwise.
    #[must_use]
    pub fn token_limit(mut self, burst: u32, per_minute: f64) -> Self {
        self.token_limit = Some((burst, per_minute));
        self
    }

    /// An account may have so many live tokens, then the token endpoint answers 403; 100
    /// otherwise.
    #[must_use]
    pub fn live_tokens(mut self, count: usize) -> Self {
        self.live_tokens = Some(count);
        self
    }

    fn is_open(&self) -> bool {
        self.api_keys.is_empty() && self.accounts.is_empty() && self.bearers.is_empty()
    }
}

/// The door: who is let in, and what was given out to whom.
#[derive(Debug)]
pub(crate) struct Door {
    rules: SignIn,
    digest: Digest,
    tokens: Tokens,
}

impl Door {
    pub(crate) fn new(rules: &SignIn, seed: u64) -> Self {
        let digest = Digest::new(rules, seed);
        let tokens = Tokens::new(rules, seed);
        Self {
            rules: rules.clone(),
            digest,
            tokens,
        }
    }

    /// Whether the request may go on; the 401 otherwise.
    pub(crate) fn check(
        &mut self,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Result<(), Box<Answer>> {
        if self.rules.is_open() {
            return Ok(());
        }
        let value = request.header_text(&AUTHORIZATION).unwrap_or_default();
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let verdict = if scheme.eq_ignore_ascii_case("digest") {
            self.digest.check(rest, request, now)
        } else if scheme.eq_ignore_ascii_case("bearer") && self.is_bearer(rest.trim(), now) {
            Verdict::In
        } else {
            Verdict::Out
        };
        match verdict {
            Verdict::In => Ok(()),
            Verdict::Out => Err(self.challenge(false, now).into()),
            Verdict::Stale => Err(self.challenge(true, now).into()),
        }
    }

    /// A 401 with fresh challenges.
    pub(crate) fn challenge(&mut self, stale: bool, now: DateTime<Utc>) -> Answer {
        let detail = "You are not authorized for this resource.";
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "UNEXPECTED_ERROR", detail);
        let mut answer = problem.into_answer();
        let bearer_only = self.rules.api_keys.is_empty() && !self.rules.is_open();
        if self.rules.offer_bearer || bearer_only {
            let error = if stale {
                ", error=\"invalid_token\""
            } else {
                ""
            };
            answer.add(
                WWW_AUTHENTICATE,
                &format!("Bearer realm=\"MMS Public API\"{error}"),
            );
        }
        if !bearer_only {
            let challenges = self.digest.challenges(stale, now);
            challenges
                .iter()
                .for_each(|text| answer.add(WWW_AUTHENTICATE, text));
        }
        answer
    }

    /// The token endpoint.
    pub(crate) fn token(&mut self, request: &Request, now: DateTime<Utc>) -> Answer {
        self.tokens.give(request, now)
    }

    /// The revocation endpoint.
    pub(crate) fn revoke(&mut self, request: &Request, now: DateTime<Utc>) -> Answer {
        self.tokens.revoke(request, now)
    }

    fn is_bearer(&mut self, token: &str, now: DateTime<Utc>) -> bool {
        self.rules.bearers.iter().any(|known| known == token) || self.tokens.admit(token, now)
    }
}

/// What came of looking at credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    In,
    Out,
    Stale,
}
