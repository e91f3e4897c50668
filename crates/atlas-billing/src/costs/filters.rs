//! What a query asks for beside its months, and whether it can be asked.

use std::collections::HashSet;
use std::hash::Hash;

use atlas_billing_raw::enums::{GroupBy, Service};
use atlas_billing_raw::types::CostExplorerFilterRequestBody;

use crate::id::ObjectId;
use crate::{Error, Months, OrgId, Result};

/// What a query asks for beside its months.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filters {
    pub(crate) group_by: Option<GroupBy>,
    pub(crate) services: Vec<Service>,
    pub(crate) projects: Vec<String>,
    pub(crate) clusters: Vec<String>,
    pub(crate) organizations: Vec<OrgId>,
    pub(crate) partial_matches: Option<bool>,
}

impl Default for Filters {
    fn default() -> Self {
        Self {
            group_by: Some(GroupBy::Services),
            services: Vec::new(),
            projects: Vec::new(),
            clusters: Vec::new(),
            organizations: Vec::new(),
            partial_matches: None,
        }
    }
}

impl Filters {
    /// The body of the request.
    ///
    /// The service wants a filter value for the dimension that is grouped by. Services are known,
    /// and so is the organization; which projects and clusters there are is not.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for what cannot be asked.
    pub(crate) fn body(
        &self,
        org: &OrgId,
        months: Months,
    ) -> Result<CostExplorerFilterRequestBody> {
        let mut services = distinct(&self.services);
        let mut organizations = distinct(&self.organizations);
        let projects = object_ids("a project id", &self.projects)?;
        let clusters = object_ids("a cluster id", &self.clusters)?;
        if services
            .iter()
            .any(|service| service.as_str().trim().is_empty())
        {
            return Err(Error::input(
                "a service to filter for is empty: give its name, such as Clusters, or none for \
                 all services",
            ));
        }
        match self.group_by {
            Some(GroupBy::Services) if services.is_empty() => services = Service::KNOWN.to_vec(),
            Some(GroupBy::Organizations) if organizations.is_empty() => organizations.push(*org),
            Some(GroupBy::Projects) if projects.is_empty() => {
                return Err(ids_wanted("projects", "project"));
            }
            Some(GroupBy::Clusters) if clusters.is_empty() => {
                return Err(ids_wanted("clusters", "cluster"));
            }
            _ => {}
        }
        let mut body = CostExplorerFilterRequestBody::default();
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

fn ids_wanted(dimension: &str, one: &str) -> Error {
    Error::input(format!(
        "Cost Explorer groups by {dimension} only together with the ids to group: give them with \
         {dimension}([…]). For all of them, add up an invoice instead, whose line items name their \
         {one}: org.invoice_of(month), total_by the dimension."
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
        ObjectId::parse(what, id)?;
    }
    Ok(distinct(given))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

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
    fn services_are_the_default_and_filled_with_all_that_are_known() {
        let body = json(&Filters::default(), "2025-01").unwrap();
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
    fn projects_and_clusters_without_ids_are_refused_with_what_to_do() {
        for (by, word) in [
            (GroupBy::Projects, "projects(["),
            (GroupBy::Clusters, "clusters(["),
        ] {
            let error = json(&grouped(Some(by)), "2025-01").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Input);
            let text = error.to_string();
            assert!(
                text.contains(word) && text.contains("org.invoice_of(month)"),
                "{text}"
            );
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
    fn a_dimension_of_the_future_is_sent_as_asked() {
        let body = json(&grouped(Some("regions".into())), "2025-01").unwrap();
        assert_eq!(body["groupBy"], "regions");
    }

    #[test]
    fn what_cannot_be_an_id_or_a_service_is_refused() {
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
