//! Calendar months and ranges of them: what is billed by.

mod month;
mod months;
mod months_iter;

pub use month::Month;
pub use months::Months;
pub use months_iter::MonthsIter;
