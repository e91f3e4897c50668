//! What a caller may set for one call: version, time limits, retries, sizes.

use std::time::Duration;

use crate::exchange::RetryPolicy;
use crate::id::ApiVersion;

/// Time limits of a call. By default each is a bound on waiting, not on work: a long download is
/// not a hung one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    head: Duration,
    idle: Duration,
    total: Option<Duration>,
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
    /// From sending a request to the head of its response, connecting included. Default 60 s.
    #[must_use]
    pub fn with_head(mut self, head: Duration) -> Self {
        self.head = head;
        self
    }

    /// Between two pieces of a body. Default 60 s.
    #[must_use]
    pub fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// For everything that one call does: obtaining an access token, each request with its body,
    /// retries and the waits between them, polling, the pages of a list, the file after a poll.
    /// Default none.
    #[must_use]
    pub fn with_total(mut self, total: Duration) -> Self {
        self.total = Some(total);
        self
    }

    /// From sending a request to the head of its response.
    pub fn head(&self) -> Duration {
        self.head
    }

    /// Between two pieces of a body.
    pub fn idle(&self) -> Duration {
        self.idle
    }

    /// For the whole call, if it is limited.
    pub fn total(&self) -> Option<Duration> {
        self.total
    }
}

/// What a caller may set for one call, or for all calls of a client that set nothing of their own.
#[derive(Debug, Clone, Default)]
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

    /// Requests this version instead of the pinned one. A version before the operation's first is
    /// rejected before anything is sent; a later one is sent as given, and the service resolves it
    /// back to the newest one that the operation has.
    #[must_use]
    pub fn with_version(mut self, version: ApiVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// Sets the time limits.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// Sets the retry policy.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Sets the largest body, in decompressed bytes, that is kept in memory whole; 256 MiB by
    /// default. Streams have no such limit.
    #[must_use]
    pub fn with_max_body(mut self, bytes: u64) -> Self {
        self.max_body = Some(bytes);
        self
    }
}

/// The setters of per-call options for a request builder with a field `options: CallOptions`.
macro_rules! call_options {
    ($builder:ident) => {
        impl $builder {
            /// Requests this version instead of an operation's pinned one; see
            /// [`CallOptions::with_version`](crate::CallOptions::with_version).
            pub fn version(mut self, version: $crate::id::ApiVersion) -> Self {
                self.options = self.options.with_version(version);
                self
            }

            /// Sets the time limits of a call.
            pub fn timeouts(mut self, timeouts: $crate::request::Timeouts) -> Self {
                self.options = self.options.with_timeouts(timeouts);
                self
            }

            /// Sets the retry policy of a call.
            pub fn retry(mut self, retry: $crate::exchange::RetryPolicy) -> Self {
                self.options = self.options.with_retry(retry);
                self
            }

            /// Sets the largest body that a call keeps in memory whole, in decompressed bytes.
            pub fn max_body(mut self, bytes: u64) -> Self {
                self.options = self.options.with_max_body(bytes);
                self
            }

            /// Sets all options of a call at once.
            pub fn options(mut self, options: $crate::request::CallOptions) -> Self {
                self.options = options;
                self
            }
        }
    };
}
pub(crate) use call_options;
