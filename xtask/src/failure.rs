//! How a step refuses: what happened to what, one line per problem.

use std::fmt;

/// Why nothing was done: one or more problems, each one line. Printed with exit code 2.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure(Vec<String>);

/// The result of every step.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        // Messages quote parsers, some of which write several lines.
        Self(vec![one_line(&message.into())])
    }

    /// Puts what was being done before each problem.
    pub(crate) fn within(self, what: impl fmt::Display) -> Self {
        let lines = self.0.into_iter().map(|line| format!("{what}: {line}"));
        Self(lines.collect())
    }

    /// The problems, one line each.
    pub(crate) fn lines(&self) -> &[String] {
        &self.0
    }
}

/// The lines of a text, one after the other on a single one.
pub(crate) fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}

/// A [`Failure`] with a formatted message.
macro_rules! refusal {
    ($($message:tt)*) => {
        $crate::failure::Failure::new(format!($($message)*))
    };
}
pub(crate) use refusal;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Failure {}

/// Collects problems, so that one run reports all of them.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    pub(crate) fn add(&mut self, message: impl Into<String>) {
        self.0.extend(Failure::new(message).0);
    }

    /// The value of a step, or its problems kept and nothing.
    pub(crate) fn check<T>(&mut self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(failure) => {
                let new = failure.0.into_iter().filter(|line| !self.0.contains(line));
                let new: Vec<String> = new.collect();
                self.0.extend(new);
                None
            }
        }
    }

    /// Refuses if there was any problem.
    pub(crate) fn refuse(self) -> Result<()> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(Failure(self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_lines_become_one() {
        let failure = Failure::new("expected a comma\n  at line 3\n").within("reading x.json");
        let expected = "reading x.json: expected a comma at line 3";
        assert_eq!(failure.lines(), [expected]);
    }

    #[test]
    fn problems_are_reported_together_and_once() {
        let mut problems = Problems::default();
        problems.add("one");
        assert_eq!(problems.check(Ok(7)), Some(7));
        assert_eq!(problems.check::<()>(Err(Failure::new("two"))), None);
        assert_eq!(problems.check::<()>(Err(Failure::new("two"))), None);
        let failure = problems.refuse().unwrap_err().within("step");
        assert_eq!(failure.to_string(), "step: one\nstep: two");
        assert_eq!(Problems::default().refuse(), Ok(()));
    }
}
