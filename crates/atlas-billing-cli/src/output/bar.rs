//! Bars of block characters, an eighth of a character fine.

/// The blocks from one eighth to seven.
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A bar for `value` where `largest` fills `width` characters. What is not above zero has none;
/// what is, however small, can be seen.
pub(crate) fn bar(value: f64, largest: f64, width: usize) -> String {
    let part = value / largest;
    if !part.is_finite() || part <= 0.0 || value <= 0.0 {
        return String::new();
    }
    // Widths are those of terminals: exact in f64.
    let eighths = (part.min(1.0) * width as f64 * 8.0).round().max(1.0) as usize;
    let mut text = "█".repeat(eighths / 8);
    if let Some(block) = (eighths % 8).checked_sub(1).and_then(|at| EIGHTHS.get(at)) {
        text.push(*block);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn the_largest_fills_and_the_smallest_shows() {
        assert_eq!(bar(8.0, 8.0, 4), "████");
        assert_eq!(bar(4.0, 8.0, 4), "██");
        assert_eq!(bar(5.0, 8.0, 4), "██▌");
        assert_eq!(bar(0.0001, 8.0, 4), "▏");
        assert_eq!(bar(9.0, 8.0, 4), "████");
    }

    #[test]
    fn nothing_and_less_have_none() {
        for (value, largest) in [
            (0.0, 8.0),
            (-1.0, 8.0),
            (-1.0, -8.0),
            (0.0, 0.0),
            (1.0, 0.0),
        ] {
            assert_eq!(bar(value, largest, 10), "");
        }
        assert_eq!(bar(f64::NAN, 1.0, 10), "");
    }
}
