//! An invoice without its line items: a row of `invoices list`, and what `invoices show` adds.

use atlas_billing::raw::enums::InvoiceStatus;
use atlas_billing::raw::types::{
    BillingInvoice, BillingInvoiceMetadata, BillingPayment, BillingRefund,
};
use atlas_billing::{Cents, InvoiceOwed, Month};
use chrono::{DateTime, NaiveDate, Utc};

use crate::output::{Cell, Column, Kind};

/// An invoice without its line items.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct InvoiceRow {
    pub(crate) org_id: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) start: Option<DateTime<Utc>>,
    pub(crate) end: Option<DateTime<Utc>>,
    pub(crate) status: Option<InvoiceStatus>,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) updated: Option<DateTime<Utc>>,
    pub(crate) subtotal: Option<i64>,
    pub(crate) credits: Option<i64>,
    pub(crate) sales_tax: Option<i64>,
    pub(crate) starting_balance: Option<i64>,
    pub(crate) billed: Option<i64>,
    pub(crate) paid: Option<i64>,
    /// What the invoice itself says and the list does not.
    pub(crate) detail: Option<Detail>,
}

/// What an invoice says that the list of invoices does not.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Detail {
    pub(crate) items: u64,
    pub(crate) items_gross: Cents,
    pub(crate) items_discount: Cents,
    pub(crate) owed: Option<InvoiceOwed>,
    pub(crate) payments: Vec<BillingPayment>,
    pub(crate) refunds: Vec<BillingRefund>,
}

impl InvoiceRow {
    /// The month that the invoice is for.
    pub(crate) fn month(&self) -> Option<Month> {
        self.start.map(|start| Month::of(start.date_naive()))
    }

    /// Whether it still grows.
    pub(crate) fn is_pending(&self) -> bool {
        self.status == Some(InvoiceStatus::Pending)
    }

    /// What it is for, for a reader: a month, or the days from the first to the last.
    pub(crate) fn period(&self) -> String {
        match self.is_pending() {
            true => format!("{} (to date)", self.period_plain()),
            false => self.period_plain(),
        }
    }

    /// The same without a mark for one that still grows.
    pub(crate) fn period_plain(&self) -> String {
        match (self.start.map(day), self.end.map(day)) {
            (Some(start), Some(end)) => match whole_month(start, end) {
                Some(month) => month.to_string(),
                None => format!("{start} to {}", end.pred_opt().unwrap_or(end)),
            },
            (Some(start), None) => format!("from {start}"),
            (None, Some(end)) => format!("before {end}"),
            (None, None) => "period not said".to_owned(),
        }
    }

    /// The status as the service writes it.
    pub(crate) fn status_text(&self) -> &str {
        self.status
            .as_ref()
            .map_or("status not said", InvoiceStatus::as_str)
    }
}

fn day(moment: DateTime<Utc>) -> NaiveDate {
    moment.date_naive()
}

/// The month that runs from `start` to the day before `end`.
fn whole_month(start: NaiveDate, end: NaiveDate) -> Option<Month> {
    let month = Month::of(start);
    (month.first_day() == start && month.next().first_day() == end).then_some(month)
}

/// Both of upstream's types for an invoice have these fields.
macro_rules! row_of {
    ($invoice:expr) => {
        InvoiceRow {
            org_id: $invoice.org_id.clone(),
            id: $invoice.id.clone(),
            start: $invoice.start_date,
            end: $invoice.end_date,
            status: $invoice.status_name.clone(),
            created: $invoice.created,
            updated: $invoice.updated,
            subtotal: $invoice.subtotal_cents,
            credits: $invoice.credits_cents,
            sales_tax: $invoice.sales_tax_cents,
            starting_balance: $invoice.starting_balance_cents,
            billed: $invoice.amount_billed_cents,
            paid: $invoice.amount_paid_cents,
            detail: None,
        }
    };
}

impl From<&BillingInvoiceMetadata> for InvoiceRow {
    fn from(invoice: &BillingInvoiceMetadata) -> Self {
        row_of!(invoice)
    }
}

impl From<&BillingInvoice> for InvoiceRow {
    fn from(invoice: &BillingInvoice) -> Self {
        row_of!(invoice)
    }
}

/// Describes the record.
pub(crate) fn columns() -> Vec<Column<InvoiceRow>> {
    type R = InvoiceRow;
    let mut columns = vec![
        Column::new(
            "org_id",
            Kind::Text,
            "The organization that is billed.",
            |r: &R| Cell::maybe(r.org_id.as_deref()),
        ),
        Column::new("invoice_id", Kind::Text, "The invoice.", |r: &R| {
            Cell::maybe(r.id.as_deref())
        })
        .shown("id"),
        Column::new(
            "period_start",
            Kind::Moment,
            "The beginning of the period, UTC.",
            |r: &R| Cell::moment(r.start),
        )
        .shown("period"),
        Column::new(
            "period_end",
            Kind::Moment,
            "The end of the period, UTC, excluded.",
            |r: &R| Cell::moment(r.end),
        ),
        Column::new(
            "invoice_status",
            Kind::Text,
            "The status, such as PENDING (still growing), CLOSED or PAID; the service may add \
             others.",
            |r: &R| Cell::maybe(r.status.as_ref().map(InvoiceStatus::as_str)),
        )
        .shown("status"),
        Column::new(
            "invoice_created",
            Kind::Moment,
            "When the invoice was made, UTC.",
            |r: &R| Cell::moment(r.created),
        ),
        Column::new(
            "invoice_updated",
            Kind::Moment,
            "When it last changed, UTC.",
            |r: &R| Cell::moment(r.updated),
        ),
        cents(
            "subtotal_cents",
            "subtotal",
            "The sum of what is charged, before tax.",
            |r| r.subtotal,
        ),
        cents(
            "credits_cents",
            "credits",
            "The credits that were applied.",
            |r| r.credits,
        ),
        cents("sales_tax_cents", "tax", "The sales tax.", |r| r.sales_tax),
        Column::new(
            "starting_balance_cents",
            Kind::Cents,
            "What was still open when the period began.",
            |r: &R| Cell::integer(r.starting_balance),
        ),
        cents("amount_billed_cents", "billed", "What was billed.", |r| {
            r.billed
        }),
        cents("amount_paid_cents", "paid", "What was paid.", |r| r.paid),
    ];
    columns.extend(of_the_detail());
    columns
}

/// The columns that `invoices list` leaves null.
fn of_the_detail() -> Vec<Column<InvoiceRow>> {
    type R = InvoiceRow;
    vec![
        Column::new(
            "items",
            Kind::Integer,
            "How many line items it has. Null in a list, as for all that follows: only `invoices \
             show` reads the invoice itself.",
            |r: &R| Cell::integer(r.detail.as_ref().and_then(|d| i64::try_from(d.items).ok())),
        ),
        Column::new(
            "items_gross_cents",
            Kind::Cents,
            "The sum of the items' prices, as documented before discounts.",
            |r: &R| {
                r.detail
                    .as_ref()
                    .map_or(Cell::Null, |d| Cell::cents(d.items_gross))
            },
        ),
        Column::new(
            "items_discount_cents",
            Kind::Cents,
            "The sum of the items' discounts.",
            |r: &R| {
                r.detail
                    .as_ref()
                    .map_or(Cell::Null, |d| Cell::cents(d.items_discount))
            },
        ),
        Column::new(
            "owed_as_documented_cents",
            Kind::Number,
            "By the documented rule, which is all it is: for each payment its amount billed times \
             its unit price, plus its sales tax, less the starting balance. Null where a term is \
             missing.",
            |r: &R| {
                let owed = r.detail.as_ref().and_then(|detail| detail.owed.as_ref());
                owed.map_or(Cell::Null, |owed| Cell::Number(owed.owed.to_string()))
            },
        ),
        Column::new(
            "payments",
            Kind::List,
            "The payments, with the names of the service's own fields.",
            |r: &R| Cell::json(r.detail.as_ref().map(|detail| &detail.payments)),
        ),
        Column::new(
            "refunds",
            Kind::List,
            "The refunds, with the names of the service's own fields.",
            |r: &R| Cell::json(r.detail.as_ref().map(|detail| &detail.refunds)),
        ),
    ]
}

fn cents(
    name: &'static str,
    heading: &'static str,
    means: &'static str,
    read: fn(&InvoiceRow) -> Option<i64>,
) -> Column<InvoiceRow> {
    Column::new(name, Kind::Cents, means, move |row: &InvoiceRow| {
        Cell::integer(read(row))
    })
    .shown(heading)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(start: &str, end: &str, status: InvoiceStatus) -> InvoiceRow {
        let moment = |day: &str| format!("{day}T00:00:00Z").parse().ok();
        let (start, end) = (moment(start), moment(end));
        InvoiceRow {
            start,
            end,
            status: Some(status),
            ..InvoiceRow::default()
        }
    }

    #[test]
    fn a_period_is_a_month_or_its_days() {
        let paid = InvoiceStatus::Paid;
        assert_eq!(
            row("2025-03-01", "2025-04-01", paid.clone()).period(),
            "2025-03"
        );
        assert_eq!(
            row("2024-12-01", "2025-01-01", paid.clone()).period(),
            "2024-12"
        );
        let odd = row("2025-03-05", "2025-04-01", paid.clone());
        assert_eq!(odd.period(), "2025-03-05 to 2025-03-31");
        assert_eq!(row("2025-03-01", "", paid).period(), "from 2025-03-01");
        let pending = row("2025-03-01", "2025-04-01", InvoiceStatus::Pending);
        assert_eq!(pending.period(), "2025-03 (to date)");
        assert_eq!(InvoiceRow::default().period(), "period not said");
    }
}
