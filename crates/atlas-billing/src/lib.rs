//! Reads what MongoDB Atlas charges: Cost Explorer queries and invoices.

// Until the modules that use them have landed.
#![allow(dead_code)]

pub mod edge;
mod error;
mod secret;

pub use error::{Error, ErrorKind, Result};
pub use secret::Secret;
