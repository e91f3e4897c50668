//! Invoices made from a seed: what they are billed for, their figures, their JSON, CSV and FOCUS
//! files.

pub(crate) mod catalog;
pub(crate) mod document;
pub(crate) mod focus;
mod odd;
pub(crate) mod plan;
