//! Costs for a reader: what was grouped by, month by month, with totals, shares and bars.

use std::collections::BTreeMap;

use atlas_billing::{Month, Months};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::args::Grouping;
use crate::output::{Heading, Layout, Row, amount, table};
use crate::records::cost::CostRow;

/// What an amount has no month, or no group, for.
const NONE: &str = "(none)";

/// A group's amounts.
#[derive(Debug, Default)]
struct Group {
    name: String,
    by_month: BTreeMap<Option<Month>, Decimal>,
    total: Decimal,
}

/// Lays the rows out. Where a column a month does not fit into `width`, months and groups become
/// two tables. Sums that leave a decimal's range are `None`.
pub(crate) fn layouts(
    rows: &[CostRow],
    by: Grouping,
    asked: Option<Months>,
    today: NaiveDate,
    width: Option<usize>,
) -> Option<Vec<Layout>> {
    let title = title(rows, by, asked, today);
    let groups = groups(rows, by)?;
    let mut months: Vec<Option<Month>> = groups
        .iter()
        .flat_map(|group| group.by_month.keys().copied())
        .collect();
    months.extend(asked.into_iter().flatten().map(Some));
    months.sort();
    months.dedup();
    let total = groups
        .iter()
        .try_fold(Decimal::ZERO, |sum, group| sum.checked_add(group.total))?;
    let notes = notes(rows, &months, today);
    if months.len() > 1 {
        let mut one = Layout::titled(title.as_str(), headings(by, &months, today));
        for group in &groups {
            let amounts = months
                .iter()
                .map(|month| group.by_month.get(month).copied());
            one.rows.push(row(&group.name, amounts, group.total, total));
        }
        let sums = sums(&groups, &months)?;
        one.sums
            .push(row("total", sums.iter().copied().map(Some), total, total));
        one.notes.clone_from(&notes);
        if width.is_none_or(|width| table::wanted_width(&one) <= width) {
            return Some(vec![one]);
        }
    }
    let mut layouts = Vec::new();
    if months.len() > 1 {
        let mut by_month = Layout::titled(title.as_str(), headings_total("month"));
        for (month, sum) in months.iter().zip(sums(&groups, &months)?) {
            by_month
                .rows
                .push(row(&shown(*month, today), [], sum, total));
        }
        by_month.sums.push(row("total", [], total, total));
        layouts.push(by_month);
    }
    let mut by_group = Layout {
        headings: headings_total(by.singular()),
        ..Layout::default()
    };
    if layouts.is_empty() {
        by_group.title = Some(title);
    }
    for group in &groups {
        by_group.rows.push(row(&group.name, [], group.total, total));
    }
    by_group.sums.push(row("total", [], total, total));
    by_group.notes = notes;
    layouts.push(by_group);
    Some(layouts)
}

fn title(rows: &[CostRow], by: Grouping, asked: Option<Months>, today: NaiveDate) -> String {
    let seen = || {
        let months = || rows.iter().filter_map(CostRow::month);
        Months::new(months().min()?, months().max()?).ok()
    };
    match asked.or_else(seen) {
        Some(months) => format!(
            "Costs {} by {}",
            crate::args::shown_period(months, today),
            by.name()
        ),
        None => format!("Costs by {}", by.name()),
    }
}

fn notes(rows: &[CostRow], months: &[Option<Month>], today: NaiveDate) -> Vec<String> {
    let mut notes = Vec::new();
    if months.contains(&Some(Month::of(today))) {
        notes.push(format!(
            "{} is to date: it grows until the month is over.",
            Month::of(today)
        ));
    }
    let silent = rows.iter().filter(|row| row.amount.is_none()).count();
    if silent > 0 {
        notes.push(format!(
            "{silent} of {} rows name no amount and count as nothing.",
            rows.len()
        ));
    }
    notes
}

/// The groups, the largest first.
fn groups(rows: &[CostRow], by: Grouping) -> Option<Vec<Group>> {
    let mut groups: BTreeMap<Option<&str>, Group> = BTreeMap::new();
    for row in rows {
        let (id, name) = row.group(by);
        let group = groups.entry(id).or_default();
        if group.name.is_empty() {
            group.name = name.unwrap_or(NONE).to_owned();
        }
        let amount = row.amount.unwrap_or_default();
        let month = group.by_month.entry(row.month()).or_default();
        *month = month.checked_add(amount)?;
        group.total = group.total.checked_add(amount)?;
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name)));
    Some(groups)
}

/// The sum of each month.
fn sums(groups: &[Group], months: &[Option<Month>]) -> Option<Vec<Decimal>> {
    let of = |month| {
        let amounts = groups.iter().filter_map(|group| group.by_month.get(month));
        amounts
            .copied()
            .try_fold(Decimal::ZERO, Decimal::checked_add)
    };
    months.iter().map(of).collect()
}

fn headings(by: Grouping, months: &[Option<Month>], today: NaiveDate) -> Vec<Heading> {
    let mut headings = vec![Heading::left(by.singular())];
    headings.extend(
        months
            .iter()
            .map(|month| Heading::right(shown(*month, today))),
    );
    headings.extend([
        Heading::right("total"),
        Heading::right("share"),
        Heading::bar(),
    ]);
    headings
}

fn headings_total(first: &str) -> Vec<Heading> {
    vec![
        Heading::left(first),
        Heading::right("total"),
        Heading::right("share"),
        Heading::bar(),
    ]
}

/// A month, with a mark where it is still running.
fn shown(month: Option<Month>, today: NaiveDate) -> String {
    match month {
        Some(month) if month == Month::of(today) => format!("{month} to date"),
        Some(month) => month.to_string(),
        None => NONE.to_owned(),
    }
}

fn row(
    name: &str,
    amounts: impl IntoIterator<Item = Option<Decimal>>,
    sum: Decimal,
    total: Decimal,
) -> Row {
    // For a bar and a share on a screen a float is exact enough; amounts never pass through one.
    let (part, whole) = (sum.to_f64().unwrap_or(0.0), total.to_f64().unwrap_or(0.0));
    let mut texts = vec![name.to_owned()];
    let show = |amount: Option<Decimal>| amount.map(amount::decimal).unwrap_or_default();
    texts.extend(amounts.into_iter().map(show));
    texts.extend([amount::decimal(sum), amount::share(part, whole)]);
    Row::new(texts).with_bar(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(service: &str, date: &str, amount: &str) -> CostRow {
        CostRow {
            service: Some(service.to_owned()),
            usage_date: date.parse().ok(),
            amount: amount.parse().ok(),
            ..CostRow::default()
        }
    }

    fn drawn(rows: &[CostRow], asked: Option<&str>, width: Option<usize>) -> String {
        let asked = asked.map(|text| text.parse().unwrap());
        let today = "2025-03-14".parse().unwrap();
        let layouts = layouts(rows, Grouping::Services, asked, today, width).unwrap();
        let mut out = Vec::new();
        for layout in layouts {
            let paper = crate::output::Paper {
                width,
                color: false,
            };
            table::draw(&layout, paper, &mut out).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    fn rows() -> Vec<CostRow> {
        vec![
            cost("Backup", "2025-02-01", "10.10"),
            cost("Clusters", "2025-02-01", "1000"),
            cost("Clusters", "2025-03-01", "500.005"),
            cost("Credits", "2025-03-01", "-20"),
        ]
    }

    #[test]
    fn a_column_a_month_where_it_fits() {
        assert_eq!(
            drawn(&rows(), Some("2025-01..2025-03"), Some(80)),
            "\
Costs 2025-01..2025-03 (2025-03 to date) by services
service   2025-01   2025-02  2025-03 to date     total    share
Clusters           1,000.00           500.00  1,500.00  100.7 %  ███████████████
Backup                10.10                      10.10    0.7 %  ▏
Credits                               -20.00    -20.00   -1.3 %
────────  ───────  ────────  ───────────────  ────────  ───────
total        0.00  1,010.10           480.00  1,490.10  100.0 %
2025-03 is to date: it grows until the month is over.
"
        );
    }

    #[test]
    fn two_tables_where_it_does_not() {
        let text = drawn(&rows(), Some("2025-01..2025-03"), Some(50));
        assert!(
            text.contains("\n2025-03 to date    480.00   32.2 %  ██"),
            "{text}"
        );
        assert!(text.contains("\nClusters  1,500.00"), "{text}");
        assert!(text.matches("Costs").count() == 1, "{text}");
    }

    #[test]
    fn one_month_is_one_table_of_groups() {
        let text = drawn(&rows()[..2], Some("2025-02"), None);
        assert!(
            text.starts_with("Costs 2025-02 by services\nservice"),
            "{text}"
        );
        assert_eq!(text.matches("total").count(), 2, "{text}");
    }

    #[test]
    fn nothing_and_the_unsaid_have_their_place() {
        assert!(drawn(&[], Some("2025-02"), None).contains("total     0.00"));
        assert!(drawn(&[], None, None).starts_with("Costs by services\n"));
        let text = drawn(&[CostRow::default()], Some("2025-02"), None);
        assert!(text.contains("(none)"), "{text}");
        assert!(text.contains("1 of 1 rows name no amount"), "{text}");
    }

    #[test]
    fn a_sum_out_of_range_is_told() {
        let huge = Decimal::MAX.to_string();
        let rows = [
            cost("a", "2025-02-01", &huge),
            cost("b", "2025-02-01", &huge),
        ];
        let today = NaiveDate::MIN;
        assert_eq!(layouts(&rows, Grouping::Services, None, today, None), None);
    }
}
