//! Exact money: cents, decimals, and sums over line items.
//!
//! No sum of money is ever a float, and no currency is assumed: what an answer does not name has
//! none here either.

mod cents;
mod decimal;
mod dimension;
mod key;
mod totals;

pub use cents::Cents;
pub use decimal::{decimal_of_f64, parse_decimal};
pub use dimension::Dimension;
pub use key::{Key, Project};
pub(crate) use totals::Charge;
pub use totals::{Group, Total, Totals};
