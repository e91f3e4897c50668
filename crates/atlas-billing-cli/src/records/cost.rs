//! An amount of a Cost Explorer query: a row of `costs`.

use std::collections::BTreeMap;

use atlas_billing::Month;
use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::args::Grouping;
use crate::output::{Cell, Column, Kind};

/// One amount of a Cost Explorer query.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct CostRow {
    pub(crate) usage_date: Option<NaiveDate>,
    /// Whether the month was still running.
    pub(crate) to_date: bool,
    pub(crate) invoice_id: Option<String>,
    pub(crate) organization_id: Option<String>,
    pub(crate) organization_name: Option<String>,
    pub(crate) project_id: Option<String>,
    pub(crate) project_name: Option<String>,
    pub(crate) cluster_id: Option<String>,
    pub(crate) cluster_name: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) amount: Option<Decimal>,
    /// Fields that this program does not know, as a JSON object.
    pub(crate) other: Option<String>,
}

impl CostRow {
    /// A row of a result, as of `today`.
    pub(crate) fn new(row: atlas_billing::CostRow, today: NaiveDate) -> Self {
        let running = Month::of(today);
        Self {
            usage_date: row.usage_date,
            to_date: row.usage_date.is_some_and(|date| running.contains(date)),
            invoice_id: row.invoice_id,
            organization_id: row.organization_id,
            organization_name: row.organization_name,
            project_id: row.project_id,
            project_name: row.project_name,
            cluster_id: row.cluster_id,
            cluster_name: row.cluster_name,
            service: row.service,
            amount: row.usage_amount,
            other: object(&row.other),
        }
    }

    pub(crate) fn month(&self) -> Option<Month> {
        self.usage_date.map(Month::of)
    }

    /// What tells the groups of `by` apart, and what a reader knows a group by.
    pub(crate) fn group(&self, by: Grouping) -> (Option<&str>, Option<&str>) {
        let (id, name) = match by {
            Grouping::Services => (&self.service, &self.service),
            Grouping::Projects => (&self.project_id, &self.project_name),
            Grouping::Clusters => (&self.cluster_id, &self.cluster_name),
            Grouping::Organizations => (&self.organization_id, &self.organization_name),
        };
        let (id, name) = (id.as_deref(), name.as_deref());
        (id.or(name), name.or(id))
    }
}

/// A JSON object of values that are JSON already; nothing for an empty one.
fn object(values: &BTreeMap<String, String>) -> Option<String> {
    if values.is_empty() {
        return None;
    }
    let fields = values
        .iter()
        .map(|(name, value)| format!("{}:{value}", serde_json::json!(name)));
    Some(format!("{{{}}}", fields.collect::<Vec<_>>().join(",")))
}

/// What rows are grouped by, as far as they show it: the most particular thing that one names.
pub(crate) fn grouping_of(rows: &[CostRow]) -> Grouping {
    let any = |by: Grouping| rows.iter().any(|row| row.group(by).0.is_some());
    [Grouping::Clusters, Grouping::Projects, Grouping::Services]
        .into_iter()
        .find(|by| any(*by))
        .unwrap_or(Grouping::Organizations)
}

/// Describes the record.
pub(crate) fn columns() -> Vec<Column<CostRow>> {
    type R = CostRow;
    vec![
        Column::new(
            "usage_date",
            Kind::Day,
            "The first day of the month that the amount is for.",
            |r: &R| Cell::day(r.usage_date),
        ),
        Column::new(
            "to_date",
            Kind::Boolean,
            "Whether that month was still running, so that the amount grows.",
            |r: &R| Cell::Boolean(r.to_date),
        )
        .always(),
        text("invoice_id", "The invoice that the amount is on.", |r| {
            &r.invoice_id
        }),
        text("organization_id", "The organization.", |r| {
            &r.organization_id
        }),
        text("organization_name", "The organization's name.", |r| {
            &r.organization_name
        }),
        text("project_id", "The project.", |r| &r.project_id),
        text("project_name", "The project's name.", |r| &r.project_name),
        text("cluster_id", "The cluster.", |r| &r.cluster_id),
        text("cluster_name", "The cluster's name.", |r| &r.cluster_name),
        text("service", "The service.", |r| &r.service),
        Column::new(
            "usage_amount",
            Kind::Number,
            "The amount, digit by digit as the service sent it. It names no currency; by all that \
             is known it is US dollars.",
            |r: &R| {
                r.amount
                    .map_or(Cell::Null, |amount| Cell::Number(amount.to_string()))
            },
        ),
        Column::new(
            "other",
            Kind::Object,
            "Fields that the service sent and this program does not know.",
            |r: &R| r.other.clone().map_or(Cell::Null, Cell::Json),
        ),
    ]
}

fn text(
    name: &'static str,
    means: &'static str,
    read: fn(&CostRow) -> &Option<String>,
) -> Column<CostRow> {
    Column::new(name, Kind::Text, means, move |r: &CostRow| {
        Cell::maybe(read(r).as_deref())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grouping_is_read_from_the_rows() {
        let some = || Some("x".to_owned());
        let organization = CostRow {
            organization_id: some(),
            ..CostRow::default()
        };
        let service = CostRow {
            service: some(),
            ..organization.clone()
        };
        let project = CostRow {
            project_name: some(),
            ..service.clone()
        };
        let cluster = CostRow {
            cluster_id: some(),
            ..project.clone()
        };
        let rows = [organization, service, project, cluster];
        let expected = [
            Grouping::Organizations,
            Grouping::Services,
            Grouping::Projects,
            Grouping::Clusters,
        ];
        for (many, by) in (1..=4).zip(expected) {
            assert_eq!(grouping_of(&rows[..many]), by);
        }
        assert_eq!(grouping_of(&[]), Grouping::Organizations);
    }

    #[test]
    fn a_group_goes_by_its_id_and_shows_its_name() {
        let mut row = CostRow {
            project_id: Some("1".into()),
            ..CostRow::default()
        };
        assert_eq!(row.group(Grouping::Projects), (Some("1"), Some("1")));
        row.project_name = Some("web".into());
        assert_eq!(row.group(Grouping::Projects), (Some("1"), Some("web")));
    }
}
