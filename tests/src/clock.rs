//! Clocks for tests over real sockets.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atlas_billing::edge::{BoxFuture, Clock, SystemClock};
use chrono::{DateTime, TimeDelta, Utc};

/// Asks the test how many silences have set in so far.
type Silences = Arc<dyn Fn() -> u64 + Send + Sync>;

/// A clock on which time passes by waiting alone, and waiting takes no time: a test over sockets
/// that goes by it does not depend on the speed of the machine.
///
/// A wait ends at once and puts the clock forward by its length. A time limit on silence, told by
/// its exact length, is another matter: it must pass where a server has fallen silent, and only
/// there, however long an answer takes. So the test says how many silences have set in, and as
/// many limits pass, a moment later.
pub struct WaitClock {
    state: Arc<Mutex<State>>,
    limits: Vec<Duration>,
    silences: Silences,
}

#[derive(Debug, Default)]
struct State {
    now: Duration,
    passed: u64,
    waits: Vec<Duration>,
}

/// What a client gets to read before its patience ends.
const MOMENT: Duration = Duration::from_millis(50);

impl WaitClock {
    /// A clock on which every wait but those of exactly one of `limits` ends at once.
    pub fn without_silence(limits: impl IntoIterator<Item = Duration>) -> Self {
        Self::new(limits, || 0)
    }

    /// What was waited for so far, limits on silence aside.
    pub fn waits(&self) -> Vec<Duration> {
        self.state.lock().unwrap().waits.clone()
    }

    /// A clock on which waits of exactly one of `limits` end only as `silences` set in.
    pub fn new(
        limits: impl IntoIterator<Item = Duration>,
        silences: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            state: Arc::default(),
            limits: limits.into_iter().collect(),
            silences: Arc::new(silences),
        }
    }
}

impl Clock for WaitClock {
    fn elapsed(&self) -> Duration {
        self.state.lock().unwrap().now
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let state = self.state.clone();
        if !self.limits.contains(&duration) {
            return Box::pin(async move {
                tokio::task::yield_now().await;
                let mut state = state.lock().unwrap();
                state.now += duration;
                state.waits.push(duration);
            });
        }
        let silences = self.silences.clone();
        Box::pin(async move {
            loop {
                tokio::time::sleep(MOMENT).await;
                let mut state = state.lock().unwrap();
                if state.passed < silences() {
                    state.passed += 1;
                    state.now += duration;
                    return;
                }
            }
        })
    }
}

impl fmt::Debug for WaitClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitClock").finish_non_exhaustive()
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
