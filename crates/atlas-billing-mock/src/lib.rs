//! A stand-in for MongoDB Atlas's billing endpoints, on loopback: for the tests of programs that
//! ask Atlas what it charges, and for demonstrations without an account.
//!
//! A [`Scenario`] says what the stand-in is: its data, who may sign in, when queries are ready,
//! what goes wrong. [`StandIn::start`] serves it over HTTP/1.1 and HTTP/2, with bodies of any size
//! and with what no proper server does. A [`Core`] gives the same responses without a network.
//!
//! # A test of a program
//!
//! The program under test is one that takes the base URL from its caller; here it is a function of
//! a few lines. The whole test takes milliseconds: nothing waits and nothing leaves the machine.
//!
//! ```
//! use atlas_billing_mock::{Fault, On, Operation, ORG_ID, Scenario, StandIn};
//!
//! /// What is billed so far this month, in cents; retries once after a gateway's error.
//! async fn month_to_date(base_url: &str) -> Result<Option<i64>, reqwest::Error> {
//!     let url = format!("{base_url}/api/atlas/v2/orgs/{ORG_ID}/invoices?statusNames=PENDING");
//!     let accept = "application/vnd.atlas.2023-01-01+json";
//!     let client = reqwest::Client::builder().no_proxy().build()?;
//!     let attempt = || client.get(&url).header("accept", accept).send();
//!     let mut response = attempt().await?;
//!     if response.status().is_server_error() {
//!         response = attempt().await?;
//!     }
//!     let list: serde_json::Value =
//!         serde_json::from_str(&response.error_for_status()?.text().await?).unwrap_or_default();
//!     Ok(list["results"][0]["amountBilledCents"].as_i64())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let scenario = Scenario::builder()
//!     .today("2025-03-09".parse()?)
//!     .fault(On::operation(Operation::Invoices).nth(1), Fault::Gateway(502))
//!     .build();
//! let pending = scenario.invoices()[0].amount_billed_cents;
//! let atlas = StandIn::start(scenario).await?;
//!
//! assert_eq!(month_to_date(&atlas.base_url()).await?, Some(pending));
//! assert_eq!(atlas.requests().len(), 2);
//! assert_eq!(atlas.requests()[1].query(), Some("statusNames=PENDING"));
//! # Ok(())
//! # }
//! ```
//!
//! # What is known, and what is made up
//!
//! The responses follow MongoDB's published specification, what was recorded of the service by
//! others, and what working clients rely on. Where nothing is known (the columns of a cost
//! report, how an envelope holds an error, what a poll of an unfinished query gets, how a FOCUS file
//! is packed) the stand-in has a default and, for what a client could trip over, a choice: see
//! [`EnvelopeStyle`], [`NotReady`], [`KeyOrder`], [`PageLinks`] and [`ReportSettings`]. All names,
//! identifiers and figures are made up.
//!
//! # Limits
//!
//! Loopback only, plain HTTP only. Requests with a chunked body get 411.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod clock;
mod core;
mod costs;
mod digest;
mod directory;
mod fault;
mod invoice;
mod invoices;
mod limit;
mod names;
mod operations;
mod pages;
mod queries;
mod reports;
mod request;
mod response;
mod route;
mod scenario;
mod search;
mod server;
mod setters;
mod sign_in;
mod storage;

pub use clock::ManualClock;
pub use core::{Core, EnvelopeStyle};
pub use digest::DigestAlgorithm;
pub use fault::{After102, At, Fault, On};
pub use invoice::plan::{InvoiceFacts, InvoicePlan, KeyOrder, Variety};
pub use limit::RateLimit;
pub use names::{
    CLIENT_ID, CLIENT_SECRET, CLUSTER_IDS, CREDITS_ORG_ID, CREDITS_ORG_NAME, INVOICE_ID,
    LINKED_ORG_ID, LINKED_ORG_NAME, NEW_SERVICE, ORG_ID, ORG_NAME, PENDING_INVOICE_ID, PRIVATE_KEY,
    PROJECT_IDS, PUBLIC_KEY, SERVICES,
};
pub use pages::PageLinks;
pub use reports::ReportSettings;
pub use request::{RecordedRequest, Request};
pub use response::{Body, Pieces, Response};
pub use route::Operation;
pub use scenario::{NotReady, Ready, Scenario, ScenarioBuilder, Transfer};
pub use server::StandIn;
pub use sign_in::{ExpiresIn, SignIn};
