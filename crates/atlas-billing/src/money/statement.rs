//! From the line items of an invoice to the amounts billed and due.

use atlas_billing_raw::enums::InvoiceStatus;
use atlas_billing_raw::types::{Invoice, LineItem};
use atlas_billing_raw::{Cents, Decimal, parse_decimal};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::charge::{Charge, read_prices};
use super::owed::{Owed, as_number};
use super::totals::Total;

mod findings;
mod prices;
mod rows;
mod rules;

pub use findings::{Finding, Subject, status_note};
use prices::PriceSums;
pub use prices::{Contribution, Deviation, PriceCheck, PriceReading};
pub use rows::{RowKind, StatementRow};
pub(crate) use rules::can_be_rounding;
pub use rules::{BilledRule, BilledTest, CreditRule, SubtotalRule, SubtotalTest};

/// How the line items of an invoice lead to its subtotal, the amount billed and the amount due, and
/// whether they do.
///
/// What the figures mean is disputed: whether prices (`totalPriceCents`) are before or after
/// discounts, whether credits and tax are part of a sum. So no reading is assumed; each is tested on
/// the invoice at hand, the one that it obeys is applied, and [`findings`](Self::findings) say which.
/// Where none is obeyed, the rows follow the one that comes closest, and the difference is a row.
///
/// Amounts are in cents of the invoice's pricing currency, which the invoice does not name; where
/// payments convert it, see [`rates`](Self::rates). Linked invoices have statements of their own.
///
/// ```
/// use atlas_billing::money::{Statement, SubtotalRule, Verdict};
///
/// let invoice = serde_json::from_str(
///     r#"{"subtotalCents":1900,"creditsCents":500,"salesTaxCents":112,"amountBilledCents":1400,
///         "startingBalanceCents":0,"amountPaidCents":1512,
///         "lineItems":[
///           {"sku":"A","quantity":10,"unitPriceDollars":2,"totalPriceCents":2000,"discountCents":100},
///           {"sku":"CREDIT","quantity":1,"unitPriceDollars":-5,"totalPriceCents":-500}]}"#,
/// )?;
/// let statement = Statement::of(&invoice);
/// assert_eq!(statement.verdict, Verdict::Reconciled);
/// assert_eq!(statement.subtotal_rule(), Some(SubtotalRule::PositivePricesLessDiscounts));
/// let rows = statement.rows.iter().map(|row| format!("{:>8} {}", row.cents, row.label));
/// assert_eq!(
///     rows.collect::<Vec<_>>(),
///     [
///         "   20.00 Line items above zero",
///         "   -1.00 Discounts on them",
///         "   19.00 Subtotal",
///         "   -5.00 Credits",
///         "   14.00 Amount billed",
///         "    1.12 Sales tax",
///         "    0.00 Starting balance",
///         "   15.12 Amount due",
///         "  -15.12 Amount paid",
///         "    0.00 Outstanding",
///         "   -5.00 Line items below zero, equal to the credits",
///         "   15.00 Sum of all line items",
///     ]
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Statement {
    /// The invoice's `id`.
    pub invoice_id: Option<String>,
    /// The invoice's `orgId`: the organization that it is of.
    pub org_id: Option<String>,
    /// The invoice's `statusName`; the figures of a pending one still change.
    pub status: Option<InvoiceStatus>,
    /// The invoice's `startDate`, UTC.
    pub start_date: Option<DateTime<Utc>>,
    /// The invoice's `endDate`, UTC, exclusive.
    pub end_date: Option<DateTime<Utc>>,
    /// The invoice's `updated`: when it last changed, UTC.
    pub updated: Option<DateTime<Utc>>,
    /// The sums of the invoice's own items, without those of linked invoices.
    pub items: Total,
    /// The rows, which add up: see [`StatementRow`].
    pub rows: Vec<StatementRow>,
    /// Each way in which line items may lead to `subtotalCents`, the documented one first.
    pub subtotal: Vec<SubtotalTest>,
    /// Each way in which the subtotal may lead to `amountBilledCents`, the plainest first.
    pub billed: Vec<BilledTest>,
    /// Unit price × quantity against price. `None` where the items were only added up, as by
    /// [`total_by`](crate::LineItems::total_by).
    pub prices: Option<PriceCheck>,
    /// The payments' rates, if one of them converts the pricing currency at another rate than 1; else
    /// empty.
    pub rates: Vec<Rate>,
    /// The amount due by the documented rule, payment by payment. `None` if that cannot be computed:
    /// see [`Owed::of`].
    pub owed: Option<Owed>,
    /// Whether the line items lead to what the invoice states.
    pub verdict: Verdict,
    /// What was found, in words.
    pub findings: Vec<Finding>,
}

/// The rate at which a payment converts the invoice's pricing currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Rate {
    /// The payment's `id`.
    pub payment_id: Option<String>,
    /// The payment's `unitPrice`: what one unit of the pricing currency costs.
    #[serde(serialize_with = "as_number")]
    #[cfg_attr(feature = "schemars", schemars(with = "crate::money::Number"))]
    pub unit_price: Decimal,
    /// The payment's `currency` (ISO 4217), in which that is.
    pub currency: Option<String>,
}

/// Whether the line items of an invoice lead to the subtotal and the amount billed that it states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Verdict {
    /// To the cent.
    Reconciled,
    /// But for what rounding of the items explains.
    ReconciledButForRounding {
        /// What the invoice states less what its items come to.
        cents: Cents,
        /// How well rounding explains that.
        explained: Rounding,
    },
    /// They do not.
    NotReconciled {
        /// The first stated figure that is not reached: `subtotalCents` or `amountBilledCents`.
        field: &'static str,
        /// What the invoice states less what was computed.
        difference: Cents,
        /// The SKUs that may explain it, the likeliest first, at most five. Empty if none does, or
        /// if unit prices were not read.
        groups: Vec<Contribution>,
    },
    /// The invoice states neither a subtotal nor an amount billed.
    NothingStated,
}

/// How well rounding to cents explains a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Rounding {
    /// Unit price × quantity, added up before rounding, comes to the stated figure within half a
    /// cent.
    Measured,
    /// The difference is at most half a cent for each item, and at most three standard deviations of
    /// what rounding to the nearest cent comes to for so many: √(0.75 × items) cents. So 5,000 items
    /// can explain 0.61, not 25.00.
    Possible,
}

impl Statement {
    /// Of an invoice with its line items.
    pub fn of(invoice: &Invoice) -> Self {
        let mut builder = StatementBuilder::new();
        builder.extend(&invoice.line_items);
        builder.finish(invoice)
    }

    /// Of an invoice whose items have been added up, but not tested.
    pub(crate) fn of_sums(items: ItemSums, invoice: &Invoice) -> Self {
        Self::new(items, None, invoice)
    }

    fn new(items: ItemSums, prices: Option<&PriceSums>, invoice: &Invoice) -> Self {
        let rates = invoice.payments.iter().filter_map(|payment| {
            Some(Rate {
                payment_id: payment.id.clone(),
                unit_price: parse_decimal(payment.unit_price.as_deref()?)?,
                currency: payment.currency.clone(),
            })
        });
        let mut rates: Vec<Rate> = rates.collect();
        if rates.iter().all(|rate| rate.unit_price == Decimal::ONE) {
            rates.clear();
        }
        let subtotal = rules::subtotal_tests(&items, invoice);
        let subtotal_rule = rules::closest_subtotal(&subtotal);
        let billed = rules::billed_tests(&items, subtotal_rule, rates.is_empty(), invoice);
        let billed_rule = rules::closest_billed(&billed);
        let mut statement = Self {
            invoice_id: invoice.id.clone(),
            org_id: invoice.org_id.clone(),
            status: invoice.status_name.clone(),
            start_date: invoice.start_date,
            end_date: invoice.end_date,
            updated: invoice.updated,
            items: items.total,
            rows: rows::rows(
                &items,
                subtotal_rule,
                billed_rule,
                rates.is_empty(),
                invoice,
            ),
            verdict: rules::verdict(&items, prices, subtotal_rule, billed_rule),
            prices: prices.map(PriceSums::check),
            owed: Owed::of(invoice),
            findings: Vec::new(),
            subtotal,
            billed,
            rates,
        };
        statement.findings = findings::of(&statement, invoice);
        statement
    }

    /// The rows from this field of the invoice.
    pub(crate) fn rows_of(&self, field: &str) -> impl Iterator<Item = &StatementRow> {
        self.rows.iter().filter(move |row| row.field == Some(field))
    }

    /// The way that leads to the subtotal that the invoice states, the documented one where several
    /// do. `None` if none does to the cent, or without a stated subtotal.
    pub fn subtotal_rule(&self) -> Option<SubtotalRule> {
        let closest = rules::closest_subtotal(&self.subtotal)?;
        (closest.difference == Some(Cents::ZERO)).then_some(closest.rule)
    }

    /// The way that leads from the subtotal to the amount billed that the invoice states, the
    /// plainest where several do. `None` if none does to the cent, or without a stated amount.
    pub fn billed_rule(&self) -> Option<BilledRule> {
        let closest = rules::closest_billed(&self.billed)?;
        (closest.difference == Some(Cents::ZERO)).then_some(closest.rule)
    }
}

/// Builds a [`Statement`] up from line items, one at a time, in memory that grows with the number of
/// SKUs only.
///
/// ```no_run
/// use atlas_billing::money::StatementBuilder;
///
/// # async fn run(mut items: atlas_billing::LineItems) -> atlas_billing::Result<()> {
/// let mut builder = StatementBuilder::new();
/// while let Some(item) = items.next().await {
///     builder.add(&item?);
/// }
/// if let Some(invoice) = items.head() {
///     println!("{:?}", builder.finish(invoice).verdict);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct StatementBuilder {
    items: ItemSums,
    prices: PriceSums,
}

impl StatementBuilder {
    /// No items yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one of the invoice's own items.
    pub fn add(&mut self, item: &LineItem) {
        self.add_charge(&item.into());
    }

    /// Adds the line item whose JSON `text` begins with, and returns how long that is.
    pub(crate) fn read(&mut self, text: &[u8]) -> serde_json::Result<((), usize)> {
        read_prices(text, |charge| self.add_charge(charge))
    }

    pub(crate) fn add_charge(&mut self, charge: &Charge<'_>) {
        let place = self.place(charge);
        self.add_at(place, charge);
    }

    /// The place of the SKU that a charge belongs to.
    pub(crate) fn place(&mut self, charge: &Charge<'_>) -> usize {
        self.prices.place(charge)
    }

    /// Adds a charge to the SKU at its place.
    pub(crate) fn add_at(&mut self, place: usize, charge: &Charge<'_>) {
        self.items.add(charge.gross, charge.discount);
        self.prices.add_at(place, charge);
    }

    /// The statement, from the invoice's own figures; its line items are not read.
    pub fn finish(&self, invoice: &Invoice) -> Statement {
        Statement::new(self.items, Some(&self.prices), invoice)
    }
}

impl<'a> Extend<&'a LineItem> for StatementBuilder {
    fn extend<I: IntoIterator<Item = &'a LineItem>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.add(item));
    }
}

/// The sums that lead to a subtotal.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ItemSums {
    total: Total,
    /// How many prices are above zero.
    positive_count: u64,
    /// The discounts on those.
    positive_discount: Cents,
}

impl ItemSums {
    pub(crate) fn add(&mut self, gross: Cents, discount: Cents) {
        self.total.add_item(gross, discount);
        if gross > Cents::ZERO {
            self.positive_count += 1;
            self.positive_discount += discount;
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.total.count
    }

    /// The sum of the prices below zero.
    fn negative(&self) -> Cents {
        self.total.gross - self.total.positive
    }

    /// The discounts on items that are not above zero.
    fn negative_discount(&self) -> Cents {
        self.total.discount - self.positive_discount
    }
}

#[cfg(test)]
mod tests;
