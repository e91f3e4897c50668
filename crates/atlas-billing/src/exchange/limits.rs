//! Limits on one request and on a whole call.

use std::future::Future;
use std::time::Duration;

use crate::edge::{Clock, within};
use crate::error::{Error, ErrorKind, Result};

/// How long one request may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Until the head of its response.
    pub(crate) head: Duration,
    /// Between two pieces of its body.
    pub(crate) idle: Duration,
    /// When the whole call has to be done.
    pub(crate) deadline: Deadline,
}

/// The moment by which a whole call has to be done, if it has one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deadline(Option<Duration>);

impl Deadline {
    /// The deadline of a call that starts now and may take `total`.
    pub(crate) fn after(clock: &dyn Clock, total: Option<Duration>) -> Self {
        Self(total.map(|total| clock.elapsed().saturating_add(total)))
    }

    /// Time until then; `None` without a deadline.
    pub(crate) fn left(self, clock: &dyn Clock) -> Option<Duration> {
        Some(self.0?.saturating_sub(clock.elapsed()))
    }

    /// `limit`, or the time until the deadline where that is less.
    pub(crate) fn bound(self, clock: &dyn Clock, limit: Duration) -> Duration {
        self.left(clock).map_or(limit, |left| limit.min(left))
    }

    pub(crate) fn has_passed(self, clock: &dyn Clock) -> bool {
        self.left(clock).is_some_and(|left| left.is_zero())
    }

    /// The output of `future`, unless the deadline passes first.
    pub(crate) async fn bounded<T>(
        self,
        clock: &dyn Clock,
        future: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match self.left(clock) {
            None => future.await,
            Some(left) => within(clock, left, future)
                .await
                .unwrap_or_else(|| Err(deadline_passed())),
        }
    }
}

pub(super) fn deadline_passed() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "the time limit of the whole call passed",
    )
}
