//! What to do next, for each thing the service or the network says.

use super::ErrorKind;

/// The roles that may read an organization's bill, as the specification names them.
const ROLES: &str = "Organization Billing Viewer, Organization Billing Admin or Organization Owner";

/// A sentence on what to do next; empty where there is nothing to say that the message does not.
pub(super) fn advice(kind: ErrorKind, error_code: Option<&str>) -> String {
    match (kind, error_code) {
        (_, Some("IP_ADDRESS_NOT_ON_ACCESS_LIST")) => {
            "Add this machine's public address to the API access list of the key or service \
             account, or call from an address that is on it."
                .to_owned()
        }
        (ErrorKind::Forbidden, _) => {
            format!("The API key or service account needs a role that may read the bill: {ROLES}.")
        }
        (ErrorKind::Unauthorized, _) => {
            "Check that the API key or service account exists, belongs to this organization and \
             is complete, and that the base URL is that of its Atlas (commercial or government)."
                .to_owned()
        }
        (ErrorKind::NotFound, _) => {
            "Check the identifiers; what belongs to another organization is not found either."
                .to_owned()
        }
        (ErrorKind::VersionNotAcceptable, _) => {
            "Ask for a version that the operation has, or for none to use the pinned one."
                .to_owned()
        }
        (ErrorKind::VersionGone, _) => {
            "That version was removed from the service: update this crate, or ask for a later \
             version."
                .to_owned()
        }
        (ErrorKind::RateLimited, _) => {
            "Wait before asking again, at least as long as retry_after says, and longer each time."
                .to_owned()
        }
        (ErrorKind::Service, _) => "Try again later.".to_owned(),
        (ErrorKind::Connect, _) => "Check the network, the proxy and the base URL.".to_owned(),
        (ErrorKind::Timeout, _) => {
            "Try again, or allow more time in the client's timeouts.".to_owned()
        }
        (ErrorKind::Cut, _) => "Try again.".to_owned(),
        _ => String::new(),
    }
}
