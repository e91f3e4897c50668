//! What nobody has described yet: found, listed, and given a neutral sentence, so that a new field
//! upstream never breaks the build.

use serde_json::{Value, json};

use crate::pointer;
use crate::schemas;
use crate::selection::METHODS;

/// A node without a description of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undescribed {
    /// A JSONPath that selects it, for the overlay action that is missing.
    pub(crate) target: String,
    pointer: String,
    sentence: String,
}

impl Undescribed {
    /// The overlay action that describes it, but for the words.
    pub(crate) fn action(&self) -> Value {
        json!({"target": self.target, "update": {"description": ""}})
    }
}

/// Gives each undescribed operation, parameter, schema and property its neutral sentence, and says
/// which they were.
pub(crate) fn fill(spec: &mut Value) -> Vec<Undescribed> {
    let mut missing = operations(spec);
    missing.extend(component_parameters(spec));
    missing.extend(component_schemas(spec));
    for node in &missing {
        if let Some(Value::Object(map)) = spec.pointer_mut(&node.pointer) {
            map.insert("description".to_owned(), json!(node.sentence));
        }
    }
    missing
}

fn lacks_description(node: &Value) -> bool {
    node.get("description")
        .and_then(Value::as_str)
        .is_none_or(|text| text.trim().is_empty())
}

fn operations(spec: &Value) -> Vec<Undescribed> {
    let mut missing = Vec::new();
    let Some(Value::Object(paths)) = spec.get("paths") else {
        return missing;
    };
    for (path, item) in paths {
        let at = pointer::child("/paths", path);
        let target = format!("$.paths{}", member(path));
        missing.extend(parameters(item, &at, &target));
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let at = pointer::child(&at, method);
            let target = format!("{target}{}", member(method));
            if lacks_description(operation) {
                missing.push(Undescribed {
                    target: target.clone(),
                    pointer: at.clone(),
                    sentence: format!("Sends `{} {path}`.", method.to_uppercase()),
                });
            }
            missing.extend(parameters(operation, &at, &target));
        }
    }
    missing
}

fn parameters(holder: &Value, at: &str, target: &str) -> Vec<Undescribed> {
    let Some(Value::Array(parameters)) = holder.get("parameters") else {
        return Vec::new();
    };
    let inline = parameters
        .iter()
        .enumerate()
        .filter(|(_, node)| node.get("$ref").is_none());
    inline
        .filter(|(_, parameter)| lacks_description(parameter))
        .map(|(index, parameter)| {
            let name = parameter["name"].as_str().unwrap_or_default();
            Undescribed {
                target: format!("{target}.parameters[?@.name=={}]", quoted(name)),
                pointer: format!("{at}/parameters/{index}"),
                sentence: format!("The parameter `{name}`."),
            }
        })
        .collect()
}

fn component_parameters(spec: &Value) -> Vec<Undescribed> {
    let Some(Value::Object(parameters)) = spec.pointer("/components/parameters") else {
        return Vec::new();
    };
    parameters
        .iter()
        .filter(|(_, parameter)| lacks_description(parameter))
        .map(|(key, parameter)| Undescribed {
            target: format!("$.components.parameters{}", member(key)),
            pointer: pointer::child("/components/parameters", key),
            sentence: format!(
                "The parameter `{}`.",
                parameter["name"].as_str().unwrap_or(key)
            ),
        })
        .collect()
}

/// Component schemas and the properties in them, at any depth.
fn component_schemas(spec: &Value) -> Vec<Undescribed> {
    let mut missing = Vec::new();
    // The walk hands out mutable schemas; a copy is walked so that the document is not.
    let mut copy = spec.clone();
    schemas::each(&mut copy, &mut |place, schema| {
        let tokens = pointer::tokens(place.pointer);
        let Some(component) = place.component else {
            return;
        };
        let is_component = tokens.len() == 3;
        let is_property = tokens.len() > 4 && tokens[tokens.len() - 2] == "properties";
        let described = schema
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !(is_component || is_property) || !described.trim().is_empty() {
            return;
        }
        let name = &tokens[tokens.len() - 1];
        let sentence = if is_component {
            format!("The schema `{name}`.")
        } else {
            format!("The field `{name}` of `{component}`.")
        };
        missing.push(Undescribed {
            target: format!(
                "${}",
                tokens.iter().map(|token| member(token)).collect::<String>()
            ),
            pointer: place.pointer.to_owned(),
            sentence,
        });
    });
    missing
}

/// One step of a JSONPath: a dot and a plain name, or the quoted form.
fn member(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let index = !name.is_empty() && name.chars().all(|c| c.is_ascii_digit());
    match (plain, index) {
        (true, _) => format!(".{name}"),
        (_, true) => format!("[{name}]"),
        _ => format!("[{}]", quoted(name)),
    }
}

/// A JSONPath string literal in single quotes (RFC 9535, section 2.3.1.1).
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}
