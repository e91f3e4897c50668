//! Invoices: one whole, its line items as a stream, its file, and the list of them.

mod json_path;
mod limits;
mod origin;
mod split;

pub use limits::InvoiceLimits;
pub use origin::Linked;
