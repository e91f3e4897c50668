//! The sides of a comparison: an invoice, or those of some months, by day; and the same days of two.

use atlas_billing::money::{Basis, Comparison, DailyGroups, DailyTotals};
use atlas_billing::totals::{Group, Total};
use atlas_billing::{Cents, Month, Months, OrgId};
use chrono::NaiveDate;

use super::read::ByDay;
use super::scope::Through;
use crate::args::Linked;
use crate::failure::Failure;
use crate::records::InvoiceRow;
use crate::text;

/// One side, read.
pub(super) struct Side {
    pub(super) invoices: Vec<InvoiceRow>,
    pub(super) months: Option<Months>,
    /// The charges by day of each invoice; where a filter is set, those that pass it.
    daily: Vec<DailyGroups>,
    /// The charges of the last invoice, whatever the filter.
    all: DailyTotals,
}

impl Side {
    /// Nothing yet; of `months` where there are several.
    pub(super) fn new(months: Option<Months>) -> Self {
        Self {
            invoices: Vec::new(),
            months,
            daily: Vec::new(),
            all: DailyTotals::new(),
        }
    }

    /// Adds an invoice.
    pub(super) fn push(&mut self, invoice: ByDay) {
        self.invoices.push(invoice.row);
        self.daily.push(invoice.daily);
        self.all = invoice.all;
    }

    /// What it is for, for a reader, marked where it still grows.
    pub(super) fn period(&self) -> String {
        match (self.months, self.invoices.as_slice()) {
            (None, [one]) => one.period(),
            (Some(months), _) => months.to_string(),
            _ => "period unknown".to_owned(),
        }
    }

    pub(super) fn period_plain(&self) -> String {
        match (self.months, self.invoices.as_slice()) {
            (None, [one]) => one.period_plain(),
            _ => self.period(),
        }
    }

    /// The month of the only invoice.
    pub(super) fn month(&self) -> Option<Month> {
        match self.invoices.as_slice() {
            [one] if self.months.is_none() => one.month(),
            _ => None,
        }
    }

    /// The month, where its charges are not complete yet.
    pub(super) fn month_to_date(&self, today: NaiveDate) -> Option<Month> {
        let is_pending = self.invoices.iter().any(InvoiceRow::is_pending);
        let month = self.month().filter(|_| is_pending)?;
        let through = self.all.complete_through(month, today);
        (through != Some(month.last_day())).then_some(month)
    }

    /// The charges by day of the only invoice.
    pub(super) fn days(&self) -> Option<(DailyTotals, Month)> {
        Some((self.daily.first()?.total(), self.month()?))
    }

    /// The groups: of all charges, or of the daily ones of the first days.
    pub(super) fn groups(&self, days: Option<u32>) -> Vec<Group> {
        let month = self.month();
        let groups = self.daily.iter().flat_map(|daily| match (days, month) {
            (Some(days), Some(month)) => daily.first_days(month, days),
            _ => daily.totals(),
        });
        groups.collect()
    }

    /// The sum of all charges, or of the daily ones of the first days.
    pub(super) fn sum(&self, days: Option<u32>) -> Total {
        let month = self.month();
        let totals = self.daily.iter().map(|daily| match (days, month) {
            (Some(days), Some(month)) => daily.total().first_days(month, days),
            _ => daily.total().total(),
        });
        totals.sum()
    }

    /// The organizations that it is of.
    pub(super) fn whose(&self, payer: &OrgId, linked: Linked) -> String {
        let last = self.invoices.last();
        last.map_or_else(String::new, |row| row.whose(payer, linked))
    }

    /// Up to which day there is data.
    pub(super) fn through(&self) -> Through {
        let last = self.invoices.last();
        last.map_or(Through::Unknown, InvoiceRow::through)
    }

    /// How many days it is of.
    pub(super) fn day_count(&self) -> Option<u32> {
        let days = |month: Month| month.day_count();
        match self.months {
            Some(months) => Some(months.iter().map(days).sum()),
            None => self.month().map(days),
        }
    }
}

/// The same days of both, where one of them is a month to date.
pub(super) fn same_days(
    today: NaiveDate,
    from: &Side,
    to: &Side,
) -> Result<Option<Comparison>, Failure> {
    let (running, other) = match (from.month_to_date(today), to.month_to_date(today)) {
        (None, None) => return Ok(None),
        (_, Some(_)) => (to, from),
        (Some(_), None) => (from, to),
    };
    let (Some((days, month)), Some((others, earlier))) = (running.days(), other.days()) else {
        return Ok(None);
    };
    let Some(through) = running.all.complete_through(month, today) else {
        return Err(Failure::usage(format!(
            "no day of {month} is complete on {today}: nothing to compare yet"
        ))
        .with_help("without a period the last two closed months are compared"));
    };
    let (days, others) = ((&days, month), (&others, earlier));
    let compared = Comparison::through(days, others, through, Basis::Prices);
    Ok(Some(compared))
}

/// What is compared of a month to date, and what is not.
pub(super) fn same_days_notes(same: &Comparison) -> [String; 2] {
    let Comparison {
        month,
        earlier_month,
        days,
        ..
    } = same;
    let both = |(now, before): (Cents, Cents)| {
        let [now, before] = [now, before].map(|cents| text::cents(cents.get()));
        format!("{before} in {earlier_month}, {now} in {month}")
    };
    let which = first_days(*days);
    [
        format!(
            "Compared are the daily charges of {which} of each month: {month} is complete through {}.",
            same.through
        ),
        format!(
            "Not compared, since posted at times of their own: charges for more than a day ({}), credits ({}).",
            both(same.monthly),
            both(same.credits)
        ),
    ]
}

/// The first days of a month, in words.
pub(super) fn first_days(days: u32) -> String {
    match days {
        1 => "day 1".to_owned(),
        days => format!("days 1 to {days}"),
    }
}
