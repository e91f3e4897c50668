//! What a specification offers: operations as entries for `slice.toml`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::selection::METHODS;
use crate::versions;

/// The operations in which `word` occurs (in method, path or operationId, whatever its case), each
/// as an `[[operation]]` of `slice.toml`. The newest dated version is the one pinned.
pub(crate) fn list(spec: &Value, word: Option<&str>) -> Result<String> {
    let word = word.unwrap_or_default().to_lowercase();
    let mut text = String::new();
    let mut paths: Vec<_> = spec["paths"].as_object().into_iter().flatten().collect();
    paths.sort_by_key(|(path, _)| path.as_str());
    for (path, item) in paths {
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let id = operation["operationId"].as_str().unwrap_or_default();
            let title = format!("{method} {path} {id}");
            if title.to_lowercase().contains(&word) {
                entry(&mut text, spec, method, path, id, operation);
            }
        }
    }
    if text.is_empty() {
        return Err(Failure::new(format!(
            "no operation of the specification matches {word:?}"
        )));
    }
    Ok(text)
}

fn entry(text: &mut String, spec: &Value, method: &str, path: &str, id: &str, operation: &Value) {
    let offers = versions::of(spec, operation);
    let forms = offers.iter().map(|(version, offer)| {
        let forms = offer
            .answers
            .iter()
            .filter_map(|answer| answer.rsplit_once('+'));
        let forms: Vec<&str> = forms.map(|(_, form)| form).collect();
        if forms.is_empty() {
            version.clone()
        } else {
            format!("{version} ({})", forms.join(", "))
        }
    });
    let forms = forms.collect::<Vec<_>>().join(", ");
    let dated = offers
        .keys()
        .rev()
        .find(|version| version.starts_with(|c: char| c.is_ascii_digit()));
    let pinned = dated
        .or_else(|| offers.keys().next())
        .map(String::as_str)
        .unwrap_or_default();
    let versions = if forms.is_empty() {
        "none: it cannot be sliced"
    } else {
        forms.as_str()
    };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "# Versions: {versions}\n[[operation]]\nname = {id:?}\nmethod = {method:?}\npath = {path:?}\n\
         version = {pinned:?}\nwhy = \"\"\n\n"
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec() -> Value {
        let answer = |versions: &[&str]| {
            let content = versions
                .iter()
                .map(|version| (format!("application/vnd.atlas.{version}"), json!({})));
            json!({"200": {"content": content.collect::<serde_json::Map<_, _>>()}})
        };
        json!({"openapi": "3.0.1", "paths": {
            "/b": {"post": {"operationId": "makeB", "responses": answer(&[])}},
            "/a": {
                "delete": {"operationId": "dropA", "responses": answer(&["preview+json"])},
                "get": {
                    "operationId": "getA",
                    "responses": answer(&["2024-05-01+json", "2023-01-01+csv", "2023-01-01+json", "preview+json"]),
                },
            },
        }})
    }

    #[test]
    fn each_entry_is_a_part_of_slice_toml() {
        let text = list(&spec(), Some("GETA")).unwrap();
        assert_eq!(
            text,
            "# Versions: 2023-01-01 (json, csv), 2024-05-01 (json), preview (json)\n\
             [[operation]]\nname = \"getA\"\nmethod = \"get\"\npath = \"/a\"\n\
             version = \"2024-05-01\"\nwhy = \"\"\n\n"
        );
        let head = "[upstream]\nurl = \"u\"\ncommit = \"c\"\nsource = \"x\"\nsha256 = \"s\"\n";
        let all = list(&spec(), None).unwrap();
        let read = crate::selection::Selection::parse(&format!("{head}{all}")).unwrap();
        let names: Vec<&str> = read
            .operations
            .iter()
            .map(|wanted| wanted.name.as_str())
            .collect();
        assert_eq!(names, ["getA", "dropA", "makeB"]);
    }

    #[test]
    fn a_word_that_matches_nothing_is_said() {
        assert!(
            list(&spec(), Some("zebra"))
                .unwrap_err()
                .to_string()
                .contains("zebra")
        );
    }
}
