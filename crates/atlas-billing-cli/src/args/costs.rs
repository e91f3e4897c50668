//! The arguments of `costs`.

use std::time::Duration;

use atlas_billing::raw::enums::Service;
use atlas_billing::{OrgId, QueryToken};
use clap::{Args, ValueEnum};

use super::{Period, duration, service, service_help};

/// Which costs, and how long to wait for them.
#[derive(Debug, Args)]
pub(crate) struct CostsArgs {
    /// Which months [default: the last five and the running one]
    #[arg(value_name = "PERIOD", conflicts_with = "resume")]
    pub(crate) period: Option<Period>,

    /// What to group by [default: services]; projects and clusters want --project or --cluster
    /// for each of them
    #[arg(long, value_enum, value_name = "DIMENSION", conflicts_with = "resume")]
    pub(crate) by: Option<Grouping>,

    #[arg(
        long,
        help = service_help(),
        value_name = "S",
        value_parser = service,
        conflicts_with = "resume"
    )]
    pub(crate) service: Vec<Service>,

    /// Only this project, by its id; may be given several times
    #[arg(long, value_name = "ID", value_parser = object_id, conflicts_with = "resume")]
    pub(crate) project: Vec<String>,

    /// Only this cluster, by its id; may be given several times
    #[arg(long, value_name = "ID", value_parser = object_id, conflicts_with = "resume")]
    pub(crate) cluster: Vec<String>,

    /// Only this organization, by its id; may be given several times
    #[arg(long, value_name = "ID", conflicts_with = "resume")]
    pub(crate) organization: Vec<OrgId>,

    /// Include what matches the filters but lacks a value for one of them
    #[arg(long, conflicts_with = "resume")]
    pub(crate) include_partial_matches: bool,

    /// How long to wait for the result [default: 15m]
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    pub(crate) deadline: Option<Duration>,

    /// Print the query's token and end; fetch the result later with --resume
    #[arg(long, conflicts_with = "resume")]
    pub(crate) no_wait: bool,

    /// Fetch the result of a query that was created before
    #[arg(long, value_name = "TOKEN")]
    pub(crate) resume: Option<QueryToken>,
}

/// What costs are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Grouping {
    Services,
    Projects,
    Clusters,
    Organizations,
}

impl Grouping {
    /// The word of the command line, plural.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::Projects => "projects",
            Self::Clusters => "clusters",
            Self::Organizations => "organizations",
        }
    }

    /// One of them.
    pub(crate) fn singular(self) -> &'static str {
        match self {
            Self::Services => "service",
            Self::Projects => "project",
            Self::Clusters => "cluster",
            Self::Organizations => "organization",
        }
    }
}

/// An id of 24 hexadecimal digits. Organizations' ids have the same form, so theirs is the check.
fn object_id(given: &str) -> Result<String, String> {
    match given.parse::<OrgId>() {
        Ok(id) => Ok(id.to_string()),
        Err(error) => Err(error.to_string().replace("an organization id", "an id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked() {
        assert!(object_id("64b7f0a1c2d3e4f506172839").is_ok());
        let message = object_id("freight").unwrap_err();
        assert!(message.contains("is not an id"), "{message}");
    }
}
