//! What an organization used, by Cost Explorer: a query, polling for its result, the result.

mod query;
mod report;
mod request;
#[cfg(test)]
mod tests;

pub use query::{CostQuery, PolledCosts};
pub use report::{CostReport, CostRow};
pub use request::CostRequest;
