//! Invoices made from a seed: what they are billed for, their figures, their JSON and CSV.

pub(crate) mod catalog;
pub(crate) mod document;
pub(crate) mod plan;
