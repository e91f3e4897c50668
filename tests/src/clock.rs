//! Clocks for tests over real sockets.

use std::sync::Mutex;
use std::time::Duration;

use atlas_billing::edge::{BoxFuture, Clock, SystemClock};
use chrono::{DateTime, TimeDelta, Utc};

/// A clock on which time passes so many times faster: a wait of 30 s takes 300 ms at 100.
#[derive(Debug)]
pub struct FastClock {
    system: SystemClock,
    times: u32,
}

impl FastClock {
    /// A clock that runs `times` as fast as the machine's.
    pub fn new(times: u32) -> Self {
        Self {
            system: SystemClock::new(),
            times: times.max(1),
        }
    }
}

impl Clock for FastClock {
    fn elapsed(&self) -> Duration {
        self.system.elapsed().saturating_mul(self.times)
    }

    fn now(&self) -> DateTime<Utc> {
        self.system.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.system.sleep(duration / self.times)
    }
}

/// The machine's clock with a date and time of day that jump at each look, by years and back: what
/// a correction of the time does. Time spans are the machine's own.
#[derive(Debug, Default)]
pub struct JumpyClock {
    system: SystemClock,
    looks: Mutex<i64>,
}

impl JumpyClock {
    /// A clock that has not jumped yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Clock for JumpyClock {
    fn elapsed(&self) -> Duration {
        self.system.elapsed()
    }

    fn now(&self) -> DateTime<Utc> {
        let mut looks = self.looks.lock().unwrap();
        *looks += 1;
        let days = if *looks % 2 == 0 { 4_000 } else { -4_000 };
        self.system.now() + TimeDelta::days(days)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.system.sleep(duration)
    }
}
