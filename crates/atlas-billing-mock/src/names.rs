//! The made-up names and identifiers of the built-in data. None of them is anyone's.

/// The organization.
pub const ORG_ID: &str = "5f0c1d2e3a4b5c6d7e8f9a0b";
/// The organization's name.
pub const ORG_NAME: &str = "Meridian Freight";
/// A second organization, billed through the first one: its invoices are linked ones.
pub const LINKED_ORG_ID: &str = "5f0c1d2e3a4b5c6d7e8f9a0c";
/// The second organization's name.
pub const LINKED_ORG_NAME: &str = "Meridian Labs";

/// The invoice of the current month, still `PENDING`.
pub const PENDING_INVOICE_ID: &str = "66a1000000000000000000d0";
/// The invoice of the month before the current one, complete.
pub const INVOICE_ID: &str = "66a1000000000000000000d1";

/// The projects, by id.
pub const PROJECT_IDS: [&str; 3] = [
    "61b0aa11bb22cc33dd44ee01",
    "61b0aa11bb22cc33dd44ee02",
    "61b0aa11bb22cc33dd44ee03",
];
/// The clusters, by id.
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

/// The id of the built-in invoice that is `age` months old; 0 is the current month.
pub(crate) fn invoice_id(age: u32) -> String {
    format!("66a10000000000000000{:04x}", 0xd0 + age)
}

/// Whether `text` has the form of an identifier: 24 hexadecimal digits in lower case.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_ids() {
        assert_eq!(invoice_id(0), PENDING_INVOICE_ID);
        assert_eq!(invoice_id(1), INVOICE_ID);
        let all = [ORG_ID, LINKED_ORG_ID, PENDING_INVOICE_ID, INVOICE_ID];
        for id in all.iter().chain(&PROJECT_IDS).chain(&CLUSTER_IDS) {
            assert!(is_id(id), "{id}");
        }
        assert!(!is_id("5F0c1d2e3a4b5c6d7e8f9a0b"));
        assert!(!is_id("5f0c"));
    }
}
