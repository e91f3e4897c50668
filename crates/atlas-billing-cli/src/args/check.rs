//! What does not go together, or has no effect: refused with the reason, before anything is sent.

use atlas_billing::totals::Dimension;

use super::values::{Format, Which};
use super::{
    By, Cli, ClustersCommand, Command, InvoicesCommand, ItemFilters, OrgsCommand, ProjectsCommand,
    SkusCommand, report,
};

impl Cli {
    /// Refuses flags that have no effect together, or on this command.
    pub(super) fn check(&self) -> Result<(), String> {
        let global = &self.global;
        // These write what they write, whatever the name of the file.
        let is_own = matches!(
            self.command,
            Command::Man { .. } | Command::Completions { .. } | Command::Plugin(_)
        );
        let format = match is_own {
            true => Format::default(),
            false => global.format()?,
        };
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
        let filters = |filters: &ItemFilters| {
            let flags = filters.flags().into_iter();
            flags
                .filter(|_| raw)
                .try_for_each(|(flag, given)| refuse(flag, given, &received))?;
            refuse("--until", filters.is_reversed(), "is before --since")
        };
        let no_org = || {
            refuse(
                "--org",
                global.org.is_some(),
                "has no effect on this command",
            )
        };
        refuse(
            "--excel",
            global.excel && format != Format::Csv,
            "is for csv: add -o csv",
        )?;
        let is_report = matches!(self.command, Command::Report(_));
        if !is_report && matches!(format, Format::Html | Format::Slack) {
            return Err(format!(
                "{name} is for `report` alone; use table, csv, jsonl, json or markdown"
            ));
        }
        let gate = match &self.command {
            Command::Costs(args) => Some(&args.gate),
            Command::Forecast(args) => Some(&args.gate),
            Command::Invoices(InvoicesCommand::Show(args)) => Some(&args.gate),
            _ => None,
        };
        let each = gate.is_some_and(|gate| gate.each && !gate.has_limit());
        refuse("--each", each, "needs --fail-over or --warn-over")?;
        let metrics = match &self.command {
            Command::Costs(args) => !args.compare,
            Command::Forecast(_) => true,
            Command::Invoices(InvoicesCommand::Show(args)) => {
                let rest = args.by.top.is_some();
                let what = "has no effect on metrics: a metric stands for one group";
                refuse("--top", format == Format::Openmetrics && rest, what)?;
                !args.by.by.is_empty()
            }
            _ => false,
        };
        refuse(
            "-o openmetrics",
            format == Format::Openmetrics && !metrics,
            "is for `costs`, `forecast` and `invoices show --by`",
        )?;
        match &self.command {
            Command::Costs(args) => {
                refuse("--compare", raw && args.compare, &received)?;
                let what = match (raw, args.no_wait, args.compare) {
                    (true, _, _) => received,
                    (_, true, _) => "has no effect on --no-wait: there is no figure yet".to_owned(),
                    (_, _, true) => {
                        "does not go with --compare, which shows two periods".to_owned()
                    }
                    _ => return Ok(()),
                };
                args.gate
                    .flags()
                    .into_iter()
                    .try_for_each(|(flag, given)| refuse(flag, given, &what))
            }
            Command::Report(_) => report::Form::of(global).map(drop),
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
            Command::Forecast(args) => {
                let time = [Some(&Dimension::Day), Some(&Dimension::Month)];
                let by_time = time.contains(&args.by.as_ref());
                refuse(
                    "--by",
                    by_time,
                    "cannot be a day or month: a forecast is of a month",
                )?;
                refuse(
                    "--by",
                    args.by == Some(Dimension::Organization),
                    "cannot be an organization: a forecast is of the organization's own line items",
                )?;
                let each = args.gate.each && args.by.is_none();
                refuse("--each", each, "needs --by")?;
                not_raw("forecast")
            }
            Command::Invoices(InvoicesCommand::Reconcile(_)) => not_raw("invoices reconcile"),
            Command::Check => not_raw("check"),
            Command::Orgs(OrgsCommand::List) => no_org().and(not_raw("orgs list")),
            Command::Projects(ProjectsCommand::List) => not_raw("projects list"),
            Command::Clusters(ClustersCommand::List) => not_raw("clusters list"),
            Command::Skus(SkusCommand::List { .. }) => no_org().and(not_raw("skus list")),
            Command::Export(args) => args.check(global),
            Command::Invoices(InvoicesCommand::List(_)) => not_raw("invoices list"),
            Command::Invoices(InvoicesCommand::Search(_)) => not_raw("invoices search"),
            Command::Invoices(InvoicesCommand::Compare(args)) => {
                let By { by, describe, .. } = &args.by;
                let of_sku = by.is_empty() || by.contains(&Dimension::Sku);
                let time = by.contains(&Dimension::Day) || by.contains(&Dimension::Month);
                not_raw("invoices compare")?;
                filters(&args.filters)?;
                refuse(
                    "--by",
                    time,
                    "cannot be a day or month: each is in one of the periods alone",
                )?;
                refuse("--describe", *describe && !of_sku, "needs --by sku")?;
                two(by)
            }
            Command::Invoices(InvoicesCommand::Show(args)) => {
                let By { by, top, describe } = &args.by;
                let of_sku = by.contains(&Dimension::Sku);
                refuse("--top", top.is_some() && by.is_empty(), "needs --by")?;
                refuse("--by", raw && !by.is_empty(), &received)?;
                refuse("--linked", raw && args.linked.linked.is_some(), &received)?;
                refuse("--describe", *describe && !of_sku, "needs --by sku")?;
                refuse("--each", args.gate.each && by.is_empty(), "needs --by")?;
                let limits = args.gate.flags().into_iter().filter(|_| raw);
                limits
                    .into_iter()
                    .try_for_each(|(flag, given)| refuse(flag, given, &received))?;
                filters(&args.filters)?;
                two(by)
            }
            Command::Invoices(InvoicesCommand::Tags(args)) => {
                not_raw("invoices tags")?;
                filters(&args.filters)
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
                filters(&args.filters)?;
                refuse("--linked", raw && args.linked.linked.is_some(), &received)
            }
            // The rest asks nothing.
            _ => [
                ("--profile", global.profile.is_some()),
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
