//! Reports of invoices in the columns of FOCUS: requested, polled for, downloaded, read, added up.

mod bridge;
mod query;
mod request;
mod totals;

pub use bridge::{Bridge, BridgeRow};
pub use query::{PolledReport, ReportQuery};
pub use request::{FocusReportRequest, Reports, ReportsRequest};
pub use totals::{FocusTotal, FocusTotals};

pub use crate::stream::csv::{FocusColumn, FocusKind, FocusRow, FocusRows};
