//! Why text could not be read as a value.

use std::fmt;

/// Why text could not be read as an identifier, a version or a period. Becomes an
/// [`Error`](crate::Error) of kind [`Input`](crate::ErrorKind::Input).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError(String);

impl ParseError {
    /// `message` says what was given, and what is expected.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseError {}

/// `given` in quotes for a message that refuses it: unsafe characters escaped, truncated after 40
/// characters, so that an identifier can be recognized and a file pasted by mistake is not shown.
pub(crate) fn quoted(given: &str) -> String {
    const LONGEST: usize = 40;
    let mut text = String::from("\"");
    text.extend(given.chars().take(LONGEST).flat_map(char::escape_debug));
    if given.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_quoted_and_truncated() {
        assert_eq!(quoted("a\"b\n\u{202e}"), r#""a\"b\n\u{202e}""#);
        let long = quoted(&"x".repeat(41));
        assert_eq!(long, format!("\"{}…\"", "x".repeat(40)));
    }
}
