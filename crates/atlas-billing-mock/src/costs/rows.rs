//! The rows of a result: what invoices say, grouped.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use serde_json::{Map, Value, json};

use super::question::{GroupBy, Question};
use crate::invoice::{CLUSTERS, Invoice, PROJECTS, cents_text, quoted};

impl Question {
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
        // A cluster's project is known; what has no cluster may be of any.
        let detailed = by(GroupBy::Projects) || by(GroupBy::Clusters) && usage.cluster.is_some();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{CLUSTER_IDS, ORG_ID};
    use crate::scenario::Scenario;

    fn rows(question: Value) -> Vec<Row> {
        let mut body = json!({"startDate": "2024-12-01", "endDate": "2025-03-01"});
        body.as_object_mut()
            .unwrap()
            .extend(question.as_object().unwrap().clone());
        let question = Question::parse(body.to_string().as_bytes(), false).unwrap();
        question.rows(&scenario().invoices)
    }

    fn scenario() -> Scenario {
        Scenario::builder()
            .today("2025-03-15".parse().unwrap())
            .build()
    }

    fn total(rows: &[Row]) -> i64 {
        rows.iter().map(|row| row.cents).sum()
    }

    #[test]
    fn rows_add_up_to_the_invoices() {
        let invoices = scenario().invoices();
        let billed = |facts: &crate::InvoiceFacts| facts.subtotal_cents - facts.credits_cents;
        let wanted: i64 = invoices[1..4].iter().map(billed).sum();
        let by_org = rows(json!({"groupBy": "organizations", "organizations": [ORG_ID]}));
        assert_eq!((by_org.len(), total(&by_org)), (3, wanted));
        let by_service = rows(json!({"groupBy": "services"}));
        assert_eq!(total(&by_service), wanted);
        assert!(
            by_service
                .iter()
                .any(|row| row.service == Some("Credits") && row.cents < 0)
        );
    }

    #[test]
    fn usage_without_a_cluster_is_a_partial_match() {
        let clusters = json!({"groupBy": "clusters", "clusters": CLUSTER_IDS});
        let exact = rows(clusters.clone());
        assert_eq!(exact.len(), 3 * CLUSTER_IDS.len());
        let mut partial = clusters;
        partial["includePartialMatches"] = json!(true);
        let partial = rows(partial);
        assert!(partial.len() > exact.len());
        assert!(total(&partial) > total(&exact));
    }

    #[test]
    fn filters_narrow() {
        let one =
            json!({"groupBy": "services", "services": ["Backup"], "clusters": [CLUSTER_IDS[0]]});
        let found = rows(one);
        assert_eq!(found.len(), 3);
        assert!(
            found
                .iter()
                .all(|row| row.service == Some("Backup") && row.cents > 0)
        );
    }

    #[test]
    fn amounts_keep_two_places() {
        let found = rows(json!({"groupBy": "services", "services": ["Support"]}));
        let text = to_json(&found);
        let cents = found[0].cents;
        let amount = format!("\"usageAmount\":{}.{:02}", cents / 100, cents % 100);
        assert!(text.contains(&amount), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["usageDetails"][0]["usageDate"], "2024-12-01");
        let csv = to_csv(&found);
        assert_eq!(csv.lines().count(), 4);
        let columns = csv.lines().next().unwrap().split(',').count();
        assert!(csv.lines().all(|line| line.split(',').count() == columns));
    }
}
