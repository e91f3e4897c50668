//! One line item by its position.

use chrono::{Days, NaiveDate};

use super::catalog::{CLUSTERS, Meter, PROJECTS};
use super::plan::{InvoicePlan, Variety};
use crate::random::noise;

/// What a line item holds besides its meter's facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) position: u64,
    pub(crate) kind: Kind,
    /// Counted from the invoice's first day.
    pub(crate) day: u32,
    pub(crate) quantity_milli: u64,
    /// Before the discount.
    pub(crate) total_cents: i64,
    pub(crate) discount_cents: i64,
    pub(crate) odd: bool,
}

/// Usage of a meter, or a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Usage { meter: usize },
    Credit,
}

impl Item {
    /// The item at `position` of the invoice.
    pub(crate) fn at(plan: &InvoicePlan, meters: &[Meter], position: u64) -> Self {
        let chance = noise(plan.seed, position);
        let odd = plan.variety == Variety::Wild && chance >> 60 < 6;
        let usage = plan.items - plan.credits.min(plan.items);
        if position >= usage {
            let total_cents = -(2_500 + (chance % 20) as i64 * 500);
            return Self {
                position,
                kind: Kind::Credit,
                day: plan.days - 1,
                quantity_milli: 1_000,
                total_cents,
                discount_cents: 0,
                odd,
            };
        }
        let index = (position % meters.len() as u64) as usize;
        let meter = &meters[index];
        let day = (position.saturating_mul(plan.days.into()) / usage) as u32;
        let quantity_milli = quantity(plan, meter, chance);
        // Billionths of a dollar times thousandths of a unit are 10^-10 cents each.
        let exact = meter.price_nano.saturating_mul(quantity_milli);
        let total_cents = ((exact + 5_000_000_000) / 10_000_000_000) as i64;
        let discount_cents = total_cents * i64::from(meter.discount_percent) / 100;
        let kind = Kind::Usage { meter: index };
        Self {
            position,
            kind,
            day,
            quantity_milli,
            total_cents,
            discount_cents,
            odd,
        }
    }
}

/// A meter of hours reads the same each day; others vary around their usual reading.
fn quantity(plan: &InvoicePlan, meter: &Meter, chance: u64) -> u64 {
    let by_the_clock = meter.unit.ends_with("hours") && meter.service != "Storage";
    if by_the_clock || meter.service == "Support" {
        return meter.daily_milli;
    }
    let usual = meter.daily_milli * plan.scale_permille / 1_000;
    let usual = if plan.surge && meter.sku.ends_with("INTERNET") {
        usual * 3
    } else {
        usual
    };
    let percent = 85 + chance % 31;
    usual / 100 * percent + usual % 100
}

/// The texts of an invoice's days, made once.
#[derive(Debug)]
pub(crate) struct DayText {
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) created: String,
    pub(crate) slashes: String,
}

pub(crate) fn days(plan: &InvoicePlan) -> Vec<DayText> {
    let day = |number: u32| {
        let date = plan
            .first
            .checked_add_days(Days::new(number.into()))
            .unwrap_or(plan.first);
        let next = date.checked_add_days(Days::new(1)).unwrap_or(date);
        DayText {
            start: format!("{date}T00:00:00Z"),
            end: format!("{next}T00:00:00Z"),
            created: format!("{next}T03:12:45Z"),
            slashes: slashes(date),
        }
    };
    (0..plan.days).map(day).collect()
}

/// A date as CSV writes it.
pub(crate) fn slashes(date: NaiveDate) -> String {
    date.format("%m/%d/%Y").to_string()
}

/// The project's id and name that a meter belongs to.
pub(crate) fn project(meter: &Meter) -> Option<(&'static str, &'static str)> {
    meter
        .project
        .and_then(|at| PROJECTS.get(at))
        .map(|project| (project.id, project.name))
}

/// The cluster a meter belongs to.
pub(crate) fn cluster(meter: &Meter) -> Option<&'static super::catalog::Cluster> {
    meter.cluster.and_then(|at| CLUSTERS.get(at))
}

#[cfg(test)]
mod tests {
    use super::super::catalog::meters;
    use super::*;

    #[test]
    fn items_are_spread_over_days_and_meters() {
        let meters = meters();
        let count = meters.len() as u64;
        let plan = InvoicePlan::new("a").items(count * 31 + 2);
        for position in 0..count * 31 {
            let item = Item::at(&plan, &meters, position);
            assert_eq!(u64::from(item.day), position / count);
            assert_eq!(
                item.kind,
                Kind::Usage {
                    meter: (position % count) as usize
                }
            );
            assert!(item.total_cents >= 0 && item.discount_cents <= item.total_cents);
            assert_eq!(item, Item::at(&plan, &meters, position));
        }
        let credit = Item::at(&plan, &meters, count * 31);
        assert_eq!(credit.kind, Kind::Credit);
        assert!(credit.total_cents < 0);
    }

    #[test]
    fn totals_follow_price_and_quantity() {
        let meters = meters();
        let plan = InvoicePlan::new("a").items(5_000);
        for position in 0..4_998 {
            let item = Item::at(&plan, &meters, position);
            let Kind::Usage { meter } = item.kind else {
                panic!("usage")
            };
            let price: f64 = meters[meter].price_text.parse().unwrap();
            let cents = price * item.quantity_milli as f64 / 10.0;
            assert!(
                (cents - item.total_cents as f64).abs() <= 0.5001,
                "{cents} {item:?}"
            );
        }
    }

    #[test]
    fn small_and_empty_invoices_work() {
        let meters = meters();
        for items in 1..5 {
            let plan = InvoicePlan::new("a").items(items).credits(1);
            for position in 0..items {
                assert!(Item::at(&plan, &meters, position).day < plan.days);
            }
        }
    }

    #[test]
    fn wild_invoices_are_odd_now_and_then() {
        let meters = meters();
        let plan = InvoicePlan::new("a").items(1_000).variety(Variety::Wild);
        let odd = (0..1_000)
            .filter(|position| Item::at(&plan, &meters, *position).odd)
            .count();
        assert!((200..600).contains(&odd), "{odd}");
    }
}
