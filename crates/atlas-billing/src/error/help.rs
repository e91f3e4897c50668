//! What to do about an error, for a user of this crate.

use super::{Error, ErrorKind};

/// A sentence of advice; `None` where the message says all there is to say.
pub(super) fn help(error: &Error) -> Option<&'static str> {
    if error.error_code() == Some("IP_ADDRESS_NOT_ON_ACCESS_LIST") {
        return Some(
            "Add this machine's public address to the API access list of the key or service \
             account, or call from an address that is on it.",
        );
    }
    if error.error_code() == Some("access_denied") {
        return Some(
            "The service account may have as many live access tokens as it is allowed: revoke \
             them with `Client::revoke_token`, let them expire, or keep one between runs with a \
             `TokenStore`.",
        );
    }
    Some(match error.kind() {
        ErrorKind::Forbidden => {
            "The API key or service account needs one of the roles Organization Billing Viewer, \
             Organization Billing Admin and Organization Owner."
        }
        ErrorKind::Unauthorized => {
            "Check that the API key or service account exists, belongs to this organization and \
             is complete, and that the base URL is that of its Atlas (commercial or government)."
        }
        ErrorKind::NotFound => {
            "Check the id. Atlas also responds \"not found\" for ids of other organizations."
        }
        ErrorKind::VersionNotAcceptable => {
            "Request a version that the operation has, or none to use the pinned one."
        }
        ErrorKind::VersionGone => "Update this crate, or request a later version.",
        ErrorKind::RateLimited => {
            "Wait at least `Error::retry_after`, back off, and share one client among all calls."
        }
        ErrorKind::Service => "Retry later.",
        ErrorKind::Connect => "Check the network, the proxy settings and the base URL.",
        ErrorKind::Tls => {
            "A proxy that inspects TLS, or a private CA, may be in the way: add its certificate \
             with `ClientBuilder::ca_certificate` or name its file in SSL_CERT_FILE."
        }
        ErrorKind::Proxy => {
            "Give the proxy's credentials in its URL (HTTPS_PROXY=http://user:password@host:port)."
        }
        ErrorKind::Timeout => "Retry, or allow more time with `Timeouts`.",
        ErrorKind::Truncated => "Retry.",
        ErrorKind::TooLarge => {
            "Raise the limit that the message names (`max_body`, `max_file`, `InvoiceLimits`), or \
             read the body as a stream."
        }
        ErrorKind::Decode if error.excerpt().is_some_and(|body| body.starts_with('<')) => {
            "A proxy or login page may be in the way: a web page came instead of Atlas data."
        }
        _ => return None,
    })
}
