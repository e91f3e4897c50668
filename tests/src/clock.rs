//! Clocks for tests over real sockets.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atlas_billing::edge::{BoxFuture, Clock, SystemClock};
use atlas_billing::{Observer, RequestEvent};
use chrono::{DateTime, TimeDelta, Utc};

/// Asks the test how many silences have set in so far.
type Silences = Arc<dyn Fn() -> u64 + Send + Sync>;

/// A clock on which time passes by waiting alone, and waiting takes no time: a test over sockets
/// that goes by it does not depend on the speed of the machine.
///
/// A wait ends at once and puts the clock forward by its length. A time limit on silence, told by
/// its exact length, is another matter: it must pass where a server has fallen silent, and only
/// there, however long a response takes. So the test says how many silences have set in, and as
/// many limits pass, a moment later.
pub struct WaitClock {
    started: DateTime<Utc>,
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

/// How long a client may go on reading before its limit passes, in turns of the runtime of at least a
/// millisecond: on a busy machine a time may pass in which nobody else had a turn.
const TURNS: u32 = 50;

impl WaitClock {
    /// A clock on which every wait but those of exactly one of `limits` ends at once.
    pub fn without_silence(limits: impl IntoIterator<Item = Duration>) -> Self {
        Self::new(limits, || 0)
    }

    /// The same clock with this as the time of day at its beginning, instead of 1970.
    pub fn starting(mut self, at: DateTime<Utc>) -> Self {
        self.started = at;
        self
    }

    /// What was waited for so far, limits on silence aside.
    pub fn waits(&self) -> Vec<Duration> {
        self.state.lock().unwrap().waits.clone()
    }

    /// Lets time pass outside of the client.
    pub fn advance(&self, duration: Duration) {
        self.state.lock().unwrap().now += duration;
    }

    /// A clock on which waits of exactly one of `limits` end only as `silences` set in.
    pub fn new(
        limits: impl IntoIterator<Item = Duration>,
        silences: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            started: DateTime::UNIX_EPOCH,
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
        self.started + self.elapsed()
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
                for _ in 0..TURNS {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
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

/// A clock on which only requests take time, each the same: as many responses fit into a call's
/// time limit on a fast machine as on a slow one.
#[derive(Debug)]
pub struct RequestClock {
    per_response: Duration,
    now: Mutex<Duration>,
}

/// Shorter sleeps are waits, which take no time here; longer ones are time limits.
const LIMIT: Duration = Duration::from_secs(1);

impl RequestClock {
    /// A clock that is also to be the client's observer.
    pub fn new(per_response: Duration) -> Arc<Self> {
        let now = Mutex::default();
        Arc::new(Self { per_response, now })
    }
}

impl Observer for RequestClock {
    fn observe(&self, event: &RequestEvent<'_>) {
        if let RequestEvent::Response { .. } = event {
            *self.now.lock().unwrap() += self.per_response;
        }
    }
}

impl Clock for RequestClock {
    fn elapsed(&self) -> Duration {
        *self.now.lock().unwrap()
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if duration >= LIMIT {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// The machine's clock with a date and time of day that jump at each reading, by years and back:
/// what a correction of the time does. Time spans are the machine's own.
#[derive(Debug, Default)]
pub struct JumpyClock {
    system: SystemClock,
    readings: Mutex<i64>,
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
        let mut readings = self.readings.lock().unwrap();
        *readings += 1;
        let days = if *readings % 2 == 0 { 4_000 } else { -4_000 };
        self.system.now() + TimeDelta::days(days)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.system.sleep(duration)
    }
}
