//! Requests: their parts, the operation they are for, and the record of them.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, Method, StatusCode};

/// What the stand-in can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// `POST /api/atlas/v2/orgs/{orgId}/billing/costExplorer/usage`: creates a Cost Explorer query.
    CreateQuery,
    /// `GET /api/atlas/v2/orgs/{orgId}/billing/costExplorer/usage/{token}`: polls a query once.
    Poll,
    /// `GET /api/atlas/v2/orgs/{orgId}/invoices/{invoiceId}`: one invoice.
    Invoice,
    /// `GET /api/atlas/v2/orgs/{orgId}/invoices`: one page of the list of invoices.
    Invoices,
    /// `GET /api/atlas/v2/skus`: one page of the list of SKUs.
    Skus,
    /// `POST /api/oauth/token`: an access token for a service account.
    Token,
    /// `POST /api/oauth/revoke`: revokes an access token.
    Revoke,
    /// Anything else: 404, or 405 where only the method is wrong.
    Other,
}

/// Where a request leads, with the variable parts of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    pub(crate) operation: Operation,
    pub(crate) org: &'a str,
    /// The token of a query, or the id of an invoice.
    pub(crate) id: &'a str,
}

impl<'a> Route<'a> {
    pub(crate) fn of(request: &'a Request) -> Self {
        Self::find(request.method.as_str(), request)
    }

    /// The method that is allowed on the path of `request`, for one that is not.
    pub(crate) fn allowed(request: &Request) -> Option<&'static str> {
        let is_known = |method: &&str| Route::find(method, request).operation != Operation::Other;
        ["GET", "POST"].into_iter().find(is_known)
    }

    fn find(method: &str, request: &'a Request) -> Self {
        use Operation::*;
        let parts: Vec<&str> = request.path().split('/').collect();
        let org = match parts[..] {
            ["", "api", "atlas", "v2", "orgs", org, ..] => org,
            _ => "",
        };
        let rest = parts.get(6..).unwrap_or_default();
        let (operation, id) = match (method, &parts[..], rest) {
            ("POST", ["", "api", "oauth", "token"], _) => (Token, ""),
            ("POST", ["", "api", "oauth", "revoke"], _) => (Revoke, ""),
            ("GET", ["", "api", "atlas", "v2", "skus"], _) => (Skus, ""),
            _ if org.is_empty() => (Other, ""),
            ("POST", _, ["billing", "costExplorer", "usage"]) => (CreateQuery, ""),
            ("GET", _, ["billing", "costExplorer", "usage", token]) => (Poll, *token),
            ("GET", _, ["invoices"]) => (Invoices, ""),
            ("GET", _, ["invoices", id]) => (Invoice, *id),
            _ => (Other, ""),
        };
        Self { operation, org, id }
    }
}

/// One request, whole.
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
        Self {
            method: head.method,
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
    fn paths_lead_to_operations() {
        let operation = |request: Request| Route::of(&request).operation;
        let base = "/api/atlas/v2/orgs/5f0c1d2e3a4b5c6d7e8f9a0b";
        let get = |rest: &str| operation(Request::get(format!("{base}{rest}")));
        let usage = format!("{base}/billing/costExplorer/usage");
        assert_eq!(
            operation(Request::post(&*usage, "")),
            Operation::CreateQuery
        );
        assert_eq!(get("/billing/costExplorer/usage/abc"), Operation::Poll);
        assert_eq!(get("/invoices"), Operation::Invoices);
        assert_eq!(get("/invoices/1"), Operation::Invoice);
        assert_eq!(get("/invoices/1/csv"), Operation::Other);
        assert_eq!(
            operation(Request::post("/api/oauth/token", "")),
            Operation::Token
        );
        assert_eq!(operation(Request::get(&*usage)), Operation::Other);
        assert_eq!(Route::allowed(&Request::get(usage)), Some("POST"));
        assert_eq!(Route::allowed(&Request::get("/")), None);
        assert_eq!(operation(Request::get("/")), Operation::Other);
    }
}
