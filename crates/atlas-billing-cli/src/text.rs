//! Text for a reader: amounts, shares, bars; and text of responses made harmless by the library.

use atlas_billing::Decimal;
pub(crate) use atlas_billing::text::{is_unsafe, neutralized as clean};

/// Cents as units with two decimals and separated thousands: `-1,234.56`.
pub(crate) fn cents(cents: i128) -> String {
    let size = cents.unsigned_abs();
    let sign = if cents < 0 { "-" } else { "" };
    let units = grouped(&(size / 100).to_string());
    format!("{sign}{units}.{:02}", size % 100)
}

/// Cents with a sign in any case, for changes.
pub(crate) fn change(change: i128) -> String {
    let sign = if change > 0 { "+" } else { "" };
    format!("{sign}{}", cents(change))
}

/// A decimal with two decimals, rounded half to even, and separated thousands.
pub(crate) fn decimal(value: Decimal) -> String {
    let rounded = value.round_dp(2);
    // Rounding may leave a sign on zero.
    let sign = if rounded.is_sign_negative() && !rounded.is_zero() {
        "-"
    } else {
        ""
    };
    let digits = format!("{:.2}", rounded.abs());
    let (units, rest) = digits.split_once('.').unwrap_or((&digits, "00"));
    format!("{sign}{}.{rest}", grouped(units))
}

/// The same of a change, with its sign in any case.
pub(crate) fn decimal_change(change: Decimal) -> String {
    let text = decimal(change);
    match change.round_dp(2) > Decimal::ZERO {
        true => format!("+{text}"),
        false => text,
    }
}

/// A part of a whole in percent with one decimal; empty where there is no whole.
pub(crate) fn share(part: f64, whole: f64) -> String {
    let percent = part / whole * 100.0;
    match percent.is_finite() {
        true => format!("{percent:.1} %").replacen("-0.0 %", "0.0 %", 1),
        false => String::new(),
    }
}

/// A whole number with separated thousands.
pub(crate) fn count(count: impl ToString) -> String {
    grouped(&count.to_string())
}

/// `1 invoice`, `2 invoices`.
pub(crate) fn counted(number: impl ToString, one: &str) -> String {
    let number = count(number);
    let s = if number == "1" { "" } else { "s" };
    format!("{number} {one}{s}")
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A bar for `value` where `largest` fills `width` characters, an eighth of a character fine.
/// Zero and less have none; a value above zero is always visible.
pub(crate) fn bar(value: f64, largest: f64, width: usize) -> String {
    const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let part = value / largest;
    if !part.is_finite() || part <= 0.0 || value <= 0.0 {
        return String::new();
    }
    // Widths are those of terminals: exact in f64.
    let eighths = (part.min(1.0) * width as f64 * 8.0).round().max(1.0) as usize;
    let mut text = "█".repeat(eighths / 8);
    text.extend((eighths % 8).checked_sub(1).and_then(|at| EIGHTHS.get(at)));
    text
}

/// A line of blocks, one for each value: the largest is a whole one, zero and less a dot.
pub(crate) fn sparkline(values: impl IntoIterator<Item = f64>) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values: Vec<f64> = values.into_iter().collect();
    let largest = values.iter().copied().fold(0.0, f64::max);
    let block = |value: f64| {
        let eighths = (value / largest * 8.0).round().clamp(1.0, 8.0) as usize;
        let is_visible = value > 0.0 && largest.is_finite();
        let block = BLOCKS.get(eighths.saturating_sub(1)).filter(|_| is_visible);
        block.copied().unwrap_or('·')
    };
    values.into_iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_has_a_block_for_each_value() {
        for (values, line) in [
            (&[][..], ""),
            (&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], "▁▂▃▄▅▆▇█"),
            (&[5.0, 5.0], "██"),
            (&[0.0, 0.001, 100.0, -3.0], "·▁█·"),
            (&[-1.0, 0.0], "··"),
            (&[f64::NAN, 1.0], "·█"),
            (&[f64::INFINITY, 1.0], "··"),
        ] {
            assert_eq!(sparkline(values.iter().copied()), line);
        }
    }

    #[test]
    fn cents_become_units() {
        for (given, text) in [
            (0, "0.00"),
            (-5, "-0.05"),
            (100_000, "1,000.00"),
            (-123_456_789, "-1,234,567.89"),
            (i128::from(i64::MIN), "-92,233,720,368,547,758.08"),
        ] {
            assert_eq!(cents(given), text);
        }
        assert_eq!(
            (change(5), change(0), change(-5)),
            ("+0.05".into(), "0.00".into(), "-0.05".into())
        );
    }

    #[test]
    fn decimals_are_rounded_for_reading_alone() {
        for (given, text) in [
            ("0", "0.00"),
            ("1234.5", "1,234.50"),
            ("-0.001", "0.00"),
            ("-1234567.891", "-1,234,567.89"),
            ("2.675", "2.68"),
        ] {
            assert_eq!(decimal(given.parse().unwrap()), text);
        }
    }

    #[test]
    fn a_change_has_its_sign() {
        for (given, text) in [
            ("0.001", "0.00"),
            ("0.01", "+0.01"),
            ("1234.5", "+1,234.50"),
            ("-5", "-5.00"),
        ] {
            assert_eq!(decimal_change(given.parse().unwrap()), text);
        }
    }

    #[test]
    fn shares_are_of_something() {
        assert_eq!(share(1.0, 3.0), "33.3 %");
        assert_eq!(share(-0.0001, 3.0), "0.0 %");
        assert_eq!(share(0.0, 0.0), "");
        assert_eq!(counted(1_000, "invoice"), "1,000 invoices");
    }

    #[test]
    fn bars_are_visible_from_the_smallest_to_the_largest() {
        for (value, text) in [
            (8.0, "████"),
            (5.0, "██▌"),
            (0.0001, "▏"),
            (9.0, "████"),
            (0.0, ""),
            (-1.0, ""),
        ] {
            assert_eq!(bar(value, 8.0, 4), text);
        }
        assert_eq!(bar(f64::NAN, 1.0, 10), "");
        assert_eq!(bar(1.0, 0.0, 10), "");
    }
}
