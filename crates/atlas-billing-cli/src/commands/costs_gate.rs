//! Limits on what `costs` shows: the figures, and those of the period before.

use std::collections::BTreeMap;

use atlas_billing::money::ExactSum;
use atlas_billing::{CostRow, Decimal, Month, Months};
use chrono::NaiveDate;

use super::costs_table::groups;
use super::scope;
use crate::args::values::Grouping;
use crate::failure::{Failure, exit};
use crate::gate::{Compared, Figure, Gate};

/// The months to compare with, where a limit needs them: as many, right before.
///
/// # Errors
/// Where a comparison would make no sense, before anything is sent.
pub(super) fn earlier(
    gate: &Gate,
    months: Option<Months>,
    today: NaiveDate,
) -> Result<Option<Months>, Failure> {
    if !gate.compares() {
        return Ok(None);
    }
    let Some(months) = months else {
        let message = "a limit of +PERCENT% needs a period, which --resume does not know";
        return Err(Failure::usage(message).with_help("use an amount"));
    };
    let running = Month::of(today);
    if months.last_month() >= running {
        let message = format!(
            "a limit of +PERCENT% needs a period that is over: {running} is still running, and Cost \
             Explorer has no days to compare"
        );
        return Err(Failure::usage(message).with_help(
            "`forecast --fail-over +20%` compares the running month with the last one",
        ));
    }
    let count = u32::try_from(months.count()).unwrap_or(u32::MAX);
    Ok(Some(Months::last(count, months.start_date())?))
}

/// The figures that limits apply to: the total, or each group.
pub(super) fn figures(
    gate: &Gate,
    by: Grouping,
    (months, rows): (Option<Months>, &[CostRow]),
    earlier: Option<(Months, &[CostRow])>,
) -> Result<Vec<Figure>, Failure> {
    let period = months.map_or("the query".to_owned(), |months| months.to_string());
    let sums = |rows: &[CostRow]| match gate.each {
        true => by_group(rows, by),
        false => Ok(vec![(None, String::new(), total(rows)?)]),
    };
    let before = earlier.map(|(_, rows)| sums(rows)).transpose()?;
    let before: Option<BTreeMap<Option<String>, Decimal>> =
        before.map(|sums| sums.into_iter().map(|(id, _, sum)| (id, sum)).collect());
    let compared = match (months, earlier) {
        (Some(months), Some((earlier, _))) => Compared {
            period: earlier.to_string(),
            days: [earlier, months].map(days),
        },
        _ => Compared::default(),
    };
    let figures = sums(rows)?.into_iter().map(|(id, name, amount)| {
        // A group that began in this period was nothing before.
        let before = before
            .as_ref()
            .map(|before| before.get(&id).copied().unwrap_or_default());
        let of = match gate.each {
            true => format!(" for {name}"),
            false => String::new(),
        };
        Ok(Figure {
            what: format!("the cost of {period}{of}"),
            basis: scope::limited(scope::Basis::Costs),
            amount,
            at_most: None,
            before,
            compared: compared.clone(),
        })
    });
    figures.collect()
}

fn days(months: Months) -> u32 {
    months.iter().map(Month::day_count).sum()
}

fn total(rows: &[CostRow]) -> Result<Decimal, Failure> {
    let mut sum = ExactSum::default();
    for row in rows {
        sum.add(row.amount()?);
    }
    Ok(sum.total()?)
}

/// The id, name and sum of each group.
fn by_group(
    rows: &[CostRow],
    by: Grouping,
) -> Result<Vec<(Option<String>, String, Decimal)>, Failure> {
    let groups = groups(rows, by).ok_or_else(too_large)?.into_iter();
    Ok(groups.map(|it| (it.id, it.name, it.total)).collect())
}

fn too_large() -> Failure {
    Failure::new(exit::OTHER, "the sum of the amounts is out of range")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(limit: &str, each: bool) -> Gate {
        Gate {
            fail_over: Some(limit.parse().unwrap()),
            each,
            ..Gate::default()
        }
    }

    fn months(text: &str) -> Months {
        text.parse().unwrap()
    }

    fn cost(service: &str, amount: &str) -> CostRow {
        let mut row = CostRow::default();
        row.service = Some(service.to_owned());
        row.usage_amount = amount.parse().ok();
        row
    }

    #[test]
    fn as_many_months_right_before_are_compared() {
        let today = "2025-03-14".parse().unwrap();
        let earlier = |asked: Option<&str>, limit| {
            let months = asked.map(months);
            let earlier = earlier(&gate(limit, false), months, today)?;
            Ok::<_, Failure>(earlier.map(|months| months.to_string()))
        };
        assert_eq!(earlier(Some("2025-03"), "10").unwrap(), None);
        assert_eq!(earlier(None, "10").unwrap(), None);
        for (asked, before) in [
            ("2025-02", "2025-01"),
            ("2025-01..2025-02", "2024-11..2024-12"),
        ] {
            let found = earlier(Some(asked), "+10%").unwrap();
            assert_eq!(found.as_deref(), Some(before));
        }
        for asked in [None, Some("2025-03"), Some("2025-Q1"), Some("2025-04")] {
            assert_eq!(earlier(asked, "+10%").unwrap_err().exit, exit::USAGE);
        }
    }

    #[test]
    fn groups_have_what_they_were_before() {
        let before = [cost("Backup", "31"), cost("Clusters", "62.31")];
        let now = [cost("Clusters", "70"), cost("Support", "5")];
        let period = (Some(months("2025-02")), now.as_slice());
        let earlier = Some((months("2025-01"), before.as_slice()));
        let all = figures(&gate("+10%", false), Grouping::Services, period, earlier);
        let [all] = all.unwrap().try_into().unwrap();
        assert_eq!(all.what, "the cost of 2025-02");
        assert_eq!(all.amount, Decimal::from(75));
        assert_eq!(all.before.unwrap().to_string(), "93.31");
        assert_eq!(
            all.compared.to_string(),
            "; compared with 2025-01, its 31 days scaled to 28"
        );
        let each = figures(&gate("+10%", true), Grouping::Services, period, earlier).unwrap();
        let each = each.iter().map(|it| {
            let before = it.before.unwrap().to_string();
            (it.what.as_str(), it.amount.to_string(), before)
        });
        let each: Vec<_> = each.collect();
        assert_eq!(
            each,
            [
                (
                    "the cost of 2025-02 for Clusters",
                    "70".into(),
                    "62.31".into()
                ),
                ("the cost of 2025-02 for Support", "5".into(), "0".into()),
            ]
        );
    }
}
