//! Limits on amounts: whether a figure is over one, and what is said then. Pure: the figures are the
//! caller's.

use std::fmt::{self, Display, Formatter};
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
    /// Exit code 8 above 1000.50, or +20%: over the period before, scaled to the same days
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
    /// What it is a sum of, for the same message.
    pub(crate) basis: &'static str,
    /// In units of the currency.
    pub(crate) amount: Decimal,
    /// Where it is expected to come out at most; none where it is no estimate.
    pub(crate) at_most: Option<Decimal>,
    /// That of the period before, as it is; none where there is no such figure.
    pub(crate) before: Option<Decimal>,
    pub(crate) compared: Compared,
}

/// The period before, which a limit in percent is above.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compared {
    pub(crate) period: String,
    /// How many days it has, and how many the figure is of.
    pub(crate) days: [u32; 2],
}

impl Compared {
    /// What an amount of the period before comes to in as many days as the figure is of.
    fn scaled(&self, amount: Decimal) -> Option<Decimal> {
        match self.days {
            [then, now] if then != now => amount.checked_mul(now.into())?.checked_div(then.into()),
            _ => Some(amount),
        }
    }
}

impl Display for Compared {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "; compared with {}", self.period)?;
        match self.days {
            [then, now] if then != now => {
                write!(f, ", its {} scaled to {now}", text::counted(then, "day"))
            }
            _ => Ok(()),
        }
    }
}

impl Figure {
    /// A figure in cents.
    pub(crate) fn of_cents(
        what: String,
        basis: &'static str,
        amount: Cents,
        (before, compared): (Option<Cents>, &Compared),
    ) -> Result<Self, Failure> {
        Ok(Self {
            what,
            basis,
            amount: units(amount)?,
            at_most: None,
            before: before.map(units).transpose()?,
            compared: compared.clone(),
        })
    }

    /// The same, expected to come out at this much at most.
    pub(crate) fn at_most(self, most: Option<Cents>) -> Result<Self, Failure> {
        Ok(Self {
            at_most: most.map(units).transpose()?,
            ..self
        })
    }
}

/// A figure beside a limit, if there is anything to say.
#[derive(Debug, PartialEq)]
enum Finding {
    /// The figure is over it.
    Over(String),
    /// The figure keeps it, but may come out above.
    Near(String),
}

fn units(cents: Cents) -> Result<Decimal, Failure> {
    cents.to_decimal().ok_or_else(out_of_range)
}

fn out_of_range() -> Failure {
    Failure::new(exit::OTHER, "the limit is out of range")
}

impl Limit {
    /// The sentence where a figure is over the limit or may come out over it.
    fn judge(self, figure: &Figure) -> Result<Option<Finding>, Failure> {
        let (limit, compared) = match self {
            Self::Amount(amount) => (amount, String::new()),
            Self::Above(percent) => {
                let before = figure.before.ok_or_else(|| {
                    Failure::usage(format!(
                        "{} cannot be compared: there is none of the period before",
                        figure.what
                    ))
                })?;
                // Above a credit is what costs at all.
                let before = before.max(Decimal::ZERO);
                let before = figure.compared.scaled(before).ok_or_else(out_of_range)?;
                let factor = (percent / Decimal::from(100)) + Decimal::ONE;
                let limit = before.checked_mul(factor).ok_or_else(out_of_range)?;
                (limit, figure.compared.to_string())
            }
        };
        let amount = figure.amount;
        let over = amount.checked_sub(limit).ok_or_else(out_of_range)?;
        let said = |how: String| {
            format!(
                "{} is {}, {how} ({}){compared}",
                figure.what,
                text::decimal(amount),
                figure.basis
            )
        };
        let limit_text = text::decimal(limit);
        if over > Decimal::ZERO {
            let over = text::decimal(over);
            let how = format!("over the limit of {limit_text} by {over}");
            return Ok(Some(Finding::Over(said(how))));
        }
        let near = figure.at_most.filter(|most| *most > limit).map(|most| {
            let most = text::decimal(most);
            let how = format!("below the limit of {limit_text}, but its range reaches {most}");
            Finding::Near(said(how))
        });
        Ok(near)
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
        let found = |limit: Option<Limit>| -> Result<Vec<Finding>, Failure> {
            let limit = limit.into_iter();
            let each = limit.flat_map(|limit| figures.iter().map(move |it| limit.judge(it)));
            each.filter_map(Result::transpose).collect()
        };
        let warn = |text: &str| context.voice.must(&format!("warning: {text}"));
        for finding in found(self.warn_over)? {
            let (Finding::Over(text) | Finding::Near(text)) = finding;
            warn(&text);
        }
        let mut exceeded = Vec::new();
        for finding in found(self.fail_over)? {
            match finding {
                Finding::Over(text) => exceeded.push(text),
                Finding::Near(text) => warn(&text),
            }
        }
        match exceeded.as_slice() {
            [] => Ok(()),
            exceeded => Err(Failure::new(exit::GATE, exceeded.join("; "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(amount: i128, before: Option<i128>, days: [u32; 2]) -> Figure {
        let period = "2025-01".to_owned();
        let before = (before.map(Cents::new), &Compared { period, days });
        Figure::of_cents("it".into(), "gross", Cents::new(amount), before).unwrap()
    }

    #[test]
    fn a_figure_is_over_a_limit_or_not() {
        const SAME: [u32; 2] = [0, 0];
        for (limit, amount, before, days, over) in [
            ("10", 1000, None, SAME, None),
            (
                "10",
                1001,
                None,
                SAME,
                Some("it is 10.01, over the limit of 10.00 by 0.01 (gross)"),
            ),
            (
                "10.005",
                1001,
                None,
                SAME,
                Some("it is 10.01, over the limit of 10.00 by 0.00 (gross)"),
            ),
            ("0", -5, None, SAME, None),
            // 20 % above 100.00 are 120.00.
            ("+20%", 12_000, Some(10_000), SAME, None),
            (
                "+20%",
                12_001,
                Some(10_000),
                SAME,
                Some(
                    "it is 120.01, over the limit of 120.00 by 0.01 (gross); compared with 2025-01",
                ),
            ),
            // 310.00 in 31 days are 280.00 in 28, and 20 % above that 336.00.
            ("+20%", 33_600, Some(31_000), [31, 28], None),
            (
                "+20%",
                33_601,
                Some(31_000),
                [31, 28],
                Some(
                    "it is 336.01, over the limit of 336.00 by 0.01 (gross); compared with 2025-01, its 31 days \
                     scaled to 28",
                ),
            ),
            (
                "+0%",
                1,
                Some(0),
                SAME,
                Some("it is 0.01, over the limit of 0.00 by 0.01 (gross); compared with 2025-01"),
            ),
            // Credits: of -30.00 and more of them, or no more than a cost.
            ("+20%", -11_500, Some(-3_000), SAME, None),
            (
                "+20%",
                1,
                Some(-3_000),
                SAME,
                Some("it is 0.01, over the limit of 0.00 by 0.01 (gross); compared with 2025-01"),
            ),
        ] {
            let limit: Limit = limit.parse().unwrap();
            let found = limit.judge(&figure(amount, before, days)).unwrap();
            let over = over.map(|text| Finding::Over(text.to_owned()));
            assert_eq!(found, over, "{limit:?} {amount}");
        }
        let limit: Limit = "+20%".parse().unwrap();
        let without_before = limit.judge(&figure(1, None, SAME));
        assert_eq!(without_before.unwrap_err().exit, exit::USAGE);
    }

    #[test]
    fn a_limit_that_an_estimate_may_exceed_is_near() {
        let estimate = || {
            figure(1000, None, [0, 0])
                .at_most(Some(Cents::new(1200)))
                .unwrap()
        };
        let judged = |limit: &str| limit.parse::<Limit>().unwrap().judge(&estimate()).unwrap();
        assert!(matches!(judged("9.99"), Some(Finding::Over(_))));
        for near in ["10", "11.99"] {
            assert!(matches!(judged(near), Some(Finding::Near(_))), "{near}");
        }
        assert_eq!(
            judged("11"),
            Some(Finding::Near(
                "it is 10.00, below the limit of 11.00, but its range reaches 12.00 (gross)"
                    .to_owned()
            ))
        );
        assert_eq!(judged("12"), None);
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for given in ["", "x", "-1", "+-20%", "+20", "20%", "+%", "1,000", "NaN"] {
            assert!(given.parse::<Limit>().is_err(), "{given}");
        }
    }
}
