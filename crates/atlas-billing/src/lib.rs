//! Reads what MongoDB Atlas charges: Cost Explorer queries and invoices.

// Until the modules that use them have landed.
#![allow(dead_code, unused_imports)]

mod auth;
pub mod csv;
pub mod edge;
mod error;
mod http_date;
mod id;
mod invoices;
mod period;
mod retry;
mod secret;

pub use auth::Credentials;
pub use error::{Error, ErrorKind, Result};
pub use id::{ApiVersion, InvoiceId, OrgId, QueryToken};
pub use invoices::{InvoiceLimits, Linked};
pub use period::{Month, Months, MonthsIter};
pub use retry::RetryPolicy;
pub use secret::Secret;
