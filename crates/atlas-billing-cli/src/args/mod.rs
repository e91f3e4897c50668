//! The command line: commands, flags, and what does not go together.

pub(crate) mod export;
pub(crate) mod values;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use atlas_billing::environment::{
    ACCESS_TOKEN, BASE_URLS, CA_FILE, CLIENT_ID, CLIENT_SECRET, ORG_ID, PRIVATE_KEYS, PUBLIC_KEYS,
};
use atlas_billing::raw::enums::{InvoiceStatus, Service};
use atlas_billing::totals::Dimension;
use atlas_billing::{ApiVersion, OrgId, QueryToken, ReportToken};
use chrono::NaiveDate;
use clap::error::{ContextKind, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use export::ExportArgs;
use values::{Format, Grouping, Invoice, Period, Which, known};

/// The end of `--help`.
fn about() -> String {
    let [public, private] = [PUBLIC_KEYS[0], PRIVATE_KEYS[0]];
    format!(
        "{EXAMPLES}

Credentials come from the environment alone, the first of:
  {ACCESS_TOKEN}, a ready-made token
  {CLIENT_ID} and {CLIENT_SECRET}, a service account
  {public} and {private}, an API key
They need the role Organization Billing Viewer, Organization Billing Admin or Organization Owner.

The access token of a service account is revoked at the end of a run. --keep-token keeps it in the
cache folder, in a file that only you can read, until shortly before it expires: use it where many
runs follow each other, since few tokens may be obtained per minute.

Requests go through the proxy that HTTPS_PROXY names, those to loopback addresses never do. Where a
company inspects TLS, --ca-file or {CA_FILE} names the file with its CA certificate.

Exit codes: 0 done, 2 bad use, 3 not signed in or not allowed, 4 not found, 5 not ready at the
deadline, 6 refused or failed by the service, 7 unreachable or unreadable response, 130 or 143
interrupted, 1 anything else.

CSV is for machines: values as received. Spreadsheets take a cell that begins with = + - or @ for
a formula; --excel writes CSV for them."
    )
}

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
    after_help = format!("{EXAMPLES}\n\nCredentials and exit codes: atlas-billing --help"),
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
pub(crate) struct Global {
    #[arg(
        long,
        global = true,
        help = format!("Organization id [env: {ORG_ID}]"),
        value_name = "ID",
        alias = "orgId",
        alias = "organization"
    )]
    pub(crate) org: Option<OrgId>,

    /// How data is written [default: by the ending of --output-file, or table]
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,

    /// Write to FILE instead of standard output: whole, or not at all
    #[arg(long, global = true, value_name = "FILE", alias = "outputFile")]
    pub(crate) output_file: Option<PathBuf>,

    /// Write csv for spreadsheets: amounts with decimals, formulas escaped
    #[arg(long, global = true)]
    pub(crate) excel: bool,

    /// Use made-up data from a stand-in; needs no account
    #[cfg_attr(feature = "demo", arg(long, global = true, conflicts_with_all = ["org", "base_url", "ca_file", "keep_token"]))]
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
        help_heading = "Advanced"
    )]
    pub(crate) base_url: Option<String>,

    /// Trust the CA certificates in this PEM file, too
    #[arg(long, global = true, value_name = "FILE", help_heading = "Advanced")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Keep a service account's access token for the next run
    #[arg(long, global = true, help_heading = "Advanced")]
    pub(crate) keep_token: bool,

    /// Limit for a response to begin, and for each part
    #[arg(long, global = true, value_name = "DURATION", value_parser = values::duration, help_heading = "Advanced")]
    pub(crate) request_timeout: Option<Duration>,

    /// API version to ask for: a date such as 2023-01-01, or preview
    #[arg(long, global = true, value_name = "DATE", help_heading = "Advanced")]
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
        help_heading = "Advanced"
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

    /// FOCUS reports of invoices: as CSV, or added up by columns
    #[command(after_help = examples("focus last --by ServiceName,SubAccountName", "focus 2025 --output-dir focus"))]
    Focus(FocusArgs),

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

    /// Print a completion script for a shell
    #[command(after_help = examples("completions bash", "completions zsh"))]
    Completions {
        /// For which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// Which costs, and how long to wait for them.
#[derive(Debug, Args)]
pub(crate) struct CostsArgs {
    /// Which months: 2025-03, 2025-Q1, 2025, 2025-01..2025-03 (both included), mtd (the running
    /// month), ytd, last-month or last-quarter, in UTC [default: the last six months]
    #[arg(value_name = "PERIOD", conflicts_with = "resume")]
    pub(crate) period: Option<Period>,

    /// What to group by [default: services]; projects and clusters need --project or --cluster
    /// for each of them
    #[arg(long, value_enum, value_name = "DIMENSION", conflicts_with = "resume")]
    pub(crate) by: Option<Grouping>,

    #[arg(long, value_name = "NAME", value_parser = values::service, conflicts_with = "resume",
          help = known("Only this service, repeatable", Service::KNOWN.iter().map(Service::as_str)))]
    pub(crate) service: Vec<Service>,

    /// Only this project, by its id, repeatable
    #[arg(long, value_name = "ID", value_parser = values::object_id, conflicts_with = "resume")]
    pub(crate) project: Vec<String>,

    /// Only this cluster, by its id, repeatable
    #[arg(long, value_name = "ID", value_parser = values::object_id, conflicts_with = "resume")]
    pub(crate) cluster: Vec<String>,

    /// Only this one of the organizations that --org pays for, by its id, repeatable
    #[arg(long, value_name = "ID", conflicts_with = "resume")]
    pub(crate) linked_org: Vec<OrgId>,

    /// How long to wait for the result [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub(crate) deadline: Option<Duration>,

    /// Fetch the result of a query that was created before
    #[arg(long, value_name = "TOKEN")]
    pub(crate) resume: Option<QueryToken>,

    /// Print the token of the query and exit; -o and --output-file are kept for --resume
    #[arg(long, conflicts_with_all = ["resume", "deadline"], help_heading = "Advanced")]
    pub(crate) no_wait: bool,

    /// Include what matches the filters but lacks a value for one of them
    #[arg(long, conflicts_with = "resume", help_heading = "Advanced")]
    pub(crate) include_partial_matches: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InvoicesCommand {
    /// List invoices, newest first
    #[command(visible_alias = "ls", after_help = examples("invoices list ytd", "invoices list --status PENDING"))]
    List(ListArgs),

    /// Show the figures, payments and refunds of an invoice, or its line items in groups
    #[command(visible_aliases = ["describe", "get"], after_help = examples("invoices show last", "invoices show 2025-03 --by project,sku --top 10"))]
    Show(ShowArgs),

    /// Write the line items of invoices
    #[command(after_help = examples("invoices items last -o csv --output-file items.csv", "invoices items 2025 --output-dir items"))]
    Items(ItemsArgs),

    /// Show what changed from one invoice to another, the largest change first
    #[command(after_help = examples("invoices compare 2025-02 2025-03", "invoices compare last current --by project --top 5"))]
    Compare(CompareArgs),
}

/// Which invoices by status.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Statuses {
    #[arg(long, value_name = "STATUS", value_parser = values::status,
          help = known("Only invoices with this status, repeatable", InvoiceStatus::KNOWN.iter().map(InvoiceStatus::as_str)))]
    pub(crate) status: Vec<InvoiceStatus>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those of these months: 2025-03, 2025-Q1, 2025, 2025-01..2025-03 (both included), mtd,
    /// ytd, last-month or last-quarter [default: all]
    #[arg(value_name = "PERIOD")]
    pub(crate) period: Option<Period>,
    #[command(flatten)]
    pub(crate) statuses: Statuses,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Which invoice: current, last (the newest whose period has ended), last-month, a month such
    /// as 2025-03, or an invoice id
    #[arg(value_name = "INVOICE", default_value = "current")]
    pub(crate) invoice: Invoice,

    #[command(flatten)]
    pub(crate) by: By,

    /// What to do with line items of linked invoices (of organizations that this one pays for)
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) linked: Option<Linked>,
}

/// What line items are grouped by.
#[derive(Debug, Clone, Args)]
pub(crate) struct By {
    /// Group line items by one or two of sku, project, cluster, provider, day, month and tag:KEY
    #[arg(long, value_name = "DIM[,DIM]", value_delimiter = ',', value_parser = values::dimension)]
    pub(crate) by: Vec<Dimension>,

    /// Only the N largest groups, the rest as one
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) top: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct ItemsArgs {
    /// Which invoices: current, last, last-month, an invoice id, a month such as 2025-03, or those
    /// of a period: 2025-Q1, 2025, 2025-01..2025-03, mtd, ytd, last-quarter [default: current]
    #[arg(
        value_name = "INVOICE|PERIOD",
        default_value = "current",
        hide_default_value = true
    )]
    which: Vec<Which>,

    #[command(flatten)]
    pub(crate) statuses: Statuses,

    /// What to do with line items of linked invoices (of organizations that this one pays for)
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) linked: Option<Linked>,

    /// Write one file per invoice, as DIR/period=YYYY-MM/INVOICE.jsonl, each whole or not at all
    #[arg(long, value_name = "DIR", conflicts_with = "output_file")]
    pub(crate) output_dir: Option<PathBuf>,
}

impl ItemsArgs {
    /// Which invoices. With --status a month may have several.
    pub(crate) fn which(&self) -> Vec<Which> {
        let several = !self.statuses.status.is_empty();
        let meant = |which: &Which| match which {
            Which::Invoice(Invoice::Of(month)) if several => {
                Which::Period(Period::Months((*month).into()))
            }
            Which::Invoice(Invoice::LastMonth) if several => Which::Period(Period::LastMonth),
            which => which.clone(),
        };
        self.which.iter().map(meant).collect()
    }
}

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

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The invoice to start from: current, last, last-month, a month or an invoice id
    #[arg(value_name = "A")]
    pub(crate) from: Invoice,
    /// The invoice to compare with it
    #[arg(value_name = "B")]
    pub(crate) to: Invoice,

    #[command(flatten)]
    pub(crate) by: By,
}

/// What to do with line items of linked invoices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Linked {
    /// Include them
    Include,
    /// Omit them, with a note [default]
    #[default]
    Omit,
    /// Only them
    Only,
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
}

impl Cli {
    /// Reads the command line. The error is complete but for its exit code, which it knows.
    pub(crate) fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = definition();
        let read = command
            .try_get_matches_from_mut(line.into_iter().filter_map(unnamed))
            .and_then(|matches| Self::from_arg_matches(&matches));
        let cli = read.map_err(own_words)?;
        match cli.check() {
            Err(message) => Err(refusal(&message)),
            Ok(()) => Ok(cli),
        }
    }

    /// Refuses flags that have no effect together, or on this command.
    fn check(&self) -> Result<(), String> {
        let global = &self.global;
        let format = global.format()?;
        let (raw, name) = (format.is_raw(), format.name());
        let refuse = |flag: &str, given: bool, why: &str| match given {
            true => Err(format!("{flag} {why}")),
            false => Ok(()),
        };
        let received = format!("has no effect on {name}: it is the response as received");
        let not_raw = |command: &str| match raw {
            true => Err(format!(
                "`{command}` does not support {name}: it is not one API response"
            )),
            false => Ok(()),
        };
        let two = |by: &[Dimension]| match by {
            [one, other] if one == other => Err(format!("--by names {one} twice")),
            [] | [_] | [_, _] => Ok(()),
            more => Err(format!(
                "--by takes one or two dimensions, not {}",
                more.len()
            )),
        };
        refuse(
            "--excel",
            global.excel && format != Format::Csv,
            "is for csv: add -o csv",
        )?;
        match &self.command {
            Command::Costs(_) => Ok(()),
            Command::Focus(args) => {
                let by = !args.by.is_empty();
                refuse("--by", raw && by, &received)?;
                match (by, format) {
                    (true, _) | (false, Format::Csv | Format::RawCsv) => {
                        let plain = !by && global.excel;
                        refuse(
                            "--excel",
                            plain,
                            "needs --by: a report is written as received",
                        )
                    }
                    (false, Format::Table) if global.output.is_none() => Ok(()),
                    _ => Err(format!("-o {name} needs --by: a report is CSV")),
                }
            }
            Command::Check => not_raw("check"),
            Command::Export(args) => args.check(global),
            Command::Invoices(InvoicesCommand::List(_)) => not_raw("invoices list"),
            Command::Invoices(InvoicesCommand::Compare(args)) => {
                not_raw("invoices compare")?;
                two(&args.by.by)
            }
            Command::Invoices(InvoicesCommand::Show(args)) => {
                let By { by, top } = &args.by;
                refuse("--top", top.is_some() && by.is_empty(), "needs --by")?;
                refuse("--by", raw && !by.is_empty(), &received)?;
                refuse("--linked", raw && args.linked.is_some(), &received)?;
                two(by)
            }
            Command::Invoices(InvoicesCommand::Items(args)) => {
                let one = |which: &Which| matches!(which, Which::Invoice(_));
                let status = !args.statuses.status.is_empty() && args.which().iter().any(one);
                let table = args.output_dir.is_some() && global.output == Some(Format::Table);
                refuse(
                    "--status",
                    status,
                    "selects among the invoices of a period; name a period",
                )?;
                refuse(
                    "--output-dir",
                    table,
                    "is for files to load: use -o jsonl, csv or json",
                )?;
                refuse("--linked", raw && args.linked.is_some(), &received)
            }
            // The rest asks nothing.
            _ => [
                ("--org", global.org.is_some()),
                ("--output", global.output.is_some()),
                ("--demo", global.demo),
                ("--base-url", global.base_url.is_some()),
                ("--ca-file", global.ca_file.is_some()),
                ("--keep-token", global.keep_token),
                ("--request-timeout", global.request_timeout.is_some()),
                ("--api-version", global.api_version.is_some()),
            ]
            .into_iter()
            .try_for_each(|(flag, given)| refuse(flag, given, "has no effect on this command")),
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

fn at_least_one(given: &str) -> Result<usize, String> {
    match given.parse() {
        Ok(0) | Err(_) => Err(format!("\"{given}\" is not a whole number from 1")),
        Ok(number) => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, clap::Error> {
        Cli::read(line.split(' ').map(OsString::from))
    }

    #[test]
    fn the_definition_is_sound() {
        definition().debug_assert();
    }

    #[test]
    fn aliases_lead_to_the_same_commands() {
        assert!(matches!(
            read("atlas-billing usage").unwrap().command,
            Command::Costs(_)
        ));
        for line in ["invoices list", "invoice ls", "invoice list"] {
            let command = read(&format!("atlas-billing {line}")).unwrap().command;
            assert!(
                matches!(command, Command::Invoices(InvoicesCommand::List(_))),
                "{line}"
            );
        }
        for line in ["show", "describe", "get"] {
            let command = read(&format!("atlas-billing invoices {line} last"))
                .unwrap()
                .command;
            let Command::Invoices(InvoicesCommand::Show(show)) = command else {
                panic!("{line}: {command:?}");
            };
            assert_eq!(show.invoice, Invoice::Last);
        }
    }

    #[test]
    fn flags_of_the_atlas_cli_are_taken_and_not_shown() {
        let id = "64b7f0a1c2d3e4f506172839";
        let cli = read(&format!(
            "atlas-billing invoices describe --orgId {id} --invoiceId {id} --outputFile x.csv"
        ));
        let cli = cli.unwrap();
        assert_eq!(cli.global.format(), Ok(Format::Csv));
        let Command::Invoices(InvoicesCommand::Show(show)) = cli.command else {
            panic!("show");
        };
        assert!(matches!(show.invoice, Invoice::Id(given) if given.as_str() == id));
        let help = definition().render_long_help().to_string();
        assert!(help.contains("--org ") && !help.contains("orgId") && !help.contains("outputFile"));
    }

    #[test]
    fn global_flags_go_before_and_after_the_command() {
        assert!(read("atlas-billing --demo -q costs").unwrap().global.demo);
        assert!(read("atlas-billing costs --demo -q").unwrap().global.quiet);
        assert!(
            read("atlas-billing invoices --demo list -q")
                .unwrap()
                .global
                .demo
        );
    }

    #[test]
    fn help_is_short_and_shows_global_options_once() {
        let mut command = definition();
        let short = command.render_help().to_string();
        assert!(short.lines().count() < 42, "{short}");
        assert!(short.contains("--output-file") && short.contains("Advanced:"));
        for path in [
            vec!["costs"],
            vec!["invoices", "show"],
            vec!["invoices", "items"],
            vec!["check"],
        ] {
            let mut page = &mut command;
            for name in &path {
                page = page.find_subcommand_mut(name).unwrap();
            }
            let page = page.render_help().to_string();
            assert!(page.lines().count() < 40, "{page}");
            assert!(
                !page.contains("--base-url") && page.contains("\nExamples:\n"),
                "{page}"
            );
        }
    }

    #[test]
    fn what_has_no_effect_or_contradicts_is_refused() {
        let token = "9c0d".repeat(16);
        for (line, part) in [
            ("costs -q -v", "cannot be used"),
            (
                "costs --demo --base-url https://cloud.mongodb.com",
                "cannot be used",
            ),
            (&format!("costs 2025 --resume {token}"), "cannot be used"),
            (
                &format!("costs --resume {token} --no-wait"),
                "cannot be used",
            ),
            (
                &format!("costs --resume {token} --service Clusters"),
                "cannot be used",
            ),
            ("costs --no-wait --deadline 1m", "cannot be used"),
            ("costs --resume tooshort", "--resume"),
            (
                "costs --deadline 15",
                "--deadline <DURATION>: \"15\" is not a duration",
            ),
            ("costs today", "[PERIOD]: \"today\" is not a period"),
            ("costs --by servces", "services"),
            ("costs --output-file t.xlsx", "--excel"),
            ("costs --excel", "-o csv"),
            ("invoices list --top 3", "--top"),
            ("invoices show --top 3", "--by"),
            ("invoices show --by sku,skus", "twice"),
            ("invoices show --by sku,day,month", "not 3"),
            ("invoices show --by sku -o raw-json", "--by has no effect"),
            (
                "invoices show --linked only -o raw-json",
                "--linked has no effect",
            ),
            (
                "invoices items --linked omit -o raw-csv",
                "--linked has no effect",
            ),
            ("invoices items last --status PAID", "--status"),
            (
                "invoices items --output-dir d --output-file f",
                "cannot be used",
            ),
            ("invoices items --output-dir d -o table", "--output-dir"),
            (
                "invoices list -o raw-csv",
                "`invoices list` does not support raw-csv",
            ),
            ("invoices compare last current -o raw-json", "raw-json"),
            ("check -o raw-csv", "`check` does not support raw-csv"),
            ("schema costs -o csv", "--output has no effect"),
            ("mock --org 64b7f0a1c2d3e4f506172839", "--org has no effect"),
        ] {
            let error = read(&format!("atlas-billing {line}")).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(error.to_string().contains(part), "{line}: {error}");
        }
    }

    #[test]
    fn with_a_status_a_month_is_a_period() {
        let cli = read("atlas-billing invoices items 2025-02 --status PAID").unwrap();
        let Command::Invoices(InvoicesCommand::Items(items)) = cli.command else {
            panic!("items");
        };
        assert!(matches!(items.which().as_slice(), [Which::Period(_)]));
    }
}
