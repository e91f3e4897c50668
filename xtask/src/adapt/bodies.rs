//! Quirks of operations: names, media types, statuses, parameters, and the bytes forms.

use serde_json::{Map, Value, json};

use super::Context;
use crate::failure::{Result, refusal};
use crate::spec::{each_operation, each_reference, is_success, resolve, texts};
use crate::versions;

/// Upstream renames operationIds; the methods of our client are to stay.
pub(super) fn stable_names(spec: &mut Value, context: &mut Context<'_>) -> Result<usize> {
    for wanted in &context.selection.operations {
        let operation = spec["paths"][&wanted.path].get_mut(&wanted.method);
        let Some(Value::Object(operation)) = operation else {
            return Err(refusal!("{} is not in the slice", wanted.title()));
        };
        operation.insert("operationId".to_owned(), json!(wanted.name));
        // What the generator makes nothing of.
        operation.remove("security");
    }
    Ok(context.selection.operations.len())
}

/// The generator types `application/json` alone, and one body an operation: the pinned version's
/// JSON becomes that, and the other media types go. The table of operations keeps them. Bodies that
/// are shared components are copied to where they are used: the pinned version is the operation's.
pub(super) fn pinned_json(spec: &mut Value, context: &mut Context<'_>) -> Result<usize> {
    let shared = spec.clone();
    Ok(each_operation(spec, |path, method, operation| {
        let mut wanted = context.selection.operations.iter();
        let wanted = wanted.find(|wanted| wanted.path == path && wanted.method == method);
        let version = wanted.map_or("", |wanted| &wanted.version);
        let mut changes = 0;
        let mut pin = |node: &mut Value, is_typed: bool| {
            *node = resolve(&shared, node).clone();
            if let Some(Value::Object(content)) = node.get_mut("content")
                && is_typed
            {
                changes += content.len();
                *content = pinned(content, version);
            }
        };
        if let Some(Value::Object(responses)) = operation.get_mut("responses") {
            for (status, response) in responses {
                pin(response, is_success(status));
            }
        }
        if let Some(body) = operation.get_mut("requestBody") {
            pin(body, true);
        }
        changes
    }))
}

/// A body's media types as the generator is shown them.
fn pinned(content: &Map<String, Value>, version: &str) -> Map<String, Value> {
    let mut kept = Map::new();
    for (media_type, node) in content {
        match versions::versioned(media_type) {
            Some(found) if found.version == version && found.form == "json" => {
                // A body that is not described may be anything.
                let schema = node.get("schema").cloned().unwrap_or_else(|| json!({}));
                kept.insert("application/json".to_owned(), json!({ "schema": schema }));
            }
            Some(_) => {}
            None => {
                kept.insert(media_type.clone(), node.clone());
            }
        }
    }
    if kept.is_empty() && !content.is_empty() {
        // A file and nothing else: the generator returns its bytes.
        kept.insert("application/octet-stream".to_owned(), binary());
    }
    kept
}

fn binary() -> Value {
    json!({"schema": {"type": "string", "format": "binary"}})
}

/// A declared error whose body does not parse loses its status and headers, and two error bodies
/// panic; a 102 is dropped by the generator anyway. Undeclared, each arrives whole. The types of
/// their bodies are kept.
pub(super) fn final_successes(spec: &mut Value, context: &mut Context<'_>) -> Result<usize> {
    Ok(each_operation(spec, |_, _, operation| {
        let Some(Value::Object(responses)) = operation.get_mut("responses") else {
            return 0;
        };
        let before = responses.len();
        responses.retain(|status, response| {
            if !is_success(status) {
                each_reference(response, &mut |reference| {
                    context.kept.insert(reference.clone());
                });
            }
            is_success(status)
        });
        before - responses.len()
    }))
}

/// The generator panics on two success bodies. The first with JSON stays; another status arrives
/// whole, as an unexpected response.
pub(super) fn one_body(spec: &mut Value, context: &mut Context<'_>) -> Result<usize> {
    const JSON: &str = "application/json";
    Ok(each_operation(spec, |path, method, operation| {
        let Some(Value::Object(responses)) = operation.get_mut("responses") else {
            return 0;
        };
        let has_json = |response: &Value| response["content"].get(JSON).is_some();
        let mut statuses: Vec<String> = responses.keys().cloned().collect();
        statuses.sort_by_key(|status| (!has_json(&responses[status]), status.clone()));
        let Some((first, others)) = statuses.split_first() else {
            return 0;
        };
        let mut removed = Vec::new();
        for status in others {
            if responses[status].get("content") != responses[first].get("content") {
                responses.remove(status);
                removed.push(status.as_str());
            }
        }
        if !removed.is_empty() {
            let removed = removed.join(", ");
            context.warnings.push(format!(
                "{} {path}: {removed} has another body than {first}; it arrives as \
                 Error::UnexpectedResponse",
                method.to_uppercase()
            ));
            describe(
                operation,
                &format!(
                    "The status {removed} arrives as \
                 [`Error::UnexpectedResponse`](crate::Error::UnexpectedResponse)."
                ),
            );
        }
        usize::from(!removed.is_empty())
    }))
}

/// Adds a paragraph to an operation's description.
fn describe(operation: &mut Map<String, Value>, paragraph: &str) {
    let before = operation
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let description = format!("{before}\n\n{paragraph}").trim().to_owned();
    operation.insert("description".to_owned(), json!(description));
}

/// `{"status":200,"content":{…}}` decodes as a response with every field empty: a typed operation
/// must not be able to ask for it.
pub(super) fn no_envelope(spec: &mut Value, _: &mut Context<'_>) -> Result<usize> {
    Ok(without_parameter(spec, "envelope"))
}

/// White space that nobody reads; the decoder does not care.
pub(super) fn no_pretty(spec: &mut Value, _: &mut Context<'_>) -> Result<usize> {
    Ok(without_parameter(spec, "pretty"))
}

fn without_parameter(spec: &mut Value, name: &str) -> usize {
    let shared = spec.clone();
    each_operation(spec, |_, _, operation| {
        let Some(Value::Array(parameters)) = operation.get_mut("parameters") else {
            return 0;
        };
        let before = parameters.len();
        parameters.retain(|parameter| {
            let parameter = resolve(&shared, parameter);
            !(parameter["name"] == name && parameter["in"] == "query")
        });
        before - parameters.len()
    })
}

/// JSON and CSV on one response: the generator drops the CSV in silence. A second operation on the
/// same URL returns the body as received, in whatever form was asked for. The same path cannot
/// stand twice in a document; with one more leading slash it is another key, and the generator
/// folds the slashes into one (a test of the raw crate holds it to that).
pub(super) fn bytes_forms(spec: &mut Value, context: &mut Context<'_>) -> Result<usize> {
    for wanted in &context.selection.operations {
        let (version, effective) = (&wanted.version, context.effective);
        let operation = wanted.find(effective).unwrap_or(&Value::Null);
        let offers = versions::of(effective, operation);
        let responses = offers.get(version).map(|offer| offer.responses.as_slice());
        let csv = responses
            .unwrap_or_default()
            .iter()
            .find(|text| text.ends_with("+csv"));
        let roles = match texts(operation, "x-rolesRequirements").as_slice() {
            [] => String::new(),
            [role] => format!(" Requires the role {role}."),
            roles => format!(" Requires one of the roles {}.", roles.join(", ")),
        };
        let item = &mut spec["paths"][&wanted.path];
        let Some(Value::Object(operation)) = item.get_mut(&wanted.method) else {
            continue;
        };
        describe(
            operation,
            &format!("Version {version} of the operation.{roles}"),
        );
        let mut bytes = operation.clone();
        let form = match csv {
            Some(csv) => format!(
                "Returns the body as received: JSON, or CSV if the transport sends \
                 `Accept: {csv}`, as [`Plain::csv`](crate::Plain::csv) does."
            ),
            None => "Returns the body as received.".to_owned(),
        };
        describe(&mut bytes, &form);
        bytes.insert(
            "operationId".to_owned(),
            json!(format!("{}Bytes", wanted.name)),
        );
        if let Some(Value::Object(responses)) = bytes.get_mut("responses") {
            for response in responses.values_mut() {
                response["content"] = json!({ "application/octet-stream": binary() });
            }
        }
        let shared = item.get("parameters").cloned();
        let form = &mut spec["paths"][format!("/{}", wanted.path)];
        form[&wanted.method] = Value::Object(bytes);
        if let Some(shared) = shared {
            form["parameters"] = shared;
        }
    }
    Ok(context.selection.operations.len())
}
