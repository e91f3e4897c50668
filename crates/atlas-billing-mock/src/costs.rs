//! Cost Explorer: what a query asks for, and the rows it finds in the invoices.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::invoice::catalog::{CREDIT, Meter};
use crate::invoice::document::{cents, quoted};
use crate::invoice::plan::Invoice;
use crate::names::{SERVICES, is_id};
use crate::operations::parse_json;
use crate::response::Problem;

/// What rows are grouped by and filtered with, as the request's body names it.
const DIMENSIONS: [&str; 4] = ["organizations", "projects", "clusters", "services"];

/// A query as it was asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    start: NaiveDate,
    end: NaiveDate,
    /// An index into [`DIMENSIONS`].
    group_by: usize,
    /// The values wanted of each dimension; none means all.
    filters: [Vec<String>; 4],
    partial: bool,
}

/// The request's body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    start_date: NaiveDate,
    end_date: NaiveDate,
    group_by: Option<String>,
    organizations: Option<Vec<String>>,
    projects: Option<Vec<String>>,
    clusters: Option<Vec<String>>,
    services: Option<Vec<String>>,
    include_partial_matches: Option<bool>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl Query {
    /// Reads the request's body. `strict` also refuses unknown fields and a grouping without a
    /// filter value for its dimension.
    pub(crate) fn parse(body: &[u8], strict: bool) -> Result<Self, Problem> {
        let sent: Sent = parse_json(body, strict, |sent: &Sent| {
            sent.unknown.keys().cloned().collect()
        })?;
        let filters = [
            sent.organizations,
            sent.projects,
            sent.clusters,
            sent.services,
        ];
        let filters = filters.map(Option::unwrap_or_default);
        let wanted = sent.group_by.as_deref().unwrap_or(DIMENSIONS[0]);
        let group_by = DIMENSIONS.iter().position(|name| *name == wanted);
        let mut wrong = Vec::new();
        let mut check = |holds: bool, field, rule: &str| {
            if !holds {
                wrong.push((field, rule.to_owned()));
            }
        };
        let first = "has to be the first day of a month";
        check(sent.start_date.day() == 1, "startDate", first);
        check(sent.end_date.day() == 1, "endDate", first);
        let ordered = sent.start_date < sent.end_date;
        check(ordered, "endDate", "has to be after startDate");
        check(group_by.is_some(), "groupBy", "is an unknown dimension");
        for (name, values) in DIMENSIONS.into_iter().zip(&filters) {
            let mut values = values.iter();
            let valid = values.all(|value| match name {
                "services" => SERVICES.contains(&value.as_str()),
                _ => is_id(value),
            });
            check(valid, name, "has an unknown value");
        }
        if strict {
            let by = group_by.filter(|by| sent.group_by.is_some() && filters[*by].is_empty());
            let rule = "needs a value, since the result is grouped by it";
            check(by.is_none(), DIMENSIONS[by.unwrap_or(0)], rule);
        }
        match wrong.is_empty() {
            false => Err(Problem::of_fields(&wrong)),
            true => Ok(Self {
                start: sent.start_date,
                end: sent.end_date,
                group_by: group_by.unwrap_or(0),
                filters,
                partial: sent.include_partial_matches.unwrap_or(false),
            }),
        }
    }

    /// The rows: one a month and value of the dimension grouped by, in that order.
    pub(crate) fn rows(&self, invoices: &[Arc<Invoice>]) -> Vec<Row> {
        let mut groups: BTreeMap<(NaiveDate, String, String), Row> = BTreeMap::new();
        for invoice in invoices {
            for invoice in invoice.with_linked() {
                let month = invoice.plan.first;
                if month < self.start || month >= self.end {
                    continue;
                }
                for usage in Usage::all(invoice).filter(|usage| self.wants(usage)) {
                    let value = usage.value(self.group_by).unwrap_or_default().to_owned();
                    let key = (month, value, invoice.plan.id.clone());
                    let row = groups.entry(key);
                    row.or_insert_with(|| Row::new(&usage, self.group_by)).cents += usage.cents;
                }
            }
        }
        groups.into_values().collect()
    }

    /// A usage matches when each filter that was given names its value. Usage without a value for
    /// such a filter counts as a partial match.
    fn wants(&self, usage: &Usage<'_>) -> bool {
        let matches = |(dimension, wanted): (usize, &Vec<String>)| match usage.value(dimension) {
            _ if wanted.is_empty() => true,
            Some(value) => wanted.iter().any(|wanted| wanted == value),
            None => self.partial,
        };
        let grouped = usage.value(self.group_by).is_some() || self.partial;
        grouped && self.filters.iter().enumerate().all(matches)
    }
}

/// What one meter cost in one invoice.
struct Usage<'a> {
    invoice: &'a Invoice,
    meter: &'a Meter,
    cents: i64,
}

impl<'a> Usage<'a> {
    fn all(invoice: &'a Invoice) -> impl Iterator<Item = Self> {
        let credits = (&*CREDIT, -invoice.facts().credits_cents);
        let all = invoice.net_by_meter().chain(std::iter::once(credits));
        let usage = move |(meter, cents)| Self {
            invoice,
            meter,
            cents,
        };
        all.map(usage).filter(|usage| usage.cents != 0)
    }

    fn value(&self, dimension: usize) -> Option<&'a str> {
        match DIMENSIONS[dimension] {
            "organizations" => Some(self.invoice.org.id),
            "projects" => Some(&self.meter.project?.id),
            "clusters" => Some(&self.meter.cluster?.id),
            _ => Some(&self.meter.service),
        }
    }
}

/// The columns of a result: keys as JSON and as CSV have them. The service's own header row is not
/// known.
const COLUMNS: [(&str, &str); 9] = [
    ("usageDate", "Usage Date"),
    ("invoiceId", "Invoice Id"),
    ("organizationName", "Organization Name"),
    ("organizationId", "Organization ID"),
    ("projectName", "Project Name"),
    ("projectId", "Project Id"),
    ("clusterName", "Cluster Name"),
    ("clusterId", "Cluster Unique Id"),
    ("service", "Service"),
];

/// One row of a result: the texts of [`COLUMNS`], none where the grouping has none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    texts: [Option<String>; COLUMNS.len()],
    cents: i64,
}

impl Row {
    fn new(usage: &Usage<'_>, group_by: usize) -> Self {
        let by = |name: &str| DIMENSIONS[group_by] == name;
        let invoice = usage.invoice;
        let cluster = usage.meter.cluster.filter(|_| by("clusters"));
        // A cluster's project is known; what has no cluster may be of any.
        let detailed = by("projects") || cluster.is_some();
        let project = usage.meter.project.filter(|_| detailed);
        let texts = [
            Some(&*invoice.plan.first.to_string()),
            Some(&*invoice.plan.id),
            Some(invoice.org.name),
            Some(invoice.org.id),
            project.map(|project| project.name),
            project.map(|project| &*project.id),
            cluster.map(|cluster| cluster.name),
            cluster.map(|cluster| &*cluster.id),
            Some(&*usage.meter.service).filter(|_| by("services")),
        ]
        .map(|text| text.map(str::to_owned));
        Self { texts, cents: 0 }
    }
}

/// The finished result as JSON.
pub(crate) fn to_json(rows: &[Row]) -> String {
    let object = |row: &Row| {
        let fields = COLUMNS.iter().zip(&row.texts);
        let fields = fields.filter_map(|((key, _), text)| Some((*key, text.as_deref()?.into())));
        let mut object: Map<String, Value> =
            fields.map(|(key, text)| (key.to_owned(), text)).collect();
        object.insert("usageAmount".to_owned(), (row.cents as f64 / 100.0).into());
        Value::Object(object)
    };
    let rows: Value = rows.iter().map(object).collect();
    json!({ "usageDetails": rows }).to_string()
}

/// The finished result as CSV.
pub(crate) fn to_csv(rows: &[Row]) -> String {
    let mut out: String = COLUMNS.iter().map(|(_, name)| format!("{name},")).collect();
    out.push_str("Usage Amount\n");
    for row in rows {
        let texts = row
            .texts
            .iter()
            .map(|text| text.as_deref().unwrap_or_default());
        out.extend(texts.map(|text| quoted(text) + ","));
        out.push_str(&cents(row.cents));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::names::{CLUSTER_IDS, NEW_SERVICE, ORG_ID};
    use crate::scenario::{Scenario, ScenarioBuilder};

    fn with(base: Value, more: &Value) -> Vec<u8> {
        let mut body = base;
        let more = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        body.to_string().into_bytes()
    }

    fn complaints(more: &Value, strict: bool) -> Vec<String> {
        let quarter = json!({"startDate": "2025-01-01", "endDate": "2025-04-01"});
        let Err(problem) = Query::parse(&with(quarter, more), strict) else {
            return Vec::new();
        };
        let fields = problem.object["badRequestDetail"]["fields"]
            .as_array()
            .unwrap();
        let name = |field: &Value| field["field"].as_str().unwrap().to_owned();
        fields.iter().map(name).collect()
    }

    #[test]
    fn each_wrong_field_is_named() {
        for (more, field) in [
            (json!({"startDate": "2025-01-02"}), "startDate"),
            (json!({"startDate": "2025-04-01"}), "endDate"),
            (json!({"endDate": null}), "body"),
            (json!({"groupBy": "regions"}), "groupBy"),
            (json!({"services": ["Clusters", "Rockets"]}), "services"),
            (json!({"clusters": "one"}), "body"),
            (json!({"projects": ["UPPER"]}), "projects"),
            (json!({"includePartialMatches": "yes"}), "body"),
        ] {
            assert_eq!(complaints(&more, false), [field], "{more}");
        }
        assert!(Query::parse(b"[]", false).is_err());
        let good = json!({"groupBy": null, "services": null, "includePartialMatches": true});
        assert_eq!(complaints(&good, true), [""; 0]);
    }

    #[test]
    fn only_the_strict_want_a_filter_and_know_every_field() {
        let empty = json!({"groupBy": "organizations", "organizations": []});
        for (more, field) in [
            (json!({"groupBy": "services"}), "services"),
            (empty, "organizations"),
            (json!({"colour": "blue"}), "colour"),
        ] {
            assert_eq!(complaints(&more, false), [""; 0], "{more}");
            assert_eq!(complaints(&more, true), [field], "{more}");
        }
    }

    fn march() -> ScenarioBuilder {
        Scenario::builder().today("2025-03-15".parse().unwrap())
    }

    fn rows(scenario: &Scenario, more: &Value) -> Vec<Row> {
        let winter = json!({"startDate": "2024-12-01", "endDate": "2025-03-01"});
        let query = Query::parse(&with(winter, more), false).unwrap();
        query.rows(&scenario.organizations[0].invoices)
    }

    fn total(rows: &[Row]) -> i64 {
        rows.iter().map(|row| row.cents).sum()
    }

    #[test]
    fn rows_add_up_to_the_invoices() {
        let scenario = march().with_new_service().build();
        let invoices = scenario.invoices();
        let billed = invoices[1..4]
            .iter()
            .map(|facts| facts.amount_billed_cents)
            .sum();
        let by_org = json!({"groupBy": "organizations", "organizations": [ORG_ID]});
        let by_org = rows(&scenario, &by_org);
        assert_eq!((by_org.len(), total(&by_org)), (3, billed));
        let by_service = rows(&scenario, &json!({"groupBy": "services"}));
        assert_eq!(total(&by_service), billed);
        let of = |name: &str| {
            by_service
                .iter()
                .filter(|r| r.texts[8].as_deref() == Some(name))
                .count()
        };
        assert_eq!((of("Credits"), of(NEW_SERVICE), of("Backup")), (3, 3, 3));
        let known = rows(
            &scenario,
            &json!({"groupBy": "services", "services": SERVICES}),
        );
        assert!(total(&known) < billed);
    }

    #[test]
    fn usage_without_a_cluster_is_a_partial_match() {
        let mut clusters = json!({"groupBy": "clusters", "clusters": CLUSTER_IDS});
        let exact = rows(&march().build(), &clusters);
        assert_eq!(exact.len(), 3 * CLUSTER_IDS.len());
        clusters["includePartialMatches"] = json!(true);
        let partial = rows(&march().build(), &clusters);
        assert!(partial.len() > exact.len() && total(&partial) > total(&exact));
    }

    #[test]
    fn json_and_csv_have_the_same_rows() {
        let more = json!({"groupBy": "services", "services": ["Support"]});
        let found = rows(&march().build(), &more);
        let value: Value = serde_json::from_str(&to_json(&found)).unwrap();
        let first = &value["usageDetails"][0];
        assert_eq!(first["usageDate"], "2024-12-01");
        assert_eq!(first["usageAmount"], found[0].cents as f64 / 100.0);
        let csv = to_csv(&found);
        assert_eq!(csv.lines().count(), 4);
        assert!(
            csv.lines().all(|line| line.split(',').count() == 10),
            "{csv}"
        );
    }
}
