//! The course of one polling: what each look means for the next. Pure; the caller tells the time.

use std::time::Duration;

use super::look::Seen;
use super::policy::PollPolicy;

/// A wait that takes this much longer than it was to take has been slept through, by the machine
/// or by whoever is to ask for the next look. Ordinary load delays a timer by less; where it does
/// not, one failure more is forgiven.
const SLEPT: Duration = Duration::from_secs(5);

/// Legs of one look that each have the look's time limit: signing in, the request, its repetition
/// after a 401, the body.
const LEGS: u32 = 4;

/// Counts looks and times, and decides what comes after each look.
#[derive(Debug)]
pub(super) struct Course {
    policy: PollPolicy,
    /// When the first look began; like every time here a reading of the clock.
    started: Duration,
    looks: u32,
    look_began: Duration,
    look_ended: Duration,
    /// When the next look is to begin.
    due: Option<Duration>,
    /// From when on looks without a clear answer are counted.
    clear_at: Duration,
    /// The next failure is the first one after a sleep.
    woken: bool,
    /// What was seen since the last clear answer, and how often.
    unclear: Vec<(String, u32)>,
}

/// What came of a look that brought no result.
#[derive(Debug)]
pub(super) enum Heard {
    NotReady { retry_after: Option<Duration> },
    RateLimited { retry_after: Option<Duration> },
    Unclear { words: String },
    Final { forgivable: bool },
}

/// What comes after such a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Wait { seen: Seen, wait: Duration },
    End(Ending),
}

/// Why there is no next look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Deadline,
    Unclear,
    Failed,
}

impl Course {
    pub(super) fn new(policy: PollPolicy) -> Self {
        Self {
            policy,
            started: Duration::ZERO,
            looks: 0,
            look_began: Duration::ZERO,
            look_ended: Duration::ZERO,
            due: None,
            clear_at: Duration::ZERO,
            woken: false,
            unclear: Vec::new(),
        }
    }

    /// How long the next look is still to wait.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.due
            .map_or(Duration::ZERO, |due| due.saturating_sub(now))
    }

    /// A look begins.
    pub(super) fn begin(&mut self, now: Duration) {
        if self.looks == 0 {
            self.started = now;
            self.clear_at = now;
        }
        if self.due.is_some_and(|due| now.saturating_sub(due) > SLEPT) {
            self.wake(now);
        }
        self.looks = self.looks.saturating_add(1);
        self.look_began = now;
    }

    /// A look brought the result.
    pub(super) fn ready(&mut self, now: Duration) {
        self.look_ended = now;
        self.unclear.clear();
    }

    /// A look brought no result.
    pub(super) fn heard(&mut self, now: Duration, heard: Heard, random_unit: f64) -> Next {
        self.look_ended = now;
        let took = now.saturating_sub(self.look_began);
        let longest = self.policy.look_timeout().saturating_mul(LEGS);
        if took > longest.saturating_add(SLEPT) {
            self.wake(now);
        }
        let policy = *self.policy.wait();
        let own = policy.wait(self.looks.saturating_sub(1), random_unit);
        let (seen, wait, asked) = match heard {
            Heard::NotReady { retry_after } => {
                self.clear(now);
                let wait = retry_after.map_or(own, |asked| policy.wait_at_least(own, asked));
                (Seen::NotReady, wait, wait > own)
            }
            Heard::RateLimited { retry_after } => {
                self.clear(now);
                let wait = policy.wait_for_rate(retry_after);
                (Seen::RateLimited, wait, retry_after.is_some())
            }
            Heard::Unclear { words } => {
                self.tally(words);
                if std::mem::take(&mut self.woken) {
                    (Seen::Forgiven, own, false)
                } else if self
                    .policy
                    .endurance()
                    .endures(now.saturating_sub(self.clear_at))
                {
                    (Seen::Unclear, own, false)
                } else {
                    return Next::End(Ending::Unclear);
                }
            }
            Heard::Final { forgivable } => {
                if !(std::mem::take(&mut self.woken) && forgivable) {
                    return Next::End(Ending::Failed);
                }
                (Seen::Forgiven, own, false)
            }
        };
        self.before_the_deadline(now, seen, wait, asked)
    }

    /// Fits the wait to the deadline: the last look begins there. `asked` waits are the service's
    /// and are not shortened, so one that reaches beyond the deadline is the end.
    fn before_the_deadline(
        &mut self,
        now: Duration,
        seen: Seen,
        mut wait: Duration,
        asked: bool,
    ) -> Next {
        let deadline = self.started.saturating_add(self.policy.deadline());
        // Forgiveness is worth nothing without another look, even where the sleep has taken all
        // of the time.
        if seen != Seen::Forgiven {
            let left = deadline.saturating_sub(now);
            if left.is_zero() || (asked && wait > left) {
                return Next::End(Ending::Deadline);
            }
            wait = wait.min(left);
        }
        self.due = Some(now.saturating_add(wait));
        Next::Wait { seen, wait }
    }

    fn wake(&mut self, now: Duration) {
        self.woken = true;
        self.clear_at = now;
    }

    fn clear(&mut self, now: Duration) {
        self.clear_at = now;
        self.woken = false;
        self.unclear.clear();
    }

    fn tally(&mut self, words: String) {
        match self.unclear.iter_mut().find(|(seen, _)| *seen == words) {
            Some((_, times)) => *times = times.saturating_add(1),
            None => self.unclear.push((words, 1)),
        }
    }

    pub(super) fn looks(&self) -> u32 {
        self.looks
    }

    /// From the beginning of the first look to the end of the last.
    pub(super) fn elapsed(&self) -> Duration {
        self.look_ended.saturating_sub(self.started)
    }

    /// How long no clear answer has come.
    pub(super) fn unclear_for(&self) -> Duration {
        self.look_ended.saturating_sub(self.clear_at)
    }

    pub(super) fn unclear(&self) -> &[(String, u32)] {
        &self.unclear
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::polling::{EndurancePolicy, WaitPolicy};

    const HOUR: Duration = Duration::from_secs(3600);

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn not_ready() -> Heard {
        Heard::NotReady { retry_after: None }
    }

    fn unclear() -> Heard {
        Heard::Unclear {
            words: "cut".into(),
        }
    }

    const REFUSED: Heard = Heard::Final { forgivable: true };

    /// A course of a look each ten seconds, on a clock that does not begin at zero.
    struct Walk(Course, Duration);

    impl Walk {
        fn new(policy: PollPolicy) -> Self {
            let policy = policy.with_wait(WaitPolicy::every(secs(10)));
            Self(Course::new(policy), secs(1_000))
        }

        /// Waits as told, and `over` longer, and looks.
        fn look(&mut self, over: Duration, heard: Heard) -> Next {
            self.1 += self.0.left(self.1) + over;
            self.0.begin(self.1);
            self.0.heard(self.1, heard, 0.5)
        }
    }

    fn goes_on(next: Next) -> Seen {
        match next {
            Next::Wait { seen, .. } => seen,
            Next::End(ending) => panic!("ended: {ending:?}"),
        }
    }

    #[test]
    fn the_first_look_is_at_once_and_the_others_after_their_wait() {
        let mut course = Course::new(PollPolicy::default());
        assert_eq!(course.left(HOUR), Duration::ZERO);
        course.begin(HOUR);
        let next = course.heard(HOUR, not_ready(), 0.0);
        let wait = Duration::from_millis(900);
        assert_eq!(
            next,
            Next::Wait {
                seen: Seen::NotReady,
                wait
            }
        );
        assert_eq!(
            course.left(HOUR + Duration::from_millis(300)),
            Duration::from_millis(600)
        );
        assert_eq!(course.left(HOUR + secs(5)), Duration::ZERO);
    }

    #[test]
    fn the_last_look_begins_at_the_deadline() {
        let mut walk = Walk::new(PollPolicy::default().with_deadline(secs(25)));
        for wait in [10, 10, 5] {
            let next = walk.look(Duration::ZERO, not_ready());
            assert_eq!(
                next,
                Next::Wait {
                    seen: Seen::NotReady,
                    wait: secs(wait)
                }
            );
        }
        let next = walk.look(Duration::ZERO, not_ready());
        assert_eq!(next, Next::End(Ending::Deadline));
        assert_eq!((walk.0.looks(), walk.0.elapsed()), (4, secs(25)));
    }

    #[test]
    fn a_wait_that_the_service_asks_for_is_not_cut_short_by_the_deadline() {
        let mut walk = Walk::new(PollPolicy::default().with_deadline(secs(25)));
        let asked = |seconds| Heard::NotReady {
            retry_after: Some(secs(seconds)),
        };
        assert_eq!(
            walk.look(Duration::ZERO, asked(20)),
            Next::Wait {
                seen: Seen::NotReady,
                wait: secs(20)
            }
        );
        assert_eq!(
            walk.look(Duration::ZERO, asked(20)),
            Next::End(Ending::Deadline)
        );
    }

    #[test]
    fn no_deadline_means_one_look() {
        let mut walk = Walk::new(PollPolicy::default().with_deadline(Duration::ZERO));
        assert_eq!(
            walk.look(Duration::ZERO, not_ready()),
            Next::End(Ending::Deadline)
        );
    }

    #[test]
    fn what_is_unclear_is_endured_for_its_time_since_the_last_clear_answer() {
        let mut walk = Walk::new(PollPolicy::default());
        for _ in 0..13 {
            assert_eq!(goes_on(walk.look(Duration::ZERO, unclear())), Seen::Unclear);
        }
        goes_on(walk.look(Duration::ZERO, not_ready()));
        assert!(walk.0.unclear().is_empty());
        for _ in 0..12 {
            goes_on(walk.look(Duration::ZERO, unclear()));
        }
        let other = Heard::Unclear {
            words: "status 504".into(),
        };
        assert_eq!(walk.look(Duration::ZERO, other), Next::End(Ending::Unclear));
        assert_eq!(
            walk.0.unclear(),
            [("cut".to_owned(), 12), ("status 504".to_owned(), 1)]
        );
        assert_eq!(walk.0.unclear_for(), secs(130));
    }

    #[test]
    fn the_rate_limit_is_a_clear_answer_and_waits() {
        let mut walk = Walk::new(PollPolicy::default());
        for _ in 0..40 {
            let limited = Heard::RateLimited {
                retry_after: Some(secs(12)),
            };
            assert_eq!(
                walk.look(Duration::ZERO, limited),
                Next::Wait {
                    seen: Seen::RateLimited,
                    wait: secs(12)
                }
            );
        }
    }

    #[test]
    fn without_endurance_the_first_unclear_look_is_the_end() {
        let mut walk = Walk::new(PollPolicy::default().with_endurance(EndurancePolicy::none()));
        assert_eq!(
            walk.look(Duration::ZERO, unclear()),
            Next::End(Ending::Unclear)
        );
    }

    #[test]
    fn a_real_failure_ends_at_once() {
        let mut walk = Walk::new(PollPolicy::default());
        assert_eq!(
            walk.look(Duration::ZERO, REFUSED),
            Next::End(Ending::Failed)
        );
    }

    #[test]
    fn the_first_failure_after_waking_is_forgiven_and_the_second_is_not() {
        let mut walk = Walk::new(PollPolicy::default().with_deadline(HOUR * 9));
        goes_on(walk.look(Duration::ZERO, not_ready()));
        assert_eq!(goes_on(walk.look(HOUR, REFUSED)), Seen::Forgiven);
        assert_eq!(
            walk.look(Duration::ZERO, REFUSED),
            Next::End(Ending::Failed)
        );
    }

    #[test]
    fn a_clear_answer_after_waking_uses_forgiveness_up() {
        let mut walk = Walk::new(PollPolicy::default().with_deadline(HOUR * 9));
        goes_on(walk.look(Duration::ZERO, not_ready()));
        goes_on(walk.look(HOUR, not_ready()));
        assert_eq!(
            walk.look(Duration::ZERO, REFUSED),
            Next::End(Ending::Failed)
        );
    }

    #[test]
    fn what_no_network_can_mend_is_not_forgiven() {
        let mut walk = Walk::new(PollPolicy::default().with_deadline(HOUR * 9));
        goes_on(walk.look(Duration::ZERO, not_ready()));
        let failed = Heard::Final { forgivable: false };
        assert_eq!(walk.look(HOUR, failed), Next::End(Ending::Failed));
    }

    #[test]
    fn endurance_begins_anew_after_waking() {
        let mut walk = Walk::new(PollPolicy::default().with_deadline(HOUR * 9));
        goes_on(walk.look(Duration::ZERO, not_ready()));
        assert_eq!(goes_on(walk.look(HOUR, unclear())), Seen::Forgiven);
        for _ in 0..12 {
            assert_eq!(goes_on(walk.look(Duration::ZERO, unclear())), Seen::Unclear);
        }
        assert_eq!(
            walk.look(Duration::ZERO, unclear()),
            Next::End(Ending::Unclear)
        );
    }

    #[test]
    fn a_sleep_beyond_the_deadline_leaves_one_look_and_one_more_if_that_fails() {
        let mut walk = Walk::new(PollPolicy::default());
        goes_on(walk.look(Duration::ZERO, not_ready()));
        assert_eq!(goes_on(walk.look(HOUR, REFUSED)), Seen::Forgiven);
        assert_eq!(
            walk.look(Duration::ZERO, not_ready()),
            Next::End(Ending::Deadline)
        );

        let mut walk = Walk::new(PollPolicy::default());
        goes_on(walk.look(Duration::ZERO, not_ready()));
        assert_eq!(walk.look(HOUR, not_ready()), Next::End(Ending::Deadline));
    }

    #[test]
    fn a_machine_that_slept_during_a_look_is_forgiven_that_look() {
        let mut course = Course::new(PollPolicy::default().with_deadline(HOUR * 9));
        course.begin(secs(1));
        let Next::Wait { seen, .. } = course.heard(secs(1) + HOUR, REFUSED, 0.0) else {
            panic!("ended");
        };
        assert_eq!(seen, Seen::Forgiven);
    }

    #[test]
    fn a_little_lateness_is_no_sleep() {
        let mut walk = Walk::new(PollPolicy::default());
        goes_on(walk.look(Duration::ZERO, not_ready()));
        assert_eq!(walk.look(SLEPT, REFUSED), Next::End(Ending::Failed));
    }

    #[test]
    fn no_time_makes_it_panic() {
        let policy = PollPolicy::default()
            .with_deadline(Duration::MAX)
            .with_look_timeout(Duration::MAX);
        for now in [Duration::ZERO, Duration::MAX] {
            let mut course = Course::new(policy);
            course.begin(now);
            course.heard(Duration::MAX, not_ready(), 0.0);
            course.begin(Duration::ZERO);
            course.heard(Duration::ZERO, unclear(), 0.0);
        }
    }
}
