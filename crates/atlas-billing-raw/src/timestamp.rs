//! Timestamps, read at little cost in the one form in which the service writes them.
//!
//! A general date parser makes up a fifth of the time that an invoice takes to read. The usual
//! form, in UTC without a fraction (`2025-03-01T00:00:00Z`), is read by its digits; every other
//! form is left to chrono, so that what is accepted does not change.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::{Error, IntoDeserializer, Visitor};
use serde::{Deserialize, Deserializer};

/// The time that `text` is, in the forms of RFC 3339 that chrono reads.
///
/// # Errors
/// chrono's error for an invalid timestamp.
pub fn read(text: &str) -> Result<DateTime<Utc>, chrono::ParseError> {
    match usual(text.as_bytes()) {
        Some(time) => Ok(time),
        None => text.parse(),
    }
}

/// The time that `text` is, if it is of the usual form.
fn usual(text: &[u8]) -> Option<DateTime<Utc>> {
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

/// Reads a timestamp.
pub(crate) fn required<'de, D>(deserializer: D) -> Result<DateTime<Utc>, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(Time)
}

/// The same where null means that there is none.
pub(crate) fn optional<'de, D>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error>
where
    D: Deserializer<'de>,
{
    let read = Option::<Read>::deserialize(deserializer)?;
    Ok(read.map(|Read(time)| time))
}

/// A time that is read by [`required`].
#[derive(Deserialize)]
struct Read(#[serde(deserialize_with = "required")] DateTime<Utc>);

struct Time;

impl Visitor<'_> for Time {
    type Value = DateTime<Utc>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 formatted date and time string")
    }

    #[inline]
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match usual(text.as_bytes()) {
            Some(time) => Ok(time),
            None => DateTime::deserialize(text.into_deserializer()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Ours {
        #[serde(default, deserialize_with = "super::optional")]
        updated: Option<DateTime<Utc>>,
        #[serde(deserialize_with = "super::required")]
        created: DateTime<Utc>,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Chronos {
        updated: Option<DateTime<Utc>>,
        created: DateTime<Utc>,
    }

    fn alike(updated: &str, created: &str) {
        let text = format!("{{{updated}\"created\":{created}}}");
        let ours = serde_json::from_str::<Ours>(&text);
        let chronos = serde_json::from_str::<Chronos>(&text);
        match (ours, chronos) {
            (Ok(ours), Ok(chronos)) => {
                let read = (ours.updated, ours.created);
                assert_eq!(read, (chronos.updated, chronos.created), "{text}");
            }
            (Err(ours), Err(chronos)) => {
                assert_eq!(ours.column(), chronos.column(), "{text}: {ours}");
            }
            differ => panic!("{text}: {differ:?}"),
        }
    }

    #[test]
    fn timestamps_are_read_as_chrono_reads_them() {
        let created = r#""2025-03-01T00:00:00Z""#;
        for time in [
            created,
            r#""2024-02-29T23:59:59Z""#,
            r#""2025-02-29T00:00:00Z""#,
            r#""2025-13-01T00:00:00Z""#,
            r#""2025-03-01T24:00:00Z""#,
            r#""2025-03-01T23:59:60Z""#,
            r#""2025-03-01T23:59:61Z""#,
            r#""2025-03-01T00:00:00.5Z""#,
            r#""2025-03-01T00:00:00z""#,
            r#""2025-03-01T02:00:00+02:00""#,
            r#""2025-03-01 00:00:00Z""#,
            r#""2025-03-01T00:00:0\u0030Z""#,
            r#""2025-03-01T00:0:00:0Z""#,
            r#""+025-03-01T00:00:00Z""#,
            r#""2025-03-01""#,
            r#""""#,
            "null",
            "1",
            "{}",
        ] {
            alike("", time);
            alike(&format!("\"updated\":{time},"), created);
        }
    }

    #[test]
    fn every_day_and_second_is_read() {
        // A step that meets each second of a day, and each day, in its own place.
        let step = 86_400 * 3 + 3_599;
        let last = 253_402_300_799;
        let mut seconds: i64 = -62_167_219_200;
        while seconds <= last {
            let time = DateTime::from_timestamp(seconds, 0).unwrap();
            let text = time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            assert_eq!(usual(text.as_bytes()), Some(time));
            assert_eq!(read(&text), Ok(time));
            seconds += step;
        }
    }
}
