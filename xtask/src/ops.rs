//! What a specification offers: operations and enums as entries for `slice.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use heck::ToUpperCamelCase;
use serde_json::Value;

use crate::adapt::{pinned, places};
use crate::failure::{Result, refusal};
use crate::overlay::path_of;
use crate::schemas;
use crate::selection::{Selection, Wanted};
use crate::slice::part;
use crate::spec::{operations, tokens};
use crate::versions;

/// More operations than this are an overview, which enums would drown.
const FEW: usize = 20;

/// The operations in which `word` occurs (in method, path or operationId, whatever its case), each
/// as an `[[operation]]` of `slice.toml` with the newest stable version pinned; and the enums of a
/// few operations as `[[enum]]`.
pub(crate) fn list(spec: &Value, word: Option<&str>, selection: &Selection) -> Result<String> {
    let word = word.unwrap_or_default().to_lowercase();
    let mut found: Vec<_> = operations(spec)
        .filter(|(path, method, operation)| {
            let id = operation["operationId"].as_str().unwrap_or_default();
            format!("{method} {path} {id}")
                .to_lowercase()
                .contains(&word)
        })
        .collect();
    if found.is_empty() {
        return Err(refusal!(
            "no operation of the specification matches {word:?}"
        ));
    }
    found.sort_by_key(|(path, ..)| *path);
    let mut text = String::new();
    let mut wanted = Vec::new();
    for (path, method, operation) in found {
        let offers = versions::of(spec, operation);
        let forms = offers.iter().map(|(version, offer)| {
            let forms = offer
                .responses
                .iter()
                .filter_map(|text| text.rsplit_once('+'));
            let forms: Vec<&str> = forms.map(|(_, form)| form).collect();
            match forms.is_empty() {
                true => version.clone(),
                false => format!("{version} ({})", forms.join(", ")),
            }
        });
        let forms = match offers.is_empty() {
            true => "none: it cannot be sliced".to_owned(),
            false => forms.collect::<Vec<_>>().join(", "),
        };
        let name = operation["operationId"].as_str().unwrap_or_default();
        let version = versions::proposed(&offers).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "# Versions: {forms}\n[[operation]]\nname = {name:?}\nmethod = {method:?}\n\
             path = {path:?}\nversion = {version:?}\nwhy = \"\"\n\n"
        );
        wanted.push(Wanted::new(name, method, path, version));
    }
    if wanted.len() <= FEW {
        let selection = Selection {
            operations: wanted,
            ..selection.clone()
        };
        let part = part(spec, &selection)?;
        text.push_str(&enums(&part, &selection, &|_| true)?);
    }
    Ok(text)
}

/// The enums without a name at the places that `is_wanted` takes, ready to paste into `slice.toml`,
/// each with every place that has the same values.
pub(crate) fn enums(
    slice: &Value,
    selection: &Selection,
    is_wanted: &dyn Fn(&str) -> bool,
) -> Result<String> {
    let mut spec = pinned(slice, selection)?;
    let values = |schema: &Value| -> Option<Vec<String>> {
        let values = schema
            .get("enum")?
            .as_array()?
            .iter()
            .filter_map(Value::as_str);
        Some(values.map(str::to_owned).collect())
    };
    // The values of each named enum, and where one stands.
    let mut named: BTreeMap<String, &str> = BTreeMap::new();
    for entry in &selection.enums {
        for pointer in places(&spec, entry)?.0 {
            named.insert(pointer, &entry.name);
        }
    }
    let known: Vec<(Vec<String>, &str)> = named
        .iter()
        .filter_map(|(pointer, name)| Some((values(spec.pointer(pointer)?)?, *name)))
        .collect();
    let mut groups: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    schemas::each(&mut spec, &mut |place, schema| {
        if let Some(values) = values(&Value::Object(schema.clone()))
            && !named.contains_key(place.pointer)
        {
            groups
                .entry(values)
                .or_default()
                .push(place.pointer.to_owned());
        }
    });
    let schemas = selection.schemas.iter().map(|schema| schema.name.clone());
    let enums = selection.enums.iter().map(|named| named.name.clone());
    let mut taken: BTreeSet<String> = schemas.chain(enums).collect();
    let mut text = String::new();
    for (values, pointers) in groups {
        if !pointers.iter().any(|pointer| is_wanted(pointer)) {
            continue;
        }
        let lines: String = pointers
            .iter()
            .map(|pointer| format!("    {:?},\n", path_of(&spec, pointer)))
            .collect();
        if let Some((_, name)) = known.iter().find(|(known, _)| *known == values) {
            let lines = lines.replace("    ", "#     ");
            text.push_str(&format!("# The values of {name}; for its `at`:\n{lines}\n"));
            continue;
        }
        let mut name = suggested(&pointers, &spec, selection);
        while !taken.insert(name.clone()) {
            name.push('2');
        }
        let count = values.len();
        text.push_str(&format!(
            "# {count} values: {}\n[[enum]]\nname = {name:?}\nabout = \"\"\nat = [\n{lines}]\n\n",
            values.join(", ")
        ));
    }
    Ok(text)
}

/// A name for the type of an enum: the schema and the field, or the parameter.
fn suggested(pointers: &[String], spec: &Value, selection: &Selection) -> String {
    let in_schema = pointers
        .iter()
        .find(|pointer| pointer.starts_with("/components/schemas/"));
    let pointer = in_schema.unwrap_or(&pointers[0]).as_str();
    let tokens = tokens(pointer);
    let is_name =
        |token: &&String| !["items", "schema", "additionalProperties"].contains(&token.as_str());
    let field = tokens.iter().rev().find(is_name).map_or("", String::as_str);
    if let [root, section, name, ..] = tokens.as_slice()
        && root == "components"
        && section == "schemas"
    {
        let ours = selection
            .schemas
            .iter()
            .find(|schema| schema.upstream == *name);
        let name = ours.map_or(name, |schema| &schema.name);
        let field = if tokens.len() > 3 { field } else { "" };
        return format!("{name} {field}").to_upper_camel_case();
    }
    let at = pointer.rsplit_once("/schema").map_or(pointer, |(at, _)| at);
    let parameter = spec.pointer(at).and_then(|node| node["name"].as_str());
    parameter.unwrap_or(field).to_upper_camel_case()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pocket;

    fn spec() -> Value {
        let responses = |versions: &[&str]| {
            let content = versions
                .iter()
                .map(|version| (format!("application/vnd.atlas.{version}"), json!({})));
            json!({"200": {"content": content.collect::<serde_json::Map<_, _>>()}})
        };
        json!({"openapi": "3.0.1", "paths": {
            "/b": {"post": {"operationId": "makeB", "responses": responses(&[])}},
            "/a": {
                "delete": {"operationId": "dropA", "responses": responses(&["preview+json"])},
                "get": {
                    "operationId": "getA",
                    "responses": responses(&["2024-05-01+json", "2023-01-01+csv",
                        "2023-01-01+json", "2026-01-01.upcoming+json", "preview+json"]),
                },
            },
        }})
    }

    #[test]
    fn each_entry_is_a_part_of_slice_toml() {
        let text = list(&spec(), Some("GETA"), &pocket::selection()).unwrap();
        assert_eq!(
            text,
            "# Versions: 2023-01-01 (json, csv), 2024-05-01 (json), 2026-01-01.upcoming (json), \
             preview (json)\n[[operation]]\nname = \"getA\"\nmethod = \"get\"\npath = \"/a\"\n\
             version = \"2024-05-01\"\nwhy = \"\"\n\n"
        );
        let head = "[upstream]\nurl = \"u\"\ncommit = \"c\"\nsource = \"x\"\nsha256 = \"s\"\n";
        let all = list(&spec(), None, &pocket::selection()).unwrap();
        let read = Selection::parse(&format!("{head}{all}")).unwrap();
        let names: Vec<&str> = read
            .operations
            .iter()
            .map(|wanted| wanted.name.as_str())
            .collect();
        assert_eq!(names, ["getA", "dropA", "makeB"]);
    }

    #[test]
    fn enums_are_offered_with_every_place_of_the_same_values() {
        let mut upstream = pocket::upstream();
        let line = &mut upstream["components"]["schemas"]["Line"]["properties"];
        line["codes"] = json!({"type": "array", "items": {"enum": ["A1", "A2"]}});
        line["state"] = json!({"enum": ["OPEN", "DONE"]});
        let text = list(&upstream, Some("orders"), &pocket::selection()).unwrap();
        let enums = &text[text.find("# 2 values").unwrap()..];
        let expected = "# 2 values: A1, A2\n[[enum]]\nname = \"LineCode\"\nabout = \"\"\nat = [\n    \
            \"$.components.schemas.Line.properties.code\",\n    \
            \"$.components.schemas.Line.properties.codes.items\",\n]\n\n\
            # The values of OrderState; for its `at`:\n\
            #     \"$.components.schemas.Line.properties.state\",\n\n";
        assert_eq!(enums, expected);

        // Nothing is named: the parameter is selected by its name.
        let mut nothing = pocket::selection();
        nothing.enums.clear();
        let text = list(&upstream, Some("listOrders"), &nothing).unwrap();
        let parameter =
            "$.paths['/shops/{shopId}/orders'].get.parameters[?@.name=='states'].schema.items";
        assert!(text.contains(parameter), "{text}");
        assert!(text.contains("name = \"LineState\""), "{text}");
    }

    #[test]
    fn a_word_that_matches_nothing_is_refused() {
        let failure = list(&spec(), Some("zebra"), &pocket::selection()).unwrap_err();
        assert!(failure.to_string().contains("zebra"));
    }
}
