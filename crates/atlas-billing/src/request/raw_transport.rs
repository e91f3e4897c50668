//! The calls that a user makes with the generated client.

use std::sync::Arc;

use atlas_billing_raw::transport::{Called, SendFuture, Transport, failure};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use super::Pipeline;
use super::options::{CallOptions, Form};
use crate::error::Result;
use crate::meta::ResponseMeta;

/// Carries the calls of a generated client in the hands of a user.
#[derive(Debug)]
pub(crate) struct RawTransport {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) form: Form,
    pub(crate) options: CallOptions,
}

impl Transport for RawTransport {
    fn send<'a>(
        &'a self,
        _: &'a reqwest::Client,
        called: Called,
        request: reqwest::Request,
    ) -> SendFuture<'a> {
        Box::pin(async move {
            let sent = self.exchange(called, request).await;
            // The generated client's own error type has no room for ours: it travels as an
            // extension of a response, where `Error::from` finds it.
            Ok(sent.unwrap_or_else(|error| failure(Arc::new(error))))
        })
    }
}

impl RawTransport {
    /// The response that the generated client is to see: real status, real content.
    async fn exchange(
        &self,
        called: Called,
        request: reqwest::Request,
    ) -> Result<reqwest::Response> {
        let Self {
            pipeline,
            form,
            options,
        } = self;
        let deadline = pipeline.deadline(options);
        let call = pipeline.prepare_built(called.operation, request, *form, options, deadline)?;
        let (meta, body) = if called.bytes {
            let response = call.read(|response| async { Ok(response) }).await?;
            (
                response.head.meta,
                reqwest::Body::wrap_stream(response.body),
            )
        } else {
            let content = call.content().await?;
            (content.meta, reqwest::Body::from(content.bytes))
        };
        Ok(rebuilt(&meta, body))
    }
}

/// A response of `meta` with another body than was sent.
fn rebuilt(meta: &ResponseMeta, body: reqwest::Body) -> reqwest::Response {
    let mut response = http::Response::new(body);
    *response.status_mut() = meta.status();
    let mut headers: HeaderMap = meta.headers().clone();
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    *response.headers_mut() = headers;
    response.into()
}
