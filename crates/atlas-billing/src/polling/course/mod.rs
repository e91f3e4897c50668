//! The course of one polling: what each look means for the next. Pure; the caller tells the time.

use std::time::Duration;

use crate::polling::look::Seen;
use crate::polling::policy::PollPolicy;

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
    NotReady {
        retry_after: Option<Duration>,
    },
    RateLimited {
        retry_after: Option<Duration>,
    },
    Unclear {
        words: String,
        retry_after: Option<Duration>,
    },
    Final {
        forgivable: bool,
    },
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
            Heard::Unclear { words, retry_after } => {
                self.tally(words);
                let wait = retry_after.map_or(own, |asked| policy.wait_at_least(own, asked));
                if std::mem::take(&mut self.woken) {
                    (Seen::Forgiven, wait, wait > own)
                } else if self
                    .policy
                    .endurance()
                    .endures(now.saturating_sub(self.clear_at))
                {
                    (Seen::Unclear, wait, wait > own)
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
mod tests;
