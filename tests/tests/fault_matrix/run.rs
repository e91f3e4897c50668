//! Runs the cells, many at a time, each against a stand-in of its own.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use atlas_billing::poll::{Backoff, PollPolicy, Tolerance};
use atlas_billing::reqwest::Proxy;
use atlas_billing::{Client, Error, ErrorKind, RetryPolicy, Timeouts};
use atlas_billing_mock::{
    Core, InvoicePlan, ManualClock, ORG_ID, ReportSettings, Request, Scenario, SignIn, StandIn,
};
use atlas_billing_tests::capture::Capture;
use atlas_billing_tests::clock::WaitClock;
use atlas_billing_tests::elsewhere::Elsewhere;
use atlas_billing_tests::planted;
use atlas_billing_tests::protocol::Protocol;
use atlas_billing_tests::tls::TlsServer;
use tokio::sync::Semaphore;

use super::expected::{self, ATTEMPTS, Cell, Fate};
use super::faults::{self, FaultRow, Site, Sort};
use super::rows::{self, Row};
use super::watch::{Watch, is_silent};

/// The limit on silence, told from other waits by its length.
pub(crate) const SILENCE: Duration = Duration::from_millis(39_999);
/// A call that has not ended by then hangs.
const HANGS: Duration = Duration::from_secs(120);
/// Cells at work at once. Those that wait for silence to end do little else.
const AT_ONCE: usize = 24;
const SILENT_AT_ONCE: usize = 96;

/// One cell of the matrix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) row: Row,
    pub(crate) fault: &'static FaultRow,
    pub(crate) protocol: Protocol,
    pub(crate) once: bool,
}

/// What came out of a cell.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) place: Place,
    pub(crate) cell: Cell,
    pub(crate) fate: Option<Result<Fate, String>>,
    pub(crate) requests: u32,
    pub(crate) said: String,
    leak: Option<&'static str>,
    pub(crate) took: Duration,
}

impl Outcome {
    /// What is wrong with it, if anything.
    pub(crate) fn trouble(&self) -> Option<String> {
        let Cell::Must { fate, least, most } = self.cell else {
            return None;
        };
        let mut wrong = String::new();
        if self.fate != Some(Ok(fate)) {
            let _ = write!(wrong, " wanted {fate}, came {:?};", self.fate);
        }
        if !(least..=most).contains(&self.requests) {
            let _ = write!(wrong, " {} requests, not {least} to {most};", self.requests);
        }
        if let Some(secret) = self.leak {
            let _ = write!(wrong, " it shows {secret};");
        }
        if wrong.is_empty() {
            return None;
        }
        let Place {
            row,
            fault,
            protocol,
            once,
        } = self.place;
        let often = if once { "once" } else { "always" };
        let (row, fault) = (row.name(), fault.name);
        Some(format!(
            "{row} / {fault} / {protocol} / {often}:{wrong} {}",
            self.said
        ))
    }
}

/// Every cell's outcome, in the table's order.
pub(crate) async fn all() -> Vec<Outcome> {
    let mut references = Vec::new();
    for row in Row::ALL {
        let reference = Arc::new(Reference::of(row).await);
        references.push((row, reference));
    }
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let silent_gate = Arc::new(Semaphore::new(SILENT_AT_ONCE));
    let mut tasks = Vec::new();
    for (row, reference) in references {
        for fault in faults::ALL {
            for protocol in Protocol::BOTH {
                for once in [true, false] {
                    let place = Place {
                        row,
                        fault,
                        protocol,
                        once,
                    };
                    if std::env::var("FAULT").is_ok_and(|only| !fault.name.contains(&only)) {
                        continue;
                    }
                    let silent = is_silent(fault.sort);
                    let gate = if silent { &silent_gate } else { &gate };
                    let (gate, reference) = (gate.clone(), reference.clone());
                    tasks.push(tokio::spawn(async move {
                        let _turn = gate.acquire_owned().await.expect("never closed");
                        outcome(place, &reference).await
                    }));
                }
            }
        }
    }
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.expect("no cell panics"));
    }
    outcomes
}

/// An undisturbed call: what its result is, and how long the body is that a fault strikes.
struct Reference {
    result: String,
    body: u64,
}

impl Reference {
    async fn of(row: Row) -> Self {
        let stand_in = StandIn::start(scenario(row).build()).await.unwrap();
        let stand_in = Arc::new(stand_in);
        let watch = Watch::new(row, Sort::Harmless, true, stand_in.clone());
        let client = client(row, Protocol::Http1, &stand_in.base_url(), &watch, None);
        let token = prepare(row, &client, &watch).await;
        let called = row.call(&client, token, polling(row, true));
        let result = called.await.expect("undisturbed");
        let requests = stand_in.requests();
        assert_eq!(requests.len(), row.least() as usize, "{}", row.name());
        let struck = requests.iter().rfind(|seen| row.is_struck(seen));
        let struck = &struck.expect("it was sent").request;
        // The length of the body: what a core that lets anyone in responds to the same request.
        let open = match row {
            Row::Unsigned | Row::Token => stand_in.scenario().clone(),
            _ => scenario(row).sign_in(SignIn::default()).build(),
        };
        let core = Core::new(open);
        if row.needs_report() {
            let body = report_body(row, &core);
            return Self { result, body };
        }
        if row.needs_query() {
            let created = requests_of_start(&core);
            assert!(
                struck.target.contains(&created),
                "tokens come from the seed"
            );
        }
        let body = core.respond(struck).body.into_bytes().len() as u64;
        assert!(body > 9, "{}: {body}", row.name());
        Self { result, body }
    }
}

async fn outcome(place: Place, reference: &Reference) -> Outcome {
    let Place {
        row,
        fault,
        protocol,
        once,
    } = place;
    let cell = expected::of(row, fault, protocol, once);
    let mut outcome = Outcome {
        place,
        cell,
        fate: None,
        requests: 0,
        said: String::new(),
        leak: None,
        took: Duration::ZERO,
    };
    if matches!(cell, Cell::Cannot(_)) {
        return outcome;
    }
    let elsewhere = Elsewhere::listen().await;
    let site = Site {
        body: reference.body,
        elsewhere: elsewhere.origin(),
    };
    let mut scenario = scenario(row);
    if let Some(make) = fault.make {
        for on in row.struck(fault.times, once) {
            scenario = scenario.fault(on, make(&site));
        }
    }
    let started = match fault.make {
        Some(_) => StandIn::start(scenario.build()).await,
        None => StandIn::start_refusing(scenario.build()).await,
    };
    let stand_in = Arc::new(started.unwrap());
    let watch = Watch::new(row, fault.sort, once, stand_in.clone());
    // What stands in the way of a connection.
    let tls = TlsServer::before(stand_in.address()).await;
    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let proxy = Capture::responding([refusal; 9]).await;
    let (base_url, proxied) = match fault.sort {
        Sort::NoConnection(ErrorKind::Tls) => (tls.origin(), None),
        Sort::NoConnection(ErrorKind::Proxy) => {
            ("https://atlas.example".to_owned(), Some(proxy.origin()))
        }
        _ => (stand_in.base_url(), None),
    };
    let client = client(row, protocol, &base_url, &watch, proxied);
    let token = match fault.make {
        Some(_) => prepare(row, &client, &watch).await,
        None if row.needs_report() => Some([rows::INVOICE; 2].join("/")),
        None => Some("0123456789abcdef".repeat(4)),
    };
    let started = Instant::now();
    let called = tokio::time::timeout(HANGS, row.call(&client, token, polling(row, once)));
    let called = called.await;
    outcome.took = started.elapsed();
    let requests = stand_in.requests();
    outcome.requests = u32::try_from(requests.len()).unwrap_or(u32::MAX);
    let struck = requests.iter().filter(|seen| row.is_struck(seen)).count() as u64;
    let is_struck = struck > row.spared() || fault.make.is_none();
    let fate = match called {
        Ok(Ok(result)) if result == reference.result => Ok(Fate::Result),
        Ok(Ok(result)) if is_shorter(&result, reference) => Ok(Fate::Short),
        Ok(Ok(result)) => Err(format!("another result: {result}")),
        Ok(Err(error)) => {
            outcome.said = error.to_string();
            outcome.leak = leak(&error);
            match fault.error_code {
                // The storage host has codes of its own, which are not read.
                Some(code) if row != Row::Download && error.error_code() != Some(code) => {
                    Err(format!("the code {code} was lost: {error:?}"))
                }
                _ => Ok(Fate::Error(error.kind())),
            }
        }
        Err(_) => Err("it hangs".to_owned()),
    };
    outcome.fate = Some(if is_struck {
        fate
    } else {
        Err("the fault struck nothing".to_owned())
    });
    let connections = tls.connections() + proxy.requests().len();
    if connections > 1 {
        outcome.fate = Some(Err(format!("{connections} attempts to connect")));
    }
    if outcome.leak.is_none() && elsewhere.connections() > 0 {
        outcome.fate = Some(Err(format!(
            "another host was reached: {}",
            elsewhere.seen()
        )));
    }
    outcome
}

fn is_shorter(result: &str, reference: &Reference) -> bool {
    let bytes = |line: &str| line.strip_suffix(" bytes")?.parse::<u64>().ok();
    bytes(result) < bytes(&reference.result)
}

/// The secret that an error shows, in any text of it or of what caused it.
pub(crate) fn leak(error: &Error) -> Option<&'static str> {
    let mut text = format!("{error} {error:?} {error:#?} {:?}", error.excerpt());
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, " {cause} {cause:?}");
        next = cause.source();
    }
    planted::in_text(&text)
}

fn scenario(row: Row) -> atlas_billing_mock::ScenarioBuilder {
    let month = |month, id: &str| InvoicePlan::new(id).month(2025, month).items(40);
    let scenario = Scenario::builder()
        .today("2025-03-09".parse().unwrap())
        .without_invoices()
        .invoice(month(1, rows::INVOICE))
        .invoice(month(2, "66a10000000000000000a002").status("PENDING"))
        .sign_in(row.identity().sign_in())
        .ready(row.ready())
        .reports(ReportSettings::default().ready(row.ready()));
    match row.needs_report() {
        // Its id begins with the second of its making.
        true => scenario.clock(ManualClock::at("2025-03-09T12:00:00Z".parse().unwrap())),
        false => scenario,
    }
}

/// How a query or a report is polled for.
pub(crate) fn polling(row: Row, once: bool) -> PollPolicy {
    let seconds = Duration::from_secs;
    let pace = row.pace();
    // A fault that strikes once is to be tolerated, one that strikes always to end the call.
    let (tolerated, deadline) = if once {
        (3_600, 3_600)
    } else {
        (3 * pace, 5 * pace)
    };
    PollPolicy::default()
        .with_backoff(Backoff::every(seconds(pace)))
        .with_poll_timeout(SILENCE)
        .with_tolerance(Tolerance::of(seconds(tolerated)))
        .with_deadline(seconds(deadline))
}

fn client(
    row: Row,
    protocol: Protocol,
    base_url: &str,
    watch: &Arc<Watch>,
    proxy: Option<String>,
) -> Client {
    let seconds = Duration::from_secs;
    let retry = RetryPolicy::new()
        .with_max_attempts(ATTEMPTS)
        .with_max_elapsed(seconds(3_600));
    let silences = watch.clone();
    let clock = WaitClock::new([SILENCE], move || silences.silences());
    let builder = Client::builder(row.identity().credentials())
        .base_url(base_url)
        .clock(Arc::new(clock))
        .timeouts(Timeouts::default().with_head(SILENCE).with_idle(SILENCE))
        .retry(retry)
        .polling(polling(row, watch.once))
        .max_body(1 << 18)
        .observer(watch.clone());
    let dead = watch.sort == Sort::SilentConnection;
    let builder = protocol.on(builder).configure_http(move |http| {
        // Where a connection dies, it is to be found dead soon; elsewhere, never by mistake.
        let (after, within) = if dead { (100, 8_000) } else { (60_000, 60_000) };
        let http = http
            .http2_keep_alive_interval(Duration::from_millis(after))
            .http2_keep_alive_timeout(Duration::from_millis(within));
        match proxy {
            Some(proxy) => http.proxy(Proxy::all(proxy).unwrap()),
            None => http,
        }
    });
    builder.build().unwrap()
}

/// Does what comes before the call: creates the query or report that is polled, meets the first
/// challenge. The stand-in forgets it, the client does not.
async fn prepare(row: Row, client: &Client, watch: &Watch) -> Option<String> {
    if !row.needs_query() && !row.needs_report() && !row.is_warm() {
        return None;
    }
    // A client of its own where the call is to begin with signing in.
    let other;
    let client = if row.is_warm() {
        client
    } else {
        let builder = Client::builder(row.identity().credentials());
        let builder = builder.base_url(watch.stand_in.base_url());
        other = Protocol::Http1.on(builder).build().unwrap();
        &other
    };
    let org = client.org(ORG_ID.parse().unwrap());
    let later = "the fault strikes later";
    let token = if row.needs_report() {
        let report = org.focus_report(rows::INVOICE.parse().unwrap()).fresh(true);
        report.start().await.expect(later).token().to_string()
    } else {
        rows::start(&org).await.expect(later).token().to_string()
    };
    watch.begin();
    Some(token)
}

/// The length of the body of the first response that a fault strikes, by a core with a report.
fn report_body(row: Row, core: &Core) -> u64 {
    let media = "application/vnd.atlas.2025-03-12+json";
    let json = |request: Request| {
        let request = request.header(http::header::ACCEPT, media);
        let response = core.respond(&request.header(http::header::CONTENT_TYPE, media));
        response.body.into_bytes()
    };
    let text = |body: &[u8], key: &str| {
        let value: serde_json::Value = serde_json::from_slice(body).unwrap();
        value[key].as_str().unwrap().to_owned()
    };
    let path = format!(
        "/api/atlas/v2/orgs/{ORG_ID}/invoices/{}/reports",
        rows::INVOICE
    );
    let body = r#"{"reportType":"FOCUS","reportFormat":"CSV"}"#;
    let id = text(&json(Request::post(path.clone(), body)), "reportId");
    let body = match row {
        Row::Reports => json(Request::get(path)),
        _ => json(Request::get(format!("{path}/{id}"))),
    };
    let body = match row {
        Row::Download => {
            let url = text(&body, "downloadUrl");
            core.respond(&Request::get(url)).body.into_bytes()
        }
        _ => body,
    };
    body.len() as u64
}

/// Creates the query at a core without a network, and gives its token.
fn requests_of_start(core: &Core) -> String {
    let path = format!("/api/atlas/v2/orgs/{ORG_ID}/billing/costExplorer/usage");
    let media = "application/vnd.atlas.2023-01-01+json";
    let body = r#"{"startDate":"2025-01-01","endDate":"2025-03-01","groupBy":"services"}"#;
    let request = Request::post(path, body)
        .header(http::header::ACCEPT, media)
        .header(http::header::CONTENT_TYPE, media);
    let created = core.respond(&request).body.into_bytes();
    let created: serde_json::Value = serde_json::from_slice(&created).unwrap();
    created["token"].as_str().unwrap().to_owned()
}
