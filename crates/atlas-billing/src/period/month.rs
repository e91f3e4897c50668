//! One calendar month.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use crate::id::{shown, text_value};
use crate::{Error, Result};

/// The first and the last year that a month can lie in: outside is a typing error, and every
/// month's neighbours stay inside four digits.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2999;

/// A calendar month, in UTC as Atlas bills it; written `YYYY-MM`.
///
/// ```
/// use atlas_billing::Month;
///
/// let march = Month::new(2025, 3)?;
/// assert_eq!(march, "2025-03".parse()?);
/// assert_eq!(march.prev().to_string(), "2025-02");
/// # Ok::<(), atlas_billing::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Months since January of the year 0: one number, so that counting needs no carry.
    index: i32,
}

impl Month {
    /// The month of a year; `month` counts from 1, January, to 12.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a month that is not in 1 to 12 or a year
    /// that is not in 1970 to 2999.
    pub fn new(year: i32, month: u32) -> Result<Self> {
        match i32::try_from(month) {
            Ok(month @ 1..=12) if YEARS.contains(&year) => Ok(Self::at(year * 12 + month - 1)),
            _ => Err(Error::input(format!(
                "month {month} of the year {year} is no month to ask for: months count from 1 to \
                 12, years from {} to {}.",
                YEARS.start(),
                YEARS.end()
            ))),
        }
    }

    /// The month that `date` lies in; a date outside of the years 1970 to 2999 gives the nearest
    /// month in them.
    pub fn of(date: NaiveDate) -> Self {
        let year = date.year().clamp(*YEARS.start() - 1, *YEARS.end() + 1);
        Self::at(year * 12 + date.month0() as i32)
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.index / 12
    }

    /// The number of the month in its year, from 1 to 12.
    pub fn month(self) -> u32 {
        // In 0..12, since an index is never negative.
        (self.index % 12) as u32 + 1
    }

    /// The first day.
    pub fn first_day(self) -> NaiveDate {
        // Every month has a first day.
        NaiveDate::from_ymd_opt(self.year(), self.month(), 1).unwrap_or_default()
    }

    /// The last day.
    pub fn last_day(self) -> NaiveDate {
        let (year, month) = match self.month() {
            12 => (self.year() + 1, 1),
            month => (self.year(), month + 1),
        };
        NaiveDate::from_ymd_opt(year, month, 1)
            .and_then(|after| after.pred_opt())
            .unwrap_or_default()
    }

    /// Whether `date` lies in this month.
    pub fn contains(self, date: NaiveDate) -> bool {
        (self.first_day()..=self.last_day()).contains(&date)
    }

    /// The month after this one; December 2999 stays what it is.
    #[must_use]
    pub fn next(self) -> Self {
        Self::at(self.index + 1)
    }

    /// The month before this one; January 1970 stays what it is.
    #[must_use]
    pub fn prev(self) -> Self {
        Self::at(self.index - 1)
    }

    /// How many months lie between: 0 for the same month, negative if `earlier` is later.
    pub(super) fn since(self, earlier: Self) -> i32 {
        self.index - earlier.index
    }

    /// The month `count` months later, or earlier if negative, within the years there are.
    pub(super) fn plus(self, count: i32) -> Self {
        Self::at(self.index.saturating_add(count))
    }

    fn at(index: i32) -> Self {
        Self {
            index: index.clamp(*YEARS.start() * 12, *YEARS.end() * 12 + 11),
        }
    }
}

impl FromStr for Month {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self> {
        let month = || {
            let (year, month) = given.split_once('-')?;
            Self::new(digits::<4>(year)?, u32::try_from(digits::<2>(month)?).ok()?).ok()
        };
        month().ok_or_else(|| {
            Error::input(format!(
                "{} is no month: a month is written YYYY-MM, such as 2025-03.",
                shown(given)
            ))
        })
    }
}

/// The number that exactly `N` ASCII digits write.
pub(super) fn digits<const N: usize>(text: &str) -> Option<i32> {
    match text.len() == N && text.bytes().all(|b| b.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.year(), self.month()))
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Month({self})")
    }
}

text_value!(Month, r"^\d{4}-\d{2}$");

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::Month;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn knows_its_days_and_neighbours() {
        let february: Month = "2024-02".parse().unwrap();
        assert_eq!((february.year(), february.month()), (2024, 2));
        assert_eq!(february.first_day(), day("2024-02-01"));
        assert_eq!(february.last_day(), day("2024-02-29"));
        assert!(february.contains(day("2024-02-29")));
        assert!(!february.contains(day("2024-03-01")));
        let december = Month::new(2024, 12).unwrap();
        assert_eq!(december.next(), Month::new(2025, 1).unwrap());
        assert_eq!(december.next().prev(), december);
        assert_eq!(december.last_day(), day("2024-12-31"));
        assert_eq!(Month::of(day("2024-12-31")), december);
    }

    #[test]
    fn stays_within_its_years() {
        let (first, last) = (Month::new(1970, 1).unwrap(), Month::new(2999, 12).unwrap());
        assert_eq!((first.prev(), last.next()), (first, last));
        assert_eq!(last.last_day(), day("2999-12-31"));
        assert_eq!(
            (Month::of(NaiveDate::MIN), Month::of(NaiveDate::MAX)),
            (first, last)
        );
        assert_eq!(last.plus(i32::MAX), last);
    }

    #[test]
    fn refuses_what_is_no_month() {
        for given in [
            "",
            "2025",
            "2025-3",
            "2025-13",
            "2025-00",
            "1969-12",
            "3000-01",
            "2025-03-01",
            "25-03",
            "2025_03",
            " 2025-03",
            "+025-03",
            "March 2025",
        ] {
            let message = given.parse::<Month>().unwrap_err().to_string();
            assert!(message.contains("YYYY-MM, such as 2025-03"), "{message}");
        }
        let message = Month::new(2025, 13).unwrap_err().to_string();
        assert!(
            message.starts_with("month 13 of the year 2025 is no month"),
            "{message}"
        );
    }

    proptest! {
        #[test]
        fn round_trips(year in 1970i32..=2999, month in 1u32..=12) {
            let value = Month::new(year, month).unwrap();
            prop_assert_eq!((value.year(), value.month()), (year, month));
            prop_assert_eq!(value.to_string().parse::<Month>().unwrap(), value);
            prop_assert_eq!(Month::of(value.last_day()), value);
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(serde_json::from_str::<Month>(&json).unwrap(), value);
        }

        #[test]
        fn never_panics(text in "\\PC{0,9}|[0-9é-]{7}") {
            if let Ok(month) = text.parse::<Month>() {
                prop_assert_eq!(month.to_string(), text);
            }
        }
    }
}
