//! Calendar months and ranges of them: what is billed by.

mod month;
mod months;

pub use month::Month;
pub use months::{Months, MonthsIter};
