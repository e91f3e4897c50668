//! The machine's own clocks: one that counts on while it sleeps, and one that does not.

use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};

use super::{BoxFuture, Clock};

/// The machine's own clocks, and tokio's timer.
///
/// [`elapsed`](Clock::elapsed) counts the time a machine spends suspended, so that a laptop that
/// was closed for an hour finds a deadline of a quarter of an hour passed. `std::time::Instant`
/// does not: on Linux it reads `CLOCK_MONOTONIC` and on Apple's systems `CLOCK_UPTIME_RAW`, and
/// both stand still meanwhile; it is what [`awake`](Clock::awake) reads. `elapsed` reads
/// `CLOCK_BOOTTIME` on Linux and Android (clock_gettime(2)), and on Apple's systems
/// `CLOCK_MONOTONIC`, which there goes on during sleep (clock_gettime(3) of macOS). Everywhere
/// else the two are one.
///
/// [`sleep`](Clock::sleep) is tokio's and needs a runtime with its timer enabled once it is
/// awaited. A wait that a suspension interrupts goes on where it was after waking.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock; what it counts begins at a fixed moment before now.
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        since_boot().unwrap_or_else(|| self.awake())
    }

    fn awake(&self) -> Duration {
        self.started.elapsed()
    }

    fn now(&self) -> DateTime<Utc> {
        SystemTime::now().into()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        // Created inside the future: tokio panics where a timer is created outside a runtime.
        Box::pin(async move { tokio::time::sleep(duration).await })
    }
}

/// Time since the machine started, sleep included; `None` in a sandbox that forbids reading it,
/// which does not change while a process runs.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn since_boot() -> Option<Duration> {
    use nix::time::{ClockId, clock_gettime};
    #[cfg(target_vendor = "apple")]
    const CLOCK: ClockId = ClockId::CLOCK_MONOTONIC;
    #[cfg(not(target_vendor = "apple"))]
    const CLOCK: ClockId = ClockId::CLOCK_BOOTTIME;
    clock_gettime(CLOCK).ok().map(Duration::from)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn since_boot() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_clock_goes_back() {
        let clock = SystemClock::new();
        let mut last = (clock.elapsed(), clock.awake());
        for _ in 0..1000 {
            let now = (clock.elapsed(), clock.awake());
            assert!(now.0 >= last.0 && now.1 >= last.1);
            last = now;
        }
    }

    #[test]
    fn now_is_the_system_time() {
        let before: DateTime<Utc> = SystemTime::now().into();
        let now = SystemClock::new().now();
        assert!((now - before).abs() < chrono::TimeDelta::days(1));
    }

    #[test]
    fn a_sleep_may_be_created_outside_a_runtime() {
        drop(SystemClock::new().sleep(Duration::from_secs(1)));
    }
}
