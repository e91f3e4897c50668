//! The one poller: polls, waits and polls again, until there is a result or an end.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::schedule::{Ending, Now, Observation, Schedule};
use super::{Attempt, Outcome, PollPolicy, Status, in_words};
use crate::edge::{BoxFuture, Clock, Random};
use crate::error::{Error, ErrorKind, Result, Transience};
use crate::exchange::Deadline;

/// An asynchronous operation of the service, described for the poller.
pub(crate) trait PolledOperation: Send + Sync {
    /// What is awaited.
    type Output: Send;

    /// What is awaited, for messages, such as `Cost Explorer query`.
    fn what(&self) -> &'static str;

    /// What the service knows it by.
    fn token(&self) -> &str;

    /// Polls once: one attempt, which gives up once nothing has arrived for `limit`.
    fn poll(&self, limit: Duration) -> BoxFuture<'static, Result<Finding<Self::Output>>>;

    /// A wait before the next poll begins, after a failure or because nothing is ready.
    fn wait(&self, wait: Duration, error: Option<&Error>);
}

/// What a response to a poll says.
#[derive(Debug)]
pub(crate) enum Finding<T> {
    /// Here it is.
    Ready(T),
    /// Not yet.
    Pending {
        /// How long the service asked to wait.
        retry_after: Option<Duration>,
    },
}

/// Polls `O`. Nothing is spawned: it moves only while it is polled itself, and dropping it drops
/// the request under way. Dropping a future of [`next`](Self::next) loses nothing.
pub(crate) struct Poller<O: PolledOperation> {
    operation: O,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    policy: PollPolicy,
    deadline: Deadline,
    schedule: Schedule,
    state: State<O::Output>,
}

enum State<T> {
    Idle,
    Waiting(BoxFuture<'static, ()>),
    Polling(BoxFuture<'static, Result<Finding<T>>>),
    Ready(T),
    /// Ended in an error that has been handed over: its kind and text.
    Ended(ErrorKind, String),
}

impl<O: PolledOperation> Poller<O> {
    /// A poller by `policy` that also ends at the `deadline` of the whole call.
    pub(crate) fn new(
        operation: O,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        policy: PollPolicy,
        deadline: Deadline,
    ) -> Self {
        Self {
            operation,
            clock,
            random,
            policy,
            deadline,
            schedule: Schedule::new(policy),
            state: State::Idle,
        }
    }

    /// The next poll; `None` once there was a result or an error.
    pub(crate) async fn next(&mut self) -> Option<Result<Attempt>> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Polls until there is a result.
    pub(crate) async fn result(mut self) -> Result<(O, O::Output)> {
        while let Some(attempt) = self.next().await {
            attempt?;
        }
        let outcome = self.outcome();
        match self.state {
            State::Ready(output) => Ok((self.operation, output)),
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
                    let left = self.schedule.left(self.clock.elapsed());
                    self.state = match left.is_zero() {
                        true => self.begin(),
                        false => State::Waiting(self.clock.sleep(left)),
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

    fn now(&self) -> Now {
        Now {
            elapsed: self.clock.elapsed(),
            awake: self.clock.awake(),
        }
    }

    fn begin(&mut self) -> State<O::Output> {
        let left = self.deadline.left(self.clock.as_ref());
        self.schedule.begin(self.now(), left);
        State::Polling(self.operation.poll(self.policy.poll_timeout()))
    }

    fn end_poll(&mut self, finding: Result<Finding<O::Output>>) -> Result<Attempt> {
        let now = self.now();
        let (observation, retry_after, error) = match finding {
            Ok(Finding::Ready(output)) => {
                self.schedule.ready(now);
                self.state = State::Ready(output);
                return Ok(self.attempt(Status::Ready, None, None));
            }
            Ok(Finding::Pending { retry_after }) => (Observation::Pending, retry_after, None),
            Err(error) => {
                let observation = match error.transience() {
                    Transience::RateLimited => Observation::RateLimited,
                    Transience::Gateway | Transience::Interrupted => {
                        Observation::Ambiguous(in_few_words(&error))
                    }
                    // The network may be to blame: an access list rejects a laptop whose tunnel is
                    // not up again, and a hotel's login page is a response too.
                    Transience::Connect | Transience::Permanent => Observation::Failed {
                        forgivable: error.kind() != ErrorKind::Failed && !error.is_input(),
                    },
                };
                (observation, error.retry_after(), Some(error))
            }
        };
        let random = self.random.unit();
        match self.schedule.observe(now, observation, retry_after, random) {
            Ok((status, wait)) => {
                self.operation.wait(wait, error.as_ref());
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
        let (what, token) = (self.operation.what(), self.operation.token());
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
            }
        };
        error.with_poll(self.outcome())
    }

    fn outcome(&self) -> Outcome {
        Outcome {
            token: self.operation.token().to_owned(),
            polls: self.schedule.polls(),
            elapsed: self.schedule.elapsed(),
            ambiguous: self.schedule.ambiguous().to_vec(),
        }
    }
}

/// A few words for an ambiguous failure, the same for the same thing.
fn in_few_words(error: &Error) -> String {
    match (error.kind(), error.status()) {
        (ErrorKind::Timeout, _) => "no response in time".to_owned(),
        (ErrorKind::Service, Some(status)) => format!("status {}", status.as_u16()),
        _ => "incomplete response".to_owned(),
    }
}

impl<O: PolledOperation> fmt::Debug for Poller<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller")
            .field("token", &self.operation.token())
            .field("policy", &self.policy)
            .field("polls", &self.schedule.polls())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::super::Backoff;
    use super::*;
    use crate::edge::doubles::{CountingRandom, TokioClock};

    /// What the made-up service does, poll by poll.
    #[derive(Debug)]
    enum Step {
        Ready,
        Pending(Option<u64>),
        Fails(ErrorKind),
        /// The machine sleeps for so many seconds, and then this happens.
        SleepsThen(u64, ErrorKind),
        Hangs,
    }

    use Step::*;

    #[derive(Debug)]
    struct Script {
        steps: Mutex<VecDeque<Step>>,
        clock: Arc<TokioClock>,
        waits: Mutex<Vec<(u64, bool)>>,
    }

    impl PolledOperation for Arc<Script> {
        type Output = &'static str;

        fn what(&self) -> &'static str {
            "report"
        }

        fn token(&self) -> &str {
            "r-17"
        }

        fn poll(&self, _: Duration) -> BoxFuture<'static, Result<Finding<&'static str>>> {
            let step = self.steps.lock().unwrap().pop_front();
            let clock = self.clock.clone();
            Box::pin(async move {
                match step.expect("one poll too many") {
                    Ready => Ok(Finding::Ready("here")),
                    Pending(asked) => Ok(Finding::Pending {
                        retry_after: asked.map(Duration::from_secs),
                    }),
                    Fails(kind) => Err(Error::new(kind, "it broke")),
                    SleepsThen(seconds, kind) => {
                        clock.suspend(Duration::from_secs(seconds));
                        Err(Error::new(kind, "it broke"))
                    }
                    Hangs => std::future::pending().await,
                }
            })
        }

        fn wait(&self, wait: Duration, error: Option<&Error>) {
            let mut waits = self.waits.lock().unwrap();
            waits.push((wait.as_secs(), error.is_some()));
        }
    }

    fn poller(
        policy: PollPolicy,
        steps: impl IntoIterator<Item = Step>,
    ) -> (Poller<Arc<Script>>, Arc<Script>) {
        let clock = TokioClock::new();
        let script = Arc::new(Script {
            steps: Mutex::new(steps.into_iter().collect()),
            clock: clock.clone(),
            waits: Mutex::default(),
        });
        let (random, deadline) = (CountingRandom::new(), Deadline::default());
        (
            Poller::new(script.clone(), clock, random, policy, deadline),
            script,
        )
    }

    fn every(seconds: u64) -> PollPolicy {
        PollPolicy::default().with_backoff(Backoff::every(Duration::from_secs(seconds)))
    }

    #[tokio::test(start_paused = true)]
    async fn polls_tell_their_status_and_the_result_takes_no_further_poll() {
        let steps = [
            Pending(Some(30)),
            Fails(ErrorKind::Truncated),
            Fails(ErrorKind::RateLimited),
            Ready,
        ];
        let (mut poller, script) = poller(every(5), steps);
        let mut seen = Vec::new();
        while let Some(attempt) = poller.next().await {
            let attempt = attempt.unwrap();
            seen.push((
                attempt.number(),
                attempt.status(),
                attempt.error().is_some(),
            ));
        }
        assert_eq!(
            seen,
            [
                (1, Status::Pending, false),
                (2, Status::Ambiguous, true),
                (3, Status::RateLimited, true),
                (4, Status::Ready, false),
            ]
        );
        assert!(poller.next().await.is_none());
        assert_eq!(poller.result().await.unwrap().1, "here");
        assert_eq!(
            *script.waits.lock().unwrap(),
            [(30, false), (5, true), (5, true)]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_error_at_the_deadline_has_what_resuming_takes() {
        let steps = std::iter::repeat_with(|| Pending(None)).take(99);
        let policy = every(20).with_deadline(Duration::from_secs(90));
        let (poller, script) = poller(policy, steps);
        let error = poller.result().await.unwrap_err();
        assert!(error.is_not_ready());
        let poll = error.poll().unwrap();
        assert_eq!((poll.token.as_str(), poll.polls), ("r-17", 6));
        assert_eq!(poll.elapsed, Duration::from_secs(90));
        let waits: Vec<u64> = script
            .waits
            .lock()
            .unwrap()
            .iter()
            .map(|wait| wait.0)
            .collect();
        assert_eq!(waits, [20, 20, 20, 20, 10]);
        assert_eq!(
            error.to_string(),
            "the report r-17 was not ready after 6 polls in 1 min 30 s"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_tolerance_lists_what_was_seen() {
        let steps = std::iter::once(Pending(None))
            .chain(std::iter::repeat_with(|| Fails(ErrorKind::Truncated)).take(4))
            .chain(std::iter::repeat_with(|| Fails(ErrorKind::Timeout)).take(99));
        let (poller, _) = poller(every(20), steps);
        let error = poller.result().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(
            error.message(),
            "it broke; no clear response about the report for 2 min 20 s (4 x incomplete \
             response, 3 x no response in time), 8 polls in 2 min 20 s; the service may still be \
             processing it"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_ends_at_once_unless_the_machine_has_slept() {
        for (steps, kind) in [
            (
                vec![Pending(None), Fails(ErrorKind::Failed)],
                Some(ErrorKind::Failed),
            ),
            (
                vec![Pending(None), Fails(ErrorKind::Connect)],
                Some(ErrorKind::Connect),
            ),
            (vec![SleepsThen(800, ErrorKind::Connect), Ready], None),
            (
                vec![
                    SleepsThen(800, ErrorKind::Connect),
                    Fails(ErrorKind::Connect),
                ],
                Some(ErrorKind::Connect),
            ),
            (
                vec![SleepsThen(800, ErrorKind::Failed)],
                Some(ErrorKind::Failed),
            ),
        ] {
            let (poller, _) = poller(every(1), steps);
            let result = poller.result().await;
            assert_eq!(result.err().map(|error| error.kind()), kind);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_is_late_is_not_forgiven() {
        let (mut poller, _) = poller(every(1), [Pending(None), Fails(ErrorKind::Unauthorized)]);
        poller.next().await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert!(poller.next().await.unwrap().unwrap_err().is_unauthorized());
        assert!(poller.next().await.is_none());
        let error = poller.result().await.unwrap_err();
        assert_eq!(
            (error.is_unauthorized(), error.poll().unwrap().polls),
            (true, 2)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_future_loses_neither_the_poll_nor_the_wait() {
        let (mut poller, script) = poller(every(7), [Hangs]);
        for _ in 0..2 {
            // The same poll is still under way: a second one would panic.
            let mut next = std::pin::pin!(poller.next());
            let pending =
                poll_fn(|context| Poll::Ready(next.as_mut().poll(context).is_pending())).await;
            assert!(pending);
        }
        assert!(script.waits.lock().unwrap().is_empty());
    }
}
