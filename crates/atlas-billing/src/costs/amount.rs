//! A row's amount, from the text it was sent as.

use rust_decimal::Decimal;
use serde_json::value::RawValue;

use crate::money::parse_decimal;

/// Digits of a [`Decimal`] that any number of them fits in.
const DIGITS: i64 = 28;

/// The amount that a JSON value writes: a number, or a string that holds one. `None` for anything
/// else, and for a number too large.
///
/// Nothing goes by way of a binary fraction. A number with more digits than a decimal holds, such
/// as the 5.551115123125783e-17 that a service's own sum of doubles may leave, is rounded to 28.
pub(crate) fn amount(json: &RawValue) -> Option<Decimal> {
    let text = json.get();
    match text.strip_prefix('"') {
        Some(_) => decimal(&serde_json::from_str::<String>(text).ok()?),
        None => decimal(text),
    }
}

fn decimal(text: &str) -> Option<Decimal> {
    parse_decimal(text).or_else(|| parse_decimal(&rounded(text.trim())?))
}

/// The number with at most 28 digits, and as many places, rounded to even.
fn rounded(text: &str) -> Option<String> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (number, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty()
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|c| c.is_ascii_digit())
    {
        return None;
    }
    let exponent: i64 = exponent.parse::<i32>().ok()?.into();
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let count = i64::try_from(digits.len()).ok()?;
    let places = i64::try_from(fraction.len()).ok()? - exponent;
    let keep = places.min(DIGITS).min(DIGITS - (count - places).max(0));
    let drop = places - keep;
    if drop <= 0 {
        return None;
    }
    let Some(cut) = usize::try_from(count - drop).ok() else {
        return Some("0".to_owned());
    };
    let (kept, dropped) = digits.split_at_checked(cut)?;
    let mut mantissa: u128 = match kept {
        "" => 0,
        kept => kept.parse().ok()?,
    };
    let half = dropped.bytes().next() >= Some(b'5');
    let tie = dropped.trim_end_matches('0') == "5";
    if half && !(tie && mantissa.is_multiple_of(2)) {
        mantissa += 1;
    }
    Some(format!("{sign}{mantissa}e{}", -keep))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Option<String> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        amount(&raw).map(|amount| amount.to_string())
    }

    #[test]
    fn an_amount_is_the_number_that_was_written() {
        for (json, shown) in [
            ("51.19", "51.19"),
            ("0.1", "0.1"),
            ("51.190000000000005", "51.190000000000005"),
            ("-3.50", "-3.50"),
            ("0", "0"),
            ("1e2", "100"),
            ("1.5E-7", "0.00000015"),
            ("\"51.19\"", "51.19"),
            ("\"\\u0035\"", "5"),
            (
                "7922816251426433759354395033",
                "7922816251426433759354395033",
            ),
        ] {
            assert_eq!(read(json).as_deref(), Some(shown), "{json}");
        }
    }

    #[test]
    fn digits_beyond_a_decimal_are_rounded_to_even() {
        for (json, shown) in [
            ("5.551115123125783e-17", "0.0000000000000000555111512313"),
            ("-2e-29", "0"),
            ("6e-29", "0.0000000000000000000000000001"),
            ("5e-29", "0"),
            ("1.5e-28", "0.0000000000000000000000000002"),
            ("1e-400", "0"),
            (
                "0.1000000000000000055511151231257827",
                "0.1000000000000000055511151231",
            ),
            (
                "123.45678901234567890123456789012",
                "123.4567890123456789012345679",
            ),
        ] {
            let read = read(json).unwrap();
            assert_eq!(read.parse::<Decimal>(), shown.parse(), "{json}: {read}");
        }
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for json in [
            "true",
            "{}",
            "[]",
            "\"\"",
            "\"5 USD\"",
            "\"NaN\"",
            "1e29",
            "1e400",
            "null",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn any_double_up_to_a_quadrillion_has_an_amount(number in -1e15f64..1e15) {
            let json = serde_json::to_string(&number).unwrap();
            let read: f64 = read(&json).unwrap().parse().unwrap();
            prop_assert!((read - number).abs() <= 1e-28, "{} {}", read, number);
        }

        #[test]
        fn no_text_makes_it_panic(text in "-?[0-9]{0,40}(\\.[0-9]{0,40})?([eE][+-]?[0-9]{0,12})?") {
            let _ = decimal(&text);
        }
    }
}
