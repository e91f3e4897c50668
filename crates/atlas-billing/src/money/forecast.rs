//! What a running month will have cost at its end.

use atlas_billing_raw::Cents;
use chrono::{Days, NaiveDate};
use serde::Serialize;

use super::daily::{Basis, ChargeClass, DailyTotals};
use crate::error::{Error, ErrorKind, Result};
use crate::period::Month;

mod assumptions;
mod spread;

pub use assumptions::{Assumption, AssumptionKind};

/// How the days that are left are estimated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ForecastMethod {
    /// Each like the mean of the complete days.
    #[default]
    RunRate,
    /// Each like the same day of last month, times what the complete days come to against the same
    /// days of last month. Days that last month did not have are like its mean.
    LastMonthShape,
    /// Each like the mean of last month's days: what is used, and never asked for, while no day of
    /// the month is complete.
    LastMonthMean,
}

/// How to forecast: the method, the amounts, last month's charges.
#[derive(Debug, Clone, Default)]
pub struct ForecastOptions<'a> {
    method: ForecastMethod,
    basis: Basis,
    last_month: Option<&'a DailyTotals>,
    complete_through: Option<NaiveDate>,
}

impl<'a> ForecastOptions<'a> {
    /// By run rate, of prices, without last month's charges.
    pub fn new() -> Self {
        Self::default()
    }

    /// By this method.
    #[must_use]
    pub fn with_method(mut self, method: ForecastMethod) -> Self {
        self.method = method;
        self
    }

    /// Of these amounts.
    #[must_use]
    pub fn with_basis(mut self, basis: Basis) -> Self {
        self.basis = basis;
        self
    }

    /// With the charges of the whole month before: what [`ForecastMethod::LastMonthShape`] and the
    /// first days of a month need.
    #[must_use]
    pub fn with_last_month(mut self, daily: &'a DailyTotals) -> Self {
        self.last_month = Some(daily);
        self
    }

    /// With the last complete day given, instead of by these charges: for a part of an invoice, such
    /// as one project, whose own last day with charges says nothing of what is posted. See
    /// [`DailyTotals::complete_through`] of the whole.
    #[must_use]
    pub fn with_complete_through(mut self, day: NaiveDate) -> Self {
        self.complete_through = Some(day);
        self
    }
}

/// What a running month will have cost at its end, in cents of the invoice's pricing currency,
/// without tax.
///
/// The forecast is [`complete`](Self::complete) + [`remaining`](Self::remaining) +
/// [`monthly`](Self::monthly) + [`credits`](Self::credits) + [`other_days`](Self::other_days). Only
/// daily charges are projected, from complete days alone; what is charged for more than a day and
/// credits count as posted. All arithmetic is in integers; `remaining` is rounded once, to the nearest
/// cent, halves away from zero.
///
/// ```
/// use atlas_billing::money::{Cents, ChargeClass, DailyTotals, Forecast, ForecastOptions};
/// use atlas_billing::chrono::NaiveDate;
///
/// let first: NaiveDate = "2025-03-01".parse()?;
/// let mut daily = DailyTotals::new();
/// daily.add_amount(ChargeClass::Monthly, Some(first), Cents::from(4900));
/// for (day, cents) in first.iter_days().zip([1000, 1200, 1100, 300]) {
///     daily.add_amount(ChargeClass::Daily, Some(day), Cents::from(cents));
/// }
/// // The 4th is incomplete: 3 complete days of 11.00 on average, and 28 that are left.
/// let forecast = Forecast::of(&daily, "2025-03".parse()?, "2025-03-05".parse()?, &ForecastOptions::new())?;
/// assert_eq!((forecast.complete, forecast.remaining), (Cents::from(3300), Cents::from(28 * 1100)));
/// assert_eq!(forecast.total.to_string(), "390.00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Forecast {
    /// The month.
    pub month: Month,
    /// The day on which the charges were read (UTC).
    pub today: NaiveDate,
    /// The method that was used: another than asked for where that was not possible, see
    /// [`assumptions`](Self::assumptions).
    pub method: ForecastMethod,
    /// Which amounts are forecast.
    pub basis: Basis,
    /// The last complete day; `None` if none is.
    pub complete_through: Option<NaiveDate>,
    /// How many days are complete, from the first of the month.
    pub complete_days: u32,
    /// How many days are not.
    pub remaining_days: u32,
    /// The daily charges of the complete days.
    pub complete: Cents,
    /// What is posted already of the other days: contained in `remaining`.
    pub posted: Cents,
    /// The estimate for the other days. A day of which more is posted than estimated counts as posted.
    pub remaining: Cents,
    /// Charges for more than a day, as posted.
    pub monthly: Cents,
    /// Credits, as posted: zero or negative.
    pub credits: Cents,
    /// Daily charges of days in other months, as posted.
    pub other_days: Cents,
    /// The forecast: the sum.
    pub total: Cents,
    /// Where the forecast is expected to come out. `None` if no day is left, or if a single complete
    /// day has no spread.
    pub range: Option<ForecastRange>,
    /// How it was computed, in words.
    pub assumptions: Vec<Assumption>,
}

/// Where a forecast is expected to come out.
///
/// An 80 % prediction interval, the level that cost forecasts commonly have: `forecast ± t × s ×
/// √(r + r²/n)`, with the `n` days that the estimate is from, the `r` days that are estimated, the
/// standard deviation `s` of the former from their estimates (each to a cent), and Student's `t` for
/// n − 1 degrees of freedom. The half width is rounded down to a cent. It takes days to be independent
/// and nothing else to change: a cluster that is added tomorrow is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ForecastRange {
    /// The lower end, in cents: never below what is posted already.
    pub low: Cents,
    /// The upper end, in cents.
    pub high: Cents,
    /// How likely the month ends within, in percent.
    pub percent: u32,
}

/// The days that an estimate is from, and what it says of each day: `sum × weight / weights`.
struct Estimate {
    method: ForecastMethod,
    /// What the days come to.
    sum: i128,
    /// The weight of each day of the month.
    weights: Vec<i128>,
    /// The sum of the weights of the days that the estimate is from.
    total_weight: i128,
    /// The charges of the days that the estimate is from, with their weights.
    from: Vec<(i128, i128)>,
}

impl Forecast {
    /// Of the daily charges of `month`, as they were on the day `today` (UTC).
    ///
    /// # Errors
    /// [`ErrorKind::Input`]: the month has not begun, or no day of it is complete and last month's
    /// charges are not given. [`ErrorKind::Overflow`]: amounts beyond 128 bits.
    pub fn of(
        daily: &DailyTotals,
        month: Month,
        today: NaiveDate,
        options: &ForecastOptions<'_>,
    ) -> Result<Self> {
        if today < month.first_day() {
            return Err(Error::input(format!("{month} has not begun on {today}")));
        }
        let basis = options.basis;
        let complete_through = options
            .complete_through
            .filter(|day| month.contains(*day))
            .or_else(|| daily.complete_through(month, today));
        let complete_days = complete_through.map_or(0, |day| month.days_through(day));
        let days = amounts(daily, month, basis).ok_or_else(overflow)?;
        let (complete, open) = days.split_at(complete_days as usize);
        let last_month = options.last_month;
        let last_month =
            last_month.map(|last| amounts(last, month.prev(), basis).ok_or_else(overflow));
        let method = options.method;
        let estimate = estimate(complete, last_month.transpose()?, month, method).ok_or_else(|| {
            Error::input(format!(
                "no day of {month} is complete on {today}, since Atlas posts a day's charges on the next: give last month's charges, or wait"
            ))
        })?;
        let weights = estimate.weights.iter().skip(complete.len()).copied();
        let (remaining, estimated) = estimate.remaining(open, weights).ok_or_else(overflow)?;
        let [complete, posted]: [i128; 2] = [complete, open].map(|days| days.iter().sum());
        let [monthly, credits] = [ChargeClass::Monthly, ChargeClass::Credit]
            .map(|class| daily.amount(class, basis).get());
        let other_days = daily.amount(ChargeClass::Daily, basis).get() - complete - posted;
        let at_least = complete + posted + monthly + credits + other_days;
        let total = at_least - posted + remaining;
        let range = match estimated {
            0 => None,
            _ => spread::half_width(
                &estimate.from,
                estimate.sum,
                estimate.total_weight,
                estimated,
            )
            .ok_or_else(overflow)?
            .map(|half| ForecastRange {
                low: Cents::new((total - half).max(at_least)),
                high: Cents::new(total + half),
                percent: spread::PERCENT,
            }),
        };
        let mut forecast = Self {
            month,
            today,
            method: estimate.method,
            basis,
            complete_through,
            complete_days,
            remaining_days: month.day_count() - complete_days,
            complete: Cents::new(complete),
            posted: Cents::new(posted),
            remaining: Cents::new(remaining),
            monthly: Cents::new(monthly),
            credits: Cents::new(credits),
            other_days: Cents::new(other_days),
            total: Cents::new(total),
            range,
            assumptions: Vec::new(),
        };
        forecast.assumptions = assumptions::of(&forecast, daily, options, &estimate.from);
        Ok(forecast)
    }
}

fn overflow() -> Error {
    Error::new(ErrorKind::Overflow, "the forecast leaves 128 bits")
}

/// The daily charges of each day of a month. `None` if some amount is beyond what sums of a month
/// can be computed with.
fn amounts(daily: &DailyTotals, month: Month, basis: Basis) -> Option<Vec<i128>> {
    const MOST: i128 = 1 << 90;
    let classes = [
        ChargeClass::Daily,
        ChargeClass::Monthly,
        ChargeClass::Credit,
    ];
    let classes = classes.map(|class| daily.amount(class, basis));
    let days = (0..u64::from(month.day_count())).map(|number| {
        let day = month.first_day().checked_add_days(Days::new(number));
        day.map_or(Cents::ZERO, |day| daily.day(day, basis))
    });
    let days: Vec<Cents> = days.collect();
    let mut every = days.iter().chain(&classes);
    let fits = every.all(|amount| (-MOST..=MOST).contains(&amount.get()));
    fits.then(|| days.into_iter().map(Cents::get).collect())
}

/// `None` if there is nothing to estimate from.
fn estimate(
    complete: &[i128],
    last_month: Option<Vec<i128>>,
    month: Month,
    method: ForecastMethod,
) -> Option<Estimate> {
    let days = month.day_count() as usize;
    let count = |values: &[i128]| i128::try_from(values.len()).unwrap_or_default();
    let flat = |method, from: &[i128]| Estimate {
        method,
        sum: from.iter().sum(),
        weights: vec![1; days],
        total_weight: count(from),
        from: from.iter().map(|amount| (*amount, 1)).collect(),
    };
    if complete.is_empty() {
        return Some(flat(ForecastMethod::LastMonthMean, &last_month?));
    }
    if method == ForecastMethod::LastMonthShape
        && let Some(last) = last_month
    {
        // In fractions of a day of last month, so that its mean is a whole number, too.
        let mean: i128 = last.iter().sum();
        let weight = |index: usize| match last.get(index) {
            Some(amount) => i128::saturating_mul(*amount, count(&last)),
            None => mean,
        };
        let weights: Vec<i128> = (0..days).map(weight).collect();
        let total_weight = weights.iter().take(complete.len()).sum();
        // Without charges on these days of last month there is no shape.
        if total_weight > 0 {
            return Some(Estimate {
                method: ForecastMethod::LastMonthShape,
                sum: complete.iter().sum(),
                from: complete
                    .iter()
                    .copied()
                    .zip(weights.iter().copied())
                    .collect(),
                weights,
                total_weight,
            });
        }
    }
    Some(flat(ForecastMethod::RunRate, complete))
}

impl Estimate {
    /// What the days with these posted amounts and weights come to, and how many of them are
    /// estimated. `None` beyond 128 bits.
    fn remaining(
        &self,
        posted: &[i128],
        weights: impl Iterator<Item = i128>,
    ) -> Option<(i128, u32)> {
        let (mut counted, mut estimated, mut weight_left) = (0i128, 0, 0i128);
        for (posted, weight) in posted.iter().zip(weights) {
            // A day's charges only grow.
            let is_more = posted.checked_mul(self.total_weight)? > self.sum.checked_mul(weight)?;
            if is_more {
                counted = counted.checked_add(*posted)?;
            } else {
                estimated += 1;
                weight_left = weight_left.checked_add(weight)?;
            }
        }
        let expected = rounded(self.sum.checked_mul(weight_left)?, self.total_weight)?;
        Some((counted.checked_add(expected)?, estimated))
    }
}

/// A quotient to the nearest integer, halves away from zero; `None` if the divisor is not above zero.
pub(super) fn rounded(dividend: i128, divisor: i128) -> Option<i128> {
    if divisor <= 0 {
        return None;
    }
    let (quotient, rest) = (dividend / divisor, dividend % divisor);
    // At least half, without doubling.
    let away = rest.unsigned_abs() >= divisor.unsigned_abs() - rest.unsigned_abs();
    Some(quotient + if away { dividend.signum() } else { 0 })
}

#[cfg(test)]
mod tests;
