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
            target: path_of(&tokens),
            pointer: place.pointer.to_owned(),
            sentence,
        });
    });
    missing
}

/// The JSONPath of a schema, from the tokens of its pointer.
fn path_of(tokens: &[String]) -> String {
    let mut path = String::from("$");
    for (index, token) in tokens.iter().enumerate() {
        let parent = index
            .checked_sub(1)
            .map_or("", |before| tokens[before].as_str());
        if matches!(parent, "allOf" | "anyOf" | "oneOf") {
            path.push_str(&format!("[{token}]"));
        } else {
            path.push_str(&member(token));
        }
    }
    path
}

/// One step of a JSONPath into an object: a dot and a plain name, or the quoted form.
fn member(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain {
        format!(".{name}")
    } else {
        format!("[{}]", quoted(name))
    }
}

/// A JSONPath string literal in single quotes (RFC 9535, section 2.3.1.1).
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overlay::{Overlay, locate};
    use crate::pocket::{overlay, sliced};

    fn filled() -> (Value, Vec<Undescribed>) {
        let mut spec = overlay().apply(&sliced(|_| {}).unwrap()).unwrap();
        let missing = fill(&mut spec);
        (spec, missing)
    }

    #[test]
    fn everything_has_a_sentence_afterwards_and_ours_are_kept() {
        let (mut spec, missing) = filled();
        assert_eq!(fill(&mut spec), []);
        assert_eq!(
            spec["components"]["schemas"]["Order"]["properties"]["cents"]["description"],
            "What it costs, in cents."
        );
        assert!(!missing.iter().any(|node| node.target.ends_with("cents")));
        let list = &spec["paths"]["/shops/{shopId}/orders"]["get"];
        assert_eq!(list["description"], "Sends `GET /shops/{shopId}/orders`.");
        assert_eq!(
            list["parameters"][2]["description"],
            "The parameter `itemsPerPage`."
        );
        assert_eq!(
            spec["components"]["schemas"]["Line"]["properties"]["note"]["description"],
            "The field `note` of `Line`."
        );
    }

    #[test]
    fn each_target_selects_its_node_and_nothing_else() {
        let (spec, missing) = filled();
        assert!(missing.len() > 20, "{}", missing.len());
        for node in &missing {
            assert_eq!(
                locate(&spec, &node.target).unwrap(),
                [node.pointer.as_str()]
            );
        }
    }

    #[test]
    fn the_actions_are_ready_to_paste() {
        let slice = sliced(|_| {}).unwrap();
        let (_, missing) = filled();
        let actions: Vec<Value> = missing
            .iter()
            .map(|node| {
                let mut action = node.action();
                action["update"]["description"] = json!("Words of ours.");
                action
            })
            .collect();
        let text = json!({"overlay": "1.0.0", "info": {}, "actions": actions}).to_string();
        let mut spec = Overlay::parse(&text).unwrap().apply(&slice).unwrap();
        // Left: what the small overlay describes, and this one does not.
        let left: Vec<String> = fill(&mut spec)
            .into_iter()
            .map(|node| node.target)
            .collect();
        assert_eq!(left, ["$.components.schemas.Order.properties.cents"]);
    }

    #[test]
    fn awkward_names_are_quoted() {
        assert_eq!(member("plain_1"), ".plain_1");
        assert_eq!(member("0"), "['0']");
        assert_eq!(member("it's"), "['it\\'s']");
        assert_eq!(member("a-b"), "['a-b']");
        let tokens = [
            "components",
            "schemas",
            "A",
            "allOf",
            "0",
            "properties",
            "0",
        ];
        let path = path_of(&tokens.map(str::to_owned));
        assert_eq!(path, "$.components.schemas.A.allOf[0].properties['0']");
    }
}
