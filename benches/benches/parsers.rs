//! How long each parser takes over an invoice that is in memory: for a change to one of them.
//!
//! `cargo bench -p atlas-billing-benches` runs them. What a whole program pays, over a socket and
//! beside the alternatives, is what the package's own program measures.

#![allow(clippy::expect_used)] // what is read here is known to be readable

use std::future::ready;

use atlas_billing::csv::{InvoiceCsv, Records};
use atlas_billing::money::{Decimal, parse_decimal};
use atlas_billing::totals::{Dimension, ItemFilter};
use atlas_billing::{InvoiceLimits, LineItems};
use atlas_billing_mock::{Core, InvoicePlan, ORG_ID, Request, Scenario};
use bytes::Bytes;
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

/// Enough that what happens once for an invoice does not count.
const ITEMS: u64 = 10_000;

/// About what a read from a socket gives.
const CHUNK: usize = 16 * 1024;

fn main() {
    divan::main();
}

/// An invoice in `form`, from the stand-in's seed.
fn invoice(form: &str) -> Bytes {
    let id = "66a1000000000000000000aa";
    let scenario = Scenario::builder()
        .invoice(InvoicePlan::new(id).items(ITEMS))
        .build();
    let accept = format!("application/vnd.atlas.2023-01-01+{form}");
    let request = Request::get(format!("/api/atlas/v2/orgs/{ORG_ID}/invoices/{id}"))
        .header(reqwest::header::ACCEPT, &accept);
    Core::new(scenario).respond(&request).body.into_bytes()
}

/// `body` as it would arrive.
fn chunks(body: &Bytes) -> impl Stream<Item = atlas_billing::Result<Bytes>> + Send + use<> {
    let body = body.clone();
    let starts = (0..body.len()).step_by(CHUNK);
    stream::iter(starts.map(move |at| Ok(body.slice(at..body.len().min(at + CHUNK)))))
}

/// Runs `read` over an invoice in `form`, and gives its items and bytes a second.
fn over<F: Future<Output = u64>>(bencher: Bencher<'_, '_>, form: &str, read: impl Fn(Bytes) -> F) {
    let body = invoice(form);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime without anything can be built");
    bencher
        .counter(ItemsCount::new(ITEMS))
        .counter(BytesCount::new(body.len()))
        .bench_local(|| assert_eq!(runtime.block_on(read(body.clone())), ITEMS));
}

/// Reads `stream` to its end, and says how much was in it.
async fn count<T>(stream: impl Stream<Item = atlas_billing::Result<T>>) -> u64 {
    let counted = stream.fold(0, |count, read| {
        black_box(read.expect("what is read is readable"));
        ready(count + 1)
    });
    counted.await
}

fn items(body: &Bytes) -> LineItems {
    LineItems::new(chunks(body), InvoiceLimits::default(), false)
}

#[divan::bench]
fn line_items(bencher: Bencher<'_, '_>) {
    over(bencher, "json", async |body| count(items(&body)).await);
}

#[divan::bench]
fn totals(bencher: Bencher<'_, '_>) {
    over(bencher, "json", async |body| {
        let totals = items(&body).total_by(&[Dimension::Sku]).await;
        totals.expect("the items add up").totals.total().count
    });
}

#[divan::bench]
fn statement(bencher: Bencher<'_, '_>) {
    over(bencher, "json", async |body| {
        let statement = items(&body).statement().await;
        statement.expect("the items add up").items.count
    });
}

#[divan::bench]
fn daily(bencher: Bencher<'_, '_>) {
    over(bencher, "json", async |body| {
        let days = items(&body).daily(&[], &ItemFilter::new()).await;
        days.expect("the items add up").daily.total().total().count
    });
}

/// What `report` reads: all of the sums, in one pass.
#[divan::bench]
fn sums(bencher: Bencher<'_, '_>) {
    over(bencher, "json", async |body| {
        let by = [Dimension::Cluster, Dimension::Sku];
        let sums = items(&body).sums(&by, &[Dimension::Sku]).await;
        sums.expect("the items add up").totals.total().count
    });
}

#[divan::bench]
fn csv_rows(bencher: Bencher<'_, '_>) {
    over(bencher, "csv", async |body| {
        count(InvoiceCsv::new(chunks(&body))).await
    });
}

#[divan::bench]
fn csv_records(bencher: Bencher<'_, '_>) {
    over(bencher, "csv", async |body| {
        let records = Records::from_invoice(chunks(&body));
        count(records.inspect_ok(|record| {
            black_box(record.get("Amount"));
        }))
        .await
    });
}

#[divan::bench(args = ["22.49", "-0.05", "1.6E-4", "3.7250000000000005"])]
fn decimals(text: &str) -> Option<Decimal> {
    parse_decimal(black_box(text))
}
