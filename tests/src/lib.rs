//! What the tests that cross crates share: planted secrets, a listener to every log line, clocks
//! that run fast or jump, clients for either version of HTTP, a second origin.

// This package is tests alone: a failed expectation is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(doctest)]
#[allow(rustdoc::invalid_codeblock_attributes)] // "no-run" is our mark on shell blocks
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[allow(rustdoc::invalid_codeblock_attributes)] // as above
#[doc = include_str!("../../docs/recipes.md")]
struct Recipes;

pub mod capture;
pub mod clock;
pub mod elsewhere;
pub mod listen;
pub mod panics;
pub mod planted;
pub mod protocol;
pub mod tls;
