//! The same days of two months beside each other.

use atlas_billing_raw::{Cents, Decimal, Number};
use chrono::{Days, NaiveDate};
use rust_decimal::RoundingStrategy;
use serde::Serialize;

use super::daily::{Basis, ChargeClass, DailyTotals};
use super::series::relative_change;
use crate::error::{Error, Result};
use crate::period::Month;

/// The first complete days of a month beside as many of an earlier one: daily charges only, so that a
/// month to date is never compared with a whole month.
///
/// Charges for more than a day and credits are posted at times of their own; they stand beside, for
/// the whole of what was read.
///
/// ```
/// use atlas_billing::money::{Basis, Cents, ChargeClass, Comparison, DailyTotals};
///
/// let month = |first: &str, cents: i64| {
///     let first: atlas_billing::chrono::NaiveDate = first.parse()?;
///     let mut daily = DailyTotals::new();
///     for day in first.iter_days().take(10) {
///         daily.add_amount(ChargeClass::Daily, Some(day), Cents::from(cents));
///     }
///     Ok::<_, Box<dyn std::error::Error>>(daily)
/// };
/// let (march, february) = (month("2025-03-01", 130)?, month("2025-02-01", 100)?);
/// let comparison = Comparison::of(
///     (&march, "2025-03".parse()?), (&february, "2025-02".parse()?),
///     "2025-03-11".parse()?, Basis::Prices,
/// )?;
/// assert_eq!(comparison.days, 9);
/// assert_eq!(comparison.difference, Cents::from(270));
/// assert_eq!(comparison.percent.map(|it| it.to_string()).as_deref(), Some("30.0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Comparison {
    /// The month.
    pub month: Month,
    /// The earlier month.
    pub earlier_month: Month,
    /// How many days from the first are compared: those that are complete, and that both months have.
    pub days: u32,
    /// The last day of the month that is compared (UTC).
    pub through: NaiveDate,
    /// Which amounts are compared.
    pub basis: Basis,
    /// The daily charges of these days, in cents.
    pub current: Cents,
    /// Those of the earlier month.
    pub earlier: Cents,
    /// The current ones less the earlier ones.
    pub difference: Cents,
    /// The difference in percent of the earlier charges, to one place, halves away from zero. `None`
    /// where it would mean nothing: the earlier charges are not above zero, or the current ones are
    /// below.
    #[serde(serialize_with = "as_number")]
    #[cfg_attr(feature = "schemars", schemars(with = "Option<Number>"))]
    pub percent: Option<Decimal>,
    /// Charges for more than a day, in cents: of the month, and of the earlier one.
    pub monthly: (Cents, Cents),
    /// Credits, in cents: of the month, and of the earlier one.
    pub credits: (Cents, Cents),
}

impl Comparison {
    /// Of the charges of a month, as they were on the day `today` (UTC), with those of an earlier
    /// one.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if no day of the month is complete, see
    /// [`DailyTotals::complete_through`].
    pub fn of(
        (current, month): (&DailyTotals, Month),
        earlier: (&DailyTotals, Month),
        today: NaiveDate,
        basis: Basis,
    ) -> Result<Self> {
        let Some(through) = current.complete_through(month, today) else {
            return Err(Error::input(format!(
                "no day of {month} is complete on {today}: nothing to compare yet"
            )));
        };
        Ok(Self::through((current, month), earlier, through, basis))
    }

    /// The same where it is known which day of the month is the last complete one: filtered charges
    /// do not show it.
    pub fn through(
        (current, month): (&DailyTotals, Month),
        (earlier, earlier_month): (&DailyTotals, Month),
        through: NaiveDate,
        basis: Basis,
    ) -> Self {
        let shorter = month.day_count().min(earlier_month.day_count());
        let days = month.days_through(through).min(shorter);
        let amounts = |class| (current.amount(class, basis), earlier.amount(class, basis));
        let now = basis.amount(&current.first_days(month, days));
        let before = basis.amount(&earlier.first_days(earlier_month, days));
        let last = Days::new(u64::from(days.saturating_sub(1)));
        Self {
            month,
            earlier_month,
            days,
            through: month.first_day().checked_add_days(last).unwrap_or(through),
            basis,
            current: now,
            earlier: before,
            difference: now - before,
            percent: percent(now, before),
            monthly: amounts(ChargeClass::Monthly),
            credits: amounts(ChargeClass::Credit),
        }
    }
}

fn percent(now: Cents, before: Cents) -> Option<Decimal> {
    let part = relative_change(before.to_decimal()?, now.to_decimal()?)?;
    let percent = part.checked_mul(Decimal::ONE_HUNDRED)?;
    let mut rounded = percent.round_dp_with_strategy(1, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(1);
    Some(rounded)
}

fn as_number<S: serde::Serializer>(
    percent: &Option<Decimal>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    percent.map(Number::from).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(month: Month, days: usize, cents: i64) -> DailyTotals {
        let mut daily = DailyTotals::new();
        for day in month.first_day().iter_days().take(days) {
            daily.add_amount(ChargeClass::Daily, Some(day), Cents::from(cents));
        }
        daily
    }

    fn compare(today: &str, current: &DailyTotals, earlier: &DailyTotals) -> Result<Comparison> {
        let [march, february] = ["2025-03", "2025-02"].map(|month| month.parse().unwrap());
        let today = today.parse().unwrap();
        Comparison::of((current, march), (earlier, february), today, Basis::Prices)
    }

    #[test]
    fn as_many_days_as_both_months_have() {
        let [march, february]: [Month; 2] = ["2025-03", "2025-02"].map(|it| it.parse().unwrap());
        let mut current = flat(march, 31, 31);
        current.add_amount(ChargeClass::Credit, None, Cents::from(-9));
        let earlier = flat(february, 28, 30);
        for (today, days, now, before, percent) in [
            // The 1st alone: 0.31 against 0.30, 3.33 %.
            ("2025-03-03", 1, 31, 30, "3.3"),
            ("2025-03-20", 18, 558, 540, "3.3"),
            // February has 28 days, so that 28 of March are compared: 8.68 against 8.40.
            ("2025-04-05", 28, 868, 840, "3.3"),
        ] {
            let found = compare(today, &current, &earlier).unwrap();
            assert_eq!(found.days, days, "{today}");
            assert_eq!(
                (found.current, found.earlier),
                (Cents::from(now), Cents::from(before))
            );
            assert_eq!(found.difference, Cents::from(now - before));
            assert_eq!(found.percent.unwrap().to_string(), percent);
            assert_eq!(found.credits, (Cents::from(-9), Cents::ZERO));
        }
        assert!(compare("2025-03-02", &current, &earlier).is_err());
    }

    #[test]
    fn no_percentage_where_it_means_nothing() {
        let march: Month = "2025-03".parse().unwrap();
        let current = flat(march, 10, 5);
        let none = compare("2025-03-11", &current, &DailyTotals::new()).unwrap();
        assert_eq!((none.percent, none.difference), (None, Cents::from(45)));
        let percent = |now: i64, before: i64| percent(now.into(), before.into());
        assert_eq!(percent(-1, 5), None);
        assert_eq!(percent(5, -1), None);
        // -1/8 is 12.5 % less; 1/16 is 6.25 %, halves away from zero.
        assert_eq!(percent(7, 8).unwrap().to_string(), "-12.5");
        assert_eq!(percent(17, 16).unwrap().to_string(), "6.3");
        assert_eq!(percent(0, 16).unwrap().to_string(), "-100.0");
    }
}
