//! Polling for a result that the service is still processing.
//!
//! A [`PollPolicy`] has a deadline and two separate parts: [`Backoff`] says how long to wait
//! between polls, [`Tolerance`] how long ambiguous failures are tolerated. A [`Query`] is what a
//! caller holds while the service works. The one poller knows no operation; each describes to it how
//! to poll once ([`Polled`]).

mod poller;
mod schedule;

pub use poller::{Attempt, Polled, Query};
pub(crate) use poller::{Begun, Finding};
pub use schedule::{Backoff, PollPolicy, Status, Tolerance};

pub use crate::error::PollOutcome as Outcome;
