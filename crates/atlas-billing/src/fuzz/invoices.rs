//! Invoices, as JSON and as CSV: in chunks of any size the result is that of the whole, and agrees
//! with serde_json's.

use std::collections::BTreeMap;

use atlas_billing_raw::types::{Invoice, LineItem};
use bytes::Bytes;
use futures_util::{FutureExt, stream};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::chance::Chance;
use super::{chunks, fuzz};
use crate::error::{Error, Result};
use crate::invoices::{InvoiceLimits, LineItems};
use crate::money::totals::{Dimension, Totals};
use crate::stream::csv::{InvoiceCsv, InvoiceRow, Record, Records, read_records};

const WORDS: &[&str] = &[
    "\"lineItems\":[",
    "\"linkedInvoices\":[",
    "\"id\":\"5f0c00000000000000000001\",",
    "\"lineItems\":null,",
    "\"totalPriceCents\":",
    "\"discountCents\":",
    "\"quantity\":",
    "\"unitPriceDollars\":",
    "\"tags\":{\"a\":[\"b\"]},",
    "\"startDate\":\"2025-01-01T00:00:00Z\"",
    "2025-02-30T00:00:00Z",
    "T24:00:00+01:00",
    ".123456789Z",
    "\"sku\":",
    "{\"status\":200,\"content\":",
    "\"error\":404,\"errorCode\":\"X\",",
    "\\u006c",
    "0.1234567890123456789",
    "-0.0",
    "[[[[",
];

/// A body that is there.
fn body(chunks: Vec<Bytes>) -> impl futures_core::Stream<Item = Result<Bytes>> + Send + 'static {
    stream::iter(chunks.into_iter().map(Ok))
}

/// All items up to the end or the first error.
fn items(input: Vec<Bytes>, linked: bool) -> (Vec<LineItem>, Option<Error>) {
    let limits = InvoiceLimits::default();
    let mut items = LineItems::new(body(input), limits, linked);
    let mut seen = Vec::new();
    while let Some(item) = items.next().now_or_never().expect("the body is there") {
        match item {
            Ok(item) => seen.push(item),
            Err(error) => return (seen, Some(error)),
        }
    }
    assert!(items.head().is_some(), "a stream that ends has a head");
    (seen, None)
}

fn shown(ending: &(Vec<LineItem>, Option<Error>)) -> (Vec<String>, Option<String>) {
    let items = ending
        .0
        .iter()
        .map(|item| serde_json::to_string(item).expect("an item is JSON"));
    (items.collect(), ending.1.as_ref().map(ToString::to_string))
}

fn invoice(input: &[u8], chance: &mut Chance) -> String {
    let linked = chance.below(2) == 0;
    let whole = items(vec![Bytes::copy_from_slice(input)], linked);
    let parts = items(chunks(input, chance), linked);
    assert_eq!(shown(&whole), shown(&parts), "chunks make no difference");

    let by = [Dimension::Sku, Dimension::Day];
    let stream = LineItems::new(
        body(chunks(input, chance)),
        InvoiceLimits::default(),
        linked,
    );
    let sums = stream
        .total_by(&by)
        .now_or_never()
        .expect("the body is there");
    if whole.1.is_none() {
        let sums = sums.expect("what decodes in full can be summed");
        assert_eq!(sums.totals, Totals::of(&whole.0, &by));

        // An escaped half of a surrogate pair is grammatical (RFC 8259 section 8.2): values that
        // are not looked at may hold one.
        let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
        serde_json::from_slice::<IgnoredAny>(input).expect("what is read is JSON");
        let stream = LineItems::new(body(chunks(input, chance)), InvoiceLimits::default(), true);
        let invoice = stream
            .into_invoice()
            .now_or_never()
            .expect("the body is there");
        if let Ok(invoice) = &invoice {
            let again = serde_json::to_string(invoice).expect("an invoice is JSON");
            let read: Invoice = serde_json::from_str(&again).expect("an invoice reads back");
            assert_eq!(&read, invoice, "written and read");
        }
        return format!("{} items of {}", whole.0.len().min(9), shape(input));
    }
    shown(&whole).1.unwrap_or_default()
}

/// The keys of a document's top, as a kind of it.
fn shape(document: &[u8]) -> String {
    let keys = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(document);
    keys.map(|keys| keys.into_keys().collect::<Vec<_>>().join(","))
        .unwrap_or_default()
}

/// One item out of a document, and through serde_json alone.
fn item(input: &[u8], _: &mut Chance) -> String {
    let plain = serde_json::from_slice::<LineItem>(input);
    let document = [
        &b"{\"id\":\"5f0c00000000000000000001\",\"lineItems\":["[..],
        input,
        b"]}",
    ]
    .concat();
    let (ours, error) = items(vec![document.into()], false);
    match plain {
        Ok(plain) => {
            assert!(error.is_none(), "{error:?}, serde_json gives {plain:?}");
            assert_eq!(ours.len(), 1);
            assert_eq!(ours[0], plain);
            "read".to_owned()
        }
        Err(plain) => {
            // Two items, or a document that the input itself closes, are no item: they may be read.
            let one = serde_json::from_slice::<Value>(input).is_ok();
            assert!(
                error.is_some() || !one,
                "ours reads {ours:?}, serde_json: {plain}"
            );
            error.map(|error| error.to_string()).unwrap_or_default()
        }
    }
}

fn table(input: &[u8], chance: &mut Chance) -> String {
    let records = |input: Vec<Bytes>| {
        let mut records = Records::new(body(input));
        let mut seen: Vec<Record> = Vec::new();
        while let Some(record) = records.next().now_or_never().expect("the body is there") {
            match record {
                Ok(record) => seen.push(record),
                Err(error) => return (seen, Some(error.to_string())),
            }
        }
        (seen, None)
    };
    let cells = |records: &[Record]| -> Vec<Vec<String>> {
        let cells = |record: &Record| record.cells().map(str::to_owned).collect();
        records.iter().map(cells).collect()
    };
    let (whole, error) = records(vec![Bytes::copy_from_slice(input)]);
    let (parts, parts_error) = records(chunks(input, chance));
    assert_eq!(
        (cells(&whole), &error),
        (cells(&parts), &parts_error),
        "chunks make no difference"
    );
    match read_records(Bytes::copy_from_slice(input)) {
        Ok(at_once) => assert_eq!((cells(&at_once), None), (cells(&whole), error.clone())),
        Err(at_once) => assert_eq!(Some(at_once.to_string()), error),
    }
    error.unwrap_or_else(|| format!("{} records", "x".repeat(whole.len().min(9))))
}

fn file(input: &[u8], chance: &mut Chance) -> String {
    let rows = |input: Vec<Bytes>| {
        let mut rows = InvoiceCsv::new(body(input));
        let mut seen: Vec<InvoiceRow> = Vec::new();
        while let Some(row) = rows.next().now_or_never().expect("the body is there") {
            match row {
                Ok(row) => seen.push(row),
                Err(error) => return (seen, Some(error.to_string())),
            }
        }
        (seen, None)
    };
    let whole = rows(vec![Bytes::copy_from_slice(input)]);
    assert_eq!(
        whole,
        rows(chunks(input, chance)),
        "chunks make no difference"
    );
    whole
        .1
        .unwrap_or_else(|| format!("{} rows", "x".repeat(whole.0.len().min(9))))
}

#[test]
fn invoices_are_read_in_any_chunks() {
    fuzz("invoice", WORDS, invoice);
}

#[test]
fn items_agree_with_serde_json() {
    fuzz("item", WORDS, item);
}

#[test]
fn tables_are_read_in_any_chunks() {
    fuzz(
        "csv",
        &["\"\"", ",\"", "\",", "\r", "a,b,c\n", "\"\r\n\""],
        table,
    );
}

#[test]
fn invoice_files_are_read_in_any_chunks() {
    let words = [
        "Date,Usage Date,",
        "Amount",
        "01/31/2025",
        "13/01/2025",
        "1E-5",
        "\"1,000.5\"",
        ",,,",
        "\r\n\r\n",
        "Invoice Number,",
    ];
    fuzz("invoice-csv", &words, file);
}
