//! Time that passes when a test says so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// A clock that stands still until it is moved, for tests of what takes hours. Clones share the
/// time.
///
/// ```
/// use atlas_billing_mock::{ManualClock, Scenario};
/// use std::time::Duration;
///
/// let clock = ManualClock::at("2025-03-15T12:00:00Z".parse()?);
/// let scenario = Scenario::builder().clock(clock.clone()).build();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.now().to_string(), "2025-03-15 13:00:00 UTC");
/// # let _ = scenario;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<DateTime<Utc>>>);

impl ManualClock {
    /// A clock that stands at `time`.
    pub fn at(time: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(time)))
    }

    /// The time it stands at.
    pub fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the clock on by `duration`; at the end of representable time it stays where it is.
    pub fn advance(&self, duration: Duration) {
        let mut time = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *time = later(*time, duration).unwrap_or(*time);
    }
}

/// How long ago `since` was, nothing where the clock went backwards.
pub(crate) fn age(now: DateTime<Utc>, since: DateTime<Utc>) -> Duration {
    (now - since).to_std().unwrap_or_default()
}

/// The time after `by`, if it can be represented.
pub(crate) fn later(time: DateTime<Utc>, by: Duration) -> Option<DateTime<Utc>> {
    time.checked_add_signed(chrono::Duration::from_std(by).ok()?)
}
