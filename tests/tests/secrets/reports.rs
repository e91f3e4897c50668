//! The presigned URL of a report's file: in no text of a type, an error, an event or a log line.

use std::error::Error as _;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atlas_billing::{
    Client, Error, Observer, Org, PollPolicy, ReportQuery, RequestEvent, Result, RetryPolicy,
};
use atlas_billing_mock::{
    At, Fault, INVOICE_ID, ORG_ID, On, Operation, ReportSettings, Scenario, ScenarioBuilder,
    StandIn,
};
use atlas_billing_tests::clock::WaitClock;
use atlas_billing_tests::listen;
use atlas_billing_tests::planted::{self, Identity};
use atlas_billing_tests::protocol::Protocol;

/// How a download is called.
const DOWNLOAD: &str = "downloadInvoiceReport";

/// Keeps the events as text, and the paths of downloads.
#[derive(Debug, Default)]
struct Told {
    text: Mutex<String>,
    paths: Mutex<Vec<String>>,
}

impl Observer for Told {
    fn observe(&self, event: &RequestEvent<'_>) {
        let _ = write!(self.text.lock().unwrap(), "{event:?} {event:#?}");
        match event {
            RequestEvent::Response {
                operation, path, ..
            }
            | RequestEvent::Failure {
                operation, path, ..
            } if *operation == DOWNLOAD => self.paths.lock().unwrap().push((*path).to_owned()),
            _ => {}
        }
    }
}

#[track_caller]
fn check(value: &dyn Debug) {
    check_text(&format!("{value:?} {value:#?}"));
}

#[track_caller]
fn check_text(text: &str) {
    assert!(!text.is_empty());
    assert_eq!(planted::in_text(text), None, "{text}");
}

/// All that an error says and keeps, but for the headers it is asked for one by one.
#[track_caller]
fn check_error(error: &Error) {
    check(error);
    check_text(&format!(
        "{error} {:?} {:?} {:?} {:?}",
        error.excerpt(),
        error.detail(),
        error.meta(),
        error.meta().map(|meta| meta.url()),
    ));
    let mut next = error.source();
    while let Some(cause) = next {
        check_text(&format!("{cause} {cause:?} {cause:#?}"));
        next = cause.source();
    }
}

async fn start(scenario: ScenarioBuilder) -> StandIn {
    let scenario = scenario.sign_in(Identity::Bearer.sign_in());
    StandIn::start(scenario.build()).await.unwrap()
}

fn scenario() -> ScenarioBuilder {
    Scenario::builder().today("2025-03-09".parse().unwrap())
}

fn org(atlas: &StandIn, protocol: Protocol, told: &Arc<Told>) -> Org {
    let clock = WaitClock::without_silence([60, 10].map(Duration::from_secs));
    let builder = Client::builder(Identity::Bearer.credentials())
        .base_url(atlas.base_url())
        .clock(Arc::new(clock))
        .observer(told.clone())
        .polling(PollPolicy::default().with_deadline(Duration::from_secs(9)))
        .retry(RetryPolicy::new().with_max_attempts(2));
    let client = protocol.on(builder).build().unwrap();
    client.org(ORG_ID.parse().unwrap())
}

async fn query(org: &Org) -> Result<ReportQuery> {
    let report = org.focus_report(INVOICE_ID.parse().unwrap());
    report.fresh(true).start().await
}

#[tokio::test]
async fn no_type_that_has_met_a_url_shows_it() {
    for protocol in Protocol::BOTH {
        let told = Arc::<Told>::default();
        let atlas = start(scenario()).await;
        let org = org(&atlas, protocol, &told);
        let request = org.focus_report(INVOICE_ID.parse().unwrap());
        check(&request);
        let report = query(&org).await.unwrap().report().await.unwrap();
        let url = report.download_url.clone().unwrap();
        assert!(planted::in_text(url.expose()).is_some(), "{url}");
        check(&report);
        check(&url);
        check_text(&url.to_string());

        let mut query = query(&org).await.unwrap();
        check(&query);
        check_text(query.token().as_str());
        check(&query.next().await.unwrap().unwrap());
        check(&query);
        let mut csv = query.csv().await.unwrap();
        check(&csv);
        check(csv.meta());
        check_text(csv.meta().url());
        check_text(&String::from_utf8_lossy(
            &csv.next().await.unwrap().unwrap(),
        ));
        check(&csv);
        let mut rows = csv.focus_rows();
        check(&rows);
        let _ = rows.next().await;
        check(&rows);
        check(&org.reports(INVOICE_ID.parse().unwrap()).await.unwrap());
        check_text(&told.text.lock().unwrap());
        assert_eq!(*told.paths.lock().unwrap(), ["/"], "{protocol}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_failure_and_no_log_line_shows_a_url() {
    let heard = listen::to_everything();
    let on = || On::operation(Operation::Download);
    let download = |fault| scenario().fault(on(), fault);
    let poll = |body: &'static str| {
        let fault = Fault::Body(body.into());
        scenario().fault(On::operation(Operation::Report), fault)
    };
    let page = |status| Fault::Reply {
        status,
        headers: vec![("content-type".into(), "text/html".into())],
        body: "<a href='https://login.example/?to=/billing-reports/1.csv?X-Amz-Signature=2'>"
            .into(),
    };
    let redirect = || Fault::Redirect {
        status: 307,
        location: "https://files.example/billing-reports/1.csv?X-Amz-Signature=2".into(),
    };
    let origin = |origin: &str| scenario().reports(ReportSettings::default().url_origin(origin));
    let scenarios = [
        scenario().refuse_downloads(1_000),
        scenario().refuse_downloads(1),
        download(page(200)),
        download(page(403)),
        download(page(500)),
        download(page(503)),
        download(page(429)),
        download(redirect()),
        download(Fault::Empty),
        download(Fault::Close(At::BeforeHead)),
        download(Fault::Close(At::Body(10))),
        download(Fault::Reset(At::Body(10))),
        download(Fault::Garbage),
        download(Fault::GoAway(1)),
        download(Fault::StreamReset(2)),
        scenario().fault(on().nth(1), Fault::Close(At::Body(1_000))),
        origin("ftp://files.example"),
        origin("http://files.example"),
        origin("http://127.0.0.1:1"),
        origin("https://127.0.0.1:1"),
        origin("https://[nonsense"),
        // What is no report, and holds a URL nevertheless.
        poll(r#"{"state":7,"downloadUrl":"https://h/billing-reports?X-Amz-Signature=2"}"#),
        poll(r#"{"downloadUrl":"https://h/billing-reports?X-Amz-Signature=2"}"#),
        poll(r#"{"state":"SUCCEEDED","downloadUrl":"https://h/billing-reports?X-Amz-Signature=2"#),
        poll(
            r#"{"state":"SUCCEEDED","downloadUrl":["https://h/billing-reports?X-Amz-Signature=2"]}"#,
        ),
        poll(r#"{"state":"SUCCEEDED","downloadUrl":"billing-reports?X-Amz-Signature=2"}"#),
        poll(r#"{"state":"FAILED","downloadUrl":"https://h/billing-reports?X-Amz-Signature=2"}"#),
    ];
    let mut failed = 0;
    for scenario in scenarios {
        for protocol in Protocol::BOTH {
            let told = Arc::<Told>::default();
            let atlas = start(scenario.clone()).await;
            let org = org(&atlas, protocol, &told);
            let call = async { query(&org).await?.csv().await?.bytes().await };
            let called = tokio::time::timeout(Duration::from_secs(120), call).await;
            if let Err(error) = called.expect("it ends") {
                failed += 1;
                check_error(&error);
            }
            check_text(&told.text.lock().unwrap());
            let paths = told.paths.lock().unwrap();
            assert!(paths.iter().all(|path| path == "/"), "{paths:?}");
        }
    }
    assert!(failed > 40, "{failed} calls failed");
    assert_eq!(heard.leaks(), Vec::<String>::new());
    let own = heard.own();
    let requests = own.iter().filter(|line| {
        line.starts_with("span http.request") && line.contains(&format!("operation=\"{DOWNLOAD}\""))
    });
    let requests: Vec<_> = requests.collect();
    assert!(requests.len() > 40, "{}", requests.len());
    for line in requests {
        assert!(line.contains("url.path=\"/\""), "{line}");
    }
}
