//! The client: credentials, base URL and settings for every call.

mod builder;
pub mod environment;
mod http;

use std::sync::Arc;

use atlas_billing_raw as raw;
use atlas_billing_raw::transport::SharedTransport;

pub use builder::ClientBuilder;

use crate::error::Result;
use crate::exchange::Deadline;
use crate::id::OrgId;
use crate::poll::PollPolicy;
use crate::request::{CallOptions, Form, Pipeline, RawTransport};

/// Commercial Atlas.
pub const COMMERCIAL: &str = "https://cloud.mongodb.com";

/// Atlas for Government.
pub const GOVERNMENT: &str = "https://cloud.mongodbgov.com";

/// A client of the Atlas billing endpoints.
///
/// Cheap to clone; clones share connections, credentials' state and all settings. Calls may be
/// made from any number of tasks at once.
///
/// ```no_run
/// # async fn run() -> atlas_billing::Result<()> {
/// let atlas = atlas_billing::Client::from_env()?;
/// let org = atlas.org("5f0c2d9e8b7a6c5d4e3f2a1b".parse()?);
/// let report = org.costs(atlas_billing::Month::new(2025, 1)?).await?;
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
#[derive(Debug, Clone)]
pub struct Client {
    pipeline: Arc<Pipeline>,
    polling: PollPolicy,
}

impl Client {
    /// The billing of one organization. Nothing is sent.
    pub fn org(&self, id: OrgId) -> Org {
        Org {
            client: self.clone(),
            id,
        }
    }

    /// The generated client, for operations that this crate does not wrap. Its calls are signed,
    /// versioned, retried and bounded in time like all others; JSON is requested.
    ///
    /// An error that its own error type cannot represent arrives as an unexpected response;
    /// [`Error`](crate::Error) is `From` each of its errors.
    ///
    /// ```no_run
    /// # async fn run(atlas: atlas_billing::Client) -> atlas_billing::Result<()> {
    /// let page = atlas
    ///     .raw()
    ///     .list_org_invoices()
    ///     .org_id("5f0c2d9e8b7a6c5d4e3f2a1b")
    ///     .send()
    ///     .await?;
    /// println!("{} invoices", page.results.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(&self) -> raw::Client {
        self.raw_with(Form::Json, &CallOptions::default())
    }

    /// The generated client, requesting `form` under `options`. CSV comes out of the methods that
    /// end in `_bytes` alone.
    pub fn raw_with(&self, form: Form, options: &CallOptions) -> raw::Client {
        let transport = RawTransport {
            pipeline: self.pipeline.clone(),
            form,
            options: options.clone(),
        };
        self.pipeline.raw_client(SharedTransport::new(transport))
    }

    /// Revokes the service account's access token, if there is one: the next call obtains a new
    /// one. Does nothing for other credentials.
    ///
    /// # Errors
    /// When the service cannot be reached or rejects the request; the token is kept then.
    pub async fn revoke_token(&self) -> Result<()> {
        let Pipeline {
            exchange, signer, ..
        } = &*self.pipeline;
        let options = CallOptions::default();
        let limits = self.pipeline.limits(&options, self.deadline(&options));
        signer.revoke(exchange, limits).await
    }

    /// Where requests go: scheme, host, port and path prefix.
    pub fn base_url(&self) -> &str {
        self.pipeline.base_url.as_str()
    }

    pub(crate) fn pipeline(&self) -> &Arc<Pipeline> {
        &self.pipeline
    }

    /// How a result that is not ready is polled by default.
    pub(crate) fn polling(&self) -> PollPolicy {
        self.polling
    }

    /// The deadline of a call that begins now.
    pub(crate) fn deadline(&self, options: &CallOptions) -> Deadline {
        self.pipeline.deadline(options)
    }
}

/// The billing of one organization: the entry point for all calls. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Org {
    client: Client,
    id: OrgId,
}

impl Org {
    /// The organization's id.
    pub fn id(&self) -> &OrgId {
        &self.id
    }

    /// The client that makes the calls.
    pub fn client(&self) -> &Client {
        &self.client
    }
}
