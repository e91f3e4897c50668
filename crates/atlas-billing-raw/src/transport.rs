//! The seam: every call of the generated client passes here, and a layer above puts its own
//! [`Transport`] in to sign, retry, log or answer from memory.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use progenitor_client::{ClientHooks, ClientInfo, Error, OperationInfo};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};

use crate::Client;
pub use crate::operation::Called;
use crate::operation::Operation;

/// The answer to a request, to come.
pub type SendFuture<'a> =
    Pin<Box<dyn Future<Output = reqwest::Result<reqwest::Response>> + Send + 'a>>;

/// Sends one request of the generated client.
///
/// The request has its URL, query and body; which media type it asks for and who signs it is up to
/// the transport. A response made up here (`reqwest::Response: From<http::Response<_>>`) is taken
/// like one from the network.
pub trait Transport: Debug + Send + Sync {
    /// Sends `request` with `http`, the client that the generated client was made with.
    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        called: Called,
        request: reqwest::Request,
    ) -> SendFuture<'a>;
}

/// A [`Transport`] as the generated client holds it: cheap to clone, shared by all clones.
#[derive(Clone, Debug)]
pub struct Seam(Arc<dyn Transport>);

impl Seam {
    /// Calls go through `transport`.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self(Arc::new(transport))
    }

    /// Calls go straight out, asking for JSON: [`Plain::json`].
    pub fn plain() -> Self {
        Self::new(Plain::json())
    }
}

/// Asks for the pinned version and sends, no more: nothing is signed, nothing is retried.
///
/// Headers that the HTTP client has by default (an `Authorization`, say) are sent along.
#[derive(Debug, Clone, Copy)]
pub struct Plain {
    /// The form that bytes twins ask for.
    twins: &'static str,
}

impl Plain {
    /// Asks for JSON.
    pub fn json() -> Self {
        Self { twins: "json" }
    }

    /// Asks for CSV where the operation offers it and the caller wants bytes; for JSON elsewhere.
    pub fn csv() -> Self {
        Self { twins: "csv" }
    }

    fn prepare(self, called: Called, request: &mut reqwest::Request) {
        let Some(version) = called.operation.pinned_version() else {
            return;
        };
        let form = if called.bytes { self.twins } else { "json" };
        let accept = version
            .answer(form)
            .or_else(|| version.answers.first().copied());
        let mut set = |name: HeaderName, value: Option<&'static str>| {
            if let Some(value) = value {
                request
                    .headers_mut()
                    .insert(name, HeaderValue::from_static(value));
            }
        };
        set(ACCEPT, accept);
        set(CONTENT_TYPE, version.request);
    }
}

impl Transport for Plain {
    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        called: Called,
        mut request: reqwest::Request,
    ) -> SendFuture<'a> {
        self.prepare(called, &mut request);
        Box::pin(http.execute(request))
    }
}

/// What the generator sends on every request: its own idea of a version, which the service has not.
const API_VERSION: HeaderName = HeaderName::from_static("api-version");

impl ClientHooks<Seam> for Client {
    async fn pre<E>(
        &self,
        request: &mut reqwest::Request,
        info: &OperationInfo,
    ) -> Result<(), Error<E>> {
        if Operation::by_operation_id(info.operation_id).is_none() {
            let id = info.operation_id;
            return Err(Error::Custom(format!(
                "the operation {id} is not in the table"
            )));
        }
        request.headers_mut().remove(API_VERSION);
        Ok(())
    }

    async fn exec(
        &self,
        request: reqwest::Request,
        info: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        match Operation::by_operation_id(info.operation_id) {
            Some(called) => self.inner().0.send(self.client(), called, request).await,
            // `pre` has refused it.
            None => self.client().execute(request).await,
        }
    }
}

#[cfg(test)]
mod tests;
