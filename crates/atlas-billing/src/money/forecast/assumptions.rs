//! How a forecast was computed, in words.

use atlas_billing_raw::Cents;
use chrono::Days;
use serde::Serialize;

use super::{Forecast, ForecastMethod, ForecastOptions};
use crate::money::daily::{Basis, ChargeClass, DailyTotals};

/// Something that a forecast takes to be so, as a sentence without a final period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Assumption {
    /// What it is about.
    pub kind: AssumptionKind,
    /// The sentence, in English. Amounts have two places and no currency.
    pub text: String,
}

/// What an assumption is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum AssumptionKind {
    /// Which days are complete.
    CompleteDays,
    /// How the other days are estimated.
    Method,
    /// Another method than asked for was used.
    OtherMethod,
    /// Which amounts are forecast.
    Basis,
    /// What is counted as posted, and not projected.
    NotProjected,
    /// Charges are late, or usage stopped.
    Late,
    /// One day is far above the others.
    Spike,
}

/// In the order of the calculation; `from` are the days that the estimate is from.
pub(super) fn of(
    forecast: &Forecast,
    daily: &DailyTotals,
    options: &ForecastOptions<'_>,
    from: &[(i128, i128)],
) -> Vec<Assumption> {
    let mut assumptions = Vec::new();
    let mut add = |kind, text: String| assumptions.push(Assumption { kind, text });
    add(AssumptionKind::CompleteDays, complete_days(forecast));
    if forecast.remaining_days > 0 {
        add(AssumptionKind::Method, method(forecast).to_owned());
        if forecast.method == ForecastMethod::LastMonthMean {
            add(
                AssumptionKind::OtherMethod,
                format!("no day of {} is complete yet", forecast.month),
            );
        } else if forecast.method != options.method {
            let why = match options.last_month {
                None => "last month's charges are not known",
                Some(_) => "last month has no daily charges on these days",
            };
            add(
                AssumptionKind::OtherMethod,
                format!("the shape of last month is not used: {why}"),
            );
        }
        late(forecast, daily)
            .into_iter()
            .for_each(|text| add(AssumptionKind::Late, text));
        spike(from)
            .into_iter()
            .for_each(|text| add(AssumptionKind::Spike, text));
    }
    let basis = match forecast.basis {
        Basis::Prices => "prices as Atlas sends them; discounts are not subtracted",
        Basis::PricesLessDiscounts => "prices less discounts",
    };
    add(
        AssumptionKind::Basis,
        format!("amounts are {basis}, without tax"),
    );
    add(
        AssumptionKind::NotProjected,
        not_projected(forecast, options),
    );
    assumptions
}

fn complete_days(forecast: &Forecast) -> String {
    match forecast.complete_through {
        Some(through) if forecast.remaining_days == 0 => {
            format!("all charges through {through} are posted: the month is over")
        }
        Some(through) => format!(
            "charges are complete through {through} ({} of {} days): a day's charges are posted on the next",
            forecast.complete_days,
            forecast.month.day_count(),
        ),
        None => "no day is complete: a day's charges are posted on the next".to_owned(),
    }
}

fn method(forecast: &Forecast) -> &'static str {
    match forecast.method {
        ForecastMethod::RunRate => "each day that is left is like the mean of the complete days",
        ForecastMethod::LastMonthShape => {
            "each day that is left is like the same day of last month, times what the complete days are to the same days of last month"
        }
        ForecastMethod::LastMonthMean => "each day is like the mean of last month's days",
    }
}

/// Days without charges that should have some by now.
fn late(forecast: &Forecast, daily: &DailyTotals) -> Option<String> {
    let last = daily.last_day(forecast.month)?;
    let usual = forecast.today.checked_sub_days(Days::new(3))?;
    (last < usual).then(|| {
        format!(
            "no daily charges after {last}: they are taken to be late; if usage stopped, the forecast is too high"
        )
    })
}

/// A day of more than three times the median.
fn spike(from: &[(i128, i128)]) -> Option<String> {
    let mut amounts: Vec<i128> = from.iter().map(|(amount, _)| *amount).collect();
    amounts.sort_unstable();
    let median = amounts.get(amounts.len() / 2).filter(|it| **it > 0)?;
    let highest = amounts.last()?;
    (amounts.len() > 3 && *highest > median.checked_mul(3)?).then(|| {
        format!(
            "one day cost {}, the median day {}: a charge that does not recur makes the forecast too high",
            Cents::new(*highest),
            Cents::new(*median),
        )
    })
}

fn not_projected(forecast: &Forecast, options: &ForecastOptions<'_>) -> String {
    let last_month = options.last_month.map(|last| {
        let amount = |class| last.amount(class, forecast.basis);
        let (monthly, credits) = (amount(ChargeClass::Monthly), amount(ChargeClass::Credit));
        format!("; last month they were {monthly} and {credits}")
    });
    let other = match forecast.other_days {
        Cents::ZERO => String::new(),
        other => format!("; so do {other} for days of other months"),
    };
    format!(
        "charges for more than a day ({}) and credits ({}) count as posted so far{}{other}",
        forecast.monthly,
        forecast.credits,
        last_month.unwrap_or_default(),
    )
}
