//! Exact money: cents, decimals, sums over line items, and what is owed.
//!
//! No sum of money is ever a float, and no currency is assumed: what an answer does not name has
//! none here either.

mod cents;
mod decimal;
mod dimension;
mod key;
mod owed;
mod reconciliation;
mod totals;

pub use cents::Cents;
pub use decimal::{decimal_of_f64, parse_decimal};
pub use dimension::Dimension;
pub use key::{Key, Project};
pub use owed::{InvoiceOwed, PaymentOwed};
pub(crate) use owed::{invoice_owed, payment_owed};
pub use reconciliation::{ItemSums, Reconciliation};
pub use rust_decimal::Decimal;
pub(crate) use totals::Charge;
pub use totals::{Group, Total, Totals};
