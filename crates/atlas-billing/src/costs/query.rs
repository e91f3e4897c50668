//! A Cost Explorer query that the service is processing: its token, its polls, its result.

use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::StatusCode;
use serde::de::IgnoredAny;

use super::report::{CostReport, CostResult};
use crate::client::Org;
use crate::edge::BoxFuture;
use crate::error::{Error, ErrorKind, Result};
use crate::exchange::Deadline;
use crate::id::QueryToken;
use crate::meta::ResponseMeta;
use crate::poll::{Attempt, Finding, PollPolicy, PolledOperation, Poller};
use crate::request::{Call, CallOptions, Content, CsvFile, Form};

/// The stable name of the operation that is polled.
const OPERATION: &str = "getCostExplorerQueryProcess";

/// A Cost Explorer query that the service is processing, created by this process or another one.
///
/// It can be awaited for its result, advanced to its [next](Self::next) poll, and is a stream of its
/// polls. Nothing is spawned: it sends requests only while one of these is awaited, and none after
/// it is dropped.
///
/// ```no_run
/// # async fn run(org: atlas_billing::Org, save: fn(&str)) -> atlas_billing::Result<()> {
/// let mut query = org.costs(atlas_billing::Months::year(2025)?).start().await?;
/// save(query.token().as_str());
/// while let Some(attempt) = query.next().await {
///     eprintln!("{}", attempt?);
/// }
/// // The last poll has brought the result: this sends no further request.
/// let report = query.await?;
/// println!("{}", report.total()?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a query sends nothing unless it is awaited or polled"]
pub struct CostQuery {
    job: Job,
    policy: PollPolicy,
    /// Created with the first poll, so that options may be set until then.
    poller: Option<Poller<Job>>,
    /// An option was set too late to have an effect.
    misused: bool,
}

impl CostQuery {
    pub(super) fn new(
        org: Org,
        token: QueryToken,
        options: CallOptions,
        policy: Option<PollPolicy>,
        deadline: Option<Deadline>,
    ) -> Self {
        Self {
            policy: policy.unwrap_or_else(|| org.client().polling()),
            job: Job {
                org,
                token,
                options,
                deadline,
            },
            poller: None,
            misused: false,
        }
    }

    /// What the service knows the query by: printable, storable, and no secret. Another process
    /// can resume with it by [`Org::resume`].
    pub fn token(&self) -> &QueryToken {
        &self.job.token
    }

    /// How the result is polled, instead of by the client's policy. After the first poll it is too
    /// late, and the next one is an error.
    pub fn polling(mut self, policy: PollPolicy) -> Self {
        self.policy = policy;
        self.misused |= self.poller.is_some();
        self
    }

    /// Version, time limits and sizes of the query's requests. After the first poll it is too late,
    /// and the next one is an error. A limit on the whole call of a query that was
    /// [started](super::CostRequest::start) counts from there.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.job.options = options;
        self.misused |= self.poller.is_some();
        self
    }

    /// Waits as long as is due and polls once. `None` once there was a result or an error.
    ///
    /// Dropping the future loses nothing: the wait or the poll goes on with the next one.
    ///
    /// # Errors
    /// What ends the polling. [`Error::poll`](crate::Error::poll) says how far it came.
    pub async fn next(&mut self) -> Option<Result<Attempt>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The result as a CSV file, once it is ready. Readiness is polled for in JSON, where it
    /// shows, and the file is fetched then.
    ///
    /// # Errors
    /// What ends the polling, or what the call for the file fails with.
    pub async fn csv(self) -> Result<CsvFile> {
        let (job, _) = self.ready().await?;
        let call = job.call(Form::Csv).await?;
        call.read(|response| CsvFile::new(response, false)).await
    }

    /// The result as the JSON text that the service sent, without its envelope, once it is ready.
    ///
    /// # Errors
    /// What ends the polling.
    pub async fn bytes(self) -> Result<(ResponseMeta, Bytes)> {
        let (_, content) = self.ready().await?;
        Ok((content.meta, content.bytes))
    }

    fn poller(&mut self) -> &mut Poller<Job> {
        let Self {
            job,
            policy,
            poller,
            ..
        } = self;
        poller.get_or_insert_with(|| {
            let client = job.org.client();
            let deadline = client.deadline(&job.options);
            let deadline = *job.deadline.get_or_insert(deadline);
            let exchange = &client.pipeline().exchange;
            let (clock, random) = (exchange.clock.clone(), exchange.random.clone());
            Poller::new(job.clone(), clock, random, *policy, deadline)
        })
    }

    async fn ready(mut self) -> Result<(Job, Content)> {
        if self.misused {
            return Err(too_late());
        }
        self.poller();
        match self.poller {
            Some(poller) => poller.result().await,
            None => Err(too_late()),
        }
    }
}

fn too_late() -> Error {
    Error::input("options of a query cannot be set after its first poll").with_operation(OPERATION)
}

impl Stream for CostQuery {
    type Item = Result<Attempt>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.misused {
            self.misused = false;
            return Poll::Ready(Some(Err(too_late())));
        }
        self.poller().poll_next(context)
    }
}

impl IntoFuture for CostQuery {
    type Output = Result<CostReport>;
    type IntoFuture = BoxFuture<'static, Result<CostReport>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (job, content) = self.ready().await?;
            let result = content.decode()?;
            Ok(CostReport::new(result, job.token, content.meta))
        })
    }
}

/// A Cost Explorer query, described for the poller.
#[derive(Debug, Clone)]
struct Job {
    org: Org,
    token: QueryToken,
    options: CallOptions,
    /// The deadline of everything, once it has begun.
    deadline: Option<Deadline>,
}

impl Job {
    /// The request for the result.
    async fn call(&self, form: Form) -> Result<Call> {
        let deadline = self.deadline.unwrap_or_default();
        let pipeline = self.org.client().pipeline();
        pipeline
            .call(form, &self.options, deadline, |raw| async move {
                raw.get_cost_explorer_query_process_bytes()
                    .org_id(self.org.id().as_str())
                    .token(self.token.as_str())
                    .send()
                    .await
            })
            .await
    }

    async fn poll_once(self, limit: Duration) -> Result<Finding<Content>> {
        // The status is requested in the body: HTTP cannot deliver the documented 102.
        let call = self.call(Form::Json).await?.enveloped().within(limit);
        let content = call.content_once().await?;
        let status = content.meta.status();
        // 202 (Accepted) says the same as 102 where something on the way cannot pass that on.
        if status.is_informational() || status == StatusCode::ACCEPTED {
            let retry_after = content.meta.retry_after();
            return Ok(Finding::Pending { retry_after });
        }
        if content.bytes.trim_ascii().is_empty() {
            // As ambiguous as a connection that breaks: a result is never empty.
            let error = Error::new(ErrorKind::Truncated, "a success without a body");
            return Err(content.error(error));
        }
        // Its rows are not examined: whoever wants the bytes or the CSV file gets them even where a
        // row is odd.
        content.decode::<CostResult<IgnoredAny>>()?;
        Ok(Finding::Ready(content))
    }
}

impl PolledOperation for Job {
    type Output = Content;

    fn what(&self) -> &'static str {
        "Cost Explorer query"
    }

    fn token(&self) -> &str {
        self.token.as_str()
    }

    fn poll(&self, limit: Duration) -> BoxFuture<'static, Result<Finding<Content>>> {
        Box::pin(self.clone().poll_once(limit))
    }

    fn wait(&self, wait: Duration, error: Option<&Error>) {
        let exchange = &self.org.client().pipeline().exchange;
        exchange.wait(OPERATION, wait, error);
    }
}
