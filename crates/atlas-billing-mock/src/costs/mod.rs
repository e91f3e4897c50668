//! Cost Explorer: what a query asks, and the rows it finds in the invoices.

mod question;
mod rows;

pub(crate) use question::Question;
pub(crate) use rows::{to_csv, to_json};

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
