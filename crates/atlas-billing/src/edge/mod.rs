//! Where the crate touches the world: the network, the clock and randomness, each behind a trait.
//!
//! Everything else decides on data. A test injects its own: with the feature `test-util`,
//! `doubles` has a transport that works without sockets, a clock that a test moves, and
//! numbers that repeat.

#[cfg(any(test, feature = "test-util"))]
pub mod doubles;

use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

/// A boxed future that may be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why an HTTP exchange ended without a response: `reqwest::Error`, or what an injected client
/// reports.
pub type ExchangeError = Box<dyn StdError + Send + Sync>;

/// Sends one HTTP request and returns the head of its response, the body still to be read.
///
/// Implemented by [`reqwest::Client`]; one of yours must not follow redirects, which could carry
/// credentials to another host.
pub trait HttpClient: fmt::Debug + Send + Sync {
    /// Sends `request` once.
    fn execute(
        &self,
        request: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>>;
}

impl HttpClient for reqwest::Client {
    fn execute(
        &self,
        request: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>> {
        Box::pin(async move { Ok(Self::execute(self, request).await?) })
    }
}

/// Reads the time and waits.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Time since some fixed moment, never going backwards, counting on while the machine sleeps
    /// wherever the platform can tell.
    fn elapsed(&self) -> Duration;

    /// The same without the time that the machine slept: where it falls behind
    /// [`elapsed`](Self::elapsed), the machine was suspended. Equal to it by default.
    fn awake(&self) -> Duration {
        self.elapsed()
    }

    /// The date and time of day, UTC. It may jump.
    fn now(&self) -> DateTime<Utc>;

    /// Completes once `duration` has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Gives random bytes.
pub trait Random: fmt::Debug + Send + Sync {
    /// 128 random bits, unpredictable to others (they become Digest's cnonce).
    fn bits(&self) -> u128;

    /// A number in `0.0..1.0`, for jitter.
    fn unit(&self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        const STEPS: f64 = (1u64 << 53) as f64;
        ((self.bits() & ((1 << 53) - 1)) as f64) / STEPS
    }
}

/// The output of `future`, or `None` once `limit` has passed. A future that is ready wins over a
/// limit that passed at the same moment.
pub(crate) async fn within<T>(
    clock: &dyn Clock,
    limit: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    let mut alarm = clock.sleep(limit);
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        alarm.as_mut().poll(context).map(|()| None)
    })
    .await
}

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

/// Random numbers from the operating system.
///
/// Where the system has none to give (a sandbox without the call or the device), the numbers are a
/// SHA-256 of the time of day, the process id and a counter. They still differ from call to call,
/// which is what jitter needs; they can be guessed, which weakens a client nonce's guard against a
/// server that chooses its own nonces (chosen plaintext, RFC 7616 section 5) and nothing else. No
/// call fails for it.
#[derive(Default)]
pub struct OsRandom {
    calls: AtomicU64,
}

impl OsRandom {
    /// A source of random numbers.
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for OsRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The counter takes part in the numbers of last resort.
        f.write_str("OsRandom")
    }
}

impl Random for OsRandom {
    fn bits(&self) -> u128 {
        let mut bits = [0; 16];
        if getrandom::fill(&mut bits).is_err() {
            let time = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_nanos());
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            let seed = format!("{time} {} {call}", std::process::id());
            let hash = hmac_sha256::Hash::hash(seed.as_bytes());
            for (to, from) in bits.iter_mut().zip(hash) {
                *to = from;
            }
        }
        u128::from_ne_bytes(bits)
    }
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

    #[test]
    fn numbers_differ_and_a_unit_is_below_one() {
        let random = OsRandom::new();
        assert_ne!(random.bits(), random.bits());
        for _ in 0..1000 {
            assert!((0.0..1.0).contains(&random.unit()));
        }
    }

    #[test]
    fn the_extremes_of_bits_stay_a_unit() {
        #[derive(Debug)]
        struct Fixed(u128);
        impl Random for Fixed {
            fn bits(&self) -> u128 {
                self.0
            }
        }
        assert_eq!(Fixed(0).unit(), 0.0);
        assert!(Fixed(u128::MAX).unit() < 1.0);
    }
}
