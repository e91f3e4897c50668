//! Everything that decides on polling, as one value.

use std::time::Duration;

use super::{EndurancePolicy, WaitPolicy};

/// How something that is not ready is polled: a client's default, or one call's own.
///
/// ```
/// use std::time::Duration;
/// use atlas_billing::{EndurancePolicy, PollPolicy};
///
/// let policy = PollPolicy::default()
///     .with_deadline(Duration::from_secs(3600))
///     .with_endurance(EndurancePolicy::default().with_unclear_for(Duration::from_secs(600)));
/// assert_eq!(policy.deadline(), Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PollPolicy {
    wait: WaitPolicy,
    endurance: EndurancePolicy,
    deadline: Duration,
    look_timeout: Duration,
}

impl Default for PollPolicy {
    fn default() -> Self {
        Self {
            wait: WaitPolicy::default(),
            endurance: EndurancePolicy::default(),
            deadline: Duration::from_secs(15 * 60),
            look_timeout: Duration::from_secs(10),
        }
    }
}

impl PollPolicy {
    /// How long to wait between looks.
    #[must_use]
    pub fn with_wait(mut self, wait: WaitPolicy) -> Self {
        self.wait = wait;
        self
    }

    /// What is put up with meanwhile.
    #[must_use]
    pub fn with_endurance(mut self, endurance: EndurancePolicy) -> Self {
        self.endurance = endurance;
        self
    }

    /// How long to go on, from the beginning of the first look, the time that the machine sleeps
    /// included. The last look begins at the deadline; it has its own time limit still, and what
    /// it finds counts. Default: 15 minutes. Zero means one look.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long one look waits for the head of its answer, and then between two pieces of its
    /// body. Default: 10 s.
    #[must_use]
    pub fn with_look_timeout(mut self, look_timeout: Duration) -> Self {
        self.look_timeout = look_timeout;
        self
    }

    /// How long to wait between looks.
    pub fn wait(&self) -> &WaitPolicy {
        &self.wait
    }

    /// What is put up with meanwhile.
    pub fn endurance(&self) -> &EndurancePolicy {
        &self.endurance
    }

    /// How long to go on.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// How long one look waits.
    pub fn look_timeout(&self) -> Duration {
        self.look_timeout
    }
}
