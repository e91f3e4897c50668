//! What a caller holds while the service works: options until the first poll, polls, the result.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::poller::{Attempt, Polled, Poller};
use super::schedule::PollPolicy;
use crate::error::{Error, Result};
use crate::request::CallOptions;

/// Something that the service is working on, created by this process or another one.
///
/// It can be awaited for its result, advanced to its [next](Self::next) poll, and is a stream of its
/// polls. Nothing is spawned: it sends requests only while one of these is awaited, and none after
/// it is dropped.
#[derive(Debug)]
#[must_use = "a query sends nothing unless it is awaited or polled"]
pub struct Query<P: Polled> {
    pub(crate) polled: P,
    policy: PollPolicy,
    /// Created with the first poll, so that options may be set until then.
    poller: Option<Poller<P>>,
    /// An option was set too late to have an effect.
    misused: bool,
}

impl<P: Polled> Query<P> {
    pub(crate) fn new(polled: P, policy: PollPolicy) -> Self {
        Self {
            polled,
            policy,
            poller: None,
            misused: false,
        }
    }

    /// How the result is polled, instead of by the client's policy. After the first poll it is too
    /// late, and the next one is an error.
    pub fn polling(mut self, policy: PollPolicy) -> Self {
        self.policy = policy;
        self.misused |= self.poller.is_some();
        self
    }

    /// Version, time limits and sizes of the query's requests. After the first poll it is too late,
    /// and the next one is an error. A limit on the whole call counts from the request that started
    /// the query, if it is from there.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.polled.set_options(options);
        self.misused |= self.poller.is_some();
        self
    }

    /// Waits as long as is due and polls once. `None` once there was a result or an error.
    ///
    /// Dropping the future loses nothing: the wait or the poll goes on with the next one.
    ///
    /// # Errors
    /// What ends the polling. [`Error::poll`] says how far it came.
    pub async fn next(&mut self) -> Option<Result<Attempt>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    fn poller(&mut self) -> &mut Poller<P> {
        let Self {
            polled,
            policy,
            poller,
            ..
        } = self;
        poller.get_or_insert_with(|| {
            let (clock, random, deadline) = polled.begin();
            Poller::new(polled.clone(), clock, random, *policy, deadline)
        })
    }

    /// What was polled, and its result once that is ready.
    pub(crate) async fn ready(mut self) -> Result<(P, P::Output)> {
        if self.misused {
            return Err(too_late::<P>());
        }
        self.poller();
        match self.poller {
            Some(poller) => poller.result().await,
            None => Err(too_late::<P>()),
        }
    }
}

fn too_late<P: Polled>() -> Error {
    let error = Error::input("options of a query cannot be set after its first poll");
    error.with_operation(P::OPERATION)
}

impl<P: Polled> Stream for Query<P> {
    type Item = Result<Attempt>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.misused {
            self.misused = false;
            return Poll::Ready(Some(Err(too_late::<P>())));
        }
        self.poller().poll_next(context)
    }
}

/// Nothing in it is pinned.
impl<P: Polled> Unpin for Query<P> {}
