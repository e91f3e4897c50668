//! The record of one look.

use std::fmt;
use std::time::Duration;

use super::span::shown;
use crate::Error;

/// What one look at something awaited has seen.
#[derive(Debug)]
#[non_exhaustive]
pub struct Look {
    pub(super) number: u32,
    pub(super) elapsed: Duration,
    pub(super) seen: Seen,
    pub(super) next_wait: Option<Duration>,
    pub(super) error: Option<Error>,
}

/// What a look can see, other than the end of all looking, which is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Seen {
    /// The result is there.
    Ready,
    /// The service said that it is still at work.
    NotReady,
    /// The rate limit was reached: nothing was told.
    RateLimited,
    /// Something that cannot be told from "not ready"; see
    /// [`EndurancePolicy`](crate::EndurancePolicy).
    Unclear,
    /// The first failure after the machine has slept, or after nobody has looked for a while.
    Forgiven,
}

impl Look {
    /// The number of the look, counted from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The time from the beginning of the first look to the end of this one.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What was seen.
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// How long until the next look; absent once the result is there.
    pub fn next_wait(&self) -> Option<Duration> {
        self.next_wait
    }

    /// What the look ended in, where that was an error which is put up with.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elapsed = shown(self.elapsed);
        write!(f, "look {} after {elapsed}: {}", self.number, self.seen)?;
        if let Some(wait) = self.next_wait {
            write!(f, ", next in {}", shown(wait))?;
        }
        Ok(())
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::NotReady => "not ready",
            Self::RateLimited => "rate limit reached",
            Self::Unclear => "no clear answer",
            Self::Forgiven => "failed after a pause, forgiven",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_reads_as_a_line_of_progress() {
        let look = Look {
            number: 3,
            elapsed: Duration::from_millis(2_140),
            seen: Seen::NotReady,
            next_wait: Some(Duration::from_millis(1_500)),
            error: None,
        };
        assert_eq!(
            look.to_string(),
            "look 3 after 2.1 s: not ready, next in 1.5 s"
        );
        let look = Look {
            seen: Seen::Ready,
            next_wait: None,
            ..look
        };
        assert_eq!(look.to_string(), "look 3 after 2.1 s: ready");
    }
}
