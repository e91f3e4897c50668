//! The ways in which line items may lead to the figures that an invoice states.

use atlas_billing_raw::types::Invoice;
use atlas_billing_raw::{Cents, Decimal};
use serde::Serialize;

use super::prices::{MICRO, PriceReading, PriceSums};
use super::{ItemSums, Rounding, Verdict};

/// A way in which line items may lead to the subtotal (`subtotalCents`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum SubtotalRule {
    /// The prices above zero: documented.
    PositivePrices,
    /// The prices above zero less the discounts on those items.
    PositivePricesLessDiscounts,
    /// All prices, those below zero (credits) included.
    Prices,
    /// All prices less all discounts.
    PricesLessDiscounts,
}

impl SubtotalRule {
    const ALL: [Self; 4] = [
        Self::PositivePrices,
        Self::PositivePricesLessDiscounts,
        Self::Prices,
        Self::PricesLessDiscounts,
    ];

    /// Whether items below zero (credits) are part of the subtotal.
    pub fn has_negative_items(self) -> bool {
        matches!(self, Self::Prices | Self::PricesLessDiscounts)
    }

    /// Whether discounts are subtracted from prices.
    pub fn subtracts_discounts(self) -> bool {
        matches!(
            self,
            Self::PositivePricesLessDiscounts | Self::PricesLessDiscounts
        )
    }

    fn sum(self, items: &ItemSums) -> Cents {
        let negative = match self.has_negative_items() {
            true => items.negative(),
            false => Cents::ZERO,
        };
        let discount = match self {
            Self::PositivePrices | Self::Prices => Cents::ZERO,
            Self::PositivePricesLessDiscounts => items.positive_discount,
            Self::PricesLessDiscounts => items.total.discount,
        };
        items.total.positive + negative - discount
    }
}

/// What one way comes to, beside the subtotal that the invoice states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SubtotalTest {
    /// The way.
    pub rule: SubtotalRule,
    /// What it comes to.
    pub sum: Cents,
    /// `subtotalCents` less that: zero where the invoice obeys the rule. `None` if it is not stated.
    pub difference: Option<Cents>,
}

/// A way in which the subtotal may lead to the amount billed (`amountBilledCents`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BilledRule {
    /// What becomes of credits.
    pub credits: CreditRule,
    /// Whether sales tax (`salesTaxCents`) is part of the amount billed.
    pub sales_tax: bool,
}

/// What becomes of credits between the subtotal and the amount billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum CreditRule {
    /// Nothing.
    Ignored,
    /// `creditsCents` is subtracted: a positive number.
    Subtracted,
    /// `creditsCents` is added: a negative number.
    Added,
    /// The line items below zero are added, less the discounts on them if the subtotal subtracts
    /// discounts; `creditsCents` is not.
    NegativeItems,
}

/// What one way comes to, beside the amount billed that the invoice states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BilledTest {
    /// The way.
    pub rule: BilledRule,
    /// What it comes to, from the stated subtotal; from the sum of the line items without one.
    pub sum: Cents,
    /// `amountBilledCents` less that: zero where the invoice obeys the rule. `None` if it is not
    /// stated.
    pub difference: Option<Cents>,
}

impl BilledRule {
    /// What the rule adds for credits.
    pub(super) fn credits(
        self,
        items: &ItemSums,
        subtotal: SubtotalRule,
        invoice: &Invoice,
    ) -> Cents {
        let credits = invoice.credits_cents.unwrap_or_default();
        match self.credits {
            CreditRule::Ignored => Cents::ZERO,
            CreditRule::Subtracted => -credits,
            CreditRule::Added => credits,
            CreditRule::NegativeItems => match subtotal.subtracts_discounts() {
                true => items.negative() - items.negative_discount(),
                false => items.negative(),
            },
        }
    }
}

pub(super) fn subtotal_tests(items: &ItemSums, invoice: &Invoice) -> Vec<SubtotalTest> {
    let test = |rule: SubtotalRule| {
        let sum = rule.sum(items);
        SubtotalTest {
            rule,
            sum,
            difference: invoice.subtotal_cents.map(|stated| stated - sum),
        }
    };
    SubtotalRule::ALL.map(test).into()
}

/// The test that comes closest; the first of those that come as close. Without a stated subtotal,
/// all prices as they were sent.
pub(super) fn closest_subtotal(tests: &[SubtotalTest]) -> Option<SubtotalTest> {
    let stated = tests.iter().filter(|test| test.difference.is_some());
    let closest = stated.min_by_key(|test| magnitude(test.difference));
    let plain = || tests.iter().find(|test| test.rule == SubtotalRule::Prices);
    closest.or_else(plain).copied()
}

/// Tests with tax only where `one_currency`: tax may be in the currency of the payments.
pub(super) fn billed_tests(
    items: &ItemSums,
    subtotal: Option<SubtotalTest>,
    one_currency: bool,
    invoice: &Invoice,
) -> Vec<BilledTest> {
    let Some(subtotal) = subtotal else {
        return Vec::new();
    };
    let base = invoice.subtotal_cents.unwrap_or(subtotal.sum);
    let has_credits = invoice.credits_cents.is_some_and(|it| it != Cents::ZERO);
    let mut tests = Vec::new();
    for sales_tax in [false, true] {
        let tax = match (sales_tax, invoice.sales_tax_cents) {
            (false, _) => Cents::ZERO,
            (true, Some(tax)) if one_currency && tax != Cents::ZERO => tax,
            _ => continue,
        };
        for credits in [
            CreditRule::Ignored,
            CreditRule::Subtracted,
            CreditRule::Added,
            CreditRule::NegativeItems,
        ] {
            let applies = match credits {
                CreditRule::Ignored => true,
                CreditRule::Subtracted | CreditRule::Added => has_credits,
                CreditRule::NegativeItems => {
                    !subtotal.rule.has_negative_items() && items.negative() != Cents::ZERO
                }
            };
            if !applies {
                continue;
            }
            let rule = BilledRule { credits, sales_tax };
            let sum = base + rule.credits(items, subtotal.rule, invoice) + tax;
            let difference = invoice.amount_billed_cents.map(|stated| stated - sum);
            tests.push(BilledTest {
                rule,
                sum,
                difference,
            });
        }
    }
    tests
}

/// The test that comes closest; the first of those that come as close.
pub(super) fn closest_billed(tests: &[BilledTest]) -> Option<BilledTest> {
    let closest = tests.iter().min_by_key(|test| magnitude(test.difference));
    closest.copied()
}

fn magnitude(difference: Option<Cents>) -> u128 {
    difference.unwrap_or_default().get().unsigned_abs()
}

pub(super) fn verdict(
    items: &ItemSums,
    prices: Option<&PriceSums>,
    subtotal: Option<SubtotalTest>,
    billed: Option<BilledTest>,
) -> Verdict {
    let rule = subtotal.map_or(SubtotalRule::Prices, |test| test.rule);
    let subtotal = subtotal.and_then(|test| test.difference);
    let billed = billed.and_then(|test| test.difference);
    if subtotal.is_none() && billed.is_none() {
        return Verdict::NothingStated;
    }
    let [subtotal, billed] = [subtotal, billed].map(Option::unwrap_or_default);
    let explained = |difference| rounding(difference, items, prices, rule);
    let failed = |field, difference| Verdict::NotReconciled {
        field,
        difference,
        groups: prices.map_or_else(Vec::new, |prices| prices.contributions(difference)),
    };
    let mut weakest = None;
    if subtotal != Cents::ZERO {
        weakest = explained(subtotal);
        if weakest.is_none() {
            return failed("subtotalCents", subtotal);
        }
    }
    if billed != Cents::ZERO {
        // Either of the two figures may have been computed before rounding.
        let found = explained(billed).or_else(|| explained(subtotal + billed));
        if found.is_none() {
            return failed("amountBilledCents", billed);
        }
        weakest = weakest.max(found);
    }
    match weakest {
        None => Verdict::Reconciled,
        Some(explained) => Verdict::ReconciledButForRounding {
            cents: subtotal + billed,
            explained,
        },
    }
}

/// How well rounding explains a difference.
fn rounding(
    difference: Cents,
    items: &ItemSums,
    prices: Option<&PriceSums>,
    rule: SubtotalRule,
) -> Option<Rounding> {
    let reading = match rule.subtracts_discounts() {
        true => Some(PriceReading::BeforeDiscount),
        false => prices.and_then(|prices| prices.check().reading()),
    };
    let rounding = prices.and_then(|prices| prices.rounding(reading, rule.has_negative_items()));
    let micro = difference.get().checked_mul(MICRO)?;
    // What rounding added to the items, the stated figure lacks.
    let left = rounding
        .filter(|it| *it != 0)
        .and_then(|it| micro.checked_add(it));
    if left.is_some_and(|left| left.saturating_abs() <= MICRO / 2) {
        return Some(Rounding::Measured);
    }
    let count = match rule.has_negative_items() {
        true => items.total.count,
        false => items.positive_count,
    };
    let cents = Decimal::try_from_i128_with_scale(difference.get(), 0).ok()?;
    can_be_rounding(cents, count).then_some(Rounding::Possible)
}

/// Whether `count` roundings to a cent can add up to so many cents: at most half a cent each, and
/// three standard deviations of their sum. The variance of one is a twelfth: nine of it are 0.75.
pub(crate) fn can_be_rounding(cents: Decimal, count: u64) -> bool {
    let (cents, count) = (cents.abs(), Decimal::from(count));
    let square = cents.checked_mul(cents);
    let usual = square.is_some_and(|square| square <= count * Decimal::new(75, 2));
    usual && cents <= count * Decimal::new(5, 1)
}
