//! A query's request body, checked.

use chrono::{Datelike, NaiveDate};
use serde_json::{Map, Value};

use super::SERVICES;
use crate::names::is_id;
use crate::problem::Problem;

/// What the rows are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupBy {
    Organizations,
    Projects,
    Clusters,
    Services,
}

/// A query as it was asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    pub(super) start: NaiveDate,
    pub(super) end: NaiveDate,
    pub(super) group_by: GroupBy,
    pub(super) organizations: Vec<String>,
    pub(super) projects: Vec<String>,
    pub(super) clusters: Vec<String>,
    pub(super) services: Vec<String>,
    pub(super) partial: bool,
}

impl Question {
    /// Reads the request's body. `strict` also refuses unknown fields and a grouping without a
    /// filter value for its dimension.
    pub(crate) fn parse(body: &[u8], strict: bool) -> Result<Self, Problem> {
        let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
            return Err(Problem::of_fields(vec![violation(
                "body",
                "has to be a JSON object",
            )]));
        };
        let mut reader = Reader {
            object,
            violations: Vec::new(),
        };
        let (start, end) = (reader.month("startDate"), reader.month("endDate"));
        if let (Some(start), Some(end)) = (start, end)
            && start >= end
        {
            reader.complain("endDate", "has to be after startDate");
        }
        let group_by = reader.group_by();
        let organizations = reader.list("organizations", is_id, "is no 24-digit identifier");
        let projects = reader.list("projects", is_id, "is no 24-digit identifier");
        let clusters = reader.list("clusters", is_id, "is no 24-digit identifier");
        let known = |service: &str| SERVICES.contains(&service);
        let services = reader.list("services", known, "is no service");
        let partial = reader.flag("includePartialMatches");
        if strict {
            reader.refuse_the_rest();
            let (name, filter) = match group_by {
                Some(GroupBy::Organizations) => ("organizations", &organizations),
                Some(GroupBy::Projects) => ("projects", &projects),
                Some(GroupBy::Clusters) => ("clusters", &clusters),
                Some(GroupBy::Services) => ("services", &services),
                None => ("", &services),
            };
            if group_by.is_some() && filter.is_empty() {
                reader.complain(name, "needs a value, since the result is grouped by it");
            }
        }
        match (start, end) {
            (Some(start), Some(end)) if reader.violations.is_empty() => Ok(Self {
                start,
                end,
                group_by: group_by.unwrap_or(GroupBy::Organizations),
                organizations,
                projects,
                clusters,
                services,
                partial,
            }),
            _ => Err(Problem::of_fields(reader.violations)),
        }
    }
}

fn violation(field: &str, description: &str) -> (String, String) {
    (field.to_owned(), description.to_owned())
}

/// Takes fields out of the body one by one, collecting what is wrong with them.
struct Reader {
    object: Map<String, Value>,
    violations: Vec<(String, String)>,
}

impl Reader {
    fn complain(&mut self, field: &str, description: &str) {
        self.violations.push(violation(field, description));
    }

    fn month(&mut self, field: &str) -> Option<NaiveDate> {
        let value = self.object.remove(field);
        let Some(Value::String(text)) = value else {
            self.complain(field, "is missing or no text");
            return None;
        };
        let date = (text.len() == 10)
            .then(|| text.parse::<NaiveDate>().ok())
            .flatten();
        match date {
            Some(date) if date.day() == 1 => Some(date),
            Some(_) => {
                self.complain(field, "has to be the first day of a month");
                None
            }
            None => {
                self.complain(field, "is no date");
                None
            }
        }
    }

    fn group_by(&mut self) -> Option<GroupBy> {
        match self.object.remove("groupBy") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let known = match value.as_str() {
                    Some("organizations") => Some(GroupBy::Organizations),
                    Some("projects") => Some(GroupBy::Projects),
                    Some("clusters") => Some(GroupBy::Clusters),
                    Some("services") => Some(GroupBy::Services),
                    _ => None,
                };
                if known.is_none() {
                    self.complain("groupBy", "is no dimension");
                }
                known
            }
        }
    }

    fn list(&mut self, field: &str, good: impl Fn(&str) -> bool, complaint: &str) -> Vec<String> {
        let values = match self.object.remove(field) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(_) => {
                self.complain(field, "is no list");
                Vec::new()
            }
        };
        let mut texts = Vec::new();
        for (at, value) in values.into_iter().enumerate() {
            match value {
                Value::String(text) if good(&text) => texts.push(text),
                _ => self.complain(&format!("{field}[{at}]"), complaint),
            }
        }
        texts
    }

    fn flag(&mut self, field: &str) -> bool {
        match self.object.remove(field) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.complain(field, "is neither true nor false");
                false
            }
        }
    }

    fn refuse_the_rest(&mut self) {
        let rest: Vec<String> = self.object.keys().cloned().collect();
        rest.iter()
            .for_each(|field| self.complain(field, "is not known"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn complaints(body: Value, strict: bool) -> Vec<String> {
        let Err(problem) = Question::parse(body.to_string().as_bytes(), strict) else {
            return Vec::new();
        };
        let fields = problem.to_json()["badRequestDetail"]["fields"].clone();
        let fields = fields.as_array().unwrap().iter();
        fields
            .map(|field| field["field"].as_str().unwrap().to_owned())
            .collect()
    }

    fn quarter(more: Value) -> Value {
        let mut body = json!({"startDate": "2025-01-01", "endDate": "2025-04-01"});
        let more = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        body
    }

    #[test]
    fn good_questions_pass() {
        for more in [
            json!({}),
            json!({"groupBy": "projects", "projects": ["61b0aa11bb22cc33dd44ee01"]}),
            json!({"groupBy": null, "services": null, "includePartialMatches": true}),
        ] {
            assert_eq!(complaints(quarter(more), true), [""; 0]);
        }
    }

    #[test]
    fn each_wrong_field_is_named() {
        for (more, field) in [
            (json!({"startDate": "2025-01-02"}), "startDate"),
            (json!({"startDate": "2025-1-1"}), "startDate"),
            (json!({"startDate": "2025-04-01"}), "endDate"),
            (json!({"endDate": null}), "endDate"),
            (json!({"groupBy": "regions"}), "groupBy"),
            (json!({"services": ["Clusters", "Rockets"]}), "services[1]"),
            (json!({"clusters": "one"}), "clusters"),
            (json!({"projects": ["UPPER"]}), "projects[0]"),
            (
                json!({"includePartialMatches": "yes"}),
                "includePartialMatches",
            ),
        ] {
            assert_eq!(complaints(quarter(more.clone()), false), [field], "{more}");
        }
        assert_eq!(complaints(json!([]), false), ["body"]);
    }

    #[test]
    fn only_the_strict_want_a_filter_and_know_every_field() {
        for (more, field) in [
            (json!({"groupBy": "services"}), "services"),
            (
                json!({"groupBy": "organizations", "organizations": []}),
                "organizations",
            ),
            (json!({"colour": "blue"}), "colour"),
        ] {
            assert_eq!(complaints(quarter(more.clone()), false), [""; 0], "{more}");
            assert_eq!(complaints(quarter(more.clone()), true), [field], "{more}");
        }
    }
}
