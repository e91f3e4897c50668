//! What there is to say of an asynchronous operation, so that it can be polled.

use std::time::Duration;

use crate::edge::BoxFuture;
use crate::{Error, Result};

/// An asynchronous operation of the service, described for the one poller.
pub(crate) trait Operation: Send + Sync {
    /// What a look brings back.
    type Answer: Send;
    /// What is awaited.
    type Output: Send;

    /// What is awaited, for messages, such as `Cost Explorer query`.
    fn what(&self) -> &'static str;

    /// What the service knows it by.
    fn token(&self) -> &str;

    /// How a caller goes on with it later, for messages: an expression.
    fn resume(&self) -> String;

    /// Looks once: one attempt, that gives up once nothing has been heard for `limit`.
    fn look(&self, limit: Duration) -> BoxFuture<'static, Result<Self::Answer>>;

    /// Reads what a look brought back. What it failed with is read by the poller, alike for every
    /// operation.
    fn read(&self, answer: Self::Answer) -> Reading<Self::Output>;
}

/// What an answer says.
#[derive(Debug)]
pub(crate) enum Reading<T> {
    /// Here it is.
    Ready(T),
    /// Not yet.
    Pending {
        /// When the service asked to be asked again.
        retry_after: Option<Duration>,
    },
    /// It cannot be told from "not yet".
    Ambiguous(Error),
    /// It is over, without a result.
    Failed(Error),
}
