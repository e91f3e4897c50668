//! The bytes of each request, per operation, version and form; and that there are no more of them
//! than a call needs.

use std::sync::Arc;
use std::time::Duration;

use atlas_billing::edge::{BoxFuture, Clock, SystemClock};
use atlas_billing::{ApiVersion, CallOptions, GroupBy, InvoiceStatus, Month, Months, Service};
use atlas_billing_mock::{Fault, On, Operation};
use atlas_billing_tests::capture::{Capture, message};
use atlas_billing_tests::planted::Identity;
use atlas_billing_tests::protocol::Protocol;

use crate::calls::call;
use crate::{CSV, INVOICE, JSON, january, org_of, quick};

const TOKEN: &str = "0123456789abcdefABCDEF0123456789abcdefABCDEF0123456789abcdefABCD";

/// The lines of a request, one a header, in the order they are sent; `…` is the organization.
#[track_caller]
fn assert_request(request: &str, expected: &[&str], body: &str) {
    let (head, sent) = request.split_once("\n\n").unwrap();
    let head = head.replace("5f0c1d2e3a4b5c6d7e8f9a0b", "…");
    let lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines, expected);
    assert_eq!(sent, body);
}

fn user_agent() -> String {
    format!(
        "user-agent: my-report/1.2 atlas-billing/{}",
        env!("CARGO_PKG_VERSION")
    )
}

fn client(capture: &Capture) -> atlas_billing::Org {
    let builder = quick(Some(Identity::Bearer), &capture.origin()).user_agent("my-report/1.2");
    org_of(Protocol::Http1.on(builder))
}

fn version(text: &str) -> ApiVersion {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_query_is_created() {
    let created = message("202 Accepted", JSON, &format!(r#"{{"token":"{TOKEN}"}}"#));
    let capture = Capture::responding([created.clone(), created.clone(), created]).await;
    let org = client(&capture);
    let months = || Months::new(january(), Month::new(2025, 3).unwrap()).unwrap();
    let query = org.costs(months()).start().await.unwrap();
    assert_eq!(query.token().as_str(), TOKEN, "its case is kept");
    let _ = org
        .costs(months())
        .group_by(GroupBy::Services)
        .services([Service::Clusters, "Sand".into()])
        .version(version("2025-03-12"))
        .start()
        .await
        .unwrap();
    let _ = org
        .costs(january())
        .group_by(GroupBy::Projects)
        .projects(["5f0c1d2e3a4b5c6d7e8f9a0c"])
        .include_partial_matches(false)
        .start()
        .await
        .unwrap();

    let requests = capture.requests();
    for (request, (version, body)) in requests.iter().zip([
        ("2023-01-01", r#"{"endDate":"2025-04-01","startDate":"2025-01-01"}"#),
        (
            "2025-03-12",
            r#"{"endDate":"2025-04-01","groupBy":"services","services":["Clusters","Sand"],"startDate":"2025-01-01"}"#,
        ),
        (
            "2023-01-01",
            r#"{"endDate":"2025-02-01","groupBy":"projects","includePartialMatches":false,"projects":["5f0c1d2e3a4b5c6d7e8f9a0c"],"startDate":"2025-01-01"}"#,
        ),
    ]) {
        let accept = format!("accept: application/vnd.atlas.{version}+json");
        let content_type = format!("content-type: application/vnd.atlas.{version}+json");
        let length = format!("content-length: {}", body.len());
        let expected = [
            "POST /api/atlas/v2/orgs/…/billing/costExplorer/usage HTTP/1.1",
            &content_type,
            &accept,
            "authorization: Bearer planted.bearer.token",
            "accept-encoding: gzip",
            &user_agent(),
            "host: HOST",
            &length,
        ];
        assert_request(request, &expected, body);
    }
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn a_query_is_polled_in_json_and_fetched_in_either_form() {
    let done = message(
        "200 OK",
        JSON,
        r#"{"status":200,"content":{"usageDetails":[]}}"#,
    );
    let file = message("200 OK", CSV, "a,b\n1,2\n");
    let capture = Capture::responding([done.clone(), done, file]).await;
    let org = client(&capture);
    let report = org.resume(TOKEN.parse().unwrap()).await.unwrap();
    assert!(report.rows().is_empty());
    let file = org
        .resume(TOKEN.parse().unwrap())
        .options(CallOptions::new().with_version(version("2024-10-23")))
        .csv()
        .await
        .unwrap();
    assert_eq!(file.bytes().await.unwrap(), "a,b\n1,2\n");

    let path = format!("GET /api/atlas/v2/orgs/…/billing/costExplorer/usage/{TOKEN}");
    let requests = capture.requests();
    for (request, (query, media)) in requests.iter().zip([
        ("?envelope=true", "2023-01-01+json"),
        ("?envelope=true", "2024-10-23+json"),
        // A file is requested as it is.
        ("", "2024-10-23+csv"),
    ]) {
        let expected = [
            &*format!("{path}{query} HTTP/1.1"),
            &format!("accept: application/vnd.atlas.{media}"),
            "authorization: Bearer planted.bearer.token",
            "accept-encoding: gzip",
            &user_agent(),
            "host: HOST",
        ];
        assert_request(request, &expected, "");
    }
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn an_invoice_in_each_form_and_version() {
    let json = message(
        "200 OK",
        JSON,
        &format!(r#"{{"id":"{INVOICE}","lineItems":[]}}"#),
    );
    let csv = message("200 OK", CSV, "Invoice Number,1,\n\nDate\n");
    let capture = Capture::responding([json.clone(), csv.clone(), json.clone(), csv, json]).await;
    let org = client(&capture);
    let invoice = || org.invoice(INVOICE.parse().unwrap());
    invoice().await.unwrap();
    drop(invoice().csv().await.unwrap());
    invoice()
        .version(version("2099-12-31"))
        .line_items()
        .await
        .unwrap();
    drop(invoice().version(version("preview")).csv().await.unwrap());
    invoice().bytes().await.unwrap();

    let requests = capture.requests();
    for (request, media) in requests.iter().zip([
        "2023-01-01+json",
        "2023-01-01+csv",
        "2099-12-31+json",
        "preview+csv",
        "2023-01-01+json",
    ]) {
        let expected = [
            &*format!("GET /api/atlas/v2/orgs/…/invoices/{INVOICE} HTTP/1.1"),
            &format!("accept: application/vnd.atlas.{media}"),
            "authorization: Bearer planted.bearer.token",
            "accept-encoding: gzip",
            &user_agent(),
            "host: HOST",
        ];
        assert_request(request, &expected, "");
    }
    assert_eq!(requests.len(), 5);
}

#[tokio::test]
async fn the_list_and_its_filters() {
    let page = message("200 OK", JSON, r#"{"results":[],"totalCount":0}"#);
    let capture = Capture::responding([page.clone(), page]).await;
    let org = client(&capture);
    org.invoices().await.unwrap();
    org.invoices()
        .statuses([InvoiceStatus::Paid, "SOMETHING NEW".into()])
        .period("2024-12..2025-02".parse::<Months>().unwrap())
        .linked(false)
        .per_page(7)
        .await
        .unwrap();

    let requests = capture.requests();
    for (request, query) in requests.iter().zip([
        "itemsPerPage=100&orderBy=desc&pageNum=1&sortBy=END_DATE&viewLinkedInvoices=true",
        "fromDate=2024-12-01&itemsPerPage=7&orderBy=desc&pageNum=1&sortBy=END_DATE&statusNames=PAID\
         &statusNames=SOMETHING+NEW&toDate=2025-03-01&viewLinkedInvoices=false",
    ]) {
        let expected = [
            &*format!("GET /api/atlas/v2/orgs/…/invoices?{query} HTTP/1.1"),
            "accept: application/vnd.atlas.2023-01-01+json",
            "authorization: Bearer planted.bearer.token",
            "accept-encoding: gzip",
            &user_agent(),
            "host: HOST",
        ];
        assert_request(request, &expected, "");
    }
    assert_eq!(requests.len(), 2);
}

/// An invoice by its id is one request, whatever the list responds.
#[tokio::test]
async fn an_invoice_by_id_is_one_request() {
    let on = On::operation(Operation::Invoices);
    let stand_in = crate::stand_in(crate::scenario().fault(on, Fault::Status(500))).await;
    for protocol in Protocol::BOTH {
        let org = crate::org(protocol, &stand_in.base_url());
        for name in ["invoice", "items", "sums", "bytes", "file"] {
            call(name, &org).await.unwrap();
            let requests = stand_in.requests();
            assert_eq!(requests.len(), 1, "{protocol} {name}");
            assert_eq!(requests[0].operation, Operation::Invoice);
            assert_eq!(requests[0].query(), None);
            stand_in.forget_requests();
        }
        let found = org.invoice(INVOICE.parse().unwrap()).find().await.unwrap();
        assert_eq!((found.id.as_str(), found.summary), (INVOICE, None));
        assert!(stand_in.requests().is_empty());
    }
}

/// What is looked up is requested with filters, without linked invoices, and read only as far as
/// needed.
#[tokio::test]
async fn an_invoice_is_looked_up_in_a_list_of_few() {
    let today = "2025-03-02".parse().unwrap();
    let scenario = atlas_billing_mock::Scenario::builder().today(today);
    let stand_in = crate::stand_in(scenario.with_previous_month_pending()).await;
    let builder = Protocol::Http1.on(quick(None, &stand_in.base_url()));
    let org = org_of(builder.clock(Arc::new(Fixed)));
    let common = "itemsPerPage=100&orderBy=desc&pageNum=1&sortBy=END_DATE";
    for (request, month, pending, query) in [
        (
            org.current_invoice(),
            "2025-03",
            true,
            format!("{common}&statusNames=PENDING&viewLinkedInvoices=false"),
        ),
        (
            org.last_invoice(),
            "2025-02",
            true,
            format!("{common}&toDate=2025-03-02&viewLinkedInvoices=false"),
        ),
        (
            org.invoice_of(january()),
            "2025-01",
            false,
            format!("fromDate=2025-01-01&{common}&toDate=2025-02-01&viewLinkedInvoices=false"),
        ),
    ] {
        let found = request.clone().find().await.unwrap();
        let summary = found.summary.unwrap();
        let start = summary.start_date.unwrap().to_string();
        assert!(start.starts_with(month), "{start}");
        assert_eq!(summary.status_name == Some(InvoiceStatus::Pending), pending);
        let invoice = request.await.unwrap();
        assert_eq!(invoice.id.as_deref(), Some(found.id.as_str()));
        let requests = stand_in.requests();
        let queries: Vec<_> = requests.iter().map(|request| request.query()).collect();
        assert_eq!(queries, [Some(&*query), Some(&*query), None]);
        stand_in.forget_requests();
    }
}

/// The machine's clock on the second of March 2025.
#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn elapsed(&self) -> Duration {
        SystemClock::new().elapsed()
    }

    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        "2025-03-02T12:00:00Z".parse().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        SystemClock::new().sleep(duration)
    }
}

#[tokio::test]
async fn a_path_before_the_api_is_kept() {
    let json = message("200 OK", JSON, &format!(r#"{{"id":"{INVOICE}"}}"#));
    let capture = Capture::responding([json.clone(), json]).await;
    for base in ["/atlas", "/atlas/"] {
        let builder = quick(None, &format!("{}{base}", capture.origin()));
        let org = org_of(Protocol::Http1.on(builder));
        org.invoice(INVOICE.parse().unwrap()).await.unwrap();
    }
    for request in capture.requests() {
        let line = request.lines().next().unwrap();
        assert!(line.starts_with("GET /atlas/api/atlas/v2/orgs/"), "{line}");
    }
}

#[tokio::test]
async fn a_version_before_the_first_is_rejected_before_anything_is_sent() {
    let capture = Capture::responding([""; 0]).await;
    let org = client(&capture);
    let error = org
        .invoice(INVOICE.parse().unwrap())
        .version(version("2022-12-31"))
        .await
        .unwrap_err();
    assert!(error.is_input(), "{error}");
    assert_eq!(capture.requests().len(), 0);
}

/// The same over HTTP/2, where header names are lower case and the host is no header: what the
/// stand-in recorded is compared field by field.
#[tokio::test]
async fn http2_carries_the_same_headers() {
    let stand_in = crate::stand_in(crate::scenario()).await;
    let mut seen = Vec::new();
    for protocol in Protocol::BOTH {
        let builder = quick(Some(Identity::Bearer), &stand_in.base_url());
        let org = org_of(protocol.on(builder));
        stand_in.forget_requests();
        drop(org.costs(january()).csv().await.unwrap());
        drop(org.invoice(INVOICE.parse().unwrap()).csv().await.unwrap());
        org.invoices().await.unwrap();
        let requests = stand_in.requests();
        let fields: Vec<Vec<(String, String)>> = requests
            .iter()
            .map(|request| {
                let names = request.request.headers.iter();
                let mut fields: Vec<(String, String)> = names
                    .filter(|(name, _)| !["host", "content-length"].contains(&name.as_str()))
                    .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                    .collect();
                fields.sort();
                fields
            })
            .collect();
        assert_eq!(fields.len(), 5);
        seen.push(fields);
    }
    assert_eq!(seen[0], seen[1]);
}
