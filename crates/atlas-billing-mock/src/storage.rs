//! The storage host, which has the files of reports: presigned URLs that expire, ranges, and errors
//! in XML, as object stores have them.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, NaiveDateTime, Utc};
use hmac_sha256::HMAC;
use http::Method;
use http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, COOKIE, ETAG, IF_RANGE,
    PROXY_AUTHORIZATION, RANGE,
};

use crate::clock::age;
use crate::core::{Call, State};
use crate::invoice::focus;
use crate::names::hex;
use crate::reports::Report;
use crate::request::Request;
use crate::response::{Response, status_of};

/// The type of an error.
pub(crate) const XML: &str = "application/xml";

/// The times of a URL.
const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// The path and query of a new URL for a report's file, the `number`th one.
pub(crate) fn sign(call: &Call<'_>, report: &Report, number: u64, life: Duration) -> String {
    let invoice = &report.invoice;
    let unsigned = format!(
        "/billing-reports/{}/{}/{}.csv?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={}\
         &X-Amz-Expires={}&X-Amz-SignedHeaders=host&x-id={number}",
        invoice.org.id,
        invoice.plan.id,
        report.id,
        call.now.format(STAMP),
        life.as_secs(),
    );
    let signature = signature(call, &unsigned);
    format!("{unsigned}{SIGNATURE}{signature}")
}

const SIGNATURE: &str = "&X-Amz-Signature=";

fn signature(call: &Call<'_>, unsigned: &str) -> String {
    let key = hex(call.scenario.settings.seed() ^ 0x5160, 0, 32);
    let bytes = HMAC::mac(unsigned.as_bytes(), key.as_bytes());
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The body of an error.
pub(crate) fn xml_error(code: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
}

/// A status, a code and a message.
type Refusal = (u16, &'static str, &'static str);

/// Responds to a request for a file.
pub(crate) fn download(call: &Call<'_>, state: &mut State) -> Response {
    let checked = check(call);
    let found = checked.and_then(|id| {
        let mut reports = state.reports.at(call.now).iter_mut();
        let found = reports.find(|report| report.id == id && report.has_file(call));
        found.ok_or((404, "NoSuchKey", "The specified key does not exist."))
    });
    match found {
        Ok(report) => file(call, report),
        Err((status, code, message)) => Response::typed(status, XML, xml_error(code, message)),
    }
}

/// The id of the report that a good URL is for.
fn check<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    let request = call.request;
    if request.method != Method::GET {
        return Err((405, "MethodNotAllowed", "This method is not allowed here."));
    }
    if has_foreign_headers(request) {
        let message = "Only one auth mechanism allowed: the URL is signed.";
        return Err((400, "InvalidArgument", message));
    }
    let Some((unsigned, sent)) = request.target.split_once(SIGNATURE) else {
        return Err((403, "AccessDenied", "Access Denied"));
    };
    if signature(call, unsigned) != sent {
        let message = "The signature does not match the request.";
        return Err((403, "SignatureDoesNotMatch", message));
    }
    // Everything was signed here, so that all of it can be read.
    let pairs = request.query_pairs();
    let value = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted);
    let signed = value("X-Amz-Date")
        .and_then(|(_, text)| NaiveDateTime::parse_from_str(text, STAMP).ok())
        .map_or(DateTime::<Utc>::MIN_UTC, |time| time.and_utc());
    let life = value("X-Amz-Expires").map_or(0, |(_, text)| text.parse().unwrap_or_default());
    if age(call.now, signed) >= Duration::from_secs(life) {
        return Err((403, "AccessDenied", "Request has expired"));
    }
    let name = request.path().rsplit('/').next().unwrap_or_default();
    Ok(name.trim_end_matches(".csv"))
}

/// Whether a client sends what is meant for the API alone: credentials, or its media types.
fn has_foreign_headers(request: &Request) -> bool {
    let secret = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];
    let of_the_api = |value: &http::HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        text.contains("vnd.atlas")
    };
    secret.iter().any(|name| request.headers.contains_key(name))
        || request.headers.values().any(of_the_api)
}

/// The file, or the rest of it from the byte asked for.
fn file(call: &Call<'_>, report: &mut Report) -> Response {
    let settings = &call.scenario.settings.reports;
    let version = if settings.changes {
        report.downloads
    } else {
        0
    };
    report.downloads += 1;
    let body = || {
        let plain = focus::body(&report.invoice, version);
        match settings.gzip {
            Some(_) => plain.gzip(),
            None => plain,
        }
    };
    let etag = format!("\"{}\"", hex(call.scenario.settings.seed(), version, 32));
    let from = range_start(call.request, &etag).filter(|_| !settings.ignores_ranges);
    let content_type = settings.gzip.as_deref().unwrap_or("text/csv");
    let mut response = Response::typed(200, content_type, Bytes::new());
    match from {
        None => response.body = body(),
        Some(from) => {
            // The file is generated once more to learn its length.
            let length: u64 = body().into_pieces().map(|piece| piece.len() as u64).sum();
            if from >= length {
                let text = xml_error("InvalidRange", "The requested range is not satisfiable");
                response = Response::typed(416, XML, text);
                response.set(CONTENT_RANGE, &format!("bytes */{length}"));
                return response;
            }
            response.status = status_of(206);
            response.body = body().skip(from);
            let range = format!("bytes {from}-{}/{length}", length - 1);
            response.set(CONTENT_RANGE, &range);
            response.set(CONTENT_LENGTH, &(length - from).to_string());
        }
    }
    response.set(ETAG, &etag);
    if !settings.ignores_ranges {
        response.set(ACCEPT_RANGES, "bytes");
    }
    response
}

/// The first byte of the range `bytes=N-`, which is asked for unless the file has changed (RFC 9110,
/// sections 14.1.2 and 13.1.5). Other forms are ignored, as a server may.
fn range_start(request: &Request, etag: &str) -> Option<u64> {
    let range = request.header_text(&RANGE)?;
    let start = range.strip_prefix("bytes=")?.strip_suffix('-')?;
    let is_current = request
        .header_text(&IF_RANGE)
        .is_none_or(|known| known == etag);
    start.parse().ok().filter(|_| is_current)
}
