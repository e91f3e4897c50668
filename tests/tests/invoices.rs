//! Invoices of the stand-in, in every form that the client offers: whole, item by item, summed on
//! the way, and as a file. They must agree with each other, with serde_json on the whole document,
//! and with what the stand-in says it made.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use atlas_billing::money::{Dimension, Group, Totals};
use atlas_billing::{
    Client, Credentials, ErrorKind, Invoice, InvoiceId, InvoiceLimits, LineItems, Org, RetryPolicy,
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

/// What the stand-in answers in `form`, without a socket.
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
    for seed in 0..24 {
        let sent = document(plan(seed), "json");
        let invoice = read(&sent, 1000 + seed as usize).await;
        let encoded = Bytes::from(serde_json::to_vec(&invoice).unwrap());
        let again = read(&encoded, 777).await;
        assert_eq!(again, invoice, "seed {seed}");
        assert_eq!(serde_json::to_vec(&again).unwrap(), encoded, "seed {seed}");
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
        assert_eq!(error.kind(), ErrorKind::Cut, "cut at {end}: {error}");
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
                let mut stream = items(&sent, 5000, false);
                let totals: Totals = stream.total_by(&by).await.unwrap();
                assert_eq!(totals, invoice.total_by(&by), "{by:?}");
                assert_eq!(stream.reconcile(), Some(invoice.reconcile()));
                let groups = totals.groups();
                let sum =
                    |part: fn(&Group) -> i128| groups.iter().map(|group| part(group)).sum::<i128>();
                assert_eq!(
                    sum(|group| group.total.gross.get()),
                    facts.gross_cents.into()
                );
                assert_eq!(
                    sum(|group| group.total.discount.get()),
                    facts.discount_cents.into()
                );
                assert_eq!(
                    sum(|group| group.total.count.into()),
                    facts.line_items.into()
                );
            }
        }
        let beside = invoice.reconcile();
        assert_eq!(beside.subtotal.unwrap().get(), facts.subtotal_cents.into());
        assert_eq!(
            beside.amount_billed.unwrap().get(),
            facts.amount_billed_cents.into()
        );
    }
}

async fn start(scenario: ScenarioBuilder) -> StandIn {
    StandIn::start_raw(scenario.build()).await.unwrap()
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
            let marked: Vec<_> = request.line_items().await.unwrap().collect().await;
            let linked = marked
                .iter()
                .filter_map(|item| item.as_ref().unwrap().linked());
            assert_eq!(linked.filter(|linked| linked.path() == [0]).count(), 40);
            assert_eq!(org.invoice(id()).csv().bytes().await.unwrap().1, file);
            let mut rows = org.invoice(id()).csv().await.unwrap().rows();
            let preamble = rows.read_preamble().await.unwrap();
            assert_eq!(preamble.invoice_number(), Some(ID));
            let mut typed = 0;
            while let Some(row) = rows.next().await {
                row.unwrap();
                typed += 1;
            }
            let records: Vec<_> = org
                .invoice(id())
                .csv()
                .await
                .unwrap()
                .records()
                .collect()
                .await;
            assert_eq!(records.len(), typed);
            assert!(typed >= 300, "{typed}");
            assert_eq!(org.invoices().await.unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_cut_body_never_looks_like_a_short_invoice() {
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
                        None => panic!("a cut stream ended as if it were whole"),
                    }
                };
                assert_eq!(error.kind(), ErrorKind::Cut, "{protocol} {at}: {error}");
                assert!(stream.head().is_none() && stream.next().await.is_none());
                let error = request().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Cut, "{protocol} {at}: {error}");
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
        let totals = org
            .invoice(id())
            .line_items()
            .await
            .unwrap()
            .total_by(&[])
            .await
            .unwrap();
        assert_eq!(totals.total().count, 20_000, "{protocol}");
    }
}
