//! What the made-up organization runs: projects, clusters and the meters that are read each day.

use super::number::price_text;
use crate::names::{CLUSTER_IDS, PROJECT_IDS};

/// A project.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Project {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
}

/// A cluster, with the tags its owner gave it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cluster {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) project: usize,
    provider: Provider,
    tier: &'static str,
    /// Thousandths of a dollar a node and hour.
    price_milli: u64,
    storage_gb: u64,
    pub(crate) team: &'static str,
    pub(crate) env: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Provider {
    Aws,
    Gcp,
    Azure,
}

/// Something that is measured each day and has a price.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    pub(crate) sku: String,
    /// The name CSV shows in the place of the code.
    pub(crate) label: String,
    /// Cost Explorer's word for its kind.
    pub(crate) service: &'static str,
    pub(crate) provider: &'static str,
    pub(crate) region: &'static str,
    pub(crate) unit: &'static str,
    /// The unit price in dollars as text, and in billionths of a dollar.
    pub(crate) price_text: String,
    pub(crate) price_nano: u64,
    /// The usual quantity a day, in thousandths of a unit.
    pub(crate) daily_milli: u64,
    pub(crate) discount_percent: u32,
    pub(crate) project: Option<usize>,
    pub(crate) cluster: Option<usize>,
}

pub(crate) const PROJECTS: [Project; 3] = [
    Project {
        id: PROJECT_IDS[0],
        name: "freight-booking",
    },
    Project {
        id: PROJECT_IDS[1],
        name: "route-planning",
    },
    Project {
        id: PROJECT_IDS[2],
        name: "analytics",
    },
];

pub(crate) const CLUSTERS: [Cluster; 6] = {
    use Provider::{Aws, Azure, Gcp};
    [
        cluster(
            0,
            "booking-prod",
            0,
            Aws,
            ("M40", 347),
            320,
            "booking",
            "prod",
        ),
        cluster(
            1,
            "booking-staging",
            0,
            Aws,
            ("M10", 27),
            40,
            "booking",
            "staging",
        ),
        cluster(
            2,
            "routes-prod",
            1,
            Gcp,
            ("M50", 660),
            480,
            "routing",
            "prod",
        ),
        cluster(3, "routes-dev", 1, Gcp, ("M10", 27), 20, "routing", "dev"),
        cluster(
            4,
            "warehouse",
            2,
            Azure,
            ("M30", 180),
            900,
            "insight",
            "prod",
        ),
        cluster(5, "events", 2, Aws, ("M20", 67), 120, "insight", "prod"),
    ]
};

#[allow(clippy::too_many_arguments)] // a row of a table
const fn cluster(
    number: usize,
    name: &'static str,
    project: usize,
    provider: Provider,
    (tier, price_milli): (&'static str, u64),
    storage_gb: u64,
    team: &'static str,
    env: &'static str,
) -> Cluster {
    let id = CLUSTER_IDS[number];
    Cluster {
        id,
        name,
        project,
        provider,
        tier,
        price_milli,
        storage_gb,
        team,
        env,
    }
}

/// All meters, in a fixed order.
pub(crate) fn meters() -> Vec<Meter> {
    let clusters = CLUSTERS.iter().enumerate();
    let mut meters: Vec<Meter> = clusters
        .flat_map(|(at, cluster)| of_cluster(at, cluster))
        .collect();
    let shared = |sku: &str, label: &str, service, unit, price_nano, daily_milli, project| Meter {
        sku: sku.to_owned(),
        label: label.to_owned(),
        service,
        provider: "ATLAS",
        region: "",
        unit,
        price_text: price_text(price_nano),
        price_nano,
        daily_milli,
        discount_percent: 0,
        project,
        cluster: None,
    };
    meters.push(shared(
        "ATLAS_DATA_LAKE_AWS_DATA_SCANNED",
        "Atlas Data Federation AWS Data Scanned",
        "Atlas Data Federation",
        "KB",
        5,
        900_000_000_000,
        Some(2),
    ));
    meters.push(shared(
        "ATLAS_AWS_STREAM_PROCESSING_INSTANCE_SP10",
        "Atlas Stream Processing Instance SP10",
        "Atlas Stream Processing",
        "hours",
        190_000_000,
        24_000,
        Some(1),
    ));
    meters.push(shared(
        "ATLAS_FLEX_AWS_100_USAGE_HOURS",
        "Atlas Flex 100 ops/s",
        "Clusters",
        "hours",
        11_000_000,
        24_000,
        Some(0),
    ));
    meters.push(shared(
        "ATLAS_SUPPORT",
        "Support",
        "Support",
        "days",
        18_500_000_000,
        1_000,
        None,
    ));
    meters
}

fn of_cluster(at: usize, cluster: &Cluster) -> Vec<Meter> {
    let (code, region, storage) = match cluster.provider {
        Provider::Aws => ("AWS", "US_EAST_1", "STORAGE_STANDARD_GP3"),
        Provider::Gcp => ("GCP", "EUROPE_WEST_3", "STORAGE_SSD"),
        Provider::Azure => ("AZURE", "EUROPE_NORTH", "STORAGE_P20"),
    };
    let discounted = if cluster.env == "prod" { 10 } else { 0 };
    let meter =
        |suffix: &str, label: &str, service, unit, price_nano, daily_milli, discount| Meter {
            sku: format!("ATLAS_{code}_{suffix}"),
            label: format!("Atlas {code} {label}"),
            service,
            provider: code,
            region,
            unit,
            price_text: price_text(price_nano),
            price_nano,
            daily_milli,
            discount_percent: discount,
            project: Some(cluster.project),
            cluster: Some(at),
        };
    let gb = cluster.storage_gb;
    let instance = format!("INSTANCE_{}", cluster.tier);
    let label = format!("Instance {}", cluster.tier);
    let node = cluster.price_milli * 1_000_000;
    vec![
        meter(
            &instance,
            &label,
            "Clusters",
            "server hours",
            node,
            72_000,
            discounted,
        ),
        meter(
            storage,
            "Storage",
            "Storage",
            "GB hours",
            160_000,
            gb * 72_000,
            0,
        ),
        meter(
            "DATA_TRANSFER_INTERNET",
            "Data Transfer (Internet)",
            "Data Transfer",
            "GB",
            90_000_000,
            gb * 110,
            0,
        ),
        meter(
            "DATA_TRANSFER_SAME_REGION",
            "Data Transfer (Same Region)",
            "Data Transfer",
            "GB",
            10_000_000,
            gb * 900,
            0,
        ),
        meter(
            "BACKUP_SNAPSHOT_STORAGE",
            "Backup Storage",
            "Backup",
            "GB days",
            4_600_000,
            gb * 1_300,
            0,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_catalog_has_variety() {
        let meters = meters();
        let services: BTreeSet<&str> = meters.iter().map(|meter| meter.service).collect();
        assert!(services.len() >= 7, "{services:?}");
        assert!(meters.iter().any(|meter| meter.discount_percent > 0));
        assert!(meters.iter().any(|meter| meter.project.is_none()));
        assert!(meters.iter().any(|meter| meter.price_text.contains('E')));
    }
}
