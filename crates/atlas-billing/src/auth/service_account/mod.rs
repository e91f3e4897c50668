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

/// What becomes of a token endpoint's answer.
#[cfg(test)]
pub(crate) fn read_grant(body: &[u8]) -> String {
    match Grant::read(body) {
        Ok(grant) => {
            assert!(grant.use_for() <= Duration::MAX);
            "a token".to_owned()
        }
        Err(failure) => failure.error().to_string(),
    }
}

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
mod tests;
