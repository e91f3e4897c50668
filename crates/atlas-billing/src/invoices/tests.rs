//! Invoices over an injected HTTP client: what is requested, and what becomes of each response.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atlas_billing_raw::enums::InvoiceStatus;
use atlas_billing_raw::types::Invoice;
use atlas_billing_raw::{Cents, Number};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::*;
use crate::auth::Credentials;
use crate::client::{Client, Org};
use crate::edge::doubles::{CountingRandom, FakeHttp, TokioClock};
use crate::edge::{BoxFuture, ExchangeError, HttpClient};
use crate::error::{Error, ErrorKind};
use crate::exchange::RetryPolicy;
use crate::id::InvoiceId;
use crate::money::totals::{Dimension, ItemFilter, Totals};
use crate::money::{DailyGroups, Statement, StatementBuilder, TagTotals, Verdict};
use crate::period::Month;
use crate::request::Timeouts;

const JSON: &str = "application/vnd.atlas.2023-01-01+json;charset=utf-8";
const CSV: &str = "application/vnd.atlas.2023-01-01+csv";
const ID: &str = "5f0c00000000000000000001";
const INVOICE: &str = r#"{"amountBilledCents":95,"id":"5f0c00000000000000000001",
    "lineItems":[{"sku":"A","totalPriceCents":100,"quantity":0.1234567890123456789},
                 {"sku":"B","totalPriceCents":-5,"groupId":"g"}],
    "linkedInvoices":[{"id":"5f0c00000000000000000002","lineItems":[{"sku":"A","totalPriceCents":7}]}],
    "statusName":"PENDING","subtotalCents":100}"#;

fn org(http: &Arc<impl HttpClient + 'static>) -> Org {
    Client::builder(Credentials::none())
        .http_client(http.clone())
        .clock(TokioClock::new())
        .random(CountingRandom::new())
        .build()
        .unwrap()
        .org("5f0c2d9e8b7a6c5d4e3f2a1b".parse().unwrap())
}

fn id() -> InvoiceId {
    ID.parse().unwrap()
}

fn response(status: u16, media: &str, body: &str) -> http::Response<Bytes> {
    let response = http::Response::builder().status(status);
    let response = response.header("content-type", media);
    response
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

fn always(status: u16, media: &'static str, body: &str) -> Arc<FakeHttp> {
    let body = body.to_owned();
    FakeHttp::new(move |_, _| Ok(response(status, media, &body)))
}

/// The URLs that were requested.
fn urls(http: &FakeHttp) -> Vec<String> {
    let requests = http.requests();
    requests
        .iter()
        .map(|request| request.uri().to_string())
        .collect()
}

/// The invoice in pieces; the first `broken` bodies end at byte `at`, by an error if `reset`.
#[derive(Debug)]
struct Pieces {
    document: String,
    size: usize,
    broken: usize,
    at: usize,
    reset: bool,
    requests: AtomicUsize,
}

impl Pieces {
    fn new(size: usize) -> Arc<Self> {
        Self::broken(size, 0, 0, false)
    }

    fn broken(size: usize, broken: usize, at: usize, reset: bool) -> Arc<Self> {
        let requests = AtomicUsize::new(0);
        Arc::new(Self {
            document: INVOICE.to_owned(),
            size,
            broken,
            at,
            reset,
            requests,
        })
    }
}

impl HttpClient for Pieces {
    fn execute(
        &self,
        _: reqwest::Request,
    ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>> {
        let broken = self.requests.fetch_add(1, Ordering::Relaxed) < self.broken;
        let end = if broken { self.at } else { self.document.len() };
        let body = &self.document[..end];
        let pieces = body.as_bytes().chunks(self.size);
        let mut all: Vec<std::io::Result<Bytes>> = pieces
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        if broken && self.reset {
            all.push(Err(std::io::ErrorKind::ConnectionReset.into()));
        }
        let body = reqwest::Body::wrap_stream(stream::iter(all));
        let response = http::Response::builder().header("content-type", JSON);
        Box::pin(async { Ok(response.body(body)?.into()) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_invoice_by_its_id_is_one_request() {
    let http = always(200, JSON, INVOICE);
    let invoice = org(&http).invoice(id()).await.unwrap();
    assert_eq!(invoice.line_items.len(), 2);
    let digits: Number = "0.1234567890123456789".parse().unwrap();
    assert_eq!(invoice.line_items[0].quantity, Some(digits));
    let linked = &invoice.linked_invoices[0].line_items[0];
    assert_eq!(linked.gross(), Some(Cents::from(7)));
    assert_eq!(invoice.status_name, Some(InvoiceStatus::Pending));
    let plain: Invoice = serde_json::from_str(INVOICE).unwrap();
    assert_eq!(invoice, plain);
    let (meta, bytes) = org(&http).invoice(id()).bytes().await.unwrap();
    assert_eq!(bytes, INVOICE);
    assert_eq!(meta.resolved_version().unwrap().to_string(), "2023-01-01");
    let found = org(&http).invoice(id()).find().await.unwrap();
    assert_eq!((found.id, found.summary), (id(), None));
    let urls = urls(&http);
    assert_eq!(urls.len(), 2, "{urls:?}");
    assert!(urls[0].ends_with(&format!("/invoices/{ID}")), "{urls:?}");
    let accept = http.requests()[0].headers()["accept"].clone();
    assert_eq!(accept, "application/vnd.atlas.2023-01-01+json");
}

#[tokio::test(start_paused = true)]
async fn items_while_the_invoice_arrives() {
    for size in [1, 7, 1000] {
        for linked in [false, true] {
            let request = org(&Pieces::new(size)).invoice(id()).linked_items(linked);
            let mut items = request.line_items().await.unwrap();
            assert!(items.head().is_none() && items.linked_invoice().is_none());
            let mut skus = Vec::new();
            while let Some(item) = items.next().await {
                skus.push(item.unwrap().sku.unwrap());
                let of = items.linked_invoice().and_then(LinkedInvoice::id);
                assert_eq!(of, (skus.len() > 2).then_some("5f0c00000000000000000002"));
                let partial = items.partial_head();
                assert_eq!(partial.id.as_deref(), Some(ID));
                assert_eq!(partial.status_name, None);
            }
            assert_eq!(skus.join(""), if linked { "ABA" } else { "AB" });
            assert!(items.linked_invoice().is_none());
            assert_eq!(items.head().unwrap().id.as_deref(), Some(ID));
            assert!(items.next().await.is_none());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn sums_over_the_stream_are_those_over_the_items() {
    let org = org(&Pieces::new(10));
    let by = [Dimension::Sku, Dimension::Project];
    let whole = org.invoice(id()).await.unwrap();
    let items = org.invoice(id()).line_items().await.unwrap();
    let sums = items.total_by(&by).await.unwrap();
    assert_eq!(sums.totals, Totals::of(&whole.line_items, &by));
    let statement = Statement::of(&whole);
    let without_prices = Statement {
        prices: None,
        findings: sums.statement.findings.clone(),
        ..statement.clone()
    };
    assert_eq!(sums.statement, without_prices);
    assert_eq!(sums.head.subtotal_cents, Some(Cents::from(100)));
    let request = org.invoice(id()).linked_items(true);
    let all = request
        .line_items()
        .await
        .unwrap()
        .total_by(&by)
        .await
        .unwrap();
    let total = all.totals.total();
    assert_eq!((total.count, total.gross), (3, Cents::from(102)));
    assert_eq!(all.statement, sums.statement);

    for linked in [false, true] {
        let request = || org.invoice(id()).linked_items(linked).line_items();
        let items = request().await.unwrap();
        assert_eq!(items.statement().await.unwrap(), statement);
        let mut items = request().await.unwrap();
        let mut builder = StatementBuilder::new();
        while let Some(item) = items.next().await {
            let item = item.unwrap();
            if items.linked_invoice().is_none() {
                builder.add(&item);
            }
        }
        assert_eq!(builder.finish(items.head().unwrap()), statement);
        let mut items = request().await.unwrap();
        items.next().await.unwrap().unwrap();
        let error = items.statement().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
    }
    assert_eq!(statement.items.gross, Cents::from(95));
    assert_eq!(statement.subtotal[0].difference, Some(Cents::ZERO));
    assert!(matches!(statement.verdict, Verdict::Reconciled));
}

#[tokio::test(start_paused = true)]
async fn charges_by_day_are_those_of_the_items() {
    let org = org(&Pieces::new(10));
    let whole = org.invoice(id()).await.unwrap();
    let all = whole.line_items.iter().collect();
    for by in [
        &[][..],
        &[Dimension::Sku],
        &[Dimension::Project, Dimension::tag("team")],
    ] {
        let items = org.invoice(id()).line_items().await.unwrap();
        let days = items.daily(by, &ItemFilter::new()).await.unwrap();
        assert_eq!((&days.daily.total(), &days.all), (&all, &all));
        let mut groups = DailyGroups::new(by);
        whole.line_items.iter().for_each(|item| groups.add(item));
        assert_eq!(days.daily.groups(), groups.groups());
        assert_eq!(days.head.id.as_deref(), Some(ID));
    }
    let items = org.invoice(id()).line_items().await.unwrap();
    let filter = ItemFilter::new().with_skus(["A"]);
    let days = items.daily(&[], &filter).await.unwrap();
    assert_eq!(days.daily.total().total().count, 1);
    assert_eq!(days.all, all);
}

#[tokio::test(start_paused = true)]
async fn tags_are_those_of_the_items() {
    let org = org(&Pieces::new(10));
    let whole = org.invoice(id()).await.unwrap();
    let items = org.invoice(id()).line_items().await.unwrap();
    let found = items.tags(&ItemFilter::new()).await.unwrap();
    let tags: TagTotals = whole.line_items.iter().collect();
    assert_eq!(found.tags.keys(), tags.keys());
    assert_eq!(found.tags.untagged(), tags.untagged());
    assert_eq!(found.head.id.as_deref(), Some(ID));
    let items = org.invoice(id()).line_items().await.unwrap();
    let filter = ItemFilter::new().with_skus(["A"]);
    assert_eq!(items.tags(&filter).await.unwrap().tags.total().count, 1);
}

#[tokio::test(start_paused = true)]
async fn one_pass_has_what_several_have() {
    let org = org(&Pieces::new(10));
    let own = org.invoice(id()).await.unwrap();
    let by = [Dimension::Cluster, Dimension::Sku];
    for linked in [false, true] {
        let request = || org.invoice(id()).linked_items(linked).line_items();
        let sums = request().await.unwrap().sums(&by, &[Dimension::Sku]);
        let sums = sums.await.unwrap();
        assert_eq!(sums.totals, Totals::of(&own.line_items, &by));
        assert_eq!(sums.tags.total(), own.line_items.iter().collect());
        let values = Totals::of(&own.line_items, &[Dimension::tag("team")]);
        assert_eq!(sums.tags.by("team"), values);
        let mut daily = DailyGroups::new(&[Dimension::Sku]);
        own.line_items.iter().for_each(|item| daily.add(item));
        assert_eq!(sums.daily.groups(), daily.groups());
        assert_eq!(sums.statement, Statement::of(&own));
        assert_eq!(sums.head.id.as_deref(), Some(ID));
        let tag = [Dimension::tag("team")];
        let refused = request().await.unwrap().sums(&tag, &[]).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Input);
    }
}

#[tokio::test(start_paused = true)]
async fn an_envelope_is_taken_off_and_an_error_comes_out() {
    for body in [
        format!(r#"{{"status":200,"content":{INVOICE}}}"#),
        format!(r#"{{"envelope":{INVOICE},"status":200}}"#),
        format!("\u{feff}{INVOICE}"),
    ] {
        let http = always(200, JSON, &body);
        let invoice = org(&http).invoice(id()).await.unwrap();
        assert_eq!(invoice.line_items.len(), 2);
        assert_eq!(org(&http).invoice(id()).bytes().await.unwrap().1, INVOICE);
        let document = stream::iter([Ok(Bytes::from(body))]);
        let items = LineItems::new(document, InvoiceLimits::default(), true);
        assert_eq!(items.into_invoice().await.unwrap(), invoice);
    }
    let document = format!(r#"{{"status":200,"x":{{1"a":2}},"content":{INVOICE}}}"#);
    let document = stream::iter([Ok(Bytes::from(document))]);
    let items = LineItems::new(document, InvoiceLimits::default(), true);
    let error = items.into_invoice().await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Decode,
        "invalid around the content"
    );
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
        (200, "{}".to_owned(), ErrorKind::Decode),
        (
            200,
            r#"{"lineItems":[{"sku":"A"}]}"#.to_owned(),
            ErrorKind::Decode,
        ),
        (
            200,
            format!(r#"{{"id":"x","content":{INVOICE}}}"#),
            ErrorKind::Decode,
        ),
        (
            200,
            r#"{"status":200,"content":{"id":"a"},"lineItems":[]}"#.to_owned(),
            ErrorKind::Decode,
        ),
        (200, "<html>busy</html>".to_owned(), ErrorKind::Decode),
        (200, "[]".to_owned(), ErrorKind::Decode),
        (200, INVOICE[..200].to_owned(), ErrorKind::Truncated),
    ] {
        let http = always(status, JSON, &body);
        let request = org(&http).invoice(id()).retry(RetryPolicy::none());
        let error = request.clone().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{body}: {error}");
        assert_eq!(error.operation(), Some("getOrgInvoice"));
        let content_alone_is_an_invoice = body.contains(r#""content":{"id":"a"}"#);
        let bytes = request.clone().bytes().await;
        assert_eq!(bytes.is_ok(), content_alone_is_an_invoice, "{body}");
        let streamed = match request.line_items().await {
            Ok(items) => items.collect::<Vec<_>>().await.pop().unwrap().unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(streamed.kind(), kind, "{body}: {streamed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_truncated_body_is_an_error_and_a_whole_invoice_is_retried() {
    for (at, reset) in [(150, true), (150, false), (INVOICE.len() - 1, true)] {
        let http = Pieces::broken(20, 9, at, reset);
        let items = org(&http).invoice(id()).line_items().await.unwrap();
        let items: Vec<_> = items.collect().await;
        let error = items.last().unwrap().as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated);
        let requests = http.requests.load(Ordering::Relaxed);
        assert_eq!(requests, 1, "a stream is not retried");
        let http = Pieces::broken(20, 2, at, reset);
        let invoice: Invoice = org(&http).invoice(id()).await.unwrap();
        let requests = http.requests.load(Ordering::Relaxed);
        assert_eq!((invoice.line_items.len(), requests), (2, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_item_is_named_and_not_shown() {
    for (bad, path) in [
        (
            r#"{"totalPriceCents":"private"}"#,
            "$.lineItems[2].totalPriceCents",
        ),
        (r#"{"quantity":{"private":1}}"#, "$.lineItems[2].quantity"),
        (
            r#"{"tags":{"t":["private",1]}}"#,
            "$.lineItems[2].tags.t[1]",
        ),
        ("7", "$.lineItems[2]"),
    ] {
        let body = INVOICE.replace(r#""groupId":"g"}"#, &format!(r#""groupId":"g"}},{bad}"#));
        let http = always(200, JSON, &body);
        let error = org(&http).invoice(id()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(error.json_path(), Some(path), "{error}");
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("private") && !shown.contains(" column "),
            "{shown}"
        );
        assert!(std::error::Error::source(&error).is_none());
    }
    let body = INVOICE.replace("\"subtotalCents\":100", "\"subtotalCents\":\"private\"");
    let error = org(&always(200, JSON, &body))
        .invoice(id())
        .await
        .unwrap_err();
    assert_eq!(error.json_path(), Some("$.subtotalCents"));
    assert!(!format!("{error} {error:?}").contains("private"));
}

#[tokio::test(start_paused = true)]
async fn a_small_invoice_decoded_in_one_go_is_the_same_as_in_pieces() {
    let items = r#""lineItems":[{"sku":"A"}]"#;
    let wrapped = format!(r#"{{"status":200,"content":{INVOICE}}}"#);
    let misplaced = format!(r#"{{{items},"status":200,"content":{{"id":"{ID}"}}}}"#);
    let of = |rest: &str| format!(r#"{{"id":"{ID}"{rest}}}"#);
    for document in [
        INVOICE,
        &wrapped,
        &misplaced,
        &of(""),
        &of(&format!(r#","content":{INVOICE}"#)),
        &of(r#","lineItems":null"#),
        &of(&format!(",{items},{items}")),
        &of(r#","lineItems":[{"sku":"A"},{"sku":"B"}],"linkedInvoices":null"#),
        &of(r#","linkedInvoices":[{"linkedInvoices":[{"lineItems":[{"sku":"C"}]}]}]"#),
        &of(r#","lineItems":[7]"#),
        &of(r#","subtotalCents":"x""#),
        &of(r#","subtotalCents":1,"subtotalCents":2"#),
        &of("} {"),
        &format!("\u{feff}{INVOICE}"),
        &INVOICE[..INVOICE.len() - 1],
        r#"{"lineItems":[]}"#,
        r#"{"error":404,"errorCode":"NOT_FOUND"}"#,
        r#"{"status":102}"#,
        "[]",
        "<html>",
        "",
    ] {
        let outcome = async |size: usize| {
            let http = Arc::new(Pieces {
                document: document.to_owned(),
                size,
                broken: 0,
                at: 0,
                reset: false,
                requests: AtomicUsize::new(0),
            });
            let request = org(&http).invoice(id()).retry(RetryPolicy::none());
            let told = |error: Error| (error.kind(), error.to_string());
            request.await.map_err(told)
        };
        assert_eq!(outcome(1 << 20).await, outcome(7).await, "{document}");
    }
}

#[tokio::test(start_paused = true)]
async fn limits_are_kept() {
    let http = always(200, JSON, INVOICE);
    let kind = |error: Error| error.kind();
    let request = org(&http).invoice(id());
    let too_large = Err(ErrorKind::TooLarge);
    let small = InvoiceLimits::default().with_item(20);
    assert_eq!(request.clone().limits(small).await.map_err(kind), too_large);
    let small = InvoiceLimits::default().with_head(20);
    assert_eq!(request.clone().limits(small).await.map_err(kind), too_large);
    assert_eq!(request.clone().max_body(100).await.map_err(kind), too_large);
    let items = request.max_body(100).line_items().await.unwrap();
    assert_eq!(items.total_by(&[]).await.unwrap().totals.total().count, 2);
}

const FILE: &str =
    "Invoice Number,5f0c00000000000000000001,\n\nDate,SKU,Amount\n03/01/2025,Atlas,1.50\n";

#[tokio::test(start_paused = true)]
async fn the_file_in_each_form() {
    let text = serde_json::to_string(FILE).unwrap();
    let enveloped = format!(r#"{{"status":200,"content":{text}}}"#);
    for (media, body) in [(CSV, FILE), (JSON, enveloped.as_str())] {
        let http = always(200, media, body);
        let file = || org(&http).invoice(id()).csv();
        assert_eq!(file().await.unwrap().bytes().await.unwrap(), FILE);
        let mut rows = file().await.unwrap().invoice_rows();
        let preamble = rows.read_preamble().await.unwrap();
        assert_eq!(preamble.invoice_number(), Some(ID));
        let row = rows.next().await.unwrap().unwrap();
        assert_eq!(row.amount.unwrap().to_string(), "1.50");
        let mut records = file().await.unwrap().records();
        let record = records.next().await.unwrap().unwrap();
        assert_eq!(record.get("SKU"), Some("Atlas"));
        assert!(records.next().await.is_none());
        assert_eq!(http.requests()[0].headers()["accept"], CSV);
    }
    let http = always(200, "text/html", "<html>");
    let error = org(&http).invoice(id()).csv().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let http = always(200, JSON, r#"{"error":403,"errorCode":"X"}"#);
    let error = org(&http).invoice(id()).csv().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
}

/// The invoice of `month`, as the list shows it; its id is made of the month.
fn summary(month: Month, status: &str) -> String {
    let digits = month.to_string().replace('-', "");
    let (start, end) = (month.first_day(), month.next().first_day());
    format!(
        r#"{{"id":"{digits:0>24}","statusName":"{status}","startDate":"{start}T00:00:00Z","endDate":"{end}T00:00:00Z"}}"#
    )
}

/// A service with one invoice for each month back from March 2025, two of them pending, whose list
/// has pages of `per_page` and knows no filter.
fn listed(count: usize, per_page: usize, links: bool) -> Arc<FakeHttp> {
    let mut month: Month = "2025-03".parse().unwrap();
    let mut all = Vec::new();
    for index in 0..count {
        all.push(summary(month, if index < 2 { "PENDING" } else { "PAID" }));
        month = month.prev();
    }
    FakeHttp::new(move |_, request| {
        let url: url::Url = request.uri().to_string().parse()?;
        let mut query = url.query_pairs();
        let Some((_, page)) = query.find(|(key, _)| key == "pageNum") else {
            return Ok(response(200, JSON, INVOICE));
        };
        let first = ((page.parse::<usize>()? - 1) * per_page).min(count);
        let last = (first + per_page).min(count);
        let links = match (links, last < count) {
            (false, _) => "",
            (true, true) => r#","links":[{"rel":"self"},{"rel":"next"}]"#,
            (true, false) => r#","links":[{"rel":"self"}]"#,
        };
        let body = format!(r#"{{"results":[{}]{links}}}"#, all[first..last].join(","));
        Ok(response(200, JSON, &body))
    })
}

#[tokio::test(start_paused = true)]
async fn the_list_is_read_page_by_page() {
    for (count, links, requests) in [
        (0, false, 1),
        (0, true, 1),
        (5, false, 3),
        (5, true, 3),
        // A full page without a link to another one may have one behind it all the same.
        (4, true, 3),
        (4, false, 3),
    ] {
        let http = listed(count, 2, links);
        let all = org(&http).invoices().per_page(2).await.unwrap();
        assert_eq!(all.len(), count);
        assert_eq!(http.requests().len(), requests, "{count} {links}");
    }
    let http = listed(5, 2, true);
    let mut stream = org(&http).invoices().per_page(2).stream();
    assert!(http.requests().is_empty());
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!(
        InvoiceId::try_from(&first).unwrap().as_str(),
        first.id.unwrap()
    );
    stream.next().await.unwrap().unwrap();
    assert_eq!(
        http.requests().len(),
        1,
        "a page is fetched when it is needed"
    );
    let error = org(&http).invoices().per_page(0).await.unwrap_err();
    assert!(error.is_input(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn filters_are_sent_and_kept() {
    let http = listed(5, 100, false);
    let found = org(&http)
        .invoices()
        .statuses([InvoiceStatus::Paid, InvoiceStatus::Closed])
        .period("2024-12..2025-02".parse::<crate::period::Months>().unwrap())
        .linked(false)
        .await
        .unwrap();
    let starts = found.iter().filter_map(|invoice| invoice.start_date);
    let starts: Vec<String> = starts.map(|start| start.date_naive().to_string()).collect();
    assert_eq!(starts, ["2025-01-01", "2024-12-01"]);
    let url = &urls(&http)[0];
    for part in [
        "statusNames=PAID",
        "statusNames=CLOSED",
        "fromDate=2024-12-01",
        "toDate=2025-03-01",
        "viewLinkedInvoices=false",
        "itemsPerPage=100",
        "sortBy=END_DATE",
        "orderBy=desc",
    ] {
        assert!(url.contains(part), "{part} in {url}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_repeats_itself_or_is_none_ends_in_an_error() {
    let page = r#"{"results":[{"id":"1"}],"links":[{"rel":"next","href":"x"}]}"#;
    let http = always(200, JSON, page);
    let error = org(&http).invoices().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(http.requests().len(), 2);
    for body in ["{}", r#"{"results":null}"#, "[]", "<html>"] {
        let http = always(200, JSON, body);
        let error = org(&http).invoices().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert_eq!(error.operation(), Some("listOrgInvoices"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_invoice_is_found_by_status_end_or_month() {
    // It is 10 March 2025: that of February is pending still.
    let http = listed(5, 100, false);
    let org = org(&http);
    for (request, filters, id) in [
        (
            org.current_invoice(),
            &["statusNames=PENDING"][..],
            "202503",
        ),
        (org.last_invoice(), &["toDate=2025-03-10"], "202502"),
        (
            org.invoice_of("2025-01".parse().unwrap()),
            &["fromDate=2025-01-01", "toDate=2025-02-01"],
            "202501",
        ),
    ] {
        let before = http.requests().len();
        assert_eq!(request.await.unwrap().line_items.len(), 2);
        let urls = urls(&http).split_off(before);
        assert_eq!(urls.len(), 2, "{urls:?}");
        for filter in [filters, &["viewLinkedInvoices=false"]].concat() {
            assert!(urls[0].contains(filter), "{filter} in {}", urls[0]);
        }
        assert!(
            urls[1].ends_with(&format!("/invoices/{id:0>24}")),
            "{}",
            urls[1]
        );
    }
    let found = org.current_invoice().find().await.unwrap();
    let passed_over = found.passed_over[0].id.as_deref();
    assert_eq!(passed_over, Some("000000000000000000202502"));
    let error = org
        .invoice_of("2023-01".parse().unwrap())
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(error.operation(), Some("listOrgInvoices"));
}

#[tokio::test(start_paused = true)]
async fn the_list_is_read_only_as_far_as_needed() {
    let http = listed(500, 100, true);
    for (request, requests) in [
        (org(&http).current_invoice(), 1),
        (org(&http).last_invoice(), 1),
        (org(&http).invoice_of("2025-01".parse().unwrap()), 1),
        (org(&http).invoice_of("2010-01".parse().unwrap()), 2),
    ] {
        let before = http.requests().len();
        request.find().await.unwrap();
        assert_eq!(http.requests().len() - before, requests);
    }
}

#[tokio::test(start_paused = true)]
async fn one_deadline_holds_for_the_pages_and_the_invoice() {
    #[derive(Debug)]
    struct Slow(Arc<FakeHttp>);
    impl HttpClient for Slow {
        fn execute(
            &self,
            request: reqwest::Request,
        ) -> BoxFuture<'_, Result<reqwest::Response, ExchangeError>> {
            Box::pin(async {
                tokio::time::sleep(Duration::from_secs(4)).await;
                self.0.execute(request).await
            })
        }
    }
    let timeouts = |seconds| Timeouts::default().with_total(Duration::from_secs(seconds));
    let http = Arc::new(Slow(listed(5, 2, true)));
    let last = || org(&http).last_invoice();
    assert!(last().timeouts(timeouts(9)).await.is_ok());
    let error = last().timeouts(timeouts(7)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    let list = || org(&http).invoices().per_page(2);
    assert_eq!(list().timeouts(timeouts(13)).await.unwrap().len(), 5);
    let error = list().timeouts(timeouts(11)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
}

#[test]
fn what_is_handed_out_may_move_between_threads() {
    fn check<T: Send + Unpin + 'static>() {}
    check::<LineItems>();
    check::<Invoices>();
    check::<crate::request::CsvFile>();
    check::<crate::stream::csv::Records>();
    check::<crate::stream::csv::InvoiceCsv>();
    fn future<T: Send>(_: T) {}
    let org = org(&always(200, JSON, INVOICE));
    future(org.invoice(id()).line_items());
    future(org.invoice(id()).bytes());
    future(org.invoice(id()).csv());
    future(org.last_invoice().find());
    future(org.current_invoice().into_future());
}
