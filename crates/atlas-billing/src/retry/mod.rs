//! Whether a call that failed is made again, and after how long: decided on data alone.

mod attempt;
mod policy;
mod retry_after;

pub(crate) use attempt::{FailedAttempt, Failure, RetryDecision};
pub use policy::RetryPolicy;
pub(crate) use retry_after::parse_retry_after;
