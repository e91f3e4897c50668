//! What an organization used, by Cost Explorer: a query, polling for its result, the result.

mod query;
mod report;

use std::collections::HashSet;
use std::future::IntoFuture;
use std::hash::Hash;

use atlas_billing_raw::enums::{GroupBy, Service};
use atlas_billing_raw::types::CostExplorerQuery;
use bytes::Bytes;
pub use query::{CostQuery, PolledCosts};
pub use report::{CostReport, CostRow};
use serde::Deserialize;

use crate::client::Org;
use crate::edge::BoxFuture;
use crate::error::{Error, Result};
use crate::exchange::Deadline;
use crate::id::{OrgId, QueryToken, check_object_id};
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
        CostQuery::of(self.clone(), token, CallOptions::new(), None, None)
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

    /// The same request without its grouping, if the values of the grouping are filled in; `None` if
    /// they are not. [`CostReport::completed_by`] takes its report, and adds what the grouping left
    /// out. Awaiting the request does both.
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
            .prepare(Form::Json, &self.options, deadline, |raw| async move {
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
        Ok(CostQuery::of(org, token, options, polling, Some(deadline)))
    }

    async fn report(self) -> Result<CostReport> {
        let deadline = self.org.client().deadline(&self.options);
        let ungrouped = self.ungrouped();
        let (report, outcome) = self.start_by(deadline).await?.report().await?;
        let Some(ungrouped) = ungrouped else {
            return Ok(report);
        };
        let completed = async {
            let whole = ungrouped.start_by(deadline).await?.await?;
            report.completed_by(&whole)
        };
        // What can be resumed is the query that was asked for.
        completed.await.map_err(|error: Error| {
            let note = format!(
                "the grouped query {} has its result, but not what its groups leave out",
                outcome.token
            );
            error.with_note(note).with_poll(outcome)
        })
    }
}

impl IntoFuture for CostRequest {
    type Output = Result<CostReport>;
    type IntoFuture = BoxFuture<'static, Result<CostReport>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.report())
    }
}

/// What a query asks for beside its months. The default asks for no grouping.
#[derive(Debug, Clone, Default, PartialEq)]
struct Filters {
    group_by: Option<GroupBy>,
    services: Vec<Service>,
    projects: Vec<String>,
    clusters: Vec<String>,
    organizations: Vec<OrgId>,
    partial_matches: Option<bool>,
}

impl Filters {
    /// Whether the values of the grouping are filled in, so that what is not known here is missing
    /// from the result: services that this release does not know, organizations that are linked.
    fn is_filled_in(&self) -> bool {
        match self.group_by {
            Some(GroupBy::Services) => self.services.is_empty(),
            Some(GroupBy::Organizations) => self.organizations.is_empty(),
            _ => false,
        }
    }

    /// The body of the request.
    ///
    /// The service requires a filter value for the dimension that is grouped by. Services are
    /// known, and so is the organization; which projects and clusters there are is not.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for what cannot be requested.
    fn body(&self, org: &OrgId, months: Months) -> Result<CostExplorerQuery> {
        let mut services = distinct(&self.services);
        let mut organizations = distinct(&self.organizations);
        let projects = object_ids("a project id", &self.projects)?;
        let clusters = object_ids("a cluster id", &self.clusters)?;
        if services
            .iter()
            .any(|service| service.as_str().trim().is_empty())
        {
            return Err(Error::input("the name of a service to filter for is empty"));
        }
        match self.group_by {
            Some(GroupBy::Services) if services.is_empty() => services = Service::KNOWN.to_vec(),
            Some(GroupBy::Organizations) if organizations.is_empty() => organizations.push(*org),
            Some(GroupBy::Projects) if projects.is_empty() => return Err(ids_required("project")),
            Some(GroupBy::Clusters) if clusters.is_empty() => return Err(ids_required("cluster")),
            _ => {}
        }
        let mut body = CostExplorerQuery::default();
        body.start_date = months.start_date();
        body.end_date = months.end_date_exclusive();
        body.group_by = self.group_by.clone();
        body.services = present(services);
        body.projects = present(projects);
        body.clusters = present(clusters);
        body.organizations = present(organizations.iter().map(ToString::to_string).collect());
        body.include_partial_matches = self.partial_matches;
        Ok(body)
    }
}

fn ids_required(one: &str) -> Error {
    Error::input(format!(
        "Cost Explorer groups by {one}s only together with the ids of the {one}s to group"
    ))
}

/// A list that is empty is not sent.
fn present<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// Each value once, in the order given.
fn distinct<T: Clone + Eq + Hash>(values: &[T]) -> Vec<T> {
    let mut seen = HashSet::new();
    values
        .iter()
        .filter(|value| seen.insert(*value))
        .cloned()
        .collect()
}

fn object_ids(what: &str, given: &[String]) -> Result<Vec<String>> {
    for id in given {
        check_object_id(what, id)?;
    }
    Ok(distinct(given))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const ORG: &str = "5f0c2d9e8b7a6c5d4e3f2a1b";
    const ID: &str = "64b7f0a1c2d3e4f506172839";
    const OTHER: &str = "64b7f0a1c2d3e4f50617283a";

    fn json(filters: &Filters, months: &str) -> Result<serde_json::Value> {
        let body = filters.body(&ORG.parse().unwrap(), months.parse().unwrap())?;
        Ok(serde_json::to_value(body).unwrap())
    }

    fn grouped(by: Option<GroupBy>) -> Filters {
        Filters {
            group_by: by,
            ..Filters::default()
        }
    }

    #[test]
    fn months_are_inclusive_for_people_and_exclusive_on_the_wire() {
        for (months, start, end) in [
            ("2025-01..2025-03", "2025-01-01", "2025-04-01"),
            ("2024-12", "2024-12-01", "2025-01-01"),
            ("2024", "2024-01-01", "2025-01-01"),
        ] {
            let body = json(&grouped(None), months).unwrap();
            let expected = serde_json::json!({ "startDate": start, "endDate": end });
            assert_eq!(body, expected, "{months}");
        }
    }

    #[test]
    fn services_are_filled_in_with_all_that_are_known() {
        let body = json(&grouped(Some(GroupBy::Services)), "2025-01").unwrap();
        assert_eq!(body["groupBy"], "services");
        let services = body["services"].as_array().unwrap();
        assert_eq!(services.len(), Service::KNOWN.len());
        assert!(services.contains(&"Clusters".into()));
        assert!(body.get("projects").is_none());
    }

    #[test]
    fn the_own_organization_is_filled_in() {
        let body = json(&grouped(Some(GroupBy::Organizations)), "2025-01").unwrap();
        assert_eq!(body["organizations"], serde_json::json!([ORG]));
    }

    #[test]
    fn projects_and_clusters_without_ids_are_rejected() {
        for by in [GroupBy::Projects, GroupBy::Clusters] {
            let error = json(&grouped(Some(by)), "2025-01").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Input);
        }
    }

    #[test]
    fn filters_are_sent_once_each_in_their_order() {
        let filters = Filters {
            group_by: Some(GroupBy::Projects),
            services: vec!["Backup".into(), "Not Yet Known".into(), "Backup".into()],
            projects: vec![OTHER.into(), ID.into(), OTHER.into()],
            clusters: vec![ID.into()],
            organizations: vec![ORG.parse().unwrap(), ORG.parse().unwrap()],
            partial_matches: Some(true),
        };
        let expected = serde_json::json!({
            "startDate": "2025-01-01",
            "endDate": "2025-02-01",
            "groupBy": "projects",
            "services": ["Backup", "Not Yet Known"],
            "projects": [OTHER, ID],
            "clusters": [ID],
            "organizations": [ORG],
            "includePartialMatches": true,
        });
        assert_eq!(json(&filters, "2025-01").unwrap(), expected);
    }

    #[test]
    fn a_dimension_of_the_future_is_sent_as_given() {
        let body = json(&grouped(Some("regions".into())), "2025-01").unwrap();
        assert_eq!(body["groupBy"], "regions");
    }

    #[test]
    fn what_cannot_be_an_id_or_a_service_is_rejected() {
        let wrong = [
            Filters {
                projects: vec!["my project".into()],
                ..grouped(None)
            },
            Filters {
                clusters: vec![ID.to_uppercase()],
                ..grouped(None)
            },
            Filters {
                clusters: vec![String::new()],
                ..grouped(None)
            },
            Filters {
                services: vec![" ".into()],
                ..grouped(None)
            },
        ];
        for filters in wrong {
            let error = json(&filters, "2025-01").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Input, "{filters:?}");
        }
    }
}
