//! Which failures are worth another try, how many, and how far apart.

use std::time::Duration;

use super::attempt::{FailedAttempt, Failure, RetryDecision};

/// How often and how far apart a failed call is tried again.
///
/// Tried again are 429, 502, 503 and 504, a connection that failed or was cut, and an answer that
/// did not come in time; never another 4xx, and never what was refused before it was sent. Every
/// operation here may be repeated: none changes what is billed.
///
/// The wait before try n+1 is a random time between nothing and base x 2^(n-1), at most the cap
/// (full jitter). After a 429 that names no time the base counts eightfold: a bucket of tokens
/// takes seconds to fill. A Retry-After is waited for in full, with the random time on top, so
/// that clients who were told the same do not return together.
///
/// ```
/// use std::time::Duration;
/// use atlas_billing::RetryPolicy;
///
/// let patient = RetryPolicy::new()
///     .with_max_attempts(10)
///     .with_max_elapsed(Duration::from_secs(600));
/// assert_ne!(patient, RetryPolicy::none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    max_elapsed: Duration,
    base: Duration,
    cap: Duration,
    max_retry_after: Duration,
}

/// What a 429 without Retry-After multiplies the base by.
const THROTTLED: u32 = 8;

impl RetryPolicy {
    /// Up to 5 tries within 2 minutes; base 500 ms, cap 20 s, a Retry-After of up to 60 s.
    pub fn new() -> Self {
        Self {
            max_attempts: 5,
            max_elapsed: Duration::from_secs(120),
            base: Duration::from_millis(500),
            cap: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(60),
        }
    }

    /// One try.
    pub fn none() -> Self {
        Self::new().with_max_attempts(1)
    }

    /// How many times a call is sent at most, the first included; 0 counts as 1.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// No wait is begun that would end later than this after the call began.
    #[must_use]
    pub fn with_max_elapsed(mut self, elapsed: Duration) -> Self {
        self.max_elapsed = elapsed;
        self
    }

    /// The longest random wait before the second try; it doubles with each try.
    #[must_use]
    pub fn with_base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// What the random wait never exceeds.
    #[must_use]
    pub fn with_cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// The longest Retry-After that is waited for; a longer one ends the call with its error,
    /// which says how long was asked for.
    #[must_use]
    pub fn with_max_retry_after(mut self, wait: Duration) -> Self {
        self.max_retry_after = wait;
        self
    }

    /// What to do after a failed attempt. `random_unit` in 0..1 places the wait in its range.
    pub(crate) fn decide(&self, failed: &FailedAttempt, random_unit: f64) -> RetryDecision {
        let worth_it = match failed.failure {
            Failure::Status(status) => matches!(status, 429 | 502 | 503 | 504),
            Failure::Connect | Failure::Cut | Failure::Timeout => true,
            Failure::Other => false,
        };
        let asked = failed.retry_after.unwrap_or(Duration::ZERO);
        if !worth_it || failed.attempt >= self.max_attempts || asked > self.max_retry_after {
            return RetryDecision::GiveUp;
        }
        let base = match failed.failure {
            Failure::Status(429) if failed.retry_after.is_none() => {
                self.base.saturating_mul(THROTTLED)
            }
            _ => self.base,
        };
        let doubled = 1 << failed.attempt.saturating_sub(1).min(31);
        let range = base.saturating_mul(doubled).min(self.cap);
        let after = asked.saturating_add(part(range, random_unit));
        match failed.elapsed.checked_add(after) {
            Some(end) if end <= self.max_elapsed => RetryDecision::Retry { after },
            _ => RetryDecision::GiveUp,
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn failed(attempt: u32, failure: Failure) -> FailedAttempt {
        FailedAttempt {
            attempt,
            elapsed: Duration::ZERO,
            failure,
            retry_after: None,
        }
    }

    fn retry(milliseconds: u64) -> RetryDecision {
        RetryDecision::Retry {
            after: ms(milliseconds),
        }
    }

    #[test]
    fn tries_again_what_another_try_can_mend() {
        use Failure::*;
        let policy = RetryPolicy::new();
        for failure in [
            Status(429),
            Status(502),
            Status(503),
            Status(504),
            Connect,
            Cut,
            Timeout,
        ] {
            let decision = policy.decide(&failed(1, failure), 0.0);
            assert_eq!(decision, retry(0), "{failure:?}");
        }
        for failure in [
            400, 401, 402, 403, 404, 406, 408, 409, 410, 422, 425, 431, 500, 501, 505,
        ]
        .map(Status)
        .into_iter()
        .chain([Status(200), Status(302), Other])
        {
            let decision = policy.decide(&failed(1, failure), 0.0);
            assert_eq!(decision, RetryDecision::GiveUp, "{failure:?}");
        }
    }

    #[test]
    fn doubles_up_to_the_cap_and_stops() {
        let policy = RetryPolicy::new().with_max_attempts(8);
        let waits = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000];
        for (attempt, full) in (1..).zip(waits) {
            let cut = failed(attempt, Failure::Cut);
            assert_eq!(policy.decide(&cut, 1.0), retry(full));
            assert_eq!(policy.decide(&cut, 0.5), retry(full / 2));
            assert_eq!(policy.decide(&cut, 0.0), retry(0));
        }
        assert_eq!(
            policy.decide(&failed(8, Failure::Cut), 0.0),
            RetryDecision::GiveUp
        );
    }

    #[test]
    fn a_429_without_a_time_waits_longer() {
        let policy = RetryPolicy::new();
        for (attempt, full) in [(1, 4_000), (2, 8_000), (3, 16_000), (4, 20_000)] {
            let limited = failed(attempt, Failure::Status(429));
            assert_eq!(policy.decide(&limited, 1.0), retry(full));
        }
    }

    #[test]
    fn waits_as_long_as_asked_and_a_little_more() {
        let policy = RetryPolicy::new();
        for (status, asked, unit, expected) in [
            (429, ms(0), 1.0, retry(500)),
            (429, ms(12_000), 0.0, retry(12_000)),
            (429, ms(12_000), 1.0, retry(12_500)),
            (503, ms(60_000), 0.5, retry(60_250)),
            (503, ms(60_001), 0.0, RetryDecision::GiveUp),
            (503, Duration::MAX, 1.0, RetryDecision::GiveUp),
            (404, ms(1), 0.0, RetryDecision::GiveUp),
        ] {
            let mut attempt = failed(1, Failure::Status(status));
            attempt.retry_after = Some(asked);
            assert_eq!(
                policy.decide(&attempt, unit),
                expected,
                "{status} {asked:?}"
            );
        }
    }

    #[test]
    fn begins_no_wait_that_would_end_too_late() {
        let policy = RetryPolicy::new().with_max_elapsed(ms(1_000));
        let mut attempt = failed(1, Failure::Cut);
        attempt.elapsed = ms(600);
        assert_eq!(policy.decide(&attempt, 0.8), retry(400));
        assert_eq!(policy.decide(&attempt, 0.9), RetryDecision::GiveUp);
        attempt.elapsed = ms(1_001);
        assert_eq!(policy.decide(&attempt, 0.0), RetryDecision::GiveUp);
    }

    #[test]
    fn one_try_is_one_try() {
        for policy in [RetryPolicy::none(), RetryPolicy::new().with_max_attempts(0)] {
            assert_eq!(
                policy.decide(&failed(1, Failure::Connect), 0.0),
                RetryDecision::GiveUp
            );
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
            base in length(), cap in length(), max in length(),
            elapsed in length(), asked in proptest::option::of(length()),
        ) {
            let policy = RetryPolicy::new()
                .with_max_attempts(attempts)
                .with_base(base)
                .with_cap(cap)
                .with_max_elapsed(max)
                .with_max_retry_after(Duration::MAX);
            let failed = FailedAttempt {
                attempt, elapsed, failure: Failure::Status(429), retry_after: asked,
            };
            if let RetryDecision::Retry { after } = policy.decide(&failed, unit) {
                prop_assert!(attempt < attempts);
                prop_assert!(elapsed + after <= max);
                let asked = asked.unwrap_or_default();
                prop_assert!(after >= asked && after - asked <= cap);
            }
        }
    }
}
