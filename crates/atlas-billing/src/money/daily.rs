//! Charges by day, apart from what is charged once a month.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use atlas_billing_raw::Cents;
use atlas_billing_raw::types::LineItem;
use chrono::{Days, NaiveDate};
use serde::Serialize;

use super::charge::{Charge, Needs};
use super::groups::Groups;
use super::statement::Statement;
use super::totals::{Dimension, Group, Key, Total, place};
use crate::period::Month;

/// How a charge behaves over a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ChargeClass {
    /// Charged for one day or less: usage, which recurs day by day.
    Daily,
    /// Charged for more than a day, such as support and subscriptions: does not recur within the
    /// month. So are items without a start, which belong to no day.
    Monthly,
    /// A price below zero.
    Credit,
}

/// Which amount of a line item is counted: whether prices are before or after discounts is disputed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Basis {
    /// Prices (`totalPriceCents`) as they are sent.
    #[default]
    Prices,
    /// Prices less discounts (`discountCents`).
    PricesLessDiscounts,
}

impl Basis {
    /// The basis of an invoice's subtotal, as far as the statement shows it: prices less discounts
    /// where the subtotal subtracts them, else prices.
    pub fn of(statement: &Statement) -> Self {
        match statement.subtotal_rule() {
            Some(rule) if rule.subtracts_discounts() => Self::PricesLessDiscounts,
            _ => Self::Prices,
        }
    }

    /// The amount that is counted of a sum.
    pub fn amount(self, total: &Total) -> Cents {
        match self {
            Self::Prices => total.gross,
            Self::PricesLessDiscounts => total.net(),
        }
    }
}

/// Exact sums of line items by the UTC day on which their usage starts, for daily charges; charges
/// for more than a day and credits are sums of their own. Independent of the order of the items.
///
/// ```
/// use atlas_billing::money::{Basis, Cents, ChargeClass, DailyTotals};
///
/// let items: Vec<atlas_billing::LineItem> = serde_json::from_str(
///     r#"[{"startDate":"2025-03-01T00:00:00Z","endDate":"2025-03-02T00:00:00Z","totalPriceCents":100},
///         {"startDate":"2025-03-01T00:00:00Z","endDate":"2025-04-01T00:00:00Z","totalPriceCents":900},
///         {"startDate":"2025-03-01T00:00:00Z","totalPriceCents":-50}]"#,
/// )?;
/// let daily: DailyTotals = items.iter().collect();
/// assert_eq!(daily.day("2025-03-01".parse()?, Basis::Prices), Cents::from(100));
/// assert_eq!(daily.amount(ChargeClass::Monthly, Basis::Prices), Cents::from(900));
/// assert_eq!(daily.amount(ChargeClass::Credit, Basis::Prices), Cents::from(-50));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DailyTotals {
    /// Daily charges, by the UTC day on which the usage starts.
    pub days: BTreeMap<NaiveDate, Total>,
    /// Charges for more than a day, and those without a start.
    pub monthly: Total,
    /// Prices below zero.
    pub credits: Total,
}

impl DailyTotals {
    /// No charges yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one item.
    pub fn add(&mut self, item: &LineItem) {
        self.add_charge(&item.into());
    }

    /// Adds an amount that is not from a line item. A daily charge without a day is a monthly one.
    pub fn add_amount(&mut self, class: ChargeClass, day: Option<NaiveDate>, amount: Cents) {
        self.of(class, day).add_item(amount, Cents::ZERO);
    }

    pub(crate) fn add_charge(&mut self, charge: &Charge<'_>) {
        let class = match charge.gross < Cents::ZERO {
            true => ChargeClass::Credit,
            false if charge.is_long => ChargeClass::Monthly,
            false => ChargeClass::Daily,
        };
        self.of(class, charge.day)
            .add_item(charge.gross, charge.discount);
    }

    fn of(&mut self, class: ChargeClass, day: Option<NaiveDate>) -> &mut Total {
        match (class, day) {
            (ChargeClass::Daily, Some(day)) => self.days.entry(day).or_default(),
            (ChargeClass::Credit, _) => &mut self.credits,
            (ChargeClass::Daily | ChargeClass::Monthly, _) => &mut self.monthly,
        }
    }

    /// The daily charges of a day; zero for one without any.
    pub fn day(&self, day: NaiveDate, basis: Basis) -> Cents {
        let total = self.days.get(&day);
        total.map_or(Cents::ZERO, |total| basis.amount(total))
    }

    /// The daily charges of the first `days` days of a month.
    pub fn first_days(&self, month: Month, days: u32) -> Total {
        let after = month.first_day().checked_add_days(Days::new(days.into()));
        let after = after.unwrap_or(NaiveDate::MAX);
        let days = self.days.range(month.first_day()..after);
        days.map(|(_, total)| *total).sum()
    }

    /// All charges of a class.
    pub fn amount(&self, class: ChargeClass, basis: Basis) -> Cents {
        match class {
            ChargeClass::Daily => self.days.values().map(|day| basis.amount(day)).sum(),
            ChargeClass::Monthly => basis.amount(&self.monthly),
            ChargeClass::Credit => basis.amount(&self.credits),
        }
    }

    /// The sum over all items.
    pub fn total(&self) -> Total {
        let days: Total = self.days.values().copied().sum();
        days + self.monthly + self.credits
    }

    /// The last day of `month` with daily charges.
    pub fn last_day(&self, month: Month) -> Option<NaiveDate> {
        let mut days = self.days.range(month.first_day()..=month.last_day());
        days.next_back().map(|(day, _)| *day)
    }

    /// The last day of `month` whose daily charges are complete, as of the day on which the items were
    /// read, `today` (UTC). `None` if no day is complete.
    ///
    /// Atlas posts a day's charges on the next day. So a day is complete from the second day after
    /// it, and the last day that has charges is not, until all of the month is over for two days.
    pub fn complete_through(&self, month: Month, today: NaiveDate) -> Option<NaiveDate> {
        let settled = today.checked_sub_days(Days::new(2))?;
        if settled >= month.last_day() {
            return Some(month.last_day());
        }
        let before_last = self.last_day(month)?.pred_opt()?;
        let through = before_last.min(settled);
        (through >= month.first_day()).then_some(through)
    }
}

impl AddAssign<&Self> for DailyTotals {
    fn add_assign(&mut self, other: &Self) {
        for (day, total) in &other.days {
            *self.days.entry(*day).or_default() += *total;
        }
        self.monthly += other.monthly;
        self.credits += other.credits;
    }
}

impl<'a> Extend<&'a LineItem> for DailyTotals {
    fn extend<I: IntoIterator<Item = &'a LineItem>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.add(item));
    }
}

impl<'a> FromIterator<&'a LineItem> for DailyTotals {
    fn from_iter<I: IntoIterator<Item = &'a LineItem>>(items: I) -> Self {
        let mut daily = Self::new();
        daily.extend(items);
        daily
    }
}

/// [`DailyTotals`] of line items by one or more dimensions.
#[derive(Debug, Clone, Default)]
pub struct DailyGroups {
    by: Vec<Dimension>,
    groups: Groups<DailyGroup>,
}

/// The charges by day of the line items that share the values of all dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DailyGroup {
    /// The values, one for each dimension, in the order of the dimensions.
    pub keys: Vec<Key>,
    /// The charges.
    pub daily: DailyTotals,
}

impl DailyGroups {
    /// No items yet, to be grouped by `by`; without a dimension there is one group at most.
    pub fn new(by: &[Dimension]) -> Self {
        Self {
            by: by.to_vec(),
            ..Self::default()
        }
    }

    /// What is read of an item.
    pub(crate) fn needs(by: &[Dimension]) -> Needs {
        Needs {
            span: true,
            ..Needs::of(by)
        }
    }

    /// The charges of all items, added up from the groups.
    pub fn total(&self) -> DailyTotals {
        let mut total = DailyTotals::new();
        for group in self.groups.values() {
            total += &group.daily;
        }
        total
    }

    /// The groups, in ascending order of their keys; a group without a value comes first.
    pub fn groups(&self) -> Vec<&DailyGroup> {
        let mut groups: Vec<&DailyGroup> = self.groups.values().collect();
        groups.sort_by(|left, right| left.keys.cmp(&right.keys));
        groups
    }

    /// The sums of all charges of each group, as [`Totals`](super::totals::Totals) has them, in the
    /// same order.
    pub fn totals(&self) -> Vec<Group> {
        self.sums(|daily| daily.total())
    }

    /// The daily charges of the first `days` days of a month, of each group that has any, in the same
    /// order.
    pub fn first_days(&self, month: Month, days: u32) -> Vec<Group> {
        let mut groups = self.sums(|daily| daily.first_days(month, days));
        groups.retain(|group| group.total.count > 0);
        groups
    }

    fn sums(&self, of: impl Fn(&DailyTotals) -> Total) -> Vec<Group> {
        let groups = self.groups().into_iter();
        groups
            .map(|group| Group {
                keys: group.keys.clone(),
                total: of(&group.daily),
            })
            .collect()
    }

    /// Adds one item.
    pub fn add(&mut self, item: &LineItem) {
        self.add_charge(&item.into());
    }

    /// Adds one item that `organization` used, by its id.
    pub fn add_of(&mut self, item: &LineItem, organization: Option<&str>) {
        self.add_charge(&Charge::of(item, organization));
    }

    pub(crate) fn add_charge(&mut self, charge: &Charge<'_>) {
        let place = self.place(charge);
        self.add_at(place, charge);
    }

    /// The place of the group that a charge belongs to.
    pub(crate) fn place(&mut self, charge: &Charge<'_>) -> usize {
        let new = |keys| DailyGroup {
            keys,
            daily: DailyTotals::new(),
        };
        place(&mut self.groups, &self.by, charge, new, |group| {
            &mut group.keys
        })
    }

    /// Adds a charge to the group at its place.
    pub(crate) fn add_at(&mut self, place: usize, charge: &Charge<'_>) {
        self.groups.at(place).daily.add_charge(charge);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(start: &str, end: &str, cents: i64) -> LineItem {
        let text = format!(
            r#"{{"sku":"S{}","startDate":"{start}","endDate":"{end}","totalPriceCents":{cents},"discountCents":1}}"#,
            cents.rem_euclid(2)
        );
        serde_json::from_str(&text).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn items_fall_into_classes() {
        let items = [
            item("2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z", 100),
            item("2025-03-01T13:00:00Z", "2025-03-01T14:00:00Z", 11),
            item("2025-03-01T00:00:00Z", "2025-03-02T00:00:01Z", 20),
            item("2025-02-28T00:00:00Z", "2025-03-01T00:00:00Z", 0),
            item("2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z", -7),
            serde_json::from_str(r#"{"totalPriceCents":5}"#).unwrap(),
        ];
        let daily: DailyTotals = items.iter().collect();
        let both = [Basis::Prices, Basis::PricesLessDiscounts];
        let of = |day_of| both.map(|basis| daily.day(day(day_of), basis).get());
        assert_eq!(of("2025-03-01"), [111, 109]);
        assert_eq!(of("2025-02-28"), [0, -1]);
        assert_eq!(of("2025-03-02"), [0, 0]);
        let amounts = [
            ChargeClass::Daily,
            ChargeClass::Monthly,
            ChargeClass::Credit,
        ]
        .map(|class| daily.amount(class, Basis::Prices).get());
        assert_eq!(amounts, [111, 25, -7]);
        assert_eq!(daily.total(), items.iter().collect());

        let mut groups = DailyGroups::new(&[Dimension::Sku]);
        items.iter().for_each(|item| groups.add(item));
        assert_eq!(groups.total(), daily);
        let keys: Vec<_> = groups
            .groups()
            .iter()
            .map(|it| it.keys[0].to_string())
            .collect();
        assert_eq!(keys, ["(none)", "S0", "S1"]);
        let sum: Total = groups.groups().iter().map(|it| it.daily.total()).sum();
        assert_eq!(sum, daily.total());
    }

    #[test]
    fn the_basis_of_an_invoice_is_that_of_its_subtotal() {
        // 10.00 with 1.00 off.
        for (subtotal, basis) in [
            ("1000", Basis::Prices),
            ("900", Basis::PricesLessDiscounts),
            ("950", Basis::Prices),
            ("null", Basis::Prices),
        ] {
            let invoice = format!(
                r#"{{"subtotalCents":{subtotal},"lineItems":[{{"totalPriceCents":1000,"discountCents":100}}]}}"#
            );
            let statement = Statement::of(&serde_json::from_str(&invoice).unwrap());
            assert_eq!(Basis::of(&statement), basis, "{subtotal}");
        }
    }

    #[test]
    fn the_first_days_of_a_month_are_daily_charges_alone() {
        let items = [
            item("2025-02-28T00:00:00Z", "2025-03-01T00:00:00Z", 1),
            item("2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z", 10),
            item("2025-03-02T23:59:59Z", "2025-03-03T00:00:00Z", 100),
            item("2025-03-03T00:00:00Z", "2025-03-04T00:00:00Z", 1000),
            item("2025-03-01T00:00:00Z", "2025-04-01T00:00:00Z", 5),
            item("2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z", -7),
        ];
        let mut groups = DailyGroups::new(&[Dimension::Sku, Dimension::Provider]);
        items.iter().for_each(|item| groups.add(item));
        let march: Month = "2025-03".parse().unwrap();
        for (days, gross) in [(0, 0), (1, 10), (2, 110), (3, 1110), (31, 1110)] {
            let total = groups.total().first_days(march, days);
            assert_eq!(total.gross, Cents::from(gross), "{days}");
            let groups = groups.first_days(march, days);
            assert_eq!(groups.len(), usize::from(days > 0));
        }
        let totals = groups.totals();
        let sum: Total = totals.iter().map(|group| group.total).sum();
        assert_eq!(sum, groups.total().total());
        assert!(totals.iter().all(|group| group.keys.len() == 2));
    }

    #[test]
    fn a_day_is_complete_when_the_next_has_charges_and_two_days_later() {
        let march: Month = "2025-03".parse().unwrap();
        let mut daily = DailyTotals::new();
        let through = |daily: &DailyTotals, today| {
            let through = daily.complete_through(march, day(today));
            through.map(|through| through.to_string())
        };
        assert_eq!(through(&daily, "2025-03-20"), None);
        for number in 1..=10 {
            let date = NaiveDate::from_ymd_opt(2025, 3, number);
            daily.add_amount(ChargeClass::Daily, date, Cents::from(5));
        }
        for (today, expected) in [
            ("2025-03-02", None),
            // Of the 2nd, charges may still be posted on the 3rd.
            ("2025-03-03", Some("2025-03-01")),
            ("2025-03-11", Some("2025-03-09")),
            // Nothing was posted of the 11th, so that the 10th may not be complete.
            ("2025-03-20", Some("2025-03-09")),
            ("2025-04-01", Some("2025-03-09")),
            ("2025-04-02", Some("2025-03-31")),
        ] {
            assert_eq!(through(&daily, today).as_deref(), expected, "{today}");
        }
    }
}
