//! Where the stand-in's time comes from.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

/// Tells the stand-in the date and time, UTC: what is ready, expired, refilled and "today".
pub trait Clock: Debug + Send + Sync {
    /// The date and time now.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's own clock; the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        SystemTime::now().into()
    }
}

/// A clock that stands still until it is moved, for tests of what takes hours. Clones share the
/// time.
///
/// ```
/// use atlas_billing_mock::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::at("2025-03-15T12:00:00Z".parse()?);
/// let before = clock.now();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!((clock.now() - before).num_minutes(), 60);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<DateTime<Utc>>>);

impl ManualClock {
    /// A clock that stands at `time`.
    pub fn at(time: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(time)))
    }

    /// Moves the clock on by `duration`; at the end of representable time it stays where it is.
    pub fn advance(&self, duration: Duration) {
        let mut time = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = chrono::Duration::from_std(duration)
            .ok()
            .and_then(|by| time.checked_add_signed(by));
        *time = moved.unwrap_or(*time);
    }

    /// Sets the clock to `time`, forwards or backwards.
    pub fn set(&self, time: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
