//! Quirks of enums: closed upstream, open here.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Context;
use crate::failure::{Result, refusal};
use crate::overlay::locate;
use crate::selection::NamedEnum;

/// The name under which the generated client's own crate is referred to in the generator's input.
pub(crate) const OWN_CRATE: &str = "atlas_billing_raw";

/// A named enum becomes a type of ours that keeps what it does not know: `open_enum` of
/// atlas-billing-raw says why.
pub(super) fn named_enums(spec: &mut Value, context: &mut Context<'_>) -> Result<usize> {
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for named in &context.selection.enums {
        let (pointers, warnings) = places(spec, named)?;
        context.warnings.extend(warnings);
        for pointer in pointers {
            if let Some(other) = taken.insert(pointer.clone(), &named.name) {
                return Err(refusal!(
                    "openapi/slice.toml: the enums {other} and {} both name {pointer}",
                    named.name
                ));
            }
        }
    }
    for (pointer, name) in &taken {
        if let Some(Value::Object(schema)) = spec.pointer_mut(pointer) {
            schema.remove("enum");
            schema.insert(
                "x-rust-type".to_owned(),
                own_type(&format!("enums::{name}")),
            );
        }
    }
    Ok(taken.len())
}

/// The extension that puts a hand-written type of the raw crate in the place of a schema.
pub(super) fn own_type(path: &str) -> Value {
    json!({ "crate": OWN_CRATE, "version": "*", "path": format!("{OWN_CRATE}::{path}") })
}

/// Where a named enum stands. A place that is gone, or lists no values, is a warning with the line
/// to remove: the field is gone, or text.
pub(crate) fn places(spec: &Value, named: &NamedEnum) -> Result<(Vec<String>, Vec<String>)> {
    let (mut found, mut warnings) = (Vec::new(), Vec::new());
    let name = &named.name;
    for path in &named.at {
        let pointers = locate(spec, path)?;
        let lists = |pointer: &String| {
            let values = spec.pointer(pointer).and_then(|schema| schema.get("enum"));
            values.is_some_and(Value::is_array)
        };
        let problem = match pointers.as_slice() {
            [] => "selects nothing",
            pointers if !pointers.iter().any(lists) => "lists no values",
            _ => {
                found.extend(pointers.into_iter().filter(lists));
                continue;
            }
        };
        warnings.push(format!(
            "the enum {name}: {path:?} {problem} any more; remove the line from openapi/slice.toml"
        ));
    }
    if found.is_empty() {
        warnings.push(format!(
            "the enum {name} stands nowhere any more, and has no type; remove its [[enum]] from \
             openapi/slice.toml"
        ));
    }
    Ok((found, warnings))
}

/// Every other enum is plain text: nothing may be rejected only because it is new.
pub(super) fn plain_enums(schema: &mut Map<String, Value>) -> usize {
    usize::from(schema.remove("enum").is_some())
}
