//! Dates in HTTP headers, and `Retry-After`, which may be one.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Timelike, Utc, Weekday};
use http::{HeaderMap, header};

/// Reads a date in one of the three forms of RFC 9110 section 5.6.7: IMF-fixdate, RFC 850 and
/// asctime.
///
/// More is taken than the grammar has: a day of one digit in each form (the service sends
/// `Mon, 5 Aug 2024 00:00:00 GMT`), any case, and a weekday that is not the date's. A year of two
/// digits counts from 1970 to 2069 (RFC 6265 section 5.1.1), which needs no clock.
pub(crate) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let (weekday, day, month, year, time, zone) = match *words.as_slice() {
        [weekday, day, month, year, time, zone] => {
            (weekday.strip_suffix(',')?, day, month, year, time, zone)
        }
        [weekday, date, time, zone] => {
            let (day, rest) = date.split_once('-')?;
            let (month, year) = rest.split_once('-')?;
            (weekday.strip_suffix(',')?, day, month, year, time, zone)
        }
        [weekday, month, day, time, year] => (weekday, day, month, year, time, "GMT"),
        _ => return None,
    };
    weekday.parse::<Weekday>().ok()?;
    if !(zone.eq_ignore_ascii_case("GMT") || zone == "UTC") || time.len() != "00:00:00".len() {
        return None;
    }
    // chrono takes a sign.
    if !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let form = match year.len() {
        2 => "%d %b %y %H:%M:%S",
        4 => "%d %b %Y %H:%M:%S",
        _ => return None,
    };
    let text = format!("{day} {month} {year} {time}");
    let read = NaiveDateTime::parse_from_str(&text, form).ok()?;
    // chrono has a leap second, written 60, as nanoseconds of the second before it.
    Some(read.with_nanosecond(0)?.and_utc())
}

/// How long a `Retry-After` header asks to wait: a number of seconds, or a date, from which `now`
/// is subtracted (RFC 9110 section 10.2.3). A date in the past asks for no wait; anything else asks
/// for nothing.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit still ask for a very long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let wait = parse(text)?.signed_duration_since(now);
    Some(wait.to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_each_form() {
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"),
            ("Sun Nov 06 08:49:37 1994", "1994-11-06T08:49:37Z"),
            ("Sun, 6 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sunday, 6-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sun, 06-Nov-1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("sun, 06 nov 1994 08:49:37 gmt", "1994-11-06T08:49:37Z"),
            ("Mon, 06 Nov 1994 08:49:37 UTC", "1994-11-06T08:49:37Z"),
            ("Saturday, 31-Dec-69 23:59:60 GMT", "2069-12-31T23:59:59Z"),
            ("Thursday, 01-Jan-70 00:00:00 GMT", "1970-01-01T00:00:00Z"),
            ("  Thu, 29 Feb 2024 00:00:00 GMT ", "2024-02-29T00:00:00Z"),
        ] {
            let expected: DateTime<Utc> = expected.parse().unwrap();
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_date() {
        for text in [
            "",
            "Sun,",
            "1994-11-06T08:49:37Z",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 +0200",
            "Sun, 06 Nov 1994 08:49:37 GMT again",
            "Sun, 06 Nov 994 08:49:37 GMT",
            "Sun, 06 Nov -048 08:49:37 GMT",
            "Sun, 06 Nov +994 08:49:37 GMT",
            "Sun, 006 Nov 1994 08:49:37 GMT",
            "Sun, 30 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37:00 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 06 November 1994 08:49:37 GMT",
            "Son, 06 Nov 1994 08:49:37 GMT",
            "Sunda, 06-Nov-94 08:49:37 GMT",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(seconds in 0i64..4_000_000_000) {
            let time = DateTime::from_timestamp(seconds, 0).unwrap();
            for form in ["%a, %d %b %Y %H:%M:%S GMT", "%a, %-d %b %Y %H:%M:%S GMT", "%c"] {
                let text = time.format(form).to_string();
                prop_assert_eq!(parse(&text), Some(time), "{}", text);
            }
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = parse(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn never_panics_on_what_looks_like_a_date(
            text in "(Sun|Sunday|é),? ?[0-9é+-]{0,3}[ -](Nov|é)[ -][0-9]{0,5} [0-9:é]{0,9} ?(GMT|é)?"
        ) {
            let _ = parse(&text);
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: DateTime<Utc> = "2025-04-01T12:00:00Z".parse().unwrap();
        for (text, seconds) in [
            ("0", Some(0)),
            ("12", Some(12)),
            (" 0012 ", Some(12)),
            ("18446744073709551616", Some(u64::MAX)),
            ("Tue, 1 Apr 2025 12:01:30 GMT", Some(90)),
            ("Tue, 01 Apr 2025 12:01:30 GMT", Some(90)),
            ("Tuesday, 01-Apr-25 12:01:30 GMT", Some(90)),
            ("Tue, 01 Apr 2025 11:59:59 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("", None),
            ("soon", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("1 2", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, text.parse().unwrap());
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(&headers, now), expected, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
