//! The values of flags and arguments, as people write them.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use atlas_billing::raw::enums::{InvoiceStatus, Service};
use atlas_billing::totals::Dimension;
use atlas_billing::{FocusColumn, InvoiceId, Month, Months, OrgId, ParseError};
use chrono::NaiveDate;
use clap::ValueEnum;

/// How data is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For reading on a terminal
    #[default]
    Table,
    /// Records, comma-separated, with a header row
    Csv,
    /// Records, one JSON object a line
    #[value(alias = "ndjson")]
    Jsonl,
    /// Records, one JSON array
    Json,
    /// The table, to paste into a document
    #[value(alias = "md")]
    Markdown,
    /// The JSON of Atlas, byte for byte
    RawJson,
    /// The CSV of Atlas, byte for byte
    RawCsv,
}

/// Endings that promise something this command does not write.
const FOREIGN: [&str; 10] = [
    "xlsx", "xls", "ods", "numbers", "html", "htm", "pdf", "parquet", "xml", "gz",
];

impl Format {
    /// Whether it is the response body as received.
    pub(crate) fn is_raw(self) -> bool {
        matches!(self, Self::RawJson | Self::RawCsv)
    }

    /// The ending of a file in this format, different for each of them.
    pub(crate) fn extension(self) -> String {
        match self {
            Self::Table => "txt".to_owned(),
            Self::Markdown => "md".to_owned(),
            format => format.name().replace('-', "."),
        }
    }

    /// The format for a file: the one asked for, or the one of its ending.
    pub(crate) fn of_file(asked: Option<Self>, path: &Path) -> Result<Self, String> {
        let ending = path.extension().and_then(|ending| ending.to_str());
        let ending = ending.unwrap_or_default().to_ascii_lowercase();
        if FOREIGN.contains(&ending.as_str()) {
            let hint = match ending.as_str() {
                "xlsx" | "xls" | "ods" | "numbers" => {
                    "; spreadsheets open CSV: use a name that ends in .csv, with --excel"
                }
                _ => "; use .csv, .jsonl, .json, .md or .txt",
            };
            return Err(format!("cannot write .{ending} files{hint}"));
        }
        let formats = Self::value_variants().iter().copied();
        let of_ending = formats.filter(|format| !format.is_raw());
        let of_ending = of_ending
            .into_iter()
            .find(|format| format.extension() == ending);
        match asked.or(of_ending) {
            Some(format) => Ok(format),
            None if ending.is_empty() => Ok(Self::default()),
            None => Err(format!(
                "the ending .{ending} does not tell the format; choose one with -o"
            )),
        }
    }

    /// The name on the command line.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or(String::new(), |value| value.get_name().to_owned())
    }
}

/// Months, some of them relative to today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    Months(Months),
    MonthToDate,
    YearToDate,
    LastMonth,
    LastQuarter,
}

const NAMED: [(&str, Period); 4] = [
    ("mtd", Period::MonthToDate),
    ("ytd", Period::YearToDate),
    ("last-month", Period::LastMonth),
    ("last-quarter", Period::LastQuarter),
];

/// How a period is written, for help and errors.
const PERIODS: &str =
    "mtd, ytd, last-month, last-quarter, 2025-03, 2025-Q1, 2025 or 2025-01..2025-03";

impl Period {
    /// The months meant on the day `today` (UTC).
    pub(crate) fn resolve(self, today: NaiveDate) -> Result<Months, ParseError> {
        let running = Month::of(today);
        match self {
            Self::Months(months) => Ok(months),
            Self::MonthToDate => Ok(running.into()),
            Self::YearToDate => Months::new(Month::new(running.year(), 1)?, running),
            Self::LastMonth => Ok(Months::previous(today)),
            Self::LastQuarter => match (running.month() - 1) / 3 {
                0 => Months::quarter(running.year() - 1, 4),
                quarter => Months::quarter(running.year(), quarter),
            },
        }
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let named = NAMED
            .iter()
            .find(|(name, _)| given.eq_ignore_ascii_case(name));
        if let Some((_, period)) = named {
            return Ok(*period);
        }
        given
            .parse()
            .map(Self::Months)
            .map_err(
                |error: ParseError| match given.starts_with(|c: char| c.is_ascii_digit()) {
                    true => error.to_string(),
                    false => {
                        let words = NAMED.map(|(name, _)| name);
                        format!(
                            "\"{given}\" is not a period{}",
                            instead(given, &words, PERIODS)
                        )
                    }
                },
            )
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, NAMED.iter().find(|(_, named)| named == self)) {
            (Self::Months(months), _) => months.fmt(f),
            (_, named) => f.write_str(named.map_or("", |(name, _)| name)),
        }
    }
}

/// `months` for a reader, a running month marked as incomplete.
pub(crate) fn shown_period(months: Months, today: NaiveDate) -> String {
    let running = Month::of(today);
    match months.contains(running) {
        true if months.count() == 1 => format!("{months} (to date)"),
        true => format!("{months} ({running} to date)"),
        false => months.to_string(),
    }
}

/// One invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Invoice {
    /// The pending one of the running month.
    Current,
    /// The newest whose period has ended.
    Last,
    /// The one of the month before the running one.
    LastMonth,
    Of(Month),
    Id(InvoiceId),
}

const INVOICES: &str = "current, last, last-month, a month such as 2025-03, or an invoice id";

impl FromStr for Invoice {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        match given.to_ascii_lowercase().as_str() {
            "current" => return Ok(Self::Current),
            "last" => return Ok(Self::Last),
            "last-month" => return Ok(Self::LastMonth),
            _ => {}
        }
        if let Ok(month) = given.parse() {
            return Ok(Self::Of(month));
        }
        given
            .parse()
            .map(Self::Id)
            .map_err(|error: ParseError| match given.len() {
                // Meant as an id, so say what is wrong with that.
                20.. => error.to_string(),
                _ => {
                    let words = ["current", "last", "last-month"];
                    format!(
                        "\"{given}\" is not an invoice{}",
                        instead(given, &words, INVOICES)
                    )
                }
            })
    }
}

/// One invoice, or those of some months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    Invoice(Invoice),
    Period(Period),
}

impl FromStr for Which {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        // A month alone is asked for as an invoice, so that its absence is an error.
        if let Ok(invoice) = given.parse() {
            return Ok(Self::Invoice(invoice));
        }
        given
            .parse()
            .map(Self::Period)
            .map_err(|_: String| match given.len() {
                20.. => given.parse::<Invoice>().err().unwrap_or_default(),
                _ => {
                    let words = [
                        "current",
                        "last",
                        "last-month",
                        "last-quarter",
                        "mtd",
                        "ytd",
                    ];
                    let all = format!("{INVOICES}, or a period: {PERIODS}");
                    format!(
                        "\"{given}\" is neither an invoice nor a period{}",
                        instead(given, &words, &all)
                    )
                }
            })
    }
}

/// What costs are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Grouping {
    #[value(alias = "service")]
    Services,
    #[value(alias = "project")]
    Projects,
    #[value(alias = "cluster")]
    Clusters,
    #[value(alias = "organization", alias = "orgs", alias = "org")]
    Organizations,
}

impl Grouping {
    /// The word for several.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::Projects => "projects",
            Self::Clusters => "clusters",
            Self::Organizations => "organizations",
        }
    }

    /// The word for one.
    pub(crate) fn singular(self) -> &'static str {
        self.name().trim_end_matches('s')
    }
}

/// A dimension of line items.
pub(crate) fn dimension(given: &str) -> Result<Dimension, String> {
    given.parse().map_err(|_: ParseError| {
        let names = Dimension::NAMES;
        format!(
            "cannot group by \"{given}\"{}",
            instead(given, names, &names.join(", "))
        )
    })
}

/// A length of time such as `90s`, `15m` or `1h30m`.
pub(crate) fn duration(given: &str) -> Result<Duration, String> {
    /// Longer than this is a typing error.
    const LONGEST: Duration = Duration::from_secs(7 * 86_400);
    match humantime::parse_duration(given.trim()) {
        Err(error) => Err(format!(
            "\"{given}\" is not a duration such as 90s, 15m or 1h30m: {error}"
        )),
        Ok(Duration::ZERO) => Err("a duration has to be longer than 0s".to_owned()),
        Ok(long) if long > LONGEST => Err(format!("\"{given}\" is longer than 7 days")),
        Ok(length) => Ok(length),
    }
}

/// Writes a duration as [`duration`] reads it, in one word.
pub(crate) fn shown_duration(length: Duration) -> String {
    humantime::format_duration(length)
        .to_string()
        .replace(' ', "")
}

/// An id of a project or cluster: 24 hexadecimal digits, as for organizations.
pub(crate) fn object_id(given: &str) -> Result<String, String> {
    match given.parse::<OrgId>() {
        Ok(id) => Ok(id.to_string()),
        Err(error) => Err(error.to_string().replace("an organization id", "an id")),
    }
}

/// A service; a known one in any case, another is sent as given since the set is open.
pub(crate) fn service(given: &str) -> Result<Service, String> {
    let known = Service::KNOWN
        .iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(given));
    Ok(known.cloned().unwrap_or_else(|| Service::from(given)))
}

/// A status of an invoice; a known one in any case, another is sent as given.
pub(crate) fn status(given: &str) -> Result<InvoiceStatus, String> {
    let known = InvoiceStatus::KNOWN
        .iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(given));
    Ok(known.cloned().unwrap_or_else(|| InvoiceStatus::from(given)))
}

/// The known values of an open set, for help.
pub(crate) fn known<'a>(help: &str, known: impl Iterator<Item = &'a str>) -> String {
    format!(
        "{help}: {}, or a newer one",
        known.collect::<Vec<_>>().join(", ")
    )
}

/// The name of a column of FOCUS reports: those that are known in any case, others as given.
pub(super) fn focus_column(given: &str) -> Result<String, String> {
    let names = FocusColumn::ALL.map(FocusColumn::name);
    let known = names.iter().find(|name| name.eq_ignore_ascii_case(given));
    match known {
        Some(name) => Ok((*name).to_owned()),
        None if given.is_empty() => Err("the name of a column is empty".to_owned()),
        // Later versions of FOCUS have more columns.
        None => Ok(given.to_owned()),
    }
}

/// What to write instead: the one of `words` that is close to what was given, and all that can be.
fn instead(given: &str, words: &[&str], all: &str) -> String {
    let given = given.to_ascii_lowercase();
    let near = words
        .iter()
        .map(|word| (strsim::jaro_winkler(&given, word), word))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    near.map_or(format!("; use {all}"), |(_, word)| {
        format!("; did you mean \"{word}\"? ({all})")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "64b7f0a1c2d3e4f506172839";

    #[test]
    fn named_periods_go_by_today() {
        for (given, today, months) in [
            ("mtd", "2024-02-29", "2024-02"),
            ("ytd", "2025-01-01", "2025-01"),
            ("ytd", "2025-12-31", "2025-01..2025-12"),
            ("last-month", "2025-01-31", "2024-12"),
            ("last-month", "2025-03-31", "2025-02"),
            ("last-quarter", "2025-03-31", "2024-10..2024-12"),
            ("LAST-QUARTER", "2025-12-31", "2025-07..2025-09"),
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
        ] {
            assert_eq!(shown_period(given.parse().unwrap(), today), text);
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_how_to_write_it() {
        for (given, part) in [
            ("today", "\"today\" is not a period; use mtd"),
            ("last_month", "did you mean \"last-month\"?"),
            ("2025-13", "2025-Q1"),
            ("2025-03..2025-01", "ends before it begins"),
        ] {
            let message = given.parse::<Period>().unwrap_err();
            assert!(message.contains(part), "{given}: {message}");
        }
        for (given, part) in [
            ("latest", "current, last"),
            ("lastmonth", "did you mean \"last-month\"?"),
        ] {
            let message = given.parse::<Which>().unwrap_err();
            assert!(message.contains(part), "{given}: {message}");
        }
        assert!(
            ID.to_uppercase()
                .parse::<Which>()
                .unwrap_err()
                .contains("lower case")
        );
        assert!(object_id("freight").unwrap_err().contains("is not an id"));
    }

    #[test]
    fn an_invoice_or_a_period() {
        let month = Month::new(2025, 3).unwrap();
        for (given, invoice) in [
            ("current", Invoice::Current),
            ("Last", Invoice::Last),
            ("last-month", Invoice::LastMonth),
            ("2025-03", Invoice::Of(month)),
            (ID, Invoice::Id(ID.parse().unwrap())),
        ] {
            assert_eq!(given.parse(), Ok(Which::Invoice(invoice)));
        }
        for period in ["2025", "2025-Q1", "2025-01..2025-03", "mtd", "last-quarter"] {
            assert_eq!(period.parse(), Ok(Which::Period(period.parse().unwrap())));
        }
    }

    #[test]
    fn dimensions_are_singular_or_plural() {
        for (given, name) in [
            ("clusters", "cluster"),
            ("SKU", "sku"),
            ("days", "day"),
            ("tag:Teams", "tag:Teams"),
        ] {
            assert_eq!(dimension(given).unwrap().to_string(), name);
        }
        let message = dimension("clutser").unwrap_err();
        assert!(
            message.contains("\"clutser\"; did you mean \"cluster\"?"),
            "{message}"
        );
    }

    #[test]
    fn durations_are_written_as_they_are_read() {
        for (given, millis, back) in [
            ("90s", 90_000, "1m30s"),
            ("1h 30m", 5_400_000, "1h30m"),
            ("500ms", 500, "500ms"),
        ] {
            assert_eq!(duration(given), Ok(Duration::from_millis(millis)));
            assert_eq!(shown_duration(Duration::from_millis(millis)), back);
            assert_eq!(duration(back), Ok(Duration::from_millis(millis)));
        }
        for (given, part) in [
            ("", "90s, 15m"),
            ("15", "unit"),
            ("0s", "longer than 0s"),
            ("8d", "7 days"),
            ("-5s", "90s, 15m"),
        ] {
            let message = duration(given).unwrap_err();
            assert!(message.contains(part), "{given}: {message}");
        }
    }

    #[test]
    fn a_files_ending_is_a_format_or_refused() {
        let of = |asked, name: &str| Format::of_file(asked, Path::new(name));
        for (name, format) in [
            ("a.csv", Format::Csv),
            ("a.JSONL", Format::Jsonl),
            ("a.md", Format::Markdown),
            ("a.txt", Format::Table),
            ("a", Format::Table),
        ] {
            assert_eq!(of(None, name), Ok(format), "{name}");
        }
        assert_eq!(of(Some(Format::RawCsv), "a.csv"), Ok(Format::RawCsv));
        assert_eq!(of(Some(Format::Csv), "a.dat"), Ok(Format::Csv));
        for (asked, name, part) in [
            (None, "t.xlsx", "--excel"),
            (Some(Format::Csv), "t.xlsx", "--excel"),
            (None, "t.html", ".csv"),
            (None, "t.dat", "-o"),
        ] {
            assert!(of(asked, name).unwrap_err().contains(part), "{name}");
        }
    }

    #[test]
    fn names_and_endings_tell_formats_apart() {
        let mut endings: Vec<String> = Format::value_variants()
            .iter()
            .map(|f| f.extension())
            .collect();
        endings.sort_unstable();
        endings.dedup();
        assert_eq!(endings.len(), Format::value_variants().len());
        assert_eq!(service("data transfer").unwrap().as_str(), "Data Transfer");
        assert_eq!(status("On hold").unwrap().as_str(), "On hold");
    }
}
