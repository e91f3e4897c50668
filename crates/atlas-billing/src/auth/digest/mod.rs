//! HTTP Digest (RFC 7616), by which API keys sign.
//!
//! A challenge is kept and counted: the first call learns it from a 401, every later one is signed
//! at once.

mod answer;
mod challenge;
mod state;

use crate::Secret;

pub(crate) use challenge::Offer;
pub(crate) use state::{DigestState, Turn};

/// An API key: what Digest calls user name and password.
#[derive(Debug, Clone)]
pub(crate) struct ApiKey {
    pub(crate) public: String,
    pub(crate) private: Secret,
}
