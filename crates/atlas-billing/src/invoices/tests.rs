//! Invoices over an injected HTTP client: what is asked, and what becomes of each answer.

use std::future::IntoFuture;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::edge::fake::{CountingRandom, FakeHttp, TokioClock, answer};
use crate::raw::enums::InvoiceStatus;
use crate::{
    Cents, Client, Credentials, Dimension, Error, ErrorKind, Invoice, InvoiceId, InvoiceLimits,
    LineItems, Org, RetryPolicy,
};

const JSON: (&str, &str) = (
    "content-type",
    "application/vnd.atlas.2023-01-01+json;charset=utf-8",
);
const CSV: (&str, &str) = ("content-type", "application/vnd.atlas.2023-01-01+csv");
const ID: &str = "5f0c00000000000000000001";
const INVOICE: &str = r#"{"amountBilledCents":95,"id":"5f0c00000000000000000001",
    "lineItems":[{"sku":"A","totalPriceCents":100,"quantity":3.7250000000000005},
                 {"sku":"B","totalPriceCents":-5,"groupId":"g"}],
    "linkedInvoices":[{"id":"5f0c00000000000000000002","lineItems":[{"sku":"A","totalPriceCents":7}]}],
    "statusName":"PENDING","subtotalCents":100}"#;

fn org(http: &Arc<FakeHttp>) -> Org {
    Client::builder(Credentials::bearer("made-up"))
        .http_client(http.clone())
        .clock(Arc::new(TokioClock::new()))
        .random(Arc::new(CountingRandom::default()))
        .build()
        .unwrap()
        .org("5f0c2d9e8b7a6c5d4e3f2a1b".parse().unwrap())
}

fn id() -> InvoiceId {
    ID.parse().unwrap()
}

fn always(status: u16, header: (&'static str, &'static str), body: &str) -> Arc<FakeHttp> {
    let body = body.to_owned();
    FakeHttp::new(move |_, _| Ok(answer(status, &[header], &body)))
}

/// An answer of 200 whose body comes in pieces, the last of which may be a failure.
fn pieces(body: &str, size: usize, broken: bool) -> reqwest::Response {
    let mut all: Vec<std::io::Result<Bytes>> = body
        .as_bytes()
        .chunks(size)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    if broken {
        all.push(Err(std::io::ErrorKind::ConnectionReset.into()));
    }
    let body = reqwest::Body::wrap_stream(stream::iter(all));
    let response = http::Response::builder().header(JSON.0, JSON.1);
    response.body(body).unwrap().into()
}

#[tokio::test(start_paused = true)]
async fn a_whole_invoice() {
    let http = always(200, JSON, INVOICE);
    let invoice = org(&http).invoice(id()).await.unwrap();
    assert_eq!(invoice.line_items.len(), 2);
    assert_eq!(invoice.line_items[0].quantity, Some(3.7250000000000005));
    assert_eq!(
        invoice.linked_invoices[0].line_items[0].gross(),
        Some(Cents::from(7))
    );
    assert_eq!(invoice.status_name, Some(InvoiceStatus::Pending));
    let version = invoice.meta().unwrap().resolved_version().unwrap();
    assert_eq!(version.to_string(), "2023-01-01");
    let again = serde_json::to_string(&invoice).unwrap();
    let whole = stream::iter([Ok(Bytes::from(again))]);
    let read = LineItems::new(whole, InvoiceLimits::default(), true)
        .into_invoice()
        .await;
    assert_eq!(read.unwrap(), invoice);
    let seen = &http.seen()[0];
    assert!(
        seen.url.ends_with(&format!("/invoices/{ID}")),
        "{}",
        seen.url
    );
    assert_eq!(
        seen.header("accept"),
        "application/vnd.atlas.2023-01-01+json"
    );
}

#[tokio::test(start_paused = true)]
async fn items_while_the_invoice_arrives() {
    for size in [1, 7, 1000] {
        for linked in [false, true] {
            let http = FakeHttp::new(move |_, _| Ok(pieces(INVOICE, size, false)));
            let request = org(&http).invoice(id()).linked_items(linked);
            let mut items = request.line_items().await.unwrap();
            assert!(items.head().is_none());
            let mut skus = Vec::new();
            while let Some(item) = items.next().await {
                let item = item.unwrap();
                skus.push(item.sku.clone().unwrap());
                assert_eq!(item.linked().is_some(), skus.len() > 2);
            }
            assert_eq!(skus.join(""), if linked { "ABA" } else { "AB" });
            assert_eq!(items.head().unwrap().invoice_id(), ID);
            let beside = items.reconcile().unwrap();
            assert_eq!(
                (beside.items.count, beside.items.gross),
                (2, Cents::from(95))
            );
            assert_eq!(beside.subtotal_difference(), Some(Cents::ZERO));
            assert!(items.next().await.is_none());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn sums_over_the_stream_are_those_over_the_items() {
    let http = FakeHttp::new(move |_, _| Ok(pieces(INVOICE, 10, false)));
    let by = [Dimension::Sku, Dimension::Project];
    let whole = org(&http).invoice(id()).await.unwrap();
    let mut items = org(&http).invoice(id()).line_items().await.unwrap();
    assert_eq!(items.total_by(&by).await.unwrap(), whole.total_by(&by));
    assert_eq!(items.reconcile(), Some(whole.reconcile()));
    let request = org(&http).invoice(id()).linked_items(true);
    let mut items = request.line_items().await.unwrap();
    let all = items.total_by(&by).await.unwrap().total();
    assert_eq!((all.count, all.gross), (3, Cents::from(102)));
    assert_eq!(items.reconcile(), Some(whole.reconcile()));
}

#[tokio::test(start_paused = true)]
async fn an_envelope_comes_off_and_an_error_comes_out() {
    for body in [
        format!(r#"{{"status":200,"content":{INVOICE}}}"#),
        format!(r#"{{"envelope":{INVOICE},"status":200}}"#),
    ] {
        let invoice = org(&always(200, JSON, &body)).invoice(id()).await.unwrap();
        assert_eq!(invoice.line_items.len(), 2);
    }
    let object = r#"{"error":404,"errorCode":"RESOURCE_NOT_FOUND"}"#;
    for (status, body, kind) in [
        (404, object.to_owned(), ErrorKind::NotFound),
        (200, object.to_owned(), ErrorKind::NotFound),
        (
            200,
            format!(r#"{{"status":404,"content":{object}}}"#),
            ErrorKind::NotFound,
        ),
        (200, r#"{"status":102}"#.to_owned(), ErrorKind::NotReady),
        (200, "{}".to_owned(), ErrorKind::Unreadable),
        (
            200,
            r#"{"lineItems":[{"sku":"A"}]}"#.to_owned(),
            ErrorKind::Unreadable,
        ),
        (200, "<html>busy</html>".to_owned(), ErrorKind::Unreadable),
        (200, String::new(), ErrorKind::Cut),
        (200, "[]".to_owned(), ErrorKind::Unreadable),
    ] {
        let http = always(status, JSON, &body);
        let request = org(&http).invoice(id()).retry(RetryPolicy::none());
        let error = request.clone().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{body}: {error}");
        assert_eq!(error.operation(), Some("getOrgInvoice"));
        let streamed = match request.line_items().await {
            Ok(items) => items.collect::<Vec<_>>().await.pop().unwrap().unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(streamed.kind(), kind, "{body}: {streamed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_body_is_an_error_and_a_whole_invoice_is_asked_for_again() {
    for (at, broken) in [(150, true), (150, false), (INVOICE.len() - 1, true)] {
        let http = FakeHttp::new(move |_, _| Ok(pieces(&INVOICE[..at], 20, broken)));
        let items = org(&http).invoice(id()).line_items().await.unwrap();
        let items: Vec<_> = items.collect().await;
        assert_eq!(
            items.last().unwrap().as_ref().unwrap_err().kind(),
            ErrorKind::Cut
        );
        assert_eq!(http.seen().len(), 1, "a stream is not begun again");
        let http = FakeHttp::new(move |number, _| {
            let at = if number < 2 { at } else { INVOICE.len() };
            Ok(pieces(&INVOICE[..at], 20, broken && number < 2))
        });
        let invoice: Invoice = org(&http).invoice(id()).await.unwrap();
        assert_eq!((invoice.line_items.len(), http.seen().len()), (2, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_that_cannot_be_read_is_named() {
    for (bad, path) in [
        (
            r#"{"totalPriceCents":"x"}"#,
            "$.lineItems[2].totalPriceCents",
        ),
        (r#"{"quantity":"x"}"#, "$.lineItems[2].quantity"),
        (r#"{"tags":{"t":["a",1]}}"#, "$.lineItems[2].tags.t[1]"),
        ("7", "$.lineItems[2]"),
    ] {
        let body = INVOICE.replace(r#""groupId":"g"}"#, &format!(r#""groupId":"g"}},{bad}"#));
        let error = org(&always(200, JSON, &body))
            .invoice(id())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable);
        assert_eq!(error.json_path(), Some(path), "{error}");
        assert!(!error.to_string().contains(" column "), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn limits_are_kept() {
    let http = always(200, JSON, INVOICE);
    let kind = |error: Error| error.kind();
    let request = org(&http).invoice(id());
    let small = InvoiceLimits::default().with_item(20);
    assert_eq!(
        request.clone().limits(small).await.map_err(kind),
        Err(ErrorKind::TooLarge)
    );
    let small = InvoiceLimits::default().with_head(20);
    assert_eq!(
        request.clone().limits(small).await.map_err(kind),
        Err(ErrorKind::TooLarge)
    );
    assert_eq!(
        request.clone().max_body(100).await.map_err(kind),
        Err(ErrorKind::TooLarge)
    );
    let mut items = request.max_body(100).line_items().await.unwrap();
    assert_eq!(items.total_by(&[]).await.unwrap().total().count, 2);
}

const FILE: &str =
    "Invoice Number,5f0c00000000000000000001,\n\nDate,SKU,Amount\n03/01/2025,Atlas,1.50\n";

#[tokio::test(start_paused = true)]
async fn the_file_in_each_form() {
    let enveloped = format!(
        r#"{{"status":200,"content":{}}}"#,
        serde_json::to_string(FILE).unwrap()
    );
    for (header, body) in [(CSV, FILE), (JSON, enveloped.as_str())] {
        let http = always(200, header, body);
        let request = || org(&http).invoice(id()).csv();
        assert_eq!(request().bytes().await.unwrap().1, FILE.as_bytes());
        let mut file = request().await.unwrap();
        assert_eq!(file.meta().status(), 200);
        let mut text = Vec::new();
        while let Some(piece) = file.next().await {
            text.extend(piece.unwrap());
        }
        assert_eq!(text, FILE.as_bytes());
        let mut rows = request().await.unwrap().rows();
        assert_eq!(
            rows.read_preamble().await.unwrap().invoice_number(),
            Some(ID)
        );
        let row = rows.next().await.unwrap().unwrap();
        assert_eq!(row.amount.unwrap().to_string(), "1.50");
        let mut records = request().await.unwrap().records();
        assert_eq!(
            records.next().await.unwrap().unwrap().get("SKU"),
            Some("Atlas")
        );
        assert!(records.next().await.is_none());
        let accept = http.seen()[0].header("accept").to_owned();
        assert_eq!(accept, "application/vnd.atlas.2023-01-01+csv");
    }
    let http = always(200, ("content-type", "text/html"), "<html>");
    let error = org(&http).invoice(id()).csv().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
    let http = always(200, JSON, r#"{"error":403,"errorCode":"X"}"#);
    let error = org(&http).invoice(id()).csv().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
}

/// A list of invoices in pages of `per_page`, whose links say whether there is more if `links`.
fn listed(count: usize, per_page: usize, links: bool) -> Arc<FakeHttp> {
    FakeHttp::new(move |_, seen| {
        if !seen.url.contains("pageNum=") {
            return Ok(answer(200, &[JSON], INVOICE));
        }
        let url: url::Url = seen.url.parse().unwrap();
        let page = url
            .query_pairs()
            .find(|(key, _)| key == "pageNum")
            .unwrap()
            .1;
        let first = (page.parse::<usize>().unwrap() - 1) * per_page;
        let last = (first + per_page).min(count);
        let results: Vec<String> = (first..last)
            .map(|index| {
                let status = if index == 1 { "PENDING" } else { "PAID" };
                let month = 12 - index;
                format!(
                    r#"{{"id":"{index:024}","statusName":"{status}",
                        "startDate":"2024-{month:02}-01T00:00:00Z",
                        "endDate":"2024-{:02}-01T00:00:00Z"}}"#,
                    month + 1
                )
                .replace("2024-13", "2025-01")
            })
            .collect();
        let links = match (links, last < count) {
            (false, _) => String::new(),
            (true, true) => r#","links":[{"rel":"self"},{"rel":"next"}]"#.to_owned(),
            (true, false) => r#","links":[{"rel":"self"}]"#.to_owned(),
        };
        let body = format!(r#"{{"results":[{}]{links}}}"#, results.join(","));
        Ok(answer(200, &[JSON], &body))
    })
}

#[tokio::test(start_paused = true)]
async fn the_list_is_read_page_by_page() {
    for (count, links, requests) in [
        (0, false, 1),
        (0, true, 1),
        (5, false, 3),
        (5, true, 3),
        // A full page without a link to another one: asked for all the same.
        (4, true, 3),
        (4, false, 3),
    ] {
        let http = listed(count, 2, links);
        let all = org(&http).invoices().per_page(2).await.unwrap();
        assert_eq!(all.len(), count);
        assert_eq!(http.seen().len(), requests, "{count} {links}");
    }
    let http = listed(5, 2, true);
    let mut stream = org(&http).invoices().per_page(2).into_stream();
    assert!(http.seen().is_empty());
    stream.next().await.unwrap().unwrap();
    stream.next().await.unwrap().unwrap();
    assert_eq!(
        http.seen().len(),
        1,
        "a page is asked for when it is needed"
    );
    let error = org(&http).invoices().per_page(0).await.unwrap_err();
    assert!(error.is_input(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn filters_are_sent_and_kept() {
    let http = listed(5, 100, false);
    let paid = [InvoiceStatus::Paid, InvoiceStatus::Closed];
    let period = "2024-09..2024-11".parse().unwrap();
    let found = org(&http)
        .invoices()
        .statuses(paid)
        .period(period)
        .linked(false)
        .await
        .unwrap();
    let starts: Vec<String> = found
        .iter()
        .map(|invoice| invoice.start_date.unwrap().date_naive().to_string())
        .collect();
    assert_eq!(starts, ["2024-10-01", "2024-09-01"]);
    let url = http.seen()[0].url.clone();
    for part in [
        "statusNames=PAID",
        "statusNames=CLOSED",
        "fromDate=2024-09-01",
        "toDate=2024-12-01",
        "viewLinkedInvoices=false",
        "itemsPerPage=100",
    ] {
        assert!(url.contains(part), "{part} in {url}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_repeats_itself_ends_in_an_error() {
    let http = always(
        200,
        JSON,
        r#"{"results":[{"id":"1"}],"links":[{"rel":"next","href":"x"}]}"#,
    );
    let error = org(&http).invoices().await.unwrap_err();
    assert!(error.is_unreadable(), "{error}");
    assert_eq!(http.seen().len(), 2);
    let error = org(&always(200, JSON, "{}")).invoices().await.unwrap_err();
    assert!(error.is_unreadable(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_invoice_is_found_by_status_or_month() {
    let http = listed(5, 100, false);
    assert_eq!(
        org(&http).current_invoice().await.unwrap().line_items.len(),
        2
    );
    let urls: Vec<String> = http.seen().iter().map(|seen| seen.url.clone()).collect();
    assert!(urls[0].contains("statusNames=PENDING"), "{}", urls[0]);
    assert!(
        urls[1].ends_with(&format!("/invoices/{:024}", 1)),
        "{}",
        urls[1]
    );
    let month = "2024-10".parse().unwrap();
    org(&http).invoice_of(month).await.unwrap();
    let url = http.seen().last().unwrap().url.clone();
    assert!(url.ends_with(&format!("/invoices/{:024}", 2)), "{url}");
    let error = org(&http)
        .invoice_of("2023-01".parse().unwrap())
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = org(&listed(1, 100, false))
        .current_invoice()
        .await
        .unwrap_err();
    assert!(
        error.is_not_found() && error.to_string().contains("pending"),
        "{error}"
    );
    let twice = r#"{"results":[
        {"id":"a","startDate":"2024-10-01T00:00:00Z","endDate":"2024-10-05T00:00:00Z"},
        {"id":"b","startDate":"2024-10-05T00:00:00Z","endDate":"2024-11-01T00:00:00Z"}]}"#;
    let error = org(&always(200, JSON, twice))
        .invoice_of(month)
        .await
        .unwrap_err();
    assert!(
        error.is_input() && error.to_string().contains("a, b"),
        "{error}"
    );
}

#[test]
fn what_is_handed_out_may_move_between_threads() {
    fn check<T: Send + Unpin + 'static>() {}
    check::<LineItems>();
    check::<crate::Invoices>();
    check::<crate::InvoiceFile>();
    check::<crate::csv::Records>();
    check::<crate::csv::InvoiceCsv>();
    fn future<T: Send>(_: T) {}
    let http = always(200, JSON, INVOICE);
    future(org(&http).invoice(id()).line_items());
    future(org(&http).invoice(id()).bytes());
    future(org(&http).current_invoice().into_future());
}
