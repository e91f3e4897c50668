//! The command `report`.

use std::time::Duration;

use clap::Args;

use super::values::{self, Period};
use super::{Global, at_least_one};
use crate::output::Format;

/// Which months, and how much of them.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Which months: 2025-03, 2025-Q1, 2025, 2025-01..2025-03 (both included), mtd (the running
    /// month), ytd, last-month or last-quarter, in UTC; the newest of them that is over is shown in
    /// detail [default: the last six months]
    #[arg(value_name = "PERIOD")]
    pub(crate) period: Option<Period>,

    /// How many projects, clusters, SKUs, tags and changes are listed, the rest as one
    #[arg(long, value_name = "N", value_parser = at_least_one, default_value_t = 10)]
    pub(crate) top: usize,

    /// How long to wait for the costs [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub(crate) deadline: Option<Duration>,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Html,
    Markdown,
    /// Block Kit JSON.
    Slack,
}

impl Form {
    /// What a report is written as: HTML unless `-o` or the name of the file says otherwise.
    pub(crate) fn of(global: &Global) -> Result<Self, String> {
        let is_named = |file: &std::path::PathBuf| file.extension().is_some();
        let is_told = global.output.is_some() || global.output_file.as_ref().is_some_and(is_named);
        match global.format()? {
            Format::Html => Ok(Self::Html),
            Format::Markdown => Ok(Self::Markdown),
            Format::Slack => Ok(Self::Slack),
            _ if !is_told => Ok(Self::Html),
            other => Err(format!(
                "`report` does not support {}; use html, markdown or slack",
                other.name()
            )),
        }
    }
}
