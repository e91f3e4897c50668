//! FOCUS reports: their states, their URLs, and the storage host.

use std::time::Duration;

use atlas_billing_mock::{
    At, CREDITS_ORG_ID, Core, Fault, INVOICE_ID, InvoicePlan, LINKED_ORG_ID, ManualClock, ORG_ID,
    On, Operation, PENDING_INVOICE_ID, Ready, ReportSettings, Request, Response, ScenarioBuilder,
    StandIn,
};
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_RANGE, LOCATION, RANGE,
};
use serde_json::{Value, json};

use crate::eyes::{Protocol, client};
use crate::{march, of, texts, value};

const VERSION: &str = "application/vnd.atlas.2025-03-12+json";

fn path(rest: &str) -> String {
    of(ORG_ID, &format!("/invoices/{INVOICE_ID}/reports{rest}"))
}

fn ask(core: &Core, path: impl Into<String>) -> Value {
    value(core.respond(&Request::get(path).header(ACCEPT, VERSION)))
}

fn create_at(core: &Core, path: String, body: &Value) -> Response {
    let request = Request::post(path, body.to_string());
    core.respond(
        &request
            .header(ACCEPT, VERSION)
            .header(CONTENT_TYPE, VERSION),
    )
}

/// The path of a new report.
fn create(core: &Core) -> String {
    let body = json!({"reportType": "FOCUS", "reportFormat": "CSV"});
    let created = create_at(core, path(""), &body);
    assert_eq!(created.status, 201);
    let created = value(created);
    assert_eq!(
        (&created["state"], &created["invoiceId"]),
        (&json!("PENDING"), &json!(INVOICE_ID))
    );
    path(&format!("/{}", created["reportId"].as_str().unwrap()))
}

fn url(core: &Core) -> String {
    let report = ask(core, create(core));
    report["downloadUrl"].as_str().unwrap().to_owned()
}

/// A small invoice with reports like these.
fn with(reports: ReportSettings) -> ScenarioBuilder {
    let plan = InvoicePlan::new(INVOICE_ID).month(2025, 2).items(40);
    march().without_invoices().invoice(plan).reports(reports)
}

fn core(reports: ReportSettings) -> Core {
    Core::new(with(reports).build())
}

fn download(core: &Core, url: &str) -> Response {
    core.respond(&Request::get(url))
}

fn text(response: Response) -> String {
    String::from_utf8(response.body.into_bytes().into()).unwrap()
}

#[test]
fn a_report_runs_and_gets_a_new_url_at_each_poll() {
    let clock = ManualClock::at("2025-03-15T12:00:00Z".parse().unwrap());
    let reports = ReportSettings::default().ready(Ready::AfterPolls(3));
    let core = Core::new(with(reports).clock(clock.clone()).build());
    let report = create(&core);
    let states = [(); 3].map(|()| ask(&core, &*report)["state"].clone());
    assert_eq!(states, ["PENDING", "RUNNING", "RUNNING"]);
    let done = ask(&core, &*report);
    assert_eq!(
        (&done["state"], &done["expiresAt"]),
        (&json!("SUCCEEDED"), &json!("2025-03-15T12:15:00Z"))
    );
    let first = done["downloadUrl"].as_str().unwrap();
    assert!(first.starts_with(core.storage_url()), "{first}");
    let again = ask(&core, &*report);
    assert_ne!(again["downloadUrl"], first);
    assert_eq!(download(&core, first).status, 200);

    // The old one expires, and after a week the report does.
    clock.advance(Duration::from_secs(15 * 60));
    let expired = download(&core, first);
    assert_eq!(
        (expired.status.as_u16(), &expired.headers[CONTENT_TYPE]),
        (403, &"application/xml".parse().unwrap())
    );
    assert!(text(expired).contains("<Code>AccessDenied</Code>"));
    let renewed = ask(&core, &*report)["downloadUrl"].clone();
    assert_eq!(download(&core, renewed.as_str().unwrap()).status, 200);
    clock.advance(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(ask(&core, &*report)["error"], 404);
    assert_eq!(ask(&core, path(""))["results"], json!([]));
}

#[test]
fn reports_take_a_time_or_fail_or_never_end() {
    let clock = ManualClock::at("2025-03-15T12:00:00Z".parse().unwrap());
    let slow = ReportSettings::default().ready(Ready::After(Duration::from_secs(60)));
    let slow = slow.failing("Too much").url_life(Duration::from_secs(1));
    let core = Core::new(with(slow).clock(clock.clone()).build());
    let report = create(&core);
    for (seconds, state) in [(29, "PENDING"), (1, "RUNNING"), (30, "FAILED")] {
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(ask(&core, &*report)["state"], state);
    }
    let failed = ask(&core, &*report);
    assert_eq!(
        (&failed["failureReason"], &failed["downloadUrl"]),
        (&json!("Too much"), &Value::Null)
    );

    let core = self::core(ReportSettings::default().ready(Ready::Never));
    let report = create(&core);
    let states = [(); 3].map(|()| ask(&core, &*report)["state"].clone());
    assert_eq!(states, ["PENDING", "RUNNING", "RUNNING"]);
}

#[test]
fn reports_are_listed_newest_first_without_urls() {
    let core = core(ReportSettings::default());
    let paths = [(); 3].map(|()| create(&core));
    let list = ask(&core, path(""));
    let mut ids = texts(&list, "reportId");
    ids.reverse();
    let paths: Vec<_> = paths
        .iter()
        .map(|path| path.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(ids, paths);
    assert!(
        list["results"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it.get("downloadUrl").is_none())
    );
    assert_eq!(list["results"][0]["state"], "SUCCEEDED");
    assert_eq!(ask(&core, path(&format!("/{INVOICE_ID}")))["error"], 404);
}

#[test]
fn a_report_is_of_one_invoice_and_organization() {
    let core = Core::new(
        march()
            .with_linked_invoices()
            .organizations(2)
            .strict()
            .build(),
    );
    let body = json!({"reportType": "FOCUS", "reportFormat": "CSV", "formatSpecVersion": "1.3"});
    let status = |org: &str, invoice: &str, body: &Value| {
        let path = of(org, &format!("/invoices/{invoice}/reports"));
        create_at(&core, path, body).status.as_u16()
    };
    let linked = "66a1000000000000000001d1";
    assert_eq!(status(ORG_ID, PENDING_INVOICE_ID, &body), 201);
    assert_eq!(status(LINKED_ORG_ID, linked, &body), 201);
    assert_eq!(status(ORG_ID, linked, &body), 404);
    assert_eq!(status(CREDITS_ORG_ID, INVOICE_ID, &body), 404);
    for (field, value) in [
        ("reportType", json!("COST")),
        ("reportFormat", json!("PARQUET")),
        ("reportFormat", Value::Null),
        ("formatSpecVersion", json!("2.0")),
        ("colour", json!("blue")),
    ] {
        let mut wrong = body.clone();
        wrong[field] = value;
        assert_eq!(status(ORG_ID, INVOICE_ID, &wrong), 400, "{field}");
    }
}

#[test]
fn the_storage_host_refuses_what_is_not_for_it() {
    let core = core(ReportSettings::default());
    let url = url(&core);
    let refused = |request: Request| {
        let response = core.respond(&request);
        let status = response.status.as_u16();
        let text = text(response);
        let code = text
            .split_once("<Code>")
            .and_then(|(_, rest)| rest.split_once("</Code>"));
        (
            status,
            code.map(|(code, _)| code.to_owned()).unwrap_or_default(),
        )
    };
    let get = |url: &str| Request::get(url);
    let forged = url.replace("x-id=1", "x-id=2");
    let unsigned = url.split("&X-Amz-Signature").next().unwrap();
    for (request, status, code) in [
        (
            get(&url).header(AUTHORIZATION, "Bearer t"),
            400,
            "InvalidArgument",
        ),
        (get(&url).header(ACCEPT, VERSION), 400, "InvalidArgument"),
        (get(&forged), 403, "SignatureDoesNotMatch"),
        (get(unsigned), 403, "AccessDenied"),
        (get(core.storage_url()), 403, "AccessDenied"),
        (Request::post(&*url, ""), 405, "MethodNotAllowed"),
    ] {
        let word = format!("{request:?}");
        assert_eq!(refused(request), (status, code.to_owned()), "{word}");
    }
    assert_eq!(download(&core, &url).status, 200);
    // On the other host there is no such path.
    let path = url.strip_prefix(core.storage_url()).unwrap();
    assert_eq!(download(&core, path).status, 404);
    let operations: Vec<_> = core
        .requests()
        .iter()
        .skip(2)
        .map(|it| it.operation)
        .collect();
    assert_eq!(operations[..7], [Operation::Download; 7]);
    assert_eq!(operations[7], Operation::Other);
}

#[test]
fn ranges_continue_a_file_that_is_the_same() {
    let core = core(ReportSettings::default());
    let url = url(&core);
    let whole = download(&core, &url);
    let etag = whole.headers[ETAG].to_str().unwrap().to_owned();
    let whole = text(whole);
    let length = whole.len();
    let part = |range: &str, known: &str| {
        core.respond(
            &Request::get(&*url)
                .header(RANGE, range)
                .header(IF_RANGE, known),
        )
    };
    let rest = part("bytes=100-", &etag);
    assert_eq!(rest.status, 206);
    assert_eq!(
        rest.headers[CONTENT_RANGE],
        format!("bytes 100-{}/{length}", length - 1)
    );
    assert_eq!(rest.headers[CONTENT_LENGTH], (length - 100).to_string());
    assert_eq!(rest.body.into_bytes(), whole[100..]);
    assert_eq!(part("bytes=100-", "\"other\"").status, 200);
    assert_eq!(part("bytes=0-99", &etag).status, 200);
    let beyond = part(&format!("bytes={length}-"), &etag);
    assert_eq!(
        (beyond.status.as_u16(), &beyond.headers[CONTENT_RANGE]),
        (416, &format!("bytes */{length}").parse().unwrap())
    );

    let core = self::core(ReportSettings::default().ignoring_ranges());
    let url = self::url(&core);
    let ignored = core.respond(&Request::get(&*url).header(RANGE, "bytes=100-"));
    assert_eq!(
        (ignored.status.as_u16(), text(ignored).len()),
        (200, length)
    );
}

#[test]
fn a_changing_file_has_another_etag_each_time() {
    let core = core(ReportSettings::default().changing());
    let url = url(&core);
    let first = download(&core, &url);
    let etag = first.headers[ETAG].to_str().unwrap().to_owned();
    let first = text(first);
    let request = || Request::get(&*url).header(RANGE, "bytes=100-");
    let second = core.respond(&request().header(IF_RANGE, &etag));
    assert_eq!(second.status, 200);
    assert_ne!(text(second), first);
    // Without the condition a part of another file comes.
    let third = core.respond(&request());
    assert_eq!(third.status, 206);
    assert_ne!(third.headers[ETAG], etag);
    assert_ne!(text(third), first[100..]);
}

#[test]
fn the_file_is_plain_or_gzip() {
    let plain = core(ReportSettings::default());
    let response = download(&plain, &url(&plain));
    assert_eq!(response.headers[CONTENT_TYPE], "text/csv");
    let plain = text(response);
    assert_eq!(plain.lines().count(), 41);
    assert_eq!(plain.lines().next().unwrap().split(',').count(), 44);
    for content_type in ["application/octet-stream", "application/gzip"] {
        let packed = core(ReportSettings::default().gzip(content_type));
        let response = download(&packed, &url(&packed));
        assert_eq!(response.headers[CONTENT_TYPE], content_type);
        assert!(!response.headers.contains_key(CONTENT_ENCODING));
        let packed = response.body.into_bytes();
        assert!(packed.starts_with(b"\x1f\x8b") && packed.len() < plain.len() / 4);
    }
}

#[test]
fn urls_lead_elsewhere_and_downloads_go_wrong() {
    for origin in ["ftp://files.example", "http://files.example:8080"] {
        let core = core(ReportSettings::default().url_origin(origin));
        assert!(url(&core).starts_with(&format!("{origin}/billing-reports/")));
    }
    let download_fault = |fault| {
        Core::new(
            with(ReportSettings::default())
                .fault(On::operation(Operation::Download), fault)
                .build(),
        )
    };
    let core = download_fault(Fault::Html);
    let page = download(&core, &url(&core));
    assert_eq!(page.headers[CONTENT_TYPE], "text/html; charset=utf-8");
    let location = "http://127.0.0.1:9/".to_owned();
    let core = download_fault(Fault::Redirect {
        status: 302,
        location: location.clone(),
    });
    let redirect = download(&core, &url(&core));
    assert_eq!(
        (redirect.status.as_u16(), &redirect.headers[LOCATION]),
        (302, &location.parse().unwrap())
    );
    let core = Core::new(with(ReportSettings::default()).refuse_downloads(2).build());
    let url = url(&core);
    let statuses = [(); 3].map(|()| download(&core, &url).status.as_u16());
    assert_eq!(statuses, [403, 403, 200]);
}

#[tokio::test]
async fn files_are_downloaded_from_a_port_of_their_own() {
    let plan = InvoicePlan::new(INVOICE_ID).month(2025, 2).items(2_000);
    let scenario = march().invoice(plan).fault(
        On::operation(Operation::Download).nth(1),
        Fault::Close(At::Body(10_000)),
    );
    let atlas = StandIn::start(scenario.build()).await.unwrap();
    assert_ne!(atlas.storage_url(), atlas.base_url());
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let client = client(protocol);
        let url = atlas.base_url() + &path("");
        let body = json!({"reportType": "FOCUS", "reportFormat": "CSV"}).to_string();
        let created = client
            .post(&url)
            .header(ACCEPT, VERSION)
            .header(CONTENT_TYPE, VERSION);
        let created = created
            .body(body)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let created: Value = serde_json::from_str(&created).unwrap();
        let url = format!("{url}/{}", created["reportId"].as_str().unwrap());
        let report = client
            .get(url)
            .header(ACCEPT, VERSION)
            .send()
            .await
            .unwrap();
        let report: Value = serde_json::from_str(&report.text().await.unwrap()).unwrap();
        let file = report["downloadUrl"].as_str().unwrap();
        assert!(file.starts_with(atlas.storage_url()), "{file}");
        if protocol == Protocol::Http1 {
            let broken = client.get(file).send().await.unwrap();
            assert!(broken.bytes().await.is_err());
        }
        let whole = client
            .get(file)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        let rest = client
            .get(file)
            .header(RANGE, "bytes=10000-")
            .send()
            .await
            .unwrap();
        assert_eq!(rest.status(), 206);
        assert_eq!(rest.bytes().await.unwrap(), whole[10_000..]);
        let rows = whole.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(rows, 2_001);
    }
    let downloads: Vec<_> = atlas
        .requests()
        .into_iter()
        .filter(|it| it.operation == Operation::Download)
        .collect();
    assert_eq!(downloads.len(), 5);
    assert!(
        downloads
            .iter()
            .all(|it| it.header("authorization").is_none())
    );
}
