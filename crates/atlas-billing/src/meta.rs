//! What a response says beside its body: status, headers, rate limit, resolved version.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use http::{HeaderMap, StatusCode};
use url::Position;

use crate::http_date;
use crate::id::ApiVersion;

/// Status and headers of a response, and what they say.
#[derive(Clone)]
pub struct ResponseMeta {
    status: StatusCode,
    operation: Option<&'static str>,
    retry_after: Option<Duration>,
    /// Shared: the body, its errors and its value each carry the meta.
    head: Arc<Head>,
}

struct Head {
    headers: HeaderMap,
    url: String,
}

impl ResponseMeta {
    /// `url` loses its query, fragment and user information.
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, url: &url::Url) -> Self {
        let url = plain_url(url);
        Self {
            status,
            operation: None,
            retry_after: None,
            head: Arc::new(Head { headers, url }),
        }
    }

    /// The same response, received `now` from `operation`.
    pub(crate) fn received(mut self, operation: &'static str, now: DateTime<Utc>) -> Self {
        self.operation = Some(operation);
        self.retry_after = http_date::retry_after(&self.head.headers, now);
        self
    }

    /// The same response with the status that its envelope carried.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The HTTP status; for a response in an envelope the status in the envelope, which is the
    /// real one.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The operation that was called, by its stable name.
    pub(crate) fn operation(&self) -> Option<&'static str> {
        self.operation
    }

    /// How long the service asked to wait before the next request, from the moment the response
    /// arrived.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// All headers of the response.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The URL of the request, without its query.
    pub fn url(&self) -> &str {
        &self.head.url
    }

    /// The version that the service resolved the request to, from the response's `Content-Type`
    /// (`application/vnd.atlas.2023-01-01+json`). Absent on responses of gateways and on errors,
    /// which come as plain `application/json`.
    pub fn resolved_version(&self) -> Option<ApiVersion> {
        let content_type = self.content_type()?;
        let rest = content_type.strip_prefix("application/vnd.atlas.")?;
        let (version, _) = rest.split_once('+')?;
        version.parse().ok()
    }

    /// When the version of this response becomes deprecated, UTC, from the `Deprecation` header.
    /// The service sends a date of the HTTP kind, at times with an unpadded day.
    pub fn deprecation(&self) -> Option<DateTime<Utc>> {
        self.date("deprecation")
    }

    /// When the version of this response may be removed, UTC, from the `Sunset` header
    /// (RFC 8594).
    pub fn sunset(&self) -> Option<DateTime<Utc>> {
        self.date("sunset")
    }

    /// The rate limit's state, where the service sends it.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(&self.head.headers)
    }

    /// The response's media type, lower case, without parameters.
    pub(crate) fn content_type(&self) -> Option<String> {
        let value = self
            .head
            .headers
            .get(http::header::CONTENT_TYPE)?
            .to_str()
            .ok()?;
        let essence = value.split(';').next().unwrap_or_default().trim();
        Some(essence.to_ascii_lowercase())
    }

    fn date(&self, name: &str) -> Option<DateTime<Utc>> {
        let text = self.head.headers.get(name)?.to_str().ok()?.trim();
        // RFC 9745 writes Deprecation as `@` and Unix seconds; the service writes an HTTP date.
        if let Some(seconds) = text.strip_prefix('@') {
            return DateTime::from_timestamp(seconds.parse().ok()?, 0);
        }
        http_date::parse(text).or_else(|| {
            let day: NaiveDate = text.parse().ok()?;
            Some(day.and_hms_opt(0, 0, 0)?.and_utc())
        })
    }
}

impl fmt::Debug for ResponseMeta {
    /// Header names without their values: a gateway may set cookies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .head
            .headers
            .keys()
            .map(http::HeaderName::as_str)
            .collect();
        f.debug_struct("ResponseMeta")
            .field("status", &self.status)
            .field("url", &self.head.url)
            .field("headers", &names)
            .finish()
    }
}

/// The token bucket's state, from a response's headers. The service sends them when it
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
    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
        let found = Self {
            limit: number("ratelimit-limit"),
            remaining: number("ratelimit-remaining"),
        };
        (found.limit.is_some() || found.remaining.is_some()).then_some(found)
    }
}

/// `url` without query, fragment and user information.
pub(crate) fn plain_url(url: &url::Url) -> String {
    let scheme = &url[..Position::AfterScheme];
    // A port that goes without saying is not in a parsed URL.
    let rest = &url[Position::BeforeHost..Position::AfterPath];
    format!("{scheme}://{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(headers: &[(&'static str, &str)]) -> ResponseMeta {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let url = "https://u:p@cloud.mongodb.com/api/x?secret=1#f"
            .parse()
            .unwrap();
        ResponseMeta::new(StatusCode::OK, map, &url)
    }

    #[test]
    fn the_url_keeps_origin_and_path_only() {
        assert_eq!(meta(&[]).url(), "https://cloud.mongodb.com/api/x");
        for (url, plain) in [
            (
                "http://127.0.0.1:8080/p/a%20b?x",
                "http://127.0.0.1:8080/p/a%20b",
            ),
            ("https://u@[::1]:443", "https://[::1]/"),
        ] {
            assert_eq!(plain_url(&url.parse().unwrap()), plain);
        }
    }

    #[test]
    fn the_resolved_version_comes_from_the_content_type() {
        for (value, version) in [
            (
                "application/vnd.atlas.2023-01-01+json;charset=utf-8",
                Some("2023-01-01"),
            ),
            ("Application/VND.atlas.2025-03-12+csv", Some("2025-03-12")),
            ("application/vnd.atlas.preview+json", Some("preview")),
            ("application/json", None),
            ("text/html; charset=utf-8", None),
            ("application/vnd.atlas.2023-99-01+json", None),
        ] {
            let found = meta(&[("content-type", value)]).resolved_version();
            assert_eq!(found.map(|v| v.to_string()).as_deref(), version, "{value}");
        }
    }

    #[test]
    fn deprecation_and_sunset_take_each_form_of_date() {
        let expected: DateTime<Utc> = "2024-08-05T00:00:00Z".parse().unwrap();
        for value in [
            "Mon, 5 Aug 2024 00:00:00 GMT",
            "Mon, 05 Aug 2024 00:00:00 GMT",
            "@1722816000",
            "2024-08-05",
        ] {
            let meta = meta(&[("deprecation", value), ("sunset", value)]);
            assert_eq!(meta.deprecation(), Some(expected), "{value}");
            assert_eq!(meta.sunset(), Some(expected), "{value}");
        }
        assert_eq!(meta(&[("sunset", "soon")]).sunset(), None);
    }

    #[test]
    fn debug_shows_no_header_value() {
        let shown = format!("{:?}", meta(&[("set-cookie", "hush")]));
        assert!(
            shown.contains("set-cookie") && !shown.contains("hush"),
            "{shown}"
        );
    }
}
