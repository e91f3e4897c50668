//! Invoices made from a seed: their figures, and their JSON and CSV piece by piece.

mod catalog;
mod csv;
mod figures;
mod item;
mod json;
mod number;
mod pieces;
mod plan;
mod wild;

pub(crate) use catalog::{CLUSTERS, PROJECTS, meters};
pub(crate) use csv::quoted;
pub(crate) use figures::Invoice;
pub use figures::InvoiceFacts;
pub(crate) use json::metadata;
pub(crate) use number::cents_text;
pub(crate) use pieces::{Layout, body};
pub(crate) use plan::months_before;
pub use plan::{InvoicePlan, KeyOrder, Variety};
