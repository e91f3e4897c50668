//! The parsers of xtask, which is a program and has no library.

#![allow(dead_code, missing_docs, unused_imports)]

#[path = "../../xtask/src/document.rs"]
mod document;
#[path = "../../xtask/src/failure.rs"]
mod failure;
#[path = "../../xtask/src/fuzzing.rs"]
pub mod fuzzing;
#[path = "../../xtask/src/overlay/mod.rs"]
mod overlay;
#[path = "../../xtask/src/schemas.rs"]
mod schemas;
#[path = "../../xtask/src/selection.rs"]
mod selection;
#[path = "../../xtask/src/slice.rs"]
mod slice;
#[path = "../../xtask/src/spec.rs"]
mod spec;
#[path = "../../xtask/src/versions.rs"]
mod versions;
