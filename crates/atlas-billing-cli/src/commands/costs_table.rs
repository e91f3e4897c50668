//! Costs as records, and for a reader: groups by month, with totals, shares and bars.

use std::collections::BTreeMap;

use atlas_billing::{CostRow, Decimal, Month, Months};
use chrono::NaiveDate;
use rust_decimal::prelude::ToPrimitive;

use super::groups::LEAST_SHAPE;
use crate::args::values::{Grouping, shown_period};
use crate::output::{Cell, Column, Kind, Layout, columns, table};
use crate::text;

/// Where an amount has no month.
const NONE: &str = "(none)";

/// The group of amounts without one: what a query without a grouping has more than one with it.
pub(super) const NOT_LISTED: &str = "(not listed)";

/// Describes the record of a row, as of `today`.
pub(super) fn columns(today: NaiveDate) -> Vec<Column<CostRow>> {
    let running = Month::of(today);
    let mut columns = columns! { CostRow:
        "usage_date" Day = |r| r.usage_date, "The first day of the month that the amount is for.";
        "to_date" Boolean always = |r| r.usage_date.is_some_and(|date| running.contains(date)),
            "Whether that month was still running, so that the amount grows.";
        "invoice_id" Text = |r| r.invoice_id.as_deref(), "The invoice that the amount is on.";
        "organization_id" Text = |r| r.organization_id.as_deref(), "The organization.";
        "organization_name" Text = |r| r.organization_name.as_deref(), "The name of the organization.";
        "project_id" Text = |r| r.project_id.as_deref(), "The project.";
        "project_name" Text = |r| r.project_name.as_deref(), "The name of the project.";
        "cluster_id" Text = |r| r.cluster_id.as_deref(), "The cluster.";
        "cluster_name" Text = |r| r.cluster_name.as_deref(), "The name of the cluster.";
        "service" Text = |r| r.service.as_deref(), "The service.";
        "usage_amount" Number = |r| r.usage_amount.as_ref(),
            "The amount, digit by digit as received. It names no currency; by all that is known it is US \
             dollars.";
    };
    let means = "Fields that the service sent and this program does not know.";
    columns.push(Column::new("other", Kind::Object, means, |r: &CostRow| {
        Cell::json(Some(&r.other).filter(|other| !other.is_empty()))
    }));
    columns.extend(columns! { CostRow:
        "kind" Text always = |r| if is_rest(r) { "not_listed" } else { "group" },
            "group: the amount of a group; not_listed: what the total of the month has beside all groups, such as \
             support and credits where projects are grouped by.";
    });
    columns
}

/// Whether a row is what the whole has more than all groups: it names none.
fn is_rest(row: &CostRow) -> bool {
    let names = [
        &row.service,
        &row.project_id,
        &row.cluster_id,
        &row.organization_id,
    ];
    names.iter().all(|name| name.is_none())
}

/// What tells the groups of `by` apart, and what a reader knows a group by.
pub(super) fn group(row: &CostRow, by: Grouping) -> (Option<&str>, Option<&str>) {
    let (id, name) = match by {
        Grouping::Services => (&row.service, &row.service),
        Grouping::Projects => (&row.project_id, &row.project_name),
        Grouping::Clusters => (&row.cluster_id, &row.cluster_name),
        Grouping::Organizations => (&row.organization_id, &row.organization_name),
    };
    let (id, name) = (id.as_deref(), name.as_deref());
    (id.or(name), name.or(id))
}

/// What rows are grouped by, as far as they show it: the most particular thing that one names.
pub(super) fn grouping_of(rows: &[CostRow]) -> Grouping {
    let any = |by: &Grouping| rows.iter().any(|row| group(row, *by).0.is_some());
    let particular = [Grouping::Clusters, Grouping::Projects, Grouping::Services];
    particular
        .into_iter()
        .find(any)
        .unwrap_or(Grouping::Organizations)
}

/// The amounts of a group.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    /// What tells it apart; none for what no group has.
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) by_month: BTreeMap<Option<Month>, Decimal>,
    pub(super) total: Decimal,
}

impl Group {
    fn add(&mut self, month: Option<Month>, amount: Decimal) -> Option<()> {
        let sum = self.by_month.entry(month).or_default();
        *sum = sum.checked_add(amount)?;
        self.total = self.total.checked_add(amount)?;
        Some(())
    }
}

/// Lays the rows out. Where one column per month does not fit into `width`, months and groups
/// become two tables. `None` where a sum leaves the range of a decimal.
pub(super) fn layouts(
    rows: &[CostRow],
    by: Grouping,
    asked: Option<Months>,
    today: NaiveDate,
    width: Option<usize>,
) -> Option<Vec<Layout>> {
    let mut all = Group {
        name: "total".to_owned(),
        ..Group::default()
    };
    for row in rows {
        all.add(row.usage_date.map(Month::of), row.amount().ok()?)?;
    }
    for month in asked.into_iter().flatten() {
        all.by_month.entry(Some(month)).or_default();
    }
    let groups = groups(rows, by)?;
    let months: Vec<_> = all
        .by_month
        .keys()
        .map(|month| (*month, shown(*month, today)))
        .collect();
    let first = by.singular();
    let columns = match months.as_slice() {
        [] | [_] => &[],
        several => several,
    };
    let fits = |layout: &Layout| width.is_none_or(|width| table::wanted_width(layout) <= width);
    let has_shape = months.len() >= LEAST_SHAPE;
    let shaped = layout(first, columns, &groups, &all, has_shape);
    let mut tables = vec![match fits(&shaped) {
        true => shaped,
        false => layout(first, columns, &groups, &all, false),
    }];
    if months.len() > 1 && !tables.iter().all(fits) {
        let by_month = months.into_iter().map(|(month, name)| Group {
            id: Some(name.clone()),
            name,
            total: all.by_month.get(&month).copied().unwrap_or_default(),
            ..Group::default()
        });
        let by_month: Vec<Group> = by_month.collect();
        tables = vec![
            layout("month", &[], &by_month, &all, false),
            layout(first, &[], &groups, &all, false),
        ];
    }
    if let [first, ..] = tables.as_mut_slice() {
        first.title = Some(title(rows, by, asked, today));
    }
    if let [.., last] = tables.as_mut_slice() {
        last.notes = notes(rows, by, &all, today);
    }
    Some(tables)
}

/// Groups with a column for each of `months`, and their sum; with the shape of the months if wanted.
fn layout(
    first: &'static str,
    months: &[(Option<Month>, String)],
    groups: &[Group],
    all: &Group,
    has_shape: bool,
) -> Layout {
    // For a bar and a share on a screen a float is exact enough; amounts never pass through one.
    let float = |amount: Decimal| amount.to_f64().unwrap_or(0.0);
    let whole = float(all.total);
    let mut columns =
        vec![Column::new(first, Kind::Text, "", |g: &Group| Cell::from(&*g.name)).shown(first)];
    columns.extend(months.iter().cloned().map(|(month, name)| {
        Column::new(name.clone(), Kind::Number, "", move |g: &Group| {
            g.by_month
                .get(&month)
                .map(|amount| text::decimal(*amount))
                .into()
        })
        .shown(name)
    }));
    columns.extend(columns! { Group:
        "total" Number ("total") = |g| text::decimal(g.total), "";
        "share" Number ("share") = |g| text::share(float(g.total), whole), "";
    });
    if has_shape {
        let months: Vec<Option<Month>> = months.iter().map(|(month, _)| *month).collect();
        let shape = Column::new("months", Kind::Text, "", move |g: &Group| {
            let of = |month| g.by_month.get(month).copied().unwrap_or_default();
            text::sparkline(months.iter().map(|month| float(of(month)))).into()
        });
        columns.push(shape.shown("months"));
    }
    let mut layout = Layout::of(&columns, groups);
    layout.sums = Layout::of(&columns, std::slice::from_ref(all)).rows;
    for (row, group) in layout.rows.iter_mut().zip(groups) {
        // The rest is no group: it would set the scale.
        row.bar = group.id.as_ref().map(|_| float(group.total));
    }
    layout
}

fn title(rows: &[CostRow], by: Grouping, asked: Option<Months>, today: NaiveDate) -> String {
    let months = || rows.iter().filter_map(|row| row.usage_date.map(Month::of));
    let seen = || Months::new(months().min()?, months().max()?).ok();
    let period = asked
        .or_else(seen)
        .map(|months| format!(" {}", shown_period(months, today)));
    format!("Costs{} by {}", period.unwrap_or_default(), by.name())
}

fn notes(rows: &[CostRow], by: Grouping, all: &Group, today: NaiveDate) -> Vec<String> {
    let running = Month::of(today);
    let incomplete = all.by_month.contains_key(&Some(running));
    let silent = rows.iter().filter(|row| row.usage_amount.is_none()).count();
    let incomplete =
        incomplete.then(|| format!("{running} is incomplete: the month is still running."));
    let silent = (silent > 0).then(|| {
        format!(
            "{silent} of {} rows have no amount and count as 0.",
            rows.len()
        )
    });
    let unlisted = rows.iter().any(|row| group(row, by).0.is_none());
    let unlisted = unlisted.then(|| {
        let what = match by {
            Grouping::Services => "services that this version does not know",
            Grouping::Projects => {
                "of no project, as support and credits, of a deleted one, or of a linked organization"
            }
            Grouping::Clusters => {
                "of no cluster, as support and credits, of a deleted one, or of a linked organization"
            }
            Grouping::Organizations => "of organizations that the list of invoices does not name",
        };
        format!("{NOT_LISTED}: {what}. Shares are of the whole.")
    });
    let notes = [incomplete, silent, unlisted];
    notes.into_iter().flatten().collect()
}

/// The groups, the largest first, what no group has behind them. `None` where a sum leaves the range
/// of a decimal.
pub(super) fn groups(rows: &[CostRow], by: Grouping) -> Option<Vec<Group>> {
    let mut groups: BTreeMap<Option<&str>, Group> = BTreeMap::new();
    for row in rows {
        let (id, name) = group(row, by);
        let group = groups.entry(id).or_default();
        if group.name.is_empty() {
            group.id = id.map(str::to_owned);
            group.name = name.unwrap_or(NOT_LISTED).to_owned();
        }
        group.add(row.usage_date.map(Month::of), row.amount().ok()?)?;
    }
    let mut named: BTreeMap<String, u32> = BTreeMap::new();
    for group in groups.values() {
        *named.entry(group.name.clone()).or_default() += 1;
    }
    for (id, group) in &mut groups {
        // Two projects may have clusters of one name.
        if let Some(id) = id.filter(|_| named.get(&group.name).is_some_and(|count| *count > 1)) {
            group.name = format!("{} ({id})", group.name);
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by(|a, b| {
        let rest = a.id.is_none().cmp(&b.id.is_none());
        let largest = || b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name));
        rest.then_with(largest)
    });
    Some(groups)
}

/// A month, with a mark where it is still running.
pub(super) fn shown(month: Option<Month>, today: NaiveDate) -> String {
    match month {
        Some(month) if month == Month::of(today) => format!("{month} to date"),
        Some(month) => month.to_string(),
        None => NONE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Paper;

    fn cost(service: &str, date: &str, amount: &str) -> CostRow {
        let mut row = CostRow::default();
        row.service = Some(service.to_owned());
        row.usage_date = date.parse().ok();
        row.usage_amount = amount.parse().ok();
        row
    }

    fn drawn(rows: &[CostRow], asked: Option<&str>, width: Option<usize>) -> String {
        let asked = asked.map(|text| text.parse().unwrap());
        let today = "2025-03-14".parse().unwrap();
        let mut out = Vec::new();
        for layout in layouts(rows, Grouping::Services, asked, today, width).unwrap() {
            table::draw(
                &layout,
                Paper {
                    width,
                    color: false,
                },
                &mut out,
            )
            .unwrap();
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
───────────────────────────────────────────────────────────────
total        0.00  1,010.10           480.00  1,490.10  100.0 %
2025-03 is incomplete: the month is still running.
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
    fn nothing_and_the_unknown_have_their_place() {
        assert!(drawn(&[], Some("2025-02"), None).contains("total     0.00"));
        assert!(drawn(&[], None, None).starts_with("Costs by services\n"));
        let text = drawn(&[CostRow::default()], Some("2025-02"), None);
        assert!(text.contains("(not listed)"), "{text}");
        assert!(text.contains("1 of 1 rows have no amount"), "{text}");
    }

    #[test]
    fn a_sum_out_of_range_is_told() {
        let huge = Decimal::MAX.to_string();
        let rows = [
            cost("a", "2025-02-01", &huge),
            cost("b", "2025-02-01", &huge),
        ];
        assert_eq!(
            layouts(&rows, Grouping::Services, None, NaiveDate::MIN, None),
            None
        );
    }

    #[test]
    fn groups_of_one_name_are_told_apart() {
        let cluster = |id: &str, name: &str, amount: &str| {
            let mut row = cost("", "2025-02-01", amount);
            (row.cluster_id, row.cluster_name) = (Some(id.into()), Some(name.into()));
            row
        };
        let rows = [
            cluster("1", "prod", "3"),
            cluster("2", "prod", "2"),
            cluster("3", "dev", "1"),
        ];
        let names = groups(&rows, Grouping::Clusters).unwrap().into_iter();
        let names: Vec<String> = names.map(|group| group.name).collect();
        assert_eq!(names, ["prod (1)", "prod (2)", "dev"]);
    }

    #[test]
    fn a_group_goes_by_its_id_and_shows_its_name() {
        let mut row = CostRow::default();
        row.organization_id = Some("o".into());
        assert_eq!(grouping_of(&[]), Grouping::Organizations);
        assert_eq!(grouping_of(&[row.clone()]), Grouping::Organizations);
        row.project_id = Some("1".into());
        assert_eq!(group(&row, Grouping::Projects), (Some("1"), Some("1")));
        row.project_name = Some("web".into());
        assert_eq!(group(&row, Grouping::Projects), (Some("1"), Some("web")));
        assert_eq!(grouping_of(&[row]), Grouping::Projects);
    }
}
