//! Requests: their parts, and the record of them.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::HOST;
use http::{HeaderMap, HeaderName, Method, StatusCode};

use crate::route::Operation;

/// One request, whole.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The scheme, host and port that it was sent to, such as `http://127.0.0.1:4000`, where they
    /// are known.
    pub origin: Option<String>,
    /// The path and, after a `?`, the query, as they were sent.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, empty if there was none.
    pub body: Bytes,
}

impl Request {
    /// A GET of `target`, a path or a URL, without headers.
    pub fn get(target: impl Into<String>) -> Self {
        let mut target = target.into();
        let scheme = target.find("://").filter(|_| !target.starts_with('/'));
        let origin = scheme.map(|scheme| {
            let host = scheme + 3;
            let path = target[host..].find('/').map(|length| host + length);
            target.drain(..path.unwrap_or(target.len())).collect()
        });
        if target.is_empty() {
            target.push('/');
        }
        Self {
            method: Method::GET,
            origin,
            target,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// A POST of `body` to `target` without headers.
    pub fn post(target: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::POST,
            body: body.into(),
            ..Self::get(target)
        }
    }

    /// The same request with one more header; a value that no header can hold is omitted.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = value.parse() {
            self.headers.append(name, value);
        }
        self
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query without the `?`, as it was sent.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// The query's pairs in order, percent-decoded.
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        pairs(self.query().unwrap_or_default().as_bytes())
    }

    /// A header's value as text; the first one if it was sent several times.
    pub fn header_text(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The comma-separated elements of a header's values.
    pub(crate) fn header_list(&self, name: &HeaderName) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        texts
            .flat_map(|text| text.split(','))
            .map(str::trim)
            .collect()
    }
}

impl<B: Into<Bytes>> From<http::Request<B>> for Request {
    fn from(request: http::Request<B>) -> Self {
        let (head, body) = request.into_parts();
        let target = head.uri.path_and_query().map_or("/", |t| t.as_str());
        let scheme = head.uri.scheme_str().unwrap_or("http");
        let sent_to = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = head.uri.authority().map(|authority| authority.as_str());
        let origin = host.or(sent_to).map(|host| format!("{scheme}://{host}"));
        Self {
            method: head.method,
            origin,
            target: target.to_owned(),
            headers: head.headers,
            body: body.into(),
        }
    }
}

/// Pairs of a query or of a form.
pub(crate) fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(encoded).into_owned().collect()
}

/// What stands before the parameters of a media type.
pub(crate) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// A request that the stand-in was sent, and the status it gave.
///
/// It holds the request as it came, credentials included, since that is what tests check.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// 0 for the first request of this stand-in, then one more each.
    pub order: u64,
    /// When it came, by the scenario's clock.
    pub at: DateTime<Utc>,
    /// Which operation it was for.
    pub operation: Operation,
    /// The request as it came.
    pub request: Request,
    /// The status of the response; a fault on the wire may have kept it from the client.
    pub status: StatusCode,
}

impl RecordedRequest {
    /// The method, such as `GET`.
    pub fn method(&self) -> &str {
        self.request.method.as_str()
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.request.path()
    }

    /// The query without the `?`, as it was sent.
    pub fn query(&self) -> Option<&str> {
        self.request.query()
    }

    /// The first value of a header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.get(name)?.to_str().ok()
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.request.body
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.request.body).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_is_split_at_the_first_question_mark() {
        let request = Request::get("/a/b?x=1&y=a%20b+c?d");
        assert_eq!(request.path(), "/a/b");
        assert_eq!(request.query(), Some("x=1&y=a%20b+c?d"));
        let pairs = request.query_pairs();
        assert_eq!(pairs[1], ("y".to_owned(), "a b c?d".to_owned()));
        assert_eq!(Request::get("/a").query(), None);
    }

    #[test]
    fn the_origin_is_that_of_the_url_or_the_host_header() {
        let request = Request::get("https://files.example:1/a?b=http://c/");
        assert_eq!(request.origin.as_deref(), Some("https://files.example:1"));
        assert_eq!(request.target, "/a?b=http://c/");
        let request = Request::get("https://files.example");
        assert_eq!(request.origin.as_deref(), Some("https://files.example"));
        assert_eq!(request.target, "/");
        let request = Request::get("/a?b=http://c/");
        assert_eq!((request.origin, &*request.target), (None, "/a?b=http://c/"));
        for (uri, host, want) in [
            ("/a", Some("x:1"), Some("http://x:1")),
            ("http://y/a", Some("x:1"), Some("http://y")),
            ("/a", None, None),
        ] {
            let mut builder = http::Request::get(uri);
            if let Some(host) = host {
                builder = builder.header(HOST, host);
            }
            let request = Request::from(builder.body("").unwrap());
            assert_eq!(request.origin.as_deref(), want, "{uri}");
        }
    }
}
