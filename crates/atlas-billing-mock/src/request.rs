//! What was asked, and the record of it.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, Method, StatusCode};

use crate::operation::{Operation, Route};

/// One request as the core sees it: whole, whatever front it came through.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path and, after a `?`, the query, as they were sent.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, empty if there was none.
    pub body: Bytes,
}

impl Request {
    /// A GET of `target` without headers.
    pub fn get(target: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            target: target.into(),
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

    /// The same request with one more header; a value that no header can hold is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = value.parse() {
            self.headers.append(name, value);
        }
        self
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&*self.target, |(path, _)| path)
    }

    /// The query without the `?`, as it was sent.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// The query's pairs in order, percent-decoding done.
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        pairs(self.query().unwrap_or_default().as_bytes())
    }

    /// A header's value as text; the first one if it was sent several times.
    pub fn header_text(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn route(&self) -> Route {
        Route::of(&self.method, self.path())
    }
}

/// Pairs of a query or of a form.
pub(crate) fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(encoded).into_owned().collect()
}

/// A request that the stand-in was sent, and what it made of it.
///
/// It holds the request as it came, credentials included, since that is what tests look at.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// 0 for the first request this stand-in saw, then one more each.
    pub order: u64,
    /// When it came, by the scenario's clock.
    pub at: DateTime<Utc>,
    /// Which operation it was for.
    pub operation: Operation,
    /// The request as it came.
    pub request: Request,
    /// The status of the answer the core gave; a fault on the wire may have kept it from the
    /// client.
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

    /// The value of the query's first pair of that name.
    pub fn query_value(&self, name: &str) -> Option<String> {
        let pairs = self.request.query_pairs();
        pairs
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The first value of a header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.get(name)?.to_str().ok()
    }

    /// How many values a header was sent with.
    pub fn header_count(&self, name: &str) -> usize {
        self.request.headers.get_all(name).iter().count()
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
}
