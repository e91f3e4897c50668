//! What a retry policy is told, and what it says.

use std::time::Duration;

/// An attempt that came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FailedAttempt {
    /// Which attempt of the call it was, from 1.
    pub(crate) attempt: u32,
    /// Time since the call began.
    pub(crate) elapsed: Duration,
    /// How it failed.
    pub(crate) failure: Failure,
    /// How long the answer asked to wait.
    pub(crate) retry_after: Option<Duration>,
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// An answer with this status, the envelope off.
    Status(u16),
    /// No connection came about.
    Connect,
    /// The connection ended before the answer was complete.
    Cut,
    /// The answer did not come in time.
    Timeout,
    /// Anything else: nothing that another try would mend.
    Other,
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    /// Once again, after a wait.
    Retry {
        /// How long to wait.
        after: Duration,
    },
    /// The failure is the call's result.
    GiveUp,
}
