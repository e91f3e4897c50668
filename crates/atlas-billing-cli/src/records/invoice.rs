//! An invoice without its line items: a row of `invoices list`.

use atlas_billing::Month;
use atlas_billing::raw::enums::InvoiceStatus;
use atlas_billing::raw::types::{BillingInvoice, BillingInvoiceMetadata};
use chrono::{DateTime, NaiveDate, Utc};

use crate::output::{Cell, Column, Kind};

/// An invoice without its line items.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct InvoiceRow {
    pub(crate) org_id: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) linked_to: Option<String>,
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
        let text = match (self.start.map(day), self.end.map(day)) {
            (Some(start), Some(end)) => match whole_month(start, end) {
                Some(month) => month.to_string(),
                None => format!("{start} to {}", end.pred_opt().unwrap_or(end)),
            },
            (Some(start), None) => format!("from {start}"),
            (None, Some(end)) => format!("before {end}"),
            (None, None) => "period not said".to_owned(),
        };
        match self.is_pending() {
            true => format!("{text} (to date)"),
            false => text,
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
            linked_to: None,
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
    vec![
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
            "linked_to",
            Kind::Text,
            "The invoice that this one is linked to: another organization pays it. Null for an \
             invoice of the organization's own.",
            |r: &R| Cell::maybe(r.linked_to.as_deref()),
        ),
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
