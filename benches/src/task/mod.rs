//! What is measured: one job, done by one of several ways, in a process of its own.

mod floor;
mod ours;
mod plain;

use std::fmt;
use std::str::FromStr;

use crate::Result;
use crate::gauge::Sample;
use crate::replay::focus_url;
use crate::task::plain::invoice_url;

/// A small call's invoice: about 1.1 kB with its head, payments and two items.
const ITEMS_OF_A_SMALL_CALL: u64 = 2;

/// One way of doing one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// Stream the JSON body and drop it.
    FloorJson,
    /// Stream the CSV body and drop it.
    FloorCsv,
    /// Stream the FOCUS file and drop it.
    FloorFocus,
    /// Buffer, decode into hand-written structs, keep all.
    PlainWhole,
    /// The same, then gross cents by SKU.
    PlainTotal,
    /// Buffer, then the `csv` crate's `ByteRecord`s.
    PlainCsv,
    /// Small calls one after the other: a request, a check of its status, a decode.
    PlainCalls,
    /// Ours: full typed items while the body arrives, each dropped.
    Items,
    /// Ours: totals by SKU over that stream.
    Total,
    /// Ours: the statement of `reconcile` over it.
    Statement,
    /// Ours: the sums by day of `forecast` over it.
    Days,
    /// Ours: all that `report` sums over it, in one pass.
    Sums,
    /// Ours: the invoice with all its items.
    Whole,
    /// Ours: typed rows while the CSV arrives, each dropped.
    Rows,
    /// Ours: CSV records while they arrive, each dropped.
    Records,
    /// Ours: the rows of a FOCUS report while its file arrives, each dropped.
    Focus,
    /// Ours: totals by service over them.
    FocusTotal,
    /// Ours: small calls one after the other.
    Calls,
}

impl Task {
    pub(crate) const ALL: &'static [(Self, &'static str)] = &[
        (Self::FloorJson, "floor-json"),
        (Self::FloorCsv, "floor-csv"),
        (Self::FloorFocus, "floor-focus"),
        (Self::PlainWhole, "plain-whole"),
        (Self::PlainTotal, "plain-total"),
        (Self::PlainCsv, "plain-csv"),
        (Self::PlainCalls, "plain-calls"),
        (Self::Items, "items"),
        (Self::Total, "total"),
        (Self::Statement, "statement"),
        (Self::Days, "days"),
        (Self::Sums, "sums"),
        (Self::Whole, "whole"),
        (Self::Rows, "rows"),
        (Self::Records, "records"),
        (Self::Focus, "focus"),
        (Self::FocusTotal, "focus-total"),
        (Self::Calls, "calls"),
    ];

    /// Does it once: `count` items of one invoice, or that many calls.
    pub(crate) async fn run(self, base_url: &str, count: u64) -> Result<Sample> {
        match self {
            Self::FloorJson => floor::run(invoice_url(base_url, count), "json").await,
            Self::FloorCsv => floor::run(invoice_url(base_url, count), "csv").await,
            Self::FloorFocus => floor::run(focus_url(base_url, count), "json").await,
            Self::PlainWhole => plain::whole(base_url, count).await,
            Self::PlainTotal => plain::total(base_url, count).await,
            Self::PlainCsv => plain::csv(base_url, count).await,
            Self::PlainCalls => plain::calls(base_url, count).await,
            Self::Items => ours::items(base_url, count).await,
            Self::Total => ours::total(base_url, count).await,
            Self::Statement => ours::statement(base_url, count).await,
            Self::Days => ours::days(base_url, count).await,
            Self::Sums => ours::sums(base_url, count).await,
            Self::Whole => ours::whole(base_url, count).await,
            Self::Rows => ours::rows(base_url, count).await,
            Self::Records => ours::records(base_url, count).await,
            Self::Focus => ours::focus(base_url, count).await,
            Self::FocusTotal => ours::focus_total(base_url, count).await,
            Self::Calls => ours::calls(base_url, count).await,
        }
    }
}

/// The cents of an amount of two decimal places, as all in these files are. Simple, so that it is
/// the reading of the file that is measured.
fn cents(amount: &[u8]) -> Result<i64> {
    let (sign, digits) = match amount {
        [b'-', digits @ ..] => (-1, digits),
        digits => (1, digits),
    };
    let [.., b'.', b'0'..=b'9', b'0'..=b'9'] = digits else {
        return Err("an amount has two decimal places".into());
    };
    let digits = digits.iter().filter(|byte| **byte != b'.');
    Ok(sign * digits.fold(0, |cents, byte| cents * 10 + i64::from(byte - b'0')))
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = Self::ALL.iter().find(|(task, _)| task == self);
        f.write_str(row.map_or("?", |(_, name)| name))
    }
}

impl FromStr for Task {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let row = Self::ALL.iter().find(|(_, name)| *name == text);
        row.map(|(task, _)| *task)
            .ok_or_else(|| format!("there is no task {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_of_amounts() {
        assert_eq!(cents(b"12.05").unwrap(), 1_205);
        assert_eq!(cents(b"-0.50").unwrap(), -50);
        assert!(cents(b"12").is_err());
        assert!(cents(b"").is_err());
    }

    #[test]
    fn names_read_back() {
        for (task, name) in Task::ALL {
            assert_eq!(task.to_string(), *name);
            assert_eq!(name.parse::<Task>().unwrap(), *task);
        }
        assert!("x".parse::<Task>().is_err());
    }
}
