//! Reads what MongoDB Atlas charges: Cost Explorer queries and invoices.

// Until the modules that use them have landed.
#![allow(dead_code)]

pub mod csv;
pub mod edge;
mod error;
mod id;
mod period;
mod secret;

pub use error::{Error, ErrorKind, Result};
pub use id::{ApiVersion, InvoiceId, OrgId, QueryToken};
pub use period::{Month, Months, MonthsIter};
pub use secret::Secret;
