//! Timestamps in the one form in which they come.

use chrono::{DateTime, NaiveDate, Utc};

/// The time of a JSON string, its quotes included, if it is of the form that the service writes.
pub(super) fn quoted_utc(json: &str) -> Option<DateTime<Utc>> {
    utc(json.strip_prefix('"')?.strip_suffix('"')?.as_bytes())
}

/// The time that `text` is, if it is of the form `2025-03-01T00:00:00Z`.
pub(in super::super) fn utc(text: &[u8]) -> Option<DateTime<Utc>> {
    let &[
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
        b'Z',
    ] = text
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0u32, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&[m1, m2])?, number(&[d1, d2])?)?
        .and_hms_opt(number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?)
        .map(|time| time.and_utc())
}
