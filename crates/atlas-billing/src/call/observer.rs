//! Lets a program watch the requests of a client, one line a request.

use std::fmt;
use std::time::Duration;

use http::Method;

use crate::{Error, ResponseMeta};

/// Is told of each request of a client and each wait between two. It is called on the task that
/// makes the call, so it should return at once.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Something happened.
    fn observe(&self, event: &Event<'_>);
}

/// What an [`Observer`] is told. No event carries a credential, a query string or a body.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The head of an answer arrived, whatever its status.
    #[non_exhaustive]
    Answered {
        /// What was called, by its stable name.
        operation: &'static str,
        /// The request's method.
        method: &'a Method,
        /// The request's path, without its query.
        path: &'a str,
        /// The answer's status, headers and resolved version.
        meta: &'a ResponseMeta,
        /// From sending the request to the answer's head.
        elapsed: Duration,
    },
    /// No answer came.
    #[non_exhaustive]
    Unanswered {
        /// What was called, by its stable name.
        operation: &'static str,
        /// The request's method.
        method: &'a Method,
        /// The request's path, without its query.
        path: &'a str,
        /// Why.
        error: &'a Error,
        /// From sending the request to giving up on it.
        elapsed: Duration,
    },
    /// The call failed and is tried again after a wait.
    #[non_exhaustive]
    Waiting {
        /// What was called, by its stable name.
        operation: &'static str,
        /// How long until the next try.
        wait: Duration,
        /// What the last try ended in.
        error: &'a Error,
    },
}
