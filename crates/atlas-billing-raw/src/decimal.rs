//! Decimals from the text of a number, without binary fractions in between.

use rust_decimal::Decimal;

/// The largest number of digits after the point that a [`Decimal`] has.
const MAX_SCALE: u32 = Decimal::MAX_SCALE;

/// Parses a decimal: digits with a sign, a point and an exponent if need be, as in JSON (`-12.50`,
/// `7e-8`). Surrounding spaces, a leading `+` and a leading or trailing point are accepted.
///
/// `None` if `text` is not a number, or not one that a decimal of 96 bits and 28 places holds
/// exactly: nothing is ever rounded.
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    short(text.as_bytes()).or_else(|| general(text))
}

/// The decimal of the shortest text that reads back as `number`, which is what a service prints
/// for it: 0.1 is 0.1. `None` if it is not finite or does not fit, as in [`parse_decimal`].
pub fn decimal_of_f64(number: f64) -> Option<Decimal> {
    parse_decimal(&format!("{number:e}"))
}

/// The most bytes whose digits a signed number of 64 bits always holds.
const SHORT: usize = 18;

/// A number as nearly all are: a few digits with a sign and a point if need be. `None` of
/// everything else, be it a number or not. Several times as fast as the general parser.
pub(crate) fn short(text: &[u8]) -> Option<Decimal> {
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
fn general(text: &str) -> Option<Decimal> {
    let (mut number, exponent) = match text.trim().split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i64>().ok()?),
        None => (text.trim(), 0),
    };
    // The library takes underscores between digits.
    if number.contains('_') {
        return None;
    }
    if number.len() > SHORT && number.contains('.') {
        // Zeros beyond the last place are no reason to give up.
        number = number.trim_end_matches('0');
    }
    let decimal = Decimal::from_str_exact(number).ok()?;
    if exponent == 0 {
        return Some(decimal);
    }
    let mut mantissa = decimal.mantissa();
    let mut scale = i64::from(decimal.scale()).checked_sub(exponent)?;
    if mantissa == 0 {
        return Some(Decimal::ZERO);
    }
    while scale > MAX_SCALE.into() && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    if scale < 0 {
        let zeros = u32::try_from(scale.unsigned_abs()).ok()?;
        mantissa = mantissa.checked_mul(10i128.checked_pow(zeros)?)?;
        scale = 0;
    }
    Decimal::try_from_i128_with_scale(mantissa, u32::try_from(scale).ok()?).ok()
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
            ("0.1000000000000000000000000000000000", "0.1"),
            (
                "79228162514264337593543950335",
                "79228162514264337593543950335",
            ),
            ("0e999", "0"),
            ("1e-28", "0.0000000000000000000000000001"),
            ("10e-29", "0.0000000000000000000000000001"),
        ] {
            let parsed = parse_decimal(text).map(|decimal| decimal.to_string());
            assert_eq!(parsed.as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "-",
            ".",
            "e5",
            "1e",
            "1e+",
            "1,5",
            "1 2",
            "1_000",
            "0x1",
            "NaN",
            "inf",
            "--1",
            "1e-29",
            "1e29",
            "1e999999999999",
            "1e9223372036854775807",
            "1e-9223372036854775808",
            "79228162514264337593543950336",
            "0.12345678901234567890123456789",
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
        for text in ["", "-", ".5", "5.", "1e3", "+1", " 1", "1.2.3"] {
            assert_eq!(short(text.as_bytes()), None, "{text}");
        }
        assert_eq!(short(b"1234567890123456789"), None);
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
            prop_assert_eq!(parse_decimal(&decimal.to_string()).unwrap(), decimal);
        }

        #[test]
        fn any_text_is_a_number_or_none(text in "[-+.eE0-9_]{0,40}") {
            let _ = parse_decimal(&text);
        }

        #[test]
        fn what_is_short_is_read_alike(text in "-?[0-9]{0,12}[-+.e ]?[0-9]{0,8}") {
            let read = general(&text);
            match short(text.as_bytes()) {
                None => {}
                some => prop_assert_eq!(some, read),
            }
        }

        #[test]
        fn an_exponent_moves_the_point(mantissa in -999_999i64..999_999, exponent in -20i32..20) {
            let text = format!("{mantissa}e{exponent}");
            let shown = parse_decimal(&text).unwrap().to_string();
            prop_assert_eq!(shown.parse::<f64>().unwrap(), text.parse::<f64>().unwrap());
        }

        #[test]
        fn a_double_reads_back(number in -1e12f64..1e12) {
            if let Some(decimal) = decimal_of_f64(number) {
                prop_assert_eq!(decimal.to_string().parse::<f64>().unwrap(), number);
            }
        }
    }
}
