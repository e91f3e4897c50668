//! A service account: access tokens by the client credentials grant (RFC 6749 section 4.4).
//!
//! A token is kept for all calls and renewed before it ends. However many calls want one at the
//! same time, one of them asks and the others wait for what it gets.

mod endpoint;
mod failure;
mod grant;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;

use crate::auth::OriginRule;
use crate::edge::Edge;
use crate::{Result, Secret};
use endpoint::Endpoint;
use failure::Failure;
use grant::Grant;

/// Client id and secret.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) secret: Secret,
}

/// A service account, signed in when it is first needed. Shared by all calls of a client.
pub(crate) struct ServiceAccount {
    tokens: Endpoint,
    revocation: Endpoint,
    kept: Mutex<Kept>,
    /// Held while a token is asked for. Dropping the call that asks lets the next one ask.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    token: Option<Arc<Token>>,
    /// How many requests for a token have come to an end.
    asked: u64,
    /// How the last of them failed, for those who waited for it.
    failure: Option<Failure>,
}

/// An access token.
pub(crate) struct Token {
    /// What `Authorization` says.
    pub(crate) header: HeaderValue,
    text: Secret,
    /// From when on it is not used any more, by the clock's `elapsed`.
    renew_at: Duration,
    /// Tells it from those before and after it.
    number: u64,
}

impl ServiceAccount {
    pub(crate) fn new(account: Account, origin: &OriginRule) -> Result<Self> {
        let endpoint = |what, path| Endpoint::new(what, origin.under_base(path), &account);
        Ok(Self {
            tokens: endpoint("the token endpoint", "/api/oauth/token")?,
            revocation: endpoint("the revocation endpoint", "/api/oauth/revoke")?,
            kept: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        })
    }

    /// A token that is good for a while, asked for if none is kept.
    ///
    /// A call that waits for another's request shares its outcome, the failure too: a hundred
    /// calls that start together cost one request of the few a minute there are. A call that
    /// comes later asks anew.
    pub(crate) async fn token(&self, edge: &Edge) -> Result<Arc<Token>> {
        let seen = {
            let kept = self.kept();
            if let Some(token) = kept.good(edge) {
                return Ok(token);
            }
            kept.asked
        };
        let _asking = self.asking.lock().await;
        {
            let kept = self.kept();
            if let Some(token) = kept.good(edge) {
                return Ok(token);
            }
            if let Some(failure) = kept.failure.as_ref().filter(|_| kept.asked != seen) {
                return Err(failure.error());
            }
        }
        let granted = self.grant(edge).await;
        let mut kept = self.kept();
        kept.asked += 1;
        match granted {
            Ok((grant, asked_at)) => {
                let token = Arc::new(Token {
                    renew_at: asked_at.saturating_add(grant.use_for()),
                    number: kept.asked,
                    header: grant.header,
                    text: grant.token,
                });
                kept.token = Some(token.clone());
                kept.failure = None;
                Ok(token)
            }
            Err(failure) => {
                let error = failure.error();
                kept.failure = Some(failure);
                Err(error)
            }
        }
    }

    /// The service refused `token`: it is not used again.
    pub(crate) fn refused(&self, token: &Token) {
        self.forget(token.number);
    }

    /// Gives the kept token back, if there is one (RFC 7009). It is kept on if that fails.
    pub(crate) async fn revoke(&self, edge: &Edge) -> Result<()> {
        let Some(token) = self.kept().token.clone() else {
            return Ok(());
        };
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token.text.expose())
            .append_pair("token_type_hint", "access_token")
            .finish();
        let revoked = self.revocation.post(edge, &form).await;
        revoked.map_err(|failure| failure.error())?;
        self.forget(token.number);
        Ok(())
    }

    /// A new token, with when it was asked for: its life begins no earlier.
    async fn grant(&self, edge: &Edge) -> Result<(Grant, Duration), Failure> {
        let answer = self
            .tokens
            .post(edge, "grant_type=client_credentials")
            .await?;
        Ok((Grant::read(&answer.body)?, answer.asked_at))
    }

    fn forget(&self, number: u64) {
        let mut kept = self.kept();
        if kept
            .token
            .as_ref()
            .is_some_and(|token| token.number == number)
        {
            kept.token = None;
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it is held, and each field is good by itself.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn good(&self, edge: &Edge) -> Option<Arc<Token>> {
        let token = self.token.as_ref()?;
        (edge.clock.elapsed() < token.renew_at).then(|| token.clone())
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").finish_non_exhaustive()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;
    use crate::ErrorKind;
    use crate::auth::stage::{BASE, Reply, Seen, Stage};

    fn account() -> ServiceAccount {
        let account = Account {
            id: "mdb_sa_id_1".to_owned(),
            secret: "sa_sk_planted".into(),
        };
        let origin = OriginRule::new(&BASE.parse().unwrap(), Vec::new()).unwrap();
        ServiceAccount::new(account, &origin).unwrap()
    }

    /// Every request gets the next number for a token.
    fn numbered(number: usize, _: &Seen) -> Reply {
        Reply::token(&format!("t{number}"), 3600)
    }

    async fn text(account: &ServiceAccount, edge: &Edge) -> Result<String> {
        Ok(account.token(edge).await?.text.expose().to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn asks_as_the_service_wants_it() {
        let stage = Stage::new(numbered);
        assert_eq!(text(&account(), &stage.edge()).await.unwrap(), "t0");
        assert_eq!(
            stage.seen(),
            [Seen {
                line: "POST https://atlas.example/base/api/oauth/token".to_owned(),
                // base64 of `mdb_sa_id_1:sa_sk_planted`, the underscores as they are.
                authorization: Some("Basic bWRiX3NhX2lkXzE6c2Ffc2tfcGxhbnRlZA==".to_owned()),
                sensitive: true,
                content_type: Some("application/x-www-form-urlencoded".to_owned()),
                accept: Some("application/json".to_owned()),
                body: "grant_type=client_credentials".to_owned(),
            }]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_first_calls_ask_once() {
        let stage = Stage::new(numbered);
        let (account, edge) = (account(), stage.edge());
        let tokens = join_all((0..100).map(|_| text(&account, &edge))).await;
        assert!(tokens.into_iter().all(|token| token.unwrap() == "t0"));
        assert_eq!(stage.seen().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_kept_until_a_minute_before_its_end() {
        let stage = Stage::new(numbered);
        let (account, edge) = (account(), stage.edge());
        assert_eq!(text(&account, &edge).await.unwrap(), "t0");
        edge.clock.sleep(Duration::from_millis(3_539_800)).await;
        assert_eq!(text(&account, &edge).await.unwrap(), "t0");
        edge.clock.sleep(Duration::from_millis(100)).await;
        let tokens = join_all((0..10).map(|_| text(&account, &edge))).await;
        assert!(tokens.into_iter().all(|token| token.unwrap() == "t1"));
        assert_eq!(stage.seen().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_share_a_failure_and_later_calls_ask_anew() {
        let stage = Stage::new(|number, seen| match number {
            0 => Reply::new(401, r#"{"error":"invalid_client"}"#),
            1 => Reply::cut(),
            _ => numbered(number, seen),
        });
        let (account, edge) = (account(), stage.edge());
        for kind in [ErrorKind::Unauthorized, ErrorKind::Cut] {
            let outcomes = join_all((0..10).map(|_| text(&account, &edge))).await;
            for outcome in outcomes {
                let error = outcome.unwrap_err();
                assert_eq!(error.kind(), kind);
                assert!(!format!("{error} {error:?}").contains("planted"));
            }
        }
        assert_eq!(stage.seen().len(), 2);
        assert_eq!(text(&account, &edge).await.unwrap(), "t2");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_dropped_leaves_its_place_to_the_next() {
        let stage = Stage::new(numbered);
        let (account, edge) = (account(), stage.edge());
        let first = tokio::time::timeout(Duration::from_millis(50), text(&account, &edge));
        let others = join_all((0..10).map(|_| text(&account, &edge)));
        let (first, others) = futures_util::future::join(first, others).await;
        assert!(first.is_err());
        assert!(others.into_iter().all(|token| token.unwrap() == "t1"));
        assert_eq!(stage.seen().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_that_is_dropped_harms_no_one() {
        let stage = Stage::new(numbered);
        let (account, edge) = (account(), stage.edge());
        let first = text(&account, &edge);
        let dropped = tokio::time::timeout(Duration::from_millis(50), text(&account, &edge));
        let last = text(&account, &edge);
        let (first, dropped, last) = futures_util::future::join3(first, dropped, last).await;
        assert!(dropped.is_err());
        assert_eq!(
            (first.unwrap(), last.unwrap()),
            ("t0".to_owned(), "t0".to_owned())
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_endpoint_is_waited_for() {
        let stage = Stage::new(|number, seen| match number {
            0 => Reply::new(429, "").with("retry-after", "30"),
            1 => Reply::new(503, "<html>"),
            _ => numbered(number, seen),
        });
        let (account, edge) = (account(), stage.edge());
        assert_eq!(text(&account, &edge).await.unwrap(), "t2");
        // Three exchanges of 100 ms, 30 s and half of 500 ms, half of 1 s.
        assert_eq!(
            edge.clock.elapsed(),
            Duration::from_millis(300 + 30_250 + 500)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_endpoint_is_given_up_in_the_end() {
        for (reply, kind, requests) in [
            (
                Reply::new(429, "").with("retry-after", "1"),
                ErrorKind::RateLimited,
                4,
            ),
            (
                Reply::new(429, "").with("retry-after", "3600"),
                ErrorKind::RateLimited,
                1,
            ),
            (Reply::new(503, ""), ErrorKind::Service, 4),
            (Reply::new(500, ""), ErrorKind::Service, 1),
            (Reply::new(403, ""), ErrorKind::Unauthorized, 1),
            (
                Reply::new(200, "<html>login</html>"),
                ErrorKind::Unreadable,
                1,
            ),
            (Reply::new(200, " ".repeat(70_000)), ErrorKind::TooLarge, 1),
            (
                Reply {
                    after: Duration::from_secs(31),
                    ..Reply::new(200, "")
                },
                ErrorKind::Timeout,
                1,
            ),
            (Reply::cut(), ErrorKind::Cut, 1),
        ] {
            let stage = Stage::new(move |_, _| reply.clone());
            let error = text(&account(), &stage.edge()).await.unwrap_err();
            assert_eq!(
                (error.kind(), stage.seen().len()),
                (kind, requests),
                "{error}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_given_back() {
        let stage = Stage::new(|number, seen| match number {
            1 => Reply::new(500, ""),
            2 => Reply::new(200, ""),
            _ => Reply::token(&format!("t+{number}"), seen.body.len() as u64 * 1000),
        });
        let (account, edge) = (account(), stage.edge());
        account.revoke(&edge).await.unwrap();
        assert!(stage.seen().is_empty());
        assert_eq!(text(&account, &edge).await.unwrap(), "t+0");
        // A failed revocation keeps the token, so that it can be tried again.
        assert_eq!(
            account.revoke(&edge).await.unwrap_err().kind(),
            ErrorKind::Service
        );
        assert_eq!(text(&account, &edge).await.unwrap(), "t+0");
        account.revoke(&edge).await.unwrap();
        let revoked = &stage.seen()[2];
        assert_eq!(
            revoked.line,
            "POST https://atlas.example/base/api/oauth/revoke"
        );
        assert_eq!(revoked.body, "token=t%2B0&token_type_hint=access_token");
        assert!(
            revoked
                .authorization
                .as_ref()
                .unwrap()
                .starts_with("Basic ")
                && revoked.sensitive
        );
        assert_eq!(text(&account, &edge).await.unwrap(), "t+3");
    }
}
