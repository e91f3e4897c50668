//! What a client was built with, and the defaults.

use url::Url;

use crate::{ApiVersion, PollPolicy, RetryPolicy, Timeouts};

/// The largest body kept in memory whole, unless the caller says otherwise: well above the
/// documents of 16 MB that are common, well below what would hurt a small machine.
pub(crate) const MAX_BODY: u64 = 256 * 1024 * 1024;

/// What a client was built with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) base_url: Url,
    pub(crate) version: Option<ApiVersion>,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: RetryPolicy,
    pub(crate) polling: PollPolicy,
    pub(crate) max_body: u64,
}
