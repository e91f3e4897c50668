//! What the fuzz targets run: each takes any bytes, and panics where a parser breaks a promise.
//!
//! Not part of the public API: compiled for `cargo fuzz` (`--cfg fuzzing`) and for the tests, which
//! replay the corpus in the repository's `fuzz/corpus`.

#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "run by fuzzers and tests alone"
)]

use std::collections::VecDeque;
use std::fmt::{Debug, Display};
use std::pin::{Pin, pin};
use std::str::FromStr;
use std::task::{Context, Poll, Waker};

use atlas_billing_raw::types::{Invoice, LineItem};
use atlas_billing_raw::{decimal_of_f64, parse_decimal};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_core::Stream;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

pub use crate::auth::fuzzed::{challenge, token_response};
use crate::envelope::{Opened, open};
use crate::error::{Error, ErrorBody, Result};
use crate::id::{ApiVersion, InvoiceId, OrgId, QueryToken, ReportToken};
use crate::invoices::{InvoiceLimits, LineItems};
use crate::meta::{ResponseMeta, http_date, retry_after};
use crate::money::totals::{Dimension, Totals};
use crate::parse_error::ParseError;
use crate::period::{Month, Months};
use crate::reports::FocusTotals;
use crate::stream::csv::{FocusColumn, FocusRows, InvoiceCsv, Records, read_records};
use crate::text::is_unsafe;

/// The sizes of the chunks that a body arrives in; one must give what the other gives.
const CHUNKS: [usize; 4] = [usize::MAX, 1, 7, 4096];

/// A body that is there.
struct Chunks(VecDeque<Bytes>);

impl Chunks {
    fn of(input: &[u8], size: usize) -> Self {
        Self(input.chunks(size).map(Bytes::copy_from_slice).collect())
    }
}

impl Stream for Chunks {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

/// The output of a future that waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the body is there"),
    }
}

/// The items up to the end or the first error, as text, and that error.
fn items(input: &[u8], size: usize, linked: bool) -> (Vec<LineItem>, Option<Error>) {
    let mut items = LineItems::new(Chunks::of(input, size), InvoiceLimits::default(), linked);
    let mut seen = Vec::new();
    while let Some(item) = now(items.next()) {
        match item {
            Ok(item) => seen.push(item),
            Err(error) => return (seen, Some(error)),
        }
    }
    assert!(items.head().is_some(), "a stream that ends has a head");
    (seen, None)
}

/// An invoice in chunks of any size is that of the whole, adds up alike in each way, and is JSON.
pub fn invoice(input: &[u8]) {
    for linked in [false, true] {
        let (whole, error) = items(input, usize::MAX, linked);
        for size in CHUNKS {
            let (parts, parts_error) = items(input, size, linked);
            let texts = [&error, &parts_error].map(|error| error.as_ref().map(ToString::to_string));
            assert!(
                parts == whole && texts[0] == texts[1],
                "chunks make no difference"
            );
        }
        if error.is_some() {
            continue;
        }
        let stream =
            |linked| LineItems::new(Chunks::of(input, 5), InvoiceLimits::default(), linked);
        let by = [Dimension::Sku, Dimension::Day];
        let sums = now(stream(linked).total_by(&by));
        let sums = sums.expect("what decodes in full can be summed");
        assert_eq!(sums.totals, Totals::of(&whole, &by));

        let json = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
        serde_json::from_slice::<IgnoredAny>(json).expect("what is read is JSON");
        if let Ok(invoice) = now(stream(true).into_invoice()) {
            let again = serde_json::to_string(&invoice).expect("an invoice is JSON");
            let read: Invoice = serde_json::from_str(&again).expect("an invoice reads back");
            assert_eq!(read, invoice, "written and read");
        }
    }
    item(input);
}

/// An item is the same out of a document and through serde_json alone.
fn item(input: &[u8]) {
    let around = [
        &br#"{"id":"5f0c00000000000000000001","lineItems":["#[..],
        input,
        b"]}",
    ];
    let (ours, error) = items(&around.concat(), usize::MAX, false);
    match serde_json::from_slice::<LineItem>(input) {
        Ok(item) => assert!(error.is_none() && ours == [item], "{error:?}"),
        // Two items, or a document that the input itself closes, may be read.
        Err(plain) => assert!(
            error.is_some() || serde_json::from_slice::<Value>(input).is_err(),
            "{ours:?} was read; serde_json: {plain}"
        ),
    }
}

/// A CSV file in chunks of any size has the records and rows of the whole.
pub fn csv(input: &[u8]) {
    let records = |size| {
        let mut records = Records::new(Chunks::of(input, size));
        let mut seen: Vec<Vec<String>> = Vec::new();
        while let Some(record) = now(records.next()) {
            match record {
                Ok(record) => seen.push(record.cells().map(str::to_owned).collect()),
                Err(error) => return (seen, Some(error.to_string())),
            }
        }
        (seen, None)
    };
    let rows = |size| {
        let mut rows = InvoiceCsv::new(Chunks::of(input, size));
        let mut seen = Vec::new();
        while let Some(row) = now(rows.next()) {
            match row {
                Ok(row) => seen.push(row),
                Err(error) => return (seen, Some(error.to_string())),
            }
        }
        (seen, None)
    };
    let (whole, error) = records(usize::MAX);
    let whole_rows = rows(usize::MAX);
    for size in CHUNKS {
        assert_eq!(records(size), (whole.clone(), error.clone()));
        assert_eq!(rows(size), whole_rows);
    }
    match read_records(Bytes::copy_from_slice(input)) {
        Ok(at_once) => {
            let cells = at_once
                .iter()
                .map(|record| record.cells().map(str::to_owned));
            let cells: Vec<Vec<String>> = cells.map(Iterator::collect).collect();
            assert_eq!((cells, None), (whole, error));
        }
        Err(at_once) => assert_eq!(Some(at_once.to_string()), error),
    }
}

/// A FOCUS report in chunks of any size has the rows of the whole, whose typed cells are there where
/// the text is, and which add up to as many.
pub fn focus(input: &[u8]) {
    let rows = |size| {
        let mut rows = FocusRows::new(Chunks::of(input, size));
        let mut seen = Vec::new();
        while let Some(row) = now(rows.next()) {
            match row {
                Ok(row) => seen.push(row),
                Err(error) => return (seen, Some(error.to_string())),
            }
        }
        assert!(rows.header().is_some(), "a report that ends has a header");
        (seen, None)
    };
    let (whole, error) = rows(usize::MAX);
    let shown = format!("{whole:?}");
    for size in CHUNKS {
        let (parts, parts_error) = rows(size);
        assert_eq!(
            (format!("{parts:?}"), parts_error),
            (shown.clone(), error.clone())
        );
    }
    let mut totals = FocusTotals::new(["BillingCurrency"]);
    for row in &whole {
        for column in FocusColumn::ALL {
            let typed = [row.decimal(column).is_some(), row.time(column).is_some()];
            let text = row.text(column);
            assert!(typed != [true; 2] && (typed == [false; 2] || text.is_some()));
            assert_eq!(text, row.get(column.name()));
        }
        let _ = row.tags();
        if row.header().position("BillingCurrency").is_some() {
            totals.add(row).expect("the column is there");
        }
    }
    if let Ok(totals) = totals.totals() {
        let rows: u64 = totals.iter().map(|total| total.rows).sum();
        assert!(rows == 0 || rows == whole.len() as u64);
    }
}

/// Only JSON is an envelope, and what is in it is JSON. An error object has its keys, whatever their
/// values are.
pub fn envelope(input: &[u8]) {
    let json = || serde_json::from_slice::<IgnoredAny>(input).is_ok();
    let is_json = |part: &[u8]| serde_json::from_slice::<&RawValue>(part).is_ok();
    match open(input) {
        Opened::Bare => {}
        Opened::Wrapped { content, .. } => assert!(json() && content.is_none_or(is_json)),
        Opened::Error { body, .. } => assert!(json() && is_json(body)),
    }
}

/// An error body is read without unsafe characters; what is read of a part is read of the whole.
pub fn error(input: &[u8]) {
    let body = ErrorBody::read(input);
    let texts = [&body.error_code, &body.detail, &body.reason];
    let mut texts = texts.into_iter().flatten();
    assert!(!texts.any(|text| text.contains(is_unsafe)));
    let part = ErrorBody::read(input.get(..input.len() / 2).unwrap_or_default());
    assert!(part.error_code.is_none() || body.error_code.is_some());
}

/// Periods, ids, tokens, versions, dimensions and amounts read back as they are written.
pub fn text(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    round_trip::<Month>(text);
    if let Some(months) = round_trip::<Months>(text) {
        assert!(months.start_date() < months.end_date_exclusive());
        assert_eq!(months.iter().take(100_000).count(), months.count());
    }
    round_trip::<InvoiceId>(text);
    if let Some(id) = round_trip::<OrgId>(text) {
        // It becomes a part of a path.
        assert!(id.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
    if let Some(token) = round_trip::<QueryToken>(text) {
        assert!(
            token
                .as_str()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
        );
        assert_eq!(token.as_str(), text);
    }
    round_trip::<ReportToken>(text);
    round_trip::<ApiVersion>(text);
    round_trip::<Dimension>(text);
    if let Some(decimal) = parse_decimal(text) {
        assert_eq!(parse_decimal(&decimal.to_string()), Some(decimal), "{text}");
        if let Ok(float) = text.parse::<f64>() {
            let shown: f64 = decimal.to_string().parse().unwrap_or(f64::NAN);
            assert!(
                (shown - float).abs() <= float.abs() * 1e-12,
                "{text} is {decimal}"
            );
            let _ = decimal_of_f64(float);
        }
    }
}

/// Reads, writes, reads: the same value. An error fits on a line.
fn round_trip<T>(text: &str) -> Option<T>
where
    T: FromStr<Err = ParseError> + Display + PartialEq + Debug,
{
    match text.parse::<T>() {
        Ok(value) => {
            let again = value.to_string().parse::<T>();
            assert_eq!(again.as_ref().ok(), Some(&value));
            Some(value)
        }
        Err(error) => {
            let said = error.to_string();
            assert!(!said.contains(is_unsafe) && said.len() < 1_000, "{said:?}");
            None
        }
    }
}

/// Headers are read or left; a date of HTTP reads back as it is written.
pub fn header(input: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(input) else {
        return;
    };
    let names = [
        "content-type",
        "deprecation",
        "sunset",
        "ratelimit-limit",
        "ratelimit-remaining",
    ];
    let mut headers = HeaderMap::new();
    for name in names {
        headers.insert(HeaderName::from_static(name), value.clone());
    }
    headers.insert(RETRY_AFTER, value);
    let noon = DateTime::<Utc>::from_timestamp(1_722_816_000, 0).unwrap_or_default();
    let _ = retry_after(&headers, noon);
    if let Ok(url) = "https://atlas.example/api/atlas/v2?x=1".parse() {
        let meta = ResponseMeta::new(StatusCode::OK, headers, &url);
        let _ = (
            meta.resolved_version(),
            meta.deprecation(),
            meta.sunset(),
            meta.rate_limit(),
        );
    }
    if let Some(date) = std::str::from_utf8(input).ok().and_then(http_date) {
        let shown = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        assert_eq!(http_date(&shown), Some(date), "{shown}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replays the corpus of one target, and each input truncated anywhere.
    fn replay(target: &str, run: fn(&[u8])) {
        let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
        let inputs: Vec<Vec<u8>> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
            .collect();
        assert!(!inputs.is_empty());
        for input in inputs {
            run(&input);
            let step = 1 + input.len() / 256;
            for end in (0..input.len()).step_by(step) {
                run(&input[..end]);
            }
        }
    }

    #[test]
    fn the_corpus_breaks_no_parser() {
        replay("invoice", invoice);
        replay("csv", csv);
        replay("focus", focus);
        replay("envelope", envelope);
        replay("error", error);
        replay("challenge", challenge);
        replay("token", token_response);
        replay("text", text);
        replay("header", header);
    }
}
