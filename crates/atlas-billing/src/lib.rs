#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//! - [`Client`] signs in and holds the defaults; [`Client::from_env`] and [`ClientBuilder`] make
//!   one. [`Org`] is where every question begins.
//! - [`Org::costs`] asks Cost Explorer: a [`CostRequest`], a [`Query`] at work, a [`CostReport`].
//! - [`Org::invoice`], [`Org::current_invoice`] and [`Org::invoice_of`] ask for an invoice: whole
//!   ([`Invoice`]), item by item ([`LineItems`]) or as its CSV file ([`InvoiceFile`]).
//!   [`Org::invoices`] lists them.
//! - [`Totals`] adds up line items exactly; [`money`] says what each figure means.
//! - [`Error`] has a [kind](ErrorKind), predicates, and what the service said.
//! - [`edge`] is where the crate touches the world, for tests that replace it.
//!
//! # Foreign types
//! Types of other crates in this public API: [`reqwest`]'s (the HTTP client's settings, injected
//! clients), `http`'s status, method and headers, `bytes::Bytes`, [`chrono`]'s dates (UTC),
//! [`Decimal`], `serde_json::Value` in [`Error::parameters`], `futures_core::Stream`, and the
//! generated crate, [`raw`]. A new major version of one of them is a breaking change here.

mod auth;
mod call;
mod client;
mod costs;
pub mod csv;
pub mod edge;
mod envelope;
mod error;
#[cfg(test)]
mod fuzz;
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
pub use atlas_billing_raw::enums::{CloudProvider, GroupBy, InvoiceStatus, PaymentStatus, Service};
pub use auth::Credentials;
pub use call::{BodyStream, CallOptions, Event, Form, Observer, Timeouts};
pub use chrono;
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
