//! A successful response: its content with the envelope taken off, checked to be what was
//! requested.

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;

use super::options::Form;
use crate::envelope::{self, Opened};
use crate::error::{Error, ErrorBody, ErrorKind, Result, decode_error};
use crate::exchange::BodyStream;
use crate::meta::ResponseMeta;
use crate::text::BYTE_ORDER_MARK;

/// A response with a successful status, its body still to be read.
#[derive(Debug)]
pub(crate) struct Response {
    /// What opens the envelope once the body is complete.
    pub(crate) head: ResponseHead,
    pub(crate) body: BodyStream,
}

/// What is known of a response before its body.
#[derive(Debug, Clone)]
pub(crate) struct ResponseHead {
    pub(super) form: Form,
    /// The largest body that is kept in memory whole.
    pub(crate) max_body: u64,
    pub(crate) meta: ResponseMeta,
}

impl Response {
    /// Reads the whole body and takes the envelope off: for a response that has to be a result, see
    /// [`Content::ready`].
    pub(crate) async fn content(self) -> Result<Content> {
        self.content_of_poll().await?.ready()
    }

    /// The same of a poll, which may say that there is no result yet: see [`Content::is_pending`].
    pub(crate) async fn content_of_poll(self) -> Result<Content> {
        let body = self.body.collect(self.head.max_body).await?;
        self.head.open(body)
    }
}

impl ResponseHead {
    /// Whether the response says that it is JSON.
    pub(crate) fn is_json(&self) -> bool {
        let media = self.meta.content_type();
        media.is_some_and(|media| media.ends_with("json"))
    }

    /// `error` of this response.
    pub(crate) fn error(&self, error: Error) -> Error {
        error.with_meta(self.meta.clone())
    }

    /// The content of `body`, its envelope taken off. A 1xx status can only come out of an
    /// envelope, and has no content; a 202 need not have any.
    ///
    /// # Errors
    /// The error that the body or its envelope holds; what the content is instead of JSON or CSV.
    pub(crate) fn open(self, body: Bytes) -> Result<Content> {
        let body = without_mark(self.form, body);
        // A CSV file may begin with anything; only what says it is JSON, or nothing, is examined.
        let opened = match self.form == Form::Csv && self.meta.content_type().is_some() {
            true if !self.is_json() => Opened::Bare,
            _ => envelope::open(&body),
        };
        let (status, content) = match opened {
            Opened::Bare => (self.meta.status(), body),
            Opened::Wrapped { status, .. } if status.is_informational() => (status, Bytes::new()),
            Opened::Wrapped {
                status,
                content: Some(content),
            } if status.is_success() => (status, self.content_of(&body, content)),
            Opened::Wrapped { status, .. } if status == StatusCode::ACCEPTED => {
                (status, Bytes::new())
            }
            Opened::Wrapped { status, .. } if status.is_success() => {
                let error = Error::decode(format!(
                    "an envelope with status {} has no content",
                    status.as_u16()
                ));
                return Err(self.error(error.with_excerpt(&body)));
            }
            Opened::Wrapped { status, content } => {
                return Err(self.failed(status, content.unwrap_or_default()));
            }
            Opened::Error { status, body } => {
                // An error object is an error, also where its envelope or status line says 200.
                let named = || StatusCode::from_u16(ErrorBody::read(body).error?).ok();
                let failing =
                    |status: &StatusCode| status.is_client_error() || status.is_server_error();
                let status = status.filter(failing).or_else(|| named().filter(failing));
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                return Err(self.failed(status, body));
            }
        };
        let content = Content {
            meta: self.meta.with_status(status),
            bytes: content,
        };
        if self.form == Form::Csv && !status.is_informational() {
            check_csv_start(&content.meta, &content.bytes).map_err(|error| content.error(error))?;
        }
        Ok(content)
    }

    fn failed(self, status: StatusCode, body: &[u8]) -> Error {
        Error::from_response(self.meta.with_status(status), body)
    }

    /// An enveloped CSV file is a JSON string, everything else the JSON itself.
    fn content_of(&self, body: &Bytes, content: &[u8]) -> Bytes {
        if self.form == Form::Csv
            && let Ok(text) = serde_json::from_slice::<String>(content)
        {
            return Bytes::from(text);
        }
        // `content` is a part of `body`, so this only shares it.
        body.slice_ref(content)
    }
}

/// A response that has been read, its envelope taken off.
#[derive(Debug)]
pub struct Content {
    pub(crate) meta: ResponseMeta,
    pub(crate) bytes: Bytes,
}

impl Content {
    /// `error` of this response.
    pub(crate) fn error(&self, error: Error) -> Error {
        error.with_meta(self.meta.clone())
    }

    /// Whether this response to a poll says that there is no result yet: by 1xx, out of an
    /// envelope, or by 202 (Accepted) where something on the way cannot pass 1xx on.
    pub(crate) fn is_pending(&self) -> bool {
        let status = self.meta.status();
        status.is_informational() || status == StatusCode::ACCEPTED
    }

    /// The content of a response that has to be a result. A 202 is one: that of a request which
    /// starts something.
    ///
    /// # Errors
    /// [`ErrorKind::NotReady`] for a status of 1xx out of an envelope.
    pub(crate) fn ready(self) -> Result<Self> {
        match self.meta.status().is_informational() {
            true => Err(self.error(Error::new(
                ErrorKind::NotReady,
                "the service is still processing",
            ))),
            false => Ok(self),
        }
    }

    /// The content of a response that cannot be empty: nothing at all is as ambiguous as a connection
    /// that breaks.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] for an empty body.
    pub(crate) fn not_empty(self) -> Result<Self> {
        match self.bytes.trim_ascii().is_empty() {
            true => Err(self.error(Error::new(ErrorKind::Truncated, "a success without a body"))),
            false => Ok(self),
        }
    }

    /// The content as a value of `T`.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] with the JSON path and an excerpt.
    pub(crate) fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        serde_json::from_slice(&self.bytes).map_err(|error| self.undecodable::<T>(&error))
    }

    fn undecodable<'a, T: Deserialize<'a>>(&'a self, error: &serde_json::Error) -> Error {
        let media = self.meta.content_type();
        let error = match (self.bytes.trim_ascii_start().first(), media.as_deref()) {
            (None, _) => Error::decode("the response is empty where JSON was expected"),
            (Some(b'<'), _) => Error::decode("the response is a web page where JSON was expected"),
            (_, Some(media)) if !media.ends_with("json") => {
                Error::decode(format!("the response is {media} where JSON was expected"))
            }
            _ => decode_error::<T>("the response", "$", &self.bytes, error),
        };
        self.error(error.with_excerpt(&self.bytes))
    }
}

/// `body` without the byte order mark that JSON must not have (RFC 8259 section 8.1) and may be
/// given on the way; a CSV file keeps its own.
fn without_mark(form: Form, mut body: Bytes) -> Bytes {
    if form == Form::Json && body.starts_with(BYTE_ORDER_MARK) {
        let _ = body.split_to(BYTE_ORDER_MARK.len());
    }
    body
}

/// Checks that what begins with `start` may be a CSV file: even one without rows has its header
/// row, and neither JSON nor HTML begins as a header does.
pub(super) fn check_csv_start(meta: &ResponseMeta, start: &[u8]) -> Result<()> {
    let media = meta.content_type().unwrap_or_default();
    let text = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start);
    let what = match text.trim_ascii_start().first() {
        None if text.is_empty() => "empty",
        Some(b'<') => "a web page",
        Some(b'{' | b'[') => "JSON",
        _ if media.ends_with("html") => "a web page",
        _ => return Ok(()),
    };
    let error = Error::decode(format!("the response is {what} where CSV was expected"));
    Err(error.with_excerpt(start))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn what_is_not_csv_is_told_by_its_start() {
        for (media, start, what) in [
            ("application/vnd.atlas.2023-01-01+csv", "", Some("empty")),
            ("text/csv", "<!DOCTYPE html>", Some("a web page")),
            ("text/csv", "\u{feff}<!DOCTYPE html>", Some("a web page")),
            ("text/html", "Sorry", Some("a web page")),
            ("application/json", "[1]", Some("JSON")),
            ("application/json", " {}", Some("JSON")),
            ("application/vnd.atlas.2023-01-01+csv", "a,b\n", None),
            ("application/vnd.atlas.2023-01-01+csv", "\r\n", None),
            ("text/plain", "\"a\",b", None),
            ("", "Invoice Number,1,", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::CONTENT_TYPE, media.parse().unwrap());
            let url = "https://atlas.example/x".parse().unwrap();
            let meta = ResponseMeta::new(StatusCode::OK, headers, &url);
            let message = check_csv_start(&meta, start.as_bytes())
                .err()
                .map(|error| error.message().to_owned());
            let expected =
                what.map(|what| format!("the response is {what} where CSV was expected"));
            assert_eq!(message, expected, "{media} {start:?}");
        }
    }
}
