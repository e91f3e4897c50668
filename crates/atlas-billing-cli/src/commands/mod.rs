//! The commands. What they share: flags, today, where messages and data go.

mod check;
mod compare;
mod costs;
mod costs_compare;
mod costs_gate;
mod costs_table;
mod dimensions;
mod export;
mod focus;
mod forecast;
mod group_row;
mod groups;
mod invoices;
mod items;
mod linked;
mod lists;
mod lookup;
mod man;
mod metrics;
mod nothing;
mod plugin;
mod read;
mod reconcile;
mod report;
mod scope;
mod search;
mod show;
mod show_months;
mod sides;
mod tags;
mod wait;

use std::io::{IsTerminal, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use atlas_billing::edge::{BoxFuture, Clock, SystemClock};
use atlas_billing::{Client, CostRow};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::args::{
    ClustersCommand, Color, Command, Global, InvoicesCommand, OrgsCommand, PluginCommand,
    ProjectsCommand, SchemaOf, SkusCommand, definition,
};
use crate::failure::Failure;
use crate::output::{Column, Paper, Sink, Style, schema};
use crate::records;
use crate::voice::{Voice, is_dumb};

/// What every command knows.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) voice: Voice,
    /// The day in UTC, which is the calendar of Atlas.
    pub(crate) today: NaiveDate,
    pub(crate) clock: Arc<Calendar>,
    pub(crate) style: Style,
    /// The client, once there is one, for the end of the run.
    pub(crate) client: Arc<OnceLock<Client>>,
}

impl Context {
    pub(crate) fn new(
        global: Global,
        voice: Voice,
        client: Arc<OnceLock<Client>>,
    ) -> Result<Self, Failure> {
        let system = SystemClock::new();
        let today = system.now().date_naive();
        let shift = global.today.map_or(TimeDelta::zero(), |day| day - today);
        let clock = Arc::new(Calendar { system, shift });
        let today = clock.now().date_naive();
        // One that does not go with the file was refused before; some commands write but their own.
        let format = global.format().unwrap_or_default();
        let paper = paper(global.color, global.output_file.is_some());
        let style = Style {
            format,
            excel: global.excel,
            paper,
        };
        Ok(Self {
            voice,
            today,
            clock,
            style,
            global,
            client,
        })
    }

    /// Where the data of this command goes. Opened before anything is asked: a file that cannot be
    /// written is better known then.
    pub(crate) fn sink(&self) -> Result<Sink, Failure> {
        Ok(Sink::open(self.global.output_file.as_deref())?)
    }
}

/// The clock of the system on the day that `--today` says.
#[derive(Debug)]
pub(crate) struct Calendar {
    system: SystemClock,
    shift: TimeDelta,
}

impl Clock for Calendar {
    fn elapsed(&self) -> Duration {
        self.system.elapsed()
    }

    fn awake(&self) -> Duration {
        self.system.awake()
    }

    fn now(&self) -> DateTime<Utc> {
        self.system.now() + self.shift
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.system.sleep(duration)
    }
}

/// What a table is drawn on: COLUMNS where it is set, else the width of the terminal; a pipe or a
/// file has no edge, and no color unless it is asked for.
fn paper(color: Color, to_file: bool) -> Paper {
    let stdout = std::io::stdout();
    let is_terminal = stdout.is_terminal() && !to_file;
    let columns = std::env::var("COLUMNS").ok().filter(|_| !to_file);
    let columns = columns.and_then(|text| text.trim().parse().ok());
    let own = terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0));
    // Set and not empty: what https://no-color.org asks for.
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Paper {
        width: columns
            .or(own.filter(|_| is_terminal))
            .filter(|width| *width > 0),
        color: match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !no_color && !is_dumb(),
        },
    }
}

/// Does what was asked.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Costs(args) => costs::run(context, &args).await,
        Command::Invoices(InvoicesCommand::List(args)) => invoices::list(context, &args).await,
        Command::Invoices(InvoicesCommand::Show(args)) => show::run(context, &args).await,
        Command::Invoices(InvoicesCommand::Tags(args)) => tags::run(context, &args).await,
        Command::Invoices(InvoicesCommand::Items(args)) => items::run(context, &args).await,
        Command::Invoices(InvoicesCommand::Compare(args)) => compare::run(context, &args).await,
        Command::Invoices(InvoicesCommand::Reconcile(args)) => reconcile::run(context, &args).await,
        Command::Forecast(args) => forecast::run(context, &args).await,
        Command::Report(args) => report::run(context, &args).await,
        Command::Focus(args) => focus::run(context, &args).await,
        Command::Invoices(InvoicesCommand::Search(args)) => search::run(context, &args).await,
        Command::Orgs(OrgsCommand::List) => lists::orgs(context).await,
        Command::Projects(ProjectsCommand::List) => lists::projects(context).await,
        Command::Clusters(ClustersCommand::List) => lists::clusters(context).await,
        Command::Skus(SkusCommand::List { word }) => lists::skus(context, word.as_deref()).await,
        Command::Export(args) => export::run(context, &args).await,
        Command::Check => check::run(context).await,
        #[cfg(feature = "demo")]
        Command::Mock(args) => crate::demo::serve(context, &args).await,
        Command::Schema { of } => print_schema(context, of),
        Command::Man { dir } => man::run(context, dir.as_deref()),
        Command::Plugin(PluginCommand::Install { dir }) => plugin::install(context, dir),
        Command::Completions { shell } => {
            // Into memory first: the generator panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut definition(), "atlas-billing", &mut script);
            let mut sink = context.sink()?;
            sink.write_all(&script)?;
            Ok(sink.finish()?)
        }
    }
}

/// The columns of costs, as of `today`.
pub(crate) fn cost_columns(today: NaiveDate) -> Vec<Column<CostRow>> {
    costs_table::columns(today)
}

/// `schema`: what the records of csv, jsonl and json hold.
fn print_schema(context: &Context, of: SchemaOf) -> Result<(), Failure> {
    let schema = match of {
        SchemaOf::Costs => schema(
            "costs",
            "One amount of a Cost Explorer query: a month of what was grouped by.",
            &costs_table::columns(context.today),
        ),
        SchemaOf::Invoice => schema(
            "invoice",
            "One invoice, without its line items. All cents are hundredths of a US dollar, as the \
             service documents them; negative amounts are credits.",
            &records::invoice_columns(),
        ),
        SchemaOf::LineItem => schema(
            "line-item",
            "One line item of an invoice. Load a file by replacing everything that has its \
             invoice_id: the items of a pending invoice change until it is closed.",
            &records::item_columns(),
        ),
        SchemaOf::UsageItem => schema(
            "usage-item",
            "One line item that a search found. It has no SKU, tags or discount: `invoices items` has.",
            &search::columns(),
        ),
        SchemaOf::TagKey => schema(
            "tag-key",
            "One tag key of the line items of a period, or the items without any.",
            &tags::columns(String::new()),
        ),
        SchemaOf::Organization => schema(
            "organization",
            "One organization that the credentials see.",
            &lists::org_columns(),
        ),
        SchemaOf::Project => schema("project", "One project.", &lists::project_columns()),
        SchemaOf::Cluster => schema("cluster", "One cluster.", &lists::cluster_columns()),
        SchemaOf::Sku => schema(
            "sku",
            "One SKU: something that Atlas charges for.",
            &lists::sku_columns(),
        ),
    };
    let mut sink = context.sink()?;
    serde_json::to_writer_pretty(&mut sink, &schema).map_err(std::io::Error::from)?;
    writeln!(sink)?;
    Ok(sink.finish()?)
}
