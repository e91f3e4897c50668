//! Our additions: an OpenAPI Overlay 1.0 document laid over the slice.

mod describe;
mod merge;

use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::failure::{Failure, Problems, Result, one_line, refusal};

use merge::{corrects, merge, remove};

pub(crate) use describe::{Undescribed, fill, path_of};

/// An OpenAPI Overlay document, version 1.0.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Overlay {
    overlay: String,
    #[serde(rename = "info")]
    _info: Value,
    actions: Vec<Action>,
}

/// One change to the nodes that `target` selects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    /// A JSONPath (RFC 9535).
    target: String,
    /// Why: demanded where more than a description changes.
    description: Option<String>,
    update: Option<Value>,
    #[serde(default)]
    remove: bool,
}

impl Overlay {
    /// Reads the text of `overlay.json`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let name = "openapi/overlay.json";
        let overlay: Self = serde_json::from_str(text)
            .map_err(|error| Failure::new(error.to_string()).within(name))?;
        if overlay.overlay != "1.0.0" {
            let found = &overlay.overlay;
            return Err(refusal!("{name}: Overlay {found}, expected 1.0.0"));
        }
        Ok(overlay)
    }

    /// The slice with every action applied, in order. All actions that do not apply are reported: a
    /// correction is refused, a description of what is gone is a warning.
    pub(crate) fn apply(&self, slice: &Value) -> Result<(Value, Vec<String>)> {
        let (mut spec, mut warnings) = (slice.clone(), Vec::new());
        let mut problems = Problems::default();
        for action in &self.actions {
            // A JSONPath may have line breaks (RFC 9535 section 2.1.1).
            let place = || one_line(&format!("openapi/overlay.json: {}", action.target));
            match action.apply(&mut spec) {
                Ok(true) => {}
                Ok(false) => warnings.push(format!(
                    "{}: selects nothing any more; remove the action, or correct its target",
                    place()
                )),
                Err(failure) => drop(problems.check::<()>(Err(failure.within(place())))),
            }
        }
        problems.refuse()?;
        Ok((spec, warnings))
    }

    /// Our descriptions, each with the target of its action.
    pub(crate) fn descriptions(&self) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        for action in &self.actions {
            if let Some(update) = &action.update {
                collect_texts(update, &action.target, &mut found);
            }
        }
        found
    }
}

impl Action {
    /// Whether there was anything to describe.
    fn apply(&self, spec: &mut Value) -> Result<bool> {
        // Locate by path, change by pointer: a query cannot hand out several mutable places.
        let pointers = locate(spec, &self.target)?;
        let corrects = self.remove || self.update.as_ref().is_some_and(corrects);
        if corrects
            && self
                .description
                .as_ref()
                .is_none_or(|reason| reason.trim().is_empty())
        {
            return Err(Failure::new(
                "a correction lacks its reason, the action's description",
            ));
        }
        if corrects && pointers.is_empty() {
            return Err(Failure::new(
                "selects nothing any more; correct or remove the action",
            ));
        }
        if self.remove {
            // Last first, so that the places before stay where they are.
            for pointer in pointers.iter().rev() {
                remove(spec, pointer)?;
            }
            return Ok(true);
        }
        let Some(update) = &self.update else {
            return Err(Failure::new("neither updates nor removes anything"));
        };
        for pointer in &pointers {
            let node = spec
                .pointer_mut(pointer)
                .ok_or_else(|| refusal!("{pointer} cannot be reached"))?;
            merge(node, update, pointer)?;
        }
        Ok(!pointers.is_empty())
    }
}

fn collect_texts<'a>(node: &'a Value, target: &'a str, found: &mut Vec<(&'a str, &'a str)>) {
    match node {
        Value::String(text) => found.push((target, text)),
        Value::Object(map) => map
            .values()
            .for_each(|value| collect_texts(value, target, found)),
        _ => {}
    }
}

/// The JSON pointers of what a JSONPath selects, in document order.
pub(crate) fn locate(spec: &Value, path: &str) -> Result<Vec<String>> {
    let path = JsonPath::parse(path).map_err(|error| refusal!("not a JSONPath: {error}"))?;
    Ok(path
        .query_located(spec)
        .locations()
        .map(|place| place.to_json_pointer())
        .collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec() -> Value {
        json!({"components": {"schemas": {"A": {
            "properties": {"x": {"type": "string"}, "y": {"type": "string", "enum": ["P"]}},
            "required": ["x", "y"],
        }}}})
    }

    fn apply(action: Value) -> Result<Value> {
        let overlay = json!({"overlay": "1.0.0", "info": {}, "actions": [action]});
        Ok(Overlay::parse(&overlay.to_string())?.apply(&spec())?.0)
    }

    #[test]
    fn a_description_lands_on_every_node_its_target_selects() {
        let target = "$.components.schemas.A.properties[*]";
        let spec = apply(json!({"target": target, "update": {"description": "d"}})).unwrap();
        let properties = &spec["components"]["schemas"]["A"]["properties"];
        assert_eq!(
            properties["x"],
            json!({"type": "string", "description": "d"})
        );
        assert_eq!(properties["y"]["description"], "d");
    }

    #[test]
    fn a_correction_merges_appends_and_removes() {
        let schema = "$.components.schemas.A";
        let spec = apply(json!({"target": schema, "description": "why", "update":
            {"properties": {"y": {"enum": ["Q"], "type": "integer"}}, "x-note": {"k": "v"}}}))
        .unwrap();
        let corrected = &spec["components"]["schemas"]["A"];
        assert_eq!(
            corrected["properties"]["y"],
            json!({"type": "integer", "enum": ["P", "Q"]})
        );
        assert_eq!(corrected["x-note"], json!({"k": "v"}));

        let target = "$.components.schemas.A.required[*]";
        let spec = apply(json!({"target": target, "description": "why", "remove": true})).unwrap();
        assert_eq!(spec["components"]["schemas"]["A"]["required"], json!([]));
        let target = "$.components.schemas.A.properties.x";
        let spec = apply(json!({"target": target, "description": "why", "remove": true})).unwrap();
        assert_eq!(
            spec["components"]["schemas"]["A"]["properties"].get("x"),
            None
        );
    }

    #[test]
    fn what_no_longer_applies_is_refused_with_its_target() {
        let described = |target: &str| json!({"target": target, "update": {"description": "d"}});
        let corrects = |update: Value| {
            json!({"target": "$.components.schemas.A",
            "description": "why", "update": update})
        };
        let table = [
            (
                json!({"target": "$.components.schemas.B", "description": "why", "remove": true}),
                "selects nothing any more",
            ),
            (described("$.components[schemas"), "not a JSONPath"),
            (
                corrects(json!({"properties": {"z": {"description": "d"}}})),
                "makes no node",
            ),
            (corrects(json!({"enum": ["P"]})), "makes no node"),
            (
                corrects(json!({"properties": {"y": {"enum": ["P"]}}})),
                "holds \"P\" already",
            ),
            (
                corrects(json!({"properties": {"y": {"type": "string"}}})),
                "already",
            ),
            (
                corrects(json!({"properties": ["y"]})),
                "is an object, the update is a list",
            ),
            (
                json!({"target": "$.components.schemas.A", "update": {"type": "object"}}),
                "reason",
            ),
            (
                json!({"target": "$.components.schemas.A", "remove": true}),
                "reason",
            ),
            (
                json!({"target": "$.components.schemas.A"}),
                "neither updates nor removes",
            ),
        ];
        for (action, expected) in table {
            let target = action["target"].as_str().unwrap().to_owned();
            let message = apply(action).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(message.contains(&target), "{message}");
        }
    }

    #[test]
    fn every_action_that_does_not_apply_is_reported() {
        let overlay = json!({"overlay": "1.0.0", "info": {}, "actions": [
            {"target": "$.a", "update": {"description": "d"}},
            {"target": "$.c", "description": "why", "update": {"type": "object"}},
            {"target": "$.components.schemas.A", "update": {"description": "d"}},
            {"target": "$\n.b", "remove": true, "description": "why"},
            {"target": "$.d", "update": {"x-note": {"c": "e"}}},
        ]});
        let mut overlay = Overlay::parse(&overlay.to_string()).unwrap();
        let failure = overlay.apply(&spec()).unwrap_err();
        assert_eq!(failure.lines().len(), 2, "{failure}");
        assert_eq!(failure.to_string().lines().count(), 2, "{failure}");
        assert_eq!(overlay.descriptions().last(), Some(&("$.d", "e")));
        // Without the corrections, what is described and gone is a warning.
        overlay
            .actions
            .retain(|action| action.description.is_none());
        let (_, warnings) = overlay.apply(&spec()).unwrap();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].starts_with("openapi/overlay.json: $.a: selects nothing"));
    }

    #[test]
    fn only_overlay_1_0_is_read() {
        let newer = json!({"overlay": "1.1.0", "info": {}, "actions": []}).to_string();
        assert!(
            Overlay::parse(&newer)
                .unwrap_err()
                .to_string()
                .contains("1.1.0")
        );
        let misspelt = json!({"overlay": "1.0.0", "info": {}, "actions": [{"traget": "$"}]});
        assert!(
            Overlay::parse(&misspelt.to_string())
                .unwrap_err()
                .to_string()
                .contains("traget")
        );
    }
}
