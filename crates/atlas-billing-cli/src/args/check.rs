//! What does not go together, or has no effect: refused with the reason, before anything is sent.

use atlas_billing::totals::Dimension;

use super::values::Which;
use super::{
    By, Cli, ClustersCommand, Command, CompareArgs, CostsArgs, FocusArgs, ForecastArgs, Global,
    InvoicesCommand, ItemFilters, ItemsArgs, OrgsCommand, ProjectsCommand, ShowArgs, SkusCommand,
    report,
};
use crate::output::Format;

impl Cli {
    /// Refuses flags that have no effect together, or on this command.
    pub(super) fn check(&self) -> Result<(), String> {
        let global = &self.global;
        // Their output has one form, which the ending of a file does not choose.
        let is_own = matches!(
            self.command,
            Command::Man { .. } | Command::Completions { .. } | Command::Plugin(_)
        );
        let format = match is_own {
            true => Format::default(),
            false => global.format()?,
        };
        let common = Common { global, format };
        common.check(&self.command)?;
        match &self.command {
            Command::Costs(args) => costs(args, common),
            Command::Report(_) => report::Form::of(global).map(drop),
            Command::Focus(args) => focus(args, common),
            Command::Forecast(args) => forecast(args, common),
            Command::Check => common.not_raw("check"),
            Command::Orgs(OrgsCommand::List) => common.no_org().and(common.not_raw("orgs list")),
            Command::Projects(ProjectsCommand::List) => common.not_raw("projects list"),
            Command::Clusters(ClustersCommand::List) => common.not_raw("clusters list"),
            Command::Skus(SkusCommand::List { .. }) => {
                common.no_org().and(common.not_raw("skus list"))
            }
            Command::Export(args) => args.check(global),
            Command::Invoices(command) => match command {
                InvoicesCommand::List(_) => common.not_raw("invoices list"),
                // The library refuses days in the wrong order.
                InvoicesCommand::Search(_) => common.not_raw("invoices search"),
                InvoicesCommand::Reconcile(_) => common.not_raw("invoices reconcile"),
                InvoicesCommand::Compare(args) => compare(args, common),
                InvoicesCommand::Show(args) => show(args, common),
                InvoicesCommand::Items(args) => items(args, common),
                InvoicesCommand::Tags(args) => {
                    common.not_raw("invoices tags")?;
                    common.filters(&args.filters)
                }
            },
            #[cfg(feature = "demo")]
            Command::Mock(_) => common.asks_nothing(),
            Command::Plugin(_) => {
                let file = global.output_file.is_some();
                refuse("--output-file", file, "has no effect on this command")?;
                common.asks_nothing()
            }
            Command::Schema { .. } | Command::Man { .. } | Command::Completions { .. } => {
                common.asks_nothing()
            }
        }
    }
}

fn refuse(flag: &str, given: bool, why: &str) -> Result<(), String> {
    match given {
        true => Err(format!("{flag} {why}")),
        false => Ok(()),
    }
}

/// The global flags, and the format that they result in.
#[derive(Clone, Copy)]
struct Common<'a> {
    global: &'a Global,
    format: Format,
}

impl Common<'_> {
    fn check(self, command: &Command) -> Result<(), String> {
        let format = self.format;
        let excel = self.global.excel && format != Format::Csv;
        refuse("--excel", excel, "is for csv: add -o csv")?;
        let is_report = matches!(command, Command::Report(_));
        if !is_report && matches!(format, Format::Html | Format::Slack) {
            return Err(format!(
                "{} is for `report` alone; use table, csv, jsonl, json or markdown",
                format.name()
            ));
        }
        // Their limits, and whether they have metrics.
        let (gate, has_metrics) = match command {
            Command::Costs(args) => (Some(&args.gate), !args.compare),
            Command::Forecast(args) => (Some(&args.gate), true),
            Command::Invoices(InvoicesCommand::Show(args)) => {
                (Some(&args.gate), !args.by.by.is_empty())
            }
            _ => (None, false),
        };
        let each = gate.is_some_and(|gate| gate.each && !gate.has_limit());
        refuse("--each", each, "needs --fail-over or --warn-over")?;
        refuse(
            "-o openmetrics",
            format == Format::Openmetrics && !has_metrics,
            "is for `costs`, `forecast` and `invoices show --by`",
        )
    }

    /// Refuses flags that have no effect on the response as received.
    fn refuse_if_raw(self, flag: &str, given: bool) -> Result<(), String> {
        let name = self.format.name();
        let why = format!("has no effect on {name}: it is the response as received");
        refuse(flag, given && self.format.is_raw(), &why)
    }

    fn not_raw(self, command: &str) -> Result<(), String> {
        match self.format.is_raw() {
            true => Err(format!(
                "`{command}` does not support {}: it is not one API response",
                self.format.name()
            )),
            false => Ok(()),
        }
    }

    fn no_org(self) -> Result<(), String> {
        let given = self.global.org.is_some();
        refuse("--org", given, "has no effect on this command")
    }

    fn filters(self, filters: &ItemFilters) -> Result<(), String> {
        for (flag, given) in filters.flags() {
            self.refuse_if_raw(flag, given)?;
        }
        let days = filters.since.zip(filters.until);
        let is_reversed = days.is_some_and(|(since, until)| until < since);
        refuse("--until", is_reversed, "is before --since")
    }

    /// Refuses flags of all commands on one that asks the service for nothing.
    fn asks_nothing(self) -> Result<(), String> {
        let global = self.global;
        let flags = [
            ("--profile", global.profile.is_some()),
            ("--org", global.org.is_some()),
            ("--output", global.output.is_some()),
            ("--demo", global.demo),
            ("--base-url", global.base_url.is_some()),
            ("--ca-file", global.ca_file.is_some()),
            ("--keep-token", global.keep_token),
            ("--request-timeout", global.request_timeout.is_some()),
            ("--api-version", global.api_version.is_some()),
        ];
        let mut flags = flags.into_iter();
        flags.try_for_each(|(flag, given)| refuse(flag, given, "has no effect on this command"))
    }
}

fn costs(args: &CostsArgs, common: Common<'_>) -> Result<(), String> {
    common.refuse_if_raw("--compare", args.compare)?;
    for (flag, given) in args.gate.flags() {
        common.refuse_if_raw(flag, given)?;
        let why = "has no effect on --no-wait: there is no figure yet";
        refuse(flag, given && args.no_wait, why)?;
        let why = "does not go with --compare, which shows two periods";
        refuse(flag, given && args.compare, why)?;
    }
    Ok(())
}

fn focus(args: &FocusArgs, common: Common<'_>) -> Result<(), String> {
    let by = !args.by.is_empty();
    if common.format == Format::RawJson {
        return Err("`focus` does not support raw-json: a report is CSV".to_owned());
    }
    common.refuse_if_raw("--by", by)?;
    match (by, common.format) {
        (true, _) | (false, Format::Csv | Format::RawCsv) => {
            let plain = !by && common.global.excel;
            refuse(
                "--excel",
                plain,
                "needs --by: a report is written as received",
            )
        }
        (false, Format::Table) if common.global.output.is_none() => Ok(()),
        (false, format) => Err(format!("-o {} needs --by: a report is CSV", format.name())),
    }
}

fn forecast(args: &ForecastArgs, common: Common<'_>) -> Result<(), String> {
    let by_time = args.by.as_ref().is_some_and(Dimension::is_time);
    let why = "cannot be a day or month: a forecast is of a month";
    refuse("--by", by_time, why)?;
    let by_organization = args.by == Some(Dimension::Organization);
    let why = "cannot be an organization: a forecast is of the organization's own line items";
    refuse("--by", by_organization, why)?;
    refuse("--each", args.gate.each && args.by.is_none(), "needs --by")?;
    common.not_raw("forecast")
}

fn compare(args: &CompareArgs, common: Common<'_>) -> Result<(), String> {
    common.not_raw("invoices compare")?;
    common.filters(&args.filters)?;
    let by_time = args.by.by.iter().any(Dimension::is_time);
    let why = "cannot be a day or month: each is in one of the periods alone";
    refuse("--by", by_time, why)?;
    // By SKU where nothing is named.
    dimensions(&args.by, args.by.by.is_empty())
}

fn show(args: &ShowArgs, common: Common<'_>) -> Result<(), String> {
    let By { by, top, .. } = &args.by;
    let rest = top.is_some() && common.format == Format::Openmetrics;
    let why = "has no effect on metrics: a metric stands for one group";
    refuse("--top", rest, why)?;
    refuse("--top", top.is_some() && by.is_empty(), "needs --by")?;
    common.refuse_if_raw("--by", !by.is_empty())?;
    common.refuse_if_raw("--linked", args.linked.linked.is_some())?;
    refuse("--each", args.gate.each && by.is_empty(), "needs --by")?;
    for (flag, given) in args.gate.flags() {
        common.refuse_if_raw(flag, given)?;
    }
    common.filters(&args.filters)?;
    dimensions(&args.by, false)
}

fn items(args: &ItemsArgs, common: Common<'_>) -> Result<(), String> {
    let one = |which: &Which| matches!(which, Which::Invoice(_));
    let status = !args.statuses.status.is_empty() && args.which().iter().any(one);
    let why = "selects among the invoices of a period; name a period";
    refuse("--status", status, why)?;
    let tables = [Some(Format::Table), Some(Format::Markdown)];
    let table = args.output_dir.is_some() && tables.contains(&common.global.output);
    let why = "is for files to load: use -o jsonl, csv or json";
    refuse("--output-dir", table, why)?;
    common.filters(&args.filters)?;
    common.refuse_if_raw("--linked", args.linked.linked.is_some())
}

/// What line items are grouped by: one or two dimensions, SKUs described if they are among them.
fn dimensions(by: &By, is_by_sku: bool) -> Result<(), String> {
    let is_by_sku = is_by_sku || by.by.contains(&Dimension::Sku);
    refuse("--describe", by.describe && !is_by_sku, "needs --by sku")?;
    match by.by.as_slice() {
        [one, other] if one == other => Err(format!("--by names {one} twice")),
        [] | [_] | [_, _] => Ok(()),
        more => Err(format!(
            "--by takes one or two dimensions, not {}",
            more.len()
        )),
    }
}
