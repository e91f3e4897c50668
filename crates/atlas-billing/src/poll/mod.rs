//! Polling for a result that the service is still processing.
//!
//! A [`PollPolicy`] has a deadline and two separate parts: [`Backoff`] says how long to wait
//! between polls, [`Tolerance`] how long ambiguous failures are tolerated. The one poller knows no
//! operation; each describes to it how to poll once.

mod policy;
mod poller;
mod schedule;

use std::fmt;
use std::time::Duration;

pub use policy::{Backoff, PollPolicy, Tolerance};
pub(crate) use poller::{Finding, PolledOperation, Poller};

use crate::error::Error;
pub use crate::error::PollOutcome as Outcome;

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
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        for (millis, words) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (2_149, "2.1 s"),
            (59_960, "1 min"),
            (90_400, "1 min 30 s"),
            (3_599_600, "1 h"),
            (11_100_000, "3 h 5 min"),
        ] {
            assert_eq!(in_words(Duration::from_millis(millis)), words);
        }
    }
}
