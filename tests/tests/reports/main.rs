//! FOCUS reports over sockets: made, polled for, used again, downloaded whatever breaks, and
//! nothing of the caller's at the host that has the files. Waits take no time; nothing is measured.

// A failed expectation is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod download;
mod hosts;
mod limits;
mod refused;
mod reuse;
mod states;

use std::sync::Arc;
use std::time::Duration;

use atlas_billing::chrono::{DateTime, Utc};
use atlas_billing::{
    Client, ClientBuilder, Credentials, FocusReportRequest, InvoiceId, Org, Result,
};
use atlas_billing_mock::{
    Core, InvoicePlan, ManualClock, ORG_ID, Operation, RecordedRequest, ReportSettings, Request,
    Scenario, ScenarioBuilder, StandIn,
};
use atlas_billing_tests::clock::WaitClock;
use atlas_billing_tests::protocol::Protocol;
use bytes::Bytes;

/// An invoice that is closed, and one that is pending.
const INVOICE: &str = "66a10000000000000000b001";
const PENDING: &str = "66a10000000000000000b003";

/// The rows of either's report.
const ROWS: usize = 400;

const SECOND: Duration = Duration::from_secs(1);
/// How long a presigned URL is valid.
const URL_LIFE: Duration = Duration::from_secs(15 * 60);
/// The least time between two polls, as documented.
const PACE: Duration = Duration::from_secs(5);

/// Where each version's media type is needed.
const MEDIA: &str = "application/vnd.atlas.2025-03-12+json";

fn noon() -> DateTime<Utc> {
    "2025-03-09T12:00:00Z".parse().unwrap()
}

fn scenario() -> ScenarioBuilder {
    let month = |month, id: &str| InvoicePlan::new(id).month(2025, month).items(ROWS as u64);
    Scenario::builder()
        .today("2025-03-09".parse().unwrap())
        .without_invoices()
        .invoice(month(1, INVOICE))
        .invoice(month(3, PENDING).status("PENDING"))
}

/// A stand-in and a client, each with a clock that the test has in hand.
struct Setup {
    atlas: StandIn,
    /// The stand-in's time.
    time: ManualClock,
    /// The client's.
    clock: Arc<WaitClock>,
    org: Org,
}

impl Setup {
    async fn of(protocol: Protocol, scenario: ScenarioBuilder) -> Self {
        Self::with(protocol, scenario, |builder| builder).await
    }

    async fn with(
        protocol: Protocol,
        scenario: ScenarioBuilder,
        change: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Self {
        let time = ManualClock::at(noon());
        let scenario = scenario.clock(time.clone()).build();
        let atlas = StandIn::start(scenario).await.unwrap();
        let clock = Arc::new(clock());
        let builder = Client::builder(Credentials::none())
            .base_url(atlas.base_url())
            .clock(clock.clone());
        let client = change(protocol.on(builder)).build().unwrap();
        Self {
            org: client.org(ORG_ID.parse().unwrap()),
            atlas,
            time,
            clock,
        }
    }

    fn report(&self) -> FocusReportRequest {
        self.org.focus_report(id(INVOICE))
    }

    /// Time passes, here and there.
    fn advance(&self, by: Duration) {
        self.time.advance(by);
        self.clock.advance(by);
    }

    /// The requests for `operation` so far.
    fn requests(&self, operation: Operation) -> Vec<RecordedRequest> {
        let mut requests = self.atlas.requests();
        requests.retain(|request| request.operation == operation);
        requests
    }

    fn count(&self, operation: Operation) -> usize {
        self.requests(operation).len()
    }

    /// The statuses of the downloads so far.
    fn downloads(&self) -> Vec<u16> {
        let requests = self.requests(Operation::Download);
        requests.iter().map(|it| it.status.as_u16()).collect()
    }
}

/// A client's clock on which no limit on silence passes.
fn clock() -> WaitClock {
    WaitClock::without_silence([10, 60].map(Duration::from_secs)).starting(noon())
}

fn id(text: &str) -> InvoiceId {
    text.parse().unwrap()
}

/// The whole file, byte for byte, without a socket and without a client.
fn whole() -> Bytes {
    let core = Core::new(scenario().clock(ManualClock::at(noon())).build());
    let path = format!("/api/atlas/v2/orgs/{ORG_ID}/invoices/{INVOICE}/reports");
    let body = r#"{"reportType":"FOCUS","reportFormat":"CSV"}"#;
    let json = |request: Request| -> serde_json::Value {
        let request = request.header(http::header::ACCEPT, MEDIA);
        let response = core.respond(&request.header(http::header::CONTENT_TYPE, MEDIA));
        serde_json::from_slice(&response.body.into_bytes()).unwrap()
    };
    let created = json(Request::post(path.clone(), body));
    let id = created["reportId"].as_str().unwrap();
    let report = json(Request::get(format!("{path}/{id}")));
    let url = report["downloadUrl"].as_str().unwrap();
    let file = core.respond(&Request::get(url)).body.into_bytes();
    assert_eq!(file.iter().filter(|byte| **byte == b'\n').count(), ROWS + 1);
    file
}

/// What comes of the file in full.
async fn file(request: FocusReportRequest) -> Result<Bytes> {
    ends(async { request.csv().await?.bytes().await }).await
}

/// How many rows the report has.
async fn rows(request: FocusReportRequest) -> Result<usize> {
    let mut rows = request.await?;
    let mut count = 0;
    while let Some(row) = rows.next().await {
        row?;
        count += 1;
    }
    Ok(count)
}

/// ReportSettings that are ready at the first poll.
fn with(reports: ReportSettings) -> ScenarioBuilder {
    scenario().reports(reports)
}

/// A generous bound against hanging.
async fn ends<T>(call: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(Duration::from_secs(120), call).await;
    ended.expect("the call ends")
}
