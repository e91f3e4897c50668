//! What can be said on the command line.

mod costs;
mod duration;
mod format;
mod invoice;
mod invoices;
mod period;
mod service;

use std::path::PathBuf;
use std::time::Duration;

use atlas_billing::{ApiVersion, OrgId};
use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use costs::{CostsArgs, Grouping};
pub(crate) use duration::shown as shown_duration;
pub(crate) use format::Format;
pub(crate) use invoice::{Invoice, Which};
pub(crate) use invoices::{
    CompareArgs, InvoicesCommand, ItemsArgs, Linked, ListArgs, ShowArgs, checked,
};
pub(crate) use period::{Period, shown as shown_period};
pub(crate) use service::{service, service_help};

/// Where the command line reads what no flag says.
pub(crate) const ORG_VARIABLE: &str = "MONGODB_ATLAS_ORG_ID";

const AFTER_HELP: &str = "\
Credentials come from the environment alone, the first of:
  MONGODB_ATLAS_ACCESS_TOKEN                                     a ready-made token
  MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET        a service account
  MONGODB_ATLAS_PUBLIC_API_KEY and MONGODB_ATLAS_PRIVATE_API_KEY an API key

PERIOD   2025, 2025-Q1, 2025-03, 2025-01..2025-03 (both included),
         mtd, ytd, last-month, last-quarter; the calendar is that of UTC
INVOICE  current (default), last, YYYY-MM, or the invoice's id
DIM      sku, project, cluster, provider, day, month, tag:KEY
DUR      90s, 15m, 1h30m

Exit codes: 0 done, 2 bad use, 3 not signed in or not allowed, 4 not found, 5 not ready at the
deadline, 6 refused or failed by the service, 7 unreachable or unreadable answer, 130 or 143
interrupted, 1 anything else.

Without an account: atlas-billing --demo costs";

/// What MongoDB Atlas charges: Cost Explorer queries, invoices and their line items.
#[derive(Debug, Parser)]
#[command(name = "atlas-billing", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "For every command")]
pub(crate) struct Global {
    /// The organization's id [env: MONGODB_ATLAS_ORG_ID]
    #[arg(long, global = true, value_name = "ID", alias = "orgId")]
    pub(crate) org: Option<OrgId>,

    /// Where Atlas is, such as https://cloud.mongodbgov.com [env: MONGODB_ATLAS_BASE_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// The form of what is written [default: what the file's ending says, or a table]
    #[arg(short, long, global = true, value_enum, value_name = "FORM")]
    output: Option<Format>,

    /// Write to FILE instead of standard output: whole, or not at all
    #[arg(long, global = true, value_name = "FILE", alias = "outputFile")]
    pub(crate) output_file: Option<PathBuf>,

    /// How long to wait for an answer to begin, and for each further part of it
    #[arg(long, global = true, value_name = "DUR", value_parser = duration::parse)]
    pub(crate) request_timeout: Option<Duration>,

    /// The API version to ask for: a date, or preview
    #[arg(long, global = true, value_name = "DATE")]
    pub(crate) api_version: Option<ApiVersion>,

    /// Say only what is needed: errors, warnings, and how to resume a query
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say each request: method, path, status, resolved version, time
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,

    /// Whether to color
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    pub(crate) color: Color,

    /// Run against a stand-in with made-up data; credentials are ignored
    #[arg(long, global = true, conflicts_with_all = ["org", "base_url"])]
    pub(crate) demo: bool,

    /// The day to take for today, so that what goes by today can be repeated.
    #[arg(long, global = true, hide = true, value_name = "DATE")]
    pub(crate) today: Option<NaiveDate>,
}

impl Global {
    /// The form of what is written: the one asked for, else the one that the file's name ends with.
    pub(crate) fn form(&self) -> Format {
        let file = self.output_file.as_deref();
        self.output
            .or_else(|| Format::of_ending(file?.extension()?.to_str()?))
            .unwrap_or_default()
    }
}

/// When to color.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Costs by month, from a Cost Explorer query
    #[command(visible_alias = "usage")]
    Costs(CostsArgs),

    /// Invoices, their summaries and line items
    #[command(visible_alias = "invoice", subcommand)]
    Invoices(InvoicesCommand),

    /// Check credentials, organization and what they may read
    Check,

    /// Run a stand-in for Atlas on loopback until interrupted
    Mock(MockArgs),

    /// Print the JSON Schema of the records that csv, jsonl and json hold
    Schema {
        /// Which records
        #[arg(value_enum)]
        of: SchemaOf,
    },

    /// Print a completion script for a shell
    Completions {
        /// For which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// How the stand-in runs.
#[derive(Debug, Args)]
pub(crate) struct MockArgs {
    /// The port to listen on; a free one is chosen by default
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,

    /// What the made-up figures grow from: the same seed, the same figures
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// How many line items the newest closed invoice has.
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) items: Option<u64>,
}

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    Costs,
    Invoice,
    LineItem,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Cli {
        Cli::try_parse_from(line.split(' ')).unwrap()
    }

    fn refused(line: &str) -> String {
        let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
        error.to_string()
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn aliases_lead_to_the_same_commands() {
        assert!(matches!(
            parse("atlas-billing usage").command,
            Command::Costs(_)
        ));
        for line in ["invoices list", "invoice ls", "invoice list"] {
            let command = parse(&format!("atlas-billing {line}")).command;
            let Command::Invoices(InvoicesCommand::List(_)) = command else {
                panic!("{line}: {command:?}");
            };
        }
        for line in ["show", "describe", "get"] {
            let command = parse(&format!("atlas-billing invoices {line} last")).command;
            let Command::Invoices(InvoicesCommand::Show(show)) = command else {
                panic!("{line}: {command:?}");
            };
            assert_eq!(show.which(), &Invoice::Last);
        }
    }

    #[test]
    fn flags_of_the_atlas_cli_are_taken_and_not_shown() {
        let id = "64b7f0a1c2d3e4f506172839";
        let cli = parse(&format!(
            "atlas-billing invoices describe --orgId {id} --invoiceId {id} --outputFile x.csv -o csv"
        ));
        assert_eq!(cli.global.org.unwrap().as_str(), id);
        assert_eq!(cli.global.output_file.unwrap(), PathBuf::from("x.csv"));
        let Command::Invoices(InvoicesCommand::Show(show)) = cli.command else {
            panic!("show");
        };
        assert!(matches!(show.which(), Invoice::Id(given) if given.as_str() == id));
        let mut command = Cli::command();
        let help = command.render_long_help().to_string();
        assert!(help.contains("--org "), "{help}");
        assert!(
            !help.contains("orgId") && !help.contains("outputFile"),
            "{help}"
        );
    }

    #[test]
    fn global_flags_go_before_and_after_the_command() {
        assert!(parse("atlas-billing --demo -q costs").global.demo);
        assert!(parse("atlas-billing costs --demo -q").global.quiet);
    }

    #[test]
    fn what_contradicts_is_refused() {
        refused("atlas-billing costs -q -v");
        refused("atlas-billing costs --demo --base-url https://cloud.mongodb.com");
        let token = "9c0d".repeat(16);
        refused(&format!("atlas-billing costs 2025 --resume {token}"));
        refused(&format!("atlas-billing costs --resume {token} --no-wait"));
        refused(&format!(
            "atlas-billing costs --resume {token} --service Clusters"
        ));
        refused("atlas-billing costs --resume tooshort");
        refused("atlas-billing costs 2025-13");
        refused("atlas-billing costs --deadline 15");
        refused("atlas-billing invoices items --output-dir d --output-file f");
    }
}
