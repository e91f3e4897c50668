//! Which failures are retried, how often, and how far apart, decided on data alone; and the one loop that
//! retries. What a failed poll means is decided in `poll` instead.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::{Deadline, Exchange};
use crate::error::{Error, Result, Transience};

/// How often and how far apart a failed call is retried.
///
/// Retried are 429, 502, 503 and 504, a connection that failed or broke, and a response that did
/// not come in time; never another 4xx, a certificate that is not trusted, a proxy that refuses,
/// or what was rejected before it was sent. Every operation here may be repeated: none changes
/// what is billed.
///
/// The wait before attempt n+1 is a random time between nothing and base x 2^(n-1), at most the
/// cap (full jitter). After a 429 without `Retry-After` the base is multiplied by 8: the rate limit's
/// bucket takes seconds to fill. A `Retry-After` is waited for in full, with the random time on top, so
/// that clients with the same `Retry-After` do not return together: as long as the call's own deadline
/// ([`Timeouts::total`](crate::Timeouts)) allows or, without one,
/// [`max_elapsed`](Self::with_max_elapsed). If it is longer, the call fails; its error has the
/// time in [`Error::retry_after`].
///
/// ```
/// use std::time::Duration;
/// use atlas_billing::RetryPolicy;
///
/// let patient = RetryPolicy::new()
///     .with_max_attempts(10)
///     .with_max_elapsed(Duration::from_secs(600))
///     .with_retry_if(|error| error.error_code() == Some("MADE_UP"));
/// assert_eq!(patient.max_attempts(), 10);
/// ```
#[derive(Clone)]
pub struct RetryPolicy {
    max_attempts: u32,
    max_elapsed: Duration,
    base: Duration,
    cap: Duration,
    throttled_base: Duration,
    retry_if: Option<Arc<Predicate>>,
}

type Predicate = dyn Fn(&Error) -> bool + Send + Sync;

/// What a 429 without `Retry-After` multiplies the base by.
const THROTTLED: u32 = 8;

impl RetryPolicy {
    /// Up to 5 attempts within 5 minutes; base 500 ms, cap 20 s.
    pub fn new() -> Self {
        Self {
            max_attempts: 5,
            max_elapsed: Duration::from_secs(300),
            base: Duration::from_millis(500),
            cap: Duration::from_secs(20),
            throttled_base: Duration::ZERO,
            retry_if: None,
        }
    }

    /// One attempt.
    pub fn none() -> Self {
        Self::new().with_max_attempts(1)
    }

    /// How many attempts a call makes at most, the first included; 0 counts as 1.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Gives up rather than wait for longer than this since the call began. A wait that a `Retry-After`
    /// asks for may end later, if the call has a deadline of its own.
    #[must_use]
    pub fn with_max_elapsed(mut self, elapsed: Duration) -> Self {
        self.max_elapsed = elapsed;
        self
    }

    /// The longest random wait before the second attempt; it doubles with each attempt.
    #[must_use]
    pub fn with_base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The upper limit of the random wait.
    #[must_use]
    pub fn with_cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Also retries the errors for which `predicate` is true.
    #[must_use]
    pub fn with_retry_if(
        mut self,
        predicate: impl Fn(&Error) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.retry_if = Some(Arc::new(predicate));
        self
    }

    /// The shortest wait after a first 429, whatever `Retry-After` says: it doubles with each
    /// attempt up to the cap, and never takes more than half of the time that is left.
    pub(crate) fn with_throttled_base(mut self, base: Duration) -> Self {
        self.throttled_base = base;
        self
    }

    /// How many attempts a call makes at most, the first included.
    pub fn max_attempts(&self) -> u32 {
        self.max_attempts.max(1)
    }

    /// Whether an attempt that failed with `error` is worth another one, whatever their number.
    pub(crate) fn retries(&self, error: &Error) -> bool {
        error.transience() != Transience::Permanent
            || self
                .retry_if
                .as_ref()
                .is_some_and(|retry_if| retry_if(error))
    }

    /// How long to wait before the next attempt; `None` to give up. `random_unit` in 0..1 places
    /// the wait in its range.
    pub(crate) fn wait(&self, failed: &FailedAttempt, random_unit: f64) -> Option<Duration> {
        if !failed.retryable || failed.attempt >= self.max_attempts() {
            return None;
        }
        let doubled = 1 << failed.attempt.saturating_sub(1).min(31);
        let left = failed.left.unwrap_or(Duration::MAX);
        let retry_after = if failed.rate_limited && !self.throttled_base.is_zero() {
            let shortest = self.throttled_base.saturating_mul(doubled).min(self.cap);
            failed.retry_after.max(Some(shortest.min(left / 2)))
        } else {
            failed.retry_after
        };
        let base = match (failed.rate_limited, retry_after) {
            (true, None) => self.base.saturating_mul(THROTTLED),
            _ => self.base,
        };
        let range = base.saturating_mul(doubled).min(self.cap);
        let random = part(range, random_unit);
        let budget = self.max_elapsed.checked_sub(failed.elapsed);
        match retry_after {
            Some(asked) => {
                let limit = failed.left.or(budget)?;
                // The random time must not be what makes the wait too long.
                let wait = asked.saturating_add(random).min(limit.max(asked));
                (asked < left && asked <= limit).then_some(wait)
            }
            None => (random < left && random <= budget?).then_some(random),
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("max_attempts", &self.max_attempts)
            .field("max_elapsed", &self.max_elapsed)
            .field("base", &self.base)
            .field("cap", &self.cap)
            .finish_non_exhaustive()
    }
}

/// An attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FailedAttempt {
    /// Its number within the call, from 1.
    pub(crate) attempt: u32,
    /// Time since the call began.
    pub(crate) elapsed: Duration,
    /// Time until the call's deadline, if it has one.
    pub(crate) left: Option<Duration>,
    /// Whether the failure is of a kind that is retried at all.
    pub(crate) retryable: bool,
    /// Whether it was a 429.
    pub(crate) rate_limited: bool,
    /// How long the response asked to wait.
    pub(crate) retry_after: Option<Duration>,
}

/// The part of `range` that `unit` in 0..1 says.
fn part(range: Duration, unit: f64) -> Duration {
    let unit = if unit.is_nan() {
        0.0
    } else {
        unit.clamp(0.0, 1.0)
    };
    Duration::try_from_secs_f64(range.as_secs_f64() * unit)
        .unwrap_or(range)
        .min(range)
}

impl Exchange {
    /// Repeats `attempt` as `policy` says, within `deadline`. A failure that a loop within the
    /// attempt has retried already (for an access token) ends this one, too.
    pub(crate) async fn retry<T, F: Future<Output = Result<T>>>(
        &self,
        operation: &'static str,
        policy: &RetryPolicy,
        deadline: Deadline,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T> {
        let clock = self.clock.as_ref();
        let started = clock.elapsed();
        let mut number = 1;
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let failed = FailedAttempt {
                attempt: number,
                elapsed: clock.elapsed().saturating_sub(started),
                left: deadline.left(clock),
                retryable: error.attempts() == 1 && policy.retries(&error),
                rate_limited: error.transience() == Transience::RateLimited,
                retry_after: error.retry_after(),
            };
            let Some(wait) = policy.wait(&failed, self.random.unit()) else {
                let attempts = error.attempts().max(number);
                return Err(error.with_operation(operation).with_attempts(attempts));
            };
            self.observe_wait(operation, wait, Some(&error));
            clock.sleep(wait).await;
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    const FAILED: FailedAttempt = FailedAttempt {
        attempt: 1,
        elapsed: Duration::ZERO,
        left: None,
        retryable: true,
        rate_limited: false,
        retry_after: None,
    };

    fn limited(attempt: u32) -> FailedAttempt {
        FailedAttempt {
            attempt,
            rate_limited: true,
            ..FAILED
        }
    }

    #[test]
    fn doubles_up_to_the_cap_and_stops() {
        let policy = RetryPolicy::new().with_max_attempts(8);
        let waits = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000];
        for (attempt, full) in (1..).zip(waits) {
            let failed = FailedAttempt { attempt, ..FAILED };
            assert_eq!(policy.wait(&failed, 1.0), Some(ms(full)));
            assert_eq!(policy.wait(&failed, 0.5), Some(ms(full / 2)));
            assert_eq!(policy.wait(&failed, 0.0), Some(ms(0)));
        }
        let last = FailedAttempt {
            attempt: 8,
            ..FAILED
        };
        assert_eq!(policy.wait(&last, 0.0), None);
        let permanent = FailedAttempt {
            retryable: false,
            ..FAILED
        };
        assert_eq!(policy.wait(&permanent, 0.0), None);
    }

    #[test]
    fn base_and_cap_are_those_that_were_set() {
        let policy = RetryPolicy::new().with_base(ms(1_000)).with_cap(ms(3_000));
        for (attempt, full) in [(1, 1_000), (2, 2_000), (3, 3_000)] {
            let failed = FailedAttempt { attempt, ..FAILED };
            assert_eq!(policy.wait(&failed, 1.0), Some(ms(full)));
        }
    }

    #[test]
    fn a_predicate_adds_failures_that_are_retried_and_removes_none() {
        let permanent = Error::input("wrong");
        let transient = Error::new(ErrorKind::Connect, "refused");
        let policy = RetryPolicy::new();
        assert!(policy.retries(&transient) && !policy.retries(&permanent));
        let never = policy.clone().with_retry_if(|_| false);
        assert!(never.retries(&transient) && !never.retries(&permanent));
        let inputs = policy.with_retry_if(|error| error.kind() == ErrorKind::Input);
        assert!(inputs.retries(&transient) && inputs.retries(&permanent));
        assert!(!inputs.retries(&Error::new(ErrorKind::Decode, "no JSON")));
    }

    #[test]
    fn a_429_without_a_time_waits_longer() {
        for (attempt, full) in [(1, 4_000), (2, 8_000), (3, 16_000), (4, 20_000)] {
            assert_eq!(
                RetryPolicy::new().wait(&limited(attempt), 1.0),
                Some(ms(full))
            );
        }
    }

    #[test]
    fn a_throttled_base_is_the_shortest_wait_after_a_429() {
        let policy = RetryPolicy::new()
            .with_max_attempts(8)
            .with_throttled_base(ms(2_000));
        let waits = [2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000];
        for (attempt, shortest) in (1..).zip(waits) {
            assert_eq!(policy.wait(&limited(attempt), 0.0), Some(ms(shortest)));
        }
        assert_eq!(policy.wait(&limited(8), 0.0), None);
        let wait = |asked, left, unit| {
            let failed = FailedAttempt {
                retry_after: Some(ms(asked)),
                left,
                ..limited(1)
            };
            policy.wait(&failed, unit)
        };
        assert_eq!(wait(0, None, 1.0), Some(ms(2_500)));
        assert_eq!(wait(30_000, None, 0.0), Some(ms(30_000)));
        assert_eq!(wait(0, Some(ms(1_000)), 0.0), Some(ms(500)));
        assert_eq!(wait(2_000, Some(ms(1_000)), 0.0), None);
        // Other failures have no part in it.
        assert_eq!(policy.wait(&FAILED, 0.0), Some(ms(0)));
    }

    #[test]
    fn a_retry_after_is_waited_for_while_the_deadline_allows() {
        let seconds = Duration::from_secs;
        for (asked, left, unit, expected) in [
            (ms(0), None, 1.0, Some(ms(500))),
            (seconds(12), None, 0.0, Some(seconds(12))),
            (seconds(75), None, 1.0, Some(ms(75_500))),
            // Five minutes without a deadline.
            (seconds(300), None, 1.0, Some(seconds(300))),
            (seconds(301), None, 0.0, None),
            (Duration::MAX, None, 1.0, None),
            // The deadline counts, where there is one; nothing begins at it.
            (seconds(75), Some(seconds(75)), 0.0, None),
            (seconds(75), Some(seconds(70)), 0.0, None),
            (seconds(75), Some(ms(75_200)), 1.0, Some(ms(75_200))),
            (seconds(900), Some(seconds(1_000)), 0.0, Some(seconds(900))),
        ] {
            let failed = FailedAttempt {
                left,
                retry_after: Some(asked),
                ..limited(1)
            };
            assert_eq!(
                RetryPolicy::new().wait(&failed, unit),
                expected,
                "{asked:?} {left:?}"
            );
        }
    }

    #[test]
    fn begins_no_wait_that_would_end_too_late() {
        let policy = RetryPolicy::new().with_max_elapsed(ms(1_000));
        let failed = FailedAttempt {
            elapsed: ms(600),
            ..FAILED
        };
        assert_eq!(policy.wait(&failed, 0.8), Some(ms(400)));
        assert_eq!(policy.wait(&failed, 0.9), None);
        let failed = FailedAttempt {
            left: Some(ms(300)),
            ..FAILED
        };
        assert_eq!(policy.wait(&failed, 0.5), Some(ms(250)));
        assert_eq!(policy.wait(&failed, 0.6), None);
        assert_eq!(policy.wait(&failed, 0.7), None);
    }

    #[test]
    fn one_attempt_is_one_attempt() {
        for policy in [RetryPolicy::none(), RetryPolicy::new().with_max_attempts(0)] {
            assert_eq!(policy.wait(&FAILED, 0.0), None);
        }
    }

    /// Mostly lengths that policies have, at times any.
    fn length() -> impl Strategy<Value = Duration> {
        prop_oneof![9 => (0u64..100_000).prop_map(ms), 1 => any::<Duration>()]
    }

    proptest! {
        #[test]
        fn any_policy_keeps_its_bounds(
            attempts in 0u32..50, attempt in prop_oneof![1u32..40, any::<u32>()], unit in any::<f64>(),
            base in length(), cap in length(), max in length(), elapsed in length(),
            left in proptest::option::of(length()), retry_after in proptest::option::of(length()),
        ) {
            let policy = RetryPolicy::new()
                .with_max_attempts(attempts)
                .with_base(base)
                .with_cap(cap)
                .with_max_elapsed(max);
            let failed = FailedAttempt { attempt, elapsed, left, retry_after, ..FAILED };
            if let Some(wait) = policy.wait(&failed, unit) {
                prop_assert!(attempt < attempts);
                prop_assert!(left.is_none_or(|left| wait <= left));
                prop_assert!(left.is_some() || elapsed.saturating_add(wait) <= max);
                let asked = retry_after.unwrap_or_default();
                prop_assert!(wait >= asked && wait - asked <= cap);
            }
        }
    }
}
