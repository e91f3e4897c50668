//! The operations we want with the closure of what they refer to: upstream's structure, none of
//! its prose.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::failure::{Failure, Result};
use crate::json;
use crate::pointer;
use crate::selection::{Selection, Wanted};
use crate::versions;

/// Cuts the selection out of `upstream`. The same content gives the same value, whatever the form
/// or the order it came in.
pub(crate) fn slice(upstream: &Value, selection: &Selection) -> Result<Value> {
    for wanted in &selection.operations {
        if wanted.find(upstream).is_none() {
            return Err(Failure::new(format!(
                "{} ({}) is not in the specification; `cargo xtask ops` lists what is",
                wanted.title(),
                wanted.name
            )));
        }
    }
    let slice = part(upstream, &selection.operations)?;
    for wanted in &selection.operations {
        versions::check_pinned(&slice, wanted)?;
    }
    Ok(slice)
}

/// The slice of those wanted operations that are there: what two releases can be compared by.
pub(crate) fn part(upstream: &Value, operations: &[Wanted]) -> Result<Value> {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for wanted in operations {
        let Some(operation) = wanted.find(upstream) else {
            continue;
        };
        let item = paths.entry(&wanted.path).or_default();
        item.insert(wanted.method.clone(), stripped(operation));
        if let Some(shared) = upstream["paths"][&wanted.path].get("parameters") {
            item.insert("parameters".to_owned(), stripped(shared));
        }
    }
    let paths: Map<String, Value> = paths
        .into_iter()
        .map(|(path, item)| (path.to_owned(), Value::Object(item)))
        .collect();
    let paths = Value::Object(paths);
    let components = closure(upstream, &paths)?;

    let info = upstream.get("info");
    let mut head = Map::from_iter([
        // Both are demanded by OpenAPI 3.0; the title is ours, a slice is not their document.
        ("title".to_owned(), json!("MongoDB Atlas billing")),
        (
            "version".to_owned(),
            json!(info.and_then(|info| info["version"].as_str()).unwrap_or("")),
        ),
    ]);
    if let Some(sha) = info.and_then(|info| info.get("x-xgen-sha")) {
        head.insert("x-xgen-sha".to_owned(), sha.clone());
    }
    Ok(json::sorted(&json!({
        "openapi": upstream["openapi"],
        "info": head,
        "paths": paths,
        "components": components,
    })))
}

/// Every component that `root` refers to, directly or not.
fn closure(upstream: &Value, root: &Value) -> Result<Value> {
    let mut found: BTreeMap<(String, String), Value> = BTreeMap::new();
    let mut waiting = references(root);
    while let Some(reference) = waiting.pop_first() {
        let (section, name) = component(&reference)?;
        let key = (section, name);
        if found.contains_key(&key) {
            continue;
        }
        let node = upstream
            .get("components")
            .and_then(|components| components.get(&key.0)?.get(&key.1))
            .ok_or_else(|| {
                Failure::new(format!(
                    "{reference} is referred to but not there; fetch it again"
                ))
            })?;
        let node = stripped(node);
        let node = if key.0 == "responses" {
            described(node)
        } else {
            node
        };
        waiting.append(&mut references(&node));
        found.insert(key, node);
    }
    let mut components: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for ((section, name), node) in found {
        components.entry(section).or_default().insert(name, node);
    }
    Ok(json!(components))
}

/// The section and name of the component that a reference leads to or into.
fn component(reference: &str) -> Result<(String, String)> {
    let tokens = pointer::of_reference(reference)
        .map(pointer::tokens)
        .unwrap_or_default();
    match tokens.as_slice() {
        [root, section, name, ..] if root == "components" => Ok((section.clone(), name.clone())),
        _ => Err(Failure::new(format!(
            "{reference} leads out of the document's components"
        ))),
    }
}

/// What a node refers to, `$ref` and the mapping of a discriminator alike.
fn references(node: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect_references(node, &mut found);
    found
}

fn collect_references(node: &Value, found: &mut BTreeSet<String>) {
    match node {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("$ref", Value::String(reference)) => {
                        found.insert(reference.clone());
                    }
                    ("mapping", Value::Object(mapping)) => {
                        let targets = mapping.values().filter_map(Value::as_str);
                        found.extend(targets.filter(|t| t.starts_with('#')).map(str::to_owned));
                    }
                    _ => collect_references(value, found),
                }
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

/// Keys that hold prose or point to it.
const PROSE: [&str; 8] = [
    "description",
    "summary",
    "title",
    "example",
    "examples",
    "externalDocs",
    "tags",
    "$comment",
];

/// Upstream's own extensions that are facts about the service.
const KEPT_EXTENSIONS: [&str; 4] = [
    "x-xgen-version",
    "x-xgen-sha",
    "x-rolesRequirements",
    "x-sunset",
];

/// Keys whose value maps names of upstream's to nodes, so that a property called `title` stays.
const NAMED: [&str; 10] = [
    "properties",
    "patternProperties",
    "responses",
    "headers",
    "content",
    "encoding",
    "callbacks",
    "variables",
    "schemas",
    "requestBodies",
];

/// Keys whose value is data, not structure.
const DATA: [&str; 4] = ["enum", "default", "required", "mapping"];

/// A node without prose, examples, links and the marks of upstream's own tooling.
fn stripped(node: &Value) -> Value {
    match node {
        Value::Array(items) => Value::Array(items.iter().map(stripped).collect()),
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, value) in map {
                let prose = PROSE.contains(&key.as_str());
                let foreign = key.starts_with("x-") && !KEPT_EXTENSIONS.contains(&key.as_str());
                if prose || foreign {
                    continue;
                }
                let value = match value {
                    Value::Object(named) if NAMED.contains(&key.as_str()) => {
                        let entries = named.iter().map(|(name, node)| {
                            let node = stripped(node);
                            (
                                name.clone(),
                                if key == "responses" {
                                    described(node)
                                } else {
                                    node
                                },
                            )
                        });
                        Value::Object(entries.collect())
                    }
                    _ if DATA.contains(&key.as_str()) || key.starts_with("x-") => value.clone(),
                    _ => stripped(value),
                };
                kept.insert(key.clone(), value);
            }
            Value::Object(kept)
        }
        other => other.clone(),
    }
}

/// OpenAPI 3.0 demands a description of every response; an empty one is none of upstream's.
fn described(response: Value) -> Value {
    match response {
        Value::Object(mut map) if !map.contains_key("$ref") => {
            map.insert("description".to_owned(), json!(""));
            Value::Object(map)
        }
        other => other,
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::document;
    use crate::pocket::{UPSTREAM, selection, sliced, upstream};

    #[test]
    fn both_forms_and_any_order_give_the_same_bytes() {
        let from_yaml = json::text(&slice(&upstream(), &selection()).unwrap());
        let as_json = document::parse(&serde_json::to_string(&upstream()).unwrap()).unwrap();
        assert_eq!(
            json::text(&slice(&as_json, &selection()).unwrap()),
            from_yaml
        );

        // The top-level parts of the YAML text, last first.
        let mut parts: Vec<String> = Vec::new();
        for line in UPSTREAM.lines().filter(|line| !line.starts_with('#')) {
            match parts.last_mut() {
                Some(part) if line.starts_with(' ') => *part += &format!("{line}\n"),
                _ => parts.push(format!("{line}\n")),
            }
        }
        parts.reverse();
        let turned = document::parse(&parts.concat()).unwrap();
        assert_eq!(
            json::text(&slice(&turned, &selection()).unwrap()),
            from_yaml
        );
        let again = document::parse(&from_yaml).unwrap();
        assert_eq!(json::text(&slice(&again, &selection()).unwrap()), from_yaml);
    }

    #[test]
    fn structure_stays_and_prose_goes() {
        let slice = sliced(|_| {}).unwrap();
        let order = &slice["components"]["schemas"]["Order"];
        // Fields that are called like keywords are fields.
        assert_eq!(order["properties"]["title"], json!({"type": "string"}));
        assert_eq!(
            order["properties"]["description"],
            json!({"type": "string"})
        );
        assert_eq!(order["required"], json!(["cents", "lines"]));
        assert_eq!(
            order["properties"]["state"]["enum"],
            json!(["OPEN", "DONE"])
        );
        for key in ["title", "description", "externalDocs"] {
            assert_eq!(order.get(key), None, "{key}");
        }
        let list = &slice["paths"]["/shops/{shopId}/orders"]["get"];
        assert_eq!(list["x-rolesRequirements"], json!(["Shop Keeper"]));
        assert_eq!(list["operationId"], "listOrders");
        for key in [
            "summary",
            "description",
            "tags",
            "externalDocs",
            "x-xgen-docs-url",
        ] {
            assert_eq!(list.get(key), None, "{key}");
        }
        let answer = &list["responses"]["200"];
        assert_eq!(answer["description"], "");
        let content = &answer["content"]["application/vnd.atlas.2023-01-01+json"];
        assert_eq!(content["x-xgen-version"], "2023-01-01");
        assert_eq!(
            slice["components"]["responses"]["refused"]["description"],
            ""
        );
        let page_size = &list["parameters"][2]["schema"];
        assert_eq!(page_size["default"], 100);
        assert_eq!(
            slice["info"]["x-xgen-sha"],
            upstream()["info"]["x-xgen-sha"]
        );
        let text = json::text(&slice);
        for prose in [
            "An order",
            "One order",
            "exist",
            "example",
            "a,b",
            "Here",
            "Which shop",
        ] {
            assert!(!text.contains(prose), "{prose}");
        }
    }

    #[test]
    fn all_that_is_referred_to_comes_along_and_nothing_else() {
        let slice = sliced(|spec| {
            spec["components"]["schemas"]["Order"]["discriminator"] =
                json!({"propertyName": "kind", "mapping": {"u": "#/components/schemas/Unused"}});
        })
        .unwrap();
        let names: Vec<&String> = slice["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert_eq!(
            names,
            [
                "ApiError",
                "BadRequestDetail",
                "Line",
                "NewOrder",
                "Order",
                "Page",
                "Unused"
            ]
        );
        assert!(slice["components"]["headers"].get("Left").is_some());
        assert_eq!(slice["paths"].as_object().unwrap().len(), 2);
        let without = sliced(|_| {}).unwrap();
        assert_eq!(without["components"]["schemas"].get("Unused"), None);
    }

    #[test]
    fn what_cannot_be_sliced_is_named() {
        type Breaks = fn(&mut Value);
        let table: [(Breaks, &str); 5] = [
            (
                |spec| {
                    spec["paths"]["/shops/{shopId}/orders"]
                        .as_object_mut()
                        .unwrap()
                        .remove("post");
                },
                "POST /shops/{shopId}/orders (placeOrder) is not in the specification",
            ),
            (
                |spec| {
                    spec["paths"].as_object_mut().unwrap().clear();
                },
                "GET /shops/{shopId}/orders (listAllOrders)",
            ),
            (
                |spec| {
                    let answer = &mut spec["paths"]["/shops/{shopId}/orders"]["get"]["responses"];
                    answer["200"]["content"] =
                        json!({"application/vnd.atlas.2024-01-01+json": {"schema": {}}});
                },
                "(listAllOrders) is pinned to 2023-01-01, which is not offered; offered: 2024-01-01",
            ),
            (
                |spec| {
                    spec["components"]["schemas"]
                        .as_object_mut()
                        .unwrap()
                        .remove("Line");
                },
                "#/components/schemas/Line is referred to but not there",
            ),
            (
                |spec| {
                    spec["components"]["schemas"]["Order"]["properties"]["title"] =
                        json!({"$ref": "other.yaml#/Title"});
                },
                "other.yaml#/Title leads out of the document",
            ),
        ];
        for (change, expected) in table {
            let message = sliced(change).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
