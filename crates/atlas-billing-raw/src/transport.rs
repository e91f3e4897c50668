//! The transport hook: every call of the generated client passes through a [`Transport`], which
//! signs, retries, records or replaces it.
//!
//! # A transport's own errors
//! The generated client knows [`Error`] only, which has no place for another error. There is one way
//! to return one: [`failure`] makes up a response that carries the error as an extension; the
//! call then ends in [`Error::UnexpectedResponse`], and [`failure_of`] reads the error again.
//!
//! # A request without sending it
//! [`Capture`] keeps the request that the generated client builds, for a layer that sends it itself.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use progenitor_client::{ClientHooks, ClientInfo, Error, OperationInfo};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};

use crate::generated::Client;
pub use crate::operation::Called;
use crate::operation::Operation;

/// The response to a request, to come.
pub type SendFuture<'a> =
    Pin<Box<dyn Future<Output = reqwest::Result<reqwest::Response>> + Send + 'a>>;

/// Sends one request of the generated client.
///
/// The request has its URL, query and body; headers (the media type, the signature) are up to the
/// transport. A made-up response (`reqwest::Response: From<http::Response<_>>`) is treated like one
/// from the network.
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
pub struct SharedTransport(Arc<dyn Transport>);

impl SharedTransport {
    /// Shares `transport`.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self(Arc::new(transport))
    }

    /// Shares [`Plain::json`].
    pub fn plain() -> Self {
        Self::new(Plain::json())
    }
}

/// Requests the pinned version and sends, no more: nothing is signed or retried.
///
/// Headers that the HTTP client has by default (an `Authorization`, say) are sent along.
#[derive(Debug, Clone, Copy)]
pub struct Plain {
    /// What bytes forms ask for.
    bytes: &'static str,
}

impl Plain {
    /// Requests JSON.
    pub fn json() -> Self {
        Self { bytes: "json" }
    }

    /// Requests CSV for the bytes form of an operation that offers it, JSON elsewhere.
    pub fn csv() -> Self {
        Self { bytes: "csv" }
    }

    fn prepare(self, called: Called, request: &mut reqwest::Request) {
        let Some(version) = called.operation.pinned_version() else {
            return;
        };
        let form = if called.bytes { self.bytes } else { "json" };
        let accept = version
            .response(form)
            .or_else(|| version.responses.first().copied());
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

/// Keeps the last request instead of sending it, and responds with an empty 204.
///
/// Use it with the bytes form of an operation. What the call returns says nothing: an `Ok` without
/// content, or [`Error::UnexpectedResponse`] where the operation declares another status. If
/// [`take`](Self::take) is `None`, no request was built, and the call's error says why.
///
/// ```
/// # async fn show(http: reqwest::Client) -> Result<(), atlas_billing_raw::Error<()>> {
/// use atlas_billing_raw::{Client, SharedTransport, transport::Capture};
///
/// let capture = Capture::default();
/// let client = Client::new_with_client(
///     "https://cloud.mongodb.com",
///     http,
///     SharedTransport::new(capture.clone()),
/// );
/// let outcome = client.get_org_invoice_bytes().org_id("…").invoice_id("…").send().await;
/// match capture.take() {
///     Some((called, request)) => println!("{}: {}", called.operation.name, request.url()),
///     None => drop(outcome?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Capture(Arc<Mutex<Option<(Called, reqwest::Request)>>>);

impl Capture {
    /// The request that was built last, once.
    pub fn take(&self) -> Option<(Called, reqwest::Request)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Transport for Capture {
    fn send<'a>(
        &'a self,
        _: &'a reqwest::Client,
        called: Called,
        request: reqwest::Request,
    ) -> SendFuture<'a> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((called, request));
        let mut response = http::Response::new("");
        *response.status_mut() = http::StatusCode::NO_CONTENT;
        Box::pin(std::future::ready(Ok(response.into())))
    }
}

/// A response that carries a transport's own error to the caller, who reads it with
/// [`failure_of`]. Its status, 599, is one that no operation declares.
pub fn failure<E: Clone + Send + Sync + 'static>(error: E) -> reqwest::Response {
    let mut response = http::Response::new("");
    *response.status_mut() = http::StatusCode::from_u16(599).unwrap_or_default();
    response.extensions_mut().insert(error);
    response.into()
}

/// The error that a transport put into a [`failure`], if a call ended in one.
pub fn failure_of<E: Clone + Send + Sync + 'static, T>(error: &Error<T>) -> Option<&E> {
    match error {
        Error::UnexpectedResponse(response) => response.extensions().get(),
        _ => None,
    }
}

/// The header that the generator sends on every request; the service does not know it.
const API_VERSION: HeaderName = HeaderName::from_static("api-version");

impl ClientHooks<SharedTransport> for Client {
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
