//! Unit price × quantity against price, item by item.

use std::cmp::Reverse;

use atlas_billing_raw::{Cents, Decimal};
use serde::Serialize;

use crate::money::charge::Charge;
use crate::money::groups::Groups;
use crate::money::owed::as_number;

/// Unit price × quantity against price, over all items of an invoice that have the three.
///
/// A price (`totalPriceCents`) is a whole number of cents, unit price × quantity
/// (`unitPriceDollars` × `quantity` × 100) is not. How the service rounds is not documented, but any
/// rounding moves an amount by less than a cent: an item **deviates** if the two differ by a whole
/// cent or more.
///
/// Only items with a discount tell whether prices are before or after discounts. Both readings are
/// tested, and neither is assumed: see [`reading`](Self::reading).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PriceCheck {
    /// How many items were tested.
    pub checked: u64,
    /// How many items were not: price, quantity or unit price is missing, or has more digits than
    /// can be computed with exactly.
    pub unchecked: u64,
    /// How many of the tested items have a discount (`discountCents` other than zero).
    pub discounted: u64,
    /// Items without a discount whose price deviates from unit price × quantity.
    pub undiscounted: Deviation,
    /// Items with a discount whose price deviates from unit price × quantity.
    pub before_discount: Deviation,
    /// Items with a discount whose price deviates from unit price × quantity less the discount.
    pub after_discount: Deviation,
    /// Items whose discount deviates from `percentDiscount` of unit price × quantity, among those
    /// that have a percentage.
    pub percent: Deviation,
}

/// Items that deviate from what they are tested against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Deviation {
    /// How many items.
    pub items: u64,
    /// The sum of their deviations, each without its sign, in cents, each to a millionth of a cent.
    #[serde(serialize_with = "as_number")]
    #[cfg_attr(feature = "schemars", schemars(with = "crate::money::Number"))]
    pub cents: Decimal,
}

/// What the items of an invoice show their prices to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum PriceReading {
    /// Prices are unit price × quantity: before discounts, as the specification says.
    BeforeDiscount,
    /// Prices are unit price × quantity less the discount, as the service's description of its
    /// FOCUS reports says.
    AfterDiscount,
}

impl PriceCheck {
    /// What the discounted items show the prices to be: the reading from which fewer of them
    /// deviate, if no more than one in ten does. `None` if no item has a discount, or if neither
    /// reading fits.
    pub fn reading(&self) -> Option<PriceReading> {
        let (before, after) = (self.before_discount.items, self.after_discount.items);
        let (reading, deviating) = match before.cmp(&after) {
            std::cmp::Ordering::Less => (PriceReading::BeforeDiscount, before),
            std::cmp::Ordering::Greater => (PriceReading::AfterDiscount, after),
            std::cmp::Ordering::Equal => return None,
        };
        (deviating <= self.discounted / 10).then_some(reading)
    }

    /// How many items deviate by the [reading](Self::reading), or by the documented one where there
    /// is none, and by how many cents together.
    pub fn deviation(&self) -> Deviation {
        let discounted = match self.reading() {
            Some(PriceReading::AfterDiscount) => self.after_discount,
            _ => self.before_discount,
        };
        Deviation {
            items: self.undiscounted.items + discounted.items,
            cents: self.undiscounted.cents.saturating_add(discounted.cents),
        }
    }
}

/// A SKU whose items may explain why an invoice is not reconciled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Contribution {
    /// The SKU, by the service's code for it; `None` for items without one.
    pub sku: Option<String>,
    /// The sum of its items' prices.
    pub gross: Cents,
    /// The sum of its items' discounts.
    pub discount: Cents,
    /// The sum of what its items' prices are above (or below, if negative) unit price × quantity,
    /// by the reading that the invoice follows, in cents; rounding is not counted.
    #[serde(serialize_with = "as_number")]
    #[cfg_attr(feature = "schemars", schemars(with = "crate::money::Number"))]
    pub deviation: Decimal,
    /// Whether the sum of its prices, with or without its discounts, is the difference, so that the
    /// invoice's figure may lack it or count it twice.
    pub equals_difference: bool,
}

/// Millionths of a cent.
pub(super) const MICRO: i128 = 1_000_000;
/// The places of a millionth of a cent, in whole currency units.
const PLACES: u32 = 8;
/// The most SKUs that an unexplained difference names.
const CONTRIBUTIONS: usize = 5;

#[derive(Debug, Clone, Copy, Default)]
struct Deviating {
    items: u64,
    micro: i128,
}

impl Deviating {
    /// Adds an item if it deviates.
    fn add(&mut self, micro: i128) {
        if micro.saturating_abs() >= MICRO {
            self.items += 1;
            self.micro = self.micro.saturating_add(micro.saturating_abs());
        }
    }

    fn finish(self) -> Deviation {
        Deviation {
            items: self.items,
            cents: decimal(self.micro),
        }
    }
}

/// By the two readings.
#[derive(Debug, Clone, Copy, Default)]
struct Readings {
    before: i128,
    after: i128,
}

impl Readings {
    fn of(&self, reading: Option<PriceReading>) -> i128 {
        match reading {
            Some(PriceReading::AfterDiscount) => self.after,
            _ => self.before,
        }
    }
}

#[derive(Debug, Clone, Default)]
struct SkuSums {
    sku: Option<String>,
    gross: Cents,
    discount: Cents,
    /// Deviations, in millionths of a cent.
    deviation: Readings,
}

/// What a [`PriceCheck`] and the contributions of SKUs are made of, one item at a time.
#[derive(Debug, Clone, Default)]
pub(super) struct PriceSums {
    checked: u64,
    unchecked: u64,
    discounted: u64,
    undiscounted: Deviating,
    before: Deviating,
    after: Deviating,
    percent: Deviating,
    /// What rounding added to the prices above zero, and to those below.
    rounding: [Readings; 2],
    skus: Groups<SkuSums>,
}

impl PriceSums {
    /// The place of the SKU that a charge belongs to.
    pub(super) fn place(&mut self, charge: &Charge<'_>) -> usize {
        let new = || SkuSums {
            sku: charge.sku.map(str::to_owned),
            ..SkuSums::default()
        };
        self.skus.place(|identity| identity.push(charge.sku), new)
    }

    /// Adds a charge to the SKU at its place.
    pub(super) fn add_at(&mut self, place: usize, charge: &Charge<'_>) {
        let list = charge
            .quantity
            .zip(charge.unit_price)
            .and_then(|(quantity, price)| product(quantity, price))
            .filter(|_| charge.is_priced);
        let [gross, discount] =
            [charge.gross, charge.discount].map(|cents| cents.get().saturating_mul(MICRO));
        let mut deviation = Readings::default();
        if let Some(list) = list {
            self.checked += 1;
            let before = gross.saturating_sub(list);
            let after = before.saturating_add(discount);
            if discount == 0 {
                self.undiscounted.add(before);
            } else {
                self.discounted += 1;
                self.before.add(before);
                self.after.add(after);
            }
            let [above, below] = &mut self.rounding;
            let rounding = if gross > 0 { above } else { below };
            for (deviation, rounding, by) in [
                (&mut deviation.before, &mut rounding.before, before),
                (&mut deviation.after, &mut rounding.after, after),
            ] {
                match by.saturating_abs() < MICRO {
                    true => *rounding = rounding.saturating_add(by),
                    false => *deviation = by,
                }
            }
            let percent = charge.percent_discount;
            let percent = percent.and_then(|percent| share(list, percent));
            if let Some(expected) = percent {
                self.percent.add(discount.saturating_sub(expected));
            }
        } else {
            self.unchecked += 1;
        }
        let sku = self.skus.at(place);
        sku.gross += charge.gross;
        sku.discount += charge.discount;
        sku.deviation.before = sku.deviation.before.saturating_add(deviation.before);
        sku.deviation.after = sku.deviation.after.saturating_add(deviation.after);
    }

    pub(super) fn check(&self) -> PriceCheck {
        PriceCheck {
            checked: self.checked,
            unchecked: self.unchecked,
            discounted: self.discounted,
            undiscounted: self.undiscounted.finish(),
            before_discount: self.before.finish(),
            after_discount: self.after.finish(),
            percent: self.percent.finish(),
        }
    }

    /// What rounding added to the prices, in millionths of a cent, those below zero included if
    /// `signed`. `None` if not all items could be tested.
    pub(super) fn rounding(&self, reading: Option<PriceReading>, signed: bool) -> Option<i128> {
        let [above, below] = self.rounding;
        let below = if signed { below.of(reading) } else { 0 };
        (self.unchecked == 0).then(|| above.of(reading).saturating_add(below))
    }

    /// The SKUs that may explain the difference: first those that equal it, then those that deviate
    /// most.
    pub(super) fn contributions(&self, difference: Cents) -> Vec<Contribution> {
        let reading = self.check().reading();
        let skus = self.skus.values();
        let mut found: Vec<(bool, i128, Contribution)> = skus
            .filter_map(|sums| {
                let net = sums.gross - sums.discount;
                let equals = [sums.gross, sums.discount, net]
                    .iter()
                    .any(|sum| *sum == difference || *sum == -difference);
                let deviation = sums.deviation.of(reading);
                let contribution = Contribution {
                    sku: sums.sku.clone(),
                    gross: sums.gross,
                    discount: sums.discount,
                    deviation: decimal(deviation),
                    equals_difference: equals,
                };
                (equals || deviation != 0).then_some((
                    equals,
                    deviation.saturating_abs(),
                    contribution,
                ))
            })
            .collect();
        found.sort_by(|left, right| {
            let key = |(equals, deviation, _): &(bool, i128, _)| Reverse((*equals, *deviation));
            let by_size = key(left).cmp(&key(right));
            by_size.then_with(|| left.2.sku.cmp(&right.2.sku))
        });
        let contributions = found.into_iter().map(|(.., contribution)| contribution);
        contributions.take(CONTRIBUTIONS).collect()
    }
}

/// A product in whole currency units as millionths of a cent, rounded to the nearest, halves away
/// from zero. `None` where 128 bits do not hold it.
fn product(one: Decimal, other: Decimal) -> Option<i128> {
    let product = one.mantissa().checked_mul(other.mantissa())?;
    scaled(product, one.scale() + other.scale(), PLACES)
}

/// `percent` of an amount.
fn share(amount: i128, percent: Decimal) -> Option<i128> {
    let product = amount.checked_mul(percent.mantissa())?;
    scaled(product, percent.scale() + 2, 0)
}

/// A mantissa of `from` places at `to` places.
fn scaled(mantissa: i128, from: u32, to: u32) -> Option<i128> {
    if from <= to {
        return mantissa.checked_mul(10i128.checked_pow(to - from)?);
    }
    let Some(divisor) = 10i128.checked_pow(from - to) else {
        // More places than the mantissa has digits.
        return Some(0);
    };
    // Division of 64 bits is several times as fast.
    let (quotient, rest) = match (i64::try_from(mantissa), i64::try_from(divisor)) {
        (Ok(mantissa), Ok(divisor)) => (
            i128::from(mantissa / divisor),
            i128::from(mantissa % divisor),
        ),
        _ => (mantissa / divisor, mantissa % divisor),
    };
    let away = rest.unsigned_abs() >= divisor.unsigned_abs().div_ceil(2);
    Some(quotient + if away { mantissa.signum() } else { 0 })
}

/// Millionths of a cent as cents, without zeros at the end.
fn decimal(micro: i128) -> Decimal {
    let bounded = micro.clamp(-Decimal::MAX.mantissa(), Decimal::MAX.mantissa());
    Decimal::try_from_i128_with_scale(bounded, 6)
        .unwrap_or_default()
        .normalize()
}
