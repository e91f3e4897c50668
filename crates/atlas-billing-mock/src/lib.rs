//! A stand-in for MongoDB Atlas's billing endpoints, on loopback: for the tests of programs that
//! ask Atlas what it charges, and for demonstrations without an account.
//!
//! A [`Scenario`] says what the stand-in is to be: its data, who may sign in, when queries are
//! ready, what goes wrong. [`StandIn::start`] serves it to ordinary tests;
//! [`StandIn::start_raw`] also over HTTP/2, with bodies of any size, and with what no polite
//! server does. A [`Core`] gives the same answers without a network.
//!
//! # A test of a program
//!
//! The program under test is one that reads the base URL from its caller; here it is a function of
//! a few lines. The whole test takes milliseconds: nothing waits and nothing leaves the machine.
//!
//! ```
//! use atlas_billing_mock::{Fault, On, Operation, ORG_ID, Scenario, StandIn};
//!
//! /// What is billed so far this month, in cents; asks once more after a gateway's error.
//! async fn month_to_date(base_url: &str) -> Result<Option<i64>, reqwest::Error> {
//!     let url = format!("{base_url}/api/atlas/v2/orgs/{ORG_ID}/invoices?statusNames=PENDING");
//!     let accept = "application/vnd.atlas.2023-01-01+json";
//!     let ask = || reqwest::Client::new().get(&url).header("accept", accept).send();
//!     let mut answer = ask().await?;
//!     if answer.status().is_server_error() {
//!         answer = ask().await?;
//!     }
//!     let list: serde_json::Value =
//!         serde_json::from_str(&answer.error_for_status()?.text().await?).unwrap_or_default();
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
//! The answers follow MongoDB's published specification, what was recorded of the service by
//! others, and what working clients rely on. Where nothing is known (the columns of a cost
//! report, how an envelope holds an error, what a look at an unfinished query gets) the stand-in
//! has a default and, for what a client could trip over, a choice: see [`EnvelopeStyle`],
//! [`NotReady`] and [`KeyOrder`]. All names, identifiers and figures are made up.
//!
//! # Limits
//!
//! Loopback only, plain HTTP only. The polite front is
//! [httpmock](https://docs.rs/httpmock)'s and holds bodies in memory; its servers come from a pool
//! of 25 (`HTTPMOCK_MAX_SERVERS`), and a test that wants one more waits. The raw front has no pool:
//! one thread each, ended by dropping the [`StandIn`].

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod answer;
mod base64;
mod bucket;
mod clock;
mod core;
mod costs;
mod envelope;
mod fault;
mod fronts;
mod invoice;
mod names;
mod operation;
mod problem;
mod random;
mod request;
mod scenario;
mod sign_in;
mod version;

pub use answer::{Answer, Body, Pieces};
pub use bucket::RateLimit;
pub use clock::{Clock, ManualClock, SystemClock};
pub use core::Core;
pub use costs::SERVICES;
pub use envelope::EnvelopeStyle;
pub use fault::{After102, At, Fault, On, Step};
pub use fronts::StandIn;
pub use invoice::{InvoiceFacts, InvoicePlan, KeyOrder, Variety};
pub use names::{
    CLIENT_ID, CLIENT_SECRET, CLUSTER_IDS, INVOICE_ID, LINKED_ORG_ID, LINKED_ORG_NAME, ORG_ID,
    ORG_NAME, PENDING_INVOICE_ID, PRIVATE_KEY, PROJECT_IDS, PUBLIC_KEY,
};
pub use operation::Operation;
pub use request::{RecordedRequest, Request};
pub use scenario::{NotReady, Ready, Scenario, ScenarioBuilder, Transfer};
pub use sign_in::{DigestAlgorithm, SignIn};
