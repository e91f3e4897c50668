//! The generated client over transports that send nothing.

use std::sync::Mutex;

use reqwest::header::AUTHORIZATION;

use super::*;
use crate::enums::{InvoiceSortBy, InvoiceStatus, SortOrder};
use crate::types::CostExplorerQuery;

/// Keeps what it was asked to send and responds with a fixed body.
#[derive(Debug, Default, Clone)]
struct Recorder {
    sent: Arc<Mutex<Vec<(Called, reqwest::Request)>>>,
    status: u16,
    body: &'static str,
}

impl Recorder {
    fn responding(status: u16, body: &'static str) -> Self {
        Self {
            status,
            body,
            ..Self::default()
        }
    }

    fn client(&self) -> Client {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Client::new_with_client(
            "http://127.0.0.1:9/base",
            http,
            SharedTransport::new(self.clone()),
        )
    }

    fn urls(&self) -> Vec<String> {
        self.sent
            .lock()
            .unwrap()
            .iter()
            .map(|(_, request)| request.url().to_string())
            .collect()
    }
}

impl Transport for Recorder {
    fn send<'a>(
        &'a self,
        _: &'a reqwest::Client,
        called: Called,
        mut request: reqwest::Request,
    ) -> SendFuture<'a> {
        Plain::json().prepare(called, &mut request);
        self.sent.lock().unwrap().push((called, request));
        let response = http_response(self.status, self.body);
        Box::pin(async move { Ok(response) })
    }
}

fn http_response(status: u16, body: &'static str) -> reqwest::Response {
    let mut response = http::Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response.into()
}

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

const ORG: &str = "00000000000000000000a001";
const AWKWARD: &str = "a/b c?d#e%f";

/// Two requests for the same thing must have one URL, byte for byte.
macro_rules! same_url {
    ($recorder:ident, $client:ident, $typed:ident, $bytes:ident, $($set:ident ( $value:expr )),*) => {
        $client.$typed()$(.$set($value))*.send().await.unwrap();
        $client.$bytes()$(.$set($value))*.send().await.unwrap();
        let urls = $recorder.urls();
        let [.., typed, bytes] = urls.as_slice() else { panic!("two requests were sent") };
        assert_eq!(typed, bytes);
        assert!(typed.starts_with("http://127.0.0.1:9/base/api/atlas/v2/orgs/"), "{typed}");
        assert!(!typed.contains("//api"), "{typed}");
    };
}

#[tokio::test]
async fn the_bytes_forms_url_is_the_typed_operations_own() {
    let recorder = Recorder::responding(200, "{}");
    let client = recorder.client();
    same_url!(
        recorder,
        client,
        get_org_invoice,
        get_org_invoice_bytes,
        org_id(ORG),
        invoice_id(AWKWARD)
    );
    same_url!(
        recorder,
        client,
        get_cost_explorer_query_process,
        get_cost_explorer_query_process_bytes,
        org_id(AWKWARD),
        token("T0")
    );
    same_url!(
        recorder,
        client,
        list_org_invoices,
        list_org_invoices_bytes,
        org_id(ORG),
        from_date(day("2025-01-01")),
        to_date(day("2025-02-01")),
        include_count(true),
        items_per_page(7),
        page_num(2),
        view_linked_invoices(false),
        sort_by(InvoiceSortBy::StartDate),
        order_by(SortOrder::Asc),
        status_names(vec![InvoiceStatus::Paid, InvoiceStatus::from("MADE UP")])
    );
    let query = recorder.urls().pop().unwrap();
    let query = query.split_once('?').unwrap().1.to_owned();
    assert_eq!(
        query,
        "fromDate=2025-01-01&includeCount=true&itemsPerPage=7&orderBy=asc&pageNum=2\
         &sortBy=START_DATE&statusNames=PAID&statusNames=MADE+UP&toDate=2025-02-01\
         &viewLinkedInvoices=false"
    );

    let recorder = Recorder::responding(202, "{}");
    let client = recorder.client();
    same_url!(
        recorder,
        client,
        create_cost_explorer_query_process,
        create_cost_explorer_query_process_bytes,
        org_id(ORG),
        body(CostExplorerQuery::default())
    );
    let called: Vec<_> = recorder
        .sent
        .lock()
        .unwrap()
        .iter()
        .map(|(c, _)| c.bytes)
        .collect();
    assert_eq!(called, [false, true]);
}

#[tokio::test]
async fn accept_and_content_type_are_the_pinned_versions_alone() {
    let recorder = Recorder::responding(202, r#"{"token":"T0"}"#);
    let response = recorder
        .client()
        .create_cost_explorer_query_process()
        .org_id(ORG)
        .body_map(|body| {
            body.start_date(day("2025-01-01"))
                .end_date(day("2025-02-01"))
        })
        .send()
        .await
        .unwrap();
    assert_eq!(response.token.as_deref(), Some("T0"));

    let sent = recorder.sent.lock().unwrap();
    let (called, request) = &sent[0];
    assert_eq!(called.operation.name, "createCostExplorerQueryProcess");
    let values = |name| request.headers().get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(values(ACCEPT), ["application/vnd.atlas.2023-01-01+json"]);
    assert_eq!(
        values(CONTENT_TYPE),
        ["application/vnd.atlas.2023-01-01+json"]
    );
    assert!(values(API_VERSION).is_empty());
    assert!(values(AUTHORIZATION).is_empty());
    let body = request.body().and_then(|body| body.as_bytes()).unwrap();
    assert_eq!(
        body,
        br#"{"endDate":"2025-02-01","startDate":"2025-01-01"}"#
    );
}

#[test]
fn csv_is_asked_for_where_there_is_some() {
    let accept = |plain: Plain, id: &str| {
        let called = Operation::by_operation_id(id).unwrap();
        let url = "http://127.0.0.1:9/".parse().unwrap();
        let mut request = reqwest::Request::new(reqwest::Method::GET, url);
        plain.prepare(called, &mut request);
        request.headers()[ACCEPT].to_str().unwrap().to_owned()
    };
    let csv = "application/vnd.atlas.2023-01-01+csv";
    let json = "application/vnd.atlas.2023-01-01+json";
    assert_eq!(accept(Plain::csv(), "get_org_invoice_bytes"), csv);
    assert_eq!(accept(Plain::csv(), "get_org_invoice"), json);
    assert_eq!(accept(Plain::csv(), "list_org_invoices_bytes"), json);
    assert_eq!(accept(Plain::json(), "get_org_invoice_bytes"), json);
}

#[tokio::test]
async fn a_status_that_is_no_success_arrives_whole() {
    for status in [102, 204, 401, 404, 429, 502] {
        let recorder = Recorder::responding(status, "<html>");
        let client = recorder.client();
        let error = client
            .get_org_invoice()
            .org_id(ORG)
            .invoice_id("I")
            .send()
            .await
            .unwrap_err();
        let Error::UnexpectedResponse(response) = error else {
            panic!("{status}: {error}")
        };
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.text().await.unwrap(), "<html>");
    }
}

#[tokio::test]
async fn a_missing_parameter_is_refused_before_anything_is_sent() {
    let recorder = Recorder::responding(200, "{}");
    let error = recorder
        .client()
        .get_org_invoice()
        .org_id(ORG)
        .send()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::InvalidRequest(_)), "{error}");
    assert!(recorder.urls().is_empty());
}

#[test]
fn futures_of_calls_are_send() {
    fn is_send<T: Send>(_: &T) {}
    let client = Recorder::responding(200, "{}").client();
    is_send(&client.get_org_invoice().send());
    is_send(&client.list_org_invoices_bytes().send());
}

#[tokio::test]
async fn a_captured_request_is_whole_and_not_sent() {
    let capture = Capture::default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let client = Client::new_with_client(
        "http://127.0.0.1:9",
        http,
        SharedTransport::new(capture.clone()),
    );
    let get = client.get_org_invoice_bytes().org_id(ORG).invoice_id("I");
    drop(get.send().await);
    let (called, request) = capture.take().unwrap();
    assert_eq!(
        (called.operation.name, called.bytes),
        ("getOrgInvoice", true)
    );
    assert_eq!(
        request.url().path(),
        format!("/api/atlas/v2/orgs/{ORG}/invoices/I")
    );
    assert!(capture.take().is_none());

    // A status that the operation does not declare is no obstacle.
    let create = client
        .create_cost_explorer_query_process_bytes()
        .org_id(ORG);
    let body = CostExplorerQuery::builder()
        .start_date(day("2025-01-01"))
        .end_date(day("2025-02-01"));
    drop(create.body(body).send().await);
    let (_, request) = capture.take().unwrap();
    let body = request.body().and_then(|body| body.as_bytes()).unwrap();
    assert_eq!(
        body,
        br#"{"endDate":"2025-02-01","startDate":"2025-01-01"}"#
    );
    assert!(request.try_clone().is_some());

    // Nothing is built of a call that lacks a parameter, and the call says so.
    let error = client.get_org_invoice_bytes().send().await.err().unwrap();
    assert!(matches!(error, Error::InvalidRequest(_)), "{error}");
    assert!(capture.take().is_none());
}

#[tokio::test]
async fn a_transports_own_error_arrives_typed() {
    #[derive(Debug, Clone, PartialEq)]
    struct Offline(u8);

    #[derive(Debug)]
    struct Failing;
    impl Transport for Failing {
        fn send<'a>(
            &'a self,
            _: &'a reqwest::Client,
            _: Called,
            _: reqwest::Request,
        ) -> SendFuture<'a> {
            Box::pin(std::future::ready(Ok(failure(Offline(7)))))
        }
    }

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let client = Client::new_with_client("http://127.0.0.1:9", http, SharedTransport::new(Failing));
    let call = client.get_org_invoice().org_id(ORG).invoice_id("I");
    let error = call.send().await.unwrap_err();
    assert_eq!(failure_of(&error), Some(&Offline(7)));
    assert_eq!(failure_of::<String, _>(&error), None);
    let call = client.list_org_invoices_bytes().org_id(ORG);
    assert_eq!(
        failure_of(&call.send().await.err().unwrap()),
        Some(&Offline(7))
    );
    let Error::UnexpectedResponse(response) = error else {
        panic!("{error}")
    };
    assert_eq!(response.status().as_u16(), 599);
}
