//! Numbers by their digits as integers with a fixed number of digits after the point.

/// Digits after the point: what a NUMERIC of BigQuery has, too.
pub(super) const SCALE: u32 = 9;

/// The most digits of a DECIMAL(38, 9).
const MOST: i128 = 10_i128.pow(38);

/// The number that `text` writes (as JSON does) times ten to the power of [`SCALE`]; `None` if that
/// is not a whole number of at most 38 digits. Nothing is ever rounded.
pub(super) fn scaled(text: &str) -> Option<i128> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match number.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, number),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (mut value, mut zeros, mut any) = (0_i128, 0_u32, false);
    for digit in whole.bytes().chain(fraction.bytes()) {
        if !digit.is_ascii_digit() {
            return None;
        }
        any = true;
        // Zeros at the end may stand beyond the last place.
        match digit {
            b'0' => zeros += 1,
            digit => {
                let shift = 10_i128.checked_pow(if value == 0 { 0 } else { zeros + 1 })?;
                value = value
                    .checked_mul(shift)?
                    .checked_add(i128::from(digit - b'0'))?;
                zeros = 0;
            }
        }
    }
    if !any {
        return None;
    }
    if value == 0 {
        return Some(0);
    }
    let places = i64::try_from(fraction.len()).ok()?;
    let shift = i64::from(SCALE)
        .checked_add(exponent)?
        .checked_sub(places)?
        .checked_add(zeros.into())?;
    // Without zeros at its end, it cannot be divided exactly.
    let shift = u32::try_from(shift).ok()?;
    let value = value.checked_mul(10_i128.checked_pow(shift)?)?;
    (value < MOST).then_some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_scaled_exactly_or_not_at_all() {
        for (text, value) in [
            ("0", Some(0)),
            ("-0.000", Some(0)),
            ("0e999", Some(0)),
            ("1", Some(1_000_000_000)),
            ("-12.50", Some(-12_500_000_000)),
            ("1e-9", Some(1)),
            ("1e-10", None),
            ("10e-10", Some(1)),
            ("0.1234567890", Some(123_456_789)),
            ("0.1234567891", None),
            ("1.5E+2", Some(150_000_000_000)),
            ("100500", Some(100_500_000_000_000)),
            (
                "99999999999999999999999999999.999999999",
                Some(10_i128.pow(38) - 1),
            ),
            ("100000000000000000000000000000", None),
            ("1e999999999999999999999", None),
            ("", None),
            ("-", None),
            ("NaN", None),
            ("1_0", None),
        ] {
            assert_eq!(scaled(text), value, "{text}");
        }
    }

    proptest! {
        #[test]
        fn digits_come_back(value in -(10_i128.pow(38) - 1)..10_i128.pow(38)) {
            let size = value.unsigned_abs();
            let sign = if value < 0 { "-" } else { "" };
            let (whole, rest) = (size / 1_000_000_000, size % 1_000_000_000);
            prop_assert_eq!(scaled(&format!("{sign}{whole}.{rest:09}")), Some(value));
            prop_assert_eq!(scaled(&format!("{sign}{size}e-9")), Some(value));
        }

        #[test]
        fn any_text_is_a_number_or_none(text in "[-+.eE0-9]{0,50}") {
            let _ = scaled(&text);
        }
    }
}
