//! Amounts for a reader. No currency sign is put to any: the answers do not all name one.

use rust_decimal::Decimal;

/// Cents as units with two decimals and separated thousands: `-1,234.56`.
pub(crate) fn cents(cents: i128) -> String {
    let size = cents.unsigned_abs();
    let sign = if cents < 0 { "-" } else { "" };
    format!(
        "{sign}{}.{:02}",
        grouped(&(size / 100).to_string()),
        size % 100
    )
}

/// Cents with a sign in any case, for changes.
pub(crate) fn change(change: i128) -> String {
    match change > 0 {
        true => format!("+{}", cents(change)),
        false => cents(change),
    }
}

/// A decimal with two decimals, rounded half to even, and separated thousands.
pub(crate) fn decimal(value: Decimal) -> String {
    let text = format!("{:.2}", value.round_dp(2));
    // Rounding may leave a sign on nothing.
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) if digits.bytes().any(|b| (b'1'..=b'9').contains(&b)) => ("-", digits),
        Some(digits) => ("", digits),
        None => ("", text.as_str()),
    };
    let (units, rest) = digits.split_once('.').unwrap_or((digits, "00"));
    format!("{sign}{}.{rest}", grouped(units))
}

/// A part of a whole in percent with one decimal; nothing where there is no whole.
pub(crate) fn share(part: f64, whole: f64) -> String {
    let percent = part / whole * 100.0;
    match percent.is_finite() {
        true => format!("{percent:.1} %").replacen("-0.0 %", "0.0 %", 1),
        false => String::new(),
    }
}

/// A whole number with separated thousands.
pub(crate) fn count(count: u64) -> String {
    grouped(&count.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_become_units() {
        for (given, text) in [
            (0, "0.00"),
            (-5, "-0.05"),
            (99, "0.99"),
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
            ("51.19", "51.19"),
            ("1234.5", "1,234.50"),
            ("-0.001", "0.00"),
            ("-1234567.891", "-1,234,567.89"),
            ("2.675", "2.68"),
        ] {
            assert_eq!(decimal(given.parse().unwrap()), text);
        }
    }

    #[test]
    fn shares_are_of_something() {
        assert_eq!(share(1.0, 3.0), "33.3 %");
        assert_eq!(share(-0.0001, 3.0), "0.0 %");
        assert_eq!(share(0.0, 0.0), "");
        assert_eq!(count(1_000_000), "1,000,000");
    }
}
