//! Calendar months and ranges of them: the periods that Atlas bills by.

use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use crate::id::{digits, text_value};
use crate::parse_error::{ParseError, quoted};

/// Years that a month can lie in: outside is a typing error, and every neighbour of a month keeps
/// a year of four digits.
const YEARS: RangeInclusive<i32> = 1970..=2999;

/// The largest number of months in a range: more reaches back well before Atlas.
const LONGEST: i32 = 600;

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
    /// Months since January of the year 0.
    index: i32,
}

impl Month {
    /// The month of a year; `month` counts from 1, January, to 12.
    ///
    /// # Errors
    /// [`ParseError`] for a month outside of 1 to 12 or a year outside
    /// of 1970 to 2999.
    pub fn new(year: i32, month: u32) -> Result<Self, ParseError> {
        match i32::try_from(month) {
            Ok(month @ 1..=12) if YEARS.contains(&year) => Ok(Self::at(year * 12 + month - 1)),
            _ => Err(ParseError::new(format!(
                "month {month} of {year} does not exist; months go from 1 to 12, years from {} to {}",
                YEARS.start(),
                YEARS.end()
            ))),
        }
    }

    /// The month that `date` lies in; for a date outside of the years 1970 to 2999, the nearest month
    /// inside.
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
        NaiveDate::from_ymd_opt(self.year(), self.month(), 1).unwrap_or_default()
    }

    /// The last day.
    pub fn last_day(self) -> NaiveDate {
        let after = self.first_day().checked_add_months(chrono::Months::new(1));
        after.and_then(|day| day.pred_opt()).unwrap_or_default()
    }

    /// How many days the month has: 28 to 31.
    pub fn day_count(self) -> u32 {
        self.last_day().day()
    }

    /// How many days of the month are over at the end of `date`: none before it, all after it.
    pub(crate) fn days_through(self, date: NaiveDate) -> u32 {
        match date {
            date if date < self.first_day() => 0,
            date => date.min(self.last_day()).day(),
        }
    }

    /// Whether `date` lies in this month.
    pub fn contains(self, date: NaiveDate) -> bool {
        (self.first_day()..=self.last_day()).contains(&date)
    }

    /// The month after this one; December 2999 is its own.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// The month before this one; January 1970 is its own.
    #[must_use]
    pub fn prev(self) -> Self {
        self.plus(-1)
    }

    fn since(self, earlier: Self) -> i32 {
        self.index - earlier.index
    }

    fn plus(self, count: i32) -> Self {
        Self::at(self.index.saturating_add(count))
    }

    fn at(index: i32) -> Self {
        Self {
            index: index.clamp(*YEARS.start() * 12, *YEARS.end() * 12 + 11),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let year = digits::<4>(year)?.try_into().ok()?;
        Self::new(year, digits::<2>(month)?).ok()
    }
}

impl FromStr for Month {
    type Err = ParseError;

    fn from_str(given: &str) -> Result<Self, ParseError> {
        Self::parse(given).ok_or_else(|| {
            ParseError::new(format!("{} is not a month; use YYYY-MM", quoted(given)))
        })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.year(), self.month()))
    }
}

text_value!(Month, r"^\d{4}-\d{2}$");

/// Calendar months from a first to a last, both included: never empty, at most 600.
///
/// Written as one month, a range, a quarter or a year; displayed as one month or a range.
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
    /// [`ParseError`] if `last` is before `first`, or for more than
    /// 600 months.
    pub fn new(first: Month, last: Month) -> Result<Self, ParseError> {
        match last.since(first) + 1 {
            ..=0 => Err(ParseError::new(format!(
                "{first}..{last} ends before it begins"
            ))),
            1..=LONGEST => Ok(Self { first, last }),
            count => Err(ParseError::new(format!(
                "{first}..{last} has {count} months, more than {LONGEST}"
            ))),
        }
    }

    /// The three months of a quarter; `quarter` counts from 1 to 4.
    ///
    /// # Errors
    /// [`ParseError`] for another quarter, or a year outside of 1970
    /// to 2999.
    pub fn quarter(year: i32, quarter: u32) -> Result<Self, ParseError> {
        if !(1..=4).contains(&quarter) {
            return Err(ParseError::new(format!(
                "quarter {quarter} of {year} does not exist"
            )));
        }
        let first = Month::new(year, quarter * 3 - 2)?;
        Self::new(first, first.plus(2))
    }

    /// January to December of a year.
    ///
    /// # Errors
    /// [`ParseError`] for a year outside of 1970 to 2999.
    pub fn year(year: i32) -> Result<Self, ParseError> {
        Self::new(Month::new(year, 1)?, Month::new(year, 12)?)
    }

    /// The calendar month before the one of `today`: the newest whose charges are complete.
    ///
    /// ```
    /// use atlas_billing::Months;
    ///
    /// let last_month = Months::previous("2025-03-14".parse()?);
    /// assert_eq!(last_month.to_string(), "2025-02");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn previous(today: NaiveDate) -> Self {
        Month::of(today).prev().into()
    }

    /// The last `count` months that are over on the day `today`: the month of `today` is not among
    /// them, since its charges are still growing.
    ///
    /// # Errors
    /// [`ParseError`] for a `count` outside of 1 to 600, or if the
    /// months are not in the years 1970 to 2999.
    pub fn last(count: u32, today: NaiveDate) -> Result<Self, ParseError> {
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        let current = Month::of(today);
        let first = current.plus(count.saturating_neg());
        // `plus` stops at the first month there is.
        let inside = current.since(first) == count && YEARS.contains(&today.year());
        match (1..=LONGEST).contains(&count) && inside {
            true => Self::new(first, current.prev()),
            false => Err(ParseError::new(format!(
                "the last {count} months before {today} are not a period of 1 to {LONGEST} months \
                 within the years {} to {}",
                YEARS.start(),
                YEARS.end()
            ))),
        }
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

    /// The day after the last month.
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
        (self.first.index..self.last.index + 1).map(Month::at)
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
    type Err = ParseError;

    fn from_str(given: &str) -> Result<Self, ParseError> {
        let year = |text| digits::<4>(text).and_then(|year| i32::try_from(year).ok());
        if let Some((first, last)) = given.split_once("..") {
            if let (Some(first), Some(last)) = (Month::parse(first), Month::parse(last)) {
                return Self::new(first, last);
            }
        } else if let Some((before, quarter)) = given.split_once(['Q', 'q']) {
            let year = before.strip_suffix('-').and_then(year);
            if let (Some(year), Some(quarter)) = (year, digits::<1>(quarter)) {
                return Self::quarter(year, quarter);
            }
        } else if let Some(year) = year(given) {
            return Self::year(year);
        } else if let Some(month) = Month::parse(given) {
            return Ok(month.into());
        }
        Err(ParseError::new(format!(
            "{} is not a period; use 2025-03, 2025-01..2025-03, 2025-Q1 or 2025",
            quoted(given)
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

text_value!(Months, r"^\d{4}(-\d{2}(\.\.\d{4}-\d{2})?|-[Qq][1-4])?$");

/// The months of a [`Months`] in order.
pub type MonthsIter = std::iter::Map<Range<i32>, fn(i32) -> Month>;

impl IntoIterator for Months {
    type Item = Month;
    type IntoIter = MonthsIter;

    fn into_iter(self) -> MonthsIter {
        self.iter()
    }
}

impl IntoIterator for &Months {
    type Item = Month;
    type IntoIter = MonthsIter;

    fn into_iter(self) -> MonthsIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn months(text: &str) -> Months {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_has_days_and_neighbours() {
        let february: Month = "2024-02".parse().unwrap();
        assert_eq!((february.year(), february.month()), (2024, 2));
        assert_eq!(february.first_day(), day("2024-02-01"));
        assert_eq!(february.last_day(), day("2024-02-29"));
        assert_eq!(february.day_count(), 29);
        for (date, days) in [("2024-01-31", 0), ("2024-02-03", 3), ("2024-03-01", 29)] {
            assert_eq!(february.days_through(day(date)), days);
        }
        assert!(february.contains(day("2024-02-29")));
        assert!(!february.contains(day("2024-03-01")));
        let december = Month::new(2024, 12).unwrap();
        assert_eq!(december.next(), Month::new(2025, 1).unwrap());
        assert_eq!(december.next().prev(), december);
        assert_eq!(Month::of(day("2024-12-31")), december);
    }

    #[test]
    fn a_month_stays_within_its_years() {
        let (first, last) = (Month::new(1970, 1).unwrap(), Month::new(2999, 12).unwrap());
        assert_eq!((first.prev(), last.next()), (first, last));
        assert_eq!(last.last_day(), day("2999-12-31"));
        assert_eq!(Month::of(NaiveDate::MIN), first);
        assert_eq!(Month::of(NaiveDate::MAX), last);
        assert_eq!(last.plus(i32::MAX), last);
    }

    #[test]
    fn what_is_not_a_month_is_rejected() {
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
            assert!(message.contains("is not a month; use YYYY-MM"), "{message}");
        }
        assert!(Month::new(2025, 13).is_err());
    }

    #[test]
    fn periods_are_read_in_each_form() {
        for (given, shown, start, end) in [
            ("2025-03", "2025-03", "2025-03-01", "2025-04-01"),
            ("2025-03..2025-03", "2025-03", "2025-03-01", "2025-04-01"),
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
    fn what_is_not_a_period_is_rejected_with_the_reason() {
        for (given, reason) in [
            ("", "is not a period"),
            ("today", "\"today\" is not a period; use 2025-03, "),
            ("2025-01...2025-03", "is not a period"),
            ("2025-01..", "is not a period"),
            ("2025Q1", "is not a period"),
            ("2025-Q", "is not a period"),
            ("2025-Q5", "quarter 5 of 2025 does not exist"),
            ("2025-Q0", "quarter 0 of 2025 does not exist"),
            ("2025-03..2025-01", "ends before it begins"),
            ("1975-01..2025-01", "601 months"),
            ("1066", "years from 1970"),
        ] {
            let message = given.parse::<Months>().unwrap_err().to_string();
            assert!(message.contains(reason), "{given}: {message}");
        }
    }

    #[test]
    fn the_last_months_are_over() {
        for (count, today, shown) in [
            (1, "2025-04-01", "2025-03"),
            (1, "2025-03-31", "2025-02"),
            (3, "2025-02-15", "2024-11..2025-01"),
            (12, "2025-01-01", "2024-01..2024-12"),
        ] {
            assert_eq!(Months::last(count, day(today)).unwrap(), months(shown));
        }
        assert_eq!(Months::previous(day("2025-01-31")), months("2024-12"));
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
    fn a_range_lists_its_months() {
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
            prop_assert_eq!(first.to_string().parse::<Month>().unwrap(), first);
            prop_assert_eq!(Month::of(first.last_day()), first);
            let value = Months::new(first, first.plus(more)).unwrap();
            prop_assert_eq!(months(&value.to_string()), value);
            prop_assert_eq!(value.iter().next_back(), Some(value.last_month()));
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(serde_json::from_str::<Months>(&json).unwrap(), value);
        }

        #[test]
        fn any_text_is_a_period_or_rejected(text in "\\PC{0,20}|[0-9Qq.é-]{0,18}") {
            let _ = text.parse::<Months>();
            if let Ok(month) = text.parse::<Month>() {
                prop_assert_eq!(month.to_string(), text);
            }
        }
    }
}
