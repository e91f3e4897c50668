//! Invoices: one whole, its line items as a stream, its CSV file, and the list of them.

mod find;
mod items;
mod list;
mod request;

#[cfg(test)]
mod tests;

pub use find::FoundInvoice;
pub use items::{InvoiceTotals, LineItems};
pub use list::{Invoices, InvoicesRequest};
pub use request::InvoiceRequest;

pub use crate::stream::line_items::{InvoiceLimits, LinkedInvoice};
