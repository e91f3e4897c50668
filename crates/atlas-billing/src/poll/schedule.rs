//! How a result that is not ready is polled: the policy, and what each poll means for the next.
//! Pure: the caller provides the time.

use std::fmt;
use std::time::Duration;

use super::Observation;
use crate::error::PollOutcome;

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
    /// included. The last poll begins at the deadline, unless the service asks for a longer wait;
    /// what it finds counts. Default: 15 minutes. Zero means one poll. Where the whole call has to be
    /// done earlier ([`Timeouts::with_total`](crate::Timeouts::with_total)), the last poll begins
    /// while it has the time that it may take.
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
/// connection that breaks before the head of a response or within its body, bytes that are no HTTP,
/// an HTTP/2 stream error, silence until the time limit, 502, 503 or 504 of a gateway, or an empty
/// success: all of them also look like a real disturbance. They are tolerated while no longer than
/// this has passed since the last clear response (not ready, or 429), or since the first poll; the
/// next one ends the polling. Default: two minutes.
///
/// A refused connection, a name that does not resolve and a failed TLS handshake are never "not
/// ready", nor is any other status but 429, which asks to poll later: they end the polling at once.
/// The first failure after the machine has slept, whatever it is, is forgiven, three times at most:
/// the network may be back later than the program.
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
    fn tolerates(self, since: Duration) -> bool {
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
/// no later than a third of T and a second after it was ready, 15 s at most, and stay clear of the
/// limit.
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
    /// The pace that is documented for reports: five seconds, then ever longer, a minute at most.
    pub fn for_reports() -> Self {
        Self {
            first: Duration::from_secs(5),
            growth: 1.5,
            longest: Duration::from_secs(60),
            ..Self::default()
        }
    }

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
    /// random, by the jitter's part of it or of ten seconds, if it is longer.
    fn wait_for(&self, own: Duration, asked: Duration, random_unit: f64) -> Duration {
        if asked < own {
            return own;
        }
        let most = asked.min(Duration::from_secs(10)).as_secs_f64() * self.jitter;
        let random = Duration::try_from_secs_f64(most * random_unit.clamp(0.0, 1.0));
        asked.saturating_add(random.unwrap_or_default())
    }
}

/// What a poll found, other than the end of all polling, which is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// The result is ready.
    Ready,
    /// The service is still processing.
    Pending,
    /// The rate limit was reached.
    RateLimited,
    /// A failure that cannot be distinguished from "still processing"; see [`Tolerance`].
    Ambiguous,
    /// A failure right after the machine has slept, which is forgiven.
    Forgiven,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::Pending => "not ready",
            Self::RateLimited => "rate limit reached",
            Self::Ambiguous => "no clear response",
            Self::Forgiven => "failed after the machine slept",
        })
    }
}

/// A machine that was suspended for longer than this has slept: its network may be gone. Shorter
/// differences between two clocks are the grain of reading them.
const SLEPT: Duration = Duration::from_secs(5);

/// How many failures after a sleep are forgiven.
const FORGIVEN: u32 = 3;

/// Readings of the clock: with the time that the machine slept, and without.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Now {
    pub(super) elapsed: Duration,
    pub(super) awake: Duration,
}

/// Why there is no next poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Deadline,
    /// The service asks for a wait beyond the deadline.
    Asked(Duration),
    Ambiguous,
    Failed,
}

/// Counts polls and times, and decides what comes after each poll.
#[derive(Debug)]
pub(super) struct Schedule {
    policy: PollPolicy,
    shortest: Duration,
    /// When the first poll began; like every time here by the clock that counts sleep.
    started: Duration,
    deadline: Duration,
    /// The deadline is that of the whole call.
    of_call: bool,
    polls: u32,
    /// The last reading: the end of the last poll, once there was one.
    last: Now,
    /// When the next poll is to begin.
    due: Option<Duration>,
    /// Since when responses have been ambiguous.
    clear_at: Duration,
    /// The machine slept since the last poll ended in a response.
    woken: bool,
    forgiven: u32,
    /// A poll has begun at the deadline or after it.
    late: bool,
    /// What was ambiguous since the last clear response, and how often.
    ambiguous: Vec<(String, u32)>,
}

impl Schedule {
    /// A schedule by `policy`, with at least `shortest` between two polls.
    pub(super) fn new(policy: PollPolicy, shortest: Duration) -> Self {
        Self {
            policy,
            shortest,
            started: Duration::ZERO,
            deadline: Duration::MAX,
            of_call: false,
            polls: 0,
            last: Now::default(),
            due: None,
            clear_at: Duration::ZERO,
            woken: false,
            forgiven: 0,
            late: false,
            ambiguous: Vec::new(),
        }
    }

    /// How long until the next poll is due.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.due
            .map_or(Duration::ZERO, |due| due.saturating_sub(now))
    }

    /// A poll begins. `left` is the time until the deadline of the whole call, if it has one; it
    /// counts for the first poll.
    pub(super) fn begin(&mut self, now: Now, left: Option<Duration>) {
        if self.polls == 0 {
            self.started = now.elapsed;
            self.clear_at = now.elapsed;
            self.last = now;
            let policy = self.policy.deadline();
            let longest = policy.min(left.unwrap_or(Duration::MAX));
            self.of_call = left.is_some_and(|left| left <= policy);
            self.deadline = now.elapsed.saturating_add(longest);
        }
        self.read(now);
        self.late |= now.elapsed >= self.deadline;
        self.polls = self.polls.saturating_add(1);
    }

    /// A poll brought the result.
    pub(super) fn ready(&mut self, now: Now) {
        self.last = now;
        self.ambiguous.clear();
    }

    /// A poll brought no result: its status and the wait before the next one, or the end.
    pub(super) fn observe(
        &mut self,
        now: Now,
        observation: Observation,
        retry_after: Option<Duration>,
        random_unit: f64,
    ) -> Result<(Status, Duration), Ending> {
        self.read(now);
        let now = now.elapsed;
        let (status, ending) = match observation {
            Observation::Pending => (Status::Pending, None),
            Observation::RateLimited => (Status::RateLimited, None),
            Observation::Ambiguous(words) => {
                self.tally(words);
                let since = now.saturating_sub(self.clear_at);
                let tolerated = self.policy.tolerance().tolerates(since);
                (Status::Ambiguous, (!tolerated).then_some(Ending::Ambiguous))
            }
            // If the machine has slept: see below.
            Observation::Failed { forgivable: true } => (Status::Forgiven, None),
            Observation::Failed { .. } => return Err(Ending::Failed),
        };
        let status = match status {
            Status::Pending | Status::RateLimited => {
                self.clear_at = now;
                self.woken = false;
                self.ambiguous.clear();
                status
            }
            // Forgiveness is worth nothing without another poll, but for that there is one at the
            // most after the deadline.
            _ if std::mem::take(&mut self.woken) && self.forgiven < FORGIVEN && !self.late => {
                self.forgiven += 1;
                Status::Forgiven
            }
            Status::Forgiven => return Err(Ending::Failed),
            status => status,
        };
        if let Some(ending) = ending.filter(|_| status != Status::Forgiven) {
            return Err(ending);
        }
        let backoff = self.policy.backoff();
        let own = match (status, retry_after) {
            // A missing token of the bucket takes as long to come back however often one polls.
            (Status::RateLimited, None) => backoff.longest(),
            _ => backoff.wait(self.polls.saturating_sub(1), random_unit),
        };
        let asked = retry_after.unwrap_or_default().max(self.shortest);
        let wait = backoff.wait_for(own, asked, random_unit);
        let left = self.deadline.saturating_sub(now);
        let wait = match status {
            Status::Forgiven if left.is_zero() && !self.of_call => wait,
            // The last poll begins at the deadline; a wait that was asked for is not shortened.
            _ if left.is_zero() => return Err(Ending::Deadline),
            _ if asked > left => return Err(Ending::Asked(asked)),
            // By then all has to be done: the last poll begins while it has the time that it may take.
            _ if self.of_call && wait >= left => {
                let latest = left.saturating_sub(self.policy.poll_timeout());
                if latest.is_zero() || asked > latest {
                    return Err(Ending::Deadline);
                }
                latest
            }
            _ => wait.min(left),
        };
        self.due = Some(now.saturating_add(wait));
        Ok((status, wait))
    }

    /// Takes in a reading of the clock: whether the machine slept since the last one.
    fn read(&mut self, now: Now) {
        let elapsed = now.elapsed.saturating_sub(self.last.elapsed);
        let awake = now.awake.saturating_sub(self.last.awake);
        if elapsed.saturating_sub(awake) > SLEPT {
            self.woken = true;
            self.clear_at = now.elapsed;
        }
        self.last = now;
    }

    fn tally(&mut self, words: String) {
        match self.ambiguous.iter_mut().find(|(seen, _)| *seen == words) {
            Some((_, times)) => *times = times.saturating_add(1),
            None => self.ambiguous.push((words, 1)),
        }
    }

    /// How far the polling of `token` has come.
    pub(super) fn outcome(&self, token: &str) -> PollOutcome {
        PollOutcome {
            token: token.to_owned(),
            polls: self.polls,
            elapsed: self.elapsed(),
            ambiguous: self.ambiguous.clone(),
        }
    }

    pub(super) fn polls(&self) -> u32 {
        self.polls
    }

    /// From the beginning of the first poll to the end of the last.
    pub(super) fn elapsed(&self) -> Duration {
        self.last.elapsed.saturating_sub(self.started)
    }

    /// How long responses have been ambiguous.
    pub(super) fn ambiguous_for(&self) -> Duration {
        self.last.elapsed.saturating_sub(self.clear_at)
    }

    pub(super) fn ambiguous(&self) -> &[(String, u32)] {
        &self.ambiguous
    }
}

#[cfg(test)]
mod tests;
