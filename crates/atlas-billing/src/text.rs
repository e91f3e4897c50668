//! Text of others, made safe to show.

use std::borrow::Cow;

/// Byte order mark of UTF-8, which some files begin with.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether `c` could act on what shows it: control characters (among them ESC, which begins a
/// terminal's sequences), separators of lines and paragraphs, and marks that turn the direction of
/// the text around them (Unicode UAX #9, section 2) or are not visible at all.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        )
}

/// `text` with each [unsafe](is_unsafe) character replaced: white space by a space, any other by
/// U+FFFD. What the service says goes through here before it is shown to a person.
///
/// ```
/// assert_eq!(atlas_billing::text::neutralized("a\u{1b}[31m\nError: b"), "a\u{fffd}[31m Error: b");
/// ```
pub fn neutralized(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let safe = |c: char| match is_unsafe(c) {
        true if c.is_whitespace() => ' ',
        true => char::REPLACEMENT_CHARACTER,
        false => c,
    };
    Cow::Owned(text.chars().map(safe).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_replaced() {
        for (text, safe) in [
            ("", ""),
            (
                "Müller & Söhne 東京 👩‍💻!",
                "Müller & Söhne 東京 👩\u{fffd}💻!",
            ),
            ("a\r\nb\tc", "a  b c"),
            ("\u{1b}]0;title\u{7}", "\u{fffd}]0;title\u{fffd}"),
            ("\u{9b}31m\u{85}", "\u{fffd}31m "),
            (
                "\u{202e}321\u{2066}x\u{2069}",
                "\u{fffd}321\u{fffd}x\u{fffd}",
            ),
            ("a\u{2028}b\u{2029}c\u{200f}", "a b c\u{fffd}"),
        ] {
            assert_eq!(neutralized(text), safe, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_unsafe_is_left(text in proptest::prelude::any::<String>()) {
            let safe = neutralized(&text);
            proptest::prop_assert!(!safe.contains(is_unsafe));
            proptest::prop_assert_eq!(safe.chars().count(), text.chars().count());
        }
    }
}
