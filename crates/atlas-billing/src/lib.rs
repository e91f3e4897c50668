#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//! - [`Client`] has the credentials and the defaults; [`Client::from_env`] and [`ClientBuilder`]
//!   build one. [`Org`] is where most questions begin; [`Client::orgs`] lists those that the
//!   credentials see.
//! - [`Org::costs`] asks Cost Explorer: a [`CostRequest`], a [`CostQuery`] that is polled, a
//!   [`CostReport`].
//! - [`Org::invoice`], [`Org::current_invoice`], [`Org::last_invoice`] and [`Org::invoice_of`] get
//!   an invoice: whole ([`Invoice`]), item by item ([`LineItems`]) or as its CSV file
//!   ([`CsvFile`]). [`Org::invoices`] lists them, [`Org::associated_invoices`] those of linked
//!   organizations.
//! - [`Org::focus_report`] has the FOCUS report of an invoice made, downloads it, and reads its rows
//!   ([`FocusRows`]).
//! - [`Org::projects`], [`Org::clusters`] and [`Client::skus`] have the names for ids. Every list is a
//!   [`ListRequest`]: awaited, all of it; or a stream over its pages.
//! - [`totals::Totals`] adds up line items exactly, [`totals::ItemFilter`] selects among them;
//!   [`money`] says what each figure means: [`money::Statement`] leads from the line items to the
//!   amount due, [`money::Forecast`] to the end of the month, [`Bridge`] from a FOCUS report to the
//!   invoice.
//! - [`Error`] has a [kind](ErrorKind), predicates, advice, and what the service said.
//! - [`edge`] has network, clock and randomness as traits that tests can replace.
//!
//! # Layers
//! From the ground up, each using only what is named before it: values (`text`, `id`, `period`, `meta`,
//! `error`, `envelope`), [`edge`], `stream` (parsers without I/O), [`money`], `exchange` (one HTTP
//! exchange, retries), `auth`, `request` (one call, one download), [`poll`], `client`, `list` (pages),
//! and what people ask for: `orgs`, `costs`, `invoices` and `reports`.
//!
//! # Foreign types
//! Types of other crates in this public API: [`reqwest`]'s (the HTTP client's settings, injected
//! clients), `http`'s status, method and headers, `bytes::Bytes`, [`chrono`]'s dates (UTC),
//! [`Decimal`], `serde_json::Value`, `futures_core::Stream`, and the generated crate, [`raw`]. A
//! new major version of one of them is a breaking change here.

mod auth;
mod client;
mod costs;
pub mod edge;
mod envelope;
mod error;
mod exchange;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod id;
mod invoices;
mod list;
mod meta;
pub mod money;
mod orgs;
mod parse_error;
mod period;
pub mod poll;
mod reports;
mod request;
mod secret;
mod stream;
pub mod text;

pub use atlas_billing_raw as raw;
pub use atlas_billing_raw::enums::{
    CloudProvider, GroupBy, InvoiceStatus, LineItemSortBy, LineItemSortOrder, PaymentStatus,
    ReportState, Service,
};
pub use atlas_billing_raw::types::{
    AssociatedInvoice, Cluster, Invoice, InvoiceReport, InvoiceSummary, LineItem, LineItemFilters,
    LineItemSearch, Organization, Payment, Project, ProjectClusters, Refund, Sku, UsageLineItem,
};
pub use atlas_billing_raw::{Cents, Decimal, Number, SharedText, Tags};
pub use auth::{AccessToken, Credentials, StoredToken, TokenKey, TokenProvider, TokenStore};
pub use chrono;
pub use client::{COMMERCIAL, Client, ClientBuilder, GOVERNMENT, Org, environment};
pub use costs::{CostQuery, CostReport, CostRequest, CostRow, PolledCosts};
pub use error::{Error, ErrorKind, FieldViolation, Result};
pub use exchange::{Observer, RequestEvent, RetryPolicy};
pub use id::{ApiVersion, InvoiceId, OrgId, QueryToken, ReportId, ReportToken};
pub use invoices::{
    AssociatedInvoicesRequest, FoundInvoice, InvoiceDays, InvoiceLimits, InvoiceRequest,
    InvoiceSums, InvoiceTags, InvoiceTotals, Invoices, InvoicesRequest, LineItemSearchRequest,
    LineItems, LinkedInvoice, PendingInvoicesRequest, SearchedItems,
};
pub use list::{List, ListRequest, Listed, MOST_PER_PAGE};
pub use meta::{RateLimit, ResponseMeta};
pub use money::totals;
pub use orgs::{
    Clusters, ClustersRequest, Orgs, OrgsRequest, Projects, ProjectsRequest, Skus, SkusRequest,
};
pub use parse_error::ParseError;
pub use period::{Month, Months, MonthsIter};
pub use poll::{PollPolicy, Query};
pub use reports::{
    Bridge, BridgeRow, FocusColumn, FocusKind, FocusReportRequest, FocusRow, FocusRows, FocusTotal,
    FocusTotals, PolledReport, ReportQuery, Reports, ReportsRequest,
};
pub use request::{CallOptions, CsvFile, Form, Timeouts};
pub use reqwest;
pub use secret::Secret;
pub use stream::csv;
