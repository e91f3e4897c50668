//! An invoice for a person of finance: its figures, payments and refunds.

use atlas_billing::raw::types::{BillingPayment, BillingRefund};
use rust_decimal::Decimal;

use super::read::to_date_note;
use crate::output::{Heading, Layout, Row, amount};
use crate::records::invoice::{Detail, InvoiceRow};

/// What an invoice is, in a line.
pub(super) fn title(row: &InvoiceRow) -> String {
    let id = row.id.as_deref().unwrap_or("without id");
    format!("Invoice {id}, {}, {}", row.period(), row.status_text())
}

/// The invoice's figures, then its payments and refunds if there are any.
pub(super) fn layouts(row: &InvoiceRow) -> Vec<Layout> {
    let mut layouts = vec![figures(row)];
    if let Some(detail) = &row.detail {
        if !detail.payments.is_empty() {
            layouts.push(payments(&detail.payments));
        }
        if !detail.refunds.is_empty() {
            layouts.push(refunds(&detail.refunds));
        }
    }
    layouts
}

fn figures(row: &InvoiceRow) -> Layout {
    let headings = vec![Heading::left(""), Heading::right("")];
    let mut layout = Layout::titled(title(row), headings);
    for (name, cents) in [
        ("subtotal", row.subtotal),
        ("credits", row.credits),
        ("sales tax", row.sales_tax),
        ("starting balance", row.starting_balance),
        ("amount billed", row.billed),
        ("amount paid", row.paid),
    ] {
        layout.rows.push(Row::new([name.to_owned(), shown(cents)]));
    }
    if let Some(detail) = &row.detail {
        of_the_items(&mut layout, detail);
        owed(&mut layout, detail);
    }
    layout.notes.extend(to_date_note(row));
    layout
}

fn of_the_items(layout: &mut Layout, detail: &Detail) {
    let rows = [
        ("line items", amount::count(detail.items)),
        (
            "their prices, before discounts",
            amount::cents(detail.items_gross.get()),
        ),
        (
            "their discounts",
            amount::cents(detail.items_discount.get()),
        ),
    ];
    layout
        .rows
        .extend(rows.map(|(name, figure)| Row::new([name.to_owned(), figure])));
}

fn owed(layout: &mut Layout, detail: &Detail) {
    let Some(owed) = &detail.owed else {
        return;
    };
    // The rule gives hundredths, fractions of them included.
    let units = owed
        .owed
        .checked_div(Decimal::ONE_HUNDRED)
        .map(amount::decimal);
    let currency = owed
        .currency
        .as_ref()
        .map_or(String::new(), |code| format!(" {code}"));
    let row = ["owed, as documented".to_owned(), units.unwrap_or_default()];
    layout.rows.push(Row::new(row));
    layout.notes.push(format!(
        "Owed{currency} is the documented rule and no more: for each payment its amount billed \
         times its unit price, plus its sales tax, less the starting balance."
    ));
}

fn payments(payments: &[BillingPayment]) -> Layout {
    let mut headings = ["payment", "status", "created", "currency"]
        .map(Heading::left)
        .to_vec();
    headings.extend(["subtotal", "tax", "billed", "paid"].map(Heading::right));
    let mut layout = Layout::titled("Payments", headings);
    for payment in payments {
        let status = payment
            .status_name
            .as_ref()
            .map(|status| status.as_str().to_owned());
        layout.rows.push(Row::new([
            payment.id.clone().unwrap_or_default(),
            status.unwrap_or_default(),
            day(payment.created),
            payment.currency.clone().unwrap_or_default(),
            shown(payment.subtotal_cents),
            shown(payment.sales_tax_cents),
            shown(payment.amount_billed_cents),
            shown(payment.amount_paid_cents),
        ]));
    }
    layout
}

fn refunds(refunds: &[BillingRefund]) -> Layout {
    let mut headings = ["refund of payment", "created", "reason"]
        .map(Heading::left)
        .to_vec();
    headings.push(Heading::right("amount"));
    let mut layout = Layout::titled("Refunds", headings);
    for refund in refunds {
        layout.rows.push(Row::new([
            refund.payment_id.clone().unwrap_or_default(),
            day(refund.created),
            refund.reason.clone().unwrap_or_default(),
            shown(refund.amount_cents),
        ]));
    }
    layout
}

fn shown(cents: Option<i64>) -> String {
    cents.map_or(String::new(), |cents| amount::cents(cents.into()))
}

fn day(moment: Option<chrono::DateTime<chrono::Utc>>) -> String {
    moment.map_or(String::new(), |moment| moment.date_naive().to_string())
}
