//! The command `focus`.

use std::path::PathBuf;
use std::time::Duration;

use atlas_billing::ReportToken;
use clap::Args;

use super::Linked;
use super::values::{self, Which};

/// Which FOCUS reports, and what to do with them.
#[derive(Debug, Args)]
pub(crate) struct FocusArgs {
    /// Of which invoices: current, last, last-month, an invoice id, a month such as 2025-03, or
    /// those of a period: 2025-Q1, 2025, 2025-01..2025-03, mtd, ytd, last-quarter [default: last]
    #[arg(
        value_name = "INVOICE|PERIOD",
        default_value = "last",
        hide_default_value = true,
        conflicts_with = "resume"
    )]
    pub(crate) which: Vec<Which>,

    /// Add up the costs by these columns of the report, such as ServiceName or SubAccountName
    #[arg(long, value_name = "COLUMN[,COLUMN]", value_delimiter = ',', value_parser = values::focus_column)]
    pub(crate) by: Vec<String>,

    /// What to do with invoices of linked organizations (those that this one pays for)
    #[arg(long, value_enum, value_name = "HOW", conflicts_with = "resume")]
    pub(crate) linked: Option<Linked>,

    /// Have a new report made even where there is one already
    #[arg(long, conflicts_with = "resume")]
    pub(crate) fresh: bool,

    /// How long to wait for a report [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub(crate) deadline: Option<Duration>,

    /// Fetch a report that was requested before
    #[arg(long, value_name = "INVOICE/REPORT")]
    pub(crate) resume: Option<ReportToken>,

    /// Write one file per invoice, as DIR/billing_period=YYYY-MM/ORG/INVOICE.csv, each whole or
    /// not at all
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output_file", "by"])]
    pub(crate) output_dir: Option<PathBuf>,

    /// Print what to resume each report with, and exit
    #[arg(long, conflicts_with_all = ["resume", "deadline", "by", "output_dir"], help_heading = "Advanced")]
    pub(crate) no_wait: bool,
}
