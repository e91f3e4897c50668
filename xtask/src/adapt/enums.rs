//! Quirks of enums: closed upstream, open here.

use serde_json::{Value, json};

use crate::failure::{Failure, Result};
use crate::overlay::locate;
use crate::schemas;
use crate::selection::Selection;

/// The name under which the generated client's own crate is referred to in the generator's input.
pub(crate) const OWN_CRATE: &str = "atlas_billing_raw";

/// One unknown value of a closed enum fails a whole invoice. A named enum becomes a type of ours
/// that keeps what it does not know.
pub(super) fn named_enums(spec: &mut Value, selection: &Selection) -> Result<usize> {
    let mut changes = 0;
    for named in &selection.enums {
        for path in &named.at {
            for pointer in places(spec, path, &named.name)? {
                if let Some(Value::Object(schema)) = spec.pointer_mut(&pointer) {
                    schema.remove("enum");
                    schema.insert(
                        "x-rust-type".to_owned(),
                        json!({
                            "crate": OWN_CRATE,
                            "version": "*",
                            "path": format!("{OWN_CRATE}::enums::{}", named.name),
                        }),
                    );
                    changes += 1;
                }
            }
        }
    }
    Ok(changes)
}

/// Where a named enum stands; refuses a place that is gone or no longer lists values.
pub(crate) fn places(spec: &Value, path: &str, name: &str) -> Result<Vec<String>> {
    let pointers = locate(spec, path)?;
    if pointers.is_empty() {
        return Err(Failure::new(format!(
            "the enum {name} is not at {path} any more; mend openapi/slice.toml"
        )));
    }
    for pointer in &pointers {
        let lists = spec.pointer(pointer).and_then(|schema| schema.get("enum"));
        if !lists.is_some_and(Value::is_array) {
            return Err(Failure::new(format!(
                "{pointer} lists no values any more, so the enum {name} has none there; take the \
                 place out of openapi/slice.toml (the field becomes plain text)"
            )));
        }
    }
    Ok(pointers)
}

/// Every other enum is plain text: nothing may be rejected only because it is new.
pub(super) fn plain_enums(spec: &mut Value, _: &Selection) -> Result<usize> {
    let mut changes = 0;
    schemas::each(spec, &mut |_, schema| {
        if schema.remove("enum").is_some() {
            changes += 1;
        }
    });
    Ok(changes)
}
