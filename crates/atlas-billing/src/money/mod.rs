//! Exact money: cents, decimals, and what the figures of an invoice come to.
//!
//! No amount is ever a binary fraction, and no currency is assumed: where a response names none,
//! there is none here either. An invoice's amounts are in its pricing currency; each payment names
//! the currency it was billed in.

mod charge;
mod comparison;
mod daily;
mod dimension;
mod filter;
mod forecast;
mod groups;
mod owed;
mod series;
mod statement;
mod sum;
mod tags;
pub mod totals;

pub use atlas_billing_raw::{Cents, Decimal, Number, decimal_of_f64, parse_decimal};
pub(crate) use charge::{Needs, Spans, read_all};
pub use comparison::Comparison;
pub use daily::{Basis, ChargeClass, DailyGroup, DailyGroups, DailyTotals};
pub use forecast::{
    Assumption, AssumptionKind, Forecast, ForecastMethod, ForecastOptions, ForecastRange,
};
pub(crate) use groups::{Groups, Identity};
pub(crate) use owed::as_number;
pub use owed::{Owed, PaymentOwed};
pub use series::{GroupSeries, Presence, relative_change};
pub use statement::{
    BilledRule, BilledTest, Contribution, CreditRule, Deviation, Finding, PriceCheck, PriceReading,
    Rate, Rounding, RowKind, Statement, StatementBuilder, StatementRow, Subject, SubtotalRule,
    SubtotalTest, Verdict, status_note,
};
pub(crate) use statement::{ItemSums, can_be_rounding};
pub use sum::ExactSum;
pub use tags::{TagKey, TagTotals};
