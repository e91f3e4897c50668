//! What the core answers: a status, headers and a body that may be made while it is sent.

use std::fmt;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::fault::Fault;

/// A body's pieces, made one at a time as the front asks for them.
pub type Pieces = Box<dyn Iterator<Item = Bytes> + Send>;

/// The body of an [`Answer`].
pub enum Body {
    /// All of it, in memory.
    Whole(Bytes),
    /// Made piece by piece, so that a body of any size takes little memory.
    Pieces(Pieces),
}

impl Body {
    /// No bytes at all.
    pub fn empty() -> Self {
        Self::Whole(Bytes::new())
    }

    /// The length in bytes where it is known without making the body.
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
            Self::Pieces(pieces) => {
                let mut all = Vec::new();
                pieces.for_each(|piece| all.extend_from_slice(&piece));
                all.into()
            }
        }
    }

    /// The same body piece by piece.
    pub fn into_pieces(self) -> Pieces {
        match self {
            Self::Whole(bytes) => Box::new(Some(bytes).filter(|b| !b.is_empty()).into_iter()),
            Self::Pieces(pieces) => pieces,
        }
    }

    /// The body with text before and after it.
    pub(crate) fn between(self, before: String, after: &'static str) -> Self {
        match self {
            Self::Whole(bytes) => {
                let mut all = before.into_bytes();
                all.extend_from_slice(&bytes);
                all.extend_from_slice(after.as_bytes());
                Self::Whole(all.into())
            }
            Self::Pieces(pieces) => {
                let before = std::iter::once(Bytes::from(before));
                let after = std::iter::once(Bytes::from_static(after.as_bytes()));
                Self::Pieces(Box::new(before.chain(pieces).chain(after)))
            }
        }
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

/// What the core answers to one request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status line's status.
    pub status: StatusCode,
    /// The headers, without those of the transfer (`Content-Length`, `Transfer-Encoding`), which
    /// the front adds.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// What the front is to do to the answer on its way, if anything: only faults of the wire.
    pub fault: Option<Fault>,
    /// Whether it is to stay without envelope, headers of limits, and gzip.
    pub(crate) as_is: bool,
}

impl Answer {
    /// An answer without headers.
    pub fn new(status: StatusCode, body: Body) -> Self {
        let headers = HeaderMap::new();
        Self {
            status,
            headers,
            body,
            fault: None,
            as_is: false,
        }
    }

    pub(crate) fn typed(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut answer = Self::new(status, Body::Whole(body.into()));
        answer.set(CONTENT_TYPE, content_type);
        answer
    }

    /// Sets a header; text that no header can hold is left out.
    pub(crate) fn set(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }

    /// Adds a header beside others of that name.
    pub(crate) fn add(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(name, value);
        }
    }

    /// Whether the content is JSON by its type.
    pub(crate) fn is_json(&self) -> bool {
        let text = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        text.is_some_and(|text| text.contains("json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_and_whole_agree() {
        let parts = vec![Bytes::from_static(b"ab"), Bytes::from_static(b"c")];
        let body = Body::Pieces(Box::new(parts.into_iter())).between("<".to_owned(), ">");
        assert_eq!(body.into_bytes(), "<abc>");
        let body = Body::Whole(Bytes::from_static(b"abc")).between("<".to_owned(), ">");
        assert_eq!(body.known_length(), Some(5));
        let pieces: Vec<Bytes> = body.into_pieces().collect();
        assert_eq!(pieces, ["<abc>"]);
        assert_eq!(Body::empty().into_pieces().count(), 0);
    }
}
