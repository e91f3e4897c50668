//! INVOICE: which invoice is meant; and INVOICE or PERIOD, where either may stand.

use std::str::FromStr;

use atlas_billing::{InvoiceId, Month, Months};

use super::Period;

/// One invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Invoice {
    /// The pending one, which grows each day.
    Current,
    /// The newest that is no longer pending.
    Last,
    /// The one of a month.
    Of(Month),
    /// The one with an id.
    Id(InvoiceId),
}

impl FromStr for Invoice {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        if given.eq_ignore_ascii_case("current") {
            Ok(Self::Current)
        } else if given.eq_ignore_ascii_case("last") {
            Ok(Self::Last)
        } else if let Ok(month) = given.parse() {
            Ok(Self::Of(month))
        } else {
            given
                .parse()
                .map(Self::Id)
                .map_err(|error: atlas_billing::Error| {
                    match given.len() {
                        // Meant as an id, so say what is wrong with that.
                        20.. => error.to_string(),
                        _ => {
                            "no invoice: write current, last, a month (2025-03), or an invoice's id"
                                .to_owned()
                        }
                    }
                })
        }
    }
}

/// Invoices: one, or those of some months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    /// One.
    Invoice(Invoice),
    /// All whose month lies in a period.
    Period(Period),
}

impl FromStr for Which {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        // A month alone is asked for as an invoice, so that its absence is an error.
        if let Ok(period) = given.parse::<Period>() {
            return Ok(match period {
                Period::Months(months) => match single(months) {
                    Some(month) => Self::Invoice(Invoice::Of(month)),
                    None => Self::Period(period),
                },
                _ => Self::Period(period),
            });
        }
        given
            .parse()
            .map(Self::Invoice)
            .map_err(|message| match given.len() {
                20.. => message,
                _ => {
                    "neither an invoice nor a period: write current, last, an invoice's id, 2025, \
                  2025-Q1, 2025-03, 2025-01..2025-03, mtd, ytd, last-month or last-quarter"
                        .to_owned()
                }
            })
    }
}

fn single(months: Months) -> Option<Month> {
    (months.count() == 1).then(|| months.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "64b7f0a1c2d3e4f506172839";

    #[test]
    fn reads_each_way_of_writing() {
        assert_eq!("current".parse(), Ok(Invoice::Current));
        assert_eq!("last".parse(), Ok(Invoice::Last));
        assert_eq!(
            "2025-03".parse(),
            Ok(Invoice::Of(Month::new(2025, 3).unwrap()))
        );
        assert_eq!(ID.parse(), Ok(Invoice::Id(ID.parse().unwrap())));
    }

    #[test]
    fn an_invoice_or_a_period() {
        let month = Month::new(2025, 3).unwrap();
        assert_eq!("2025-03".parse(), Ok(Which::Invoice(Invoice::Of(month))));
        assert_eq!("last".parse(), Ok(Which::Invoice(Invoice::Last)));
        assert_eq!(
            ID.parse(),
            Ok(Which::Invoice(Invoice::Id(ID.parse().unwrap())))
        );
        for period in ["2025", "2025-Q1", "2025-01..2025-03", "mtd", "last-quarter"] {
            assert_eq!(
                period.parse(),
                Ok(Which::Period(period.parse().unwrap())),
                "{period}"
            );
        }
    }

    #[test]
    fn refuses_with_what_to_write() {
        assert!("".parse::<Invoice>().unwrap_err().contains("current, last"));
        assert!(
            "latest"
                .parse::<Which>()
                .unwrap_err()
                .contains("last-quarter")
        );
        let upper = ID.to_uppercase();
        assert!(upper.parse::<Invoice>().unwrap_err().contains("upper case"));
        assert!(upper.parse::<Which>().unwrap_err().contains("upper case"));
    }
}
