//! The versions an operation offers, read from its media types.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::media;
use crate::pointer;
use crate::selection::Wanted;

/// What one version of an operation takes and gives.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// The media type of the request body, where the operation takes one.
    pub(crate) request: Option<String>,
    /// The media types of a successful answer, JSON first.
    pub(crate) answers: Vec<String>,
}

/// The versions of an operation of `spec`, oldest first.
pub(crate) fn of(spec: &Value, operation: &Value) -> BTreeMap<String, Offer> {
    let mut offers: BTreeMap<String, Offer> = BTreeMap::new();
    for media_type in content(spec, operation.get("requestBody")) {
        if let Some(version) = media::versioned(&media_type).map(|v| v.version.to_owned()) {
            offers.entry(version).or_default().request = Some(media_type);
        }
    }
    let mut answers = BTreeSet::new();
    if let Some(Value::Object(responses)) = operation.get("responses") {
        for (_, response) in responses.iter().filter(|(status, _)| is_success(status)) {
            answers.extend(content(spec, Some(response)));
        }
    }
    for media_type in answers {
        if let Some(version) = media::versioned(&media_type).map(|v| v.version.to_owned()) {
            offers.entry(version).or_default().answers.push(media_type);
        }
    }
    for offer in offers.values_mut() {
        offer
            .answers
            .sort_by_key(|text| (!text.ends_with("+json"), text.clone()));
    }
    offers
}

/// Refuses a pinned version that the operation does not offer.
pub(crate) fn check_pinned(spec: &Value, wanted: &Wanted) -> Result<()> {
    let offers = wanted
        .find(spec)
        .map(|operation| of(spec, operation))
        .unwrap_or_default();
    if offers.contains_key(&wanted.version) {
        return Ok(());
    }
    let offered = offers.into_keys().collect::<Vec<_>>().join(", ");
    let offered = if offered.is_empty() {
        "none".to_owned()
    } else {
        offered
    };
    Err(Failure::new(format!(
        "{} ({}) is pinned to {}, which is not offered; offered: {offered}",
        wanted.title(),
        wanted.name,
        wanted.version
    )))
}

/// Whether a response's key is a final success.
pub(crate) fn is_success(status: &str) -> bool {
    status.len() == 3 && status.starts_with('2')
}

/// Follows a reference inside the document, once.
pub(crate) fn resolve<'a>(spec: &'a Value, node: &'a Value) -> &'a Value {
    let target = node
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(pointer::of_reference);
    target
        .and_then(|pointer| spec.pointer(pointer))
        .unwrap_or(node)
}

fn content(spec: &Value, node: Option<&Value>) -> Vec<String> {
    let content = node.and_then(|node| resolve(spec, node).get("content"));
    match content {
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_come_from_both_bodies_oldest_first() {
        let spec = json!({"components": {
            "requestBodies": {"B": {"content": {"application/vnd.atlas.2024-01-01+json": {}}}},
        }});
        let operation = json!({
            "requestBody": {"$ref": "#/components/requestBodies/B"},
            "responses": {
                "200": {"content": {
                    "application/vnd.atlas.2023-01-01+csv": {},
                    "application/vnd.atlas.2023-01-01+json": {},
                    "application/json": {},
                }},
                "400": {"content": {"application/vnd.atlas.2022-01-01+json": {}}},
            },
        });
        let offers = of(&spec, &operation);
        let dates: Vec<&str> = offers.keys().map(String::as_str).collect();
        assert_eq!(dates, ["2023-01-01", "2024-01-01"]);
        assert_eq!(
            offers["2023-01-01"].answers,
            [
                "application/vnd.atlas.2023-01-01+json",
                "application/vnd.atlas.2023-01-01+csv"
            ]
        );
        assert_eq!(
            offers["2024-01-01"].request.as_deref(),
            Some("application/vnd.atlas.2024-01-01+json")
        );
    }

    #[test]
    fn only_final_successes_are_successes() {
        let table = [
            ("200", true),
            ("202", true),
            ("102", false),
            ("404", false),
            ("default", false),
        ];
        for (status, expected) in table {
            assert_eq!(is_success(status), expected, "{status}");
        }
    }
}
