//! The effective specification made digestible for the generator: one function a quirk, each with
//! its reason, and each failing once it finds nothing to do.

mod bodies;
mod enums;
mod values;

use serde_json::{Map, Value};

pub(crate) use enums::{OWN_CRATE, places};

use crate::failure::{Failure, Result};
use crate::selection::{METHODS, Selection};

/// A quirk: what it is called in a refusal, and the function that counts its changes.
type Quirk = (&'static str, fn(&mut Value, &Selection) -> Result<usize>);

/// In this order: bodies first, for what they drop need not be adapted; twins last, as copies of
/// what is finished.
const QUIRKS: [Quirk; 18] = [
    ("stable_names", bodies::stable_names),
    ("pinned_json", bodies::pinned_json),
    ("final_successes", bodies::final_successes),
    ("no_envelope", bodies::no_envelope),
    ("no_pretty", bodies::no_pretty),
    ("named_enums", enums::named_enums),
    ("plain_enums", enums::plain_enums),
    ("any_parameters", values::any_parameters),
    ("no_patterns", values::no_patterns),
    ("no_bounds", values::no_bounds),
    ("no_defaults", values::no_defaults),
    ("repeatable_items", values::repeatable_items),
    ("doubles", values::doubles),
    ("open_objects", values::open_objects),
    ("answers_promise_nothing", values::answers_promise_nothing),
    ("nullable_components", values::nullable_components),
    ("nullable_lists", values::nullable_lists),
    ("bytes_twins", bodies::bytes_twins),
];

/// Quirks that need not meet anything: what they guard against comes and goes upstream.
const MAY_REST: [&str; 2] = ["plain_enums", "open_objects"];

/// The generator's input.
pub(crate) fn adapt(effective: &Value, selection: &Selection) -> Result<Value> {
    let mut spec = effective.clone();
    for (name, quirk) in QUIRKS {
        let changes = quirk(&mut spec, selection)
            .map_err(|failure| failure.within(format!("adapting for the generator, {name}")))?;
        if changes == 0 && !MAY_REST.contains(&name) {
            return Err(Failure::new(format!(
                "adapting for the generator, {name}: nothing in the specification needs it any \
                 more; remove it from xtask/src/adapt"
            )));
        }
    }
    values::described_references(&mut spec);
    Ok(spec)
}

/// Calls `change` with each operation of the document; adds up what it returns.
fn each_operation(
    spec: &mut Value,
    mut change: impl FnMut(&str, &str, &mut Map<String, Value>) -> Result<usize>,
) -> Result<usize> {
    let mut changes = 0;
    if let Some(Value::Object(paths)) = spec.get_mut("paths") {
        for (path, item) in paths {
            for method in METHODS {
                if let Some(Value::Object(operation)) = item.get_mut(method) {
                    changes += change(path, method, operation)?;
                }
            }
        }
    }
    Ok(changes)
}

#[cfg(test)]
mod tests;
