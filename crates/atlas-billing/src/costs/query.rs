//! A Cost Explorer query that the service is processing: its token, its polls, its result.

use std::future::IntoFuture;

use bytes::Bytes;
use serde::de::IgnoredAny;

use super::report::{CostReport, CostResult};
use crate::client::Org;
use crate::edge::BoxFuture;
use crate::error::{Error, PollOutcome, Result};
use crate::exchange::Deadline;
use crate::id::QueryToken;
use crate::meta::ResponseMeta;
use crate::poll::{PollPolicy, Polled, Query};
use crate::request::{Call, CallOptions, Calls, Content, CsvFile, Form};

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
        let calls = Calls::new(org.client().pipeline(), options, deadline);
        let polled = PolledCosts { org, token, calls };
        Self::new(polled, policy)
    }

    /// What the service knows the query by: printable, storable, and no secret. Another process
    /// can resume with it by [`Org::resume`].
    pub fn token(&self) -> &QueryToken {
        &self.polled.token
    }

    /// The result, once it is ready, and how it was polled.
    pub(super) async fn report(self) -> Result<(CostReport, PollOutcome)> {
        let (polled, content, outcome) = self.ready().await?;
        match content.decode() {
            Ok(result) => Ok((CostReport::new(result, polled.token, content.meta), outcome)),
            Err(error) => Err(error.with_poll(outcome)),
        }
    }

    /// The result as a CSV file, once it is ready. Readiness is polled for in JSON, where it
    /// shows, and the file is fetched then.
    ///
    /// # Errors
    /// What ends the polling, or what the call for the file fails with.
    pub async fn csv(self) -> Result<CsvFile> {
        let (polled, _, outcome) = self.ready().await?;
        let file = async {
            let call = polled.prepare_in(Form::Csv).await?;
            call.read(|response| CsvFile::new(response, false)).await
        };
        file.await.map_err(|error: Error| error.with_poll(outcome))
    }

    /// The result as the JSON text that the service sent, without its envelope, once it is ready.
    ///
    /// # Errors
    /// What ends the polling.
    pub async fn bytes(self) -> Result<(ResponseMeta, Bytes)> {
        let (_, content, _) = self.ready().await?;
        Ok((content.meta, content.bytes))
    }
}

impl IntoFuture for CostQuery {
    type Output = Result<CostReport>;
    type IntoFuture = BoxFuture<'static, Result<CostReport>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.report().await?.0) })
    }
}

/// A Cost Explorer query, described for the poller.
#[derive(Debug, Clone)]
pub struct PolledCosts {
    org: Org,
    token: QueryToken,
    calls: Calls,
}

impl PolledCosts {
    /// Prepares the call for the result.
    async fn prepare_in(&self, form: Form) -> Result<Call> {
        self.calls
            .prepare(form, |raw| async move {
                raw.get_cost_explorer_query_process_bytes()
                    .org_id(self.org.id().as_str())
                    .token(self.token.as_str())
                    .send()
                    .await
            })
            .await
    }
}

impl Polled for PolledCosts {
    type Output = Content;
    const OPERATION: &'static str = "getCostExplorerQueryProcess";
    const WHAT: &'static str = "Cost Explorer query";
    const RESUME: &'static str = "Resume with `Org::resume` and the token in `Error::poll`, or set a \
                                  later deadline in `PollPolicy` (and in `Timeouts`, where the whole \
                                  call has one).";

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
        // The status is requested in the body: HTTP cannot deliver the documented 102.
        Ok(self.prepare_in(Form::Json).await?.enveloped())
    }

    fn read(&self, content: Content) -> Result<Option<Content>> {
        // Its rows are not examined: whoever wants the bytes or the CSV file gets them even where a
        // row is odd.
        content.decode::<CostResult<IgnoredAny>>()?;
        Ok(Some(content))
    }
}

#[cfg(test)]
mod tests;
