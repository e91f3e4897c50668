//! What a caller may set for one call: version, time limits, retries, sizes.

use std::time::Duration;

use crate::{ApiVersion, RetryPolicy};

/// Time limits of a call. Each is a bound on waiting, not on work: a long download is not a hung
/// one, so there is no limit on the whole by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// From sending a request to the head of its answer, connecting included. Default 60 s.
    pub head: Duration,
    /// Between two pieces of a body. Default 60 s.
    pub idle: Duration,
    /// For the whole call, retries and waits between them included. Default none.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            total: None,
        }
    }
}

impl Timeouts {
    /// The same limits with another one on the wait for an answer's head.
    pub fn with_head(mut self, head: Duration) -> Self {
        self.head = head;
        self
    }

    /// The same limits with another one between two pieces of a body.
    pub fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// The same limits with one on the whole call.
    pub fn with_total(mut self, total: Duration) -> Self {
        self.total = Some(total);
        self
    }
}

/// What a caller may set for one call; what is not set is the client's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallOptions {
    pub(crate) version: Option<ApiVersion>,
    pub(crate) timeouts: Option<Timeouts>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) max_body: Option<u64>,
}

impl CallOptions {
    /// Options that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for this version instead of the pinned one. A version before the operation's first is
    /// refused before anything is sent; a later one is sent as asked, and the service resolves it
    /// back to the newest one that the operation has.
    pub fn with_version(mut self, version: ApiVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// Sets the time limits.
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// Sets the retry policy.
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Sets the largest body, in decoded bytes, that is kept in memory whole. Streams have no such
    /// limit.
    pub fn with_max_body(mut self, bytes: u64) -> Self {
        self.max_body = Some(bytes);
        self
    }
}

/// The same per-call options for every request builder: `$field` is its [`CallOptions`].
macro_rules! call_options {
    ($builder:ident $(<$($generic:tt),*>)?, $field:ident) => {
        // A builder that is itself marked says the same with a better reason.
        #[allow(clippy::double_must_use)]
        impl $(<$($generic),*>)? $builder $(<$($generic),*>)? {
            /// Asks for this version instead of the client's or the pinned one; see
            /// [`CallOptions::with_version`](crate::CallOptions::with_version).
            #[must_use = "an option is set on the value that is returned"]
            pub fn version(mut self, version: $crate::ApiVersion) -> Self {
                self.$field = self.$field.with_version(version);
                self
            }

            /// Sets the time limits of this call.
            #[must_use = "an option is set on the value that is returned"]
            pub fn timeouts(mut self, timeouts: $crate::Timeouts) -> Self {
                self.$field = self.$field.with_timeouts(timeouts);
                self
            }

            /// Sets the retry policy of this call.
            #[must_use = "an option is set on the value that is returned"]
            pub fn retry(mut self, retry: $crate::RetryPolicy) -> Self {
                self.$field = self.$field.with_retry(retry);
                self
            }

            /// Sets the largest body, in decoded bytes, that this call keeps in memory whole.
            #[must_use = "an option is set on the value that is returned"]
            pub fn max_body(mut self, bytes: u64) -> Self {
                self.$field = self.$field.with_max_body(bytes);
                self
            }

            /// Sets all options of this call at once.
            #[must_use = "an option is set on the value that is returned"]
            pub fn options(mut self, options: $crate::CallOptions) -> Self {
                self.$field = options;
                self
            }
        }
    };
}
pub(crate) use call_options;
