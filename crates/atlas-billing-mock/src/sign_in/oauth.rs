//! Service accounts: access tokens by client credentials (RFC 6749, section 4.4) and their
//! revocation (RFC 7009).

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use serde_json::json;

use super::SignIn;
use crate::answer::Answer;
use crate::base64::{decode, encode};
use crate::bucket::{Bucket, RateLimit, Verdict};
use crate::operation::Operation;
use crate::problem::Problem;
use crate::random::hex;
use crate::request::{Request, pairs};

/// An access token that was given out.
#[derive(Debug)]
struct Token {
    account: String,
    ends: DateTime<Utc>,
    uses_left: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Tokens {
    accounts: Vec<(String, String)>,
    life: Duration,
    uses: Option<u64>,
    most: usize,
    bucket: Option<Bucket>,
    seed: u64,
    given: u64,
    live: HashMap<String, Token>,
}

impl Tokens {
    pub(super) fn new(rules: &SignIn, seed: u64) -> Self {
        let limit = rules.token_limit;
        let limit = limit.map(|(burst, rate)| RateLimit::new(burst, rate).of([Operation::Token]));
        Self {
            accounts: rules.accounts.clone(),
            life: rules.token_life.unwrap_or(Duration::from_secs(3600)),
            uses: rules.token_uses,
            most: rules.live_tokens.unwrap_or(100),
            bucket: limit.map(Bucket::new),
            seed,
            given: 0,
            live: HashMap::new(),
        }
    }

    /// Answers a token request.
    pub(super) fn give(&mut self, request: &Request, now: DateTime<Utc>) -> Answer {
        if let Some(bucket) = &mut self.bucket
            && let Verdict::Refused { after } = bucket.take(now)
        {
            let mut answer = Problem::of_status(StatusCode::TOO_MANY_REQUESTS).into_answer();
            if let Some(after) = after {
                let seconds = after.as_secs_f64().ceil().max(1.0);
                answer.set(RETRY_AFTER, &format!("{seconds}"));
            }
            return answer;
        }
        let account = match self.account(request) {
            Ok(account) => account,
            Err(answer) => return *answer,
        };
        let form = match form(request) {
            Ok(form) => form,
            Err(answer) => return *answer,
        };
        let grant = form.iter().find(|(name, _)| name == "grant_type");
        if grant.is_none_or(|(_, value)| value != "client_credentials") {
            return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type");
        }
        self.live.retain(|_, token| token.ends > now);
        if self
            .live
            .values()
            .filter(|token| token.account == account)
            .count()
            >= self.most
        {
            return refuse(StatusCode::FORBIDDEN, "access_denied");
        }
        self.given += 1;
        let token = format!("mdb.made.up.{}", hex(self.seed ^ 0x70CE, self.given, 48));
        let life = chrono::Duration::from_std(self.life).unwrap_or(chrono::Duration::MAX);
        let ends = now
            .checked_add_signed(life)
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        let known = Token {
            account,
            ends,
            uses_left: self.uses,
        };
        self.live.insert(token.clone(), known);
        let body = json!({
            "access_token": token,
            "expires_in": self.life.as_secs(),
            "token_type": "Bearer",
        });
        let mut answer = Answer::typed(StatusCode::OK, "application/json", body.to_string());
        answer.set(CACHE_CONTROL, "no-store");
        answer
    }

    /// Answers a revocation: 200 for an unknown token too (RFC 7009, section 2.2).
    pub(super) fn revoke(&mut self, request: &Request, _now: DateTime<Utc>) -> Answer {
        if let Err(answer) = self.account(request) {
            return *answer;
        }
        let form = match form(request) {
            Ok(form) => form,
            Err(answer) => return *answer,
        };
        let Some((_, token)) = form.iter().find(|(name, _)| name == "token") else {
            return refuse(StatusCode::BAD_REQUEST, "invalid_request");
        };
        self.live.remove(token);
        Answer::typed(StatusCode::OK, "application/json", "{}")
    }

    /// Whether a bearer token is one of these and still good; counts the use.
    pub(super) fn admit(&mut self, token: &str, now: DateTime<Utc>) -> bool {
        let Some(known) = self.live.get_mut(token).filter(|known| known.ends > now) else {
            return false;
        };
        match &mut known.uses_left {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }

    /// The account that signed the request by Basic. A scenario without accounts takes any.
    fn account(&self, request: &Request) -> Result<String, Box<Answer>> {
        let value = request.header_text(&AUTHORIZATION).unwrap_or_default();
        let sent = value.strip_prefix("Basic ").unwrap_or_default().trim();
        let known = self
            .accounts
            .iter()
            .find(|(id, secret)| encode(&format!("{id}:{secret}")) == sent);
        if let Some((id, _)) = known {
            return Ok(id.clone());
        }
        let claimed = decode(sent).and_then(|text| Some(text.split_once(':')?.0.to_owned()));
        match claimed {
            Some(id) if self.accounts.is_empty() => Ok(id),
            _ => Err(refuse(StatusCode::UNAUTHORIZED, "invalid_client").into()),
        }
    }
}

fn form(request: &Request) -> Result<Vec<(String, String)>, Box<Answer>> {
    let essence = request
        .header_text(&CONTENT_TYPE)
        .and_then(|text| text.split(';').next());
    if essence.map(str::trim) == Some("application/x-www-form-urlencoded") {
        Ok(pairs(&request.body))
    } else {
        Err(refuse(StatusCode::BAD_REQUEST, "invalid_request").into())
    }
}

/// An error as RFC 6749, section 5.2 words it.
fn refuse(status: StatusCode, error: &str) -> Answer {
    let body = json!({"error": error, "error_description": "The stand-in refused this."});
    Answer::typed(status, "application/json", body.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2025-03-01T00:00:00Z".parse().unwrap()
    }

    fn ask(id: &str, secret: &str, body: &str) -> Request {
        let basic = format!("Basic {}", encode(&format!("{id}:{secret}")));
        Request::post("/api/oauth/token", body.to_owned())
            .header(AUTHORIZATION, &basic)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
    }

    const GRANT: &str = "grant_type=client_credentials";

    fn token(answer: Answer) -> String {
        let body: Value = serde_json::from_slice(&answer.body.into_bytes()).unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_token_is_good_until_it_ends() {
        let rules = SignIn::service_account("id_1", "s").token_life(Duration::from_secs(60));
        let mut tokens = Tokens::new(&rules, 1);
        let token = token(tokens.give(&ask("id_1", "s", GRANT), now()));
        assert!(tokens.admit(&token, now()));
        assert!(tokens.admit(&token, now() + Duration::from_secs(59)));
        assert!(!tokens.admit(&token, now() + Duration::from_secs(60)));
        assert!(!tokens.admit("made up", now()));
    }

    #[test]
    fn tokens_can_wear_out_and_be_revoked() {
        let rules = SignIn::service_account("id", "s").token_uses(1);
        let mut tokens = Tokens::new(&rules, 1);
        let worn = token(tokens.give(&ask("id", "s", GRANT), now()));
        assert!(tokens.admit(&worn, now()));
        assert!(!tokens.admit(&worn, now()));
        let next = token(tokens.give(&ask("id", "s", GRANT), now()));
        assert_ne!(worn, next);
        let answer = tokens.revoke(&ask("id", "s", &format!("token={next}")), now());
        assert_eq!(answer.status, 200);
        assert!(!tokens.admit(&next, now()));
    }

    #[test]
    fn refusals() {
        let rules = SignIn::service_account("id", "s")
            .live_tokens(1)
            .token_limit(4, 60.0);
        let mut tokens = Tokens::new(&rules, 1);
        let mut status = |request: Request| tokens.give(&request, now()).status.as_u16();
        assert_eq!(status(ask("id", "wrong", GRANT)), 401);
        assert_eq!(status(ask("id", "s", "grant_type=password")), 400);
        assert_eq!(status(ask("id", "s", GRANT)), 200);
        assert_eq!(status(ask("id", "s", GRANT)), 403);
        assert_eq!(status(ask("id", "s", GRANT)), 429);
        let answer = tokens.give(&ask("id", "s", GRANT), now());
        assert_eq!(answer.headers[RETRY_AFTER], "1");
    }
}
