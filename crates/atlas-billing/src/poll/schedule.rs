//! What each poll means for the next. Pure: the caller provides the time.

use std::time::Duration;

use super::{PollPolicy, Status};

/// A machine that was suspended for longer than this has slept: its network may be gone. Shorter
/// differences between two clocks are the grain of reading them.
const SLEPT: Duration = Duration::from_secs(5);

/// How many failures after a sleep are forgiven.
const FORGIVEN: u32 = 3;

/// Readings of the clock: with the time that the machine slept, and without.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Now {
    pub(super) elapsed: Duration,
    pub(super) awake: Duration,
}

/// What came of a poll that brought no result.
#[derive(Debug)]
pub(super) enum Observation {
    Pending,
    RateLimited,
    /// With a few words for what was seen.
    Ambiguous(String),
    /// With whether the network may be to blame.
    Failed {
        forgivable: bool,
    },
}

/// Why there is no next poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Deadline,
    Ambiguous,
    Failed,
}

/// Counts polls and times, and decides what comes after each poll.
#[derive(Debug)]
pub(super) struct Schedule {
    policy: PollPolicy,
    /// When the first poll began; like every time here by the clock that counts sleep.
    started: Duration,
    deadline: Duration,
    polls: u32,
    /// The last reading: the end of the last poll, once there was one.
    last: Now,
    /// When the next poll is to begin.
    due: Option<Duration>,
    /// Since when responses have been ambiguous.
    clear_at: Duration,
    /// The machine slept since the last poll ended in a response.
    woken: bool,
    forgiven: u32,
    /// A poll has begun at the deadline or after it.
    late: bool,
    /// What was ambiguous since the last clear response, and how often.
    ambiguous: Vec<(String, u32)>,
}

impl Schedule {
    pub(super) fn new(policy: PollPolicy) -> Self {
        Self {
            policy,
            started: Duration::ZERO,
            deadline: Duration::MAX,
            polls: 0,
            last: Now::default(),
            due: None,
            clear_at: Duration::ZERO,
            woken: false,
            forgiven: 0,
            late: false,
            ambiguous: Vec::new(),
        }
    }

    /// How long until the next poll is due.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.due
            .map_or(Duration::ZERO, |due| due.saturating_sub(now))
    }

    /// A poll begins. `left` is the time until the deadline of the whole call, if it has one; it
    /// counts for the first poll.
    pub(super) fn begin(&mut self, now: Now, left: Option<Duration>) {
        if self.polls == 0 {
            self.started = now.elapsed;
            self.clear_at = now.elapsed;
            self.last = now;
            let longest = self.policy.deadline().min(left.unwrap_or(Duration::MAX));
            self.deadline = now.elapsed.saturating_add(longest);
        }
        self.read(now);
        self.late |= now.elapsed >= self.deadline;
        self.polls = self.polls.saturating_add(1);
    }

    /// A poll brought the result.
    pub(super) fn ready(&mut self, now: Now) {
        self.last = now;
        self.ambiguous.clear();
    }

    /// A poll brought no result: its status and the wait before the next one, or the end.
    pub(super) fn observe(
        &mut self,
        now: Now,
        observation: Observation,
        retry_after: Option<Duration>,
        random_unit: f64,
    ) -> Result<(Status, Duration), Ending> {
        self.read(now);
        let now = now.elapsed;
        let (status, ending) = match observation {
            Observation::Pending => (Status::Pending, None),
            Observation::RateLimited => (Status::RateLimited, None),
            Observation::Ambiguous(words) => {
                self.tally(words);
                let since = now.saturating_sub(self.clear_at);
                let tolerated = self.policy.tolerance().tolerates(since);
                (Status::Ambiguous, (!tolerated).then_some(Ending::Ambiguous))
            }
            Observation::Failed { forgivable: true } if self.woken => (Status::Forgiven, None),
            Observation::Failed { .. } => return Err(Ending::Failed),
        };
        let status = match status {
            Status::Pending | Status::RateLimited => {
                self.clear_at = now;
                self.woken = false;
                self.ambiguous.clear();
                status
            }
            // Forgiveness is worth nothing without another poll, but for that there is one at the
            // most after the deadline.
            _ if std::mem::take(&mut self.woken) && self.forgiven < FORGIVEN && !self.late => {
                self.forgiven += 1;
                Status::Forgiven
            }
            Status::Forgiven => return Err(Ending::Failed),
            status => status,
        };
        if let Some(ending) = ending.filter(|_| status != Status::Forgiven) {
            return Err(ending);
        }
        let backoff = self.policy.backoff();
        let own = match (status, retry_after) {
            // A missing token of the bucket takes as long to come back however often one polls.
            (Status::RateLimited, None) => backoff.longest(),
            _ => backoff.wait(self.polls.saturating_sub(1), random_unit),
        };
        let asked = retry_after.unwrap_or_default();
        let wait = backoff.wait_for(own, asked, random_unit);
        let left = self.deadline.saturating_sub(now);
        let wait = match status {
            Status::Forgiven if left.is_zero() => wait,
            // The last poll begins at the deadline; a wait that was asked for is not shortened.
            _ if left.is_zero() || asked > left => return Err(Ending::Deadline),
            _ => wait.min(left),
        };
        self.due = Some(now.saturating_add(wait));
        Ok((status, wait))
    }

    /// Takes in a reading of the clock: whether the machine slept since the last one.
    fn read(&mut self, now: Now) {
        let elapsed = now.elapsed.saturating_sub(self.last.elapsed);
        let awake = now.awake.saturating_sub(self.last.awake);
        if elapsed.saturating_sub(awake) > SLEPT {
            self.woken = true;
            self.clear_at = now.elapsed;
        }
        self.last = now;
    }

    fn tally(&mut self, words: String) {
        match self.ambiguous.iter_mut().find(|(seen, _)| *seen == words) {
            Some((_, times)) => *times = times.saturating_add(1),
            None => self.ambiguous.push((words, 1)),
        }
    }

    pub(super) fn polls(&self) -> u32 {
        self.polls
    }

    /// From the beginning of the first poll to the end of the last.
    pub(super) fn elapsed(&self) -> Duration {
        self.last.elapsed.saturating_sub(self.started)
    }

    /// How long responses have been ambiguous.
    pub(super) fn ambiguous_for(&self) -> Duration {
        self.last.elapsed.saturating_sub(self.clear_at)
    }

    pub(super) fn ambiguous(&self) -> &[(String, u32)] {
        &self.ambiguous
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Backoff, Tolerance};
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const NONE: Duration = Duration::ZERO;
    const REFUSED: Observation = Observation::Failed { forgivable: true };

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn cut() -> Observation {
        Observation::Ambiguous("truncated".into())
    }

    /// A poll each ten seconds, on clocks that do not begin at zero.
    struct Walk {
        schedule: Schedule,
        now: Now,
    }

    impl Walk {
        fn new(policy: PollPolicy) -> Self {
            let policy = policy.with_backoff(Backoff::every(secs(10)));
            let (elapsed, awake) = (secs(1_000), secs(700));
            Self {
                schedule: Schedule::new(policy),
                now: Now { elapsed, awake },
            }
        }

        /// The machine sleeps.
        fn sleep(&mut self, duration: Duration) -> &mut Self {
            self.now.elapsed += duration;
            self
        }

        /// The caller does something else before it asks for the next poll.
        fn late(&mut self, duration: Duration) -> &mut Self {
            self.now.awake += duration;
            self.sleep(duration)
        }

        fn asked(
            &mut self,
            observation: Observation,
            asked: Option<u64>,
        ) -> Result<(Status, u64), Ending> {
            let left = self.schedule.left(self.now.elapsed);
            self.late(left);
            self.schedule.begin(self.now, None);
            self.schedule
                .observe(self.now, observation, asked.map(secs), 0.0)
                .map(|(status, wait)| (status, wait.as_secs()))
        }

        fn poll(&mut self, observation: Observation) -> Result<(Status, u64), Ending> {
            self.asked(observation, None)
        }
    }

    fn until(deadline: Duration) -> Walk {
        Walk::new(PollPolicy::default().with_deadline(deadline))
    }

    #[test]
    fn the_first_poll_is_at_once_and_the_others_after_their_wait() {
        let mut schedule = Schedule::new(PollPolicy::default());
        let now = |elapsed| Now {
            elapsed,
            awake: elapsed,
        };
        assert_eq!(schedule.left(HOUR), NONE);
        schedule.begin(now(HOUR), None);
        let next = schedule.observe(now(HOUR), Observation::Pending, None, 0.0);
        assert_eq!(next, Ok((Status::Pending, Duration::from_millis(900))));
        assert_eq!(
            schedule.left(HOUR + Duration::from_millis(300)),
            Duration::from_millis(600)
        );
        assert_eq!(schedule.left(HOUR + secs(5)), NONE);
    }

    #[test]
    fn the_last_poll_begins_at_the_deadline() {
        let mut walk = until(secs(25));
        for wait in [10, 10, 5] {
            assert_eq!(walk.poll(Observation::Pending), Ok((Status::Pending, wait)));
        }
        assert_eq!(walk.poll(Observation::Pending), Err(Ending::Deadline));
        assert_eq!(
            (walk.schedule.polls(), walk.schedule.elapsed()),
            (4, secs(25))
        );
        assert_eq!(
            until(NONE).poll(Observation::Pending),
            Err(Ending::Deadline)
        );
    }

    #[test]
    fn the_deadline_of_the_whole_call_is_one_of_the_polling() {
        let mut walk = until(HOUR);
        walk.schedule.begin(walk.now, Some(secs(15)));
        let next = walk
            .schedule
            .observe(walk.now, Observation::Pending, None, 0.0);
        assert_eq!(next, Ok((Status::Pending, secs(10))));
        assert_eq!(walk.poll(Observation::Pending), Ok((Status::Pending, 5)));
        assert_eq!(walk.poll(Observation::Pending), Err(Ending::Deadline));
    }

    #[test]
    fn a_retry_after_is_kept_while_the_deadline_allows() {
        for (observation, asked, expected) in [
            (Observation::Pending, 90, Ok((Status::Pending, 90))),
            (Observation::RateLimited, 90, Ok((Status::RateLimited, 90))),
            (cut(), 90, Ok((Status::Ambiguous, 90))),
            // The own schedule is the minimum.
            (Observation::Pending, 0, Ok((Status::Pending, 10))),
            (Observation::RateLimited, 0, Ok((Status::RateLimited, 10))),
            (Observation::Pending, 901, Err(Ending::Deadline)),
            (Observation::Pending, 900, Ok((Status::Pending, 900))),
        ] {
            assert_eq!(
                until(secs(900)).asked(observation, Some(asked)),
                expected,
                "{asked}"
            );
        }
    }

    #[test]
    fn ambiguous_failures_are_tolerated_since_the_last_clear_response() {
        let mut walk = until(HOUR);
        for _ in 0..13 {
            assert_eq!(walk.poll(cut()), Ok((Status::Ambiguous, 10)));
        }
        walk.poll(Observation::RateLimited).unwrap();
        assert!(walk.schedule.ambiguous().is_empty());
        for _ in 0..12 {
            walk.poll(cut()).unwrap();
        }
        let other = Observation::Ambiguous("status 504".into());
        assert_eq!(walk.poll(other), Err(Ending::Ambiguous));
        let seen = [("truncated".to_owned(), 12), ("status 504".to_owned(), 1)];
        assert_eq!(walk.schedule.ambiguous(), seen);
        assert_eq!(walk.schedule.ambiguous_for(), secs(130));

        let none = PollPolicy::default().with_tolerance(Tolerance::none());
        assert_eq!(Walk::new(none).poll(cut()), Err(Ending::Ambiguous));
    }

    #[test]
    fn a_real_failure_ends_at_once_however_late_the_caller_is() {
        for late in [NONE, secs(20), HOUR] {
            let mut walk = until(HOUR * 9);
            walk.poll(Observation::Pending).unwrap();
            assert_eq!(walk.late(late).poll(REFUSED), Err(Ending::Failed));
        }
    }

    #[test]
    fn the_first_failure_after_a_sleep_is_forgiven_and_the_second_is_not() {
        let mut walk = until(HOUR * 9);
        walk.poll(Observation::Pending).unwrap();
        assert_eq!(walk.sleep(HOUR).poll(REFUSED), Ok((Status::Forgiven, 10)));
        assert_eq!(walk.poll(REFUSED), Err(Ending::Failed));

        let mut walk = until(HOUR * 9);
        walk.poll(Observation::Pending).unwrap();
        walk.sleep(HOUR).poll(Observation::Pending).unwrap();
        assert_eq!(
            walk.poll(REFUSED),
            Err(Ending::Failed),
            "used up by a response"
        );

        let mut walk = until(HOUR * 9);
        walk.poll(Observation::Pending).unwrap();
        let failed = Observation::Failed { forgivable: false };
        assert_eq!(walk.sleep(HOUR).poll(failed), Err(Ending::Failed));

        let mut walk = until(HOUR * 9);
        walk.poll(Observation::Pending).unwrap();
        assert_eq!(
            walk.sleep(SLEPT).poll(REFUSED),
            Err(Ending::Failed),
            "too short"
        );
    }

    #[test]
    fn forgiveness_is_bounded() {
        let mut walk = until(HOUR * 9);
        for _ in 0..3 {
            walk.poll(Observation::Pending).unwrap();
            walk.sleep(secs(60)).poll(REFUSED).unwrap();
        }
        walk.poll(Observation::Pending).unwrap();
        assert_eq!(walk.sleep(secs(60)).poll(REFUSED), Err(Ending::Failed));
    }

    #[test]
    fn a_sleep_restarts_tolerance() {
        let mut walk = until(HOUR * 9);
        walk.poll(Observation::Pending).unwrap();
        assert_eq!(walk.sleep(HOUR).poll(cut()), Ok((Status::Forgiven, 10)));
        for _ in 0..12 {
            assert_eq!(walk.poll(cut()), Ok((Status::Ambiguous, 10)));
        }
        assert_eq!(walk.poll(cut()), Err(Ending::Ambiguous));
    }

    #[test]
    fn at_most_one_poll_begins_after_the_deadline() {
        for (observation, ending) in [
            (Observation::Pending, Ending::Deadline),
            (REFUSED, Ending::Failed),
            (cut(), Ending::Deadline),
        ] {
            let mut walk = until(secs(900));
            walk.poll(Observation::Pending).unwrap();
            assert_eq!(walk.sleep(HOUR).poll(observation), Err(ending));
        }
        // The machine slept while the poll was under way: that poll began in time.
        let mut walk = until(secs(900));
        walk.schedule.begin(walk.now, None);
        walk.sleep(HOUR);
        let next = walk.schedule.observe(walk.now, REFUSED, None, 0.0);
        assert_eq!(next, Ok((Status::Forgiven, secs(10))));
        assert_eq!(walk.poll(Observation::Pending), Err(Ending::Deadline));
    }

    #[test]
    fn no_time_makes_it_panic() {
        let policy = PollPolicy::default().with_deadline(Duration::MAX);
        for elapsed in [NONE, Duration::MAX] {
            let mut schedule = Schedule::new(policy);
            let (now, awake) = (
                Now {
                    elapsed,
                    awake: NONE,
                },
                NONE,
            );
            schedule.begin(now, None);
            let _ = schedule.observe(
                Now {
                    elapsed: Duration::MAX,
                    awake,
                },
                cut(),
                None,
                0.0,
            );
            schedule.begin(Now::default(), None);
            let _ = schedule.observe(Now::default(), cut(), Some(Duration::MAX), 1.0);
        }
    }
}
