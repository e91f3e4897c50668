//! What the made-up organizations run: projects, clusters and the meters that are read each day.

use std::sync::{Arc, LazyLock};

use crate::names::{
    CREDITS_ORG_ID, CREDITS_ORG_NAME, LINKED_ORG_ID, LINKED_ORG_NAME, NEW_SERVICE, ORG_ID,
    ORG_NAME, cluster_id, project_id,
};

/// What an organization is made of; projects and clusters are numbered in this order.
struct OrganizationRow {
    id: &'static str,
    name: &'static str,
    currency: &'static str,
    rate: &'static str,
    projects: &'static [&'static str],
    /// A cluster each: name, project, provider, tier, dollars a node and hour, GB of storage, and
    /// the values of the tags team and env.
    clusters: &'static [&'static str],
}

/// The second organization runs what the first one does, under names of its own. The third one
/// prepays in credits, and its names need quoting.
const ORGANIZATION_ROWS: [OrganizationRow; 3] = [
    OrganizationRow {
        id: ORG_ID,
        name: ORG_NAME,
        currency: "USD",
        rate: "1.0",
        projects: &["freight-booking", "route-planning", "analytics"],
        clusters: &[
            "booking-prod|0|AWS|M40|0.347|320|booking|prod",
            "booking-staging|0|AWS|M10|0.027|40|booking|staging",
            "routes-prod|1|GCP|M50|0.66|480|routing|prod",
            "routes-dev|1|GCP|M10|0.027|20|routing|dev",
            "warehouse|2|AZURE|M30|0.18|900|insight|prod",
            "events|2|AWS|M20|0.067|120|insight|prod",
        ],
    },
    OrganizationRow {
        id: LINKED_ORG_ID,
        name: LINKED_ORG_NAME,
        currency: "USD",
        rate: "1.0",
        projects: &["labs-pricing", "labs-forecast", "labs-sandbox"],
        clusters: &[
            "pricing-prod|0|AWS|M40|0.347|320|booking|prod",
            "pricing-staging|0|AWS|M10|0.027|40|booking|staging",
            "forecast-prod|1|GCP|M50|0.66|480|routing|prod",
            "forecast-dev|1|GCP|M10|0.027|20|routing|dev",
            "models|2|AZURE|M30|0.18|900|insight|prod",
            "samples|2|AWS|M20|0.067|120|insight|prod",
        ],
    },
    OrganizationRow {
        id: CREDITS_ORG_ID,
        name: CREDITS_ORG_NAME,
        currency: "EUR",
        rate: "0.85",
        projects: &["Lager \"Süd\"", "Straßen & Brücken"],
        clusters: &[
            "lager-prod|0|AWS|M30|0.18|200|größe|prod",
            "lager-test|0|AZURE|M10|0.027|20|größe|test",
            "strassen-prod|1|GCP|M40|0.347|150|übersee|prod",
        ],
    },
];

/// The meters of a cluster, as [`Meter::parse`] reads them; their quantities are a GB's.
const GB_ROWS: [&str; 4] = [
    "STORAGE|Storage|Storage|GB hours|1.6E-4|72000",
    "DATA_TRANSFER_INTERNET|Data Transfer (Internet)|Data Transfer|GB|0.09|110",
    "DATA_TRANSFER_SAME_REGION|Data Transfer (Same Region)|Data Transfer|GB|0.01|900",
    "BACKUP_SNAPSHOT_STORAGE|Backup Storage|Backup|GB days|0.0046|1300",
];

/// The projects of meters that belong to no cluster, and the meters.
const SHARED_ROWS: [(Option<usize>, &str); 4] = [
    (
        Some(2),
        "ATLAS_DATA_LAKE_AWS_DATA_SCANNED|Atlas Data Federation AWS Data Scanned|\
         Atlas Data Federation|KB|5.0E-9|900000000000",
    ),
    (
        Some(1),
        "ATLAS_AWS_STREAM_PROCESSING_INSTANCE_SP10|Atlas Stream Processing Instance SP10|\
         Atlas Stream Processing|hours|0.19|24000",
    ),
    (
        Some(0),
        "ATLAS_FLEX_AWS_100_USAGE_HOURS|Atlas Flex 100 ops/s|Clusters|hours|0.011|24000",
    ),
    (None, "ATLAS_SUPPORT|Support|Support|days|18.5|1000"),
];

/// The organizations, the default one first.
pub(crate) static ORGANIZATIONS: LazyLock<Vec<Organization>> = LazyLock::new(|| {
    let rows = ORGANIZATION_ROWS.iter().enumerate();
    rows.map(|(number, row)| Organization::new(number, row))
        .collect()
});

/// What credits are billed under.
pub(crate) static CREDIT: LazyLock<Meter> = LazyLock::new(|| Meter {
    provider: None,
    ..Meter::parse("CREDIT|Credit|Credits|credit|0|0")
});

/// An organization, with the currency of its invoices' payments.
#[derive(Debug)]
pub(crate) struct Organization {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) currency: &'static str,
    /// The price of a unit of the pricing currency in the billing currency.
    pub(crate) rate: &'static str,
    pub(crate) projects: Vec<Project>,
    pub(crate) clusters: Vec<Cluster>,
}

impl Organization {
    fn new(number: usize, row: &OrganizationRow) -> Self {
        let projects = row.projects.iter().enumerate();
        let projects = projects.map(|(project, name)| Project {
            id: project_id(number, project),
            name,
        });
        let clusters = row.clusters.iter().enumerate();
        let clusters =
            clusters.map(|(cluster, row)| Cluster::parse(cluster_id(number, cluster), row));
        Self {
            id: row.id,
            name: row.name,
            currency: row.currency,
            rate: row.rate,
            projects: projects.collect(),
            clusters: clusters.collect(),
        }
    }

    /// The rate in hundredths.
    pub(crate) fn rate_hundredths(&self) -> i64 {
        let rate: f64 = self.rate.parse().unwrap_or(1.0);
        (rate * 100.0).round() as i64
    }

    /// The clusters of a project, by its number.
    pub(crate) fn clusters_of(&self, project: usize) -> impl Iterator<Item = &Cluster> {
        let clusters = self.clusters.iter();
        clusters.filter(move |cluster| cluster.project == project)
    }
}

/// A project.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) name: &'static str,
}

/// A cluster, with the tags its owner gave it.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    project: usize,
    provider: &'static str,
    pub(crate) tier: &'static str,
    price: &'static str,
    pub(crate) storage_gb: u64,
    pub(crate) team: &'static str,
    pub(crate) env: &'static str,
}

impl Cluster {
    fn parse(id: String, row: &'static str) -> Self {
        let mut fields = row.split('|');
        let mut next = || fields.next().unwrap_or_default();
        Self {
            id,
            name: next(),
            project: next().parse().unwrap_or_default(),
            provider: next(),
            tier: next(),
            price: next(),
            storage_gb: number(next()),
            team: next(),
            env: next(),
        }
    }

    fn meters(&'static self, org: &'static Organization) -> Vec<Meter> {
        let (region, disk) = match self.provider {
            "AWS" => ("US_EAST_1", "STANDARD_GP3"),
            "GCP" => ("EUROPE_WEST_3", "SSD"),
            _ => ("EUROPE_NORTH", "P20"),
        };
        let (tier, price) = (self.tier, self.price);
        let row = format!("INSTANCE_{tier}|Instance {tier}|Clusters|server hours|{price}|72000");
        let mut meters = vec![Meter::parse(&row)];
        for row in GB_ROWS {
            let mut meter = Meter::parse(row);
            meter.daily_milli *= self.storage_gb;
            meters.push(meter);
        }
        meters[1].sku = format!("STORAGE_{disk}");
        for meter in &mut meters {
            meter.sku = format!("ATLAS_{}_{}", self.provider, meter.sku);
            meter.label = format!("Atlas {} {}", self.provider, meter.label);
            (meter.provider, meter.region) = (Some(self.provider), region);
            (meter.project, meter.cluster) = (org.projects.get(self.project), Some(self));
        }
        if self.env == "prod" {
            meters[0].discount_percent = 10;
        }
        meters
    }
}

/// Something that is measured each day and has a price.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) sku: String,
    /// The name that CSV shows in the place of the code.
    pub(crate) label: String,
    /// Cost Explorer's word for its kind.
    pub(crate) service: String,
    /// None for credits alone.
    pub(crate) provider: Option<&'static str>,
    pub(crate) region: &'static str,
    pub(crate) unit: String,
    /// The unit price in dollars as text, and in billionths of a dollar.
    pub(crate) price_text: String,
    pub(crate) price_nano: u64,
    /// The usual quantity a day, in thousandths of a unit.
    pub(crate) daily_milli: u64,
    pub(crate) discount_percent: u32,
    pub(crate) project: Option<&'static Project>,
    pub(crate) cluster: Option<&'static Cluster>,
}

impl Meter {
    /// All meters of an organization, in a fixed order; the last one of [`NEW_SERVICE`] where that
    /// is wanted.
    pub(crate) fn all(org: &'static Organization, new_service: bool) -> Vec<Self> {
        let meters = org.clusters.iter().flat_map(|cluster| cluster.meters(org));
        let mut meters: Vec<Self> = meters.collect();
        for (number, row) in SHARED_ROWS {
            let mut meter = Self::parse(row);
            meter.project = number.and_then(|number| org.projects.get(number));
            meters.push(meter);
        }
        if new_service {
            let row = format!("ATLAS_VECTOR_NODE_S20|Node S20|{NEW_SERVICE}|hours|0.12|24000");
            meters.push(Self::parse(&row));
        }
        meters
    }

    /// The meters of each organization.
    pub(crate) fn by_organization(new_service: bool) -> Vec<Arc<[Self]>> {
        let organizations = ORGANIZATIONS.iter();
        organizations
            .map(|org| Self::all(org, new_service).into())
            .collect()
    }

    /// Reads code, label, service, unit, price and daily quantity.
    fn parse(row: &str) -> Self {
        let mut fields = row.split('|');
        let mut next = || fields.next().unwrap_or_default();
        let (sku, label, service, unit) = (next(), next(), next(), next());
        let price_text = next();
        let price: f64 = price_text.parse().unwrap_or_default();
        Self {
            sku: sku.to_owned(),
            label: label.to_owned(),
            service: service.to_owned(),
            provider: Some("ATLAS"),
            region: "",
            unit: unit.to_owned(),
            price_text: price_text.to_owned(),
            price_nano: (price * 1e9).round() as u64,
            daily_milli: number(next()),
            discount_percent: 0,
            project: None,
            cluster: None,
        }
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_catalog_has_variety_and_no_gaps() {
        let org = &ORGANIZATIONS[0];
        let meters = Meter::all(org, true);
        assert_eq!(meters.len(), 35);
        let services: BTreeSet<&str> = meters.iter().map(|meter| &*meter.service).collect();
        assert_eq!(services.len(), 8, "{services:?}");
        assert!(meters.iter().all(|m| m.price_nano > 0 && m.daily_milli > 0));
        assert_eq!(
            meters.iter().filter(|m| m.discount_percent == 10).count(),
            4
        );
        assert!(org.clusters.iter().all(|cluster| !cluster.env.is_empty()));
        assert_eq!(meters[29].sku, "ATLAS_AWS_BACKUP_SNAPSHOT_STORAGE");
        assert_eq!(meters[33].project.map(|project| project.name), None);
    }

    #[test]
    fn prices_are_numbers_of_json() {
        for meter in ORGANIZATIONS.iter().flat_map(|org| Meter::all(org, true)) {
            let price: serde_json::Value = serde_json::from_str(&meter.price_text).unwrap();
            let nano = price.as_f64().unwrap() * 1e9;
            assert!((nano - meter.price_nano as f64).abs() < 1e-3, "{meter:?}");
        }
    }
}
