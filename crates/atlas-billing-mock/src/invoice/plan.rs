//! What an invoice looks like, without keeping a line of it: its plan, its line items by position,
//! and the figures that follow from them.

use std::sync::{Arc, OnceLock};

use chrono::{Datelike, Days, Months, NaiveDate};

use super::catalog::{CREDIT, Meter, ORGANIZATIONS, Organization};
use crate::names::{hex, noise};
use crate::setters::setters;

/// How odd an invoice's line items are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Variety {
    /// Every field as the specification says.
    #[default]
    Plain,
    /// About one item in three has something a client must survive: unknown fields and values,
    /// nulls, missing fields, tags without or with several values, text that needs quoting,
    /// numbers in exponent form.
    Wild,
}

/// The order of an invoice's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum KeyOrder {
    /// Alphabetical, so that half of the head comes after the line items.
    #[default]
    Alphabetical,
    /// The head first, then the line items and linked invoices.
    HeadFirst,
}

/// An invoice to be generated: any number of line items, each made while it is sent.
///
/// ```
/// use atlas_billing_mock::{InvoicePlan, Scenario, Variety};
///
/// let scenario = Scenario::builder()
///     .invoice(
///         InvoicePlan::new("66b100000000000000000001")
///             .month(2025, 3)
///             .items(1_000_000)
///             .variety(Variety::Wild),
///     )
///     .build();
/// assert_eq!(scenario.facts("66b100000000000000000001").map(|f| f.line_items), Some(1_000_000));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct InvoicePlan {
    pub(crate) id: String,
    pub(crate) first: NaiveDate,
    pub(crate) days: u32,
    pub(crate) items: u64,
    pub(crate) credits: u64,
    pub(crate) seed: u64,
    pub(crate) status: String,
    pub(crate) variety: Variety,
    pub(crate) order: KeyOrder,
    pub(crate) linked: Vec<InvoicePlan>,
    pub(crate) refunded: bool,
    /// The quantities that vary, in thousandths of the usual ones.
    pub(crate) scale_permille: u64,
    /// Whether traffic was three times the usual.
    pub(crate) surge: bool,
}

impl InvoicePlan {
    /// A paid invoice of January 2025 with 1,000 line items and two credits among them.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            first: NaiveDate::from_ymd_opt(2025, 1, 1).unwrap_or_default(),
            days: 31,
            items: 1_000,
            credits: 2,
            seed: 1,
            status: "PAID".to_owned(),
            variety: Variety::Plain,
            order: KeyOrder::Alphabetical,
            linked: Vec::new(),
            refunded: false,
            scale_permille: 1_000,
            surge: false,
        }
    }

    /// For this month; a month that the calendar does not have leaves it as it was.
    pub fn month(mut self, year: i32, month: u32) -> Self {
        if let Some(first) = NaiveDate::from_ymd_opt(year, month, 1) {
            self.first = first;
            self.days = days_of_month(first);
        }
        self
    }

    setters! {
        /// With this many line items, its credits included; those of linked invoices come on top.
        items(items: u64) => items = items;

        /// With this many of the line items being credits, the last ones.
        credits(credits: u64) => credits = credits;

        /// With other quantities: the same seed makes the same invoice.
        seed(seed: u64) => seed = seed;

        /// With this status, known to the specification or not.
        status(status: impl Into<String>) => status = status.into();

        /// As odd as this.
        variety(variety: Variety) => variety = variety;

        /// With its keys in this order.
        key_order(order: KeyOrder) => order = order;

        /// With a part of the payment refunded.
        refunded() => refunded = true;
    }

    /// With another organization's invoice linked to it.
    pub fn linked(mut self, linked: InvoicePlan) -> Self {
        self.linked.push(linked);
        self
    }

    /// The day after the invoice's last one.
    pub(crate) fn end(&self) -> NaiveDate {
        next_month(self.first)
    }

    /// The day that is `number` days after the first one.
    pub(crate) fn day(&self, number: u32) -> NaiveDate {
        let day = self.first.checked_add_days(Days::new(number.into()));
        day.unwrap_or(self.first)
    }
}

/// The first day of the month after the one that `day` is in.
fn next_month(day: NaiveDate) -> NaiveDate {
    let first = day.with_day(1);
    let next = first.and_then(|first| first.checked_add_months(Months::new(1)));
    next.unwrap_or(day)
}

/// The first day of the month that is `months` before the one that `day` is in.
pub(crate) fn months_before(day: NaiveDate, months: u32) -> NaiveDate {
    let first = day.with_day(1);
    let before = first.and_then(|first| first.checked_sub_months(Months::new(months)));
    before.unwrap_or(day)
}

fn days_of_month(first: NaiveDate) -> u32 {
    next_month(first).pred_opt().map_or(28, |last| last.day())
}

/// What a line item holds besides its meter's facts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    pub(crate) position: u64,
    pub(crate) meter: &'a Meter,
    pub(crate) is_credit: bool,
    /// Counted from the invoice's first day.
    pub(crate) day: u32,
    pub(crate) quantity_milli: u64,
    /// Before the discount.
    pub(crate) total_cents: i64,
    pub(crate) discount_cents: i64,
    pub(crate) odd: bool,
}

impl<'a> Item<'a> {
    /// The item at `position` of the invoice.
    fn at(plan: &InvoicePlan, meters: &'a [Meter], position: u64) -> Self {
        let chance = noise(plan.seed, position);
        let usage = plan.items - plan.credits.min(plan.items);
        let credit = Self {
            position,
            meter: &CREDIT,
            is_credit: true,
            day: plan.days - 1,
            quantity_milli: 1_000,
            total_cents: -(2_500 + (chance % 20) as i64 * 500),
            discount_cents: 0,
            odd: plan.variety == Variety::Wild && chance >> 60 < 6,
        };
        if position >= usage {
            return credit;
        }
        let meter = &meters[(position % meters.len() as u64) as usize];
        let quantity_milli = quantity(plan, meter, chance);
        // Billionths of a dollar times thousandths of a unit are 10^-10 cents each.
        let exact = meter.price_nano.saturating_mul(quantity_milli);
        let total_cents = ((exact + 5_000_000_000) / 10_000_000_000) as i64;
        Self {
            meter,
            is_credit: false,
            day: (position.saturating_mul(plan.days.into()) / usage) as u32,
            quantity_milli,
            total_cents,
            discount_cents: total_cents * i64::from(meter.discount_percent) / 100,
            ..credit
        }
    }

    /// Net of the discount.
    pub(crate) fn net_cents(&self) -> i64 {
        self.total_cents - self.discount_cents
    }
}

/// A meter of hours reads the same each day; others vary around their usual reading.
fn quantity(plan: &InvoicePlan, meter: &Meter, chance: u64) -> u64 {
    let by_the_clock = meter.unit.ends_with("hours") && meter.service != "Storage";
    if by_the_clock || meter.service == "Support" {
        return meter.daily_milli;
    }
    let surge = plan.surge && meter.sku.ends_with("INTERNET");
    let usual = meter.daily_milli * plan.scale_permille / 1_000 * if surge { 3 } else { 1 };
    usual / 100 * (85 + chance % 31) + usual % 100
}

/// What is true of one invoice of a scenario, for tests to compare with. Cents are those of
/// the pricing currency: US cents, or hundredths of a credit where the organization pays in credits.
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
    /// `salesTaxCents`: 8 % of subtotal less credits, in cents of the billing currency.
    pub sales_tax_cents: i64,
    /// `amountBilledCents`: subtotal less credits; the tax comes on top of it.
    pub amount_billed_cents: i64,
    /// `amountPaidCents`, in cents of the billing currency.
    pub amount_paid_cents: i64,
}

/// An invoice of an organization: its plan, and figures that are added up once, when first asked
/// for.
#[derive(Debug)]
pub(crate) struct Invoice {
    pub(crate) plan: InvoicePlan,
    pub(crate) org: &'static Organization,
    pub(crate) meters: Arc<[Meter]>,
    pub(crate) linked: Vec<Arc<Invoice>>,
    sums: OnceLock<(InvoiceFacts, Vec<i64>)>,
}

impl Invoice {
    /// The invoice of an organization, by its number; linked ones are the second organization's.
    pub(crate) fn new(plan: InvoicePlan, org: usize, meters: &[Arc<[Meter]>]) -> Arc<Self> {
        let linked = plan.linked.iter().cloned();
        let linked = linked.map(|plan| Self::new(plan, 1, meters));
        Arc::new(Self {
            linked: linked.collect(),
            plan,
            org: &ORGANIZATIONS[org],
            meters: Arc::clone(&meters[org]),
            sums: OnceLock::new(),
        })
    }

    /// Itself and the invoices linked to it.
    pub(crate) fn with_linked(self: &Arc<Self>) -> impl Iterator<Item = &Arc<Self>> {
        std::iter::once(self).chain(&self.linked)
    }

    pub(crate) fn item(&self, position: u64) -> Item<'_> {
        Item::at(&self.plan, &self.meters, position)
    }

    pub(crate) fn facts(&self) -> &InvoiceFacts {
        &self.sums.get_or_init(|| self.add_up()).0
    }

    /// Each meter with its cents net of discounts; credits belong to none.
    pub(crate) fn net_by_meter(&self) -> impl Iterator<Item = (&Meter, i64)> {
        let (_, cents) = self.sums.get_or_init(|| self.add_up());
        self.meters.iter().zip(cents.iter().copied())
    }

    /// An id that belongs to this invoice, such as its payment's.
    pub(crate) fn id_of(&self, what: u64) -> String {
        let digits = |text: Option<&str>| u64::from_str_radix(text?, 16).ok();
        let head = digits(self.plan.id.get(..15)).unwrap_or(7);
        let tail = digits(self.plan.id.get(15..)).unwrap_or(11);
        hex(head, what ^ tail, 24)
    }

    fn add_up(&self) -> (InvoiceFacts, Vec<i64>) {
        let plan = &self.plan;
        let mut by_meter = vec![0i64; self.meters.len()];
        let (mut gross_cents, mut discount_cents, mut credits_cents) = (0, 0, 0);
        for position in 0..plan.items {
            let item = self.item(position);
            gross_cents += item.total_cents;
            discount_cents += item.discount_cents;
            match item.is_credit {
                true => credits_cents -= item.total_cents,
                false => by_meter[position as usize % self.meters.len()] += item.net_cents(),
            }
        }
        let subtotal_cents: i64 = by_meter.iter().sum();
        let amount_billed_cents = (subtotal_cents - credits_cents).max(0);
        // Hundredths of a cent, since the rate is in hundredths.
        let owed_cents = (amount_billed_cents * self.org.rate_hundredths() + 50) / 100;
        let sales_tax_cents = (owed_cents * 8 + 50) / 100;
        let paid = matches!(plan.status.as_str(), "PAID" | "PREPAID" | "INVOICED");
        let due_cents = owed_cents + sales_tax_cents;
        let facts = InvoiceFacts {
            id: plan.id.clone(),
            org_id: self.org.id.to_owned(),
            start: plan.first,
            end: plan.end(),
            status: plan.status.clone(),
            line_items: plan.items,
            gross_cents,
            discount_cents,
            subtotal_cents,
            credits_cents,
            sales_tax_cents,
            amount_billed_cents,
            amount_paid_cents: if paid { due_cents } else { 0 },
        };
        (facts, by_meter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::is_id;

    fn invoice(plan: InvoicePlan) -> Arc<Invoice> {
        Invoice::new(plan, 0, &Meter::by_organization(false))
    }

    #[test]
    fn months_have_their_days() {
        let plan = InvoicePlan::new("a").month(2024, 2);
        assert_eq!(
            (plan.days, plan.end().to_string()),
            (29, "2024-03-01".to_owned())
        );
        let plan = InvoicePlan::new("a").month(2024, 13);
        assert_eq!(plan.first.to_string(), "2025-01-01");
        let day = NaiveDate::from_ymd_opt(2025, 3, 31).unwrap();
        for (months, first) in [(0, "2025-03-01"), (3, "2024-12-01"), (15, "2023-12-01")] {
            assert_eq!(months_before(day, months).to_string(), first);
        }
    }

    #[test]
    fn figures_add_up() {
        let plan = InvoicePlan::new("66b100000000000000000001")
            .items(3_000)
            .credits(3);
        let invoice = invoice(plan);
        let facts = invoice.facts();
        assert_eq!(
            facts.subtotal_cents,
            facts.gross_cents - facts.discount_cents + facts.credits_cents
        );
        let net: i64 = invoice.net_by_meter().map(|(_, cents)| cents).sum();
        assert_eq!(net, facts.subtotal_cents);
        assert!(facts.credits_cents > 0 && facts.discount_cents > 0);
        assert_eq!(
            facts.amount_billed_cents,
            facts.subtotal_cents - facts.credits_cents
        );
        assert!(is_id(&invoice.id_of(1)) && invoice.id_of(1) != invoice.id_of(2));
    }

    #[test]
    fn totals_follow_price_and_quantity() {
        let invoice = invoice(InvoicePlan::new("a").items(5_000));
        for position in 0..4_998 {
            let item = invoice.item(position);
            let price: f64 = item.meter.price_text.parse().unwrap();
            let cents = price * item.quantity_milli as f64 / 10.0;
            assert!(
                (cents - item.total_cents as f64).abs() <= 0.5001,
                "{item:?}"
            );
        }
        assert!(invoice.item(4_998).is_credit);
    }

    #[test]
    fn small_invoices_stay_within_their_days() {
        for items in 1..5 {
            let invoice = invoice(InvoicePlan::new("a").items(items).credits(1));
            assert!((0..items).all(|position| invoice.item(position).day < 31));
        }
    }
}
