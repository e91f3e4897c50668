//! Waits between polls, and what each poll means for the next.

use proptest::prelude::*;

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
            schedule: Schedule::new(policy, NONE),
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
    let mut schedule = Schedule::new(PollPolicy::default(), NONE);
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
    // A poll at its end would have no time.
    assert_eq!(walk.poll(Observation::Pending), Err(Ending::Deadline));
}

#[test]
fn the_last_poll_of_a_call_has_the_time_that_it_may_take() {
    let policy = PollPolicy::default()
        .with_backoff(Backoff::every(secs(20)))
        .with_poll_timeout(secs(10));
    let mut schedule = Schedule::new(policy, NONE);
    let mut now = Now::default();
    // Begun at 0, 20 and 25 seconds of 35.
    for (observation, expected) in [
        (Observation::Pending, Ok((Status::Pending, secs(20)))),
        (Observation::Pending, Ok((Status::Pending, secs(5)))),
        // Asleep from then on: forgiven, if there were any time.
        (REFUSED, Err(Ending::Deadline)),
    ] {
        schedule.begin(now, Some(secs(35)));
        if observation == REFUSED {
            now.elapsed += secs(60);
        }
        let observed = schedule.observe(now, observation, None, 0.0);
        assert_eq!(observed, expected);
        let wait = observed.map_or(NONE, |(_, wait)| wait);
        now.elapsed += wait;
        now.awake += wait;
    }
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
        (Observation::Pending, 901, Err(Ending::Asked(secs(901)))),
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
        let mut schedule = Schedule::new(policy, NONE);
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

#[test]
fn waits_grow_to_the_longest_and_jitter_shortens_them() {
    let backoff = Backoff::default();
    for (k, millis) in [
        (0, 900),
        (1, 1_170),
        (2, 1_521),
        (10, 12_407),
        (11, 14_000),
        (9_999, 14_000),
    ] {
        assert_eq!(backoff.wait(k, 0.0).as_millis(), millis, "{k}");
    }
    assert_eq!(backoff.wait(0, 1.0), Duration::from_millis(810));
    assert_eq!(backoff.wait(u32::MAX, 1.0), Duration::from_millis(12_600));
}

#[test]
fn an_asked_wait_is_the_least_and_so_is_the_own() {
    let seconds = Duration::from_secs;
    for (own, asked, unit, wait) in [
        (14_000, 0, 1.0, 14_000),
        (900, 90, 0.0, 90_000),
        (900, 90, 1.0, 91_000),
        (900, 2, 1.0, 2_200),
    ] {
        let wait_for =
            Backoff::default().wait_for(Duration::from_millis(own), seconds(asked), unit);
        assert_eq!(wait_for, Duration::from_millis(wait), "{own} {asked}");
    }
}

proptest! {
    #[test]
    fn no_numbers_make_it_panic_or_leave_its_bounds(
        k in any::<u32>(), unit in any::<f64>(), growth in any::<f64>(), jitter in any::<f64>(),
        first in any::<Duration>(), longest in any::<Duration>(), asked in any::<Duration>(),
    ) {
        let backoff = Backoff::default()
            .with_first(first)
            .with_longest(longest)
            .with_growth(growth)
            .with_jitter(jitter);
        let own = backoff.wait(k, unit);
        prop_assert!(own <= longest);
        let wait = backoff.wait_for(own, asked, unit);
        prop_assert!(wait >= own && wait >= asked);
    }
}

#[test]
fn the_service_s_own_pace_is_kept_whatever_the_policy_says() {
    let policy = PollPolicy::default()
        .with_backoff(Backoff::every(secs(1)))
        .with_deadline(secs(13));
    let mut schedule = Schedule::new(policy, secs(5));
    let mut now = Now::default();
    for expected in [Ok(5), Ok(5), Err(Ending::Asked(secs(5)))] {
        schedule.begin(now, None);
        let observed = schedule.observe(now, Observation::Pending, None, 0.0);
        let wait = observed.map(|(_, wait)| wait);
        // After ten seconds, three are left: too few for another poll.
        assert_eq!(wait.map(|wait| wait.as_secs()), expected);
        let wait = wait.unwrap_or_default();
        now.elapsed += wait;
        now.awake += wait;
    }
}

#[test]
fn a_backoff_has_what_was_set() {
    let backoff = Backoff::default()
        .with_first(secs(2))
        .with_growth(2.0)
        .with_longest(secs(7))
        .with_jitter(0.5);
    // 2 s, 4 s, 8 s of which 7 s are allowed, and half of it at most is taken off.
    let waits = [(0, 0.0), (1, 0.0), (2, 0.0), (0, 1.0), (2, 1.0)];
    let waits = waits.map(|(k, unit)| backoff.wait(k, unit).as_millis());
    assert_eq!(waits, [2_000, 4_000, 7_000, 1_000, 3_500]);
    for (part, first) in [(-1.0, 900), (f64::NAN, 900), (0.0, 900), (1.0, 0), (2.0, 0)] {
        let backoff = Backoff::default().with_jitter(part);
        assert_eq!(backoff.wait(0, 1.0).as_millis(), first, "{part}");
    }
    // Reports: five seconds, half as much more each time, a minute at most.
    let waits = [0, 1, 50].map(|k| Backoff::for_reports().wait(k, 0.0).as_millis());
    assert_eq!(waits, [5_000, 7_500, 60_000]);
}

#[test]
fn a_policy_has_what_was_set() {
    let tolerance = Tolerance::of(secs(40));
    let policy = PollPolicy::default()
        .with_poll_timeout(secs(3))
        .with_tolerance(tolerance);
    assert_eq!(policy.poll_timeout(), secs(3));
    assert_eq!(policy.tolerance().duration(), secs(40));
}

#[test]
fn a_wait_that_was_asked_for_is_lengthened_by_a_part_of_ten_seconds_at_most() {
    let wait = |own, asked, unit| {
        let backoff = Backoff::default();
        backoff.wait_for(secs(own), secs(asked), unit).as_millis()
    };
    // A tenth of it, or of ten seconds, times the random part.
    assert_eq!(wait(5, 10, 0.5), 10_500);
    assert_eq!(wait(5, 20, 0.5), 20_500);
    assert_eq!(wait(5, 5, 1.0), 5_500);
    assert_eq!(wait(5, 4, 1.0), 5_000);
}

#[test]
fn a_rate_limit_without_a_time_takes_the_longest_wait() {
    let mut schedule = Schedule::new(PollPolicy::default(), NONE);
    let now = Now::default();
    schedule.begin(now, None);
    let next = schedule.observe(now, Observation::RateLimited, None, 0.0);
    assert_eq!(next, Ok((Status::RateLimited, secs(14))));
}

#[test]
fn the_wait_after_forgiveness_ends_at_the_deadline() {
    let mut walk = until(HOUR);
    assert_eq!(walk.poll(Observation::Pending), Ok((Status::Pending, 10)));
    walk.sleep(secs(3_594));
    assert_eq!(walk.poll(REFUSED), Ok((Status::Forgiven, 6)));
}

#[test]
fn a_result_ends_what_was_ambiguous() {
    let mut walk = until(HOUR);
    assert_eq!(walk.poll(cut()), Ok((Status::Ambiguous, 10)));
    walk.late(secs(12));
    walk.schedule.begin(walk.now, None);
    walk.late(secs(3));
    walk.schedule.ready(walk.now);
    assert!(walk.schedule.ambiguous().is_empty());
    assert_eq!(walk.schedule.elapsed(), secs(15));
}

#[test]
fn each_status_has_its_words() {
    for (status, words) in [
        (Status::Ready, "ready"),
        (Status::Pending, "not ready"),
        (Status::RateLimited, "rate limit reached"),
        (Status::Ambiguous, "no clear response"),
        (Status::Forgiven, "failed after the machine slept"),
    ] {
        assert_eq!(status.to_string(), words);
    }
}
