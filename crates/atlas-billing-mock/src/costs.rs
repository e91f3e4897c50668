//! Cost Explorer: what a query asks, and the rows it finds in the invoices.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use serde_json::{Map, Value, json};

use crate::invoice::{CLUSTERS, Invoice, PROJECTS, cents_text, quoted};
use crate::names::is_id;
use crate::problem::Problem;

/// Cost Explorer's services, as far as they are known.
pub const SERVICES: [&str; 23] = [
    "Atlas",
    "Clusters",
    "Storage",
    "Serverless Instances",
    "Backup",
    "Data Transfer",
    "BI Connector",
    "DSC Compute",
    "DSC Storage",
    "Premium Features",
    "Atlas Data Federation",
    "Atlas Stream Processing",
    "App Services",
    "Charts",
    "Cloud Manager",
    "Cloud Manager Standard/Premium",
    "Legacy Backup",
    "AI Model APIs",
    "Automated Embedding",
    "Native Reranking",
    "Flex Consulting",
    "Support",
    "Credits",
];

/// What the rows are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GroupBy {
    Organizations,
    Projects,
    Clusters,
    Services,
}

/// A query as it was asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    start: NaiveDate,
    end: NaiveDate,
    group_by: GroupBy,
    organizations: Vec<String>,
    projects: Vec<String>,
    clusters: Vec<String>,
    services: Vec<String>,
    partial: bool,
}

impl Question {
    /// Reads the request's body. `strict` also refuses unknown fields and a grouping without a
    /// filter value for its dimension.
    pub(crate) fn parse(body: &[u8], strict: bool) -> Result<Self, Problem> {
        let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
            return Err(Problem::of_fields(vec![violation(
                "body",
                "has to be a JSON object",
            )]));
        };
        let mut reader = Reader {
            object,
            violations: Vec::new(),
        };
        let (start, end) = (reader.month("startDate"), reader.month("endDate"));
        if let (Some(start), Some(end)) = (start, end)
            && start >= end
        {
            reader.complain("endDate", "has to be after startDate");
        }
        let group_by = reader.group_by();
        let organizations = reader.list("organizations", is_id, "is no 24-digit identifier");
        let projects = reader.list("projects", is_id, "is no 24-digit identifier");
        let clusters = reader.list("clusters", is_id, "is no 24-digit identifier");
        let known = |service: &str| SERVICES.contains(&service);
        let services = reader.list("services", known, "is no service");
        let partial = reader.flag("includePartialMatches");
        if strict {
            reader.refuse_the_rest();
            let (name, filter) = match group_by {
                Some(GroupBy::Organizations) => ("organizations", &organizations),
                Some(GroupBy::Projects) => ("projects", &projects),
                Some(GroupBy::Clusters) => ("clusters", &clusters),
                Some(GroupBy::Services) => ("services", &services),
                None => ("", &services),
            };
            if group_by.is_some() && filter.is_empty() {
                reader.complain(name, "needs a value, since the result is grouped by it");
            }
        }
        match (start, end) {
            (Some(start), Some(end)) if reader.violations.is_empty() => Ok(Self {
                start,
                end,
                group_by: group_by.unwrap_or(GroupBy::Organizations),
                organizations,
                projects,
                clusters,
                services,
                partial,
            }),
            _ => Err(Problem::of_fields(reader.violations)),
        }
    }

    /// The rows: one a month and value of the dimension grouped by, in that order.
    pub(crate) fn rows(&self, invoices: &[Arc<Invoice>]) -> Vec<Row> {
        let mut groups: BTreeMap<(NaiveDate, String, String), Row> = BTreeMap::new();
        for invoice in invoices.iter().flat_map(|invoice| with_linked(invoice)) {
            let month = first_of_month(invoice.plan.first);
            if month < self.start || month >= self.end {
                continue;
            }
            for usage in usages(invoice)
                .into_iter()
                .filter(|usage| self.wants(usage))
            {
                let value = usage.value(self.group_by).unwrap_or_default().to_owned();
                let key = (month, value, invoice.plan.id.clone());
                let row = groups
                    .entry(key)
                    .or_insert_with(|| Row::new(month, &usage, self.group_by));
                row.cents += usage.cents;
            }
        }
        groups.into_values().collect()
    }

    /// A usage matches when each filter that was given names its value. Usage without a value for
    /// such a filter counts as a partial match.
    fn wants(&self, usage: &Usage<'_>) -> bool {
        let filters = [
            (&self.organizations, GroupBy::Organizations),
            (&self.projects, GroupBy::Projects),
            (&self.clusters, GroupBy::Clusters),
            (&self.services, GroupBy::Services),
        ];
        let grouped = usage.value(self.group_by).is_some() || self.partial;
        grouped
            && filters.into_iter().all(|(wanted, dimension)| {
                wanted.is_empty()
                    || match usage.value(dimension) {
                        Some(value) => wanted.iter().any(|wanted| wanted == value),
                        None => self.partial,
                    }
            })
    }
}

fn with_linked(invoice: &Arc<Invoice>) -> Vec<&Invoice> {
    let mut all = vec![&**invoice];
    all.extend(invoice.linked.iter().flat_map(with_linked));
    all
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn violation(field: &str, description: &str) -> (String, String) {
    (field.to_owned(), description.to_owned())
}

/// What one meter cost in one invoice.
struct Usage<'a> {
    invoice: &'a Invoice,
    service: &'static str,
    project: Option<usize>,
    cluster: Option<usize>,
    cents: i64,
}

fn usages(invoice: &Invoice) -> Vec<Usage<'_>> {
    let meters = invoice.meters.iter().zip(invoice.net_by_meter());
    let mut usages: Vec<Usage<'_>> = meters
        .filter(|(_, cents)| **cents != 0)
        .map(|(meter, cents)| Usage {
            invoice,
            service: meter.service,
            project: meter.project,
            cluster: meter.cluster,
            cents: *cents,
        })
        .collect();
    let credits = invoice.facts().credits_cents;
    if credits != 0 {
        let (project, cluster) = (None, None);
        usages.push(Usage {
            invoice,
            service: "Credits",
            project,
            cluster,
            cents: -credits,
        });
    }
    usages
}

impl Usage<'_> {
    fn value(&self, dimension: GroupBy) -> Option<&str> {
        match dimension {
            GroupBy::Organizations => Some(&self.invoice.org_id),
            GroupBy::Projects => self.project.map(|at| PROJECTS[at].id),
            GroupBy::Clusters => self.cluster.map(|at| CLUSTERS[at].id),
            GroupBy::Services => Some(self.service),
        }
    }
}

/// One row of a result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    month: NaiveDate,
    invoice_id: String,
    organization: (String, String),
    project: Option<usize>,
    cluster: Option<usize>,
    service: Option<&'static str>,
    cents: i64,
}

impl Row {
    fn new(month: NaiveDate, usage: &Usage<'_>, group_by: GroupBy) -> Self {
        let by = |dimension| group_by == dimension;
        let detailed = by(GroupBy::Projects) || by(GroupBy::Clusters);
        Self {
            month,
            invoice_id: usage.invoice.plan.id.clone(),
            organization: (usage.invoice.org_id.clone(), usage.invoice.org_name.clone()),
            project: usage.project.filter(|_| detailed),
            cluster: usage.cluster.filter(|_| by(GroupBy::Clusters)),
            service: Some(usage.service).filter(|_| by(GroupBy::Services)),
            cents: 0,
        }
    }

    fn to_json(&self) -> String {
        let mut row = Map::new();
        let mut put = |key: &str, value: &str| row.insert(key.to_owned(), json!(value));
        put("invoiceId", &self.invoice_id);
        put("organizationId", &self.organization.0);
        put("organizationName", &self.organization.1);
        if let Some(project) = self.project.map(|at| &PROJECTS[at]) {
            put("projectId", project.id);
            put("projectName", project.name);
        }
        if let Some(cluster) = self.cluster.map(|at| &CLUSTERS[at]) {
            put("clusterId", cluster.id);
            put("clusterName", cluster.name);
        }
        if let Some(service) = self.service {
            put("service", service);
        }
        put("usageDate", &self.month.to_string());
        let object = Value::Object(row).to_string();
        // The amount is a number with two places, which a float would not always keep.
        let open = object.trim_end_matches('}');
        format!("{open},\"usageAmount\":{}}}", cents_text(self.cents))
    }

    fn to_csv(&self) -> String {
        let project = self.project.map(|at| &PROJECTS[at]);
        let cluster = self.cluster.map(|at| &CLUSTERS[at]);
        let fields = [
            self.month.to_string(),
            self.invoice_id.clone(),
            quoted(&self.organization.1),
            self.organization.0.clone(),
            quoted(project.map_or("", |project| project.name)),
            project.map_or("", |project| project.id).to_owned(),
            quoted(cluster.map_or("", |cluster| cluster.name)),
            cluster.map_or("", |cluster| cluster.id).to_owned(),
            quoted(self.service.unwrap_or_default()),
            cents_text(self.cents),
        ];
        fields.join(",")
    }
}

/// The finished result as JSON.
pub(crate) fn to_json(rows: &[Row]) -> String {
    let rows: Vec<String> = rows.iter().map(Row::to_json).collect();
    format!("{{\"usageDetails\":[{}]}}", rows.join(","))
}

/// The finished result as CSV. The service's own header row is not known.
pub(crate) fn to_csv(rows: &[Row]) -> String {
    let header = "Usage Date,Invoice Id,Organization Name,Organization ID,Project Name,Project Id,\
        Cluster Name,Cluster Unique Id,Service,Usage Amount";
    let mut text = header.to_owned();
    for row in rows {
        text.push('\n');
        text.push_str(&row.to_csv());
    }
    text.push('\n');
    text
}

/// Takes fields out of the body one by one, collecting what is wrong with them.
struct Reader {
    object: Map<String, Value>,
    violations: Vec<(String, String)>,
}

impl Reader {
    fn complain(&mut self, field: &str, description: &str) {
        self.violations.push(violation(field, description));
    }

    fn month(&mut self, field: &str) -> Option<NaiveDate> {
        let value = self.object.remove(field);
        let Some(Value::String(text)) = value else {
            self.complain(field, "is missing or no text");
            return None;
        };
        let date = (text.len() == 10)
            .then(|| text.parse::<NaiveDate>().ok())
            .flatten();
        match date {
            Some(date) if date.day() == 1 => Some(date),
            Some(_) => {
                self.complain(field, "has to be the first day of a month");
                None
            }
            None => {
                self.complain(field, "is no date");
                None
            }
        }
    }

    fn group_by(&mut self) -> Option<GroupBy> {
        match self.object.remove("groupBy") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let known = match value.as_str() {
                    Some("organizations") => Some(GroupBy::Organizations),
                    Some("projects") => Some(GroupBy::Projects),
                    Some("clusters") => Some(GroupBy::Clusters),
                    Some("services") => Some(GroupBy::Services),
                    _ => None,
                };
                if known.is_none() {
                    self.complain("groupBy", "is no dimension");
                }
                known
            }
        }
    }

    fn list(&mut self, field: &str, good: impl Fn(&str) -> bool, complaint: &str) -> Vec<String> {
        let values = match self.object.remove(field) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(_) => {
                self.complain(field, "is no list");
                Vec::new()
            }
        };
        let mut texts = Vec::new();
        for (at, value) in values.into_iter().enumerate() {
            match value {
                Value::String(text) if good(&text) => texts.push(text),
                _ => self.complain(&format!("{field}[{at}]"), complaint),
            }
        }
        texts
    }

    fn flag(&mut self, field: &str) -> bool {
        match self.object.remove(field) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.complain(field, "is neither true nor false");
                false
            }
        }
    }

    fn refuse_the_rest(&mut self) {
        let rest: Vec<String> = self.object.keys().cloned().collect();
        rest.iter()
            .for_each(|field| self.complain(field, "is not known"));
    }
}
