//! The table of operations: what the generator's input no longer says about versions and media
//! types.

use std::fmt::Write as _;

use heck::ToSnakeCase;
use serde_json::Value;

use crate::failure::{Result, refusal};
use crate::selection::Selection;
use crate::spec::texts;
use crate::versions;

/// The text of `operations.rs`.
pub(super) fn generate(effective: &Value, selection: &Selection) -> Result<String> {
    let mut text = String::from(
        "//! What each operation is on the wire.\n\n\
         use crate::operation::{Operation, OperationVersion};\n\n\
         /// Every operation of the client, in the order of `openapi/slice.toml`.\n\
         pub const OPERATIONS: &[Operation] = &[\n",
    );
    for wanted in &selection.operations {
        let operation = wanted
            .find(effective)
            .ok_or_else(|| refusal!("{} is not in the slice", wanted.title()))?;
        versions::check_pinned(effective, wanted)?;
        let roles = texts(operation, "x-rolesRequirements");
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "    Operation {{\n        name: {:?},\n        id: {:?},\n        method: {:?},\n        \
             path: {:?},\n        roles: &{roles:?},\n        pinned: {:?},\n        versions: &[\n",
            wanted.name,
            wanted.name.to_snake_case(),
            wanted.method.to_uppercase(),
            wanted.path,
            wanted.version,
        );
        for (date, offer) in versions::of(effective, operation) {
            let _ = writeln!(
                text,
                "            OperationVersion {{\n                date: {date:?},\n                \
                 request: {:?},\n                responses: &{:?},\n            }},",
                offer.request, offer.responses,
            );
        }
        text.push_str("        ],\n    },\n");
    }
    text.push_str("];\n");
    Ok(text)
}
