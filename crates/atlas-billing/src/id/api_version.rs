//! The version of the Administration API to ask for.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use crate::id::{shown, text_value};
use crate::{Error, Result};

/// Which version of the Administration API an answer is asked in: a date, or the preview.
///
/// A date after an operation's newest version is sent as it is: the service answers in the newest
/// version that is not later. Dates order by the calendar, the preview comes after all of them.
///
/// ```
/// use atlas_billing::ApiVersion;
///
/// let version: ApiVersion = "2023-01-01".parse()?;
/// assert_eq!(version, ApiVersion::dated(2023, 1, 1)?);
/// assert!(version < ApiVersion::PREVIEW);
/// assert!("2023-02-30".parse::<ApiVersion>().is_err());
/// # Ok::<(), atlas_billing::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(Inner);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Inner {
    Dated(NaiveDate),
    Preview,
}

impl ApiVersion {
    /// What is not yet part of a dated version; it may change at any time.
    pub const PREVIEW: Self = Self(Inner::Preview);

    /// The version of a day; `month` and `day` count from 1.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if the calendar has no such day, or the year
    /// has not four digits.
    pub fn dated(year: i32, month: u32, day: u32) -> Result<Self> {
        match NaiveDate::from_ymd_opt(year, month, day) {
            Some(date) if (1000..=9999).contains(&year) => Ok(Self(Inner::Dated(date))),
            _ => Err(refused(&format!("{year:04}-{month:02}-{day:02}"))),
        }
    }

    /// The day of a dated version, nothing for the preview.
    pub fn date(&self) -> Option<NaiveDate> {
        match self.0 {
            Inner::Dated(date) => Some(date),
            Inner::Preview => None,
        }
    }

    /// Whether this is the preview.
    pub fn is_preview(&self) -> bool {
        self.0 == Inner::Preview
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self> {
        if given == "preview" {
            return Ok(Self::PREVIEW);
        }
        let bytes = given.as_bytes();
        let number = |part: &str| match part.bytes().all(|b| b.is_ascii_digit()) {
            true => part.parse::<u32>().ok(),
            false => None,
        };
        let dated = || {
            if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
                return None;
            }
            let year = i32::try_from(number(given.get(..4)?)?).ok()?;
            Self::dated(year, number(given.get(5..7)?)?, number(given.get(8..)?)?).ok()
        };
        dated().ok_or_else(|| refused(given))
    }
}

fn refused(given: &str) -> Error {
    Error::input(format!(
        "{} is no API version: a version is a day of the calendar written YYYY-MM-DD, such as \
         2023-01-01, or the word preview.",
        shown(given)
    ))
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Inner::Dated(date) => f.pad(&format!(
                "{:04}-{:02}-{:02}",
                date.year(),
                date.month(),
                date.day()
            )),
            Inner::Preview => f.pad("preview"),
        }
    }
}

impl fmt::Debug for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiVersion({self})")
    }
}

text_value!(ApiVersion, r"^(\d{4}-\d{2}-\d{2}|preview)$");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ApiVersion;

    #[test]
    fn refuses_what_is_no_day() {
        for given in [
            "",
            "Preview",
            "2023",
            "2023-1-1",
            "2023-13-01",
            "2023-02-29",
            "2023-00-10",
            "2023-01-00",
            "+023-01-01",
            "2023-01-01 ",
            "2023/01/01",
            "0999-01-01",
            "２023-01-01",
            "2023-01-+1",
            "aé-é-01-01",
        ] {
            let message = given.parse::<ApiVersion>().unwrap_err().to_string();
            assert!(message.contains("YYYY-MM-DD"), "{message}");
        }
        assert!(ApiVersion::dated(12023, 1, 1).is_err());
        assert!(ApiVersion::dated(-2023, 1, 1).is_err());
    }

    #[test]
    fn orders_by_the_calendar_with_the_preview_last() {
        let mut versions: Vec<ApiVersion> = ["preview", "2024-08-05", "2023-01-01", "2024-10-23"]
            .map(|text| text.parse().unwrap())
            .into();
        versions.sort();
        let sorted: Vec<String> = versions.iter().map(ToString::to_string).collect();
        assert_eq!(
            sorted,
            ["2023-01-01", "2024-08-05", "2024-10-23", "preview"]
        );
    }

    proptest! {
        #[test]
        fn round_trips(year in 1000i32..=9999, month in 1u32..=12, day in 1u32..=28) {
            let version = ApiVersion::dated(year, month, day).unwrap();
            prop_assert_eq!(version.to_string().parse::<ApiVersion>().unwrap(), version);
            let json = serde_json::to_string(&version).unwrap();
            prop_assert_eq!(serde_json::from_str::<ApiVersion>(&json).unwrap(), version);
        }

        #[test]
        fn never_panics(text in "\\PC{0,12}|[0-9é-]{10}") {
            if let Ok(version) = text.parse::<ApiVersion>() {
                prop_assert_eq!(version.to_string(), text);
            }
        }
    }
}
