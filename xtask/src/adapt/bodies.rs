//! Quirks of operations: names, media types, statuses, parameters, and the twins.

use serde_json::{Map, Value, json};

use super::each_operation;
use crate::failure::{Failure, Result};
use crate::media;
use crate::selection::Selection;
use crate::versions::is_success;

/// Upstream renames operationIds; the methods of our client are to stay.
pub(super) fn stable_names(spec: &mut Value, selection: &Selection) -> Result<usize> {
    for wanted in &selection.operations {
        let operation = spec["paths"][&wanted.path].get_mut(&wanted.method);
        let Some(Value::Object(operation)) = operation else {
            return Err(Failure::new(format!(
                "{} is not in the slice",
                wanted.title()
            )));
        };
        operation.insert("operationId".to_owned(), json!(wanted.name));
    }
    Ok(selection.operations.len())
}

/// The generator types `application/json` alone, and one body an operation: the pinned version's
/// JSON becomes that, and the other media types go. The table of operations keeps them.
pub(super) fn pinned_json(spec: &mut Value, selection: &Selection) -> Result<usize> {
    let mut changes = inline_bodies(spec);
    for wanted in &selection.operations {
        let Some(operation) = spec["paths"][&wanted.path].get_mut(&wanted.method) else {
            continue;
        };
        let mut bodies: Vec<&mut Value> = Vec::new();
        let Some(map) = operation.as_object_mut() else {
            continue;
        };
        for (key, value) in map {
            match (key.as_str(), value) {
                ("requestBody", body) => bodies.push(body),
                ("responses", Value::Object(responses)) => {
                    let wanted = responses
                        .iter_mut()
                        .filter(|(status, _)| is_success(status));
                    bodies.extend(wanted.map(|(_, response)| response));
                }
                _ => {}
            }
        }
        for body in bodies {
            changes += pin(body, &wanted.version);
        }
    }
    Ok(changes)
}

fn pin(body: &mut Value, version: &str) -> usize {
    let Some(Value::Object(content)) = body.get_mut("content") else {
        return 0;
    };
    let before = content.len();
    let pinned = content.iter().find_map(|(media_type, node)| {
        let found = media::versioned(media_type)?;
        (found.version == version && found.form == "json").then(|| node.clone())
    });
    let others = content
        .iter()
        .filter(|(media_type, _)| media::versioned(media_type).is_none());
    let mut kept: Map<String, Value> = others
        .map(|(media_type, node)| (media_type.clone(), node.clone()))
        .collect();
    match pinned {
        Some(node) => {
            kept.insert("application/json".to_owned(), node);
        }
        // A file and nothing else: the generator hands its bytes over.
        None if before > 0 && kept.is_empty() => {
            kept.insert("application/octet-stream".to_owned(), binary());
        }
        None => {}
    }
    *content = kept;
    before
}

fn binary() -> Value {
    json!({"schema": {"type": "string", "format": "binary"}})
}

/// Bodies and successes that are shared components are copied to where they are used: an
/// operation's pinned version is its own.
fn inline_bodies(spec: &mut Value) -> usize {
    let shared = spec.clone();
    let copied = each_operation(spec, |_, _, operation| {
        let mut copied = 0;
        let mut inline = |node: &mut Value| {
            let target = crate::versions::resolve(&shared, node);
            if target != node {
                *node = target.clone();
                copied += 1;
            }
        };
        if let Some(body) = operation.get_mut("requestBody") {
            inline(body);
        }
        if let Some(Value::Object(responses)) = operation.get_mut("responses") {
            responses.values_mut().for_each(inline);
        }
        Ok(copied)
    });
    copied.unwrap_or_default()
}

/// A declared error whose body does not parse loses its status and headers, and two error bodies
/// panic; a 102 is dropped by the generator anyway. Undeclared, each arrives whole.
pub(super) fn final_successes(spec: &mut Value, _: &Selection) -> Result<usize> {
    each_operation(spec, |_, _, operation| {
        let Some(Value::Object(responses)) = operation.get_mut("responses") else {
            return Ok(0);
        };
        let before = responses.len();
        responses.retain(|status, _| is_success(status));
        Ok(before - responses.len())
    })
}

/// `{"status":200,"content":{…}}` decodes as an answer with every field empty: a typed operation
/// must not be able to ask for it.
pub(super) fn no_envelope(spec: &mut Value, _: &Selection) -> Result<usize> {
    without_parameter(spec, "envelope")
}

/// White space that nobody reads; the decoder does not care.
pub(super) fn no_pretty(spec: &mut Value, _: &Selection) -> Result<usize> {
    without_parameter(spec, "pretty")
}

fn without_parameter(spec: &mut Value, name: &str) -> Result<usize> {
    let shared = spec.clone();
    each_operation(spec, |_, _, operation| {
        let Some(Value::Array(parameters)) = operation.get_mut("parameters") else {
            return Ok(0);
        };
        let before = parameters.len();
        parameters.retain(|parameter| {
            let parameter = crate::versions::resolve(&shared, parameter);
            !(parameter["name"] == name && parameter["in"] == "query")
        });
        Ok(before - parameters.len())
    })
}

/// JSON and CSV on one answer: the generator drops the CSV in silence. A second operation on the
/// same URL hands over the body as it is sent, whatever form was asked for. The same path cannot
/// stand twice in a document; with one more leading slash it is another key, and the generator
/// folds the slashes into one (a test of the raw crate holds it to that).
pub(super) fn bytes_twins(spec: &mut Value, _: &Selection) -> Result<usize> {
    let Some(Value::Object(paths)) = spec.get_mut("paths") else {
        return Ok(0);
    };
    let mut twins = Map::new();
    for (path, item) in paths.iter() {
        twins.insert(format!("/{path}"), item.clone());
    }
    let mut holder = json!({ "paths": twins });
    let made = each_operation(&mut holder, |path, _, operation| {
        let name = operation
            .get("operationId")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if name.is_empty() {
            return Err(Failure::new(format!("{path} has no name in slice.toml")));
        }
        let description = format!(
            "{}\n\nHands over the body as it was sent, in whatever form was asked for.",
            operation
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default()
        );
        let twin = format!("{name}Bytes");
        operation.insert("operationId".to_owned(), json!(twin));
        operation.insert("description".to_owned(), json!(description));
        if let Some(Value::Object(responses)) = operation.get_mut("responses") {
            for response in responses.values_mut() {
                response["content"] = json!({ "application/octet-stream": binary() });
            }
        }
        Ok(1)
    })?;
    if let (Some(Value::Object(paths)), Some(Value::Object(twins))) =
        (spec.get_mut("paths"), holder.get_mut("paths"))
    {
        paths.append(twins);
    }
    Ok(made)
}
