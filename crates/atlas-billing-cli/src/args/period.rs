//! PERIOD: the months of the library, and the ones that people name by today.

use std::fmt;
use std::str::FromStr;

use atlas_billing::{Error, Month, Months};
use chrono::NaiveDate;

/// Months, some of them named by today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    /// Months by the calendar.
    Months(Months),
    /// The running month.
    MonthToDate,
    /// January to the running month.
    YearToDate,
    /// The month before the running one.
    LastMonth,
    /// The quarter before the running one.
    LastQuarter,
}

const NAMED: [(&str, Period); 4] = [
    ("mtd", Period::MonthToDate),
    ("ytd", Period::YearToDate),
    ("last-month", Period::LastMonth),
    ("last-quarter", Period::LastQuarter),
];

impl Period {
    /// The months meant on the day `today` (UTC).
    pub(crate) fn resolve(self, today: NaiveDate) -> Result<Months, Error> {
        let running = Month::of(today);
        match self {
            Self::Months(months) => Ok(months),
            Self::MonthToDate => Ok(running.into()),
            Self::YearToDate => Months::new(Month::new(running.year(), 1)?, running),
            Self::LastMonth => Months::last(1, today),
            Self::LastQuarter => match (running.month() - 1) / 3 {
                0 => Months::quarter(running.year() - 1, 4),
                quarter => Months::quarter(running.year(), quarter),
            },
        }
    }
}

/// `months` for a reader, a running month marked as growing.
pub(crate) fn shown(months: Months, today: NaiveDate) -> String {
    let running = Month::of(today);
    match months.contains(running) {
        true if months.count() == 1 => format!("{months} (to date)"),
        true => format!("{months} ({running} to date)"),
        false => months.to_string(),
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        if let Some((_, period)) = NAMED
            .iter()
            .find(|(name, _)| given.eq_ignore_ascii_case(name))
        {
            return Ok(*period);
        }
        given.parse().map(Self::Months).map_err(|error: Error| {
            let looks_right = given.chars().next().is_some_and(|c| c.is_ascii_digit());
            match looks_right {
                true => error.to_string(),
                false => "no period: write 2025, 2025-Q1, 2025-03, 2025-01..2025-03 (both \
                          included), mtd, ytd, last-month or last-quarter"
                    .to_owned(),
            }
        })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Months(months) => months.fmt(f),
            named => {
                let name = NAMED.iter().find(|(_, period)| period == named);
                f.write_str(name.map_or("", |(name, _)| name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_periods_go_by_today() {
        for (given, today, months) in [
            ("mtd", "2025-03-01", "2025-03"),
            ("mtd", "2024-02-29", "2024-02"),
            ("ytd", "2025-01-01", "2025-01"),
            ("ytd", "2025-12-31", "2025-01..2025-12"),
            ("last-month", "2025-01-31", "2024-12"),
            ("last-month", "2025-03-31", "2025-02"),
            ("last-quarter", "2025-01-01", "2024-10..2024-12"),
            ("last-quarter", "2025-03-31", "2024-10..2024-12"),
            ("last-quarter", "2025-04-01", "2025-01..2025-03"),
            ("last-quarter", "2025-12-31", "2025-07..2025-09"),
            ("LAST-QUARTER", "2025-12-31", "2025-07..2025-09"),
            ("2025", "1999-01-01", "2025-01..2025-12"),
            ("2025-Q4", "1999-01-01", "2025-10..2025-12"),
            ("2025-01..2025-03", "1999-01-01", "2025-01..2025-03"),
        ] {
            let period: Period = given.parse().unwrap();
            let resolved = period.resolve(today.parse().unwrap()).unwrap();
            assert_eq!(resolved.to_string(), months, "{given} on {today}");
            assert_eq!(period.to_string().parse::<Period>().unwrap(), period);
        }
    }

    #[test]
    fn a_running_month_is_marked() {
        let today = "2025-03-14".parse().unwrap();
        for (given, text) in [
            ("2025-02", "2025-02"),
            ("2025-03", "2025-03 (to date)"),
            ("2025-Q1", "2025-01..2025-03 (2025-03 to date)"),
            ("2024", "2024-01..2024-12"),
        ] {
            assert_eq!(shown(given.parse().unwrap(), today), text);
        }
    }

    #[test]
    fn what_is_no_period_is_told_the_ways_of_writing_one() {
        for (given, part) in [
            ("yesterday", "last-quarter"),
            ("", "last-quarter"),
            ("2025-13", "2025-Q1"),
            ("2025-03..2025-01", "backwards"),
        ] {
            let message = given.parse::<Period>().unwrap_err();
            assert!(message.contains(part), "{given}: {message}");
        }
    }
}
