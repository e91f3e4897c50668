//! The versions an operation offers, read from its media types
//! (`application/vnd.atlas.2023-01-01+json`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::failure::{Result, refusal};
use crate::selection::Wanted;
use crate::spec::{is_success, resolve};

/// The parts of a versioned media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versioned<'a> {
    /// A date, or the name of an unstable version.
    pub(crate) version: &'a str,
    /// What follows the plus sign: `json`, `csv`, …
    pub(crate) form: &'a str,
}

/// Splits a versioned media type, without its parameters; nothing for any other, such as
/// `application/json`.
pub(crate) fn versioned(media_type: &str) -> Option<Versioned<'_>> {
    let rest = media_type.strip_prefix("application/vnd.atlas.")?;
    let (essence, _) = rest.split_once(';').unwrap_or((rest, ""));
    let (version, form) = essence.trim_end().rsplit_once('+')?;
    (!version.is_empty() && !form.is_empty()).then_some(Versioned { version, form })
}

/// Whether a version is a date and nothing else. `preview`, `private-preview-*` and
/// `2026-01-01.upcoming` may change or go at any time.
pub(crate) fn is_stable(version: &str) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    matches!(version.as_bytes(), [year @ .., b'-', m1, m2, b'-', d1, d2]
        if year.len() == 4 && year.iter().chain([m1, m2, d1, d2]).all(is_digit))
}

/// The media types of one version of an operation.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// The media type of the request body, where the operation takes one.
    pub(crate) request: Option<String>,
    /// The media types of a successful response, JSON first.
    pub(crate) responses: Vec<String>,
}

/// The versions of an operation of `spec`, oldest first.
pub(crate) fn of(spec: &Value, operation: &Value) -> BTreeMap<String, Offer> {
    let mut offers: BTreeMap<String, Offer> = BTreeMap::new();
    let version = |media_type: &str| versioned(media_type).map(|found| found.version.to_owned());
    for media_type in content(spec, operation.get("requestBody")) {
        if let Some(version) = version(&media_type) {
            offers.entry(version).or_default().request = Some(media_type);
        }
    }
    let responses = operation.get("responses").and_then(Value::as_object);
    let responses = responses.into_iter().flatten();
    let responses = responses.filter(|(status, _)| is_success(status));
    let media_types: BTreeSet<String> = responses
        .flat_map(|(_, response)| content(spec, Some(response)))
        .collect();
    for media_type in media_types {
        if let Some(version) = version(&media_type) {
            offers
                .entry(version)
                .or_default()
                .responses
                .push(media_type);
        }
    }
    for offer in offers.values_mut() {
        let is_json = |text: &str| versioned(text).is_some_and(|found| found.form == "json");
        let json_first = |text: &String| (!is_json(text), text.clone());
        offer.responses.sort_by_key(json_first);
    }
    offers
}

/// The version to pin: the newest stable one, or the only ones there are.
pub(crate) fn proposed(offers: &BTreeMap<String, Offer>) -> Option<&str> {
    let stable = offers.keys().rev().find(|version| is_stable(version));
    stable.or_else(|| offers.keys().next()).map(String::as_str)
}

/// Refuses a pinned version that the operation does not offer.
pub(crate) fn check_pinned(spec: &Value, wanted: &Wanted) -> Result<()> {
    let operation = wanted.find(spec).unwrap_or(&Value::Null);
    let offers = of(spec, operation);
    if offers.contains_key(&wanted.version) {
        return Ok(());
    }
    let (title, name, pinned) = (wanted.title(), &wanted.name, &wanted.version);
    let offered = match offers.is_empty() {
        true => "none".to_owned(),
        false => offers.into_keys().collect::<Vec<_>>().join(", "),
    };
    Err(refusal!(
        "{title} ({name}) is pinned to {pinned}, which is not offered; offered: {offered}"
    ))
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
    fn versions_and_forms_are_told_apart() {
        for (text, expected) in [
            (
                "application/vnd.atlas.2023-01-01+json",
                Some(("2023-01-01", "json")),
            ),
            (
                "application/vnd.atlas.2026-01-01.upcoming+csv",
                Some(("2026-01-01.upcoming", "csv")),
            ),
            ("application/json", None),
            ("application/vnd.atlas.2023-01-01", None),
            ("application/vnd.atlas.+json", None),
        ] {
            let found = versioned(text).map(|v| (v.version, v.form));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn only_dates_are_stable_and_proposed() {
        let unstable = [
            "preview",
            "private-preview-x",
            "2026-01-01.upcoming",
            "",
            "x023-01-01",
        ];
        for version in unstable {
            assert!(!is_stable(version), "{version}");
        }
        let offers = |versions: &[&str]| -> BTreeMap<String, Offer> {
            let entries = versions.iter().map(|v| ((*v).to_owned(), Offer::default()));
            entries.collect()
        };
        for (versions, expected) in [
            (
                &["2023-01-01", "2026-01-01.upcoming", "preview"][..],
                Some("2023-01-01"),
            ),
            (&["2023-01-01", "2024-05-01"], Some("2024-05-01")),
            (&["preview"], Some("preview")),
            (&[], None),
        ] {
            assert_eq!(proposed(&offers(versions)), expected);
        }
    }

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
        assert_eq!(
            offers.keys().collect::<Vec<_>>(),
            ["2023-01-01", "2024-01-01"]
        );
        let json = "application/vnd.atlas.2023-01-01+json";
        let csv = "application/vnd.atlas.2023-01-01+csv";
        assert_eq!(offers["2023-01-01"].responses, [json, csv]);
        let request = offers["2024-01-01"].request.as_deref();
        assert_eq!(request, Some("application/vnd.atlas.2024-01-01+json"));
    }
}
