//! Reads one invoice: its items one by one, and its head once they have passed.

use atlas_billing::raw::enums::InvoiceStatus;
use atlas_billing::{Dimension, Error, InvoiceHead, LineItem, Org, Totals};

use super::find::Found;
use crate::args::Linked;
use crate::context::Context;
use crate::records::invoice::InvoiceRow;

/// An invoice whose items were summed.
pub(super) struct Summed {
    pub(super) row: InvoiceRow,
    pub(super) head: InvoiceHead,
    pub(super) totals: Totals,
}

/// Sums the items of an invoice by `by`.
pub(super) async fn summed(
    context: &Context,
    org: &Org,
    found: &Found,
    by: &[Dimension],
    linked: Linked,
) -> Result<Summed, Error> {
    let request = org.invoice(found.id).linked_items(linked != Linked::Omit);
    let mut items = request.line_items().await?;
    let mut totals = Totals::new(by);
    match linked {
        Linked::Omit | Linked::Include => totals = items.total_by(by).await?,
        Linked::Only => {
            while let Some(item) = items.next().await {
                let item = item?;
                if wanted(&item, linked) {
                    totals.add(&item);
                }
            }
        }
    }
    let head = items.head().cloned().unwrap_or_default();
    say_left_out(context, &head, linked);
    Ok(Summed {
        row: row(found, &head),
        head,
        totals,
    })
}

/// Whether an item is among those asked for.
pub(super) fn wanted(item: &LineItem, linked: Linked) -> bool {
    match linked {
        Linked::Include => true,
        Linked::Omit => item.linked().is_none(),
        Linked::Only => item.linked().is_some(),
    }
}

/// Says that an invoice has linked ones whose items were left out.
pub(super) fn say_left_out(context: &Context, head: &InvoiceHead, linked: Linked) {
    let count = head.linked_invoices.as_ref().map_or(0, Vec::len);
    if count > 0 && linked == Linked::Omit {
        let invoices = if count == 1 {
            "linked invoice is"
        } else {
            "linked invoices are"
        };
        context.voice.must(&format!(
            "Note: {count} {invoices} left out of {}; --linked include takes them along.",
            head.invoice_id()
        ));
    }
}

/// What the invoice says of itself; the organization asked is its own where it says none.
fn row(found: &Found, head: &InvoiceHead) -> InvoiceRow {
    let mut row = InvoiceRow::from(&**head);
    row.org_id = row.org_id.or_else(|| found.row.org_id.clone());
    row
}

/// A note where an invoice still grows.
pub(super) fn to_date_note(row: &InvoiceRow) -> Option<String> {
    (row.status == Some(InvoiceStatus::Pending)).then(|| {
        format!(
            "{} is to date: the invoice is pending and still grows.",
            row.period_plain()
        )
    })
}
