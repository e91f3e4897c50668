//! How text that was refused is shown in the message that refuses it.

/// Longer input is cut: enough to recognize an identifier, not a file pasted by mistake.
const LONGEST: usize = 40;

/// `given` in quotes, control characters escaped, cut after 40 characters.
pub(crate) fn shown(given: &str) -> String {
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
    use super::shown;

    #[test]
    fn quotes_escapes_and_cuts() {
        assert_eq!(shown(""), r#""""#);
        assert_eq!(shown("a\"b\n\u{1b}[1m"), r#""a\"b\n\u{1b}[1m""#);
        assert_eq!(shown(&"é".repeat(40)), format!("\"{}\"", "é".repeat(40)));
        assert_eq!(shown(&"é".repeat(41)), format!("\"{}…\"", "é".repeat(40)));
    }
}
