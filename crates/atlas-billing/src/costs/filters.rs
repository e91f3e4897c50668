//! What a query filters for and groups by, and whether it can be requested.

use std::collections::HashSet;
use std::hash::Hash;

use atlas_billing_raw::enums::{GroupBy, Service};
use atlas_billing_raw::types::CostExplorerQuery;

use crate::error::{Error, Result};
use crate::id::{OrgId, check_object_id};
use crate::period::Months;

/// What a query asks for beside its months. The default asks for no grouping.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Filters {
    pub(super) group_by: Option<GroupBy>,
    pub(super) services: Vec<Service>,
    pub(super) projects: Vec<String>,
    pub(super) clusters: Vec<String>,
    pub(super) organizations: Vec<OrgId>,
    pub(super) partial_matches: Option<bool>,
}

impl Filters {
    /// Whether the values of the grouping are filled in, so that what is not known here is missing
    /// from the result: services that this release does not know, organizations that are linked.
    pub(super) fn is_filled_in(&self) -> bool {
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
    pub(super) fn body(&self, org: &OrgId, months: Months) -> Result<CostExplorerQuery> {
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
