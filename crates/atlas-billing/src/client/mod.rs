//! The client: who asks, where, and how.

mod base_url;
mod builder;
mod environment;
mod http;
mod org;
mod settings;

use std::fmt;
use std::sync::Arc;

use atlas_billing_raw as raw;

pub use base_url::{COMMERCIAL, GOVERNMENT};
pub use builder::ClientBuilder;
pub use org::Org;
pub(crate) use settings::Settings;

use crate::auth::{Credentials, Signer};
use crate::call::{Ask, CallTransport, Event, Form};
use crate::edge::Edge;
use crate::{CallOptions, Error, Observer, OrgId, Result};

/// A client of the Atlas billing endpoints.
///
/// Cheap to clone; clones share connections, the signed-in state and all settings. Calls may be
/// made from any number of tasks at once.
///
/// ```no_run
/// # async fn run() -> atlas_billing::Result<()> {
/// let atlas = atlas_billing::Client::from_env()?;
/// let org = atlas.org("5f0c2d9e8b7a6c5d4e3f2a1b".parse()?);
/// let report = org.costs("2025-01..2025-03".parse()?).await?;
/// # Ok(())
/// # }
/// ```
///
/// # In a program without async
/// Build a runtime once and block on each call:
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// let atlas = atlas_billing::Client::from_env()?;
/// let org = atlas.org("5f0c2d9e8b7a6c5d4e3f2a1b".parse()?);
/// let invoice = runtime.block_on(async { org.current_invoice().await })?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) edge: Edge,
    pub(crate) reqwest: reqwest::Client,
    pub(crate) signer: Signer,
    pub(crate) settings: Settings,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
}

impl Client {
    /// Starts a client that signs in with `credentials`.
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder::new(credentials)
    }

    /// The billing of one organization. Nothing is sent.
    pub fn org(&self, id: OrgId) -> Org {
        Org::new(self.clone(), id)
    }

    /// The generated client, with this client's signing, versions and time limits: the way to what
    /// the wrapper does not offer. JSON is asked for; nothing is retried.
    ///
    /// What its own error type has no room for (a token that could not be had) arrives as an
    /// unexpected response with status 599; [`Error::from_raw`] turns each of its errors into one
    /// of ours.
    ///
    /// ```no_run
    /// # async fn run(atlas: atlas_billing::Client) -> atlas_billing::Result<()> {
    /// let answer = atlas
    ///     .raw()
    ///     .list_org_invoices()
    ///     .org_id("5f0c2d9e8b7a6c5d4e3f2a1b")
    ///     .send()
    ///     .await;
    /// match answer {
    ///     Ok(page) => println!("{} invoices", page.results.as_ref().map_or(0, Vec::len)),
    ///     Err(error) => eprintln!("{}", atlas_billing::Error::from_raw(error).await),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(&self) -> raw::Client {
        self.raw_with(Form::Json, &CallOptions::default())
    }

    /// The generated client, asking for `form` under `options`. CSV is an answer of the bytes
    /// twins alone.
    pub fn raw_with(&self, form: Form, options: &CallOptions) -> raw::Client {
        let ask: Ask = self.ask("raw", form, options);
        self.inner.raw(CallTransport {
            client: self.inner.clone(),
            ask,
            end: None,
            slot: None,
        })
    }

    /// Gives the service account's access token back, if one is held: the service forgets it, and
    /// the next call asks for a new one. Does nothing for other credentials.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn revoke_token(&self) -> Result<()> {
        self.inner.signer.revoke(&self.inner.edge).await
    }

    /// Where requests go: scheme, host, port and path prefix.
    pub fn base_url(&self) -> &str {
        self.inner.settings.base_url.as_str()
    }
}

impl Inner {
    /// A generated client whose requests go through `transport`.
    pub(crate) fn raw(&self, transport: CallTransport) -> raw::Client {
        let base = self.settings.base_url.as_str().trim_end_matches('/');
        raw::Client::new_with_client(base, self.reqwest.clone(), raw::Seam::new(transport))
    }

    pub(crate) fn observe(&self, event: &Event<'_>) {
        for observer in &self.observers {
            observer.observe(event);
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.settings.base_url.as_str())
            .field("timeouts", &self.settings.timeouts)
            .field("retry", &self.settings.retry)
            .finish_non_exhaustive()
    }
}

impl Error {
    /// The error that an error of the [generated client](Client::raw) is.
    pub async fn from_raw(error: raw::Error<()>) -> Self {
        crate::call::from_raw(error).await
    }
}
