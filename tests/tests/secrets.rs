//! No secret shows: in no text of any public type or error, in no line that is logged, at no other
//! host. Planted are a private key, a client secret, access tokens and
//! presigned URLs.

// A failed expectation is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod secrets {
    pub(super) mod environment;
    pub(super) mod log;
    pub(super) mod reports;
    pub(super) mod types;
}
