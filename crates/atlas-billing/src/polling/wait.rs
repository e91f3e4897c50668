//! How long to wait before the next look.

use std::time::Duration;

/// How long to wait before the next look at something that is not ready.
///
/// The first look is made at once. The wait after look `k` (counted from 0) is
/// `min(longest, first x growth^k)`, shortened by a random part of at most `jitter` and never
/// lengthened. A `Retry-After` that is longer wins, up to a cap; a shorter one does not make looks
/// more frequent, as it names the least to wait (RFC 9110, section 10.2.3).
///
/// The defaults are 0.9 s, growing 1.3 times, 14 s at most, 10 % jitter, a cap of 60 s on
/// `Retry-After`. Simulated against a rate limit of ten requests that refills five a minute, they
/// deliver a result that took the time T within a third of T and a second, and 15 s at most, and
/// stay clear of the limit.
///
/// ```
/// use std::time::Duration;
/// use atlas_billing::WaitPolicy;
///
/// let patient = WaitPolicy::default().with_longest(Duration::from_secs(60));
/// assert_eq!(patient.wait(0, 0.0), Duration::from_millis(900));
/// assert_eq!(patient.wait(50, 0.0), Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WaitPolicy {
    first: Duration,
    growth: f64,
    longest: Duration,
    jitter: f64,
    retry_after_cap: Duration,
}

impl Default for WaitPolicy {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(900),
            growth: 1.3,
            longest: Duration::from_secs(14),
            jitter: 0.1,
            retry_after_cap: Duration::from_secs(60),
        }
    }
}

impl WaitPolicy {
    /// The same wait each time, without jitter: for tests, and for a service whose pace is known.
    pub fn every(interval: Duration) -> Self {
        Self {
            first: interval,
            growth: 1.0,
            longest: interval,
            jitter: 0.0,
            ..Self::default()
        }
    }

    /// The wait after the first look.
    #[must_use]
    pub fn with_first(mut self, first: Duration) -> Self {
        self.first = first;
        self
    }

    /// How many times longer each wait is than the one before. Below 1, or no number, means 1.
    #[must_use]
    pub fn with_growth(mut self, growth: f64) -> Self {
        // `max` also takes the 1 where `growth` is NaN.
        self.growth = growth.max(1.0);
        self
    }

    /// The longest wait.
    #[must_use]
    pub fn with_longest(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// The part of a wait, from 0 to 1, by which it is shortened at the most, at random: so that
    /// many programs that began together do not look together. Outside means the nearer end.
    #[must_use]
    pub fn with_jitter(mut self, part: f64) -> Self {
        // Not `clamp`, which keeps what is no number.
        self.jitter = if part > 0.0 { part.min(1.0) } else { 0.0 };
        self
    }

    /// The longest wait that a `Retry-After` is obeyed for.
    #[must_use]
    pub fn with_retry_after_cap(mut self, cap: Duration) -> Self {
        self.retry_after_cap = cap;
        self
    }

    /// The wait after look `k`, counted from 0, where the service asked for none; `random_unit` is
    /// in `0.0..1.0`.
    pub fn wait(&self, k: u32, random_unit: f64) -> Duration {
        if self.first.is_zero() {
            return Duration::ZERO;
        }
        let k = i32::try_from(k).unwrap_or(i32::MAX);
        // Grows to infinity after some thousand looks, which the minimum takes care of.
        let grown = self.first.as_secs_f64() * self.growth.powi(k);
        let seconds = grown.min(self.longest.as_secs_f64());
        let seconds = seconds * (1.0 - self.jitter * random_unit.clamp(0.0, 1.0));
        Duration::try_from_secs_f64(seconds)
            .unwrap_or(self.longest)
            .min(self.longest)
    }

    /// The wait where the service asked for one of its own.
    pub fn wait_at_least(&self, own: Duration, retry_after: Duration) -> Duration {
        own.max(retry_after.min(self.retry_after_cap))
    }

    /// The wait after the rate limit was reached: what the service asks for, or else the longest,
    /// since a token that is missing takes as long to come back however often one looks.
    pub fn wait_for_rate(&self, retry_after: Option<Duration>) -> Duration {
        match retry_after {
            Some(asked) => self.wait_at_least(self.first, asked),
            None => self.longest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn waits_grow_to_the_longest() {
        let policy = WaitPolicy::default();
        for (k, expected) in [(0, 0.9), (1, 1.17), (2, 1.521), (10, 12.4072), (11, 14.0)] {
            let wait = policy.wait(k, 0.0).as_secs_f64();
            assert!((wait - expected).abs() < 1e-3, "{k}: {wait}");
        }
        for k in [12, 1000, 10_000, u32::MAX] {
            assert_eq!(policy.wait(k, 0.0), seconds(14.0), "{k}");
        }
    }

    #[test]
    fn jitter_shortens_by_a_tenth_and_never_lengthens() {
        let policy = WaitPolicy::default();
        for k in [0, 3, 11, 40] {
            let whole = policy.wait(k, 0.0);
            for unit in [0.0, 0.25, 0.5, 0.999_999, 1.0, 7.0, -3.0] {
                let wait = policy.wait(k, unit);
                assert!(wait <= whole, "{k} {unit}: {wait:?}");
                assert!(
                    wait.as_secs_f64() >= whole.as_secs_f64() * 0.9 - 1e-6,
                    "{k} {unit}"
                );
            }
        }
        assert_eq!(policy.wait(30, 1.0), seconds(12.6));
    }

    #[test]
    fn a_longer_retry_after_wins_within_the_cap() {
        let policy = WaitPolicy::default();
        for (own, asked, expected) in [
            (0.9, 0.0, 0.9),
            (0.9, 5.0, 5.0),
            (14.0, 5.0, 14.0),
            (14.0, 60.0, 60.0),
            (14.0, 3600.0, 60.0),
        ] {
            let wait = policy.wait_at_least(seconds(own), seconds(asked));
            assert_eq!(wait, seconds(expected), "{own} {asked}");
        }
        assert_eq!(policy.wait_for_rate(Some(seconds(3.0))), seconds(3.0));
        assert_eq!(policy.wait_for_rate(Some(seconds(0.0))), seconds(0.9));
        assert_eq!(policy.wait_for_rate(None), seconds(14.0));
    }

    #[test]
    fn no_setting_makes_it_panic() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e300];
        for growth in odd {
            for jitter in odd {
                for first in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
                    for longest in [Duration::ZERO, Duration::from_secs(1), Duration::MAX] {
                        let policy = WaitPolicy::default()
                            .with_first(first)
                            .with_growth(growth)
                            .with_jitter(jitter)
                            .with_longest(longest);
                        for k in [0, 1, u32::MAX] {
                            assert!(policy.wait(k, f64::NAN) <= longest);
                            assert!(policy.wait(k, 0.5) <= longest);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_same_wait_each_time() {
        let policy = WaitPolicy::every(Duration::from_millis(3));
        for k in [0, 1, 500] {
            assert_eq!(policy.wait(k, 0.9), Duration::from_millis(3));
        }
    }
}
