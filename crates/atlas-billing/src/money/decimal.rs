//! Decimals from the text of a number, never by way of binary fractions.

use rust_decimal::Decimal;

/// The largest number of digits after the point that a [`Decimal`] has.
const MAX_SCALE: i64 = 28;

/// The decimal that `text` writes: digits with a sign, a point and an exponent if need be, as in
/// JSON (`-12.50`, `7e-8`). Spaces around it, a leading `+` and a leading or trailing point are
/// allowed.
///
/// `None` if `text` is no number, or one that a decimal of 96 bits and 28 places cannot hold
/// exactly: nothing is ever rounded.
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    short(text.as_bytes()).or_else(|| parse_any(text))
}

/// The most bytes whose digits a signed number of 64 bits always holds.
const SHORT: usize = 18;

/// A number as nearly all are: a few digits with a sign and a point if need be. `None` of
/// everything else, be it a number or not.
fn short(text: &[u8]) -> Option<Decimal> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // A point, if any, has digits on either side.
    let ([b'0'..=b'9', ..], [.., b'0'..=b'9']) = (digits, digits) else {
        return None;
    };
    if digits.len() > SHORT {
        return None;
    }
    let (mut mantissa, mut point) = (0, None);
    for (index, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + i64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(index),
            _ => return None,
        }
    }
    let places = point.map_or(0, |point| digits.len() - point - 1);
    let signed = if negative { -mantissa } else { mantissa };
    Decimal::try_new(signed, u32::try_from(places).ok()?).ok()
}

/// Any number.
fn parse_any(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, parse_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Zeros at the end of a long fraction are no reason to give up.
    let mut scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let mut mantissa: u128 = 0;
    let mut zeros: u32 = 0;
    for digit in digits() {
        if digit == b'0' {
            zeros = zeros.checked_add(1)?;
            continue;
        }
        mantissa = shift(mantissa, zeros.checked_add(1)?)?.checked_add((digit - b'0').into())?;
        zeros = 0;
    }
    scale = scale.checked_sub(zeros.into())?;
    if mantissa == 0 {
        // Zero has the places it was written with, as far as there are that many.
        let places = scale.checked_add(zeros.into())?.clamp(0, MAX_SCALE);
        return decimal(false, 0, places);
    }
    // The zeros that were held back are put back where they fit: 1.50 keeps its two places.
    while (zeros > 0 && scale < MAX_SCALE) || scale < 0 {
        match mantissa.checked_mul(10).filter(|more| *more < 1 << 96) {
            Some(more) => mantissa = more,
            None if scale >= 0 => break,
            None => return None,
        }
        scale += 1;
        zeros = zeros.saturating_sub(1);
    }
    decimal(negative, mantissa, scale)
}

/// The decimal of the shortest text that reads back as `number`, which is the text that a service
/// prints for it: 0.1 is 0.1. `None` if it is not finite or does not fit, as in [`parse_decimal`].
pub fn decimal_of_f64(number: f64) -> Option<Decimal> {
    parse_decimal(&format!("{number:e}"))
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    text.parse::<i32>().ok().map(i64::from)
}

fn shift(mantissa: u128, places: u32) -> Option<u128> {
    match mantissa {
        0 => Some(0),
        _ => mantissa.checked_mul(10u128.checked_pow(places)?),
    }
}

fn decimal(negative: bool, mantissa: u128, scale: i64) -> Option<Decimal> {
    let mantissa = i128::try_from(mantissa).ok()?;
    let signed = if negative { -mantissa } else { mantissa };
    Decimal::try_from_i128_with_scale(signed, u32::try_from(scale).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_as_they_are_written() {
        for (text, shown) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.00", "0.00"),
            ("1.50", "1.50"),
            ("-12.5", "-12.5"),
            (" +7 ", "7"),
            ("100", "100"),
            ("1e3", "1000"),
            ("1.5E+2", "150"),
            ("7e-8", "0.00000007"),
            ("1.20e1", "12.0"),
            (".5", "0.5"),
            ("5.", "5"),
            (
                "0.1000000000000000000000000000000000",
                "0.1000000000000000000000000000",
            ),
            (
                "79228162514264337593543950335",
                "79228162514264337593543950335",
            ),
            ("0e999", "0"),
            ("1e-28", "0.0000000000000000000000000001"),
        ] {
            let parsed = parse_decimal(text).map(|decimal| decimal.to_string());
            assert_eq!(parsed.as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_or_does_not_fit_is_none() {
        for text in [
            "",
            "-",
            ".",
            "e5",
            "1e",
            "1e+",
            "1,5",
            "1 2",
            "0x1",
            "NaN",
            "inf",
            "--1",
            "1e-29",
            "1e29",
            "1e999999999999",
            "79228162514264337593543950336",
            "1.2.3",
            "١",
            "123456789012345678901234567890123456789012345678901234567890",
        ] {
            assert_eq!(parse_decimal(text), None, "{text}");
        }
        for number in [f64::NAN, f64::INFINITY, 1e-300, f64::MAX] {
            assert_eq!(decimal_of_f64(number), None, "{number}");
        }
    }

    #[test]
    fn the_short_way_is_the_usual_one() {
        for text in ["0", "-0", "0.00", "12.5", "-0.05", "123456789012345678"] {
            assert!(short(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "1e3",
            "+1",
            " 1",
            "1.2.3",
            "1234567890123456789",
        ] {
            assert_eq!(short(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_double_is_its_shortest_text() {
        for (number, shown) in [
            (0.1, "0.1"),
            (51.19, "51.19"),
            (1e-7, "0.0000001"),
            (3.7250000000000005, "3.7250000000000005"),
            (-0.0, "0"),
            (1e20, "100000000000000000000"),
        ] {
            assert_eq!(decimal_of_f64(number).unwrap().to_string(), shown);
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_library_where_it_is_exact(mantissa: i64, scale in 0u32..=28) {
            let decimal = Decimal::try_from_i128_with_scale(mantissa.into(), scale).unwrap();
            let parsed = parse_decimal(&decimal.to_string()).unwrap();
            prop_assert_eq!(parsed, decimal);
            prop_assert_eq!(parsed.scale(), scale);
        }

        #[test]
        fn any_text_is_a_number_or_none(text in "[-+.eE0-9]{0,40}") {
            let _ = parse_decimal(&text);
        }

        #[test]
        fn what_is_short_is_read_alike(text in "-?[0-9]{0,12}[-+.e ]?[0-9]{0,8}") {
            let read = parse_any(&text).map(|number| (number, number.scale()));
            match short(text.as_bytes()).map(|number| (number, number.scale())) {
                None => {}
                some => prop_assert_eq!(some, read),
            }
        }

        #[test]
        fn a_double_reads_back(number in -1e12f64..1e12) {
            if let Some(decimal) = decimal_of_f64(number) {
                prop_assert_eq!(decimal.to_string().parse::<f64>().unwrap(), number);
            }
        }
    }
}
