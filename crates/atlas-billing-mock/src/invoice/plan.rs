//! What an invoice is to look like: enough to make any line of it, without keeping one.

use chrono::{Datelike, Days, NaiveDate};

/// How odd an invoice's line items are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Variety {
    /// Every field as the specification says.
    #[default]
    Plain,
    /// About one item in three has something a client must survive: unknown fields and values,
    /// nulls, missing fields, tags without or with several values, text that needs quoting,
    /// numbers in exponent form.
    Wild,
}

/// The order of an invoice's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum KeyOrder {
    /// Alphabetical, so that half of the head comes after the line items.
    #[default]
    Alphabetical,
    /// The head first, then the line items and linked invoices.
    HeadFirst,
}

/// An invoice to be made: any number of line items, each made while it is sent.
///
/// ```
/// use atlas_billing_mock::{InvoicePlan, Scenario, Variety};
///
/// let scenario = Scenario::builder()
///     .invoice(
///         InvoicePlan::new("66b100000000000000000001")
///             .month(2025, 3)
///             .items(1_000_000)
///             .variety(Variety::Wild),
///     )
///     .build();
/// assert_eq!(scenario.facts("66b100000000000000000001").map(|f| f.line_items), Some(1_000_000));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct InvoicePlan {
    pub(crate) id: String,
    pub(crate) first: NaiveDate,
    pub(crate) days: u32,
    pub(crate) items: u64,
    pub(crate) credits: u64,
    pub(crate) seed: u64,
    pub(crate) status: String,
    pub(crate) variety: Variety,
    pub(crate) order: KeyOrder,
    pub(crate) linked: Vec<InvoicePlan>,
    pub(crate) refunded: bool,
    pub(crate) scale_permille: u64,
    pub(crate) surge: bool,
}

impl InvoicePlan {
    /// A paid invoice of January 2025 with 1,000 line items and two credits among them.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            first: NaiveDate::from_ymd_opt(2025, 1, 1).unwrap_or_default(),
            days: 31,
            items: 1_000,
            credits: 2,
            seed: 1,
            status: "PAID".to_owned(),
            variety: Variety::Plain,
            order: KeyOrder::Alphabetical,
            linked: Vec::new(),
            refunded: false,
            scale_permille: 1_000,
            surge: false,
        }
    }

    /// For this month; a month that the calendar does not have leaves it as it was.
    #[must_use]
    pub fn month(mut self, year: i32, month: u32) -> Self {
        if let Some(first) = NaiveDate::from_ymd_opt(year, month, 1) {
            self.first = first;
            self.days = days_of_month(first);
        }
        self
    }

    /// With usage only up to this day of the month, as a running month has.
    #[must_use]
    pub fn through_day(mut self, day: u32) -> Self {
        self.days = day.clamp(1, days_of_month(self.first));
        self
    }

    /// With this many line items, its credits included; those of linked invoices come on top.
    #[must_use]
    pub fn items(mut self, items: u64) -> Self {
        self.items = items;
        self
    }

    /// With this many of the line items being credits, the last ones.
    #[must_use]
    pub fn credits(mut self, credits: u64) -> Self {
        self.credits = credits;
        self
    }

    /// With other quantities: the same seed makes the same invoice.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// With this status, known to the specification or not.
    #[must_use]
    pub fn status(mut self, status: impl Into<String>) -> Self {
        self.status = status.into();
        self
    }

    /// As odd as this.
    #[must_use]
    pub fn variety(mut self, variety: Variety) -> Self {
        self.variety = variety;
        self
    }

    /// With its keys in this order.
    #[must_use]
    pub fn key_order(mut self, order: KeyOrder) -> Self {
        self.order = order;
        self
    }

    /// With another organization's invoice linked to it.
    #[must_use]
    pub fn linked(mut self, linked: InvoicePlan) -> Self {
        self.linked.push(linked);
        self
    }

    /// With a part of the payment given back.
    #[must_use]
    pub fn refunded(mut self) -> Self {
        self.refunded = true;
        self
    }

    pub(crate) fn scaled(mut self, permille: u64, surge: bool) -> Self {
        (self.scale_permille, self.surge) = (permille, surge);
        self
    }

    /// The day after the invoice's last one.
    pub(crate) fn end(&self) -> NaiveDate {
        next_month(self.first)
    }
}

/// The first day of the month after the one that `day` is in.
pub(crate) fn next_month(day: NaiveDate) -> NaiveDate {
    let (year, month) = if day.month() == 12 {
        (day.year() + 1, 1)
    } else {
        (day.year(), day.month() + 1)
    };
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(day)
}

/// The first day of the month that is `months` before the one that `day` is in.
pub(crate) fn months_before(day: NaiveDate, months: u32) -> NaiveDate {
    let count = day.year() * 12 + day.month0() as i32 - months as i32;
    let (year, month0) = (count.div_euclid(12), count.rem_euclid(12));
    NaiveDate::from_ymd_opt(year, month0 as u32 + 1, 1).unwrap_or(day)
}

fn days_of_month(first: NaiveDate) -> u32 {
    next_month(first)
        .checked_sub_days(Days::new(1))
        .map_or(28, |last| last.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_have_their_days() {
        let plan = InvoicePlan::new("a").month(2024, 2);
        assert_eq!(
            (plan.days, plan.end().to_string()),
            (29, "2024-03-01".to_owned())
        );
        assert_eq!(plan.clone().through_day(40).days, 29);
        assert_eq!(plan.through_day(0).days, 1);
        let plan = InvoicePlan::new("a").month(2024, 13);
        assert_eq!(plan.first.to_string(), "2025-01-01");
        let plan = InvoicePlan::new("a").month(2024, 12);
        assert_eq!(
            (plan.days, plan.end().to_string()),
            (31, "2025-01-01".to_owned())
        );
        let day = NaiveDate::from_ymd_opt(2025, 3, 15).unwrap();
        assert_eq!(months_before(day, 0).to_string(), "2025-03-01");
        assert_eq!(months_before(day, 3).to_string(), "2024-12-01");
        assert_eq!(months_before(day, 15).to_string(), "2023-12-01");
    }
}
