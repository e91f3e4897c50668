//! Polling for a result that the service is still processing.
//!
//! A [`PollPolicy`] has a deadline and two separate parts: [`Backoff`] says how long to wait
//! between polls, [`Tolerance`] how long ambiguous failures are tolerated. The one poller knows no
//! operation; each describes to it how to poll once.

mod poller;
mod schedule;

pub use poller::Attempt;
pub(crate) use poller::{Finding, PolledOperation, Poller};
pub use schedule::{Backoff, PollPolicy, Status, Tolerance};

pub use crate::error::PollOutcome as Outcome;
