//! The values of flags and arguments, as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use atlas_billing::raw::enums::{InvoiceStatus, Service};
use atlas_billing::totals::Dimension;
use atlas_billing::{FocusColumn, InvoiceId, Month, Months, OrgId, ParseError};
use chrono::NaiveDate;
use clap::ValueEnum;

/// Months, some of them relative to today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    Months(Months),
    MonthToDate,
    YearToDate,
    LastMonth,
    LastQuarter,
    /// So many months that are over.
    LastMonths(u32),
}

/// The words for periods, those for invoices among them; the first of two is the usual one.
const NAMED: [(&str, Period); 6] = [
    ("mtd", Period::MonthToDate),
    ("ytd", Period::YearToDate),
    ("last-month", Period::LastMonth),
    ("last-quarter", Period::LastQuarter),
    ("current", Period::MonthToDate),
    ("last", Period::LastMonth),
];

/// How a period is written, for help and errors.
const PERIODS: &str =
    "mtd, ytd, last-month, last-quarter, last-3-months, 2025-03, 2025-Q1, 2025 or 2025-01..2025-03";

impl Period {
    /// The months meant on the day `today` (UTC).
    pub(crate) fn resolve(self, today: NaiveDate) -> Result<Months, ParseError> {
        let running = Month::of(today);
        match self {
            Self::Months(months) => Ok(months),
            Self::MonthToDate => Ok(running.into()),
            Self::YearToDate => Months::new(Month::new(running.year(), 1)?, running),
            Self::LastMonth => Ok(Months::previous(today)),
            Self::LastMonths(count) => Months::last(count, today),
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
        let given_lower = given.to_ascii_lowercase();
        let count = given_lower.strip_prefix("last-");
        let count = count.and_then(|rest| rest.strip_suffix("-months"));
        if let Some(count) = count.and_then(|count| count.parse().ok()) {
            return Ok(Self::LastMonths(count));
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
            (Self::LastMonths(count), _) => write!(f, "last-{count}-months"),
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

/// The words for an invoice.
const WORDS: [(&str, Invoice); 4] = [
    ("current", Invoice::Current),
    ("last", Invoice::Last),
    ("last-month", Invoice::LastMonth),
    ("mtd", Invoice::Current),
];

const INVOICES: &str = "current, last, last-month, a month such as 2025-03, or an invoice id";

impl FromStr for Invoice {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let mut words = WORDS.into_iter();
        if let Some((_, invoice)) = words.find(|(word, _)| given.eq_ignore_ascii_case(word)) {
            return Ok(invoice);
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
                _ if given.parse::<Period>().is_ok() => {
                    format!("\"{given}\" is a period, and one invoice is needed; use {INVOICES}")
                }
                _ => {
                    let words = WORDS.map(|(word, _)| word);
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
        if given.eq_ignore_ascii_case("mtd") {
            return Ok(Self::Period(Period::MonthToDate));
        }
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
                    let words = NAMED.map(|(word, _)| word);
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
        let forms = Dimension::forms();
        let words: Vec<&str> = forms.iter().map(String::as_str).collect();
        format!(
            "cannot group by \"{given}\"{}",
            instead(given, &words, &words.join(", "))
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

/// Whether this is an id of a project or cluster, 24 hexadecimal digits as for organizations, and
/// not a name.
pub(crate) fn is_id(given: &str) -> bool {
    given.parse::<OrgId>().is_ok()
}

/// A cluster, by what line items know it by.
pub(crate) fn cluster_name(given: &str) -> Result<String, String> {
    match is_id(given) {
        true => Err(format!(
            "line items have no cluster ids such as \"{given}\"; use the name, which `atlas-billing clusters list` \
             shows"
        )),
        false => Ok(given.to_owned()),
    }
}

/// A tag with its value, `KEY=VALUE`.
pub(crate) fn tag(given: &str) -> Result<(String, String), String> {
    match given.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("\"{given}\" is not a tag such as team=web")),
    }
}

/// A calendar day, in UTC.
pub(crate) fn day(given: &str) -> Result<NaiveDate, String> {
    // The parser takes 2025-3-8, too.
    let day = given.parse().ok().filter(|_| given.len() == 10);
    day.ok_or_else(|| format!("\"{given}\" is not a day such as 2025-03-08"))
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
    nearest(given, words).map_or(format!("; use {all}"), |word| {
        format!("; did you mean \"{word}\"? ({all})")
    })
}

/// The one of `words` that is close to what was given.
pub(crate) fn nearest<'a>(given: &str, words: &[&'a str]) -> Option<&'a str> {
    let given = given.to_lowercase();
    words
        .iter()
        .map(|word| (strsim::jaro_winkler(&given, &word.to_lowercase()), *word))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests;
