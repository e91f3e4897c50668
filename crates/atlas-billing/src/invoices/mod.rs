//! Invoices: one whole, its line items as a stream, its file, and the list of them.

mod assemble;
mod decode;
mod file;
mod finish;
mod head;
mod invoice;
mod items;
mod json_path;
mod limits;
mod line_item;
mod list;
mod origin;
mod request;
mod slim;
mod split;
mod summary;
mod which;

#[cfg(test)]
mod tests;

pub use file::{CsvRequest, InvoiceFile};
pub use head::InvoiceHead;
pub use invoice::Invoice;
pub use items::LineItems;
pub use limits::InvoiceLimits;
pub use line_item::LineItem;
pub use list::{Invoices, ListRequest};
pub use origin::Linked;
pub use request::InvoiceRequest;
pub use summary::InvoiceSummary;
