//! The Retry-After header.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::http_date;

/// How long a Retry-After header asks to wait: a number of seconds, or a date, which `now` is
/// taken off (RFC 9110 section 10.2.3). A date that has passed asks for no wait; what is neither
/// asks for nothing.
pub(crate) fn parse_retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim_ascii();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit still ask for a very long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let wait = http_date::parse(text)?.signed_duration_since(now);
    Some(wait.to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::parse_retry_after;

    fn now() -> DateTime<Utc> {
        "2025-04-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn reads_seconds_and_dates() {
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
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(parse_retry_after(text, now()), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40), at in any::<i64>()) {
            let now = DateTime::from_timestamp(at, 0).unwrap_or_default();
            let _ = parse_retry_after(&String::from_utf8_lossy(&bytes), now);
        }

        #[test]
        fn reads_any_number(seconds in any::<u64>()) {
            let read = parse_retry_after(&seconds.to_string(), now());
            prop_assert_eq!(read, Some(Duration::from_secs(seconds)));
        }
    }
}
