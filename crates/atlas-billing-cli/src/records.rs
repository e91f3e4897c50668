//! Invoices and their line items as records, described column by column.

use std::sync::Arc;

use atlas_billing::money::{Owed, Statement, status_note};
use atlas_billing::totals::Total;
use atlas_billing::{
    CloudProvider, Invoice, InvoiceStatus, InvoiceSummary, LineItem, LinkedInvoice, Month,
};
use chrono::{DateTime, NaiveDate, Utc};

use crate::output::{Cell, Column, columns};

/// An invoice without its line items.
#[derive(Debug, Clone, Default)]
pub(crate) struct InvoiceRow {
    pub(crate) invoice: Invoice,
    /// The sum of its line items, where those were read.
    pub(crate) items: Option<Total>,
}

impl From<&InvoiceSummary> for InvoiceRow {
    fn from(summary: &InvoiceSummary) -> Self {
        let mut invoice = Invoice::default();
        invoice.org_id.clone_from(&summary.org_id);
        invoice.id.clone_from(&summary.id);
        invoice.status_name.clone_from(&summary.status_name);
        invoice.start_date = summary.start_date;
        invoice.end_date = summary.end_date;
        invoice.created = summary.created;
        invoice.updated = summary.updated;
        invoice.subtotal_cents = summary.subtotal_cents;
        invoice.credits_cents = summary.credits_cents;
        invoice.sales_tax_cents = summary.sales_tax_cents;
        invoice.starting_balance_cents = summary.starting_balance_cents;
        invoice.amount_billed_cents = summary.amount_billed_cents;
        invoice.amount_paid_cents = summary.amount_paid_cents;
        Self {
            invoice,
            items: None,
        }
    }
}

impl From<&Statement> for InvoiceRow {
    fn from(statement: &Statement) -> Self {
        let mut invoice = Invoice::default();
        invoice.org_id.clone_from(&statement.org_id);
        invoice.id.clone_from(&statement.invoice_id);
        invoice.status_name.clone_from(&statement.status);
        invoice.start_date = statement.start_date;
        invoice.end_date = statement.end_date;
        invoice.updated = statement.updated;
        Self {
            invoice,
            items: None,
        }
    }
}

impl InvoiceRow {
    /// The month that the invoice is for.
    pub(crate) fn month(&self) -> Option<Month> {
        Self::month_of(&self.invoice)
    }

    /// The month that an invoice is for, by its start; else by its end, excluded, which comes before
    /// the line items in a response.
    pub(crate) fn month_of(invoice: &Invoice) -> Option<Month> {
        let last = || invoice.end_date?.date_naive().pred_opt();
        let day = invoice.start_date.map(|start| start.date_naive());
        day.or_else(last).map(Month::of)
    }

    /// Whether it still grows.
    pub(crate) fn is_pending(&self) -> bool {
        self.invoice.status_name == Some(InvoiceStatus::Pending)
    }

    /// What it is for, for a reader, marked where it still grows.
    pub(crate) fn period(&self) -> String {
        let to_date = if self.is_pending() { " (to date)" } else { "" };
        format!("{}{to_date}", self.period_plain())
    }

    /// What it is for: a month, or the days from the first to the last.
    pub(crate) fn period_plain(&self) -> String {
        Self::period_of(self.invoice.start_date, self.invoice.end_date)
    }

    /// What an invoice from `start` to `end`, exclusive, is for.
    pub(crate) fn period_of(start: Option<DateTime<Utc>>, end: Option<DateTime<Utc>>) -> String {
        match (
            start.map(|start| start.date_naive()),
            end.map(|end| end.date_naive()),
        ) {
            (Some(start), Some(end)) => match whole_month(start, end) {
                Some(month) => month.to_string(),
                None => format!("{start} to {}", end.pred_opt().unwrap_or(end)),
            },
            (Some(start), None) => format!("from {start}"),
            (None, Some(end)) => format!("before {end}"),
            (None, None) => "period unknown".to_owned(),
        }
    }

    /// The status as the service writes it.
    pub(crate) fn status(&self) -> &str {
        self.invoice
            .status_name
            .as_ref()
            .map_or("status unknown", InvoiceStatus::as_str)
    }

    /// Id, period and status, in a message.
    pub(crate) fn named(&self) -> String {
        let id = self.invoice.id.as_deref().unwrap_or("without id");
        format!("{id}, {}, {}", self.period(), self.status())
    }

    /// A note where it still grows.
    pub(crate) fn to_date_note(&self) -> Option<String> {
        let period = self.period_plain();
        self.is_pending()
            .then(|| format!("{period} is incomplete: the invoice is pending and still grows."))
    }

    /// Behind the name of an amount that is due by the figures, where by the status it is not collected.
    pub(crate) fn waived_mark(&self) -> &'static str {
        match self.invoice.status_name {
            Some(InvoiceStatus::Forgiven) => ", FORGIVEN",
            _ => "",
        }
    }

    /// The same as a sentence.
    pub(crate) fn waived_note(&self) -> Option<String> {
        let status = self.invoice.status_name.as_ref();
        let note = status.filter(|_| !self.waived_mark().is_empty());
        Some(format!("{}: {}.", self.period_plain(), status_note(note?)?))
    }

    /// Payments and refunds as a document; nothing where the invoice itself was not read.
    fn document<T: serde::Serialize>(&self, part: fn(&Invoice) -> &T) -> Cell<'_> {
        Cell::json(self.items.is_some().then(|| part(&self.invoice)))
    }
}

/// The month that runs from `start` to the day before `end`.
fn whole_month(start: NaiveDate, end: NaiveDate) -> Option<Month> {
    let month = Month::of(start);
    (month.first_day() == start && month.next().first_day() == end).then_some(month)
}

/// Describes the record of an invoice.
pub(crate) fn invoice_columns() -> Vec<Column<InvoiceRow>> {
    columns! { InvoiceRow:
        "org_id" Text = |r| r.invoice.org_id.as_deref(), "The organization that is billed.";
        "invoice_id" Text ("id") = |r| r.invoice.id.as_deref(), "The invoice.";
        "period_start" Moment = |r| r.invoice.start_date, "The beginning of the period, UTC.";
        "period_end" Moment = |r| r.invoice.end_date, "The end of the period, UTC, excluded.";
        "invoice_status" Text = |r| r.invoice.status_name.as_ref().map(InvoiceStatus::as_str),
            "The status, such as PENDING (still growing), CLOSED or PAID; the set is open.";
        "invoice_created" Moment = |r| r.invoice.created, "When the invoice was created, UTC.";
        "invoice_updated" Moment = |r| r.invoice.updated, "When it last changed, UTC.";
        "subtotal_cents" Cents ("subtotal") = |r| r.invoice.subtotal_cents,
            "The sum of what is charged, before tax.";
        "credits_cents" Cents ("credits") = |r| r.invoice.credits_cents, "The credits that were applied.";
        "sales_tax_cents" Cents ("tax") = |r| r.invoice.sales_tax_cents, "The sales tax.";
        "starting_balance_cents" Cents = |r| r.invoice.starting_balance_cents,
            "What was still open when the period began.";
        "amount_billed_cents" Cents ("billed") = |r| r.invoice.amount_billed_cents, "What was billed.";
        "amount_paid_cents" Cents ("paid") = |r| r.invoice.amount_paid_cents, "What was paid.";
        "items" Integer = |r| r.items.map(|items| items.count),
            "How many line items it has; with filters how many pass them, and so for the next two. Null in a \
             list, as everything that follows: only `invoices show` reads the invoice itself.";
        "items_gross_cents" Cents = |r| r.items.map(|items| items.gross),
            "The sum of the prices of the line items: of `total_price_cents`.";
        "items_discount_cents" Cents = |r| r.items.map(|items| items.discount),
            "The sum of the discounts of the line items.";
        "items_net_cents" Cents = |r| r.items.map(|items| items.net()),
            "The sum of the line items less their discounts: what they cost if prices are before discounts.";
        "owed_as_documented_cents" Number = |r| Owed::of(&r.invoice).map(|owed| owed.owed.normalize()),
            "The amount due by the documented rule: for each payment its amount billed times its unit price, \
            plus its sales tax, less the starting balance. Null where a term is missing.";
        "payments" List = |r| r.document(|invoice| &invoice.payments),
            "The payments, with the field names of the service.";
        "refunds" List = |r| r.document(|invoice| &invoice.refunds),
            "The refunds, with the field names of the service.";
    }
}

/// A line item, with what is known of its invoice.
#[derive(Debug)]
pub(crate) struct ItemRow {
    /// The invoice that was asked for, as far as it was known before its items.
    pub(crate) invoice: Arc<Invoice>,
    /// Counted from 0 in the order received.
    pub(crate) index: u64,
    /// The linked invoice that the item belongs to.
    pub(crate) linked: Option<LinkedInvoice>,
    /// The organization of the linked invoice, as far as it is known.
    pub(crate) linked_org: Option<Arc<str>>,
    pub(crate) item: LineItem,
}

impl ItemRow {
    /// The organization that used what is charged.
    fn used_by(&self) -> Option<&str> {
        match self.linked {
            Some(_) => self.linked_org.as_deref(),
            None => self.invoice.org_id.as_deref(),
        }
    }

    fn tags(&self) -> Cell<'_> {
        match self.item.tags.is_empty() {
            true => Cell::Null,
            false => Cell::Tags(&self.item.tags),
        }
    }
}

/// Describes the record of a line item.
pub(crate) fn item_columns() -> Vec<Column<ItemRow>> {
    columns! { ItemRow:
        "org_id" Text = |r| r.invoice.org_id.as_deref(), "The organization whose invoice it is.";
        "invoice_id" Text = |r| r.invoice.id.as_deref(),
            "The invoice that was asked for: a load replaces everything that has it.";
        "item_index" Integer always = |r| r.index,
            "The position in the invoice, from 0, in the order received; items of linked invoices count \
             where they are included.";
        "period_start" Moment = |r| r.invoice.start_date,
            "The beginning of the period of the invoice, UTC, as the list of invoices has it; for an invoice \
             given by its id as the response has it before its items, else null. The same for the next three.";
        "period_end" Moment = |r| r.invoice.end_date, "The end of that period, UTC, excluded.";
        "invoice_status" Text = |r| r.invoice.status_name.as_ref().map(InvoiceStatus::as_str),
            "The status of the invoice when it was read; while it is PENDING, items are added and changed.";
        "invoice_updated" Moment = |r| r.invoice.updated, "When the invoice had last changed, UTC.";
        "is_linked" Boolean always = |r| r.linked.is_some(),
            "Whether the item belongs to a linked invoice: of another organization that this one pays for.";
        "linked_invoice_id" Text = |r| r.linked.as_ref().and_then(LinkedInvoice::id),
            "The linked invoice, where the response has its id before its items.";
        "used_by_org_id" Text = |r| r.used_by(),
            "The organization that used it: that of the linked invoice for its items, null where it is not \
             known; else the one whose invoice it is.";
        "start_date" Moment ("day") = |r| r.item.start_date, "When the usage began, UTC.";
        "end_date" Moment = |r| r.item.end_date, "When the usage ended, UTC, excluded.";
        "created" Moment = |r| r.item.created, "When the item was created, UTC.";
        "sku" Text ("sku") = |r| r.item.sku.as_deref(), "What was used, as a code; the set is open.";
        "cloud_provider" Text = |r| r.item.cloud_provider.as_ref().map(CloudProvider::as_str),
            "The cloud provider; the set is open.";
        "project_id" Text = |r| r.item.group_id.as_deref(), "The project.";
        "project_name" Text ("project") = |r| r.item.group_name.as_deref(), "The name of the project.";
        "cluster_name" Text ("cluster") = |r| r.item.cluster_name.as_deref(),
            "The cluster, unique in its project alone.";
        "app_name" Text = |r| r.item.stitch_app_name.as_deref(), "The application of App Services.";
        "note" Text = |r| r.item.note.as_deref(), "A remark of the service.";
        "tags" Tags = |r| r.tags(),
            "The tags of the resource at the time of the call: values by key.";
        "quantity" Number ("quantity") = |r| r.item.quantity.as_ref(), "How many units were used.";
        "unit" Text ("unit") = |r| r.item.unit.as_deref(), "What quantity counts.";
        "unit_price_dollars" Number = |r| r.item.unit_price_dollars.as_ref(),
            "The price of one unit, in dollars or the pricing currency.";
        "total_price_cents" Cents ("price") = |r| r.item.total_price_cents,
            "The price in cents of the invoice's pricing currency. Whether that is before or after discounts is \
            disputed: `invoices reconcile` tests it.";
        "discount_cents" Cents ("discount") = |r| r.item.discount_cents,
            "The discount in cents of the same currency.";
        "percent_discount" Number = |r| r.item.percent_discount.as_ref(), "The discount in percent.";
        "tier_lower_bound" Number = |r| r.item.tier_lower_bound.as_ref(),
            "From how many units on the price applies.";
        "tier_upper_bound" Number = |r| r.item.tier_upper_bound.as_ref(),
            "Up to how many units the price applies.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_month_or_its_days() {
        let row = |start: &str, end: &str, status| {
            let mut row = InvoiceRow::default();
            row.invoice.start_date = format!("{start}T00:00:00Z").parse().ok();
            row.invoice.end_date = format!("{end}T00:00:00Z").parse().ok();
            row.invoice.status_name = Some(status);
            row
        };
        let (paid, pending) = (InvoiceStatus::Paid, InvoiceStatus::Pending);
        for (row, period) in [
            (row("2024-12-01", "2025-01-01", paid.clone()), "2024-12"),
            (
                row("2025-03-05", "2025-04-01", paid.clone()),
                "2025-03-05 to 2025-03-31",
            ),
            (row("2025-03-01", "", paid), "from 2025-03-01"),
            (
                row("2025-03-01", "2025-04-01", pending),
                "2025-03 (to date)",
            ),
            (InvoiceRow::default(), "period unknown"),
        ] {
            assert_eq!(row.period(), period);
        }
    }
}
