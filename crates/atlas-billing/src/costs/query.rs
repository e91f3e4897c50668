//! A Cost Explorer query that the service is processing: its token, its polls, its result.

use std::future::IntoFuture;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::de::IgnoredAny;

use super::report::{CostReport, CostResult};
use crate::client::Org;
use crate::edge::BoxFuture;
use crate::error::Result;
use crate::exchange::{Deadline, Exchange};
use crate::id::QueryToken;
use crate::meta::ResponseMeta;
use crate::poll::{Finding, PollPolicy, Polled, Query};
use crate::request::{Call, CallOptions, Content, CsvFile, Form};

/// A Cost Explorer query that the service is processing, created by this process or another one: see
/// [`Query`].
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
pub type CostQuery = Query<PolledCosts>;

impl CostQuery {
    pub(super) fn of(
        org: Org,
        token: QueryToken,
        options: CallOptions,
        policy: Option<PollPolicy>,
        deadline: Option<Deadline>,
    ) -> Self {
        let policy = policy.unwrap_or_else(|| org.client().polling());
        let polled = PolledCosts {
            org,
            token,
            options,
            deadline,
        };
        Self::new(polled, policy)
    }

    /// What the service knows the query by: printable, storable, and no secret. Another process
    /// can resume with it by [`Org::resume`].
    pub fn token(&self) -> &QueryToken {
        &self.polled.token
    }

    /// The result as a CSV file, once it is ready. Readiness is polled for in JSON, where it
    /// shows, and the file is fetched then.
    ///
    /// # Errors
    /// What ends the polling, or what the call for the file fails with.
    pub async fn csv(self) -> Result<CsvFile> {
        let (polled, _) = self.ready().await?;
        let call = polled.call(Form::Csv).await?;
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
}

impl IntoFuture for CostQuery {
    type Output = Result<CostReport>;
    type IntoFuture = BoxFuture<'static, Result<CostReport>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (polled, content) = self.ready().await?;
            let result = content.decode()?;
            Ok(CostReport::new(result, polled.token, content.meta))
        })
    }
}

/// A Cost Explorer query, described for the poller.
#[derive(Debug, Clone)]
pub struct PolledCosts {
    org: Org,
    token: QueryToken,
    options: CallOptions,
    /// The deadline of everything, once it has begun.
    deadline: Option<Deadline>,
}

impl PolledCosts {
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
        let content = content.not_empty()?;
        // Its rows are not examined: whoever wants the bytes or the CSV file gets them even where a
        // row is odd.
        content.decode::<CostResult<IgnoredAny>>()?;
        Ok(Finding::Ready(content))
    }
}

impl Polled for PolledCosts {
    type Output = Content;
    const OPERATION: &'static str = "getCostExplorerQueryProcess";
    const WHAT: &'static str = "Cost Explorer query";
    const RESUME: &'static str = "Resume with `Org::resume` and the token in `Error::poll`, or set a \
                                  later deadline in `PollPolicy`.";

    fn token(&self) -> &str {
        self.token.as_str()
    }

    fn set_options(&mut self, options: CallOptions) {
        self.options = options;
    }

    fn begin(&mut self) -> Deadline {
        let begin = || self.org.client().deadline(&self.options);
        *self.deadline.get_or_insert_with(begin)
    }

    fn exchange(&self) -> &Exchange {
        &self.org.client().pipeline().exchange
    }

    fn poll(&self, limit: Duration) -> BoxFuture<'static, Result<Finding<Content>>> {
        Box::pin(self.clone().poll_once(limit))
    }
}

#[cfg(test)]
mod tests;
