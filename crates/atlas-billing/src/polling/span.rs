//! Spans of time in words.

use std::time::Duration;

/// A span of time as a person writes it: `12 ms`, `2.1 s`, `14 min 50 s`, `3 h 5 min`.
pub(crate) fn shown(span: Duration) -> String {
    let millis = span.as_millis();
    // Rounded first, so that 59.96 s does not become "60.0 s".
    let tenths = millis.saturating_add(50) / 100;
    let seconds = millis.saturating_add(500) / 1000;
    match (millis, tenths, seconds) {
        (..1000, ..) => format!("{millis} ms"),
        (_, ..600, _) if tenths.is_multiple_of(10) => format!("{} s", tenths / 10),
        (_, ..600, _) => format!("{}.{} s", tenths / 10, tenths % 10),
        (_, _, ..3600) => two(seconds / 60, "min", seconds % 60, "s"),
        _ => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
    }
}

fn two(large: u128, large_unit: &str, small: u128, small_unit: &str) -> String {
    match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_in_words() {
        for (millis, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (2_140, "2.1 s"),
            (59_940, "59.9 s"),
            (59_960, "1 min"),
            (890_000, "14 min 50 s"),
            (900_000, "15 min"),
            (3_599_900, "1 h"),
            (11_100_000, "3 h 5 min"),
        ] {
            assert_eq!(shown(Duration::from_millis(millis)), text);
        }
        assert!(shown(Duration::MAX).contains(" h"));
    }
}
