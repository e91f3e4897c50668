//! How a step refuses: one line that says what happened, to what, and what to do next.

use std::fmt;

/// Why nothing was done. Always one line: it is printed alone, with exit code 2.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure(String);

/// The result of every step.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        // Messages quote parsers, some of which answer in several lines.
        let message: String = message.into();
        let lines = message
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        Self(lines.collect::<Vec<_>>().join(" "))
    }

    /// Says what was being done when this happened.
    pub(crate) fn within(self, what: impl fmt::Display) -> Self {
        Self(format!("{what}: {}", self.0))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_lines_become_one() {
        let failure = Failure::new("expected a comma\n  at line 3\n").within("reading x.json");
        assert_eq!(
            failure.to_string(),
            "reading x.json: expected a comma at line 3"
        );
    }
}
