//! The made-up names and identifiers of the built-in data, none of which is anyone's, and the
//! repeatable noise that its figures come from.

/// The organization.
pub const ORG_ID: &str = "5f0c1d2e3a4b5c6d7e8f9a0b";
/// The organization's name.
pub const ORG_NAME: &str = "Meridian Freight";
/// A second organization, billed through the first one: its invoices can be linked ones.
pub const LINKED_ORG_ID: &str = "5f0c1d2e3a4b5c6d7e8f9a0c";
/// The second organization's name.
pub const LINKED_ORG_NAME: &str = "Meridian Labs";
/// A third organization, which pays in euros for credits at 0.85 each.
pub const CREDITS_ORG_ID: &str = "5f0c1d2e3a4b5c6d7e8f9a0e";
/// The third organization's name.
pub const CREDITS_ORG_NAME: &str = "Größe \"Nord\" GmbH";

/// The invoice of the current month, still `PENDING`.
pub const PENDING_INVOICE_ID: &str = "66a1000000000000000000d0";
/// The invoice of the month before the current one, complete.
pub const INVOICE_ID: &str = "66a1000000000000000000d1";

/// The first organization's projects, by id.
pub const PROJECT_IDS: [&str; 3] = [
    "61b0aa11bb22cc33dd44ee01",
    "61b0aa11bb22cc33dd44ee02",
    "61b0aa11bb22cc33dd44ee03",
];
/// The first organization's clusters, by id.
pub const CLUSTER_IDS: [&str; 6] = [
    "62c0aa11bb22cc33dd44ee01",
    "62c0aa11bb22cc33dd44ee02",
    "62c0aa11bb22cc33dd44ee03",
    "62c0aa11bb22cc33dd44ee04",
    "62c0aa11bb22cc33dd44ee05",
    "62c0aa11bb22cc33dd44ee06",
];

/// A public API key for [`SignIn::api_key`](crate::SignIn::api_key).
pub const PUBLIC_KEY: &str = "kpublicx";
/// Its private half.
pub const PRIVATE_KEY: &str = "00112233-4455-6677-8899-aabbccddeeff";
/// A client id for [`SignIn::service_account`](crate::SignIn::service_account).
pub const CLIENT_ID: &str = "mdb_sa_id_5f0c1d2e3a4b5c6d7e8f9a0d";
/// Its secret.
pub const CLIENT_SECRET: &str = "mdb_sa_sk_made_up_for_tests_only";

/// The service of the costs that
/// [`with_new_service`](crate::ScenarioBuilder::with_new_service) adds.
pub const NEW_SERVICE: &str = "Vector Search Nodes";
/// The services that Cost Explorer can filter by, as far as they are known.
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

/// The id of the built-in invoice of an organization, by its number, that is `age` months old; 0 is
/// the current month.
pub(crate) fn invoice_id(org: usize, age: u32) -> String {
    format!("66a1000000000000{org:06x}{:02x}", 0xd0 + age)
}

/// The id of an organization's project; both are numbered from 0.
pub(crate) fn project_id(org: usize, number: usize) -> String {
    format!("61b0aa11bb22cc33dd44ee{org:x}{:x}", number + 1)
}

/// The id of an organization's cluster; both are numbered from 0.
pub(crate) fn cluster_id(org: usize, number: usize) -> String {
    format!("62c0aa11bb22cc33dd44ee{org:x}{:x}", number + 1)
}

/// Whether `text` has the form of an identifier: 24 hexadecimal digits in lower case.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// SplitMix64's finaliser over `seed` and `position`: the same on every machine, and item number n
/// can be computed without the ones before it.
pub(crate) fn noise(seed: u64, position: u64) -> u64 {
    let mut z = seed ^ position.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// `count` hexadecimal digits in lower case out of `seed` and `position`.
pub(crate) fn hex(seed: u64, position: u64, count: usize) -> String {
    let seed = seed.rotate_left(17) ^ position;
    let blocks = (0..count.div_ceil(16) as u64).map(|block| format!("{:016x}", noise(seed, block)));
    let mut text: String = blocks.collect();
    text.truncate(count);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_ids() {
        assert_eq!(invoice_id(0, 0), PENDING_INVOICE_ID);
        assert_eq!(invoice_id(0, 1), INVOICE_ID);
        assert_eq!(invoice_id(1, 0), "66a1000000000000000001d0");
        assert_eq!([0, 1, 2].map(|number| project_id(0, number)), PROJECT_IDS);
        assert_eq!(
            [0, 5].map(|number| cluster_id(0, number)),
            [CLUSTER_IDS[0], CLUSTER_IDS[5]]
        );
        let all = [
            ORG_ID,
            LINKED_ORG_ID,
            CREDITS_ORG_ID,
            PENDING_INVOICE_ID,
            INVOICE_ID,
        ];
        for id in all.iter().chain(&PROJECT_IDS).chain(&CLUSTER_IDS) {
            assert!(is_id(id), "{id}");
        }
        assert!(!is_id("5F0c1d2e3a4b5c6d7e8f9a0b"));
        assert!(!is_id("5f0c"));
        assert!(!SERVICES.contains(&NEW_SERVICE));
    }

    #[test]
    fn noise_is_repeatable() {
        assert_eq!(noise(7, 41), noise(7, 41));
        assert_ne!(noise(7, 41), noise(7, 42));
        assert!(is_id(&hex(1, 2, 24)));
        assert_eq!(hex(1, 2, 64).len(), 64);
        assert_ne!(hex(1, 2, 24), hex(1, 3, 24));
    }
}
