//! Numbers as text, fast: an invoice of a million items has six million of them.

/// Appends text.
pub(crate) fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Appends an integer.
pub(crate) fn push_int(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    push_digits(out, value.unsigned_abs(), 1);
}

/// Appends thousandths as a decimal number without trailing zeros.
pub(crate) fn push_milli(out: &mut Vec<u8>, milli: u64) {
    push_digits(out, milli / 1_000, 1);
    let rest = milli % 1_000;
    if rest != 0 {
        out.push(b'.');
        push_digits(out, rest, 3);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

/// Appends cents as a decimal number of dollars with two places.
pub(crate) fn push_cents(out: &mut Vec<u8>, cents: i64) {
    if cents < 0 {
        out.push(b'-');
    }
    let cents = cents.unsigned_abs();
    push_digits(out, cents / 100, 1);
    out.push(b'.');
    push_digits(out, cents % 100, 2);
}

/// Cents as a decimal number of dollars with two places.
pub(crate) fn cents_text(cents: i64) -> String {
    let mut out = Vec::new();
    push_cents(&mut out, cents);
    String::from_utf8(out).unwrap_or_default()
}

/// Appends `value` with at least `width` digits.
fn push_digits(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while value > 0 {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    at = at.min(digits.len() - width);
    out.extend_from_slice(&digits[at..]);
}

/// A price in billionths of a dollar as a JSON number: with an exponent where it is tiny, as
/// doubles are printed.
pub(crate) fn price_text(nano: u64) -> String {
    if nano > 0 && nano < 1_000_000 {
        let digits = nano.to_string();
        let exponent = 9 - (digits.len() - 1);
        let (first, rest) = digits.split_at(1);
        let rest = rest.trim_end_matches('0');
        let rest = if rest.is_empty() { "0" } else { rest };
        return format!("{first}.{rest}E-{exponent}");
    }
    let text = format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers() {
        for value in [0, 7, -7, 10, 1_234_567_890, i64::MAX, i64::MIN] {
            assert_eq!(text(|out| push_int(out, value)), value.to_string());
        }
        for (milli, want) in [
            (0, "0"),
            (5, "0.005"),
            (72_000, "72"),
            (1_500, "1.5"),
            (10_010, "10.01"),
        ] {
            assert_eq!(text(|out| push_milli(out, milli)), want);
        }
        for (cents, want) in [
            (0, "0.00"),
            (-5, "-0.05"),
            (123, "1.23"),
            (-100_000, "-1000.00"),
        ] {
            assert_eq!(text(|out| push_cents(out, cents)), want);
        }
    }

    #[test]
    fn prices_read_back() {
        for (nano, text) in [
            (347_000_000, "0.347"),
            (18_500_000_000, "18.5"),
            (2_000_000_000, "2"),
            (5, "5.0E-9"),
            (160_000, "1.6E-4"),
            (999_999, "9.99999E-4"),
        ] {
            assert_eq!(price_text(nano), text);
            let back: f64 = text.parse().unwrap();
            assert!((back * 1e9 - nano as f64).abs() < 1e-3, "{text}");
        }
    }
}
