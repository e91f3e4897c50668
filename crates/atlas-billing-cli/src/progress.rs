//! How a wait is told: in which words, and how often.

use std::time::Duration;

/// Where nothing can be rewritten, a line is due so often.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Decides when to tell of a wait.
#[derive(Debug)]
pub(crate) struct Pace {
    every: Duration,
    next: Duration,
}

impl Pace {
    /// On a terminal each call is due, elsewhere one every 30 s, the first after 30 s.
    pub(crate) fn new(rewrites: bool) -> Self {
        let every = if rewrites { Duration::ZERO } else { LINE_EVERY };
        Self { every, next: every }
    }

    /// Whether to tell of the wait now that it has lasted `elapsed`.
    pub(crate) fn is_due(&mut self, elapsed: Duration) -> bool {
        // A new wait begins to count anew.
        if elapsed + self.every < self.next {
            self.next = self.every;
        }
        let due = elapsed >= self.next;
        if due {
            self.next = elapsed + self.every;
        }
        due
    }
}

/// What a wait for a query's result looks like.
pub(crate) fn waiting(looks: u32, elapsed: Duration, last: Option<&str>) -> String {
    let seconds = elapsed.as_secs();
    let time = match seconds {
        0..=59 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    };
    let times = match looks {
        0 => "asking".to_owned(),
        1 => "asked once".to_owned(),
        2 => "asked twice".to_owned(),
        looks => format!("asked {looks} times"),
    };
    match last {
        Some(last) => format!("Waiting for the result: {time}, {times}, last: {last}"),
        None => format!("Waiting for the result: {time}, {times}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(pace: &mut Pace, seconds: &[u64]) -> Vec<u64> {
        let due = |second: &u64| pace.is_due(Duration::from_secs(*second));
        seconds.iter().copied().filter(due).collect()
    }

    #[test]
    fn without_a_terminal_a_line_every_half_minute() {
        let mut pace = Pace::new(false);
        let told = due(&mut pace, &[0, 1, 29, 30, 31, 59, 60, 75, 120, 140, 150]);
        assert_eq!(told, [30, 60, 120, 150]);
    }

    #[test]
    fn a_new_wait_counts_anew() {
        let mut pace = Pace::new(false);
        assert_eq!(due(&mut pace, &[100, 0, 29, 31]), [100, 31]);
    }

    #[test]
    fn on_a_terminal_always() {
        assert_eq!(due(&mut Pace::new(true), &[0, 0, 1]), [0, 0, 1]);
    }

    #[test]
    fn says_how_long_and_how_often() {
        let text = waiting(0, Duration::ZERO, None);
        assert_eq!(text, "Waiting for the result: 0 s, asking");
        let text = waiting(12, Duration::from_secs(125), Some("not ready"));
        assert_eq!(
            text,
            "Waiting for the result: 2 min 05 s, asked 12 times, last: not ready"
        );
    }
}
