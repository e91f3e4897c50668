//! Invoices: one whole, its line items as a stream, its CSV file, a search in it, and lists of them.

mod associated;
mod find;
mod items;
mod list;
mod pending;
mod request;
mod search;

#[cfg(test)]
mod tests;

pub use associated::AssociatedInvoicesRequest;
pub use find::FoundInvoice;
pub use items::{InvoiceDays, InvoiceSums, InvoiceTags, InvoiceTotals, LineItems};
pub use list::{Invoices, InvoicesRequest};
pub use pending::PendingInvoicesRequest;
pub use request::InvoiceRequest;
pub use search::{LineItemSearchRequest, SearchedItems};

pub use crate::stream::line_items::{InvoiceLimits, LinkedInvoice};
