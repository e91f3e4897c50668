//! The machine's own clock, which counts on while the machine sleeps.

use std::fmt;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

use super::{BoxFuture, Clock};

/// The machine's own clock, and tokio's timer.
///
/// [`elapsed`](Clock::elapsed) counts the time a machine spends suspended, so that a laptop that
/// was closed for an hour finds a deadline of a quarter of an hour gone. `std::time::Instant`
/// does not: on Linux it reads `CLOCK_MONOTONIC` and on Apple's systems `CLOCK_UPTIME_RAW`, and
/// both stand still meanwhile. Read instead are `CLOCK_BOOTTIME` on Linux and Android
/// (clock_gettime(2)), and on Apple's systems `CLOCK_MONOTONIC`, which there goes on during sleep
/// (clock_gettime(3) of macOS). Everywhere else it is `Instant`, which counts sleep on Windows.
///
/// [`sleep`](Clock::sleep) is tokio's and wants a runtime with its timer enabled once it is
/// awaited. A wait that a suspension interrupts goes on where it was after waking; whoever must
/// know compares `elapsed` before and after.
#[derive(Clone, Copy)]
pub struct SystemClock(source::Origin);

impl SystemClock {
    /// A clock; `elapsed` counts from a fixed moment before now.
    pub fn new() -> Self {
        Self(source::Origin::new())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SystemClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemClock")
    }
}

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn now(&self) -> DateTime<Utc> {
        SystemTime::now().into()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        // Made inside the future: tokio panics where a timer is made outside a runtime.
        Box::pin(async move { tokio::time::sleep(duration).await })
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
mod source {
    use std::time::{Duration, Instant};

    use nix::time::{ClockId, clock_gettime};

    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: ClockId = ClockId::CLOCK_BOOTTIME;
    #[cfg(target_vendor = "apple")]
    const CLOCK: ClockId = ClockId::CLOCK_MONOTONIC;

    #[derive(Clone, Copy)]
    pub(super) enum Origin {
        Boot,
        /// In a sandbox that does not let the clock be read.
        Made(Instant),
    }

    impl Origin {
        pub(super) fn new() -> Self {
            match clock_gettime(CLOCK) {
                Ok(_) => Self::Boot,
                Err(_) => Self::Made(Instant::now()),
            }
        }

        pub(super) fn elapsed(self) -> Duration {
            match self {
                // A clock that could be read can be read again.
                Self::Boot => clock_gettime(CLOCK).map_or(Duration::ZERO, Duration::from),
                Self::Made(origin) => origin.elapsed(),
            }
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
mod source {
    use std::time::{Duration, Instant};

    #[derive(Clone, Copy)]
    pub(super) struct Origin(Instant);

    impl Origin {
        pub(super) fn new() -> Self {
            Self(Instant::now())
        }

        pub(super) fn elapsed(self) -> Duration {
            self.0.elapsed()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elapsed_never_goes_back() {
        let clock = SystemClock::new();
        let mut last = clock.elapsed();
        for _ in 0..1000 {
            let now = clock.elapsed();
            assert!(now >= last);
            last = now;
        }
    }

    #[test]
    fn elapsed_passes_at_least_as_fast_as_an_instant() {
        let clock = SystemClock::new();
        let before = clock.elapsed();
        let start = std::time::Instant::now();
        std::thread::sleep(Duration::from_millis(5));
        let instant = start.elapsed();
        // Equal but for the scale of two readings apart, whatever the machine does in between.
        assert!(clock.elapsed() - before + Duration::from_millis(1) >= instant);
    }

    #[test]
    fn now_is_the_system_time() {
        let before: DateTime<Utc> = SystemTime::now().into();
        let now = SystemClock::new().now();
        let day = chrono::TimeDelta::days(1);
        assert!((now - before).abs() < day, "{now} is far from {before}");
    }

    #[test]
    fn a_sleep_may_be_made_outside_a_runtime() {
        drop(SystemClock::new().sleep(Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn a_sleep_ends() {
        let clock = SystemClock::new();
        let before = clock.elapsed();
        clock.sleep(Duration::from_millis(2)).await;
        assert!(clock.elapsed() > before);
    }
}
