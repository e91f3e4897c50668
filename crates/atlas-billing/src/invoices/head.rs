//! An invoice without its line items.

use std::ops::{Deref, DerefMut};

use atlas_billing_raw::types::{BillingInvoice, BillingPayment};
use serde::{Deserialize, Serialize};

use crate::money::{InvoiceOwed, PaymentOwed, invoice_owed, payment_owed};

/// An invoice without its line items: its figures, dates, payments and refunds. Its fields are
/// those of the generated type that it dereferences to; every one of them may be absent.
///
/// Its `line_items` hold nothing: the items are those of the [`Invoice`](super::Invoice) around it,
/// or have passed through the [`LineItems`](super::LineItems) stream that it comes from. The same
/// goes for the invoices linked to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct InvoiceHead(BillingInvoice);

impl InvoiceHead {
    pub(super) fn new(invoice: BillingInvoice) -> Self {
        Self(invoice)
    }

    /// The invoice's id; the service's answers have one always.
    pub fn invoice_id(&self) -> &str {
        self.0.id.as_deref().unwrap_or_default()
    }

    /// What the invoice's payments owe by the documented rule, with its terms: see
    /// [`InvoiceOwed`] for what that is not. `None` if there are no payments, if a term of one is
    /// missing or no number, if payments name different currencies, or if the sum does not fit.
    pub fn owed_as_documented(&self) -> Option<InvoiceOwed> {
        invoice_owed(&self.0)
    }

    /// What one of the invoice's payments owes by the documented rule, with its terms. `None` if a
    /// term is missing or no number, or if the result does not fit.
    pub fn payment_owed_as_documented(&self, payment: &BillingPayment) -> Option<PaymentOwed> {
        payment_owed(payment, self.0.starting_balance_cents)
    }

    /// The generated value.
    pub fn into_raw(self) -> BillingInvoice {
        self.0
    }
}

impl Deref for InvoiceHead {
    type Target = BillingInvoice;

    fn deref(&self) -> &BillingInvoice {
        &self.0
    }
}

impl DerefMut for InvoiceHead {
    fn deref_mut(&mut self) -> &mut BillingInvoice {
        &mut self.0
    }
}
