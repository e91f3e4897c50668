//! Reads what MongoDB Atlas charges: Cost Explorer queries and invoices.

// Until the modules that use them have landed.
#![allow(dead_code, unused_imports, unused_macros)]

mod auth;
mod call;
mod client;
mod costs;
pub mod csv;
pub mod edge;
mod envelope;
mod error;
mod hash;
mod http_date;
mod id;
mod invoices;
mod meta;
pub mod money;
mod period;
mod polling;
mod retry;
mod secret;

pub use atlas_billing_raw as raw;
pub use atlas_billing_raw::enums::{GroupBy, Service};
pub use auth::Credentials;
pub use call::{BodyStream, CallOptions, Event, Form, Observer, Timeouts};
pub use client::{COMMERCIAL, Client, ClientBuilder, GOVERNMENT, Org};
pub use costs::{CostFile, CostReport, CostRequest, CostRow, Looks, Query};
pub use error::{Error, ErrorKind, FieldViolation, Result};
pub use id::{ApiVersion, InvoiceId, OrgId, QueryToken};
pub use invoices::{
    CsvRequest, Invoice, InvoiceFile, InvoiceHead, InvoiceLimits, InvoiceRequest, InvoiceSummary,
    Invoices, LineItem, LineItems, Linked, ListRequest,
};
pub use meta::{RateLimit, ResponseMeta};
pub use money::{
    Cents, Decimal, Dimension, Group, InvoiceOwed, ItemSums, Key, PaymentOwed, Project,
    Reconciliation, Total, Totals, decimal_of_f64, parse_decimal,
};
pub use period::{Month, Months, MonthsIter};
pub use polling::{EndurancePolicy, Look, PollOutcome, PollPolicy, Seen, WaitPolicy};
pub use reqwest;
pub use retry::RetryPolicy;
pub use secret::Secret;
