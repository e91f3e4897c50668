//! Limits on amounts: whether a figure is over one, and what is said then. Pure: the figures are the
//! caller's.

use std::str::FromStr;

use atlas_billing::money::parse_decimal;
use atlas_billing::{Cents, Decimal};
use clap::Args;

use crate::commands::Context;
use crate::failure::{Failure, exit};
use crate::text;

/// Limits on what a command shows.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Gate {
    /// Exit code 8 above 1000.50, or +20% over the period before
    #[arg(long, value_name = "AMOUNT|+PERCENT%", help_heading = "Limits")]
    pub(crate) fail_over: Option<Limit>,

    /// Warn in the same case, and exit as usual
    #[arg(long, value_name = "AMOUNT|+PERCENT%", help_heading = "Limits")]
    pub(crate) warn_over: Option<Limit>,

    /// Apply the limits to each group of --by instead of the whole
    #[arg(long, help_heading = "Limits")]
    pub(crate) each: bool,
}

impl Gate {
    /// Whether there is anything to exceed.
    pub(crate) fn has_limit(&self) -> bool {
        self.fail_over.is_some() || self.warn_over.is_some()
    }
}

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Limit {
    /// In units of the currency.
    Amount(Decimal),
    /// So many percent above the figure of the period before.
    Above(Decimal),
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let wrong = || format!("\"{given}\" is neither an amount such as 1000.50 nor +20%");
        let above = given.strip_prefix('+').and_then(|it| it.strip_suffix('%'));
        let number = parse_decimal(above.unwrap_or(given)).ok_or_else(wrong)?;
        match above {
            _ if number.is_sign_negative() => Err(wrong()),
            None if given.starts_with('+') => Err(wrong()),
            Some(_) => Ok(Self::Above(number)),
            None => Ok(Self::Amount(number)),
        }
    }
}

/// A figure under a limit.
#[derive(Debug)]
pub(crate) struct Figure {
    /// What it is, for a message: `the forecast of 2025-03`.
    pub(crate) what: String,
    /// In units of the currency.
    pub(crate) amount: Decimal,
    /// That of the period before; none where there is no such figure.
    pub(crate) before: Option<Decimal>,
    /// How that is compared, for the end of a message; empty where it is plain.
    pub(crate) compared: String,
}

impl Figure {
    /// A figure in cents, compared as it is.
    pub(crate) fn of_cents(
        what: String,
        amount: Cents,
        before: Option<Cents>,
    ) -> Result<Self, Failure> {
        let units = |cents: Cents| cents.to_decimal().ok_or_else(out_of_range);
        Ok(Self {
            what,
            amount: units(amount)?,
            before: before.map(units).transpose()?,
            compared: String::new(),
        })
    }
}

fn out_of_range() -> Failure {
    Failure::new(exit::OTHER, "the limit is out of range")
}

impl Limit {
    /// What the limit comes to for a figure, in cents, and the sentence if the figure is over it.
    fn exceeded(self, figure: &Figure) -> Result<Option<String>, Failure> {
        let (limit, compared) = match self {
            Self::Amount(amount) => (amount, ""),
            Self::Above(percent) => {
                let before = figure.before.ok_or_else(|| {
                    Failure::usage(format!(
                        "{} cannot be compared: there is none of the period before",
                        figure.what
                    ))
                })?;
                // Above a credit is what costs at all.
                let before = before.max(Decimal::ZERO);
                let factor = (percent / Decimal::from(100)) + Decimal::ONE;
                let limit = before.checked_mul(factor).ok_or_else(out_of_range)?;
                (limit, figure.compared.as_str())
            }
        };
        let amount = figure.amount;
        let over = amount.checked_sub(limit).ok_or_else(out_of_range)?;
        Ok((over > Decimal::ZERO).then(|| {
            format!(
                "{} is {}, over the limit of {} by {}{compared}",
                figure.what,
                text::decimal(amount),
                text::decimal(limit),
                text::decimal(over)
            )
        }))
    }
}

impl Gate {
    /// The flags with whether they are given.
    pub(crate) fn flags(&self) -> [(&'static str, bool); 3] {
        [
            ("--fail-over", self.fail_over.is_some()),
            ("--warn-over", self.warn_over.is_some()),
            ("--each", self.each),
        ]
    }

    /// Whether a limit needs the figure of the period before.
    pub(crate) fn compares(&self) -> bool {
        [self.fail_over, self.warn_over]
            .iter()
            .any(|limit| matches!(limit, Some(Limit::Above(_))))
    }

    /// Warns of figures that are over a limit, or fails, once the data has been written.
    pub(crate) fn judge(&self, context: &Context, figures: &[Figure]) -> Result<(), Failure> {
        let over = |limit: Option<Limit>| -> Result<Vec<String>, Failure> {
            let limit = limit.into_iter();
            let each = limit.flat_map(|limit| figures.iter().map(move |it| limit.exceeded(it)));
            each.filter_map(Result::transpose).collect()
        };
        for warning in over(self.warn_over)? {
            context.voice.must(&format!("warning: {warning}"));
        }
        match over(self.fail_over)?.as_slice() {
            [] => Ok(()),
            exceeded => Err(Failure::new(exit::GATE, exceeded.join("; "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(amount: i128, before: Option<i128>) -> Figure {
        Figure::of_cents("it".into(), Cents::new(amount), before.map(Cents::new)).unwrap()
    }

    #[test]
    fn a_figure_is_over_a_limit_or_not() {
        for (limit, amount, before, over) in [
            ("10", 1000, None, None),
            (
                "10",
                1001,
                None,
                Some("it is 10.01, over the limit of 10.00 by 0.01"),
            ),
            (
                "10.005",
                1001,
                None,
                Some("it is 10.01, over the limit of 10.00 by 0.00"),
            ),
            ("0", -5, None, None),
            // 20 % above 100.00 are 120.00.
            ("+20%", 12_000, Some(10_000), None),
            (
                "+20%",
                12_001,
                Some(10_000),
                Some("it is 120.01, over the limit of 120.00 by 0.01"),
            ),
            (
                "+0%",
                1,
                Some(0),
                Some("it is 0.01, over the limit of 0.00 by 0.01"),
            ),
            // Credits: of -30.00 and more of them, or no more than a cost.
            ("+20%", -11_500, Some(-3_000), None),
            (
                "+20%",
                1,
                Some(-3_000),
                Some("it is 0.01, over the limit of 0.00 by 0.01"),
            ),
        ] {
            let limit: Limit = limit.parse().unwrap();
            let exceeded = limit.exceeded(&figure(amount, before)).unwrap();
            assert_eq!(exceeded.as_deref(), over, "{limit:?} {amount}");
        }
        let limit: Limit = "+20%".parse().unwrap();
        assert_eq!(
            limit.exceeded(&figure(1, None)).unwrap_err().exit,
            exit::USAGE
        );
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for given in ["", "x", "-1", "+-20%", "+20", "20%", "+%", "1,000", "NaN"] {
            assert!(given.parse::<Limit>().is_err(), "{given}");
        }
    }
}
