//! What a response says beside its body: status, headers, rate limit, resolved version, the wait that
//! it asks for (`Retry-After`), Deprecation and Sunset.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Timelike, Utc, Weekday};
use http::{HeaderMap, StatusCode, header};
use url::Position;

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
        self.retry_after = retry_after(&self.head.headers, now);
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
        let value = self.head.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let essence = value.split(';').next().unwrap_or_default().trim();
        Some(essence.to_ascii_lowercase())
    }

    fn date(&self, name: &str) -> Option<DateTime<Utc>> {
        let text = self.head.headers.get(name)?.to_str().ok()?.trim();
        // RFC 9745 writes Deprecation as `@` and Unix seconds; the service writes an HTTP date.
        if let Some(seconds) = text.strip_prefix('@') {
            return DateTime::from_timestamp(seconds.parse().ok()?, 0);
        }
        http_date(text).or_else(|| {
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

/// Reads a date in one of the three forms of RFC 9110 section 5.6.7: IMF-fixdate, RFC 850 and
/// asctime.
///
/// More is taken than the grammar has: a day of one digit in each form (the service sends
/// `Mon, 5 Aug 2024 00:00:00 GMT`), any case, and a weekday that is not the date's. A year of two
/// digits counts from 1970 to 2069 (RFC 6265 section 5.1.1), which needs no clock.
pub(crate) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let (weekday, day, month, year, time, zone) = match *words.as_slice() {
        [weekday, day, month, year, time, zone] => {
            (weekday.strip_suffix(',')?, day, month, year, time, zone)
        }
        [weekday, date, time, zone] => {
            let (day, rest) = date.split_once('-')?;
            let (month, year) = rest.split_once('-')?;
            (weekday.strip_suffix(',')?, day, month, year, time, zone)
        }
        [weekday, month, day, time, year] => (weekday, day, month, year, time, "GMT"),
        _ => return None,
    };
    weekday.parse::<Weekday>().ok()?;
    if !(zone.eq_ignore_ascii_case("GMT") || zone == "UTC") || time.len() != "00:00:00".len() {
        return None;
    }
    // chrono takes a sign.
    if !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let form = match year.len() {
        2 => "%d %b %y %H:%M:%S",
        4 => "%d %b %Y %H:%M:%S",
        _ => return None,
    };
    let text = format!("{day} {month} {year} {time}");
    let read = NaiveDateTime::parse_from_str(&text, form).ok()?;
    // chrono has a leap second, written 60, as nanoseconds of the second before it.
    Some(read.with_nanosecond(0)?.and_utc())
}

/// How long a `Retry-After` header asks to wait: a number of seconds, or a date, from which `now`
/// is subtracted (RFC 9110 section 10.2.3). A date in the past asks for no wait; anything else asks
/// for nothing.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit still ask for a very long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let wait = http_date(text)?.signed_duration_since(now);
    Some(wait.to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn an_http_date_is_read_in_each_form() {
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"),
            ("Sun Nov 06 08:49:37 1994", "1994-11-06T08:49:37Z"),
            ("Sun, 6 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sunday, 6-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sun, 06-Nov-1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("sun, 06 nov 1994 08:49:37 gmt", "1994-11-06T08:49:37Z"),
            ("Mon, 06 Nov 1994 08:49:37 UTC", "1994-11-06T08:49:37Z"),
            ("Saturday, 31-Dec-69 23:59:60 GMT", "2069-12-31T23:59:59Z"),
            ("Thursday, 01-Jan-70 00:00:00 GMT", "1970-01-01T00:00:00Z"),
            ("  Thu, 29 Feb 2024 00:00:00 GMT ", "2024-02-29T00:00:00Z"),
        ] {
            let expected: DateTime<Utc> = expected.parse().unwrap();
            assert_eq!(http_date(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_http_date_is_refused() {
        for text in [
            "",
            "Sun,",
            "1994-11-06T08:49:37Z",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 +0200",
            "Sun, 06 Nov 1994 08:49:37 GMT again",
            "Sun, 06 Nov 994 08:49:37 GMT",
            "Sun, 06 Nov -048 08:49:37 GMT",
            "Sun, 06 Nov +994 08:49:37 GMT",
            "Sun, 006 Nov 1994 08:49:37 GMT",
            "Sun, 30 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37:00 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 06 November 1994 08:49:37 GMT",
            "Son, 06 Nov 1994 08:49:37 GMT",
            "Sunda, 06-Nov-94 08:49:37 GMT",
        ] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_http_date_round_trips(seconds in 0i64..4_000_000_000) {
            let time = DateTime::from_timestamp(seconds, 0).unwrap();
            for form in ["%a, %d %b %Y %H:%M:%S GMT", "%a, %-d %b %Y %H:%M:%S GMT", "%c"] {
                let text = time.format(form).to_string();
                prop_assert_eq!(http_date(&text), Some(time), "{}", text);
            }
        }

        #[test]
        fn no_bytes_make_reading_a_date_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = http_date(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn what_looks_like_a_date_makes_nothing_panic(
            text in "(Sun|Sunday|é),? ?[0-9é+-]{0,3}[ -](Nov|é)[ -][0-9]{0,5} [0-9:é]{0,9} ?(GMT|é)?"
        ) {
            let _ = http_date(&text);
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: DateTime<Utc> = "2025-04-01T12:00:00Z".parse().unwrap();
        for (text, seconds) in [
            ("0", Some(0)),
            ("12", Some(12)),
            (" 0012 ", Some(12)),
            ("18446744073709551616", Some(u64::MAX)),
            ("Tue, 1 Apr 2025 12:01:30 GMT", Some(90)),
            ("Tue, 01 Apr 2025 12:01:30 GMT", Some(90)),
            ("Tuesday, 01-Apr-25 12:01:30 GMT", Some(90)),
            ("Tue, 01 Apr 2025 11:59:59 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("", None),
            ("soon", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("1 2", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, text.parse().unwrap());
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(&headers, now), expected, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
