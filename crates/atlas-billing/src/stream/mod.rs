//! Incremental parsers, without I/O of their own: line items out of an invoice's JSON, CSV records,
//! rows of a FOCUS report.

pub mod csv;
pub(crate) mod focus;
mod invoice_csv;
pub(crate) mod json;
pub(crate) mod line_items;

/// Byte order mark of UTF-8, which some files begin with.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
