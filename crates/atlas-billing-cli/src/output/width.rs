//! How much room text takes, and how to fit it into less.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns of a terminal that `text` takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `room` columns, with an ellipsis where it was cut, on one line: control
/// characters in a name must not move the cursor.
pub(crate) fn fitted(text: &str, room: usize) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if width(&clean) <= room {
        return clean;
    }
    let mut cut = String::new();
    let mut taken = 0;
    for c in clean.chars() {
        let next = taken + c.width().unwrap_or(0);
        if next + 1 > room {
            break;
        }
        cut.push(c);
        taken = next;
    }
    if room > 0 {
        cut.push('…');
    }
    cut
}

/// Column widths that take no more than `room` with two columns between each: the widest that may
/// shrink gives way first, down to `LEAST`.
pub(crate) fn shrunk(widths: &[usize], may_shrink: &[bool], room: usize) -> Vec<usize> {
    const LEAST: usize = 10;
    let mut widths = widths.to_vec();
    let between = 2 * widths.len().saturating_sub(1);
    loop {
        let excess = (widths.iter().sum::<usize>() + between).saturating_sub(room);
        let widest = (0..widths.len())
            .filter(|at| may_shrink.get(*at).copied().unwrap_or(false) && widths[*at] > LEAST)
            .max_by_key(|at| widths[*at]);
        match widest {
            Some(at) if excess > 0 => widths[at] -= 1,
            _ => return widths,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_count_twice() {
        assert_eq!(width("請求書"), 6);
        assert_eq!(fitted("請求書", 5), "請求…");
        assert_eq!(fitted("請求書", 6), "請求書");
        assert_eq!(fitted("booking-prod", 8), "booking…");
        assert_eq!(fitted("a\n\u{1b}[2Jb", 20), "a  [2Jb");
        assert_eq!(fitted("ab", 0), "");
    }

    #[test]
    fn the_widest_gives_way_first() {
        assert_eq!(shrunk(&[30, 20, 8], &[true, true, true], 48), [18, 18, 8]);
        assert_eq!(shrunk(&[30, 20], &[false, true], 42), [30, 10]);
        assert_eq!(shrunk(&[30, 20], &[false, true], 20), [30, 10]);
        assert_eq!(shrunk(&[3, 2], &[true, true], 80), [3, 2]);
    }
}
