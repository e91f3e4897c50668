//! `Authorization` for a bearer token.

use http::HeaderValue;

/// `Authorization` for a bearer token (RFC 6750 section 2.1), marked as sensitive: shown nowhere,
/// and not indexed by HTTP/2's compression (RFC 7541 section 7.1.3). Nothing if no header can
/// carry it.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn is_sensitive_and_one_line() {
        let header = bearer("planted").unwrap();
        assert_eq!(header, "Bearer planted");
        assert!(!format!("{header:?}").contains("planted"));
        for token in ["", "a b", "a\nb", "a\tb", "é"] {
            assert!(bearer(token).is_none(), "{token:?}");
        }
    }
}
