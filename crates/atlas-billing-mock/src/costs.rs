//! Cost Explorer: what a query asks for, and the rows it finds in the invoices.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use serde_json::{Map, Value};

use crate::invoice::catalog::{CREDIT, Meter};
use crate::invoice::document::{cents, quoted};
use crate::invoice::plan::Invoice;
use crate::names::{SERVICES, is_id};
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

impl Query {
    /// Reads the request's body. `strict` also refuses unknown fields and a grouping without a
    /// filter value for its dimension.
    pub(crate) fn parse(body: &[u8], strict: bool) -> Result<Self, Problem> {
        let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
            let wrong = ("body".to_owned(), "has to be a JSON object".to_owned());
            return Err(Problem::of_fields(&[wrong]));
        };
        let mut reader = Reader {
            object,
            violations: Vec::new(),
        };
        let (start, end) = (reader.month("startDate"), reader.month("endDate"));
        if start.is_some() && end.is_some() && start >= end {
            reader.complain("endDate", "has to be after startDate");
        }
        let group_by = match reader.take("groupBy") {
            None => None,
            Some(value) => {
                let known = DIMENSIONS.iter().position(|name| value == *name);
                if known.is_none() {
                    reader.complain("groupBy", "is an unknown dimension");
                }
                known
            }
        };
        let filters = DIMENSIONS.map(|name| reader.list(name));
        let partial = match reader.take("includePartialMatches") {
            None => false,
            Some(value) => value.as_bool().unwrap_or_else(|| {
                reader.complain("includePartialMatches", "is neither true nor false");
                false
            }),
        };
        if strict {
            let rest: Vec<String> = reader.object.keys().cloned().collect();
            rest.iter()
                .for_each(|field| reader.complain(field, "is unknown"));
            if let Some(group_by) = group_by.filter(|group_by| filters[*group_by].is_empty()) {
                let complaint = "needs a value, since the result is grouped by it";
                reader.complain(DIMENSIONS[group_by], complaint);
            }
        }
        match (start, end) {
            (Some(start), Some(end)) if reader.violations.is_empty() => Ok(Self {
                start,
                end,
                group_by: group_by.unwrap_or(0),
                filters,
                partial,
            }),
            _ => Err(Problem::of_fields(&reader.violations)),
        }
    }

    /// The rows: one a month and value of the dimension grouped by, in that order.
    pub(crate) fn rows(&self, invoices: &[Arc<Invoice>]) -> Vec<Row> {
        let mut groups: BTreeMap<(NaiveDate, String, String), Row> = BTreeMap::new();
        for invoice in invoices {
            for invoice in std::iter::once(invoice).chain(&invoice.linked) {
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

/// Takes fields out of the body one by one, collecting what is wrong with them.
struct Reader {
    object: Map<String, Value>,
    violations: Vec<(String, String)>,
}

impl Reader {
    fn complain(&mut self, field: &str, description: &str) {
        self.violations
            .push((field.to_owned(), description.to_owned()));
    }

    fn take(&mut self, field: &str) -> Option<Value> {
        self.object.remove(field).filter(|value| !value.is_null())
    }

    fn month(&mut self, field: &str) -> Option<NaiveDate> {
        let value = self.take(field);
        let text = value.as_ref().and_then(Value::as_str).unwrap_or_default();
        let date: Option<NaiveDate> = text.parse().ok().filter(|_| text.len() == 10);
        let first = date.filter(|date| date.day() == 1);
        if first.is_none() {
            self.complain(field, "has to be the first day of a month, as YYYY-MM-DD");
        }
        first
    }

    fn list(&mut self, field: &str) -> Vec<String> {
        let (valid, complaint): (fn(&str) -> bool, _) = match field {
            "services" => (|text| SERVICES.contains(&text), "is an unknown service"),
            _ => (is_id, "is not a 24-digit identifier"),
        };
        let values = match self.take(field) {
            None => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(_) => {
                self.complain(field, "has to be a list");
                Vec::new()
            }
        };
        let mut texts = Vec::new();
        for (at, value) in values.into_iter().enumerate() {
            match value {
                Value::String(text) if valid(&text) => texts.push(text),
                _ => self.complain(&format!("{field}[{at}]"), complaint),
            }
        }
        texts
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
            "organizations" => Some(&self.invoice.org_id),
            "projects" => Some(self.meter.project?.id),
            "clusters" => Some(self.meter.cluster?.id),
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
            Some(&*invoice.org_name),
            Some(&*invoice.org_id),
            project.map(|project| project.name),
            project.map(|project| project.id),
            cluster.map(|cluster| cluster.name),
            cluster.map(|cluster| cluster.id),
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
        let fields = fields.filter_map(|((key, _), text)| {
            let text = Value::from(text.as_deref()?);
            Some(format!("\"{key}\":{text},"))
        });
        let fields: String = fields.collect();
        // The amount is a number with two places, which a float would not always keep.
        format!("{{{fields}\"usageAmount\":{}}}", cents(row.cents))
    };
    let rows: Vec<String> = rows.iter().map(object).collect();
    format!("{{\"usageDetails\":[{}]}}", rows.join(","))
}

/// The finished result as CSV.
pub(crate) fn to_csv(rows: &[Row]) -> String {
    let mut out: String = COLUMNS.iter().map(|(_, name)| format!("{name},")).collect();
    out.push_str("Usage Amount\n");
    for row in rows {
        for text in &row.texts {
            out.push_str(&quoted(text.as_deref().unwrap_or_default()));
            out.push(',');
        }
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
            (json!({"startDate": "2025-1-1"}), "startDate"),
            (json!({"startDate": "2025-04-01"}), "endDate"),
            (json!({"endDate": null}), "endDate"),
            (json!({"groupBy": "regions"}), "groupBy"),
            (json!({"services": ["Clusters", "Rockets"]}), "services[1]"),
            (json!({"clusters": "one"}), "clusters"),
            (json!({"projects": ["UPPER"]}), "projects[0]"),
            (
                json!({"includePartialMatches": "yes"}),
                "includePartialMatches",
            ),
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
        query.rows(&scenario.invoices)
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
    fn amounts_keep_two_places() {
        let more = json!({"groupBy": "services", "services": ["Support"]});
        let found = rows(&march().build(), &more);
        let text = to_json(&found);
        let amount = format!("\"usageAmount\":{}", cents(found[0].cents));
        assert!(text.contains(&amount), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["usageDetails"][0]["usageDate"], "2024-12-01");
        let csv = to_csv(&found);
        assert_eq!(csv.lines().count(), 4);
        assert!(
            csv.lines().all(|line| line.split(',').count() == 10),
            "{csv}"
        );
    }
}
