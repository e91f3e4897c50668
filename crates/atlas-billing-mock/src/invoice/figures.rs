//! An invoice's own figures, consistent with its line items.

use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;

use super::catalog::Meter;
use super::item::{Item, Kind};
use super::plan::InvoicePlan;
use crate::random::hex;

/// What is true of one invoice of a scenario, for tests to compare with. Cents are US cents.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvoiceFacts {
    /// The invoice's id.
    pub id: String,
    /// The organization's id.
    pub org_id: String,
    /// The first day.
    pub start: NaiveDate,
    /// The day after the last one.
    pub end: NaiveDate,
    /// The status.
    pub status: String,
    /// How many line items it has, without those of linked invoices.
    pub line_items: u64,
    /// The sum of the line items' `totalPriceCents`, credits included.
    pub gross_cents: i64,
    /// The sum of the line items' `discountCents`.
    pub discount_cents: i64,
    /// `subtotalCents`: the positive line items net of their discounts.
    pub subtotal_cents: i64,
    /// `creditsCents`: the credits, as a positive number.
    pub credits_cents: i64,
    /// `salesTaxCents`: 8 % of subtotal less credits.
    pub sales_tax_cents: i64,
    /// `amountBilledCents`: subtotal less credits; the tax comes on top of it.
    pub amount_billed_cents: i64,
    /// `amountPaidCents`.
    pub amount_paid_cents: i64,
}

/// An invoice of an organization: its plan, and figures that are added up once, when first asked
/// for.
#[derive(Debug)]
pub(crate) struct Invoice {
    pub(crate) plan: InvoicePlan,
    pub(crate) org_id: String,
    pub(crate) org_name: String,
    pub(crate) meters: Arc<[Meter]>,
    pub(crate) linked: Vec<Arc<Invoice>>,
    sums: OnceLock<Sums>,
}

/// Sums over an invoice's items.
#[derive(Debug)]
struct Sums {
    facts: InvoiceFacts,
    by_meter: Vec<i64>,
}

impl Invoice {
    /// The invoice of `org`; its linked ones belong to `linked_org`. Both are id and name.
    pub(crate) fn new(
        plan: InvoicePlan,
        org: (&str, &str),
        linked_org: (&str, &str),
        meters: &Arc<[Meter]>,
    ) -> Arc<Self> {
        let linked = plan.linked.iter().cloned();
        let linked = linked
            .map(|plan| Self::new(plan, linked_org, linked_org, meters))
            .collect();
        Arc::new(Self {
            plan,
            org_id: org.0.to_owned(),
            org_name: org.1.to_owned(),
            meters: Arc::clone(meters),
            linked,
            sums: OnceLock::new(),
        })
    }

    pub(crate) fn facts(&self) -> &InvoiceFacts {
        &self.sums().facts
    }

    /// Cents net of discounts by meter; credits are in none.
    pub(crate) fn net_by_meter(&self) -> &[i64] {
        &self.sums().by_meter
    }

    /// An id that belongs to this invoice, such as its payment's.
    pub(crate) fn id_of(&self, what: u64) -> String {
        let digits = self.plan.id.get(..15).unwrap_or_default();
        let seed = u64::from_str_radix(digits, 16).unwrap_or(7);
        let tail = self
            .plan
            .id
            .get(15..)
            .and_then(|tail| u64::from_str_radix(tail, 16).ok());
        hex(seed, what ^ tail.unwrap_or(11), 24)
    }

    fn sums(&self) -> &Sums {
        self.sums.get_or_init(|| self.add_up())
    }

    fn add_up(&self) -> Sums {
        let mut by_meter = vec![0i64; self.meters.len()];
        let (mut gross, mut discount, mut credits) = (0, 0, 0);
        for position in 0..self.plan.items {
            let item = Item::at(&self.plan, &self.meters, position);
            gross += item.total_cents;
            discount += item.discount_cents;
            match item.kind {
                Kind::Usage { meter } => by_meter[meter] += item.total_cents - item.discount_cents,
                Kind::Credit => credits -= item.total_cents,
            }
        }
        let subtotal_cents: i64 = by_meter.iter().sum();
        let taxed = (subtotal_cents - credits).max(0);
        let sales_tax_cents = (taxed * 8 + 50) / 100;
        let amount_billed_cents = taxed;
        let paid = matches!(self.plan.status.as_str(), "PAID" | "PREPAID" | "INVOICED");
        let facts = InvoiceFacts {
            id: self.plan.id.clone(),
            org_id: self.org_id.clone(),
            start: self.plan.first,
            end: self.plan.end(),
            status: self.plan.status.clone(),
            line_items: self.plan.items,
            gross_cents: gross,
            discount_cents: discount,
            subtotal_cents,
            credits_cents: credits,
            sales_tax_cents,
            amount_billed_cents,
            amount_paid_cents: if paid { taxed + sales_tax_cents } else { 0 },
        };
        Sums { facts, by_meter }
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalog::meters;
    use super::*;
    use crate::names::is_id;

    #[test]
    fn figures_add_up() {
        let meters: Arc<[Meter]> = meters().into();
        let plan = InvoicePlan::new("66b100000000000000000001")
            .items(3_000)
            .credits(3);
        let invoice = Invoice::new(plan, ("o", "O"), ("l", "L"), &meters);
        let facts = invoice.facts();
        assert_eq!(
            facts.subtotal_cents,
            facts.gross_cents - facts.discount_cents + facts.credits_cents
        );
        assert_eq!(
            invoice.net_by_meter().iter().sum::<i64>(),
            facts.subtotal_cents
        );
        assert!(facts.credits_cents > 0 && facts.discount_cents > 0);
        assert_eq!(
            facts.amount_billed_cents,
            facts.subtotal_cents - facts.credits_cents
        );
        assert!(facts.sales_tax_cents > 0);
        assert!(is_id(&invoice.id_of(1)));
        assert_ne!(invoice.id_of(1), invoice.id_of(2));
    }
}
