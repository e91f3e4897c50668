//! What a polling that ended in an error had come to.

use std::time::Duration;

/// What a polling that ended in an error had come to: where to go on from, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollOutcome {
    pub(crate) token: String,
    pub(crate) looks: u32,
    pub(crate) elapsed: Duration,
    pub(crate) unclear: Vec<(String, u32)>,
}

impl PollOutcome {
    /// The token of what was awaited. It stays good, and is no secret: another process can go on
    /// with it.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// How many looks were made.
    pub fn looks(&self) -> u32 {
        self.looks
    }

    /// The time from the beginning of the first look to the end of the last.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What was seen since the last clear answer, in a few words each, and how often; empty if the
    /// last answer was clear.
    pub fn unclear(&self) -> &[(String, u32)] {
        &self.unclear
    }
}
