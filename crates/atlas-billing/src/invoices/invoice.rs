//! A whole invoice in memory.

use std::ops::Deref;

use atlas_billing_raw::types::BillingInvoice;
use serde::{Deserialize, Serialize, Serializer};

use super::head::InvoiceHead;
use super::line_item::LineItem;
use crate::ResponseMeta;
use crate::money::{Dimension, ItemSums, Reconciliation, Totals};

/// A whole invoice in memory: its head, which it dereferences to, its line items, and the invoices
/// linked to it with theirs.
///
/// Serializes to the shape in which the service sends it, values that this crate does not know
/// included, and can be read back from it. Two invoices are equal if their contents are, however
/// they came.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Invoice {
    head: InvoiceHead,
    /// The line items, in the order of the answer.
    pub line_items: Vec<LineItem>,
    /// The invoices of organizations that this one's pays for, in the order of the answer.
    pub linked_invoices: Vec<Invoice>,
    /// Whether the lists were there though empty, so that they are written as they were read.
    listed: Listed,
    meta: Option<ResponseMeta>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Listed {
    items: bool,
    linked: bool,
}

impl Invoice {
    /// An invoice of a decoded head, and the items and linked invoices that were taken out of it.
    pub(super) fn new(
        mut head: BillingInvoice,
        line_items: Vec<LineItem>,
        linked_invoices: Vec<Invoice>,
    ) -> Self {
        let listed = Listed {
            items: head.line_items.take().is_some(),
            linked: head.linked_invoices.take().is_some(),
        };
        Self {
            head: InvoiceHead::new(head),
            line_items,
            linked_invoices,
            listed,
            meta: None,
        }
    }

    pub(super) fn with_meta(mut self, meta: Option<ResponseMeta>) -> Self {
        self.meta = meta;
        self
    }

    /// The invoice without its line items.
    pub fn head(&self) -> &InvoiceHead {
        &self.head
    }

    /// Status, headers, rate limit and version of the answer; `None` for a linked invoice and for
    /// one that came from elsewhere.
    pub fn meta(&self) -> Option<&ResponseMeta> {
        self.meta.as_ref()
    }

    /// Exact sums of the line items by one or more dimensions; linked invoices' items are not in
    /// them.
    ///
    /// ```
    /// # use atlas_billing::{Dimension, Invoice};
    /// # fn show(invoice: &Invoice) {
    /// let totals = invoice.total_by(&[Dimension::Project, Dimension::Sku]);
    /// for group in totals.groups() {
    ///     println!("{} {}: {}", group.keys[0], group.keys[1], group.total.gross);
    /// }
    /// # }
    /// ```
    pub fn total_by(&self, by: &[Dimension]) -> Totals {
        let mut totals = Totals::new(by);
        for item in &self.line_items {
            totals.add(item);
        }
        totals
    }

    /// The sum of the line items beside the figures that the invoice states.
    pub fn reconcile(&self) -> Reconciliation {
        let mut sums = ItemSums::default();
        for item in &self.line_items {
            sums.add(item);
        }
        Reconciliation::new(sums, &self.head)
    }

    /// The generated value, items and linked invoices put back.
    pub fn into_raw(self) -> BillingInvoice {
        let mut raw = self.head.into_raw();
        if self.listed.items || !self.line_items.is_empty() {
            raw.line_items = Some(
                self.line_items
                    .into_iter()
                    .map(LineItem::into_raw)
                    .collect(),
            );
        }
        if self.listed.linked || !self.linked_invoices.is_empty() {
            raw.linked_invoices = Some(
                self.linked_invoices
                    .into_iter()
                    .map(Self::into_raw)
                    .collect(),
            );
        }
        raw
    }
}

impl Deref for Invoice {
    type Target = InvoiceHead;

    fn deref(&self) -> &InvoiceHead {
        &self.head
    }
}

impl PartialEq for Invoice {
    fn eq(&self, other: &Self) -> bool {
        self.head == other.head
            && self.line_items == other.line_items
            && self.linked_invoices == other.linked_invoices
    }
}

impl From<BillingInvoice> for Invoice {
    fn from(mut raw: BillingInvoice) -> Self {
        let items = raw
            .line_items
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default();
        let linked = raw
            .linked_invoices
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default();
        Self::new(
            raw,
            items.into_iter().map(LineItem::from).collect(),
            linked.into_iter().map(Self::from).collect(),
        )
    }
}

impl From<Invoice> for BillingInvoice {
    fn from(invoice: Invoice) -> Self {
        invoice.into_raw()
    }
}

impl<'de> Deserialize<'de> for Invoice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BillingInvoice::deserialize(deserializer).map(Self::from)
    }
}

impl Serialize for Invoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            #[serde(flatten)]
            head: &'a InvoiceHead,
            #[serde(skip_serializing_if = "Option::is_none")]
            line_items: Option<&'a [LineItem]>,
            #[serde(skip_serializing_if = "Option::is_none")]
            linked_invoices: Option<&'a [Invoice]>,
        }
        let items = self.listed.items || !self.line_items.is_empty();
        let linked = self.listed.linked || !self.linked_invoices.is_empty();
        Wire {
            head: &self.head,
            line_items: items.then_some(&self.line_items),
            linked_invoices: linked.then_some(&self.linked_invoices),
        }
        .serialize(serializer)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Invoice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        BillingInvoice::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        BillingInvoice::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        BillingInvoice::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Cents;

    const TEXT: &str = r#"{"amountBilledCents":60,"id":"5f0c00000000000000000001","statusName":"NEW_STATUS","subtotalCents":70,"lineItems":[{"sku":"A","totalPriceCents":70},{"discountCents":1,"sku":"B","totalPriceCents":-10}],"linkedInvoices":[{"id":"5f0c00000000000000000002","lineItems":[]},{"id":"5f0c00000000000000000003"}]}"#;

    #[test]
    fn encoded_as_it_was_read() {
        let invoice: Invoice = serde_json::from_str(TEXT).unwrap();
        assert_eq!(serde_json::to_string(&invoice).unwrap(), TEXT);
        let raw: BillingInvoice = serde_json::from_str(TEXT).unwrap();
        assert_eq!(invoice.clone().into_raw(), raw);
        assert_eq!(Invoice::from(raw), invoice);
    }

    #[test]
    fn items_and_figures_stand_side_by_side() {
        let invoice: Invoice = serde_json::from_str(TEXT).unwrap();
        assert_eq!(invoice.invoice_id(), "5f0c00000000000000000001");
        assert_eq!(invoice.line_items.len(), 2);
        assert_eq!(invoice.status_name.as_ref().unwrap().as_str(), "NEW_STATUS");
        let beside = invoice.reconcile();
        assert_eq!(beside.items.gross, Cents::from(60));
        assert_eq!(beside.items.count, 2);
        assert_eq!(beside.subtotal_difference(), Some(Cents::ZERO));
        assert_eq!(beside.billed_difference(), Some(Cents::ZERO));
        assert_eq!(beside.credits, None);
        assert_eq!(
            invoice.linked_invoices[1].reconcile().subtotal_difference(),
            None
        );
        let totals = invoice.total_by(&[Dimension::Sku]);
        assert_eq!(totals.groups().len(), 2);
        assert_eq!(totals.total().discount, Cents::from(1));
    }
}
