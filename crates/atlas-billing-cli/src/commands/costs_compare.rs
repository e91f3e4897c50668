//! `costs --compare`: the costs of a period beside those of the period before it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use atlas_billing::money::{Presence, relative_change};
use atlas_billing::{CostRow, Decimal, Month, Months};
use chrono::NaiveDate;
use rust_decimal::prelude::ToPrimitive;

use super::compare::{MOVEMENT, percent, status, with_percent};
use super::costs_table::{NOT_LISTED, group};
use crate::args::values::Grouping;
use crate::failure::{Failure, exit};
use crate::output::{Column, Layout, Sink, Style, columns};
use crate::text;

/// A period, and the one before it of as many months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Periods {
    pub(super) from: Months,
    pub(super) to: Months,
}

impl Periods {
    /// Those of `to`, which has to be over: Cost Explorer has no days to be compared.
    pub(super) fn until(to: Months, today: NaiveDate) -> Result<Self, Failure> {
        if to.last_month() >= Month::of(today) {
            let message = format!("{to} is not over, and Cost Explorer has no days to compare");
            return Err(Failure::usage(message)
                .with_help("`invoices compare mtd` compares the same days of two months"));
        }
        let count = u32::try_from(to.count()).unwrap_or(u32::MAX);
        let from = Months::last(count, to.start_date())?;
        Ok(Self { from, to })
    }

    /// All months of both.
    pub(super) fn all(self) -> Result<Months, Failure> {
        Ok(Months::new(self.from.first(), self.to.last_month())?)
    }
}

/// A group in both periods.
#[derive(Debug, Clone, Default)]
struct Change {
    id: Option<String>,
    name: String,
    from: Decimal,
    to: Decimal,
    difference: Decimal,
    /// The difference without its sign; of the whole the sum of those of its groups.
    moved: Decimal,
    presence: Option<Presence>,
}

impl Change {
    fn part(&self) -> Option<f64> {
        relative_change(self.from, self.to)?.to_f64()
    }

    fn percent(&self) -> String {
        percent(self.presence, self.part())
    }
}

/// Writes what changed, the largest change first.
pub(super) fn write<'s>(
    style: Style,
    out: Sink,
    rows: &[CostRow],
    by: Grouping,
    periods: Periods,
    scope: impl Iterator<Item = &'s String>,
) -> Result<(), Failure> {
    let too_large = || Failure::new(exit::OTHER, "the sum of the amounts is too large to show");
    let (changes, whole) = changes(rows, by, periods).ok_or_else(too_large)?;
    let moved = whole.moved;
    let mut columns = columns! { Change:
        "from_period" Text always = |_| periods.from.to_string(), "The period before.";
        "to_period" Text always = |_| periods.to.to_string(), "The period.";
    };
    columns.extend(figures(by, periods, moved));
    style.write(out, &columns, &changes, || {
        let mut shown = with_percent(figures(by, periods, moved), Change::percent);
        // A reader sees the sign of a change in any case.
        for column in shown.iter_mut().filter(|it| it.name == "change_amount") {
            let signed = columns! { Change:
                "change_amount" Number ("change") = |r| text::decimal_change(r.difference), "";
            };
            signed.into_iter().for_each(|signed| *column = signed);
        }
        let Periods { from, to } = periods;
        let mut layout = Layout::of(&shown, &changes);
        layout.title = Some(format!("Costs from {from} to {to} by {}", by.name()));
        layout.sums = Layout::of(&shown, std::slice::from_ref(&whole)).rows;
        let undated = rows.iter().filter(|row| row.usage_date.is_none()).count();
        if undated > 0 {
            let undated = text::counted(undated, "amount");
            layout
                .notes
                .push(format!("{undated} without a month not compared."));
        }
        layout.notes.push(MOVEMENT.to_owned());
        layout.notes.extend(scope.cloned());
        Ok(vec![layout])
    })
}

/// The groups, and the whole. `None` where a sum leaves the range of a decimal.
fn changes(rows: &[CostRow], by: Grouping, periods: Periods) -> Option<(Vec<Change>, Change)> {
    let mut groups: BTreeMap<Option<&str>, (Change, bool, bool)> = BTreeMap::new();
    for row in rows {
        let month = row.usage_date.map(Month::of);
        let is_in = |months: Months| month.is_some_and(|month| months.contains(month));
        let (id, name) = group(row, by);
        let (change, before, after) = groups.entry(id).or_default();
        change.id = id.map(str::to_owned);
        change.name = name.unwrap_or(NOT_LISTED).to_owned();
        if is_in(periods.from) {
            change.from = change.from.checked_add(row.amount().ok()?)?;
            *before = true;
        } else if is_in(periods.to) {
            change.to = change.to.checked_add(row.amount().ok()?)?;
            *after = true;
        }
    }
    let mut changes = Vec::new();
    let mut whole = Change {
        name: "total".to_owned(),
        ..Change::default()
    };
    for (mut change, before, after) in groups.into_values().filter(|it| it.1 || it.2) {
        change.presence = Presence::of(before, after);
        change.difference = change.to.checked_sub(change.from)?;
        change.moved = change.difference.abs();
        whole.from = whole.from.checked_add(change.from)?;
        whole.to = whole.to.checked_add(change.to)?;
        whole.moved = whole.moved.checked_add(change.moved)?;
        changes.push(change);
    }
    whole.difference = whole.to.checked_sub(whole.from)?;
    changes.sort_by_key(|change| Reverse(change.moved));
    Some((changes, whole))
}

fn figures(by: Grouping, periods: Periods, moved: Decimal) -> Vec<Column<Change>> {
    let Periods { from, to } = periods;
    columns! { Change:
        "group_id" Text = |r| r.id.as_deref(), "The group: a service, or the id of what was grouped by.";
        "group" Text (by.singular()) = |r| r.name.as_str(), "The group, by its name.";
        "from_amount" Amount always (from.to_string()) = |r| r.from, "The amount in the period before.";
        "to_amount" Amount always (to.to_string()) = |r| r.to, "The amount in the period.";
        "change_amount" Amount always ("change") = |r| r.difference, "How much more it is.";
        "change" Number = |r| r.part(),
            "The change as a part of the period before, 0.25 for a quarter more; null where that would mean \
             nothing: the amount before is not above 0, or the other is below.";
        "share_of_change" Share ("share of movement") = |r| share(r.moved, moved),
            "The part of all changes, increases and decreases both counted as positive.";
        "status" Text = |r| status(r.presence), "new, gone, or both.";
    }
}

fn share(part: Decimal, whole: Decimal) -> Option<f64> {
    part.checked_div(whole)?.to_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_compared_with_the_one_before() {
        let today = "2025-03-09".parse().unwrap();
        for (to, from) in [
            ("2025-02", "2025-01"),
            ("2025-01..2025-02", "2024-11..2024-12"),
            ("2024", "2023-01..2023-12"),
        ] {
            let periods = Periods::until(to.parse().unwrap(), today).unwrap();
            assert_eq!(periods.from.to_string(), from);
        }
        for to in ["2025-03", "2025-Q1", "2031"] {
            assert!(Periods::until(to.parse().unwrap(), today).is_err(), "{to}");
        }
    }

    #[test]
    fn changes_add_up_and_signs_count() {
        let cost = |service: &str, month: &str, amount: &str| {
            let mut row = CostRow::default();
            row.service = Some(service.to_owned());
            row.usage_date = format!("{month}-01").parse().ok();
            row.usage_amount = amount.parse().ok();
            row
        };
        let rows = [
            cost("Clusters", "2025-01", "100.005"),
            cost("Clusters", "2025-02", "125.00625"),
            cost("Credits", "2025-01", "-30"),
            cost("Credits", "2025-02", "-115"),
            cost("Backup", "2025-01", "8"),
            cost("Search", "2025-02", "10"),
            cost("Search", "2025-02", "0.5"),
            cost("Old", "2024-12", "7"),
        ];
        let today = "2025-03-09".parse().unwrap();
        let periods = Periods::until("2025-02".parse().unwrap(), today).unwrap();
        let (changes, whole) = changes(&rows, Grouping::Services, periods).unwrap();
        let shown: Vec<_> = changes
            .iter()
            .map(|it| {
                (
                    &*it.name,
                    it.difference.normalize().to_string(),
                    it.percent(),
                )
            })
            .collect();
        let shown: Vec<_> = shown
            .iter()
            .map(|(name, change, percent)| (*name, &**change, &**percent))
            .collect();
        assert_eq!(
            shown,
            [
                ("Credits", "-85", ""),
                ("Clusters", "25.00125", "+25.0"),
                ("Search", "10.5", "new"),
                ("Backup", "-8", "gone"),
            ]
        );
        // 78.005 to 20.50625.
        assert_eq!(whole.difference.normalize().to_string(), "-57.49875");
        assert_eq!(whole.moved.normalize().to_string(), "128.50125");
    }
}
