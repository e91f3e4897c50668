//! A report that the service is making: its token, its polls, its file.

use std::future::IntoFuture;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use atlas_billing_raw::PresignedUrl;
use atlas_billing_raw::enums::ReportState;
use atlas_billing_raw::types::InvoiceReport;

use crate::client::Org;
use crate::edge::BoxFuture;
use crate::error::{Error, ErrorKind, Result};
use crate::exchange::Deadline;
use crate::id::ReportToken;
use crate::poll::{Backoff, PollPolicy, Polled, Query, output};
use crate::request::{Call, CallOptions, Calls, Content, CsvFile, Download, Form};
use crate::stream::csv::FocusRows;

/// How the download is called where operations are named.
const DOWNLOAD: &str = "downloadInvoiceReport";

/// The documented pace: at most one poll every five seconds.
const PACE: Duration = Duration::from_secs(5);

/// The largest file, decompressed.
const MAX_FILE: u64 = 64 * 1024 * 1024 * 1024;

/// A FOCUS report that the service is making, requested by this process or another one: see
/// [`Query`]. Awaited, its rows.
///
/// ```no_run
/// # async fn run(org: atlas_billing::Org, save: fn(&str)) -> atlas_billing::Result<()> {
/// let mut report = org.last_invoice().focus_report().start().await?;
/// save(report.token().as_str());
/// while let Some(attempt) = report.next().await {
///     eprintln!("{}", attempt?);
/// }
/// let mut rows = report.await?;
/// while let Some(row) = rows.next().await {
///     println!("{:?}", row?.billed_cost());
/// }
/// # Ok(())
/// # }
/// ```
pub type ReportQuery = Query<PolledReport>;

impl ReportQuery {
    pub(super) fn of(
        org: Org,
        token: ReportToken,
        options: CallOptions,
        policy: Option<PollPolicy>,
        deadline: Option<Deadline>,
    ) -> Self {
        // The client's own policy has the pace of Cost Explorer.
        let own = || org.client().polling().with_backoff(Backoff::for_reports());
        let policy = policy.unwrap_or_else(own);
        let calls = Calls::new(org.client().pipeline(), options, deadline);
        let polled = PolledReport {
            org,
            token,
            calls,
            max_file: MAX_FILE,
        };
        Self::new(polled, policy)
    }

    /// What the service knows the report by: printable, storable, and no secret. Another process
    /// can resume with it by [`Org::resume_report`].
    pub fn token(&self) -> &ReportToken {
        &self.polled.token
    }

    /// The largest file that is downloaded, in decompressed bytes; 64 GiB by default.
    pub fn max_file(mut self, bytes: u64) -> Self {
        self.polled.max_file = bytes;
        self
    }

    /// The report once it is ready, its file not yet downloaded.
    ///
    /// # Errors
    /// What ends the polling; [`ErrorKind::Failed`] where the service could not make the report.
    pub async fn report(self) -> Result<InvoiceReport> {
        Ok(self.ready().await?.1)
    }

    /// The report's CSV file once it is ready, decompressed, while it arrives.
    ///
    /// The file comes from another host, by a presigned URL: without any credential, header or
    /// cookie of the caller's, and without following redirects. A URL that is refused, as it is when
    /// it has expired, is refreshed. A download that breaks is resumed.
    ///
    /// # Errors
    /// Those of [`report`](Self::report). [`ErrorKind::Decode`]: the URL is not https, or the file is
    /// not CSV. [`ErrorKind::Rejected`]: the storage host refuses the download. What fails after the
    /// beginning of the file comes out of it.
    pub async fn csv(self) -> Result<CsvFile> {
        let (polled, report, outcome) = self.ready().await?;
        let settings = polled.calls.download_settings(DOWNLOAD, polled.max_file);
        let clock = polled.calls.exchange().clock.clone();
        let first = Mutex::new((report.download_url, clock.elapsed()));
        let obtain_url = move || -> BoxFuture<'static, Result<PresignedUrl>> {
            let (url, wait) = match &mut *first.lock().unwrap_or_else(PoisonError::into_inner) {
                (url @ Some(_), _) => (url.take(), Duration::ZERO),
                // A new URL takes a poll, and polls have their pace.
                (None, polled_at) => {
                    let now = clock.elapsed();
                    *polled_at = polled_at.saturating_add(PACE).max(now);
                    (None, polled_at.saturating_sub(now))
                }
            };
            let polled = polled.clone();
            Box::pin(async move {
                match url {
                    Some(url) => Ok(url),
                    None => polled.url(wait).await,
                }
            })
        };
        let file = Download::csv(settings, Box::new(obtain_url)).await;
        file.map_err(|error| error.with_poll(outcome))
    }
}

impl IntoFuture for ReportQuery {
    type Output = Result<FocusRows>;
    type IntoFuture = BoxFuture<'static, Result<FocusRows>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.csv().await?.focus_rows()) })
    }
}

/// A report, described for the poller.
#[derive(Debug, Clone)]
pub struct PolledReport {
    org: Org,
    token: ReportToken,
    calls: Calls,
    max_file: u64,
}

impl PolledReport {
    /// The report if it is ready; `None` if it is being made, or in a state that this release does
    /// not know.
    fn judge(&self, report: InvoiceReport) -> Result<Option<InvoiceReport>> {
        match &report.state {
            Some(ReportState::Succeeded) => Ok(Some(report)),
            Some(ReportState::Failed) => {
                let reason = report.failure_reason.as_deref();
                Err(Error::new(
                    ErrorKind::Failed,
                    format!(
                        "the FOCUS report {} failed: {}",
                        self.token,
                        reason.unwrap_or("the service gives no reason")
                    ),
                ))
            }
            Some(_) => Ok(None),
            None => Err(Error::decode(
                "the response is not a report: it has no state",
            )),
        }
    }

    /// A new URL of a report that has been ready before, after a wait.
    async fn url(&self, wait: Duration) -> Result<PresignedUrl> {
        if !wait.is_zero() {
            let exchange = self.calls.exchange();
            exchange.observe_wait(Self::OPERATION, wait, None);
            let clock = exchange.clock.as_ref();
            let waiting = pin!(async {
                clock.sleep(wait).await;
                Ok(())
            });
            let deadline = self.calls.deadline();
            let waited = deadline.bounded(clock, waiting).await;
            waited.map_err(|error| error.with_operation(Self::OPERATION))?;
        }
        let content = self.prepare().await?.content().await?;
        let meta = content.meta.clone();
        let url = output(self, content)?.map(|report| report.download_url);
        let error = match url {
            Some(Some(url)) => return Ok(url),
            Some(None) => Error::decode("the report has no download URL"),
            None => Error::new(ErrorKind::NotReady, "the report is not ready any more"),
        };
        Err(error.with_meta(meta))
    }
}

/// The report in a response. An error has no excerpt: the body may hold a URL that is a secret.
fn decode(content: &Content) -> Result<InvoiceReport> {
    content.decode().map_err(Error::without_excerpt)
}

impl Polled for PolledReport {
    type Output = InvoiceReport;
    const OPERATION: &'static str = "getInvoiceReport";
    const WHAT: &'static str = "FOCUS report";
    const RESUME: &'static str = "Resume with `Org::resume_report` and the token in `Error::poll`, or \
                                  set a later deadline in `PollPolicy` (and in `Timeouts`, where \
                                  the whole call has one).";
    const SHORTEST_WAIT: Duration = PACE;

    fn token(&self) -> &str {
        self.token.as_str()
    }

    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn calls_mut(&mut self) -> &mut Calls {
        &mut self.calls
    }

    async fn prepare(&self) -> Result<Call> {
        self.calls
            .prepare(Form::Json, |raw| async move {
                raw.get_invoice_report_bytes()
                    .org_id(self.org.id().as_str())
                    .invoice_id(self.token.invoice().as_str())
                    .report_id(self.token.report().as_str())
                    .send()
                    .await
            })
            .await
    }

    fn read(&self, content: Content) -> Result<Option<InvoiceReport>> {
        let report = decode(&content)?;
        self.judge(report).map_err(|error| content.error(error))
    }
}
