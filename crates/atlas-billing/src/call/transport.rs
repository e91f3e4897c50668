//! One request of the generated client on its way out and back: versioned media types, the
//! envelope's query, the signature, the time limit, the second leg after a 401.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use atlas_billing_raw::transport::{Called, SendFuture, Transport};
use http::{HeaderValue, StatusCode, header};

use super::limit::{End, within};
use super::observer::Event;
use super::version::media_types;
use super::{Ask, unwrap};
use crate::auth::Again;
use crate::client::Inner;
use crate::error::network_error;
use crate::meta::ResponseMeta;
use crate::{Error, ErrorKind, Result};

/// What came of the request, for the call that made it: the generated client's own error type has
/// no room for it.
#[derive(Debug, Default)]
pub(crate) struct Slot(Mutex<Option<Result<ResponseMeta>>>);

impl Slot {
    pub(crate) fn take(&self) -> Option<Result<ResponseMeta>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, outcome: Result<ResponseMeta>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }
}

/// Carries the requests of one call. Built for each call: it holds what was asked for this one.
#[derive(Debug)]
pub(crate) struct CallTransport {
    pub(crate) client: Arc<Inner>,
    pub(crate) ask: Ask,
    /// When the call has to be done; absent for a generated client in the hands of a user, each
    /// request of which is a call of its own.
    pub(crate) end: Option<End>,
    /// Where the outcome goes; absent for a generated client in the hands of a user.
    pub(crate) slot: Option<Arc<Slot>>,
}

impl Transport for CallTransport {
    fn send<'a>(
        &'a self,
        _http: &'a reqwest::Client,
        called: Called,
        request: reqwest::Request,
    ) -> SendFuture<'a> {
        Box::pin(async move {
            let clock = self.client.edge.clock.as_ref();
            let total = self.ask.timeouts.total;
            let end = self.end.unwrap_or_else(|| End::of(clock, total));
            let sent = self.exchange(end, called, request).await;
            let sent = match (sent, called.bytes) {
                (Ok((response, meta)), false) => {
                    unwrap::typed(self, end, called, response, meta).await
                }
                (sent, _) => sent,
            };
            match (sent, &self.slot) {
                (Ok((response, meta)), Some(slot)) => {
                    slot.put(Ok(meta));
                    Ok(response)
                }
                (Ok((response, _)), None) => Ok(response),
                (Err(error), Some(slot)) => {
                    slot.put(Err(error));
                    Ok(made_up(None))
                }
                (Err(error), None) => match error.into_reqwest() {
                    Ok(error) => Err(error),
                    Err(error) => Ok(made_up(Some(error))),
                },
            }
        })
    }
}

impl CallTransport {
    /// Sends `request`, and once again where a 401 says that a fresh signature may do.
    async fn exchange(
        &self,
        end: End,
        called: Called,
        mut request: reqwest::Request,
    ) -> Result<(reqwest::Response, ResponseMeta)> {
        let edge = &self.client.edge;
        let operation = called.operation.name;
        let said = |error: Error| error.with_operation(operation);
        self.prepare(called, &mut request).map_err(said)?;
        let signer = &self.client.signer;
        let mut anew = None;
        loop {
            let second = anew.is_some();
            let signing = async {
                match anew.take() {
                    None => signer.sign(edge, &mut request).await,
                    Some(anew) => signer.sign_again(edge, &mut request, anew).await,
                }
            };
            // It outlives the leg: that is how the signer knows when its challenge is free.
            let signed = self.before_end(end, signing).await.map_err(said)?;
            let again = match signed.is_fixed() {
                true => None,
                false => request.try_clone(),
            };
            let (response, meta) = self.leg(end, operation, request).await.map_err(said)?;
            if response.status() != StatusCode::UNAUTHORIZED || second {
                return Ok((response, meta));
            }
            let verdict = signer.refused(edge, &signed, response.headers()).await;
            match (verdict.map_err(said)?, again) {
                (Again::Yes(next), Some(again)) => {
                    request = again;
                    anew = Some(next);
                }
                _ => return Ok((response, meta)),
            }
        }
    }

    /// What `signing` gives, within the whole call's limit: an access token may have to be had.
    async fn before_end<T>(&self, end: End, signing: impl Future<Output = Result<T>>) -> Result<T> {
        let clock = self.client.edge.clock.as_ref();
        match end.left(clock) {
            None => signing.await,
            Some(left) => match within(clock, left, signing).await {
                Some(signed) => signed,
                None => Err(silence(left)),
            },
        }
    }

    /// Sets what every request of this call carries, before it is signed (the URI is part of a
    /// Digest signature, its query included).
    fn prepare(&self, called: Called, request: &mut reqwest::Request) -> Result<()> {
        let asked = self.ask.options.version.as_ref();
        let media = media_types(called.operation, self.ask.form, asked)?;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, header_value(media.accept)?);
        if let Some(content_type) = media.content_type {
            headers.insert(header::CONTENT_TYPE, header_value(content_type)?);
        }
        if self.ask.envelope {
            request
                .url_mut()
                .query_pairs_mut()
                .append_pair("envelope", "true");
        }
        Ok(())
    }

    /// One request and the head of its answer.
    async fn leg(
        &self,
        end: End,
        operation: &'static str,
        request: reqwest::Request,
    ) -> Result<(reqwest::Response, ResponseMeta)> {
        let edge = &self.client.edge;
        let clock = edge.clock.as_ref();
        let (method, url) = (request.method().clone(), request.url().clone());
        let limit = end.bound(clock, self.ask.timeouts.head);
        let started = clock.elapsed();
        let sent = within(clock, limit, edge.http.execute(request)).await;
        let elapsed = clock.elapsed().saturating_sub(started);
        let sent = match sent {
            Some(Ok(response)) => Ok(response),
            Some(Err(error)) => Err(network_error(error)),
            None => Err(silence(limit)),
        };
        match sent {
            Ok(response) => {
                let meta = ResponseMeta::new(response.status(), response.headers().clone(), &url);
                let (method, path, meta_seen) = (&method, url.path(), &meta);
                self.client.observe(&Event::Answered {
                    operation,
                    method,
                    path,
                    meta: meta_seen,
                    elapsed,
                });
                super::trace::answered(&meta, elapsed);
                Ok((response, meta))
            }
            Err(error) => {
                let (method, path) = (&method, url.path());
                self.client.observe(&Event::Unanswered {
                    operation,
                    method,
                    path,
                    error: &error,
                    elapsed,
                });
                super::trace::unanswered(&error, elapsed);
                Err(error)
            }
        }
    }
}

fn silence(limit: Duration) -> Error {
    Error::new(
        ErrorKind::Timeout,
        format!("no answer came within {limit:?}"),
    )
}

fn header_value(text: Cow<'static, str>) -> Result<HeaderValue> {
    let value = match &text {
        Cow::Borrowed(text) => HeaderValue::try_from(*text),
        Cow::Owned(text) => HeaderValue::try_from(text),
    };
    value.map_err(|error| Error::input(format!("{text:?} is no header value")).with_source(error))
}

/// An answer that no server gave: what a generated client returns where it can return no error of
/// ours. It arrives there as an unexpected response, with the error among its extensions.
fn made_up(error: Option<Error>) -> reqwest::Response {
    let mut response = http::Response::new(reqwest::Body::from(Vec::new()));
    // 599 is assigned to nothing (RFC 9110 section 15 leaves it to no one), so no caller takes it
    // for the service's word.
    *response.status_mut() = StatusCode::from_u16(599).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(error) = error {
        response.extensions_mut().insert(Arc::new(error));
    }
    reqwest::Response::from(response)
}
