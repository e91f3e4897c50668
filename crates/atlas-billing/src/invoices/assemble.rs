//! Puts streamed items back into the invoices they were taken from.

use std::collections::BTreeMap;

use atlas_billing_raw::types::BillingInvoice;

use super::invoice::Invoice;
use super::line_item::LineItem;

/// The items of an invoice and of those linked to it, by their place.
#[derive(Debug, Default)]
pub(super) struct Branch {
    items: Vec<LineItem>,
    linked: BTreeMap<usize, Branch>,
}

impl Branch {
    /// Adds the next item of the invoice at `path`: an index among linked invoices, then among those
    /// linked to it, and so on; none for the document's own.
    pub(super) fn add(&mut self, path: &[usize], item: LineItem) {
        let mut branch = self;
        for index in path {
            branch = branch.linked.entry(*index).or_default();
        }
        branch.items.push(item);
    }

    /// The invoice of `head` with these items.
    pub(super) fn into_invoice(mut self, mut head: BillingInvoice) -> Invoice {
        let linked = head.linked_invoices.as_mut().map(std::mem::take);
        let linked = linked.unwrap_or_default().into_iter().enumerate();
        let linked = linked
            .map(|(index, head)| {
                self.linked
                    .remove(&index)
                    .unwrap_or_default()
                    .into_invoice(head)
            })
            .collect();
        Invoice::new(head, self.items, linked)
    }
}
