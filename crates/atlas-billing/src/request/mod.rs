//! One call, from its request to its content.
//!
//! 1. The generated client builds the request; nothing is sent by it ([`Pipeline::prepare`]).
//! 2. [`Pipeline`] sets the media types (`options`).
//! 3. `Exchange::retry` repeats attempts as the retry policy says (`exchange/retry.rs`). A poll makes
//!    one attempt ([`Call::content_of_poll`]); its own policy decides what comes next.
//! 4. An attempt adds the caller's headers, signs the request (`auth/mod.rs`) and sends it
//!    (`Exchange::send`), and repeats that after a 401 which a fresh signature may mend.
//! 5. The response's content is taken out of its envelope and checked (`response`), or read as
//!    it arrives: a whole invoice and its line items (`invoices/items.rs`), a CSV file ([`CsvFile`]).

mod csv_file;
mod download;
mod options;
mod raw_transport;
mod response;

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use atlas_billing_raw as raw;
use atlas_billing_raw::operation::Operation;
use atlas_billing_raw::transport::{Capture, SharedTransport};
pub use csv_file::CsvFile;
pub(crate) use download::Download;
use download::DownloadSettings;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
pub(crate) use options::call_options;
use options::media_types;
pub use options::{CallOptions, Form, Timeouts};
pub(crate) use raw_transport::RawTransport;
pub(crate) use response::{Content, Response, ResponseHead};
use serde::de::{DeserializeOwned, IgnoredAny};
use url::Url;

use crate::auth::{Signer, is_loopback};
use crate::error::{Error, ErrorKind, Result, decode_error, network_error};
use crate::exchange::{BodyStream, Deadline, Exchange, Limits, RetryPolicy, in_call_span};
use crate::meta::ResponseMeta;

/// How often one attempt repeats its request after a 401 that a fresh signature may mend: a nonce
/// can go stale more than once, and a token expire on its way.
const RESENDS: u32 = 4;

/// The largest body kept in memory whole, unless the caller says otherwise: well above the
/// documents of 16 MB that are common, well below what would hurt a small machine.
const MAX_BODY: u64 = 256 * 1024 * 1024;

/// What every call of a client goes through.
pub(crate) struct Pipeline {
    pub(crate) exchange: Exchange,
    pub(crate) signer: Signer,
    pub(crate) base_url: Url,
    /// What applies to calls that set nothing of their own.
    pub(crate) defaults: CallOptions,
    /// Adds headers of the caller's to each request.
    pub(crate) headers: Option<Arc<HeaderHook>>,
    /// What the generated client is built with; the transport given to it sends instead.
    pub(crate) never_sends: reqwest::Client,
}

pub(crate) type HeaderHook = dyn Fn(&mut HeaderMap) + Send + Sync;

/// What the bytes form of a generated operation returns.
pub(crate) type RawResult = Result<raw::ResponseValue<raw::ByteStream>, raw::Error<()>>;

impl Pipeline {
    /// The deadline of a call that begins now.
    pub(crate) fn deadline(&self, options: &CallOptions) -> Deadline {
        let total = self.timeouts(options).total();
        Deadline::after(self.exchange.clock.as_ref(), total)
    }

    /// The limits of each request of a call.
    pub(crate) fn limits(&self, options: &CallOptions, deadline: Deadline) -> Limits {
        let timeouts = self.timeouts(options);
        Limits {
            head: timeouts.head(),
            idle: timeouts.idle(),
            deadline,
        }
    }

    fn timeouts(&self, options: &CallOptions) -> Timeouts {
        let timeouts = options.timeouts.or(self.defaults.timeouts);
        timeouts.unwrap_or_default()
    }

    fn retry(&self, options: &CallOptions) -> RetryPolicy {
        let retry = options.retry.as_ref().or(self.defaults.retry.as_ref());
        retry.cloned().unwrap_or_default()
    }

    fn max_body(&self, options: &CallOptions) -> u64 {
        options
            .max_body
            .or(self.defaults.max_body)
            .unwrap_or(MAX_BODY)
    }

    /// Prepares a call of the operation that `build` calls on the generated client. Nothing is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for what cannot be requested.
    pub(crate) async fn prepare<F: Future<Output = RawResult>>(
        self: &Arc<Self>,
        form: Form,
        options: &CallOptions,
        deadline: Deadline,
        build: impl FnOnce(raw::Client) -> F,
    ) -> Result<Call> {
        let capture = Capture::default();
        let built = build(self.raw_client(SharedTransport::new(capture.clone()))).await;
        match (capture.take(), built) {
            (Some((called, request)), _) => {
                self.prepare_built(called.operation, request, form, options, deadline)
            }
            (None, Err(error)) => Err(Error::from(error)),
            (None, Ok(_)) => Err(Error::input("the request could not be built")),
        }
    }

    /// Prepares a call of `operation` by the request that the generated client has built.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a version or form that the operation does
    /// not have.
    fn prepare_built(
        self: &Arc<Self>,
        operation: &'static Operation,
        mut request: reqwest::Request,
        form: Form,
        options: &CallOptions,
        deadline: Deadline,
    ) -> Result<Call> {
        let version = options.version.as_ref().or(self.defaults.version.as_ref());
        let media = media_types(operation, form, version)
            .map_err(|error| error.with_operation(operation.name))?;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, header_value(media.accept)?);
        if let Some(content_type) = media.content_type {
            headers.insert(header::CONTENT_TYPE, header_value(content_type)?);
        }
        Ok(Call {
            pipeline: self.clone(),
            operation: operation.name,
            request,
            form,
            limits: self.limits(options, deadline),
            retry: self.retry(options),
            max_body: self.max_body(options),
        })
    }

    /// A generated client whose requests go through `transport`.
    pub(crate) fn raw_client(&self, transport: SharedTransport) -> raw::Client {
        let base = self.base_url.as_str().trim_end_matches('/');
        // The transport sends; this HTTP client never does.
        raw::Client::new_with_client(base, self.never_sends.clone(), transport)
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("base_url", &self.base_url.as_str())
            .field("defaults", &self.defaults)
            .finish_non_exhaustive()
    }
}

/// The calls of one query: their options, and the deadline of all of them.
#[derive(Debug, Clone)]
pub struct Calls {
    pipeline: Arc<Pipeline>,
    pub(crate) options: CallOptions,
    /// `None` until the first call.
    deadline: Option<Deadline>,
}

impl Calls {
    pub(crate) fn new(
        pipeline: &Arc<Pipeline>,
        options: CallOptions,
        deadline: Option<Deadline>,
    ) -> Self {
        Self {
            pipeline: pipeline.clone(),
            options,
            deadline,
        }
    }

    /// Starts the deadline that all calls share, or, where creating the query has started it, applies
    /// the limit in the options to it.
    pub(crate) fn begin(&mut self) {
        let total = self.pipeline.timeouts(&self.options).total();
        let clock = self.pipeline.exchange.clock.as_ref();
        let begun = self
            .deadline
            .unwrap_or_else(|| Deadline::after(clock, None));
        self.deadline = Some(begun.with_total(total));
    }

    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline.unwrap_or_default()
    }

    pub(crate) fn exchange(&self) -> &Exchange {
        &self.pipeline.exchange
    }

    /// Prepares one of them, as [`Pipeline::prepare`] does.
    pub(crate) async fn prepare<F: Future<Output = RawResult>>(
        &self,
        form: Form,
        build: impl FnOnce(raw::Client) -> F,
    ) -> Result<Call> {
        let (options, deadline) = (&self.options, self.deadline());
        self.pipeline.prepare(form, options, deadline, build).await
    }

    /// What the download `operation` of a file of at most `max_file` bytes goes by.
    pub(crate) fn download_settings(
        &self,
        operation: &'static str,
        max_file: u64,
    ) -> DownloadSettings {
        let (pipeline, options) = (&self.pipeline, &self.options);
        DownloadSettings {
            operation,
            exchange: pipeline.exchange.clone(),
            limits: pipeline.limits(options, self.deadline()),
            retry: pipeline.retry(options),
            max_body: pipeline.max_body(options),
            max_file,
            local: is_loopback(&pipeline.base_url),
        }
    }
}

/// One call, ready to be sent as often as it takes.
#[derive(Debug)]
pub struct Call {
    pipeline: Arc<Pipeline>,
    operation: &'static str,
    request: reqwest::Request,
    form: Form,
    limits: Limits,
    retry: RetryPolicy,
    max_body: u64,
}

impl Call {
    /// The same call with the status requested in the body: where HTTP would lose it.
    pub(crate) fn enveloped(mut self) -> Self {
        let url = self.request.url_mut();
        url.query_pairs_mut().append_pair("envelope", "true");
        self
    }

    /// The same call by another method.
    pub(crate) fn with_method(mut self, method: Method) -> Self {
        *self.request.method_mut() = method;
        self
    }

    /// Whether the request has a body.
    pub(crate) fn has_body(&self) -> bool {
        self.request.body().is_some()
    }

    /// The same call with tighter limits on one request.
    pub(crate) fn within(mut self, limit: std::time::Duration) -> Self {
        self.limits.head = self.limits.head.min(limit);
        self.limits.idle = self.limits.idle.min(limit);
        self
    }

    /// Makes attempts by the one retry loop, [`Exchange::retry`], until `read` has made something of
    /// a response or the retry policy gives up.
    pub(crate) async fn read<T, F: Future<Output = Result<T>>>(
        &self,
        read: impl Fn(Response) -> F,
    ) -> Result<T> {
        let exchange = &self.pipeline.exchange;
        let attempts = exchange.retry(
            self.operation,
            &self.retry,
            self.limits.deadline,
            || async { read(self.attempt().await?).await },
        );
        in_call_span(self.operation, attempts).await
    }

    /// The content of the response.
    pub(crate) async fn content(&self) -> Result<Content> {
        self.read(Response::content).await
    }

    /// The content of the response as a value of `T`. Truncated JSON is retried.
    pub(crate) async fn json<T: DeserializeOwned>(&self) -> Result<(ResponseMeta, T)> {
        let read = |response: Response| async {
            let content = response.content().await?;
            let value = content.decode()?;
            Ok((content.meta, value))
        };
        self.read(read).await
    }

    /// The content of the response to one attempt: for a poll, whose policy alone decides what
    /// comes next. Its status may be 102, out of an envelope.
    pub(crate) async fn content_of_poll(&self) -> Result<Content> {
        in_call_span(self.operation, async {
            self.attempt().await?.content_of_poll().await
        })
        .await
    }

    /// One attempt, to the head of a successful response.
    async fn attempt(&self) -> Result<Response> {
        let sent = self.send().await;
        let body = sent.map_err(|error| error.with_operation(self.operation))?;
        let meta = body.meta().clone();
        if !meta.status().is_success() {
            return Err(body.into_error().await);
        }
        let Self { form, max_body, .. } = *self;
        let head = ResponseHead {
            form,
            max_body,
            meta,
        };
        Ok(Response { head, body })
    }

    /// Sends the request, and repeats it where a 401 says that a fresh signature may do.
    async fn send(&self) -> Result<BodyStream> {
        let Pipeline {
            exchange,
            signer,
            headers,
            ..
        } = &*self.pipeline;
        let deadline = self.limits.deadline;
        let mut turn = None;
        let mut resends = 0;
        loop {
            let Some(mut request) = self.request.try_clone() else {
                return Err(Error::input("the request's body cannot be sent twice"));
            };
            if let Some(add) = headers {
                let own = std::mem::take(request.headers_mut());
                add(request.headers_mut());
                request.headers_mut().extend(own);
            }
            // It outlives the exchange: that is how the signer knows when its challenge is free.
            let signed = {
                let signing = signer.sign(exchange, self.limits, &mut request, turn.take());
                deadline
                    .bounded(exchange.clock.as_ref(), pin!(signing))
                    .await?
            };
            let response = exchange.send(self.operation, request, self.limits).await?;
            if response.meta().status() != StatusCode::UNAUTHORIZED {
                return Ok(response);
            }
            let meta = response.meta();
            let next = signer.refused(exchange, &signed, meta.headers());
            match next.map_err(|error| error.with_meta(meta.clone()))? {
                None => return Ok(response),
                Some(_) if resends == RESENDS => {
                    return Err(Error::new(
                        ErrorKind::Service,
                        format!("the service called {resends} fresh nonces in a row stale"),
                    )
                    .with_meta(response.meta().clone()));
                }
                next => turn = next,
            }
            resends += 1;
        }
    }
}

fn header_value(text: String) -> Result<HeaderValue> {
    HeaderValue::try_from(&text)
        .map_err(|_| Error::input(format!("{text:?} cannot be a header's value")))
}

/// The error of a call with the [generated client](crate::Client::raw).
impl From<raw::Error<()>> for Error {
    fn from(error: raw::Error<()>) -> Self {
        match error {
            raw::Error::InvalidRequest(reason) | raw::Error::Custom(reason) => Self::input(reason),
            raw::Error::CommunicationError(error)
            | raw::Error::ResponseBodyError(error)
            | raw::Error::InvalidUpgrade(error) => network_error(Box::new(error)),
            raw::Error::InvalidResponsePayload(body, error) => {
                decode_error::<IgnoredAny>("the response", "$", &body, &error)
            }
            raw::Error::ErrorResponse(value) => Self::new(
                ErrorKind::Rejected,
                format!("the service responded {}", value.status()),
            ),
            raw::Error::UnexpectedResponse(mut response) => {
                let carried = response.extensions_mut().remove::<Arc<Self>>();
                carried.and_then(Arc::into_inner).unwrap_or_else(|| {
                    let url = response.url().clone();
                    let headers = response.headers().clone();
                    let meta = ResponseMeta::new(response.status(), headers, &url);
                    Self::from_response(meta, b"")
                })
            }
        }
    }
}
