//! The operations we want with the closure of what they refer to: upstream's structure, none of
//! its prose.

mod closure;
mod strip;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::failure::{Failure, Result};
use crate::json;
use crate::selection::{Selection, Wanted};
use crate::versions;
use closure::closure;
use strip::stripped;

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

#[cfg(test)]
mod tests;
