//! The way of a call: wrapper method, generated operation, media types, signature, answer, value.
//!
//! Each step is a module that can be read alone: [`version`] chooses the media types,
//! [`transport`] sends one request (signing it, and answering a 401 once), [`unwrap`] takes the
//! envelope off, [`body`] reads with a limit on silence. This one puts retries around them.

mod answer;
mod body;
mod file;
mod from_raw;
mod limit;
mod observer;
mod options;
mod trace;
mod transport;
mod unwrap;
mod version;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;

use atlas_billing_raw as raw;

pub(crate) use answer::{Answer, Fetched, Opener};
pub use body::BodyStream;
pub(crate) use file::File;
pub(crate) use from_raw::from_raw;
pub(crate) use limit::{End, within};
pub use observer::{Event, Observer};
pub(crate) use options::call_options;
pub use options::{CallOptions, Timeouts};
pub(crate) use transport::{CallTransport, Slot};
pub use version::Form;

use crate::retry::{FailedAttempt, Failure, RetryDecision};
use crate::{Client, Error, ErrorKind, Result, RetryPolicy};

/// What the generated client's bytes twin of an operation returns.
pub(crate) type RawAnswer = Result<raw::ResponseValue<raw::ByteStream>, raw::Error<()>>;

/// What one call asks for, the client's defaults filled in.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// The operation's stable name.
    pub(crate) operation: &'static str,
    pub(crate) form: Form,
    /// Whether `envelope=true` is sent: where the status would be lost otherwise.
    pub(crate) envelope: bool,
    pub(crate) options: CallOptions,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: RetryPolicy,
    pub(crate) max_body: u64,
}

impl Ask {
    /// The same call with the status asked for in the body.
    pub(crate) fn enveloped(mut self) -> Self {
        self.envelope = true;
        self
    }
}

impl Client {
    /// What a call of `operation` in `form` asks for, with `options` over the client's defaults.
    pub(crate) fn ask(&self, operation: &'static str, form: Form, options: &CallOptions) -> Ask {
        let settings = &self.inner.settings;
        let mut filled = options.clone();
        filled.version = filled.version.or(settings.version);
        Ask {
            operation,
            form,
            envelope: false,
            timeouts: options.timeouts.unwrap_or(settings.timeouts),
            retry: options
                .retry
                .clone()
                .unwrap_or_else(|| settings.retry.clone()),
            max_body: options.max_body.unwrap_or(settings.max_body),
            options: filled,
        }
    }

    /// Makes a call and retries it until an answer's head is there. The body is still to be read,
    /// and what breaks there is the caller's.
    pub(crate) async fn open<F, Fut>(&self, ask: &Ask, send: F) -> Result<Answer>
    where
        F: Fn(raw::Client) -> Fut,
        Fut: Future<Output = RawAnswer>,
    {
        let end = self.end(ask);
        self.retried(ask, end, || self.attempt(ask, end, &send))
            .await
    }

    /// Makes a call and retries it until the whole answer is there, its envelope off.
    pub(crate) async fn fetch<F, Fut>(&self, ask: &Ask, send: F) -> Result<Fetched>
    where
        F: Fn(raw::Client) -> Fut,
        Fut: Future<Output = RawAnswer>,
    {
        let end = self.end(ask);
        let fetched = self
            .retried(ask, end, || async {
                self.attempt(ask, end, &send).await?.fetch().await
            })
            .await?;
        if fetched.meta.status().is_informational() {
            return Err(Error::new(
                ErrorKind::NotReady,
                "the service answered that it is still at work",
            )
            .with_operation(ask.operation)
            .with_meta(fetched.meta));
        }
        Ok(fetched)
    }

    /// Makes a call and retries it until `read` has made something of the whole answer.
    pub(crate) async fn read<F, Fut, R, Reading, T>(&self, ask: &Ask, send: F, read: R) -> Result<T>
    where
        F: Fn(raw::Client) -> Fut,
        Fut: Future<Output = RawAnswer>,
        R: Fn(Answer) -> Reading,
        Reading: Future<Output = Result<T>>,
    {
        let end = self.end(ask);
        self.retried(ask, end, || async {
            read(self.attempt(ask, end, &send).await?).await
        })
        .await
    }

    /// Makes one request (and the leg after a 401) and reads its whole answer. Nothing is retried:
    /// this is a poll's look, whose policies decide alone what comes next. The status may be 102,
    /// out of an envelope.
    pub(crate) async fn look<F, Fut>(&self, ask: &Ask, send: F) -> Result<Fetched>
    where
        F: Fn(raw::Client) -> Fut,
        Fut: Future<Output = RawAnswer>,
    {
        let end = self.end(ask);
        trace::in_call(ask.operation, async {
            self.attempt(ask, end, &send).await?.fetch().await
        })
        .await
    }

    fn end(&self, ask: &Ask) -> End {
        End::of(self.inner.edge.clock.as_ref(), ask.timeouts.total)
    }

    /// One attempt, to the head of its answer.
    async fn attempt<F, Fut>(&self, ask: &Ask, end: End, send: &F) -> Result<Answer>
    where
        F: Fn(raw::Client) -> Fut,
        Fut: Future<Output = RawAnswer>,
    {
        let slot = Arc::new(Slot::default());
        let transport = CallTransport {
            client: self.inner.clone(),
            ask: ask.clone(),
            end: Some(end),
            slot: Some(slot.clone()),
        };
        let answered = send(self.inner.raw(transport)).await;
        let meta = match slot.take() {
            Some(outcome) => outcome?,
            // Nothing was sent: the generated client refused its arguments.
            None => {
                let reason = match answered {
                    Err(raw::Error::InvalidRequest(reason) | raw::Error::Custom(reason)) => reason,
                    _ => "the request was never sent".to_owned(),
                };
                return Err(Error::input(reason).with_operation(ask.operation));
            }
        };
        let pieces = match answered {
            Ok(value) => value.into_inner_stream(),
            Err(raw::Error::UnexpectedResponse(response)) => Box::pin(response.bytes_stream()),
            Err(_) => {
                return Err(Error::new(ErrorKind::Cut, "the answer was lost on its way")
                    .with_operation(ask.operation)
                    .with_meta(meta));
            }
        };
        let edge = &self.inner.edge;
        let idle = ask.timeouts.idle;
        let clock = edge.clock.clone();
        let body = BodyStream::new(pieces, clock, idle, end, ask.operation, meta.clone());
        Answer::new(edge, ask, meta, body).await
    }

    /// Repeats `attempt` as the retry policy says.
    async fn retried<T, A, Fut>(&self, ask: &Ask, end: End, attempt: A) -> Result<T>
    where
        A: Fn() -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let edge = &self.inner.edge;
        let clock = edge.clock.as_ref();
        let started = clock.elapsed();
        trace::in_call(ask.operation, async {
            for number in 1.. {
                let error = match trace::in_attempt(number, attempt()).await {
                    Ok(value) => return Ok(value),
                    Err(error) => error,
                };
                let failed = FailedAttempt {
                    attempt: number,
                    elapsed: clock.elapsed().saturating_sub(started),
                    failure: failure_of(&error),
                    retry_after: error.retry_after(),
                };
                let RetryDecision::Retry { after } = ask.retry.decide(&failed, edge.random.unit())
                else {
                    return Err(error.with_attempts(number));
                };
                // A wait that outlasts the call's own limit would only delay the same error.
                if end.left(clock).is_some_and(|left| left <= after) {
                    return Err(error.with_attempts(number));
                }
                let (operation, wait) = (ask.operation, after);
                self.inner.observe(&Event::Waiting {
                    operation,
                    wait,
                    error: &error,
                });
                trace::waiting(&error, after);
                clock.sleep(after).await;
            }
            // The loop has no other end; u32 attempts would outlast any policy.
            Err(Error::new(ErrorKind::Timeout, "the attempts ran out"))
        })
        .await
    }
}

/// What the retry policy needs to know of an error.
fn failure_of(error: &Error) -> Failure {
    match (error.status(), error.kind()) {
        // A body that broke after a head of 200 failed as the connection did, not with 200.
        (_, ErrorKind::Cut) => Failure::Cut,
        (_, ErrorKind::Timeout) => Failure::Timeout,
        (_, ErrorKind::Connect) => Failure::Connect,
        (Some(status), _) if !status.is_success() => Failure::Status(status.as_u16()),
        _ => Failure::Other,
    }
}
