//! Signing in: who calls, and how a request shows it.
//!
//! [`Credentials`] say who; the signer made of them puts the `Authorization` header on each
//! request and decides, after a 401, whether one more try can help. [`OriginRule`] stands before
//! both: no secret goes to another server, or in the clear.

mod base64;
mod bearer;
mod challenge;
mod credentials;
mod digest;
mod environment;
#[cfg(test)]
pub(crate) mod fuzzed;
mod origin;
mod service_account;
mod signer;
#[cfg(test)]
mod stage;

pub use credentials::Credentials;
pub(crate) use origin::OriginRule;
pub(crate) use signer::{Again, Signer};
