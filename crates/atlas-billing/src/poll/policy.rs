//! How a result that is not ready is polled.

use std::time::Duration;

/// How a result that is not ready is polled: a client's default, or one call's own.
///
/// ```
/// use std::time::Duration;
/// use atlas_billing::poll::{PollPolicy, Tolerance};
///
/// let policy = PollPolicy::default()
///     .with_deadline(Duration::from_secs(3600))
///     .with_tolerance(Tolerance::of(Duration::from_secs(600)));
/// assert_eq!(policy.deadline(), Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PollPolicy {
    backoff: Backoff,
    tolerance: Tolerance,
    deadline: Duration,
    poll_timeout: Duration,
}

impl Default for PollPolicy {
    fn default() -> Self {
        Self {
            backoff: Backoff::default(),
            tolerance: Tolerance::default(),
            deadline: Duration::from_secs(15 * 60),
            poll_timeout: Duration::from_secs(10),
        }
    }
}

impl PollPolicy {
    /// How long to wait between polls.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How long ambiguous failures are tolerated.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// How long to poll, from the beginning of the first poll, the time that the machine sleeps
    /// included. The last poll begins at the deadline; what it finds counts. Default: 15 minutes.
    /// Zero means one poll.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long one poll waits for the head of its response, and then between two pieces of its
    /// body. Default: 10 s.
    #[must_use]
    pub fn with_poll_timeout(mut self, poll_timeout: Duration) -> Self {
        self.poll_timeout = poll_timeout;
        self
    }

    /// How long to wait between polls.
    pub fn backoff(&self) -> &Backoff {
        &self.backoff
    }

    /// How long ambiguous failures are tolerated.
    pub fn tolerance(&self) -> Tolerance {
        self.tolerance
    }

    /// How long to poll.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// How long one poll waits.
    pub fn poll_timeout(&self) -> Duration {
        self.poll_timeout
    }
}

/// How long ambiguous failures are tolerated.
///
/// The service documents 102 (Processing) for a result that is not ready, which HTTP cannot
/// deliver as a final status (RFC 9110 section 15.2). What a client may meet instead are a
/// connection that breaks before the head of a response, bytes that are no HTTP, an HTTP/2 stream
/// error, silence until the time limit, 502, 503 or 504 of a gateway, or an empty success: all of
/// them also look like a real disturbance. They are tolerated while no longer than this has passed
/// since the last clear response (not ready, or 429), or since the first poll; the next one ends
/// the polling. Default: two minutes.
///
/// A refused connection, a name that does not resolve and a failed TLS handshake are never "not
/// ready", nor is any other status: they end the polling at once. The first failure after the
/// machine has slept, whatever it is, is forgiven, three times at most: the network may be back
/// later than the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance(Duration);

impl Default for Tolerance {
    fn default() -> Self {
        Self::of(Duration::from_secs(120))
    }
}

impl Tolerance {
    /// Tolerates ambiguous failures for so long; zero ends at the first.
    pub fn of(duration: Duration) -> Self {
        Self(duration)
    }

    /// Ends at the first ambiguous failure.
    pub fn none() -> Self {
        Self(Duration::ZERO)
    }

    /// How long.
    pub fn duration(&self) -> Duration {
        self.0
    }

    /// Whether an ambiguous failure is tolerated, `since` the last clear response.
    pub(super) fn tolerates(self, since: Duration) -> bool {
        !self.0.is_zero() && since <= self.0
    }
}

/// How long to wait before the next poll.
///
/// The first poll is made at once. The wait after poll `k` (counted from 0) is
/// `min(longest, first x growth^k)`, shortened by a random part of at most `jitter`. A
/// `Retry-After` that is longer wins, and is lengthened by a random part; a shorter one does not
/// make polls more frequent, as it names the least to wait (RFC 9110 section 10.2.3).
///
/// The defaults are 0.9 s, growing 1.3 times, 14 s at most, 10 % jitter. Simulated against a rate
/// limit of ten requests that refills five a minute, they deliver a result that took the time T
/// within a third of T and a second, and 15 s at most, and stay clear of the limit.
///
/// ```
/// use std::time::Duration;
/// use atlas_billing::poll::Backoff;
///
/// let patient = Backoff::default().with_longest(Duration::from_secs(60));
/// assert_eq!(patient.wait(0, 0.0), Duration::from_millis(900));
/// assert_eq!(patient.wait(50, 0.0), Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    first: Duration,
    growth: f64,
    longest: Duration,
    jitter: f64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(900),
            growth: 1.3,
            longest: Duration::from_secs(14),
            jitter: 0.1,
        }
    }
}

impl Backoff {
    /// The same wait each time, without jitter: for tests, and for a service whose pace is known.
    pub fn every(interval: Duration) -> Self {
        Self {
            first: interval,
            growth: 1.0,
            longest: interval,
            jitter: 0.0,
        }
    }

    /// The wait after the first poll.
    #[must_use]
    pub fn with_first(mut self, first: Duration) -> Self {
        self.first = first;
        self
    }

    /// How many times longer each wait is than the one before. Below 1, or NaN, means 1.
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

    /// The part of a wait, from 0 to 1, by which it is shortened at most, at random: so that many
    /// programs that began together do not poll together. Outside means the nearer end.
    #[must_use]
    pub fn with_jitter(mut self, part: f64) -> Self {
        // Not `clamp`, which keeps NaN.
        self.jitter = if part > 0.0 { part.min(1.0) } else { 0.0 };
        self
    }

    /// The longest wait of its own.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The wait after poll `k`, counted from 0, where the service asked for none; `random_unit` is
    /// in `0.0..1.0`.
    pub fn wait(&self, k: u32, random_unit: f64) -> Duration {
        if self.first.is_zero() {
            return Duration::ZERO;
        }
        let k = i32::try_from(k).unwrap_or(i32::MAX);
        // Grows to infinity after some thousand polls, which the minimum takes care of.
        let grown = self.first.as_secs_f64() * self.growth.powi(k);
        let seconds = grown.min(self.longest.as_secs_f64());
        let seconds = seconds * (1.0 - self.jitter * random_unit.clamp(0.0, 1.0));
        Duration::try_from_secs_f64(seconds)
            .unwrap_or(self.longest)
            .min(self.longest)
    }

    /// The wait where the service asked for one: never earlier than either, and lengthened at
    /// random, by a second at most.
    pub(super) fn wait_for(&self, own: Duration, asked: Duration, random_unit: f64) -> Duration {
        if asked < own {
            return own;
        }
        let most = asked.min(Duration::from_secs(10)).as_secs_f64() * self.jitter;
        let random = Duration::try_from_secs_f64(most * random_unit.clamp(0.0, 1.0));
        asked.saturating_add(random.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_jitter_shortens_them() {
        let backoff = Backoff::default();
        for (k, millis) in [
            (0, 900),
            (1, 1_170),
            (2, 1_521),
            (10, 12_407),
            (11, 14_000),
            (9_999, 14_000),
        ] {
            assert_eq!(backoff.wait(k, 0.0).as_millis(), millis, "{k}");
        }
        assert_eq!(backoff.wait(0, 1.0), Duration::from_millis(810));
        assert_eq!(backoff.wait(u32::MAX, 1.0), Duration::from_millis(12_600));
    }

    #[test]
    fn an_asked_wait_is_the_least_and_so_is_the_own() {
        let seconds = Duration::from_secs;
        for (own, asked, unit, wait) in [
            (14_000, 0, 1.0, 14_000),
            (900, 90, 0.0, 90_000),
            (900, 90, 1.0, 91_000),
            (900, 2, 1.0, 2_200),
        ] {
            let wait_for =
                Backoff::default().wait_for(Duration::from_millis(own), seconds(asked), unit);
            assert_eq!(wait_for, Duration::from_millis(wait), "{own} {asked}");
        }
    }

    proptest! {
        #[test]
        fn no_numbers_make_it_panic_or_leave_its_bounds(
            k in any::<u32>(), unit in any::<f64>(), growth in any::<f64>(), jitter in any::<f64>(),
            first in any::<Duration>(), longest in any::<Duration>(), asked in any::<Duration>(),
        ) {
            let backoff = Backoff::default()
                .with_first(first)
                .with_longest(longest)
                .with_growth(growth)
                .with_jitter(jitter);
            let own = backoff.wait(k, unit);
            prop_assert!(own <= longest);
            let wait = backoff.wait_for(own, asked, unit);
            prop_assert!(wait >= own && wait >= asked);
        }
    }
}
