//! A Cost Explorer query that is still to be asked.

use std::fmt;
use std::future::IntoFuture;

use atlas_billing_raw::enums::{GroupBy, Service};
use bytes::Bytes;
use serde::Deserialize;

use super::file::CostFile;
use super::filters::Filters;
use super::query::Query;
use super::report::CostReport;
use crate::call::call_options;
use crate::edge::BoxFuture;
use crate::{
    CallOptions, Error, ErrorKind, Form, Months, Org, OrgId, PollPolicy, QueryToken, Result,
};

/// A Cost Explorer query that is still to be asked: what the organization used in some months.
///
/// Awaiting it creates the query, polls until the result is there, and decodes it.
///
/// ```no_run
/// use atlas_billing::{Client, GroupBy};
///
/// # async fn ask() -> atlas_billing::Result<()> {
/// let org = Client::from_env()?.org("5f0c2d9e8b7a6c5d4e3f2a1b".parse()?);
/// let report = org
///     .costs("2025-01..2025-03".parse()?)
///     .group_by(GroupBy::Services)
///     .await?;
/// for row in &report {
///     println!("{:?} {:?} {:?}", row.usage_date, row.service, row.usage_amount);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is asked before it is awaited or started"]
pub struct CostRequest {
    org: Org,
    months: Months,
    filters: Filters,
    polling: Option<PollPolicy>,
    options: CallOptions,
}

call_options!(CostRequest, options);

impl CostRequest {
    pub(super) fn new(org: Org, months: Months) -> Self {
        Self {
            org,
            months,
            filters: Filters::default(),
            polling: None,
            options: CallOptions::new(),
        }
    }

    /// The dimension to group by, services by default. The service wants at least one value to
    /// filter for in that dimension: for services all that this release knows are filled in, for
    /// organizations this one; projects and clusters have to be given.
    pub fn group_by(mut self, dimension: GroupBy) -> Self {
        self.filters.group_by = Some(dimension);
        self
    }

    /// Does not ask for a grouping.
    pub fn ungrouped(mut self) -> Self {
        self.filters.group_by = None;
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

    /// Creates the query and gives a handle to it, without waiting for its result. Its token can
    /// be kept, so that another process may go on with it.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] before anything is sent, for what cannot be asked; else what the call
    /// fails with.
    pub async fn start(self) -> Result<Query> {
        let body = self.filters.body(&self.org.id, self.months)?;
        let client = &self.org.client;
        let clock = client.inner.edge.clock.clone();
        let began = clock.elapsed();
        let ask = client.ask("createCostExplorerQueryProcess", Form::Json, &self.options);
        let org = self.org.id;
        let created = client
            .fetch(&ask, |raw| {
                let body = body.clone();
                async move {
                    raw.create_cost_explorer_query_process_bytes()
                        .org_id(org.as_str())
                        .body(body)
                        .send()
                        .await
                }
            })
            .await?;
        let (meta, created) = created.json::<Created>()?;
        let token = created.token.parse::<QueryToken>().map_err(|error| {
            Error::new(
                ErrorKind::Unreadable,
                format!("the service's answer: {error}"),
            )
            .with_operation(ask.operation)
            .with_json_path("$.token")
            .with_meta(meta)
        })?;
        let mut options = self.options;
        if let Some(total) = ask.timeouts.total {
            // What creating it has taken is gone from the limit on the whole.
            let left = total.saturating_sub(clock.elapsed().saturating_sub(began));
            options = options.with_timeouts(ask.timeouts.with_total(left));
        }
        Ok(Query::new(self.org, token, options, self.polling))
    }

    /// The result as a CSV file, once it is there. See [`Query::csv`].
    ///
    /// # Errors
    /// Those of [`start`](Self::start) and of [`Query::csv`].
    pub async fn csv(self) -> Result<CostFile> {
        self.start().await?.csv().await
    }

    /// The result as the JSON text that the service sent, once it is there. See
    /// [`Query::bytes`].
    ///
    /// # Errors
    /// Those of [`start`](Self::start) and of [`Query::bytes`].
    pub async fn bytes(self) -> Result<Bytes> {
        self.start().await?.bytes().await
    }
}

#[derive(Deserialize)]
struct Created {
    token: String,
}

impl IntoFuture for CostRequest {
    type Output = Result<CostReport>;
    type IntoFuture = BoxFuture<'static, Result<CostReport>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.start().await?.await })
    }
}

impl fmt::Debug for CostRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CostRequest")
            .field("org", &self.org.id)
            .field("months", &self.months)
            .field("filters", &self.filters)
            .field("polling", &self.polling)
            .field("options", &self.options)
            .finish()
    }
}
