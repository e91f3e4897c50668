//! Polling for a result that the service is still processing.
//!
//! A [`PollPolicy`] has a deadline and two separate parts: [`Backoff`] says how long to wait
//! between polls, [`Tolerance`] how long ambiguous failures are tolerated. A [`Query`] is what a
//! caller holds while the service works. The one poller knows no operation; each describes to it how
//! to poll once ([`Polled`]).

mod schedule;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
pub use schedule::{Backoff, PollPolicy, Status, Tolerance};
use schedule::{Ending, Now, Observation, Schedule};

use crate::edge::{BoxFuture, Clock};
pub use crate::error::PollOutcome as Outcome;
use crate::error::{Error, ErrorKind, PollOutcome, Result};
use crate::exchange::{Deadline, Exchange};
use crate::request::CallOptions;

/// The record of one poll.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    number: u32,
    elapsed: Duration,
    status: Status,
    next_wait: Option<Duration>,
    error: Option<Error>,
}

impl Attempt {
    /// The number of the poll, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// From the beginning of the first poll to the end of this one.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What the poll found.
    pub fn status(&self) -> Status {
        self.status
    }

    /// How long until the next poll; `None` once the result is ready.
    pub fn next_wait(&self) -> Option<Duration> {
        self.next_wait
    }

    /// The failure that is tolerated, if the poll ended in one.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elapsed = in_words(self.elapsed);
        write!(f, "poll {} after {elapsed}: {}", self.number, self.status)?;
        if let Some(wait) = self.next_wait {
            write!(f, ", next in {}", in_words(wait))?;
        }
        Ok(())
    }
}

/// An asynchronous operation of the service, described for the poller. Implemented by the operations
/// of this crate alone.
pub trait Polled: Clone + fmt::Debug + Send + Sync + 'static {
    /// What is awaited.
    #[doc(hidden)]
    type Output: Send;

    /// The stable name of the operation that is polled.
    #[doc(hidden)]
    const OPERATION: &'static str;

    /// What is awaited, for messages, such as `Cost Explorer query`.
    #[doc(hidden)]
    const WHAT: &'static str;

    /// Advice for a user of this crate, where the polling ended before the result was ready.
    #[doc(hidden)]
    const RESUME: &'static str;

    /// The shortest time between two polls that the service asks for, whatever the policy says.
    #[doc(hidden)]
    const SHORTEST_WAIT: Duration = Duration::ZERO;

    /// What the service knows it by.
    #[doc(hidden)]
    fn token(&self) -> &str;

    /// Sets the options of all requests.
    #[doc(hidden)]
    fn set_options(&mut self, options: CallOptions);

    /// The first poll is about to begin: the deadline of the whole call.
    #[doc(hidden)]
    fn begin(&mut self) -> Deadline;

    /// Where its clock, its randomness and its observers are.
    #[doc(hidden)]
    fn exchange(&self) -> &Exchange;

    /// Polls once: one attempt, which gives up once nothing has arrived for `limit`.
    #[doc(hidden)]
    fn poll(&self, limit: Duration) -> BoxFuture<'static, Result<Finding<Self::Output>>>;
}

/// What a response to a poll says.
#[derive(Debug)]
pub enum Finding<T> {
    /// Here it is.
    Ready(T),
    /// Not yet.
    Pending {
        /// How long the service asked to wait.
        retry_after: Option<Duration>,
    },
}

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
            let deadline = polled.begin();
            Poller::new(polled.clone(), *policy, deadline)
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

/// Polls `P`. Nothing is spawned: it moves only while it is polled itself, and dropping it drops
/// the request under way. Dropping a future of [`next`](Self::next) loses nothing.
pub(crate) struct Poller<P: Polled> {
    polled: P,
    policy: PollPolicy,
    deadline: Deadline,
    schedule: Schedule,
    state: State<P::Output>,
}

enum State<T> {
    Idle,
    Waiting(BoxFuture<'static, ()>),
    Polling(BoxFuture<'static, Result<Finding<T>>>),
    Ready(T),
    /// Ended in an error that has been handed over: its kind and text.
    Ended(ErrorKind, String),
}

impl<P: Polled> Poller<P> {
    /// A poller by `policy` that also ends at the `deadline` of the whole call.
    pub(crate) fn new(polled: P, policy: PollPolicy, deadline: Deadline) -> Self {
        Self {
            polled,
            policy,
            deadline,
            schedule: Schedule::new(policy, P::SHORTEST_WAIT),
            state: State::Idle,
        }
    }

    /// The next poll; `None` once there was a result or an error.
    pub(crate) async fn next(&mut self) -> Option<Result<Attempt>> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Polls until there is a result.
    pub(crate) async fn result(mut self) -> Result<(P, P::Output)> {
        while let Some(attempt) = self.next().await {
            attempt?;
        }
        let outcome = self.outcome();
        match self.state {
            State::Ready(output) => Ok((self.polled, output)),
            State::Ended(kind, text) => {
                let text = format!("polling had ended already: {text}");
                Err(Error::new(kind, text).with_poll(outcome))
            }
            // `next` ends in one of the two above.
            _ => Err(Error::new(ErrorKind::NotReady, "nothing was polled").with_poll(outcome)),
        }
    }

    /// The next poll, for a stream.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Attempt>>> {
        loop {
            match &mut self.state {
                State::Idle => {
                    let left = self.schedule.left(self.clock().elapsed());
                    self.state = match left.is_zero() {
                        true => self.begin(),
                        false => State::Waiting(self.clock().sleep(left)),
                    };
                }
                State::Waiting(wait) => {
                    ready!(wait.as_mut().poll(context));
                    self.state = self.begin();
                }
                State::Polling(poll) => {
                    let finding = ready!(poll.as_mut().poll(context));
                    self.state = State::Idle;
                    return Poll::Ready(Some(self.end_poll(finding)));
                }
                State::Ready(_) | State::Ended(..) => return Poll::Ready(None),
            }
        }
    }

    fn clock(&self) -> &dyn Clock {
        self.polled.exchange().clock.as_ref()
    }

    fn now(&self) -> Now {
        Now {
            elapsed: self.clock().elapsed(),
            awake: self.clock().awake(),
        }
    }

    fn begin(&mut self) -> State<P::Output> {
        let left = self.deadline.left(self.clock());
        self.schedule.begin(self.now(), left);
        State::Polling(self.polled.poll(self.policy.poll_timeout()))
    }

    fn end_poll(&mut self, finding: Result<Finding<P::Output>>) -> Result<Attempt> {
        let now = self.now();
        let (observation, retry_after, error) = match finding {
            Ok(Finding::Ready(output)) => {
                self.schedule.ready(now);
                self.state = State::Ready(output);
                return Ok(self.attempt(Status::Ready, None, None));
            }
            Ok(Finding::Pending { retry_after }) => (Observation::Pending, retry_after, None),
            Err(error) => {
                let observation = Observation::of_failure(&error);
                (observation, error.retry_after(), Some(error))
            }
        };
        let random = self.polled.exchange().random.unit();
        match self.schedule.observe(now, observation, retry_after, random) {
            Ok((status, wait)) => {
                let exchange = self.polled.exchange();
                exchange.observe_wait(P::OPERATION, wait, error.as_ref());
                Ok(self.attempt(status, Some(wait), error))
            }
            Err(ending) => {
                let error = self.ended(ending, error);
                self.state = State::Ended(error.kind(), error.message().to_owned());
                Err(error)
            }
        }
    }

    fn attempt(&self, status: Status, wait: Option<Duration>, error: Option<Error>) -> Attempt {
        Attempt {
            number: self.schedule.polls(),
            elapsed: self.schedule.elapsed(),
            status,
            next_wait: wait,
            error,
        }
    }

    /// The error that the polling ends in, after a poll that may have ended in one of its own.
    fn ended(&self, ending: Ending, last: Option<Error>) -> Error {
        let (what, token) = (P::WHAT, self.polled.token());
        let polls = match self.schedule.polls() {
            1 => "1 poll".to_owned(),
            polls => format!("{polls} polls"),
        };
        let elapsed = in_words(self.schedule.elapsed());
        let error = match (ending, last) {
            (Ending::Failed, Some(error)) => error,
            (Ending::Ambiguous, Some(error)) => {
                let seen = self.schedule.ambiguous().iter();
                let seen: Vec<_> = seen
                    .map(|(words, times)| format!("{times} x {words}"))
                    .collect();
                error.with_note(format!(
                    "no clear response about the {what} for {} ({}), {polls} in {elapsed}; the \
                     service may still be processing it",
                    in_words(self.schedule.ambiguous_for()),
                    seen.join(", "),
                ))
            }
            (_, last) => {
                let error = Error::new(
                    ErrorKind::NotReady,
                    format!("the {what} {token} was not ready after {polls} in {elapsed}"),
                );
                match last {
                    Some(last) => error.with_source(last),
                    None => error,
                }
                .with_help(P::RESUME)
            }
        };
        error.with_poll(self.outcome())
    }

    fn outcome(&self) -> PollOutcome {
        PollOutcome {
            token: self.polled.token().to_owned(),
            polls: self.schedule.polls(),
            elapsed: self.schedule.elapsed(),
            ambiguous: self.schedule.ambiguous().to_vec(),
        }
    }
}

impl<P: Polled> fmt::Debug for Poller<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller")
            .field("token", &self.polled.token())
            .field("policy", &self.policy)
            .field("polls", &self.schedule.polls())
            .finish_non_exhaustive()
    }
}

/// A duration as a person writes it: `12 ms`, `2.1 s`, `14 min 50 s`, `3 h 5 min`.
fn in_words(duration: Duration) -> String {
    let millis = duration.as_millis();
    // Rounded first, so that 59.96 s does not become "60.0 s".
    let tenths = millis.saturating_add(50) / 100;
    let seconds = millis.saturating_add(500) / 1000;
    let two = |large: u128, large_unit, small: u128, small_unit| match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    };
    match (millis, tenths, seconds) {
        (..1000, ..) => format!("{millis} ms"),
        (_, ..600, _) if tenths.is_multiple_of(10) => format!("{} s", tenths / 10),
        (_, ..600, _) => format!("{}.{} s", tenths / 10, tenths % 10),
        (_, _, ..3600) => two(seconds / 60, "min", seconds % 60, "s"),
        _ => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
    }
}

#[cfg(test)]
mod tests;
