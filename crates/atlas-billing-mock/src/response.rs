//! Responses: a status, headers, and a body that may be generated while it is sent.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::fault::Fault;

/// A body's pieces, generated one at a time as they are sent.
pub type Pieces = Box<dyn Iterator<Item = Bytes> + Send>;

/// The body of a [`Response`].
pub enum Body {
    /// All of it, in memory.
    Whole(Bytes),
    /// Generated piece by piece, so that a body of any size takes little memory.
    Pieces(Pieces),
}

impl Body {
    /// No bytes at all.
    pub fn empty() -> Self {
        Self::Whole(Bytes::new())
    }

    /// The length in bytes where it is known without generating the body.
    pub fn known_length(&self) -> Option<u64> {
        match self {
            Self::Whole(bytes) => Some(bytes.len() as u64),
            Self::Pieces(_) => None,
        }
    }

    /// All of it in memory.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Pieces(pieces) => pieces.flatten().collect(),
        }
    }

    /// The same body piece by piece.
    pub fn into_pieces(self) -> Pieces {
        match self {
            Self::Whole(bytes) => Box::new(Some(bytes).filter(|b| !b.is_empty()).into_iter()),
            Self::Pieces(pieces) => pieces,
        }
    }

    /// What comes after the first `left` bytes.
    pub(crate) fn skip(self, mut left: u64) -> Self {
        let mut skip = move |mut piece: Bytes| {
            let length = usize::try_from(left).map_or(piece.len(), |left| left.min(piece.len()));
            left -= length as u64;
            piece.split_off(length)
        };
        match self {
            Self::Whole(bytes) => Self::Whole(skip(bytes)),
            Self::Pieces(pieces) => {
                let pieces = pieces.map(skip);
                Self::Pieces(Box::new(pieces.filter(|piece| !piece.is_empty())))
            }
        }
    }

    /// The gzip form of the body, compressed while it is sent.
    pub(crate) fn gzip(self) -> Self {
        let mut plain = self.into_pieces();
        let mut encoder = Some(GzEncoder::new(Vec::new(), Compression::fast()));
        // Writing to a Vec cannot fail; if it did, the body would just end early.
        let packed = std::iter::from_fn(move || match plain.next() {
            Some(piece) => {
                let encoder = encoder.as_mut()?;
                encoder.write_all(&piece).ok()?;
                Some(Bytes::from(std::mem::take(encoder.get_mut())))
            }
            None => Some(encoder.take()?.finish().ok()?.into()),
        });
        Self::Pieces(Box::new(packed.filter(|piece| !piece.is_empty())))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::Pieces(_) => f.write_str("Pieces(..)"),
        }
    }
}

/// What a [`Core`](crate::Core) responds with.
#[derive(Debug)]
#[non_exhaustive]
pub struct Response {
    /// The status line's status.
    pub status: StatusCode,
    /// The headers, without those of the transfer (`Content-Length`, `Transfer-Encoding`).
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// What is to happen to the response on its way, if anything: only faults of the wire.
    pub fault: Option<Fault>,
    /// Whether it stays without envelope, rate limit headers and compression.
    pub(crate) finished: bool,
}

impl Response {
    /// A response without headers.
    pub fn new(status: StatusCode, body: Body) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body,
            fault: None,
            finished: false,
        }
    }

    pub(crate) fn typed(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::new(status_of(status), Body::Whole(body.into())).with(CONTENT_TYPE, content_type)
    }

    /// The same response with this header, see [`set`](Self::set).
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a header; text that no header can hold is omitted.
    pub(crate) fn set(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }

    /// Adds a header beside others of that name; one that cannot be sent is omitted.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        if let (Ok(name), Ok(value)) = (HeaderName::from_str(name), HeaderValue::from_str(value)) {
            self.headers.append(name, value);
        }
    }

    /// Replaces the body by what `change` makes of it.
    pub(crate) fn change_body(&mut self, change: impl FnOnce(Body) -> Body) {
        let body = std::mem::replace(&mut self.body, Body::empty());
        self.body = change(body);
    }

    /// Whether the content is JSON by its type.
    pub(crate) fn is_json(&self) -> bool {
        let value = self.headers.get(CONTENT_TYPE);
        value.is_some_and(|value| value.to_str().is_ok_and(|text| text.contains("json")))
    }
}

impl From<Response> for http::Response<Bytes> {
    /// The whole body in memory; a fault of the wire is not applied.
    fn from(response: Response) -> Self {
        let mut http = Self::new(response.body.into_bytes());
        *http.status_mut() = response.status;
        *http.headers_mut() = response.headers;
        http
    }
}

/// A status out of a number of a scenario; an invalid one becomes 500.
pub(crate) fn status_of(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An error as the service words it: `error` and `errorCode` are always there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) object: Value,
}

impl Problem {
    pub(crate) fn new(status: u16, code: &str, detail: impl Into<String>) -> Self {
        let status = status_of(status);
        let object = json!({
            "detail": detail.into(),
            "error": status.as_u16(),
            "errorCode": code,
            "parameters": [],
            "reason": status.canonical_reason(),
        });
        Self { status, object }
    }

    /// The object that stands for a status when nothing more is known, with a code that was seen
    /// with it.
    pub(crate) fn of_status(status: u16) -> Self {
        let code = match status {
            400 => "VALIDATION_ERROR",
            403 => "USER_UNAUTHORIZED",
            404 => "RESOURCE_NOT_FOUND",
            406 => "INVALID_VERSION_DATE",
            410 => "VERSION_GONE",
            429 => "RATE_LIMITED",
            _ => "UNEXPECTED_ERROR",
        };
        Self::new(
            status,
            code,
            format!("The stand-in was told to respond {status}."),
        )
    }

    /// A request whose fields break rules: each field with a description of what is wrong.
    pub(crate) fn of_fields(fields: &[(&str, String)]) -> Self {
        let names: Vec<&str> = fields.iter().map(|(field, _)| *field).collect();
        let detail = format!("Not valid: {}.", names.join(", "));
        let mut problem = Self::new(400, "VALIDATION_ERROR", detail);
        let field = |(name, text): &(&str, String)| json!({"field": name, "description": text});
        let fields: Value = fields.iter().map(field).collect();
        problem.object["badRequestDetail"] = json!({ "fields": fields });
        problem
    }

    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        let detail = format!("There is no {what} {id}.");
        Self::new(404, "RESOURCE_NOT_FOUND", detail).parameter(id)
    }

    /// Adds a parameter of the detail, as a string or an integer: both were seen.
    pub(crate) fn parameter(mut self, parameter: impl Into<Value>) -> Self {
        if let Some(parameters) = self.object["parameters"].as_array_mut() {
            parameters.push(parameter.into());
        }
        self
    }

    /// The response, typed as plain JSON whatever version was asked for, as the service does.
    pub(crate) fn into_response(self) -> Response {
        let body = self.object.to_string();
        let code = self.object["errorCode"].as_str().unwrap_or_default();
        Response::typed(self.status.as_u16(), "application/json", body)
            .with(HeaderName::from_static("x-error-code"), code)
    }
}

/// The 405 of a path that has other methods.
pub(crate) fn wrong_method(allowed: &str) -> Response {
    let response = Problem::of_status(405).into_response();
    response.with(ALLOW, allowed)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn parts() -> Body {
        let parts = [Bytes::from("abc".repeat(1000)), Bytes::from_static(b"end")];
        Body::Pieces(Box::new(parts.into_iter()))
    }

    #[test]
    fn pieces_and_whole_agree() {
        let whole = Body::Whole(parts().into_bytes());
        assert_eq!(whole.known_length(), Some(3003));
        assert_eq!(whole.into_pieces().count(), 1);
        assert_eq!(Body::empty().into_pieces().count(), 0);
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&*parts().gzip().into_bytes())
            .read_to_string(&mut plain)
            .unwrap();
        assert_eq!(plain, "abc".repeat(1000) + "end");
        for body in [parts(), Body::Whole(parts().into_bytes())] {
            assert_eq!(body.skip(3_001).into_bytes(), "nd");
        }
        assert_eq!(parts().skip(u64::MAX).into_pieces().count(), 0);
    }

    #[test]
    fn errors_name_fields_and_parameters() {
        let wrong = ("startDate", "missing".to_owned());
        let problem = Problem::of_fields(&[wrong])
            .parameter("startDate")
            .parameter(3);
        let object = problem.object.clone();
        assert_eq!(object["parameters"], json!(["startDate", 3]));
        assert_eq!(
            object["badRequestDetail"]["fields"][0]["field"],
            "startDate"
        );
        let response = problem.into_response();
        assert_eq!(response.headers["x-error-code"], "VALIDATION_ERROR");
    }
}
