//! Access tokens as a program may provide and store them.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::edge::BoxFuture;
use crate::secret::Secret;

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
