//! What each look means for the next, as a table of walks.

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
        retry_after: None,
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
        retry_after: None,
    };
    assert_eq!(walk.look(Duration::ZERO, other), Next::End(Ending::Unclear));
    assert_eq!(
        walk.0.unclear(),
        [("cut".to_owned(), 12), ("status 504".to_owned(), 1)]
    );
    assert_eq!(walk.0.unclear_for(), secs(130));
}

#[test]
fn a_gateway_that_names_a_time_is_given_it() {
    let mut walk = Walk::new(PollPolicy::default());
    let asked = |seconds| Heard::Unclear {
        words: "status 503".into(),
        retry_after: Some(secs(seconds)),
    };
    for (seconds, wait) in [(30, 30), (5, 10)] {
        let next = walk.look(Duration::ZERO, asked(seconds));
        assert_eq!(
            next,
            Next::Wait {
                seen: Seen::Unclear,
                wait: secs(wait)
            }
        );
    }
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
