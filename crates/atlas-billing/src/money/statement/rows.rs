//! The rows of a statement.

use atlas_billing_raw::Cents;
use atlas_billing_raw::types::Invoice;
use serde::Serialize;

use super::ItemSums;
use super::rules::{BilledTest, CreditRule, SubtotalTest};

/// One row of a statement.
///
/// Rows add up exactly: each [total](RowKind::Total) is the sum of all components and differences
/// above it, so that one invoice figure leads to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct StatementRow {
    /// What the row is part of.
    pub kind: RowKind,
    /// What it is, in English.
    pub label: &'static str,
    /// The amount, in cents of the pricing currency; what lowers the amount due is negative.
    pub cents: Cents,
    /// The field of the invoice that the amount is from, or the fields; `None` for what is computed
    /// from other rows.
    pub field: Option<&'static str>,
    /// Of a total, and of what the payments add up to: what the invoice states less what the rows
    /// above, or the payments, come to. `None` where there is nothing to compare.
    pub difference: Option<Cents>,
}

/// What a row is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum RowKind {
    /// Added to the next total.
    Component,
    /// Added to the next total: what it states beyond its components.
    Difference,
    /// The sum of all components and differences above.
    Total,
    /// A figure for comparison that is not added to any other.
    Memo,
}

const PRICES: &str = "lineItems[].totalPriceCents";

/// Rows under construction.
#[derive(Default)]
struct Rows {
    rows: Vec<StatementRow>,
    running: Cents,
}

impl Rows {
    fn push(
        &mut self,
        kind: RowKind,
        label: &'static str,
        cents: Cents,
        field: Option<&'static str>,
        difference: Option<Cents>,
    ) {
        if matches!(kind, RowKind::Component | RowKind::Difference) {
            self.running += cents;
        }
        self.rows.push(StatementRow {
            kind,
            label,
            cents,
            field,
            difference,
        });
    }

    fn component(&mut self, label: &'static str, cents: Cents, field: &'static str) {
        self.push(RowKind::Component, label, cents, Some(field), None);
    }

    /// A total, after what is missing to the stated figure.
    fn total(&mut self, label: &'static str, field: Option<&'static str>, stated: Option<Cents>) {
        let difference = stated.map(|stated| stated - self.running);
        if let Some(difference) = difference.filter(|it| *it != Cents::ZERO) {
            self.push(RowKind::Difference, "Difference", difference, None, None);
        }
        self.push(RowKind::Total, label, self.running, field, difference);
    }

    fn memo(&mut self, label: &'static str, sum: Cents, field: &'static str, of: Option<Cents>) {
        let difference = of.map(|stated| stated - sum);
        self.push(RowKind::Memo, label, sum, Some(field), difference);
    }
}

/// The rows of an invoice by the tests that come closest; the amount due only where `one_currency`:
/// tax and payments may be in another.
pub(super) fn rows(
    items: &ItemSums,
    subtotal: Option<SubtotalTest>,
    billed: Option<BilledTest>,
    one_currency: bool,
    invoice: &Invoice,
) -> Vec<StatementRow> {
    const DISCOUNTS: &str = "lineItems[].discountCents";
    let mut rows = Rows::default();
    let Some(subtotal) = subtotal else {
        return rows.rows;
    };
    rows.component("Line items above zero", items.total.positive, PRICES);
    let rule = subtotal.rule;
    if rule.subtracts_discounts() && items.positive_discount != Cents::ZERO {
        let discount = -items.positive_discount;
        rows.component("Discounts on them", discount, DISCOUNTS);
    }
    if rule.has_negative_items() {
        negative_items(&mut rows, items, rule.subtracts_discounts());
    }
    match invoice.subtotal_cents {
        Some(stated) => rows.total("Subtotal", Some("subtotalCents"), Some(stated)),
        None => rows.total("Sum of the line items", None, None),
    }
    if let (Some(billed), Some(stated)) = (billed, invoice.amount_billed_cents) {
        match billed.rule.credits {
            CreditRule::Ignored => {}
            CreditRule::NegativeItems => {
                negative_items(&mut rows, items, rule.subtracts_discounts());
            }
            CreditRule::Subtracted | CreditRule::Added => {
                let credits = billed.rule.credits(items, rule, invoice);
                rows.component("Credits", credits, "creditsCents");
            }
        }
        let tax = invoice.sales_tax_cents.unwrap_or_default();
        if billed.rule.sales_tax {
            rows.component("Sales tax", tax, "salesTaxCents");
        }
        rows.total("Amount billed", Some("amountBilledCents"), Some(stated));
        if one_currency {
            if !billed.rule.sales_tax {
                rows.component("Sales tax", tax, "salesTaxCents");
            }
            let balance = -invoice.starting_balance_cents.unwrap_or_default();
            rows.component("Starting balance", balance, "startingBalanceCents");
            rows.total("Amount due", None, None);
            if let Some(paid) = invoice.amount_paid_cents {
                rows.component("Amount paid", -paid, "amountPaidCents");
                rows.total("Outstanding", None, None);
            }
        }
    }
    memos(&mut rows, items, rule, billed, one_currency, invoice);
    rows.rows
}

/// The items below zero, and the discounts on them.
fn negative_items(rows: &mut Rows, items: &ItemSums, less_discounts: bool) {
    if items.negative() != Cents::ZERO {
        rows.component(
            "Line items below zero (credits)",
            items.negative(),
            "lineItems[].totalPriceCents",
        );
    }
    if less_discounts && items.negative_discount() != Cents::ZERO {
        rows.component(
            "Discounts on items not above zero",
            -items.negative_discount(),
            "lineItems[].discountCents",
        );
    }
}

/// Figures that are part of no sum above.
fn memos(
    rows: &mut Rows,
    items: &ItemSums,
    rule: super::SubtotalRule,
    billed: Option<BilledTest>,
    one_currency: bool,
    invoice: &Invoice,
) {
    let credits = billed.map(|test| test.rule.credits);
    if !rule.subtracts_discounts() && items.total.discount != Cents::ZERO {
        let discount = items.total.discount;
        rows.memo(
            "Discounts, not subtracted",
            discount,
            "lineItems[].discountCents",
            None,
        );
    }
    let shown = rule.has_negative_items() || credits == Some(CreditRule::NegativeItems);
    let is_added = matches!(credits, Some(CreditRule::Subtracted | CreditRule::Added));
    if !shown && items.negative() != Cents::ZERO {
        let added = billed.map(|test| test.rule.credits(items, rule, invoice));
        let label = match added.filter(|_| is_added) == Some(items.negative()) {
            true => "Line items below zero, equal to the credits",
            false => "Line items below zero, not added",
        };
        rows.memo(label, items.negative(), PRICES, None);
    }
    // Where the subtotal is this sum, it stands above.
    let is_subtotal = rule.has_negative_items() && !rule.subtracts_discounts();
    if !is_subtotal && items.negative() != Cents::ZERO {
        rows.memo("Sum of all line items", items.total.gross, PRICES, None);
    }
    if let Some(credits) = invoice.credits_cents.filter(|it| *it != Cents::ZERO)
        && !is_added
    {
        rows.memo("Credits, not added", credits, "creditsCents", None);
    }
    if !one_currency && let Some(tax) = invoice.sales_tax_cents {
        rows.memo("Sales tax", tax, "salesTaxCents", None);
    }
    let payments = &invoice.payments;
    if !payments.is_empty() {
        let of_billed = payments.iter().map(|payment| payment.amount_billed_cents);
        let of_paid = payments.iter().map(|payment| payment.amount_paid_cents);
        for (label, sum, field, stated) in [
            (
                "Payments: amount billed",
                of_billed.sum(),
                "payments[].amountBilledCents",
                invoice.amount_billed_cents,
            ),
            (
                "Payments: amount paid",
                of_paid.sum(),
                "payments[].amountPaidCents",
                invoice.amount_paid_cents,
            ),
        ] {
            rows.memo(label, sum, field, stated);
        }
    }
    if !invoice.refunds.is_empty() {
        let refunds = invoice.refunds.iter().map(|refund| refund.amount_cents);
        rows.memo("Refunds", refunds.sum(), "refunds[].amountCents", None);
    }
}
