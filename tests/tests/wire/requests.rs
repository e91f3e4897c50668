//! The very bytes of each request: per operation, version and form.

use atlas_billing::{ApiVersion, GroupBy, InvoiceStatus, Service};
use atlas_billing_tests::capture::{Capture, message};
use atlas_billing_tests::planted::Identity;
use atlas_billing_tests::protocol::Protocol;

use crate::{CSV, INVOICE, JSON, org_of, quick};

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
    let capture = Capture::answering([created.clone(), created.clone(), created]).await;
    let org = client(&capture);
    let months = "2025-01..2025-03".parse().unwrap();
    let asked = || {
        org.costs(months)
            .services([Service::Clusters, "Sand".into()])
    };
    let query = asked().start().await.unwrap();
    assert_eq!(query.token().as_str(), TOKEN, "its case is kept");
    let later = asked().version(version("2025-03-12")).start().await;
    drop(later.unwrap());
    let _ = org
        .costs(months)
        .group_by(GroupBy::Projects)
        .projects(["5f0c1d2e3a4b5c6d7e8f9a0c"])
        .include_partial_matches(false)
        .start()
        .await
        .unwrap();

    let body = r#"{"endDate":"2025-04-01","groupBy":"services","services":["Clusters","Sand"],"startDate":"2025-01-01"}"#;
    let requests = capture.requests();
    for (request, version) in requests.iter().zip(["2023-01-01", "2025-03-12"]) {
        let accept = format!("accept: application/vnd.atlas.{version}+json");
        let content_type = format!("content-type: application/vnd.atlas.{version}+json");
        let length = format!("content-length: {}", body.len());
        let expected = [
            "POST /api/atlas/v2/orgs/…/billing/costExplorer/usage HTTP/1.1",
            &content_type,
            &accept,
            "authorization: Bearer planted.bearer.token",
            &user_agent(),
            "accept-encoding: gzip",
            "host: HOST",
            &length,
        ];
        assert_request(request, &expected, body);
    }
    let (_, body) = requests[2].split_once("\n\n").unwrap();
    let expected = r#"{"endDate":"2025-04-01","groupBy":"projects","includePartialMatches":false,"projects":["5f0c1d2e3a4b5c6d7e8f9a0c"],"startDate":"2025-01-01"}"#;
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_query_is_looked_at_in_json_and_fetched_in_either_form() {
    let done = message(
        "200 OK",
        JSON,
        r#"{"status":200,"content":{"usageDetails":[]}}"#,
    );
    let file = message("200 OK", CSV, "a,b\n1,2\n");
    let capture = Capture::answering([done.clone(), done, file]).await;
    let org = client(&capture);
    let report = org.resume(TOKEN.parse().unwrap()).await.unwrap();
    assert!(report.rows().is_empty());
    let file = org
        .resume(TOKEN.parse().unwrap())
        .version(version("2024-10-23"))
        .csv()
        .await
        .unwrap();
    assert_eq!(file.bytes().await.unwrap(), "a,b\n1,2\n");

    let path = format!("GET /api/atlas/v2/orgs/…/billing/costExplorer/usage/{TOKEN}");
    let requests = capture.requests();
    for (request, (query, media)) in requests.iter().zip([
        ("?envelope=true", "2023-01-01+json"),
        ("?envelope=true", "2024-10-23+json"),
        // A file is wanted as it is.
        ("", "2024-10-23+csv"),
    ]) {
        let expected = [
            &*format!("{path}{query} HTTP/1.1"),
            &format!("accept: application/vnd.atlas.{media}"),
            "authorization: Bearer planted.bearer.token",
            &user_agent(),
            "accept-encoding: gzip",
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
    let capture = Capture::answering([json.clone(), csv.clone(), json.clone(), csv, json]).await;
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
            &user_agent(),
            "accept-encoding: gzip",
            "host: HOST",
        ];
        assert_request(request, &expected, "");
    }
    assert_eq!(requests.len(), 5);
}

#[tokio::test]
async fn the_list_and_its_filters() {
    let page = message("200 OK", JSON, r#"{"results":[],"totalCount":0}"#);
    let capture = Capture::answering([page.clone(), page]).await;
    let org = client(&capture);
    org.invoices().await.unwrap();
    org.invoices()
        .statuses([InvoiceStatus::Paid, "SOMETHING NEW".into()])
        .period("2024-12..2025-02".parse().unwrap())
        .linked(false)
        .per_page(7)
        .await
        .unwrap();

    let requests = capture.requests();
    for (request, query) in requests.iter().zip([
        "itemsPerPage=100&pageNum=1&viewLinkedInvoices=true",
        "fromDate=2024-12-01&itemsPerPage=7&pageNum=1&statusNames=PAID&statusNames=SOMETHING+NEW\
         &toDate=2025-03-01&viewLinkedInvoices=false",
    ]) {
        let expected = [
            &*format!("GET /api/atlas/v2/orgs/…/invoices?{query} HTTP/1.1"),
            "accept: application/vnd.atlas.2023-01-01+json",
            "authorization: Bearer planted.bearer.token",
            &user_agent(),
            "accept-encoding: gzip",
            "host: HOST",
        ];
        assert_request(request, &expected, "");
    }
    assert_eq!(requests.len(), 2);
}

#[tokio::test]
async fn a_path_before_the_api_is_kept() {
    let json = message("200 OK", JSON, &format!(r#"{{"id":"{INVOICE}"}}"#));
    let capture = Capture::answering([json.clone(), json]).await;
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
async fn a_version_before_the_first_is_refused_before_anything_is_sent() {
    let capture = Capture::answering([""; 0]).await;
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
        let months = "2025-01".parse().unwrap();
        stand_in.forget_requests();
        drop(org.costs(months).csv().await.unwrap());
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
