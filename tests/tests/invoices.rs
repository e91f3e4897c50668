//! Invoices of the stand-in, in every form that the client offers: whole, item by item, added up on
//! the way, and as a file. They must agree with each other, with serde_json on the whole document,
//! and with the figures of the stand-in.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use atlas_billing::money::{PriceReading, Statement, SubtotalRule, Verdict};
use atlas_billing::totals::{Dimension, ItemFilter, Total, Totals};
use atlas_billing::{
    Client, Credentials, ErrorKind, Invoice, InvoiceId, InvoiceLimits, InvoiceSummary, LineItems,
    Org, RetryPolicy,
};
use atlas_billing_mock::{
    At, Core, Fault, InvoicePlan, KeyOrder, ORG_ID, On, Operation, Request, Scenario,
    ScenarioBuilder, StandIn, Transfer, Variety,
};
use atlas_billing_tests::protocol::Protocol;
use bytes::Bytes;
use futures_util::{StreamExt, stream};

const ID: &str = "66b100000000000000000001";
const LINKED: &str = "66b100000000000000000002";

fn id() -> InvoiceId {
    ID.parse().unwrap()
}

fn plan(seed: u64) -> InvoicePlan {
    let order = match seed % 2 {
        0 => KeyOrder::Alphabetical,
        _ => KeyOrder::HeadFirst,
    };
    InvoicePlan::new(ID)
        .seed(seed)
        .items(300)
        .credits(seed % 5)
        .key_order(order)
        .variety(Variety::Wild)
        .status(["PAID", "PENDING", "SOMETHING_NEW"][seed as usize % 3])
        .linked(
            InvoicePlan::new(LINKED)
                .seed(seed + 1)
                .items(40)
                .variety(Variety::Wild),
        )
        .refunded()
}

fn scenario(plan: InvoicePlan) -> ScenarioBuilder {
    Scenario::builder()
        .today("2025-03-09".parse().unwrap())
        .without_invoices()
        .invoice(plan)
}

/// The stand-in's response in `form`, without a socket.
fn document(plan: InvoicePlan, form: &str) -> Bytes {
    let core = Core::new(scenario(plan).build());
    let request = Request::get(format!("/api/atlas/v2/orgs/{ORG_ID}/invoices/{ID}")).header(
        http::header::ACCEPT,
        &format!("application/vnd.atlas.2023-01-01+{form}"),
    );
    let answer = core.respond(&request);
    assert_eq!(answer.status, 200);
    answer.body.into_bytes()
}

fn items(document: &Bytes, chunk: usize, linked: bool) -> LineItems {
    let pieces: Vec<_> = document
        .chunks(chunk)
        .map(|piece| Ok(document.slice_ref(piece)))
        .collect();
    LineItems::new(stream::iter(pieces), InvoiceLimits::default(), linked)
}

async fn read(document: &Bytes, chunk: usize) -> Invoice {
    items(document, chunk, true).into_invoice().await.unwrap()
}

#[tokio::test]
async fn any_invoice_survives_decoding_encoding_and_decoding() {
    for seed in 0..12 {
        let sent = document(plan(seed), "json");
        let invoice = read(&sent, 1000 + seed as usize).await;
        let encoded = Bytes::from(serde_json::to_vec(&invoice).unwrap());
        assert_eq!(read(&encoded, 777).await, invoice, "seed {seed}");
        // Unknown values of enums are still there, as text.
        let status = sent.windows(13).any(|window| window == b"SOMETHING_NEW");
        let kept = encoded.windows(13).any(|window| window == b"SOMETHING_NEW");
        assert_eq!(status, kept);
    }
}

#[tokio::test]
async fn the_stream_gives_what_serde_json_gives_on_the_whole() {
    for seed in 0..6 {
        let sent = document(plan(seed), "json");
        let whole: Invoice = serde_json::from_slice(&sent).unwrap();
        for chunk in [1, 13, 409, 4096, usize::MAX] {
            assert_eq!(
                read(&sent, chunk).await,
                whole,
                "seed {seed}, chunks of {chunk}"
            );
        }
    }
}

#[tokio::test]
async fn every_beginning_of_a_document_is_an_error() {
    let sent = document(plan(1).items(5), "json");
    for end in (0..sent.len()).step_by(7) {
        let cut = sent.slice(..end);
        let error = items(&cut, 100, false).into_invoice().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated, "at {end}: {error}");
    }
}

#[tokio::test]
async fn sums_agree_with_the_items_and_with_what_was_made() {
    let every = [
        Dimension::Sku,
        Dimension::Project,
        Dimension::Cluster,
        Dimension::Provider,
        Dimension::Day,
        Dimension::Month,
        Dimension::tag("team"),
    ];
    for seed in 0..2 {
        let facts = scenario(plan(seed)).build().facts(ID).unwrap();
        let sent = document(plan(seed), "json");
        let invoice = read(&sent, 5000).await;
        for first in &every {
            for second in &every {
                let by = [first.clone(), second.clone()];
                let sums = items(&sent, 5000, false).total_by(&by).await.unwrap();
                assert_eq!(sums.totals, Totals::of(&invoice.line_items, &by), "{by:?}");
                assert_eq!(sums.statement.rows, Statement::of(&invoice).rows);
                let groups = sums.totals.groups();
                let sum: Total = groups.iter().map(|group| group.total).sum();
                assert_eq!(sum, sums.totals.total());
                assert_eq!(sum.gross, facts.gross_cents.into());
                assert_eq!(sum.discount, facts.discount_cents.into());
                assert_eq!(sum.count, facts.line_items);
            }
        }
    }
}

/// The stand-in's invoices, whose subtotals are net of discounts and whose credits are items, too.
#[tokio::test]
async fn statements_of_the_stream_and_of_the_whole_invoice_are_alike() {
    for seed in 0..5 {
        let sent = document(plan(seed), "json");
        let statement = items(&sent, 5000, seed % 2 == 0).statement().await.unwrap();
        assert_eq!(statement, Statement::of(&read(&sent, 5000).await));
        let sent = document(plan(seed).variety(Variety::Plain), "json");
        let statement = items(&sent, 5000, false).statement().await.unwrap();
        assert_eq!(statement.verdict, Verdict::Reconciled, "seed {seed}");
        let rule = SubtotalRule::PositivePricesLessDiscounts;
        assert_eq!(statement.subtotal_rule(), Some(rule), "seed {seed}");
        let prices = statement.prices.unwrap();
        assert_eq!(prices.reading(), Some(PriceReading::BeforeDiscount));
        assert_eq!(prices.deviation().items, 0, "{prices:?}");
    }
}

#[tokio::test]
async fn filtered_sums_are_those_of_the_items_that_pass() {
    let day = |text: &str| text.parse().unwrap();
    let all = ItemFilter::new;
    for filter in [
        all(),
        all().with_projects(["analytics", "61b0aa11bb22cc33dd44ee01"]),
        all().with_clusters(["warehouse"]).with_skus(["*STORAGE*"]),
        all().with_tag("team", "booking"),
        all().with_since(day("2025-01-05")),
        all().with_until(day("2025-01-05")).with_skus(["?TLAS*"]),
        all().with_skus(["nothing"]),
    ] {
        let sent = document(plan(1), "json");
        let invoice = read(&sent, 5000).await;
        let passing = invoice.line_items.iter().filter(|item| filter.passes(item));
        // Neither dimension needs what the filter does.
        let by = [Dimension::Sku, Dimension::Provider];
        let sums = items(&sent, 5000, false).total_filtered(&by, &filter);
        let sums = sums.await.unwrap();
        assert_eq!(sums.totals, Totals::of(passing, &by), "{filter}");
        assert_eq!(sums.statement.rows, Statement::of(&invoice).rows);
    }
}

async fn start(scenario: ScenarioBuilder) -> StandIn {
    StandIn::start(scenario.build()).await.unwrap()
}

fn org(atlas: &StandIn, protocol: Protocol) -> Org {
    let client = Client::builder(Credentials::none()).base_url(atlas.base_url());
    protocol
        .on(client)
        .build()
        .unwrap()
        .org(ORG_ID.parse().unwrap())
}

#[tokio::test]
async fn every_form_over_sockets() {
    let expected = read(&document(plan(3), "json"), 1 << 20).await;
    let file = document(plan(3), "csv");
    for protocol in Protocol::BOTH {
        for chunk in [701, 64 * 1024] {
            let atlas = start(scenario(plan(3)).chunk_size(chunk)).await;
            let org = org(&atlas, protocol);
            assert_eq!(org.invoice(id()).await.unwrap(), expected, "{protocol}");
            let mut stream = org.invoice(id()).line_items().await.unwrap();
            let mut own = Vec::new();
            while let Some(item) = stream.next().await {
                own.push(item.unwrap());
            }
            assert_eq!(own, expected.line_items);
            assert_eq!(stream.head().unwrap().payments, expected.payments);
            let request = org.invoice(id()).linked_items(true);
            let mut stream = request.line_items().await.unwrap();
            let mut linked = 0;
            while let Some(item) = stream.next().await {
                item.unwrap();
                let invoice = stream.linked_invoice();
                linked += usize::from(invoice.is_some_and(|linked| linked.path() == [0]));
            }
            assert_eq!(linked, 40);
            let csv = || async { org.invoice(id()).csv().await.unwrap() };
            assert_eq!(csv().await.bytes().await.unwrap(), file);
            let mut rows = csv().await.invoice_rows();
            let preamble = rows.read_preamble().await.unwrap();
            assert_eq!(preamble.invoice_number(), Some(ID));
            let mut typed = 0;
            while let Some(row) = rows.next().await {
                row.unwrap();
                typed += 1;
            }
            let records: Vec<_> = csv().await.records().collect().await;
            assert_eq!(records.len(), typed);
            assert!(typed >= 300, "{typed}");
            assert_eq!(org.invoices().await.unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_truncated_body_never_looks_like_a_short_invoice() {
    let whole = document(plan(2), "json").len() as u64;
    for protocol in Protocol::BOTH {
        for transfer in [Transfer::Chunked, Transfer::Length, Transfer::UntilClose] {
            for at in [1, whole / 2, whole - 1] {
                let fault = Fault::Close(At::Body(at));
                let cut = scenario(plan(2))
                    .transfer(transfer)
                    .fault(On::operation(Operation::Invoice), fault);
                let atlas = start(cut).await;
                let request = || {
                    org(&atlas, protocol)
                        .invoice(id())
                        .retry(RetryPolicy::none())
                };
                let mut stream = request().line_items().await.unwrap();
                let error = loop {
                    match stream.next().await {
                        Some(Ok(_)) => {}
                        Some(Err(error)) => break error,
                        None => panic!("a truncated stream ended as if it were whole"),
                    }
                };
                assert_eq!(
                    error.kind(),
                    ErrorKind::Truncated,
                    "{protocol} {at}: {error}"
                );
                assert!(stream.head().is_none() && stream.next().await.is_none());
                let error = request().await.unwrap_err();
                assert_eq!(
                    error.kind(),
                    ErrorKind::Truncated,
                    "{protocol} {at}: {error}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_lets_the_client_go_on() {
    for protocol in Protocol::BOTH {
        let atlas = start(scenario(plan(4).items(20_000))).await;
        let org = org(&atlas, protocol);
        for _ in 0..3 {
            let mut stream = org.invoice(id()).line_items().await.unwrap();
            assert!(stream.next().await.unwrap().is_ok());
        }
        let stream = org.invoice(id()).line_items().await.unwrap();
        let sums = stream.total_by(&[]).await.unwrap();
        assert_eq!(sums.totals.total().count, 20_000, "{protocol}");
    }
}

#[tokio::test]
async fn of_two_pending_invoices_the_newest_is_the_current_one() {
    let today = "2025-03-02".parse().unwrap();
    let two = Scenario::builder()
        .today(today)
        .with_previous_month_pending();
    let atlas = start(two).await;
    let org = org(&atlas, Protocol::Http1);
    let end = |invoice: &InvoiceSummary| invoice.end_date.unwrap().date_naive().to_string();
    let current = org.current_invoice().find().await.unwrap();
    assert_eq!(end(&current.summary.unwrap()), "2025-04-01");
    let passed_over: Vec<String> = current.passed_over.iter().map(end).collect();
    assert_eq!(passed_over, ["2025-03-01"]);
    let february = org.invoice_of("2025-02".parse().unwrap()).await.unwrap();
    assert_eq!(february.id, current.passed_over[0].id);
}
