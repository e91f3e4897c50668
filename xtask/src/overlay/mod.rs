//! Our additions: an OpenAPI Overlay 1.0 document laid over the slice.

mod describe;
mod merge;

use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::failure::{Failure, Result};

use merge::{corrects, merge, remove};

pub(crate) use describe::{Undescribed, fill};

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
            return Err(Failure::new(format!(
                "{name}: Overlay {found}, expected 1.0.0"
            )));
        }
        Ok(overlay)
    }

    /// The slice with every action applied, in order.
    pub(crate) fn apply(&self, slice: &Value) -> Result<Value> {
        let mut spec = slice.clone();
        for action in &self.actions {
            action.apply(&mut spec).map_err(|failure| {
                failure.within(format!("openapi/overlay.json: {}", action.target))
            })?;
        }
        Ok(spec)
    }
}

impl Action {
    fn apply(&self, spec: &mut Value) -> Result<()> {
        // Locate by path, change by pointer: a query cannot hand out several mutable places.
        let pointers = locate(spec, &self.target)?;
        if pointers.is_empty() {
            return Err(Failure::new(
                "selects nothing any more; mend or remove the action",
            ));
        }
        let corrects = self.remove || self.update.as_ref().is_some_and(corrects);
        if corrects
            && self
                .description
                .as_ref()
                .is_none_or(|reason| reason.trim().is_empty())
        {
            return Err(Failure::new(
                "a correction needs its reason, as the action's description",
            ));
        }
        if self.remove {
            // Last first, so that the places before stay where they are.
            for pointer in pointers.iter().rev() {
                remove(spec, pointer)?;
            }
            return Ok(());
        }
        let Some(update) = &self.update else {
            return Err(Failure::new("neither updates nor removes anything"));
        };
        for pointer in &pointers {
            let node = spec
                .pointer_mut(pointer)
                .ok_or_else(|| Failure::new(format!("{pointer} cannot be reached")))?;
            merge(node, update, pointer)?;
        }
        Ok(())
    }
}

/// The JSON pointers of what a JSONPath selects, in document order.
pub(crate) fn locate(spec: &Value, path: &str) -> Result<Vec<String>> {
    let path =
        JsonPath::parse(path).map_err(|error| Failure::new(format!("not a JSONPath: {error}")))?;
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
        Overlay::parse(&overlay.to_string())?.apply(&spec())
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
                described("$.components.schemas.B"),
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
