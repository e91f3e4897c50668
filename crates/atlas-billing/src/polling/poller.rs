//! The one poller: looks, waits and looks again, until there is a result or an end.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::course::{Course, Ending, Heard, Next};
use super::endurance::{Failure, failure_of, words_for};
use super::look::{Look, Seen};
use super::operation::{Operation, Reading};
use super::outcome::PollOutcome;
use super::policy::PollPolicy;
use super::span::shown;
use crate::edge::{BoxFuture, Clock, Edge, Random};
use crate::{Error, ErrorKind, Result};

/// Polls `O`. Nothing is spawned: it only moves while it is polled itself, and dropping it drops
/// the request under way. Dropping a future of [`next`](Self::next) loses nothing.
pub(crate) struct Poller<O: Operation> {
    operation: O,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    policy: PollPolicy,
    course: Course,
    step: Step<O>,
}

enum Step<O: Operation> {
    Idle,
    Waiting(BoxFuture<'static, ()>),
    Looking(BoxFuture<'static, Result<O::Answer>>),
    Ready(O::Output),
    /// Ended in an error that has been handed over: its kind and text.
    Ended(ErrorKind, String),
}

impl<O: Operation> Poller<O> {
    pub(crate) fn new(operation: O, edge: &Edge, policy: PollPolicy) -> Self {
        Self {
            operation,
            clock: edge.clock.clone(),
            random: edge.random.clone(),
            policy,
            course: Course::new(policy),
            step: Step::Idle,
        }
    }

    /// The next look; `None` once there was a result or an error.
    pub(crate) async fn next(&mut self) -> Option<Result<Look>> {
        poll_fn(|context| self.poll_look(context)).await
    }

    /// Looks until there is a result.
    pub(crate) async fn result(mut self) -> Result<(O, O::Output)> {
        while let Some(look) = self.next().await {
            look?;
        }
        match self.step {
            Step::Ready(output) => Ok((self.operation, output)),
            // There is no next look, so it has ended.
            step => {
                let (kind, text) = match step {
                    Step::Ended(kind, text) => (kind, text),
                    _ => (ErrorKind::NotReady, "it was never looked at".to_owned()),
                };
                let outcome = outcome(&self.operation, &self.course);
                Err(Error::new(kind, format!("this had ended already: {text}")).with_poll(outcome))
            }
        }
    }

    /// The next look, for a stream.
    pub(crate) fn poll_look(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Look>>> {
        loop {
            match &mut self.step {
                Step::Idle => {
                    let left = self.course.left(self.clock.elapsed());
                    self.step = match left.is_zero() {
                        true => self.begin(),
                        false => Step::Waiting(self.clock.sleep(left)),
                    };
                }
                Step::Waiting(wait) => {
                    ready!(wait.as_mut().poll(context));
                    self.step = self.begin();
                }
                Step::Looking(look) => {
                    let answer = ready!(look.as_mut().poll(context));
                    self.step = Step::Idle;
                    return Poll::Ready(Some(self.end_look(answer)));
                }
                Step::Ready(_) | Step::Ended(..) => return Poll::Ready(None),
            }
        }
    }

    fn begin(&mut self) -> Step<O> {
        self.course.begin(self.clock.elapsed());
        Step::Looking(self.operation.look(self.policy.look_timeout()))
    }

    fn end_look(&mut self, answer: Result<O::Answer>) -> Result<Look> {
        let now = self.clock.elapsed();
        let reading = match answer {
            Ok(answer) => self.operation.read(answer),
            Err(error) => match failure_of(&error) {
                Failure::Unclear => Reading::Ambiguous(error),
                Failure::RateLimited | Failure::Final => Reading::Failed(error),
            },
        };
        let (heard, error) = match reading {
            Reading::Ready(output) => {
                self.course.ready(now);
                self.step = Step::Ready(output);
                return Ok(self.look(Seen::Ready, None, None));
            }
            Reading::Pending { retry_after } => (Heard::NotReady { retry_after }, None),
            Reading::Ambiguous(error) => {
                let heard = Heard::Unclear {
                    words: words_for(&error),
                    retry_after: error.retry_after(),
                };
                (heard, Some(error))
            }
            Reading::Failed(error) if error.kind() == ErrorKind::RateLimited => {
                let retry_after = error.retry_after();
                (Heard::RateLimited { retry_after }, Some(error))
            }
            Reading::Failed(error) => {
                let forgivable = forgivable(error.kind());
                (Heard::Final { forgivable }, Some(error))
            }
        };
        match self.course.heard(now, heard, self.random.unit()) {
            Next::Wait { seen, wait } => Ok(self.look(seen, Some(wait), error)),
            Next::End(ending) => {
                let error = self.ended(ending, error);
                self.step = Step::Ended(error.kind(), error.to_string());
                Err(error)
            }
        }
    }

    fn look(&self, seen: Seen, wait: Option<Duration>, error: Option<Error>) -> Look {
        Look {
            number: self.course.looks(),
            elapsed: self.course.elapsed(),
            seen,
            next_wait: wait,
            error,
        }
    }

    /// The error that the polling ends in, after a look that may have ended in one of its own.
    fn ended(&self, ending: Ending, last: Option<Error>) -> Error {
        let (what, token) = (self.operation.what(), self.operation.token());
        let later = format!("go on with {}", self.operation.resume());
        let looks = match self.course.looks() {
            1 => "1 look".to_owned(),
            looks => format!("{looks} looks"),
        };
        let elapsed = shown(self.course.elapsed());
        let error = match (ending, last) {
            (Ending::Failed, Some(error)) if error.is_transient() => {
                error.with_note(format!("the {what} stays: {later}"))
            }
            (Ending::Failed, Some(error)) => error,
            (Ending::Unclear, Some(error)) => {
                let list: Vec<_> = self
                    .course
                    .unclear()
                    .iter()
                    .map(|(words, times)| format!("{times} x {words}"))
                    .collect();
                error.with_note(format!(
                    "no clear answer about the {what} for {} ({}), {looks} in {elapsed}; it may \
                     be at work still: {later}",
                    shown(self.course.unclear_for()),
                    list.join(", "),
                ))
            }
            (_, last) => {
                let error = Error::new(
                    ErrorKind::NotReady,
                    format!(
                        "the {what} {token} was not ready after {looks} in {elapsed}: {later}, or \
                         set a later deadline"
                    ),
                );
                match last {
                    Some(last) => error.with_source(last),
                    None => error,
                }
            }
        };
        error.with_poll(outcome(&self.operation, &self.course))
    }
}

fn outcome<O: Operation>(operation: &O, course: &Course) -> PollOutcome {
    PollOutcome {
        token: operation.token().to_owned(),
        looks: course.looks(),
        elapsed: course.elapsed(),
        unclear: course.unclear().to_vec(),
    }
}

/// Whether the network may be to blame, which is worth another look right after a sleep: an access
/// list refuses a laptop whose tunnel is not up again, and a hotel's sign-in page is an answer too.
fn forgivable(kind: ErrorKind) -> bool {
    !matches!(
        kind,
        ErrorKind::Failed | ErrorKind::Input | ErrorKind::Configuration
    )
}

impl<O: Operation> fmt::Debug for Poller<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller")
            .field("token", &self.operation.token())
            .field("policy", &self.policy)
            .field("looks", &self.course.looks())
            .finish_non_exhaustive()
    }
}
