//! `costs`: a Cost Explorer query from its creation to its table.

use std::io::Write;
use std::time::Duration;

use atlas_billing::raw::enums::GroupBy;
use atlas_billing::{Error, ErrorKind, Month, Months, Org, PollPolicy, Query};
use chrono::NaiveDate;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::costs_table::layouts;
use super::resume;
use crate::args::{CostsArgs, Format, Grouping, shown_period};
use crate::connect::{Connection, connect};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Records, Sink};
use crate::progress;
use crate::records::cost::{self, CostRow, grouping_of};

/// How often a progress line is drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// How many months are asked for where none are named, the running one included.
const DEFAULT_MONTHS: u32 = 6;

pub(super) async fn run(context: &Context, args: &CostsArgs) -> Result<(), Failure> {
    let months = months(args, context.today)?;
    refuse_missing_ids(args)?;
    let connection = connect(context).await?;
    // Before a query is made: a file that cannot be written is better known now.
    let sink = match args.no_wait {
        true => Sink::open(None)?,
        false => context.sink()?,
    };
    let query = match (&args.resume, months) {
        (Some(token), _) => connection.org.resume(token.clone()),
        (None, Some(months)) => {
            context
                .voice
                .note(&format!("Period: {}", shown_period(months, context.today)));
            request(&connection.org, args, months).await?
        }
        (None, None) => return Err(Failure::usage("no period.")),
    };
    let resume = tell_token(context, &connection, &query);
    if args.no_wait {
        return print_token(sink, &query);
    }
    let ended = fetch(context, args, query, months, sink).await;
    ended.map_err(|failure| with_resume(failure, resume.as_deref()))
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
    let (flag, one) = match args.by {
        Some(Grouping::Projects) if args.project.is_empty() => ("--project", "project"),
        Some(Grouping::Clusters) if args.cluster.is_empty() => ("--cluster", "cluster"),
        _ => return Ok(()),
    };
    Err(Failure::usage(format!(
        "Cost Explorer groups by {one}s only where it is told which: give {flag} ID for each. For \
         all of them, one month at a time: atlas-billing invoices show YYYY-MM --by {one}"
    )))
}

/// Creates the query.
async fn request(org: &Org, args: &CostsArgs, months: Months) -> Result<Query, Error> {
    let by = match args.by.unwrap_or(Grouping::Services) {
        Grouping::Services => GroupBy::Services,
        Grouping::Projects => GroupBy::Projects,
        Grouping::Clusters => GroupBy::Clusters,
        Grouping::Organizations => GroupBy::Organizations,
    };
    let mut request = org
        .costs(months)
        .group_by(by)
        .services(args.service.iter().cloned())
        .projects(args.project.iter().cloned())
        .clusters(args.cluster.iter().cloned())
        .organizations(args.organization.iter().copied());
    if args.include_partial_matches {
        request = request.include_partial_matches(true);
    }
    request.start().await
}

/// Says how the query can be resumed, as soon as it can, and gives the command back.
fn tell_token(context: &Context, connection: &Connection, query: &Query) -> Option<String> {
    if connection.demo.is_some() {
        context.voice.note(&format!(
            "Query {} (it ends with the demonstration)",
            query.token()
        ));
        return None;
    }
    let command = resume::command(&context.global, &connection.org, query.token());
    context.voice.must(&format!("To resume: {command}"));
    Some(command)
}

fn print_token(mut sink: Sink, query: &Query) -> Result<(), Failure> {
    writeln!(sink, "{}", query.token())?;
    sink.finish()
}

/// Waits for the result and writes it.
async fn fetch(
    context: &Context,
    args: &CostsArgs,
    query: Query,
    months: Option<Months>,
    mut sink: Sink,
) -> Result<(), Failure> {
    let query = wait(context, query.polling(policy(context, args))).await?;
    match context.form() {
        Format::RawJson => sink.write_all(&query.bytes().await?)?,
        Format::RawCsv => {
            let mut file = query.csv().await?;
            while let Some(bytes) = file.next().await {
                sink.write_all(&bytes?)?;
            }
        }
        Format::Table | Format::Markdown => {
            let rows = rows(query.await?, context.today);
            let by = grouping(args, &rows);
            let drawn = layouts(&rows, by, months, context.today, context.paper.width);
            let drawn = drawn.ok_or_else(|| {
                let message = "the amounts add up to more than can be held: use -o csv.";
                Failure::new(Exit::Other, message)
            })?;
            context.draw_into(&mut sink, &drawn)?;
        }
        form => {
            let columns = cost::columns();
            let mut records = Records::begin(form, &columns, context.paper, sink)?;
            for row in rows(query.await?, context.today) {
                records.write(&row)?;
            }
            sink = records.end()?;
        }
    }
    sink.finish()
}

/// What was grouped by. Of a query that was created before, the rows have to tell.
fn grouping(args: &CostsArgs, rows: &[CostRow]) -> Grouping {
    match (args.by, &args.resume) {
        (Some(by), _) => by,
        (None, None) => Grouping::Services,
        (None, Some(_)) => grouping_of(rows),
    }
}

fn policy(context: &Context, args: &CostsArgs) -> PollPolicy {
    let mut policy = PollPolicy::default();
    if let Some(deadline) = args.deadline {
        policy = policy.with_deadline(deadline);
    }
    if let Some(limit) = context.global.request_timeout {
        policy = policy.with_look_timeout(limit);
    }
    policy
}

/// Looks until the result is there, and tells of it.
async fn wait(context: &Context, mut query: Query) -> Result<Query, Error> {
    let began = Instant::now();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut looks, mut last) = (0, None);
    loop {
        tokio::select! {
            look = query.next() => match look {
                Some(look) => {
                    let look = look?;
                    looks = look.number();
                    last = Some(look.seen().to_string());
                }
                None => break,
            },
            _ = ticks.tick() => {
                let text = progress::waiting(looks, began.elapsed(), last.as_deref());
                context.voice.progress(began.elapsed(), &text);
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    context.voice.note(&format!(
        "The result was there at look {looks}, after {seconds:.1} s."
    ));
    Ok(query)
}

fn rows(report: atlas_billing::CostReport, today: NaiveDate) -> Vec<CostRow> {
    report
        .into_rows()
        .into_iter()
        .map(|row| CostRow::new(row, today))
        .collect()
}

/// A failure that leaves the query as it was says how to go on with it.
fn with_resume(failure: Failure, resume: Option<&str>) -> Failure {
    match (failure, resume) {
        (Failure::Said { exit, message }, Some(resume)) if can_go_on(exit) => {
            Failure::new(exit, format!("{message}\nTo resume: {resume}"))
        }
        (failure, _) => failure,
    }
}

fn can_go_on(exit: Exit) -> bool {
    exit != Exit::NotFound && exit != Exit::from(ErrorKind::Input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> CostsArgs {
        use clap::Parser;

        let cli = crate::args::Cli::try_parse_from(line.split(' ')).unwrap();
        match cli.command {
            crate::args::Command::Costs(args) => args,
            command => panic!("{command:?}"),
        }
    }

    #[test]
    fn half_a_year_is_asked_for_unless_said_otherwise() {
        let today = "2025-03-14".parse().unwrap();
        let asked = |line: &str| {
            months(&args(line), today)
                .unwrap()
                .map(|months| months.to_string())
        };
        assert_eq!(asked("x costs").as_deref(), Some("2024-10..2025-03"));
        assert_eq!(asked("x costs last-month").as_deref(), Some("2025-02"));
        let token = "9c0d".repeat(16);
        assert_eq!(asked(&format!("x costs --resume {token}")), None);
    }

    #[test]
    fn what_was_asked_for_is_the_title_whatever_the_rows() {
        let organization = CostRow {
            organization_id: Some("x".to_owned()),
            ..CostRow::default()
        };
        for rows in [vec![], vec![organization]] {
            assert_eq!(grouping(&args("x costs"), &rows), Grouping::Services);
            let args = args("x costs --by organizations");
            assert_eq!(grouping(&args, &rows), Grouping::Organizations);
        }
        let resumed = args(&format!("x costs --resume {}", "9c0d".repeat(16)));
        assert_eq!(grouping(&resumed, &[]), Grouping::Organizations);
    }

    #[test]
    fn projects_without_ids_are_refused_with_another_way() {
        let id = "64b7f0a1c2d3e4f506172839";
        assert!(refuse_missing_ids(&args("x costs --by services")).is_ok());
        assert!(
            refuse_missing_ids(&args(&format!("x costs --by projects --project {id}"))).is_ok()
        );
        let Err(Failure::Said { exit, message }) =
            refuse_missing_ids(&args("x costs --by clusters"))
        else {
            panic!("an error");
        };
        assert_eq!(exit, Exit::Usage);
        assert!(
            message.contains("--cluster ID") && message.contains("--by cluster"),
            "{message}"
        );
    }

    #[test]
    fn how_to_resume_is_said_where_it_helps() {
        let said = |exit| with_resume(Failure::new(exit, "m"), Some("c"));
        assert_eq!(
            said(Exit::NotReady),
            Failure::new(Exit::NotReady, "m\nTo resume: c")
        );
        assert_eq!(said(Exit::NotFound), Failure::new(Exit::NotFound, "m"));
        assert_eq!(
            with_resume(Failure::ReaderGone, Some("c")),
            Failure::ReaderGone
        );
    }
}
