//! What an answer's bytes are once the envelope is off: the content, or the error they hold.

use atlas_billing_raw::transport::Called;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::StatusCode;

use super::body::BodyStream;
use super::limit::End;
use super::transport::CallTransport;
use super::version::Form;
use crate::edge::Edge;
use crate::envelope::{self, Opened};
use crate::error::ErrorBody;
use crate::meta::ResponseMeta;
use crate::{Error, ErrorKind, Result, retry};

/// The most of an error's body that is read: its object is small, and a gateway's page says
/// nothing more after its first kilobytes.
pub(crate) const ERROR_BODY: u64 = 64 * 1024;

/// Status and content of a buffered answer, the envelope off.
///
/// A 1xx status can only come out of an envelope, and has no content.
///
/// # Errors
/// The error that the body or its envelope is.
pub(crate) fn open(
    edge: &Edge,
    form: Form,
    meta: ResponseMeta,
    body: Bytes,
) -> Result<(ResponseMeta, Bytes)> {
    if !meta.status().is_success() {
        return Err(error_of(edge, meta, &body));
    }
    // A file in CSV may begin with anything; only what says it is JSON, or nothing, is looked into.
    let json = meta
        .content_type()
        .is_none_or(|media| media.ends_with("json"));
    if form == Form::Csv && !json {
        return a_file(meta, body);
    }
    match envelope::open(&body) {
        Opened::Bare(_) if form == Form::Csv => a_file(meta, body),
        Opened::Bare(_) => Ok((meta, body)),
        Opened::Wrapped { status, .. } if status.is_informational() => {
            Ok((meta.with_status(status), Bytes::new()))
        }
        Opened::Wrapped { status, content } if status.is_success() => match content {
            Some(content) => {
                let content = content_of(form, &body, content);
                match form {
                    Form::Csv => a_file(meta.with_status(status), content),
                    _ => Ok((meta.with_status(status), content)),
                }
            }
            None => Err(Error::new(
                ErrorKind::Unreadable,
                format!(
                    "an envelope came with status {} and no content",
                    status.as_u16()
                ),
            )
            .with_excerpt(&body)
            .with_meta(meta)),
        },
        Opened::Wrapped { status, content } => Err(error_of(
            edge,
            meta.with_status(status),
            content.unwrap_or_default(),
        )),
        Opened::Error { status, body } => {
            // An error object is an error, also where its envelope or status line says 200.
            let status = status
                .filter(|status| !status.is_success())
                .or_else(|| {
                    let named = ErrorBody::read(body)?.error?;
                    StatusCode::from_u16(named)
                        .ok()
                        .filter(|status| !status.is_success())
                })
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Err(error_of(edge, meta.with_status(status), body))
        }
    }
}

/// A body that was asked for as CSV, if it can be that.
fn a_file(meta: ResponseMeta, body: Bytes) -> Result<(ResponseMeta, Bytes)> {
    match no_file(&meta, &body) {
        None => Ok((meta, body)),
        Some(why) => Err(Error::new(ErrorKind::Unreadable, why)
            .with_excerpt(&body)
            .with_meta(meta)),
    }
}

/// Why what begins with `start` is no CSV file; none if it may be one. Even a file without rows
/// has its header row, and neither JSON nor HTML begins as a header does.
pub(super) fn no_file(meta: &ResponseMeta, start: &[u8]) -> Option<String> {
    let media = meta.content_type().unwrap_or_default();
    let what = match start.trim_ascii_start().first() {
        None if start.is_empty() => "empty",
        Some(b'<') => "HTML or XML",
        Some(b'{' | b'[') => "JSON",
        _ if media.ends_with("html") => "HTML",
        _ => return None,
    };
    Some(format!("the answer is {what} where CSV was expected"))
}

/// The content as bytes: an enveloped CSV is a JSON string, everything else the JSON itself.
fn content_of(form: Form, body: &Bytes, content: &[u8]) -> Bytes {
    if form == Form::Csv
        && let Ok(text) = serde_json::from_slice::<String>(content)
    {
        return Bytes::from(text);
    }
    // `content` is a part of `body`, so this only shares it.
    body.slice_ref(content)
}

/// The error that an answer with a failing status is.
pub(crate) fn error_of(edge: &Edge, meta: ResponseMeta, body: &[u8]) -> Error {
    error_at(edge.clock.now(), meta, body)
}

/// The same, told what time it is.
pub(super) fn error_at(now: DateTime<Utc>, meta: ResponseMeta, body: &[u8]) -> Error {
    let retry_after = meta
        .headers()
        .get(http::header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry::parse_retry_after(value, now));
    // An enveloped error may itself be wrapped: `{"status":404,"content":{"error":404,…}}`.
    let (meta, object) = match envelope::open(body) {
        Opened::Error { status, body } => {
            let failing = status.filter(|status| !status.is_success());
            (
                failing.map_or(meta.clone(), |status| meta.with_status(status)),
                body,
            )
        }
        _ => (meta, body),
    };
    let (read, location) = (ErrorBody::read(object), redirect_target(&meta));
    let known = read.is_some();
    let error = Error::from_answer(meta, read.unwrap_or_default(), retry_after);
    match (known, location) {
        (true, _) => error,
        (false, None) => error.with_excerpt(body),
        (false, Some(target)) => error.with_note(format!(
            "it points to {target}, and redirects are not followed: check the base URL"
        )),
    }
}

/// Where a redirect points: scheme and host alone.
fn redirect_target(meta: &ResponseMeta) -> Option<String> {
    if !meta.status().is_redirection() {
        return None;
    }
    let location = meta.headers().get(http::header::LOCATION)?.to_str().ok()?;
    let base: url::Url = meta.url().parse().ok()?;
    Some(base.join(location).ok()?.origin().ascii_serialization())
}

/// The answer for a typed operation of the generated client: real status, real content, so that
/// it decodes what the service meant. Errors stay whole for the caller to read.
pub(super) async fn typed(
    transport: &CallTransport,
    end: End,
    called: Called,
    response: reqwest::Response,
    meta: ResponseMeta,
) -> Result<(reqwest::Response, ResponseMeta)> {
    let edge = &transport.client.edge;
    let headers = response.headers().clone();
    let limit = transport.ask.max_body;
    let body = BodyStream::new(
        Box::pin(response.bytes_stream()),
        edge.clock.clone(),
        transport.ask.timeouts.idle,
        end,
        called.operation.name,
        meta.clone(),
    )
    .collect(limit)
    .await?;
    let (meta, body) = match meta.status().is_success() {
        true => open(edge, transport.ask.form, meta, body)
            .map_err(|error| error.with_operation(called.operation.name))?,
        false => (meta, body),
    };
    let mut rebuilt = http::Response::new(reqwest::Body::from(body));
    *rebuilt.status_mut() = meta.status();
    *rebuilt.headers_mut() = headers;
    Ok((reqwest::Response::from(rebuilt), meta))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn what_is_no_file_is_told_by_its_beginning() {
        for (media, start, what) in [
            ("application/vnd.atlas.2023-01-01+csv", "", Some("empty")),
            ("text/csv", "<!DOCTYPE html>", Some("HTML")),
            ("text/html", "Sorry", Some("HTML")),
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
            let why = no_file(&meta, start.as_bytes());
            let wanted = what.map(|what| format!("the answer is {what}"));
            assert_eq!(why.is_some(), wanted.is_some(), "{media} {start:?}");
            if let (Some(why), Some(wanted)) = (why, wanted) {
                assert!(why.starts_with(&wanted), "{why}");
            }
        }
    }
}
