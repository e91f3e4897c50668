//! The command `costs`.

use std::time::Duration;

use atlas_billing::raw::enums::Service;
use atlas_billing::{OrgId, QueryToken};
use clap::Args;

use super::Linked;
use super::values::{self, Grouping, Period, known};
use crate::gate::Gate;

/// Which costs, and how long to wait for them.
#[derive(Debug, Default, Args)]
pub(crate) struct CostsArgs {
    /// Which months: 2025-03, 2025-Q1, 2025, 2025-01..2025-03 (both included), mtd (the running
    /// month), ytd, last-month or last-quarter, in UTC [default: the last six months]
    #[arg(value_name = "PERIOD", conflicts_with = "resume")]
    pub(crate) period: Option<Period>,

    /// What to group by [default: services]; projects and clusters are looked up unless they are
    /// named
    #[arg(long, value_enum, value_name = "DIMENSION", conflicts_with = "resume")]
    pub(crate) by: Option<Grouping>,

    #[arg(long, value_name = "NAME", value_parser = values::service, conflicts_with = "resume",
          help = known("Only this service, repeatable", Service::KNOWN.iter().map(Service::as_str)))]
    pub(crate) service: Vec<Service>,

    /// Only this project, by its id or name, repeatable
    #[arg(long, value_name = "ID|NAME", conflicts_with = "resume")]
    pub(crate) project: Vec<String>,

    /// Only this cluster, by its id or name, repeatable
    #[arg(long, value_name = "ID|NAME", conflicts_with = "resume")]
    pub(crate) cluster: Vec<String>,

    /// Costs of organizations that this one pays for: include, omit or only [default: omit; with
    /// --by organizations include]
    #[arg(long, value_enum, value_name = "HOW", hide_possible_values = true, conflicts_with_all = ["resume", "linked_org"])]
    pub(crate) linked: Option<Linked>,

    /// Only this one of the organizations that --org pays for, by its id, repeatable
    #[arg(
        long,
        value_name = "ID",
        conflicts_with = "resume",
        hide_short_help = true
    )]
    pub(crate) linked_org: Vec<OrgId>,

    /// Show what changed from the period before, of as many months [default PERIOD: last-month]
    #[arg(long, conflicts_with_all = ["resume", "no_wait"])]
    pub(crate) compare: bool,

    #[command(flatten)]
    pub(crate) gate: Gate,

    /// How long to wait for the result [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub(crate) deadline: Option<Duration>,

    /// Fetch the result of a query that was created before
    #[arg(long, value_name = "TOKEN")]
    pub(crate) resume: Option<QueryToken>,

    /// Print the token of the query and exit; -o and --output-file are kept for --resume
    #[arg(
        long,
        conflicts_with_all = ["resume", "deadline"],
        help_heading = "Advanced",
        hide_short_help = true
    )]
    pub(crate) no_wait: bool,

    /// Include what matches the filters but lacks a value for one of them
    #[arg(
        long,
        conflicts_with = "resume",
        help_heading = "Advanced",
        hide_short_help = true
    )]
    pub(crate) include_partial_matches: bool,
}

impl CostsArgs {
    /// What to do with costs of linked organizations.
    pub(crate) fn linked(&self) -> Linked {
        let usual = Linked::usual(self.by == Some(Grouping::Organizations));
        self.linked.unwrap_or(usual)
    }
}
