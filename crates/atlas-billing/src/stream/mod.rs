//! Incremental parsers, without I/O of their own: line items out of an invoice's JSON, CSV records.

pub mod csv;
mod invoice_csv;
pub(crate) mod json;
pub(crate) mod line_items;

/// Keys under which an envelope holds the content of a response. The specification documents
/// `content`; an older table of it has `envelope`.
pub(crate) const CONTENT_KEYS: [&str; 2] = ["content", "envelope"];

/// Byte order mark of UTF-8, which some files begin with.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
