//! `costs`: a Cost Explorer query from its creation to its table.

use std::future::IntoFuture;
use std::io::Write;

use atlas_billing::{CostQuery, CostReport, CostRequest, Error, GroupBy, Month, Months, Org};
use chrono::NaiveDate;
use tokio::task::{JoinError, JoinHandle};

use super::Context;
use super::costs_table::{columns, grouping_of, layouts};
use super::wait::{Resumed, policy, resumable, tell_token, wait};
use crate::args::CostsArgs;
use crate::args::values::{Format, Grouping, shown_period};
use crate::connect::connect;
use crate::failure::{Failure, exit};
use crate::output::Sink;

/// How many months are asked for where none are named, the running one included.
const DEFAULT_MONTHS: u32 = 6;

pub(super) async fn run(context: &Context, args: &CostsArgs) -> Result<(), Failure> {
    let months = months(args, context.today)?;
    refuse_missing_ids(args)?;
    let connection = connect(context).await?;
    let out = match args.no_wait {
        true => Sink::open(None)?,
        false => context.sink()?,
    };
    let org = &connection.org;
    let (query, whole) = match (&args.resume, months) {
        (Some(token), _) => (org.resume(token.clone()), None),
        (None, Some(months)) => {
            context
                .voice
                .note(&format!("Period: {}", shown_period(months, context.today)));
            let request = request(org, args, months);
            // The service wants to be told what to group, and is told what is known here: only the
            // query without a grouping tells what else there is.
            let shown = !args.no_wait && !context.style.format.is_raw();
            let whole = request.ungrouped().filter(|_| shown);
            (request.start().await?, whole)
        }
        (None, None) => return Err(Failure::usage("no period")),
    };
    let resumed = Resumed {
        command: "costs",
        what: "Query",
        token: query.token().as_str(),
        options: Vec::new(),
    };
    let resume = tell_token(context, org, &resumed);
    if args.no_wait {
        let mut out = out;
        writeln!(out, "{}", query.token())?;
        return Ok(out.finish()?);
    }
    let policy = policy(context, args.deadline);
    let whole = whole.map(|whole| tokio::spawn(whole.polling(policy).into_future()));
    let ended = fetch(context, args, query.polling(policy), whole, months, out).await;
    ended.map_err(|failure| resumable(failure, resume))
}

/// The months asked for; none are known of a query that is resumed.
fn months(args: &CostsArgs, today: NaiveDate) -> Result<Option<Months>, Failure> {
    match (&args.resume, args.period) {
        (Some(_), _) => Ok(None),
        (None, Some(period)) => Ok(Some(period.resolve(today)?)),
        (None, None) => {
            let before = Months::last(DEFAULT_MONTHS - 1, today)?;
            Ok(Some(Months::new(before.first(), Month::of(today))?))
        }
    }
}

/// Cost Explorer wants to be told which projects or clusters to group.
fn refuse_missing_ids(args: &CostsArgs) -> Result<(), Failure> {
    let (by, one) = match args.by {
        Some(by @ Grouping::Projects) if args.project.is_empty() => (by.name(), by.singular()),
        Some(by @ Grouping::Clusters) if args.cluster.is_empty() => (by.name(), by.singular()),
        _ => return Ok(()),
    };
    Err(
        Failure::usage(format!("--by {by} needs --{one} ID for each {one}")).with_help(format!(
            "for all {by}, one month at a time: atlas-billing invoices show YYYY-MM --by {one}"
        )),
    )
}

/// The query to be created.
fn request(org: &Org, args: &CostsArgs, months: Months) -> CostRequest {
    let by = args.by.unwrap_or(Grouping::Services).name();
    let request = org
        .costs(months)
        .group_by(GroupBy::from(by))
        .services(args.service.iter().cloned())
        .projects(args.project.iter().cloned())
        .clusters(args.cluster.iter().cloned())
        .organizations(args.linked_org.iter().copied());
    match args.include_partial_matches {
        true => request.include_partial_matches(true),
        false => request,
    }
}

/// Waits for the result and writes it.
async fn fetch(
    context: &Context,
    args: &CostsArgs,
    query: CostQuery,
    whole: Option<JoinHandle<Result<CostReport, Error>>>,
    months: Option<Months>,
    mut out: Sink,
) -> Result<(), Failure> {
    let query = wait(context, query).await?;
    match context.style.format {
        Format::RawJson => out.write_all(&query.bytes().await?.1)?,
        Format::RawCsv => {
            let mut file = query.csv().await?;
            while let Some(bytes) = file.next().await {
                out.write_all(&bytes?)?;
            }
        }
        _ => {
            let mut report = query.await?;
            if let Some(whole) = whole {
                match whole.await {
                    Ok(Ok(whole)) => report = report.completed_by(&whole)?,
                    failed => warn_incomplete(context, failed),
                }
            }
            let rows = report.into_rows();
            return context
                .style
                .write(out, &columns(context.today), &rows, || {
                    let by = args.by.unwrap_or_else(|| match args.resume {
                        // What a query that was created before is grouped by, its rows have to tell.
                        Some(_) => grouping_of(&rows),
                        None => Grouping::Services,
                    });
                    layouts(&rows, by, months, context.today, context.style.paper.width).ok_or_else(
                        || {
                            Failure::new(
                                exit::OTHER,
                                "the sum of the amounts is too large to show; use -o csv",
                            )
                        },
                    )
                });
        }
    }
    Ok(out.finish()?)
}

/// The result is shown all the same.
fn warn_incomplete(context: &Context, failed: Result<Result<CostReport, Error>, JoinError>) {
    let why = match failed {
        Ok(Err(error)) => error.message().to_owned(),
        _ => "it ended unexpectedly".to_owned(),
    };
    let what = "services or organizations that are not listed may be missing";
    context.voice.must(&format!(
        "warning: {what}; the query for the whole failed: {why}"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};

    fn read(line: &[&str]) -> CostsArgs {
        let line = ["atlas-billing", "costs"]
            .iter()
            .chain(line)
            .map(Into::into);
        let cli = Cli::read(line).unwrap();
        match cli.command {
            Command::Costs(args) => args,
            command => panic!("{command:?}"),
        }
    }

    #[test]
    fn half_a_year_is_asked_for_unless_said_otherwise() {
        let today = "2025-03-14".parse().unwrap();
        let asked = |line: &[&str]| {
            months(&read(line), today)
                .unwrap()
                .map(|months| months.to_string())
        };
        assert_eq!(asked(&[]).as_deref(), Some("2024-10..2025-03"));
        assert_eq!(asked(&["last-month"]).as_deref(), Some("2025-02"));
        assert_eq!(asked(&["--resume", &"9c0d".repeat(16)]), None);
    }

    #[test]
    fn projects_without_ids_are_refused_with_another_way() {
        let id = "64b7f0a1c2d3e4f506172839";
        assert!(refuse_missing_ids(&read(&["--by", "service"])).is_ok());
        assert!(refuse_missing_ids(&read(&["--by", "projects", "--project", id])).is_ok());
        let told = refuse_missing_ids(&read(&["--by", "cluster"])).unwrap_err();
        assert_eq!(
            (told.exit, told.message.contains("--cluster ID")),
            (exit::USAGE, true)
        );
        assert!(told.help[0].ends_with("--by cluster"), "{:?}", told.help);
    }
}
