//! A range of calendar months.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use super::month::{Month, digits};
use super::months_iter::MonthsIter;
use crate::id::{shown, text_value};
use crate::{Error, Result};

/// More months than this are a typing error: it reaches back well before Atlas was there.
const LONGEST: i32 = 600;

/// Calendar months from a first to a last, both included: never empty, at most 600.
///
/// Written as one month, a range, a quarter or a year; shown as one month or a range.
///
/// ```
/// use atlas_billing::{Month, Months};
///
/// let quarter: Months = "2025-01..2025-03".parse()?;
/// assert_eq!(quarter, Months::quarter(2025, 1)?);
/// assert_eq!(quarter, "2025-Q1".parse()?);
/// assert_eq!(quarter.start_date().to_string(), "2025-01-01");
/// assert_eq!(quarter.end_date_exclusive().to_string(), "2025-04-01");
/// assert_eq!("2025".parse::<Months>()?.to_string(), "2025-01..2025-12");
/// # Ok::<(), atlas_billing::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Months {
    first: Month,
    last: Month,
}

impl Months {
    /// The months from `first` to `last`, both included.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if `last` is before `first`, or if they are
    /// more than 600 months.
    pub fn new(first: Month, last: Month) -> Result<Self> {
        match last.since(first) + 1 {
            ..=0 => Err(Error::input(format!(
                "the months {first}..{last} run backwards: write {last}..{first}."
            ))),
            1..=LONGEST => Ok(Self { first, last }),
            count => Err(Error::input(format!(
                "{first}..{last} are {count} months, more than the {LONGEST} that can be asked \
                 for: check the years."
            ))),
        }
    }

    /// The three months of a quarter; `quarter` counts from 1 to 4.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for another quarter, or a year outside of
    /// 1970 to 2999.
    pub fn quarter(year: i32, quarter: u32) -> Result<Self> {
        if !(1..=4).contains(&quarter) {
            return Err(Error::input(format!(
                "a year has the quarters 1 to 4, not {quarter}."
            )));
        }
        let first = Month::new(year, quarter * 3 - 2)?;
        Self::new(first, first.plus(2))
    }

    /// January to December of a year.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a year outside of 1970 to 2999.
    pub fn year(year: i32) -> Result<Self> {
        Self::new(Month::new(year, 1)?, Month::new(year, 12)?)
    }

    /// The last `count` months that are over on the day `today`: the month of `today` is not
    /// among them, since its charges are still growing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if `count` is not in 1 to 600, or if `today`
    /// leaves no `count` months since 1970.
    pub fn last(count: u32, today: NaiveDate) -> Result<Self> {
        let months = match i32::try_from(count) {
            Ok(count @ 1..=LONGEST) => count,
            _ => {
                return Err(Error::input(format!(
                    "the last {count} months cannot be asked for: give a number from 1 to \
                     {LONGEST}."
                )));
            }
        };
        let current = Month::of(today);
        let first = current.plus(-months);
        // `plus` stops at the first month there is.
        if current.since(first) != months || !(1970..=2999).contains(&today.year()) {
            return Err(Error::input(format!(
                "the last {count} months before {today} reach outside of the years 1970 to 2999."
            )));
        }
        Self::new(first, current.prev())
    }

    /// The first month.
    pub fn first(&self) -> Month {
        self.first
    }

    /// The last month, included.
    pub fn last_month(&self) -> Month {
        self.last
    }

    /// The first day of the first month.
    pub fn start_date(&self) -> NaiveDate {
        self.first.first_day()
    }

    /// The day after the last month: what the service calls the end, which it excludes.
    pub fn end_date_exclusive(&self) -> NaiveDate {
        let last_day = self.last.last_day();
        last_day.succ_opt().unwrap_or(last_day)
    }

    /// How many months: at least 1.
    pub fn count(&self) -> usize {
        self.iter().len()
    }

    /// Whether `month` is among them.
    pub fn contains(&self, month: Month) -> bool {
        (self.first..=self.last).contains(&month)
    }

    /// The months in order.
    pub fn iter(&self) -> MonthsIter {
        let count = self.last.since(self.first) + 1;
        MonthsIter::new(self.first, usize::try_from(count).unwrap_or_default())
    }
}

impl From<Month> for Months {
    fn from(month: Month) -> Self {
        Self {
            first: month,
            last: month,
        }
    }
}

impl FromStr for Months {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self> {
        if let Some((first, last)) = given.split_once("..") {
            if let (Ok(first), Ok(last)) = (first.parse(), last.parse()) {
                return Self::new(first, last);
            }
        } else if let Some((year, quarter)) = given.split_once(['Q', 'q']) {
            let year = year.strip_suffix('-').and_then(digits::<4>);
            let quarter = digits::<1>(quarter).and_then(|quarter| u32::try_from(quarter).ok());
            if let (Some(year), Some(quarter)) = (year, quarter) {
                return Self::quarter(year, quarter);
            }
        } else if let Some(year) = digits::<4>(given) {
            return Self::year(year);
        } else if let Ok(month) = given.parse::<Month>() {
            return Ok(month.into());
        }
        Err(Error::input(format!(
            "{} is no period of whole months: write a month (2025-03), a range with both ends \
             included (2025-01..2025-03), a quarter (2025-Q1) or a year (2025).",
            shown(given)
        )))
    }
}

impl fmt::Display for Months {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => self.first.fmt(f),
            false => f.pad(&format!("{}..{}", self.first, self.last)),
        }
    }
}

impl fmt::Debug for Months {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Months({self})")
    }
}

text_value!(Months, r"^\d{4}(-\d{2}(\.\.\d{4}-\d{2})?|-[Qq][1-4])?$");

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::Months;
    use crate::Month;

    fn months(text: &str) -> Months {
        text.parse().unwrap()
    }

    #[test]
    fn reads_each_way_of_writing() {
        for (given, shown, start, end) in [
            ("2025-03", "2025-03", "2025-03-01", "2025-04-01"),
            ("2025-03..2025-03", "2025-03", "2025-03-01", "2025-04-01"),
            (
                "2025-01..2025-03",
                "2025-01..2025-03",
                "2025-01-01",
                "2025-04-01",
            ),
            (
                "2024-11..2025-02",
                "2024-11..2025-02",
                "2024-11-01",
                "2025-03-01",
            ),
            ("2025", "2025-01..2025-12", "2025-01-01", "2026-01-01"),
            ("2025-Q1", "2025-01..2025-03", "2025-01-01", "2025-04-01"),
            ("2025-q4", "2025-10..2025-12", "2025-10-01", "2026-01-01"),
            ("2999-12", "2999-12", "2999-12-01", "3000-01-01"),
        ] {
            let value = months(given);
            assert_eq!(value.to_string(), shown);
            assert_eq!(value.start_date().to_string(), start);
            assert_eq!(value.end_date_exclusive().to_string(), end);
        }
    }

    #[test]
    fn refuses_with_what_is_wrong() {
        for (given, reason) in [
            ("", "is no period of whole months"),
            ("2025-01...2025-03", "is no period of whole months"),
            ("2025-01..", "is no period of whole months"),
            ("2025Q1", "is no period of whole months"),
            ("2025-Q", "is no period of whole months"),
            ("2025-Q5", "quarters 1 to 4, not 5"),
            ("2025-Q0", "quarters 1 to 4, not 0"),
            ("2025-03..2025-01", "write 2025-01..2025-03"),
            ("1975-01..2025-01", "601 months"),
            ("20250-01", "is no period of whole months"),
            ("1066", "years from 1970"),
            ("last month", "is no period of whole months"),
        ] {
            let message = given.parse::<Months>().unwrap_err().to_string();
            assert!(message.contains(reason), "{given}: {message}");
        }
    }

    #[test]
    fn the_last_months_are_over() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (count, today, shown) in [
            (1, "2025-04-01", "2025-03"),
            (1, "2025-03-31", "2025-02"),
            (3, "2025-02-15", "2024-11..2025-01"),
            (12, "2025-01-01", "2024-01..2024-12"),
        ] {
            assert_eq!(Months::last(count, day(today)).unwrap().to_string(), shown);
        }
        for (count, today) in [
            (0, "2025-04-01"),
            (601, "2025-04-01"),
            (u32::MAX, "2025-04-01"),
            (1, "1970-01-31"),
            (1, "3000-01-01"),
        ] {
            assert!(Months::last(count, day(today)).is_err(), "{count} {today}");
        }
    }

    #[test]
    fn lists_its_months() {
        let value = months("2024-11..2025-02");
        let listed: Vec<String> = value.iter().map(|month| month.to_string()).collect();
        assert_eq!(listed, ["2024-11", "2024-12", "2025-01", "2025-02"]);
        assert_eq!(value.count(), 4);
        assert!(value.contains(Month::new(2025, 1).unwrap()));
        assert!(!value.contains(Month::new(2025, 3).unwrap()));
        assert_eq!(months("2999-12").iter().count(), 1);
    }

    proptest! {
        #[test]
        fn round_trips(year in 1970i32..2950, month in 1u32..=12, more in 0i32..600) {
            let first = Month::new(year, month).unwrap();
            let value = Months::new(first, first.plus(more)).unwrap();
            prop_assert_eq!(months(&value.to_string()), value);
            prop_assert_eq!(value.iter().count(), value.count());
            prop_assert_eq!(value.iter().last(), Some(value.last_month()));
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(serde_json::from_str::<Months>(&json).unwrap(), value);
        }

        #[test]
        fn never_panics(text in "\\PC{0,20}|[0-9Qq.é-]{0,18}") {
            let _ = text.parse::<Months>();
        }
    }
}
