//! Exact money: cents, decimals, and what the figures of an invoice come to.
//!
//! No amount is ever a binary fraction, and no currency is assumed: where a response names none,
//! there is none here either. An invoice's amounts are in its pricing currency; each payment names
//! the currency it was billed in.

mod charge;
mod dimension;
mod figures;
mod filter;
mod sum;
pub mod totals;

pub use atlas_billing_raw::{Cents, Decimal, Number, decimal_of_f64, parse_decimal};
pub(crate) use charge::Needs;
pub use figures::{Owed, PaymentOwed, Reconciliation};
pub use sum::ExactSum;
