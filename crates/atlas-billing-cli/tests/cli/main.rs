//! Runs the command itself against the stand-in: every command, form, exit code and message.

// These are tests alone: a failed expectation is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod atlas;
mod costs;
mod costs_ends;
#[cfg(feature = "demo")]
mod demo;
#[cfg(feature = "demo")]
mod documentation;
#[cfg(feature = "parquet")]
mod export;
#[cfg(not(feature = "parquet"))]
mod export_text;
mod failures;
mod figures;
mod files;
mod filters;
mod focus;
mod forms;
#[cfg(feature = "demo")]
mod golden;
mod hostile;
mod invoices;
mod items;
mod linked;
mod lists;
mod meaning;
#[cfg(feature = "demo")]
mod memory;
mod metrics;
mod movers;
mod plugin;
mod profiles;
mod report;
mod search;
mod settings;
mod signals;
mod storage;
#[cfg(feature = "object-store")]
mod stores;
mod tokens;
