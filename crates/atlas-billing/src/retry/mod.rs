//! Whether a call that failed is made again, and after how long: decided on data alone.

mod policy;
mod retry_after;

pub use policy::RetryPolicy;
pub(crate) use policy::{FailedAttempt, Failure, RetryDecision};
pub(crate) use retry_after::parse_retry_after;
