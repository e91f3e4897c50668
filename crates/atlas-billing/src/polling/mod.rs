//! Waiting for what the service is still at work on.
//!
//! Two policies, each a value with a client's default and a call's own: [`WaitPolicy`] says how
//! long to wait, [`EndurancePolicy`] what to put up with. [`PollPolicy`] adds a deadline. The one
//! poller knows no operation; each is described to it by how to look and how to read an answer.

mod course;
mod endurance;
mod look;
mod operation;
mod outcome;
mod policy;
mod poller;
mod span;
mod wait;

pub use endurance::EndurancePolicy;
pub use look::{Look, Seen};
pub(crate) use operation::{Operation, Reading};
pub use outcome::PollOutcome;
pub use policy::PollPolicy;
pub(crate) use poller::Poller;
pub use wait::WaitPolicy;

#[cfg(test)]
mod tests;
