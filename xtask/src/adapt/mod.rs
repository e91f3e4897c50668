//! The effective specification made digestible for the generator: one function per quirk, each with
//! its reason. A quirk that finds nothing to do is a warning: the output is right without it.

mod bodies;
mod compose;
mod enums;
mod values;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::failure::Result;
use crate::schemas;
use crate::selection::Selection;

use On::{Document, EachSchema};
pub(crate) use compose::merge;
pub(crate) use enums::{OWN_CRATE, places};
pub(crate) use values::TIMES;

/// What quirks share.
struct Context<'a> {
    /// The effective specification, unchanged.
    effective: &'a Value,
    selection: &'a Selection,
    warnings: Vec<String>,
    /// References that are kept though no response of the generator's input has them any more.
    kept: BTreeSet<String>,
}

/// A quirk: what it is called in a message, and what counts its changes.
type Quirk = (&'static str, On);

/// What a quirk changes.
enum On {
    Document(fn(&mut Value, &mut Context<'_>) -> Result<usize>),
    EachSchema(fn(&mut Map<String, Value>) -> usize),
}

/// In this order: bodies first, for what they drop need not be adapted; bytes forms last, as copies
/// of what is finished.
const QUIRKS: [Quirk; 21] = [
    ("stable_names", Document(bodies::stable_names)),
    ("pinned_json", Document(bodies::pinned_json)),
    ("final_successes", Document(bodies::final_successes)),
    ("one_body", Document(bodies::one_body)),
    ("no_envelope", Document(bodies::no_envelope)),
    ("no_pretty", Document(bodies::no_pretty)),
    ("named_enums", Document(enums::named_enums)),
    ("plain_enums", EachSchema(enums::plain_enums)),
    ("merged_objects", Document(compose::merged_objects)),
    ("json_values", EachSchema(compose::json_values)),
    ("any_parameters", Document(values::any_parameters)),
    ("no_checks", EachSchema(values::no_checks)),
    ("exact_numbers", EachSchema(values::exact_numbers)),
    ("exact_cents", EachSchema(values::exact_cents)),
    ("presigned_urls", EachSchema(values::presigned_urls)),
    (
        "responses_require_nothing",
        Document(values::responses_require_nothing),
    ),
    ("nullable_components", Document(values::nullable_components)),
    ("optional_lists", Document(values::optional_lists)),
    ("reached_types", Document(values::reached_types)),
    ("stable_schemas", Document(values::stable_schemas)),
    ("bytes_forms", Document(bodies::bytes_forms)),
];

/// Quirks that need not meet anything: what they guard against comes and goes upstream.
const MAY_REST: [&str; 9] = [
    "one_body",
    "named_enums",
    "plain_enums",
    "merged_objects",
    "json_values",
    "optional_lists",
    "presigned_urls",
    "reached_types",
    "stable_schemas",
];

/// The generator's input, and what the contributor may tidy up.
pub(crate) fn adapt(effective: &Value, selection: &Selection) -> Result<(Value, Vec<String>)> {
    let mut spec = effective.clone();
    let mut context = Context {
        effective,
        selection,
        warnings: Vec::new(),
        kept: BTreeSet::new(),
    };
    for (name, quirk) in QUIRKS {
        let changes = match quirk {
            Document(change) => change(&mut spec, &mut context)?,
            EachSchema(change) => {
                let mut changes = 0;
                schemas::each(&mut spec, &mut |_, schema| changes += change(schema));
                changes
            }
        };
        if changes == 0 && !MAY_REST.contains(&name) {
            context.warnings.push(format!(
                "the quirk {name} finds nothing to do any more: remove its line from QUIRKS in \
                 xtask/src/adapt/mod.rs"
            ));
        }
    }
    compose::described_references(&mut spec);
    Ok((spec, context.warnings))
}

/// The part of a slice that types are made from: the pinned versions' bodies, and what they reach.
pub(crate) fn pinned(slice: &Value, selection: &Selection) -> Result<Value> {
    let mut spec = slice.clone();
    let mut context = Context {
        effective: slice,
        selection,
        warnings: Vec::new(),
        kept: BTreeSet::new(),
    };
    bodies::pinned_json(&mut spec, &mut context)?;
    bodies::final_successes(&mut spec, &mut context)?;
    values::reached_types(&mut spec, &mut context)?;
    Ok(spec)
}

#[cfg(test)]
mod tests;
