//! A stand-in for MongoDB Atlas's billing endpoints, on loopback.

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
pub use version::Format;
