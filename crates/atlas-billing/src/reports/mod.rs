//! Reports of invoices in the columns of FOCUS: requested, polled for, downloaded, read, added up.

mod bridge;
mod query;
mod totals;

use std::future::IntoFuture;

use atlas_billing_raw::enums::{InvoiceStatus, ReportFormat, ReportState, ReportType};
use atlas_billing_raw::types::{
    InvoiceReport, InvoiceReportPage, InvoiceReportRequest, InvoiceSummary,
};
pub use bridge::{Bridge, BridgeRow};
use chrono::{DateTime, TimeDelta, Utc};
pub use query::{PolledReport, ReportQuery};
pub use totals::{FocusTotal, FocusTotals};

use crate::client::Org;
use crate::edge::BoxFuture;
use crate::error::{Error, Result};
use crate::exchange::Deadline;
use crate::id::{InvoiceId, ReportId, ReportToken};
use crate::invoices::InvoiceRequest;
use crate::list::{ListRequest, Listed, PageCall};
use crate::poll::PollPolicy;
use crate::request::{Call, CallOptions, CsvFile, Form};
pub use crate::stream::csv::{FocusColumn, FocusKind, FocusRow, FocusRows};

/// How long the service keeps a report, as documented.
const KEPT: TimeDelta = TimeDelta::days(7);

/// How far the service's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::hours(1);

impl Org {
    /// The FOCUS report of the invoice with this id: of [another invoice](InvoiceRequest) by its own
    /// [`focus_report`](InvoiceRequest::focus_report).
    ///
    /// ```no_run
    /// # async fn run(org: atlas_billing::Org, id: atlas_billing::InvoiceId) -> atlas_billing::Result<()> {
    /// let mut rows = org.focus_report(id).await?;
    /// while let Some(row) = rows.next().await {
    ///     let row = row?;
    ///     println!("{:?} {:?}", row.service_name(), row.billed_cost());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn focus_report(&self, invoice: InvoiceId) -> FocusReportRequest {
        self.invoice(invoice).focus_report()
    }

    /// A report that was requested before, in this process or another one.
    pub fn resume_report(&self, token: ReportToken) -> ReportQuery {
        ReportQuery::of(self.clone(), token, CallOptions::new(), None, None)
    }

    /// The reports of an invoice that the service keeps, the newest first, without the URLs of their
    /// files.
    pub fn reports(&self, invoice: InvoiceId) -> ReportsRequest {
        let list = Reports {
            org: self.clone(),
            invoice,
        };
        ListRequest::new(self.client(), list)
    }
}

impl InvoiceRequest {
    /// The FOCUS report of the invoice. Its sum is not the invoice's: it lacks tax, adjustments and
    /// refunds. A report is of one organization; linked ones have their own
    /// ([`Org::associated_invoices`]). That of a pending invoice is not final.
    pub fn focus_report(self) -> FocusReportRequest {
        FocusReportRequest {
            invoice: self,
            listed: None,
            fresh: false,
            version: None,
            polling: None,
        }
    }
}

/// A request for the FOCUS report of an invoice; awaited, the rows of the report.
///
/// A report that the service has made of a closed invoice is used again while the service keeps it,
/// seven days; see [`fresh`](Self::fresh).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before it is awaited or started"]
pub struct FocusReportRequest {
    invoice: InvoiceRequest,
    listed: Option<InvoiceSummary>,
    fresh: bool,
    version: Option<String>,
    polling: Option<PollPolicy>,
}

impl FocusReportRequest {
    /// Whether a new report is made even where there is one already.
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// What the list of invoices says of the invoice, where that is known already: it need not be
    /// looked up to know whether a report of it can be used again.
    pub fn listed(mut self, summary: InvoiceSummary) -> Self {
        self.listed = Some(summary);
        self
    }

    /// The version of FOCUS, such as `1.3`; the service's choice by default.
    pub fn spec_version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// How the report is polled for. By default the client's policy applies, with the pace that is
    /// documented for reports: five seconds, growing to a minute. Polls are never closer than that.
    pub fn polling(mut self, policy: PollPolicy) -> Self {
        self.polling = Some(policy);
        self
    }

    /// Version, time limits and sizes of the requests; a limit on the whole call counts from the
    /// first to the end of the download.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.invoice = self.invoice.options(options);
        self
    }

    /// Requests the report without waiting for it. Its token can be saved, so that another process
    /// can resume it.
    ///
    /// # Errors
    /// Those of finding the invoice and of requesting the report.
    pub async fn start(self) -> Result<ReportQuery> {
        let Self {
            invoice,
            listed,
            fresh,
            version,
            polling,
        } = self;
        let (org, options) = invoice.org_and_options();
        let deadline = org.client().deadline(&options);
        let look_up = !fresh && listed.is_none();
        let found = invoice.find_by(deadline, look_up).await?;
        let is_it = |summary: &InvoiceSummary| summary.id.as_deref() == Some(found.id.as_str());
        let summary = listed.filter(is_it).or(found.summary);
        let made = match summary.filter(|_| !fresh) {
            Some(summary) => {
                let reports = org.reports(found.id).options(options.clone());
                let made = made_already(reports, deadline, version.as_deref(), &summary);
                made.await?
            }
            None => None,
        };
        let report = match made {
            Some(report) => report,
            None => create(&org, found.id, version, &options, deadline).await?,
        };
        let token = ReportToken::new(found.id, report);
        Ok(ReportQuery::of(
            org,
            token,
            options,
            polling,
            Some(deadline),
        ))
    }

    /// The report's CSV file, once it is ready. See [`ReportQuery::csv`].
    ///
    /// # Errors
    /// Those of [`start`](Self::start) and [`ReportQuery::csv`].
    pub async fn csv(self) -> Result<CsvFile> {
        self.start().await?.csv().await
    }
}

impl IntoFuture for FocusReportRequest {
    type Output = Result<FocusRows>;
    type IntoFuture = BoxFuture<'static, Result<FocusRows>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.start().await?.await })
    }
}

async fn create(
    org: &Org,
    invoice: InvoiceId,
    version: Option<String>,
    options: &CallOptions,
    deadline: Deadline,
) -> Result<ReportId> {
    let body = InvoiceReportRequest::builder()
        .report_type(ReportType::Focus)
        .report_format(ReportFormat::Csv)
        .format_spec_version(version);
    let pipeline = org.client().pipeline();
    let call = pipeline
        .prepare(Form::Json, options, deadline, |raw| async move {
            raw.create_invoice_report_bytes()
                .org_id(org.id().as_str())
                .invoice_id(invoice.as_str())
                .body(body)
                .send()
                .await
        })
        .await?;
    let (meta, created) = call.json::<InvoiceReport>().await?;
    report_id(&created).ok_or_else(|| {
        Error::decode("the service sent no report id of the documented form")
            .with_json_path("$.reportId")
            .with_meta(meta)
    })
}

/// The newest report that stands for the invoice as it is, if there is one.
async fn made_already(
    reports: ReportsRequest,
    deadline: Deadline,
    version: Option<&str>,
    invoice: &InvoiceSummary,
) -> Result<Option<ReportId>> {
    let now = reports.now();
    let mut pages = reports.pages(Some(deadline));
    while let Some((_, page)) = pages.next().await? {
        let found = page
            .iter()
            .find(|report| stands_for(report, version, invoice, now));
        if let Some(found) = found {
            return Ok(report_id(found));
        }
    }
    Ok(None)
}

/// Whether `report` has the figures of `invoice` as they are now: the invoice is closed, and has not
/// changed since the report was requested. The service does not say when that was; its id does.
fn stands_for(
    report: &InvoiceReport,
    version: Option<&str>,
    invoice: &InvoiceSummary,
    now: DateTime<Utc>,
) -> bool {
    let is_closed = invoice
        .status_name
        .as_ref()
        .is_some_and(|status| *status != InvoiceStatus::Pending);
    let created = report_id(report).and_then(|id| id.created());
    let is_later = match (created, invoice.updated) {
        (Some(created), Some(updated)) => {
            updated < created && now - KEPT < created && created < now + AHEAD
        }
        _ => false,
    };
    let is_whole = !matches!(report.state, None | Some(ReportState::Failed));
    let is_focus = report.report_type == Some(ReportType::Focus)
        && report.report_format == Some(ReportFormat::Csv)
        && version.is_none_or(|version| report.format_spec_version.as_deref() == Some(version));
    is_closed && is_later && is_whole && is_focus
}

fn report_id(report: &InvoiceReport) -> Option<ReportId> {
    report.report_id.as_deref()?.parse().ok()
}

/// A request for the list of an invoice's reports.
pub type ReportsRequest = ListRequest<Reports>;

/// The reports of an invoice.
#[derive(Debug, Clone)]
pub struct Reports {
    org: Org,
    invoice: InvoiceId,
}

impl Listed for Reports {
    type Item = InvoiceReport;
    type Page = InvoiceReportPage;
    const OPERATION: &'static str = "listInvoiceReports";

    async fn prepare(&self, page: PageCall<'_>) -> Result<Call> {
        let (number, per_page) = (page.number, page.per_page);
        page.build(|raw| async move {
            raw.list_invoice_reports_bytes()
                .org_id(self.org.id().as_str())
                .invoice_id(self.invoice.as_str())
                .page_num(number)
                .items_per_page(per_page)
                .send()
                .await
        })
        .await
    }

    fn id(report: &InvoiceReport) -> Option<&str> {
        report.report_id.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report requested at these seconds since 1970.
    fn report(created: &str, change: &str) -> InvoiceReport {
        let created: DateTime<Utc> = created.parse().unwrap();
        let mut json = serde_json::json!({
            "reportId": format!("{:08x}{}", created.timestamp(), "0".repeat(16)),
            "reportType": "FOCUS",
            "reportFormat": "CSV",
            "formatSpecVersion": "1.3",
            "state": "SUCCEEDED",
        });
        if let Some((key, value)) = change.split_once('=') {
            json[key] = value.into();
        }
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_report_is_used_again_where_it_stands_for_the_invoice() {
        let now = "2025-03-12T12:00:00Z".parse().unwrap();
        const LATER: &str = "2025-03-11T00:00:00Z";
        for (status, created, change, version, used) in [
            ("PAID", LATER, "", None, true),
            ("CLOSED", LATER, "state=RUNNING", None, true),
            ("CLOSED", LATER, "", Some("1.3"), true),
            ("CLOSED", LATER, "", Some("1.4"), false),
            ("PENDING", LATER, "", None, false),
            ("PAID", LATER, "state=FAILED", None, false),
            ("PAID", LATER, "reportType=OTHER", None, false),
            ("PAID", LATER, "reportId=r-17", None, false),
            // Requested before the invoice changed last, deleted by now, or from the future.
            ("PAID", "2025-03-09T00:00:00Z", "", None, false),
            ("PAID", "2025-03-05T00:00:00Z", "", None, false),
            ("PAID", "2025-03-13T00:00:00Z", "", None, false),
        ] {
            let invoice =
                format!(r#"{{"statusName":"{status}","updated":"2025-03-10T00:00:00Z"}}"#);
            let invoice = serde_json::from_str(&invoice).unwrap();
            let report = report(created, change);
            let found = stands_for(&report, version, &invoice, now);
            assert_eq!(found, used, "{status} {created} {change}");
        }
        let unknown = InvoiceSummary::default();
        assert!(!stands_for(&report(LATER, ""), None, &unknown, now));
    }
}
