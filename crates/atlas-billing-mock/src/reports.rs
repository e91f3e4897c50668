//! The FOCUS reports of invoices: what is requested, how far it has come, and the URLs of the files.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock::{age, later};
use crate::core::{Call, State};
use crate::invoice::plan::Invoice;
use crate::names::hex;
use crate::operations::{json_response, parse_json, sent_json};
use crate::pages::page;
use crate::response::{Problem, Response};
use crate::scenario::{Progress, Ready, VisibleOrg};
use crate::setters::setters;
use crate::storage;

/// How the reports of invoices are made, and how their files are downloaded from the storage host,
/// whose URL is [`StandIn::storage_url`](crate::StandIn::storage_url).
///
/// That host refuses credentials and headers of the API. What else can go wrong there is a
/// [`Fault`](crate::Fault) of [`Operation::Download`](crate::Operation::Download).
///
/// ```
/// use atlas_billing_mock::{At, Fault, On, Operation, Ready, ReportSettings, Scenario};
///
/// // Ready at the third poll, and the first download ends too early.
/// let reports = ReportSettings::default().ready(Ready::AfterPolls(2)).gzip("application/gzip");
/// let scenario = Scenario::builder()
///     .reports(reports)
///     .fault(On::operation(Operation::Download).nth(1), Fault::Close(At::Body(1_000)))
///     .build();
/// # let _ = scenario;
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ReportSettings {
    ready: Ready,
    failure: Option<String>,
    url_life: Option<Duration>,
    url_origin: Option<String>,
    pub(crate) gzip: Option<String>,
    pub(crate) ignores_ranges: bool,
    pub(crate) changes: bool,
}

impl ReportSettings {
    setters! {
        /// When reports are done.
        ready(ready: Ready) => ready = ready;

        /// Reports that are done have failed, for this reason.
        failing(reason: impl Into<String>) => failure = Some(reason.into());

        /// URLs expire after that time, to the second; after 15 minutes otherwise.
        url_life(life: Duration) => url_life = Some(life);

        /// URLs begin with this in the place of the storage host's own URL: with a scheme or host that no
        /// client should go to, such as `ftp://files.example`.
        url_origin(origin: impl Into<String>) => url_origin = Some(origin.into());

        /// Files are gzip files, and have this content type without a content coding. They are plain
        /// CSV otherwise.
        gzip(content_type: impl Into<String>) => gzip = Some(content_type.into());

        /// Downloads are whole, whichever range is asked for.
        ignoring_ranges() => ignores_ranges = true;

        /// Each download is of another file than the one before, with an `ETag` of its own.
        changing() => changes = true;
    }
}

/// How long a report is kept.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// The reports that were requested, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    made: u64,
    reports: Vec<Report>,
}

impl Archive {
    /// Those that are kept at `now`.
    pub(crate) fn at(&mut self, now: DateTime<Utc>) -> &mut [Report] {
        self.reports.retain(|report| age(now, report.at) < KEPT);
        &mut self.reports
    }
}

/// A report that was requested.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) id: String,
    pub(crate) invoice: Arc<Invoice>,
    at: DateTime<Utc>,
    /// The polls that found it unfinished.
    polls: u64,
    /// The URLs that were given out.
    urls: u64,
    pub(crate) downloads: u64,
}

impl Report {
    pub(crate) fn progress(&self, call: &Call<'_>) -> Progress {
        let ready = call.scenario.settings.reports.ready;
        ready.progress(self.polls, self.at, call.now)
    }

    /// Whether it has a file at last.
    pub(crate) fn has_file(&self, call: &Call<'_>) -> bool {
        self.progress(call) == Progress::Done && call.scenario.settings.reports.failure.is_none()
    }

    /// The report without its URL.
    fn object(&self, call: &Call<'_>) -> Value {
        let failure = &call.scenario.settings.reports.failure;
        let state = match (self.progress(call), failure) {
            (Progress::Waiting, _) => "PENDING",
            (Progress::Running, _) => "RUNNING",
            (Progress::Done, None) => "SUCCEEDED",
            (Progress::Done, Some(_)) => "FAILED",
        };
        let mut object = json!({
            "formatSpecVersion": SPEC_VERSION,
            "invoiceId": self.invoice.plan.id,
            "reportFormat": "CSV",
            "reportId": self.id,
            "reportType": "FOCUS",
            "state": state,
        });
        if let ("FAILED", Some(reason)) = (state, failure) {
            object["failureReason"] = json!(reason);
        }
        object
    }
}

const SPEC_VERSION: &str = "1.3";

/// The request's body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    report_type: String,
    report_format: String,
    format_spec_version: Option<String>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// The invoice that the path names. A report is of one organization, so that linked invoices are
/// those of their own organization only.
fn invoice<'a>(call: &Call<'_>, visible: &'a VisibleOrg) -> Result<&'a Arc<Invoice>, Problem> {
    let id = call.route.id;
    let found = visible.find(id)?;
    match found.org.id == visible.org.id {
        true => Ok(found),
        false => Err(Problem::not_found("invoice", id)),
    }
}

/// The POST: 201 and the report, which waits for its turn.
pub(crate) fn create(
    call: &Call<'_>,
    state: &mut State,
    visible: &VisibleOrg,
) -> Result<Response, Problem> {
    let invoice = invoice(call, visible)?;
    let strict = call.scenario.settings.strict;
    let sent: Sent = parse_json(sent_json(call)?, strict, |sent: &Sent| {
        sent.unknown.keys().cloned().collect()
    })?;
    let version = sent.format_spec_version.as_deref();
    let wrong: Vec<_> = [
        ("reportType", sent.report_type == "FOCUS"),
        ("reportFormat", sent.report_format == "CSV"),
        (
            "formatSpecVersion",
            version.is_none_or(|it| it == SPEC_VERSION),
        ),
    ]
    .into_iter()
    .filter(|(_, holds)| !holds)
    .map(|(field, _)| (field, "has an unknown value".to_owned()))
    .collect();
    if !wrong.is_empty() {
        return Err(Problem::of_fields(&wrong));
    }
    let archive = &mut state.reports;
    archive.made += 1;
    let report = Report {
        // Like all ids of the real service it begins with the second of its making.
        id: format!(
            "{:08x}{}",
            call.now.timestamp(),
            hex(call.scenario.settings.seed() ^ 0xF0C5, archive.made, 16)
        ),
        invoice: Arc::clone(invoice),
        at: call.now,
        polls: 0,
        urls: 0,
        downloads: 0,
    };
    let mut object = report.object(call);
    object["state"] = json!("PENDING");
    archive.reports.push(report);
    Ok(json_response(call, 201, object.to_string()))
}

/// One poll of a report: its state, and once it has succeeded a new URL each time.
pub(crate) fn poll(call: &Call<'_>, state: &mut State) -> Result<Response, Problem> {
    let route = call.route;
    let mut reports = state.reports.at(call.now).iter_mut();
    let found = reports.find(|report| {
        let invoice = &report.invoice;
        (&*report.id, &*invoice.plan.id, invoice.org.id) == (route.report, route.id, route.org)
    });
    let report = found.ok_or_else(|| Problem::not_found("report", route.report))?;
    let mut object = report.object(call);
    if report.progress(call) != Progress::Done {
        report.polls += 1;
    } else if report.has_file(call) {
        let settings = &call.scenario.settings.reports;
        report.urls += 1;
        let life = settings.url_life.unwrap_or(Duration::from_secs(15 * 60));
        let expires = later(call.now, life).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let target = storage::sign(call, report, report.urls, life);
        let origin = settings.url_origin.as_deref().unwrap_or(call.storage);
        object["downloadUrl"] = json!(format!("{origin}{target}"));
        object["expiresAt"] = json!(expires.to_rfc3339_opts(SecondsFormat::Secs, true));
    }
    Ok(json_response(call, 200, object.to_string()))
}

/// One page of the reports of an invoice, the newest first.
pub(crate) fn list(
    call: &Call<'_>,
    state: &mut State,
    visible: &VisibleOrg,
) -> Result<Response, Problem> {
    let id = &invoice(call, visible)?.plan.id;
    let reports = state.reports.at(call.now).iter().rev();
    let found: Vec<_> = reports
        .filter(|report| report.invoice.plan.id == *id)
        .collect();
    Ok(page(call, &found, |report| report.object(call)))
}
