//! A small specification of our own, for the tests: one of everything that xtask handles.

use std::sync::LazyLock;

use serde_json::Value;

use crate::codegen::{Generated, generate};
use crate::document;
use crate::failure::Result;
use crate::overlay::Overlay;
use crate::selection::Selection;
use crate::slice::slice;

pub(crate) const UPSTREAM: &str = include_str!("../tests/pocket/upstream.yaml");
const SELECTION: &str = include_str!("../tests/pocket/slice.toml");
const OVERLAY: &str = include_str!("../tests/pocket/overlay.json");

pub(crate) fn upstream() -> Value {
    // Read once: tables of changes ask for it again and again.
    static READ: LazyLock<Value> = LazyLock::new(|| document::parse(UPSTREAM).unwrap());
    READ.clone()
}

pub(crate) fn selection() -> Selection {
    Selection::parse(SELECTION).unwrap()
}

pub(crate) fn overlay() -> Overlay {
    Overlay::parse(OVERLAY).unwrap()
}

/// The slice of the small specification, after `change` was made to the whole of it.
pub(crate) fn sliced(change: impl FnOnce(&mut Value)) -> Result<Value> {
    let mut upstream = upstream();
    change(&mut upstream);
    slice(&upstream, &selection())
}

/// The whole way, after `change`.
pub(crate) fn generated(change: impl FnOnce(&mut Value)) -> Result<Generated> {
    generate(&sliced(change)?, &overlay(), &selection())
}
