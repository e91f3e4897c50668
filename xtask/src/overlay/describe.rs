//! What nobody has described yet: found, listed, and given a neutral sentence, so that a new field
//! upstream never breaks the build.

use serde_json::{Value, json};

use crate::schemas;
use crate::spec::{METHODS, child, tokens};

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
    let mut missing = Vec::new();
    let mut note = |node: &Value, pointer: String, sentence: String| {
        if text(node, "description").trim().is_empty() {
            let target = path_of(spec, &pointer);
            missing.push(Undescribed {
                target,
                pointer,
                sentence,
            });
        }
    };
    let named = |node: &Value| format!("The parameter `{}`.", text(node, "name"));
    for (path, item) in entries(spec, "/paths") {
        let at = child("/paths", path);
        let methods = METHODS
            .iter()
            .filter_map(|method| Some((*method, item.get(method)?)));
        for (method, operation) in methods.clone() {
            let sentence = format!("The operation `{}`.", text(operation, "operationId"));
            note(operation, child(&at, method), sentence);
        }
        let methods = methods.map(|(method, operation)| (child(&at, method), operation));
        for (at, holder) in [(at.clone(), item)].into_iter().chain(methods) {
            let parameters = holder.get("parameters").and_then(Value::as_array);
            for (index, node) in parameters.into_iter().flatten().enumerate() {
                if node.get("$ref").is_none() {
                    note(node, format!("{at}/parameters/{index}"), named(node));
                }
            }
        }
    }
    for (key, node) in entries(spec, "/components/parameters") {
        note(node, child("/components/parameters", key), named(node));
    }
    // The walk hands out mutable schemas; a copy is walked so that the document is not.
    schemas::each(&mut spec.clone(), &mut |place, schema| {
        let tokens = tokens(place.pointer);
        let Some(component) = place.component else {
            return;
        };
        let name = &tokens[tokens.len() - 1];
        let sentence = match tokens.len() {
            3 => format!("The schema `{name}`."),
            _ if tokens[tokens.len() - 2] == "properties" => {
                format!("The field `{name}` of `{component}`.")
            }
            _ => return,
        };
        let schema = Value::Object(schema.clone());
        note(&schema, place.pointer.to_owned(), sentence);
    });
    for node in &missing {
        if let Some(Value::Object(map)) = spec.pointer_mut(&node.pointer) {
            map.insert("description".to_owned(), json!(node.sentence));
        }
    }
    missing
}

fn entries<'a>(spec: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let map = spec.pointer(pointer).and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value))
}

fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The JSONPath of the node that a pointer leads to. An element of a list that has a name is
/// selected by it: its index changes.
pub(crate) fn path_of(spec: &Value, pointer: &str) -> String {
    let mut path = String::from("$");
    let mut node = spec;
    for token in tokens(pointer) {
        let index = token.parse::<usize>().ok().filter(|_| node.is_array());
        node = match index {
            Some(index) => node.get(index).unwrap_or(&Value::Null),
            None => &node[&token],
        };
        path.push_str(&match (index, node.get("name").and_then(Value::as_str)) {
            (Some(_), Some(name)) => format!("[?@.name=={}]", quoted(name)),
            (Some(index), None) => format!("[{index}]"),
            (None, _) => member(&token),
        });
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
        let mut spec = overlay().apply(&sliced(|_| {}).unwrap()).unwrap().0;
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
        assert_eq!(list["description"], "The operation `listOrders`.");
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
        let mut spec = Overlay::parse(&text).unwrap().apply(&slice).unwrap().0;
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
        let spec = json!({"a": {"x": [{"0": {}}, {"name": "n", "k": 1}]}});
        let path = path_of(&spec, "/a/x/0/0");
        assert_eq!(path, "$.a.x[0]['0']");
        assert_eq!(path_of(&spec, "/a/x/1/k"), "$.a.x[?@.name=='n'].k");
    }
}
