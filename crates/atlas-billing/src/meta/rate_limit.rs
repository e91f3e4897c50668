//! The token bucket's state, as an answer tells it.

use http::HeaderMap;

/// The token bucket's state, as an answer tells it. The service sends these headers when it
/// chooses to, and not always both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// The bucket's size, in requests, from `RateLimit-Limit`.
    pub limit: Option<u64>,
    /// How many requests are left in it, from `RateLimit-Remaining`.
    pub remaining: Option<u64>,
}

impl RateLimit {
    pub(super) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
        let found = Self {
            limit: number("ratelimit-limit"),
            remaining: number("ratelimit-remaining"),
        };
        (found.limit.is_some() || found.remaining.is_some()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_header_is_enough() {
        let mut headers = HeaderMap::new();
        assert_eq!(RateLimit::from_headers(&headers), None);
        headers.insert("ratelimit-remaining", "3".parse().unwrap());
        headers.insert("ratelimit-limit", "many".parse().unwrap());
        let found = RateLimit::from_headers(&headers).unwrap();
        assert_eq!((found.limit, found.remaining), (None, Some(3)));
    }
}
