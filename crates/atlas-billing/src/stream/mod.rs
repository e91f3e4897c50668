//! Incremental parsers, without I/O of their own: line items out of an invoice's JSON, CSV records,
//! rows of a FOCUS report.

pub mod csv;
pub(crate) mod line_items;
