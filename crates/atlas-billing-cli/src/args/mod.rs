//! The command line: commands, flags, and what does not go together.

mod check;
mod costs;
pub(crate) mod export;
mod figures;
mod focus;
mod invoices;
mod lists;
pub(crate) mod report;
pub(crate) mod values;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use atlas_billing::environment::{
    ACCESS_TOKEN, BASE_URLS, CA_FILE, CLIENT_ID, CLIENT_SECRET, ORG_ID, PRIVATE_KEYS, PUBLIC_KEYS,
};
use atlas_billing::{ApiVersion, OrgId};
use chrono::NaiveDate;
use clap::error::{ContextKind, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub(crate) use costs::CostsArgs;
use export::ExportArgs;
pub(crate) use figures::{ForecastArgs, Method, ReconcileArgs};
pub(crate) use focus::FocusArgs;
use invoices::at_least_one;
pub(crate) use invoices::{
    By, CompareArgs, InvoicesCommand, ItemFilters, ItemsArgs, Linked, LinkedItems, ListArgs,
    SearchArgs, ShowArgs, TagsArgs,
};
pub(crate) use lists::{ClustersCommand, OrgsCommand, ProjectsCommand, SkusCommand};
pub(crate) use report::ReportArgs;

use crate::output::Format;
use crate::profile::PROFILE;

/// The name of the plugin's command: `atlas billing`.
pub(crate) const PLUGIN_COMMAND: &str = "billing";

/// The end of `--help`.
fn about() -> String {
    let [public, private] = [PUBLIC_KEYS[0], PRIVATE_KEYS[0]];
    format!(
        "{EXAMPLES}

Credentials come from the environment, the first of:
  {ACCESS_TOKEN}, a ready-made token
  {CLIENT_ID} and {CLIENT_SECRET}, a service account
  {public} and {private}, an API key
else from a profile of the Atlas CLI, in the system's keyring or its config.toml. Organization, base
URL and API version come from a flag, the environment or the profile; `check` says where from. They need the role Organization Billing Viewer, Organization Billing Admin or Organization Owner.

The access token of a service account is revoked at the end of a run. --keep-token keeps it in the
cache folder, in a file that only you can read, until shortly before it expires: use it where many
runs follow each other, since few tokens may be obtained per minute.

Requests go through the proxy that HTTPS_PROXY names, those to loopback addresses never do. Where a
company inspects TLS, --ca-file or {CA_FILE} names the file with its CA certificate.

Exit codes: 0 done, 2 bad use, 3 not signed in or not allowed, 4 not found, 5 not ready at the
deadline, 6 refused or failed by the service, 7 unreachable or unreadable response, 8 over a
limit (--fail-over) or not reconciled (--strict), 130 or 143 interrupted, 1 anything else.

CSV is for machines: values as received. Spreadsheets take a cell that begins with = + - or @ for
a formula; --excel writes CSV for them."
    )
}

/// The group of the options that every command takes.
const GLOBAL: &str = "Global options";

/// The group of those of them that few people need: `--help` alone shows it.
const ADVANCED: &str = "Advanced global options";

const EXAMPLES: &str = "\
Examples:
  atlas-billing --demo costs
  atlas-billing invoices show last --by project";

const MORE: &str = "Options for every command, such as -o and --output-file: atlas-billing --help";

/// Costs, invoices and line items of MongoDB Atlas as tables and files.
#[derive(Debug, Parser)]
#[command(
    name = "atlas-billing",
    version,
    after_help = format!("{EXAMPLES}\n\nMore options, credentials and exit codes: atlas-billing --help"),
    after_long_help = about(),
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = GLOBAL)]
pub(crate) struct Global {
    #[arg(
        short = 'P',
        long,
        global = true,
        value_name = "NAME",
        help = format!("Profile of the Atlas CLI [env: {PROFILE}]"),
        long_help = format!("Profile of the Atlas CLI [env: {PROFILE}] [default: the only one there is, or `default`]"),
    )]
    pub(crate) profile: Option<String>,

    #[arg(
        long,
        global = true,
        help = format!("Organization id [env: {ORG_ID}]"),
        long_help = format!("Organization id [env: {ORG_ID}] [default: the only one there is]"),
        value_name = "ID",
        alias = "orgId",
        alias = "organization"
    )]
    pub(crate) org: Option<OrgId>,

    #[arg(
        short,
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        help = "How data is written",
        long_help = "How data is written [default: by the ending of --output-file, or table]"
    )]
    pub(crate) output: Option<Format>,

    /// Write to FILE instead of standard output: whole, or not at all
    #[arg(long, global = true, value_name = "FILE", alias = "outputFile")]
    pub(crate) output_file: Option<PathBuf>,

    /// Write csv for spreadsheets: amounts with decimals, formulas escaped
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) excel: bool,

    /// Use made-up data from a stand-in; needs no account
    #[cfg_attr(feature = "demo", arg(long, global = true, conflicts_with_all = ["profile", "org", "base_url", "ca_file", "keep_token"]))]
    #[cfg_attr(not(feature = "demo"), arg(skip))]
    pub(crate) demo: bool,

    /// Print errors and warnings only, and how to resume a query
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Print each request: method, path, status, version, time
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,

    #[arg(
        long,
        global = true,
        help = format!("Base URL of Atlas [env: {}]", BASE_URLS[0]),
        value_name = "URL",
        help_heading = ADVANCED,
        hide_short_help = true
    )]
    pub(crate) base_url: Option<String>,

    /// Trust the CA certificates in this PEM file, too
    #[arg(long, global = true, value_name = "FILE", help_heading = ADVANCED,
        hide_short_help = true)]
    pub(crate) ca_file: Option<PathBuf>,

    /// Keep a service account's access token for the next run
    #[arg(long, global = true, help_heading = ADVANCED,
        hide_short_help = true)]
    pub(crate) keep_token: bool,

    /// Limit for a response to begin, and for each part
    #[arg(long, global = true, value_name = "DURATION", value_parser = values::duration, help_heading = ADVANCED,
        hide_short_help = true)]
    pub(crate) request_timeout: Option<Duration>,

    /// API version to ask for: a date such as 2023-01-01, or preview
    #[arg(long, global = true, value_name = "DATE", help_heading = ADVANCED,
        hide_short_help = true)]
    pub(crate) api_version: Option<ApiVersion>,

    /// When to color: auto, always or never [default: auto]
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = ADVANCED,
        hide_short_help = true
    )]
    pub(crate) color: Color,

    /// Use this day as today, to repeat what depends on it.
    #[arg(long, global = true, hide = true, value_name = "DATE")]
    pub(crate) today: Option<NaiveDate>,
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

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Costs by month, from a Cost Explorer query
    #[command(visible_alias = "usage", after_help = examples("costs 2025-Q1 --by services", "costs last-month -o csv --output-file costs.csv"))]
    Costs(CostsArgs),

    /// Invoices, their figures and line items
    #[command(visible_alias = "invoice", subcommand, after_help = examples("invoices list ytd", "invoices show last --by project"))]
    Invoices(InvoicesCommand),

    /// What the running month will have cost at its end
    #[command(after_help = examples("forecast", "forecast --by project"))]
    Forecast(ForecastArgs),

    /// One page to send: months, invoice, changes, forecast, as HTML, Markdown or for Slack
    #[command(after_help = examples("report --output-file report.html", "report last-quarter -o markdown"))]
    Report(ReportArgs),

    /// FOCUS reports of invoices: as CSV, or added up by columns
    #[command(after_help = examples("focus last --by ServiceName,SubAccountName", "focus 2025 --output-dir focus"))]
    Focus(FocusArgs),

    /// The organizations that the credentials see
    #[command(visible_alias = "org", subcommand, after_help = examples("orgs list", "orgs list -o csv"))]
    Orgs(OrgsCommand),

    /// The organization's projects
    #[command(visible_alias = "project", subcommand, after_help = examples("projects list", "projects list -o csv"))]
    Projects(ProjectsCommand),

    /// The organization's clusters
    #[command(visible_alias = "cluster", subcommand, after_help = examples("clusters list", "clusters list -o csv"))]
    Clusters(ClustersCommand),

    /// What Atlas charges for, as codes and in words
    #[command(visible_alias = "sku", subcommand, after_help = examples("skus list", "skus list backup"))]
    Skus(SkusCommand),

    /// Keep data sets of line items, invoices, costs and FOCUS up to date, for data engines
    #[command(after_help = examples("export line-items invoices --to bill", "export line-items last-month mtd --to bill --all-orgs"))]
    Export(ExportArgs),

    /// Check credentials, organization and what they may read
    #[command(after_help = examples("check", "check -v"))]
    Check,

    /// Run a stand-in for Atlas on loopback until interrupted
    #[command(after_help = examples("mock", "mock --port 8080 --seed 7"))]
    #[cfg(feature = "demo")]
    Mock(MockArgs),

    /// Print the JSON Schema of the records in csv, jsonl and json
    #[command(after_help = examples("schema costs", "schema line-item"))]
    Schema {
        /// Which records
        #[arg(value_enum)]
        of: SchemaOf,
    },

    /// Print the manual page, or write the pages of all commands
    #[command(after_help = examples("man | man -l -", "man --dir ~/.local/share/man/man1"))]
    Man {
        /// Write a page for each command into DIR, which has to exist
        #[arg(long, value_name = "DIR", conflicts_with = "output_file")]
        dir: Option<PathBuf>,
    },

    /// Install this command as `atlas billing`, a plugin of the Atlas CLI
    #[command(subcommand, after_help = examples("plugin install", "plugin install --dir plugins"))]
    Plugin(PluginCommand),

    /// Print a completion script for a shell
    #[command(after_help = examples("completions bash", "completions zsh"))]
    Completions {
        /// For which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// What to do about the plugin of the Atlas CLI.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Put a manifest and a copy of this program where the Atlas CLI looks for plugins
    #[command(after_help = examples("plugin install", "plugin install --dir plugins"))]
    Install {
        /// The folder of plugins [default: that of the Atlas CLI]; `atlas` also looks in the one
        /// that ATLAS_CLI_EXTRA_PLUGIN_DIRECTORY names
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// How the stand-in runs.
#[derive(Debug, Args)]
pub(crate) struct MockArgs {
    /// Port to listen on [default: a free one]
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,

    /// Seed of the made-up figures: the same seed, the same figures
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Number of line items of the newest closed invoice.
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) items: Option<u64>,
}

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    Costs,
    Invoice,
    LineItem,
    /// What `invoices search` finds
    UsageItem,
    /// What `invoices tags` lists
    TagKey,
    Organization,
    Project,
    Cluster,
    Sku,
}

impl Cli {
    /// Reads the command line. The error is complete but for its exit code, which it knows.
    pub(crate) fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = definition();
        let mut line: Vec<OsString> = line.into_iter().filter_map(unnamed).collect();
        // The Atlas CLI starts a plugin with the name of the plugin's command before its arguments.
        if line.get(1).is_some_and(|word| word == PLUGIN_COMMAND) {
            line.remove(1);
        }
        let read = command
            .try_get_matches_from_mut(line)
            .and_then(|matches| Self::from_arg_matches(&matches));
        let cli = read.map_err(own_words)?;
        match cli.check() {
            Err(message) => Err(refusal(&message)),
            Ok(()) => Ok(cli),
        }
    }
}

impl Global {
    /// How data is written.
    pub(crate) fn format(&self) -> Result<Format, String> {
        match &self.output_file {
            Some(file) => Format::of_file(self.output, file),
            None => Ok(self.output.unwrap_or_default()),
        }
    }
}

/// The definition of the command line. What every command takes is shown on the first page alone.
pub(crate) fn definition() -> clap::Command {
    let mut command = Cli::command();
    command.build();
    let command = command.mut_args(|arg| match arg.get_id().as_str() {
        "help" => arg.help_heading(GLOBAL),
        "version" => arg.help_heading(GLOBAL).hide_short_help(true),
        _ => arg,
    });
    let command = command.mut_subcommand("help", |command| command.hide(true));
    command.mut_subcommands(|command| {
        let hidden = |command: clap::Command| {
            command.mut_args(|arg| match arg.is_global_set() {
                true => arg.hide(true),
                false => arg,
            })
        };
        hidden(command).mut_subcommands(hidden)
    })
}

/// The Atlas CLI has a flag for the invoice: without it, what follows is the argument.
fn unnamed(word: OsString) -> Option<OsString> {
    match word.to_str() {
        Some("--invoiceId") => None,
        Some(text) => Some(text.strip_prefix("--invoiceId=").unwrap_or(text).into()),
        None => Some(word),
    }
}

fn examples(one: &str, other: &str) -> String {
    format!("Examples:\n  atlas-billing {one}\n  atlas-billing {other}\n\n{MORE}")
}

/// A value that was refused: what the parser of the value says, without saying the value twice.
fn own_words(error: clap::Error) -> clap::Error {
    let flag = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    match (error.kind(), std::error::Error::source(&error), flag) {
        (ErrorKind::ValueValidation, Some(source), Some(flag)) => {
            refusal(&format!("{flag}: {source}"))
        }
        _ => error,
    }
}

fn refusal(message: &str) -> clap::Error {
    let text = format!("{message}\n\nFor more information, try '--help'.\n");
    clap::Error::raw(ErrorKind::ValueValidation, text)
}

#[cfg(test)]
mod tests;
