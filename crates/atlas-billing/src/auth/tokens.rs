//! Access tokens: one for all calls of a client, refreshed before it expires.
//!
//! However many calls need a token at the same time, one of them obtains it and the others wait
//! for what it gets.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderValue;

use super::credentials::{Account, OriginRule, bearer};
use super::service_account::{ACCESS_TOKEN, ServiceAccount};
use crate::edge::{BoxFuture, Clock, within};
use crate::error::{Error, ErrorKind, Result};
use crate::exchange::{Exchange, Limits};
use crate::secret::Secret;

/// How long a token is used that does not say how long it lives: well below the hour that Atlas
/// documents.
const UNSTATED: Duration = Duration::from_secs(600);

/// How long before a token expires another one is obtained, so that it does not expire on its way,
/// nor by a clock that runs a little slow. A tenth of a short life.
const MARGIN: Duration = Duration::from_secs(60);

/// Obtains access tokens in a way of your own: from Vault, by workload identity.
///
/// ```
/// use std::error::Error;
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use atlas_billing::edge::BoxFuture;
/// use atlas_billing::{AccessToken, Credentials, TokenProvider};
///
/// #[derive(Debug)]
/// struct Vault;
///
/// impl TokenProvider for Vault {
///     fn token(&self) -> BoxFuture<'_, Result<AccessToken, Box<dyn Error + Send + Sync>>> {
///         Box::pin(async { Ok(AccessToken::new("made-up").with_expires_in(Duration::from_secs(900))) })
///     }
/// }
///
/// let credentials = Credentials::provider(Arc::new(Vault));
/// ```
pub trait TokenProvider: fmt::Debug + Send + Sync {
    /// Obtains a token that is valid now. Called for one call of a client at a time; dropped where
    /// that call is, or its time limits pass. Retries are the provider's own matter.
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, Box<dyn StdError + Send + Sync>>>;
}

/// An access token and how long it is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    pub(super) secret: Secret,
    pub(super) expires_in: Option<Duration>,
}

impl AccessToken {
    /// A token that does not say how long it is valid: it is used for ten minutes.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self {
            secret: secret.into(),
            expires_in: None,
        }
    }

    /// The same token, which expires after this time from now.
    #[must_use]
    pub fn with_expires_in(mut self, expires_in: Duration) -> Self {
        self.expires_in = Some(expires_in);
        self
    }
}

/// Keeps a service account's access tokens between runs of a program, or shares them among
/// processes: few may be obtained per minute, and few may be live at the same time.
///
/// The client decides whether a loaded token is still fresh. It saves each token that it obtains,
/// and removes one that was revoked or that the service rejected. A store that cannot load or save
/// does nothing. The methods are called on the task that makes the call, so they should return
/// soon.
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// The token kept for `key`, expired or not.
    fn load(&self, key: &TokenKey) -> Option<StoredToken>;

    /// Keeps `token` for `key`, in place of the one before it, where only its owner can read it.
    fn save(&self, key: &TokenKey, token: &StoredToken);

    /// Forgets the token for `key`.
    fn remove(&self, key: &TokenKey);
}

/// What a stored access token is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenKey {
    /// The service account's client id.
    pub client_id: String,
    /// The base URL, without a trailing slash.
    pub base_url: String,
}

/// An access token in a [`TokenStore`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// The token.
    pub secret: Secret,
    /// When it expires, by the time of day.
    pub expires_at: DateTime<Utc>,
}

/// The access tokens of one client.
#[derive(Debug)]
pub(super) struct Tokens {
    source: Source,
    store: Option<(Arc<dyn TokenStore>, TokenKey)>,
    kept: Mutex<Kept>,
    /// Held while a token is obtained. Dropping the call that does it lets the next one do it.
    obtaining: tokio::sync::Mutex<()>,
}

/// Where tokens come from.
#[derive(Debug)]
pub(super) enum Source {
    Account(Box<ServiceAccount>),
    Provider(Arc<dyn TokenProvider>),
}

#[derive(Debug, Default)]
struct Kept {
    /// The token at hand, or why there is none, for those who waited for it.
    last: Option<Result<Arc<Token>>>,
    /// How often `last` was set: shows who waited for it.
    changes: u64,
    /// The last token that the service rejected: a store may still have it.
    rejected: Option<Secret>,
}

/// An access token.
#[derive(Debug)]
pub(crate) struct Token {
    /// What `Authorization` says.
    pub(super) header: HeaderValue,
    secret: Secret,
    /// From when on it is not used any more, by the clock's `elapsed`.
    refresh_at: Duration,
}

impl Tokens {
    /// The tokens of a service account.
    pub(super) fn for_account(
        account: &Account,
        origin: &OriginRule,
        store: Option<Arc<dyn TokenStore>>,
    ) -> Result<Self> {
        let key = TokenKey {
            client_id: account.id.clone(),
            base_url: origin.base().to_owned(),
        };
        let account = Box::new(ServiceAccount::new(account, origin)?);
        Ok(Self {
            store: store.map(|store| (store, key)),
            ..Self::new(Source::Account(account))
        })
    }

    /// Tokens that no store keeps.
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            store: None,
            kept: Mutex::default(),
            obtaining: tokio::sync::Mutex::default(),
        }
    }

    /// A token that is valid for a while: kept, out of the store, or obtained.
    ///
    /// A call that waits for another one's request shares its outcome, failures included: a
    /// hundred calls that start together cost one request. A later call tries again.
    pub(super) async fn token(&self, exchange: &Exchange, limits: Limits) -> Result<Arc<Token>> {
        let clock = exchange.clock.as_ref();
        let seen = {
            let kept = self.kept();
            if let Some(token) = kept.fresh(clock) {
                return Ok(token);
            }
            kept.changes
        };
        let _obtaining = self.obtaining.lock().await;
        {
            let kept = self.kept();
            let shared = kept.last.as_ref().filter(|_| kept.changes != seen);
            if let Some(shared) = shared {
                return shared.clone();
            }
        }
        let outcome = match self.load(clock) {
            Some(token) => Ok(Arc::new(token)),
            // In a box: nearly all requests need none of it, and are to be no larger for it.
            None => Box::pin(self.obtain(exchange, limits)).await.map(Arc::new),
        };
        // The time limit of this call alone says nothing about the others'.
        if outcome.is_ok() || !limits.deadline.has_passed(clock) {
            let mut kept = self.kept();
            kept.last = Some(outcome.clone());
            kept.changes += 1;
        }
        outcome
    }

    /// The service rejected `token`, or has revoked it: it is not used again.
    pub(super) fn rejected(&self, token: &Arc<Token>) {
        let mut kept = self.kept();
        if let Some(Ok(last)) = &kept.last
            && Arc::ptr_eq(last, token)
        {
            kept.last = None;
        }
        kept.rejected = Some(token.secret.clone());
        drop(kept);
        // Another process may have stored a newer one.
        if let Some((store, key)) = &self.store
            && store
                .load(key)
                .is_some_and(|stored| stored.secret == token.secret)
        {
            store.remove(key);
        }
    }

    /// Revokes the token at hand or in the store, if there is one.
    pub(super) async fn revoke(&self, exchange: &Exchange, limits: Limits) -> Result<()> {
        let Source::Account(account) = &self.source else {
            return Ok(());
        };
        let kept = self.kept().last.clone().and_then(Result::ok);
        let stored = || self.load(exchange.clock.as_ref()).map(Arc::new);
        let Some(token) = kept.or_else(stored) else {
            return Ok(());
        };
        account.revoke(exchange, limits, &token.secret).await?;
        self.rejected(&token);
        Ok(())
    }

    /// The stored token, unless it expires soon or was rejected. How long it is valid is known by
    /// the time of day alone; the service corrects a wrong one by a 401.
    fn load(&self, clock: &dyn Clock) -> Option<Token> {
        let (store, key) = self.store.as_ref()?;
        let stored = store.load(key)?;
        if self.kept().rejected.as_ref() == Some(&stored.secret) {
            return None;
        }
        let left = stored.expires_at.signed_duration_since(clock.now());
        let left = left.to_std().ok()?.saturating_sub(MARGIN);
        if left.is_zero() {
            return None;
        }
        Token::new(stored.secret, clock.elapsed().saturating_add(left))
    }

    async fn obtain(&self, exchange: &Exchange, limits: Limits) -> Result<Token> {
        let clock = exchange.clock.as_ref();
        let (token, requested_at) = match &self.source {
            Source::Account(account) => account.obtain(exchange, limits).await?,
            Source::Provider(provider) => {
                let requested_at = clock.elapsed();
                let limit = limits.deadline.bound(clock, limits.head);
                let provided = match within(clock, limit, provider.token()).await {
                    Some(provided) => provided.map_err(|source| {
                        let message = "the token provider returned no token";
                        Error::new(ErrorKind::Unauthorized, message).with_source(source)
                    }),
                    None => Err(Error::new(
                        ErrorKind::Timeout,
                        format!(
                            "no token from the provider within {} s",
                            limit.as_secs_f64()
                        ),
                    )),
                };
                let token = provided.map_err(|error| error.with_operation(ACCESS_TOKEN))?;
                (token, requested_at)
            }
        };
        let AccessToken { secret, expires_in } = token;
        // It lives no longer than this after it was requested.
        let life = expires_in.unwrap_or(UNSTATED);
        let use_for = life.saturating_sub(MARGIN.min(life / 10));
        let refresh_at = requested_at.saturating_add(use_for);
        if let Some((store, key)) = &self.store {
            let left = life.saturating_sub(clock.elapsed().saturating_sub(requested_at));
            let left = TimeDelta::from_std(left).unwrap_or(TimeDelta::MAX);
            let expires_at = clock.now().checked_add_signed(left);
            let stored = StoredToken {
                secret: secret.clone(),
                expires_at: expires_at.unwrap_or(DateTime::<Utc>::MAX_UTC),
            };
            store.save(key, &stored);
        }
        Token::new(secret, refresh_at).ok_or_else(|| {
            Error::decode("the access token is empty or cannot be a header's value")
                .with_operation(ACCESS_TOKEN)
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it is held, and each field is valid by itself.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Token {
    /// `None` if no header can carry the token.
    fn new(secret: Secret, refresh_at: Duration) -> Option<Self> {
        Some(Self {
            header: bearer(secret.expose_secret())?,
            secret,
            refresh_at,
        })
    }
}

impl Kept {
    fn fresh(&self, clock: &dyn Clock) -> Option<Arc<Token>> {
        let token = self.last.as_ref()?.as_ref().ok()?;
        (clock.elapsed() < token.refresh_at).then(|| token.clone())
    }
}

#[cfg(test)]
mod tests;
