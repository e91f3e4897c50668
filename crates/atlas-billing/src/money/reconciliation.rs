//! The sum of the line items beside the figures that the invoice itself states.

use atlas_billing_raw::types::BillingInvoice;

use super::Cents;
use super::totals::Charge;

/// The sum of an invoice's own line items, those of linked invoices left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemSums {
    /// The sum of the items' prices before discounts.
    pub gross: Cents,
    /// The sum of those of them that are positive.
    pub positive: Cents,
    /// The sum of the items' discounts.
    pub discount: Cents,
    /// How many items there are.
    pub count: u64,
}

impl ItemSums {
    pub(crate) fn add(&mut self, charge: &impl Charge) {
        let (gross, discount) = (charge.gross(), charge.discount());
        // 128 bits hold the sum of 2^64 amounts of 64 bits each.
        let plus = |sum: Cents, cents: i64| Cents::new(sum.get() + i128::from(cents));
        self.gross = plus(self.gross, gross);
        self.positive = plus(self.positive, gross.max(0));
        self.discount = plus(self.discount, discount);
        self.count += 1;
    }
}

/// The sum of an invoice's line items beside the figures that it states itself.
///
/// The two need not agree, and neither is wrong for it:
/// - the subtotal is documented as the sum of the positive items alone, so that credits on single
///   items are missing from it; it is [`ItemSums::positive`] that it is to be compared with;
/// - whether an item's price is before or after its discount is documented one way and read the
///   other way by some clients, so that either sum may be the one that was billed;
/// - prices of items are rounded to cents one by one;
/// - credits, sales tax and a balance brought forward are figures of the invoice, not of an item;
/// - a pending invoice grows while it is read, its items and its figures not in step.
///
/// All amounts are in cents as sent; what the invoice does not state is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconciliation {
    /// The sums of the items.
    pub items: ItemSums,
    /// `subtotalCents`: documented as the sum of all positive line items.
    pub subtotal: Option<Cents>,
    /// `amountBilledCents`: what the organization consumed in the period.
    pub amount_billed: Option<Cents>,
    /// `amountPaidCents`.
    pub amount_paid: Option<Cents>,
    /// `creditsCents`: what was credited towards the invoice.
    pub credits: Option<Cents>,
    /// `salesTaxCents`.
    pub sales_tax: Option<Cents>,
    /// `startingBalanceCents`: what was owed when the invoice was issued.
    pub starting_balance: Option<Cents>,
}

impl Reconciliation {
    pub(crate) fn new(items: ItemSums, invoice: &BillingInvoice) -> Self {
        let stated = |cents: Option<i64>| cents.map(Cents::from);
        Self {
            items,
            subtotal: stated(invoice.subtotal_cents),
            amount_billed: stated(invoice.amount_billed_cents),
            amount_paid: stated(invoice.amount_paid_cents),
            credits: stated(invoice.credits_cents),
            sales_tax: stated(invoice.sales_tax_cents),
            starting_balance: stated(invoice.starting_balance_cents),
        }
    }

    /// The sum of the positive items less the stated subtotal: zero where the two agree as
    /// documented. `None` without a subtotal.
    pub fn subtotal_difference(&self) -> Option<Cents> {
        self.items.positive.checked_sub(self.subtotal?)
    }

    /// The gross sum of the items less what the invoice states as billed. `None` without that.
    pub fn billed_difference(&self) -> Option<Cents> {
        self.items.gross.checked_sub(self.amount_billed?)
    }
}
