//! Polling for a result that the service is still processing.
//!
//! A [`PollPolicy`] has a deadline and two separate parts: [`Backoff`] says how long to wait
//! between polls, [`Tolerance`] how long ambiguous failures are tolerated. A [`Query`] is what a
//! caller holds while the service works. The one poller knows no operation; each describes to it how
//! to poll once ([`Polled`]).

mod schedule;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
pub use schedule::{Backoff, PollPolicy, Status, Tolerance};
use schedule::{Ending, Now, Schedule};

use crate::edge::{BoxFuture, Clock};
pub use crate::error::PollOutcome as Outcome;
use crate::error::{Error, ErrorKind, PollOutcome, Result, Transience};
use crate::request::{Call, CallOptions, Calls, Content};

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
/// of this crate alone: see [`CostQuery`](crate::CostQuery), and for one whose file comes from another
/// host [`ReportQuery`](crate::ReportQuery).
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

    /// Its calls.
    #[doc(hidden)]
    fn calls(&self) -> &Calls;

    /// Its calls, to change their options or begin their deadline.
    #[doc(hidden)]
    fn calls_mut(&mut self) -> &mut Calls;

    /// Prepares the call of one poll.
    #[doc(hidden)]
    fn prepare(&self) -> impl Future<Output = Result<Call>> + Send;

    /// What the content of a response holds that arrived in full; `None` if the result is not ready.
    #[doc(hidden)]
    fn read(&self, content: Content) -> Result<Option<Self::Output>>;
}

/// What a response to a poll says.
#[derive(Debug)]
enum Finding<T> {
    /// Here it is.
    Ready(T),
    /// Not yet.
    Pending {
        /// How long the service asked to wait.
        retry_after: Option<Duration>,
    },
}

/// What came of a poll that brought no result.
#[derive(Debug, PartialEq, Eq)]
enum Observation {
    Pending,
    RateLimited,
    /// May mean "not ready" or a real disturbance, see [`Tolerance`]; with a few words for what was
    /// seen, the same for the same thing.
    Ambiguous(String),
    /// With whether the network may be to blame.
    Failed {
        forgivable: bool,
    },
}

impl Observation {
    /// What a failed poll means: 502, 503, 504, a broken connection and silence may mean "not ready".
    fn of_failure(error: &Error) -> Self {
        match error.transience() {
            Transience::RateLimited => Self::RateLimited,
            Transience::Gateway | Transience::Interrupted => {
                Self::Ambiguous(match (error.kind(), error.status()) {
                    (ErrorKind::Timeout, _) => "no response in time".to_owned(),
                    (ErrorKind::Service, Some(status)) => format!("status {}", status.as_u16()),
                    _ => "incomplete response".to_owned(),
                })
            }
            // The network may be to blame: an access list rejects a laptop whose tunnel is not up
            // again, and a hotel's login page is a response too.
            Transience::Connect | Transience::Permanent => Self::Failed {
                forgivable: error.kind() != ErrorKind::Failed && !error.is_input(),
            },
        }
    }
}

/// Polls once: one attempt, which gives up once nothing has arrived for `limit`.
async fn poll_once<P: Polled>(polled: P, limit: Duration) -> Result<Finding<P::Output>> {
    let call = polled.prepare().await?.within(limit);
    let content = call.content_of_poll().await?;
    let retry_after = content.meta.retry_after();
    let output = output(&polled, content)?;
    Ok(output.map_or(Finding::Pending { retry_after }, Finding::Ready))
}

/// The result in a response; `None` if it is not ready.
pub(crate) fn output<P: Polled>(polled: &P, content: Content) -> Result<Option<P::Output>> {
    match content.is_pending() {
        true => Ok(None),
        false => polled.read(content.not_empty()?),
    }
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
    /// Begins with the first poll, so that options may be set until then.
    polling: Option<Polling<P::Output>>,
    /// An option was set too late to have an effect.
    misused: bool,
}

/// Where the polling of a query stands.
struct Polling<T> {
    policy: PollPolicy,
    schedule: Schedule,
    state: State<T>,
}

enum State<T> {
    Idle,
    Waiting(BoxFuture<'static, ()>),
    Requested(BoxFuture<'static, Result<Finding<T>>>),
    Ready(T),
    /// Ended in this error, which has been handed over.
    Ended(Error),
}

impl<P: Polled> Query<P> {
    pub(crate) fn new(polled: P, policy: PollPolicy) -> Self {
        Self {
            polled,
            policy,
            polling: None,
            misused: false,
        }
    }

    /// How the result is polled, instead of by the client's policy. After the first poll it is too
    /// late, and the next one is an error.
    pub fn polling(mut self, policy: PollPolicy) -> Self {
        self.policy = policy;
        self.misused |= self.polling.is_some();
        self
    }

    /// Version, time limits and sizes of the query's requests. After the first poll it is too late,
    /// and the next one is an error. A limit on the whole call counts from the beginning of the
    /// request that created the query, if this process made it, else from the first poll.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.polled.calls_mut().options = options;
        self.misused |= self.polling.is_some();
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

    /// What was polled, its result once that is ready, and the progress to attach to an error in
    /// reading the result.
    pub(crate) async fn ready(mut self) -> Result<(P, P::Output, PollOutcome)> {
        while let Some(attempt) = self.next().await {
            attempt?;
        }
        match self.polling {
            Some(Polling {
                state: State::Ready(output),
                schedule,
                ..
            }) => {
                let outcome = schedule.outcome(self.polled.token());
                Ok((self.polled, output, outcome))
            }
            Some(Polling {
                state: State::Ended(error),
                ..
            }) => Err(error),
            // `next` ends in one of these two.
            _ => Err(Error::new(ErrorKind::NotReady, "nothing was polled")),
        }
    }
}

impl<P: Polled> Stream for Query<P> {
    type Item = Result<Attempt>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self {
            polled,
            policy,
            polling,
            misused,
        } = &mut *self;
        let polling = polling.get_or_insert_with(|| {
            polled.calls_mut().begin();
            Polling {
                policy: *policy,
                schedule: Schedule::new(*policy, P::SHORTEST_WAIT),
                state: State::Idle,
            }
        });
        if std::mem::take(misused) {
            let error = Error::input("options of a query cannot be set after its first poll");
            let error = error.with_operation(P::OPERATION);
            return Poll::Ready(Some(Err(polling.end(polled, error))));
        }
        polling.next(polled, context)
    }
}

/// Nothing in it is pinned.
impl<P: Polled> Unpin for Query<P> {}

impl Now {
    fn of(clock: &dyn Clock) -> Self {
        Self {
            elapsed: clock.elapsed(),
            awake: clock.awake(),
        }
    }
}

impl<T> Polling<T> {
    /// The next poll; `None` once there was a result or an error.
    fn next<P: Polled<Output = T>>(
        &mut self,
        polled: &P,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Attempt>>> {
        let clock = polled.calls().exchange().clock.as_ref();
        loop {
            match &mut self.state {
                State::Idle => {
                    let left = self.schedule.left(clock.elapsed());
                    self.state = match left.is_zero() {
                        true => self.begin(polled),
                        false => State::Waiting(clock.sleep(left)),
                    };
                }
                State::Waiting(wait) => {
                    ready!(wait.as_mut().poll(context));
                    self.state = self.begin(polled);
                }
                State::Requested(poll) => {
                    let finding = ready!(poll.as_mut().poll(context));
                    self.state = State::Idle;
                    return Poll::Ready(Some(self.end_poll(polled, finding)));
                }
                State::Ready(_) | State::Ended(_) => return Poll::Ready(None),
            }
        }
    }

    fn begin<P: Polled<Output = T>>(&mut self, polled: &P) -> State<T> {
        let clock = polled.calls().exchange().clock.as_ref();
        let left = polled.calls().deadline().left(clock);
        self.schedule.begin(Now::of(clock), left);
        let poll = poll_once(polled.clone(), self.policy.poll_timeout());
        State::Requested(Box::pin(poll))
    }

    fn end_poll<P: Polled<Output = T>>(
        &mut self,
        polled: &P,
        finding: Result<Finding<T>>,
    ) -> Result<Attempt> {
        let exchange = polled.calls().exchange();
        let now = Now::of(exchange.clock.as_ref());
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
        let random = exchange.random.unit();
        match self.schedule.observe(now, observation, retry_after, random) {
            Ok((status, wait)) => {
                exchange.observe_wait(P::OPERATION, wait, error.as_ref());
                Ok(self.attempt(status, Some(wait), error))
            }
            Err(ending) => Err(self.end(polled, self.error_of(polled, ending, error))),
        }
    }

    /// Ends the polling in `error`, and returns it with how far the polling came.
    fn end<P: Polled>(&mut self, polled: &P, error: Error) -> Error {
        let error = error.with_poll(self.schedule.outcome(polled.token()));
        self.state = State::Ended(error.clone());
        error
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
    fn error_of<P: Polled>(&self, polled: &P, ending: Ending, last: Option<Error>) -> Error {
        let (what, token) = (P::WHAT, polled.token());
        let polls = match self.schedule.polls() {
            1 => "1 poll".to_owned(),
            polls => format!("{polls} polls"),
        };
        let elapsed = in_words(self.schedule.elapsed());
        match (ending, last) {
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
            (ending, last) => {
                let message =
                    format!("the {what} {token} was not ready after {polls} in {elapsed}");
                let mut error = Error::new(ErrorKind::NotReady, message).with_help(P::RESUME);
                if let Ending::Asked(wait) = ending {
                    let wait = in_words(wait);
                    error = error.with_note(format!(
                        "the service asks to wait {wait} before the next poll, which is beyond the deadline"
                    ));
                }
                match last {
                    Some(last) => error.with_source(last),
                    None => error,
                }
            }
        }
    }
}

impl<T> fmt::Debug for Polling<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polling")
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
