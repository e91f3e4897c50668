//! A Cost Explorer query to be created.

use std::future::IntoFuture;

use atlas_billing_raw::enums::{GroupBy, Service};
use bytes::Bytes;
use serde::Deserialize;

use super::filters::Filters;
use super::query::CostQuery;
use super::report::CostReport;
use crate::client::Org;
use crate::edge::BoxFuture;
use crate::error::{Error, Result};
use crate::exchange::Deadline;
use crate::id::{OrgId, QueryToken};
use crate::meta::ResponseMeta;
use crate::period::Months;
use crate::poll::PollPolicy;
use crate::request::{CallOptions, CsvFile, Form, call_options};

impl Org {
    /// What the organization used in `months`, and the organizations that are billed with it.
    ///
    /// ```no_run
    /// # async fn run(org: atlas_billing::Org) -> atlas_billing::Result<()> {
    /// use atlas_billing::Month;
    ///
    /// let report = org.costs(Month::new(2025, 3)?).await?;
    /// println!("{}", report.total()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn costs(&self, months: impl Into<Months>) -> CostRequest {
        CostRequest {
            org: self.clone(),
            months: months.into(),
            filters: Filters::default(),
            polling: None,
            options: CallOptions::new(),
        }
    }

    /// A query that was created before, in this process or another one.
    pub fn resume(&self, token: QueryToken) -> CostQuery {
        CostQuery::new(self.clone(), token, CallOptions::new(), None, None)
    }
}

/// A Cost Explorer query to be created: what the organization used in some months.
///
/// Awaiting it creates the query, polls until the result is ready, and decodes it.
///
/// ```no_run
/// use atlas_billing::{Client, GroupBy, Months};
///
/// # async fn run() -> atlas_billing::Result<()> {
/// let org = Client::from_env()?.org("5f0c2d9e8b7a6c5d4e3f2a1b".parse()?);
/// let months: Months = "2025-01..2025-03".parse()?;
/// let report = org.costs(months).group_by(GroupBy::Services).await?;
/// for row in &report {
///     println!("{:?} {:?} {:?}", row.usage_date, row.service, row.usage_amount);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before it is awaited or started"]
pub struct CostRequest {
    org: Org,
    months: Months,
    filters: Filters,
    polling: Option<PollPolicy>,
    options: CallOptions,
}

call_options!(CostRequest);

impl CostRequest {
    /// The dimension to group by; without it there is no grouping. The service requires a value to
    /// filter for in that dimension: projects and clusters have to be given.
    ///
    /// For services all that this release knows are filled in, for organizations this one. When
    /// the request is awaited, a second, ungrouped query finds what that leaves out, and the
    /// report has it in rows without a service or organization: see
    /// [`CostReport::unlisted`].
    pub fn group_by(mut self, dimension: GroupBy) -> Self {
        self.filters.group_by = Some(dimension);
        self
    }

    /// Only these services. A name that this release does not know is sent as given.
    pub fn services<S: Into<Service>>(mut self, services: impl IntoIterator<Item = S>) -> Self {
        self.filters.services = services.into_iter().map(Into::into).collect();
        self
    }

    /// Only these projects, by their ids of 24 hexadecimal digits.
    pub fn projects<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.filters.projects = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Only these clusters, by their ids of 24 hexadecimal digits.
    pub fn clusters<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.filters.clusters = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Only these organizations: this one, or those that are linked to it.
    pub fn organizations(mut self, ids: impl IntoIterator<Item = OrgId>) -> Self {
        self.filters.organizations = ids.into_iter().collect();
        self
    }

    /// Whether usage that matches only some of the filters counts. Not sent unless set.
    pub fn include_partial_matches(mut self, include: bool) -> Self {
        self.filters.partial_matches = Some(include);
        self
    }

    /// How the result is polled, instead of by the client's policy.
    pub fn polling(mut self, policy: PollPolicy) -> Self {
        self.polling = Some(policy);
        self
    }

    /// The same request without its grouping, where the values of the grouping are filled in:
    /// [`CostReport::completed_by`] its report, a report has all there is. `None` where nothing is
    /// filled in. Awaiting the request does both.
    pub fn ungrouped(&self) -> Option<Self> {
        let mut ungrouped = self.clone();
        ungrouped.filters.group_by = None;
        self.filters.is_filled_in().then_some(ungrouped)
    }

    /// Creates the query without waiting for its result. Its token can be saved, so that another
    /// process can resume it.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent, for what cannot be
    /// requested; else what the call fails with.
    pub async fn start(self) -> Result<CostQuery> {
        let deadline = self.org.client().deadline(&self.options);
        self.start_by(deadline).await
    }

    /// The result as a CSV file, once it is ready. See [`CostQuery::csv`].
    ///
    /// # Errors
    /// Those of [`start`](Self::start) and of [`CostQuery::csv`].
    pub async fn csv(self) -> Result<CsvFile> {
        self.start().await?.csv().await
    }

    /// The result as the service sent it, once it is ready. See [`CostQuery::bytes`].
    ///
    /// # Errors
    /// Those of [`start`](Self::start) and of [`CostQuery::bytes`].
    pub async fn bytes(self) -> Result<(ResponseMeta, Bytes)> {
        self.start().await?.bytes().await
    }

    async fn start_by(self, deadline: Deadline) -> Result<CostQuery> {
        #[derive(Deserialize)]
        struct Created {
            token: String,
        }
        let org = *self.org.id();
        let body = self.filters.body(&org, self.months)?;
        let pipeline = self.org.client().pipeline();
        let call = pipeline
            .call(Form::Json, &self.options, deadline, |raw| async move {
                raw.create_cost_explorer_query_process_bytes()
                    .org_id(org.as_str())
                    .body(body)
                    .send()
                    .await
            })
            .await?;
        let (meta, created) = call.json::<Created>().await?;
        let token = created.token.parse::<QueryToken>().map_err(|_| {
            Error::decode("the service sent a token of another form than documented")
                .with_json_path("$.token")
                .with_meta(meta)
        })?;
        let Self {
            org,
            polling,
            options,
            ..
        } = self;
        Ok(CostQuery::new(org, token, options, polling, Some(deadline)))
    }

    async fn report(self) -> Result<CostReport> {
        let deadline = self.org.client().deadline(&self.options);
        let ungrouped = self.ungrouped();
        let report = self.start_by(deadline).await?.await?;
        match ungrouped {
            None => Ok(report),
            Some(ungrouped) => report.completed_by(&ungrouped.start_by(deadline).await?.await?),
        }
    }
}

impl IntoFuture for CostRequest {
    type Output = Result<CostReport>;
    type IntoFuture = BoxFuture<'static, Result<CostReport>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.report())
    }
}
