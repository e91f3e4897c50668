//! What an organization used, by Cost Explorer: a query, the wait for its result, the result.

mod amount;
mod file;
mod filters;
mod operation;
mod query;
mod report;
mod request;
mod row;
mod sum;

pub use file::CostFile;
pub use query::{Looks, Query};
pub use report::CostReport;
#[cfg(test)]
pub(crate) use report::CostResult;
pub use request::CostRequest;
pub use row::CostRow;

#[cfg(test)]
mod tests;

use crate::{CallOptions, Months, Org, QueryToken};

impl Org {
    /// What the organization used in `months`, both ends included, by Cost Explorer.
    pub fn costs(&self, months: Months) -> CostRequest {
        CostRequest::new(self.clone(), months)
    }

    /// Goes on with a query that this or another process has created. Nothing is sent before it is
    /// awaited or asked for its next look.
    pub fn resume(&self, token: QueryToken) -> Query {
        Query::new(self.clone(), token, CallOptions::new(), None)
    }
}
