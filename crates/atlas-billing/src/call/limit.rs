//! Waiting with a bound, on an injected clock.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::edge::Clock;

/// What `future` gives, or `None` once `limit` has passed first. A future that is ready wins over
/// a limit that passed at the same moment.
pub(crate) async fn within<T>(
    clock: &dyn Clock,
    limit: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    let mut alarm = clock.sleep(limit);
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        alarm.as_mut().poll(context).map(|()| None)
    })
    .await
}

/// The moment by which a whole call must be done, if it has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End(Option<Duration>);

impl End {
    /// The end of a call that starts now and may take `total`.
    pub(crate) fn of(clock: &dyn Clock, total: Option<Duration>) -> Self {
        Self(total.map(|total| clock.elapsed().saturating_add(total)))
    }

    /// `limit`, or what is left of the whole call where that is less.
    pub(crate) fn bound(self, clock: &dyn Clock, limit: Duration) -> Duration {
        match self.left(clock) {
            Some(left) => limit.min(left),
            None => limit,
        }
    }

    /// What is left of the whole call; absent where it has no end.
    pub(crate) fn left(self, clock: &dyn Clock) -> Option<Duration> {
        Some(self.0?.saturating_sub(clock.elapsed()))
    }
}
