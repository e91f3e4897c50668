//! `costs`: a Cost Explorer query from its creation to its table.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use atlas_billing::{
    COMMERCIAL, CostQuery, CostReport, CostRequest, CostRow, Error, GroupBy, Month, Months, Org,
    PollPolicy,
};
use chrono::NaiveDate;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, interval_at};

use super::Context;
use super::costs_table::{columns, grouping_of, layouts};
use super::lookup::{Kind, choose};
use crate::args::values::{Format, Grouping, shown_duration, shown_period};
use crate::args::{CostsArgs, Global};
use crate::connect::connect;
use crate::failure::{Failure, exit};
use crate::output::Sink;

/// Where no line can be rewritten, a line of progress is due so often.
const STILL: Duration = Duration::from_secs(30);

/// How many months are asked for where none are named, the running one included.
const DEFAULT_MONTHS: u32 = 6;

pub(super) async fn run(context: &Context, args: &CostsArgs) -> Result<(), Failure> {
    let months = months(args, context.today)?;
    let connection = connect(context).await?;
    let out = match args.no_wait {
        true => Sink::open(None)?,
        false => context.sink()?,
    };
    let org = &connection.org(context).await?;
    let mut names = Names::default();
    let (query, whole) = match (&args.resume, months) {
        (Some(token), _) => (org.resume(token.clone()), None),
        (None, Some(months)) => {
            context
                .voice
                .note(&format!("Period: {}", shown_period(months, context.today)));
            let (request, whole) = requests(org, args, months, &mut names).await?;
            let shown = !args.no_wait && !context.style.format.is_raw();
            (request.start().await?, whole.filter(|_| shown))
        }
        (None, None) => return Err(Failure::usage("no period")),
    };
    let resume = tell_token(context, org, &query);
    if args.no_wait {
        let mut out = out;
        writeln!(out, "{}", query.token())?;
        return Ok(out.finish()?);
    }
    let policy = policy(context, args);
    let whole = whole.map(|whole| tokio::spawn(whole.polling(policy).into_future()));
    let shown = Shown {
        by: match args.resume {
            Some(_) => None,
            None => Some(args.by.unwrap_or(Grouping::Services)),
        },
        months,
        names,
    };
    let ended = fetch(context, shown, query.polling(policy), whole, out).await;
    ended.map_err(|failure| match resume {
        // Others leave the query as it was.
        Some(resume) if ![0, exit::NOT_FOUND, exit::USAGE].contains(&failure.exit) => {
            failure.with_help(format!("resume with: {resume}"))
        }
        _ => failure,
    })
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

/// Names of projects and clusters by id, as far as they were looked up.
#[derive(Debug, Default)]
struct Names {
    projects: BTreeMap<String, String>,
    clusters: BTreeMap<String, String>,
}

impl Names {
    /// Adds what a row does not name itself.
    fn complete(&self, row: &mut CostRow) {
        for (id, name, names) in [
            (&row.project_id, &mut row.project_name, &self.projects),
            (&row.cluster_id, &mut row.cluster_name, &self.clusters),
        ] {
            let known = id.as_ref().and_then(|id| names.get(id));
            *name = name.take().or_else(|| known.cloned());
        }
    }
}

/// The query to be created, and the one for the whole if that tells what the first one leaves out.
///
/// The service wants to be told what to group: services, projects and clusters that are not known
/// here, such as deleted ones, only the query without a grouping has.
async fn requests(
    org: &Org,
    args: &CostsArgs,
    months: Months,
    names: &mut Names,
) -> Result<(CostRequest, Option<CostRequest>), Failure> {
    let by = args.by.unwrap_or(Grouping::Services);
    let is_by = |grouping| by == grouping;
    let projects = choose(org, Kind::Project, &args.project, is_by(Grouping::Projects)).await?;
    let clusters = choose(org, Kind::Cluster, &args.cluster, is_by(Grouping::Clusters)).await?;
    let request = org
        .costs(months)
        .services(args.service.iter().cloned())
        .organizations(args.linked_org.iter().copied());
    let request = match args.include_partial_matches {
        true => request.include_partial_matches(true),
        false => request,
    };
    let looked_up = match by {
        Grouping::Projects => args.project.is_empty(),
        Grouping::Clusters => args.cluster.is_empty(),
        Grouping::Services | Grouping::Organizations => false,
    };
    let filtered = |projects: &[String], clusters: &[String]| {
        let request = request.clone().projects(projects);
        request.clusters(clusters)
    };
    let grouped = filtered(&projects.ids, &clusters.ids).group_by(GroupBy::from(by.name()));
    let whole = match (looked_up, by) {
        (false, _) => grouped.ungrouped(),
        (true, Grouping::Projects) => Some(filtered(&[], &clusters.ids)),
        (true, _) => Some(filtered(&projects.ids, &[])),
    };
    *names = Names {
        projects: projects.names,
        clusters: clusters.names,
    };
    Ok((grouped, whole))
}

/// Says how the query can be resumed, as soon as it can, and returns the command for it.
fn tell_token(context: &Context, org: &Org, query: &CostQuery) -> Option<String> {
    let token = query.token().as_str();
    if context.global.demo {
        context
            .voice
            .note(&format!("Query {token} (it ends with the demonstration)"));
        return None;
    }
    let command = resume_command(
        &context.global,
        org.id().as_str(),
        org.client().base_url(),
        token,
    );
    context.voice.must(&format!("Resume with: {command}"));
    Some(command)
}

/// What is shown of a result beside its rows. Neither grouping nor months are known of a query that
/// was created before: its rows have to tell.
struct Shown {
    by: Option<Grouping>,
    months: Option<Months>,
    names: Names,
}

/// Waits for the result and writes it.
async fn fetch(
    context: &Context,
    shown: Shown,
    query: CostQuery,
    whole: Option<JoinHandle<Result<CostReport, Error>>>,
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
            let mut rows = report.into_rows();
            rows.iter_mut().for_each(|row| shown.names.complete(row));
            return context
                .style
                .write(out, &columns(context.today), &rows, || {
                    let by = shown.by.unwrap_or_else(|| grouping_of(&rows));
                    layouts(
                        &rows,
                        by,
                        shown.months,
                        context.today,
                        context.style.paper.width,
                    )
                    .ok_or_else(|| {
                        Failure::new(
                            exit::OTHER,
                            "the sum of the amounts is too large to show; use -o csv",
                        )
                    })
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

fn policy(context: &Context, args: &CostsArgs) -> PollPolicy {
    let mut policy = PollPolicy::default();
    if let Some(deadline) = args.deadline {
        policy = policy.with_deadline(deadline);
    }
    if let Some(limit) = context.global.request_timeout {
        policy = policy.with_poll_timeout(limit);
    }
    policy
}

/// Polls until the result is ready, and tells of it.
async fn wait(context: &Context, mut query: CostQuery) -> Result<CostQuery, Error> {
    let began = Instant::now();
    let mut still = interval_at(began + STILL, STILL);
    let mut text = "Waiting for the result".to_owned();
    let mut polls = 0;
    loop {
        context.voice.progress(&text);
        tokio::select! {
            attempt = query.next() => match attempt {
                Some(attempt) => {
                    let attempt = attempt?;
                    polls = attempt.number();
                    text = format!("Waiting for the result: {}, the last: {}", polled(polls), attempt.status());
                }
                None => break,
            },
            _ = still.tick() => {
                context.voice.still(&format!("{text}, after {} s", began.elapsed().as_secs()));
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    context.voice.clear();
    context.voice.note(&format!(
        "Result ready after {}, {seconds:.1} s",
        polled(polls)
    ));
    Ok(query)
}

fn polled(polls: u32) -> String {
    format!("{polls} poll{}", if polls == 1 { "" } else { "s" })
}

/// `atlas-billing costs --resume TOKEN …`, with all that decides where it goes and what is written.
fn resume_command(global: &Global, org: &str, base_url: &str, token: &str) -> String {
    let base_url = base_url.trim_end_matches('/');
    let path = |file: &Option<PathBuf>| Some(file.as_ref()?.to_string_lossy().into_owned());
    let url = Some(base_url.to_owned()).filter(|url| url != COMMERCIAL);
    let version = global.api_version.map(|version| version.to_string());
    let timeout = global.request_timeout.map(shown_duration);
    let mut command = format!("atlas-billing costs --resume {token} --org {org}");
    for (flag, value) in [
        ("--base-url", url),
        ("--ca-file", path(&global.ca_file)),
        ("--api-version", version),
        ("--request-timeout", timeout),
        ("--output", global.output.map(Format::name)),
        ("--output-file", path(&global.output_file)),
        ("--excel", global.excel.then(String::new)),
        ("--keep-token", global.keep_token.then(String::new)),
    ] {
        match value.as_deref() {
            None => {}
            Some("") => command.push_str(&format!(" {flag}")),
            Some(value) => command.push_str(&format!(" {flag} {}", quoted(value))),
        }
    }
    command
}

/// A word as a POSIX shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};

    fn read(line: &[&str]) -> (Global, CostsArgs) {
        let line = ["atlas-billing", "costs"]
            .iter()
            .chain(line)
            .map(Into::into);
        let cli = Cli::read(line).unwrap();
        match cli.command {
            Command::Costs(args) => (cli.global, args),
            command => panic!("{command:?}"),
        }
    }

    #[test]
    fn half_a_year_is_asked_for_unless_said_otherwise() {
        let today = "2025-03-14".parse().unwrap();
        let asked = |line: &[&str]| {
            months(&read(line).1, today)
                .unwrap()
                .map(|months| months.to_string())
        };
        assert_eq!(asked(&[]).as_deref(), Some("2024-10..2025-03"));
        assert_eq!(asked(&["last-month"]).as_deref(), Some("2025-02"));
        assert_eq!(asked(&["--resume", &"9c0d".repeat(16)]), None);
    }

    #[test]
    fn a_row_keeps_its_own_names() {
        let mut names = Names::default();
        names.projects.insert("1".into(), "web".into());
        let mut row = CostRow::default();
        names.complete(&mut row);
        assert_eq!(row, CostRow::default());
        row.project_id = Some("1".into());
        names.complete(&mut row);
        assert_eq!(row.project_name.as_deref(), Some("web"));
        row.project_name = Some("own".into());
        names.complete(&mut row);
        assert_eq!(row.project_name.as_deref(), Some("own"));
    }

    #[test]
    fn the_resume_command_says_again_what_decides_the_result() {
        const ORG: &str = "64b7f0a1c2d3e4f506172839";
        let token = "9C0d".repeat(16);
        let line = resume_command(&read(&[]).0, ORG, "https://cloud.mongodb.com/", &token);
        assert_eq!(
            line,
            format!("atlas-billing costs --resume {token} --org {ORG}")
        );
        let flags = [
            "-o",
            "csv",
            "--output-file",
            "it's.csv",
            "--api-version",
            "2023-01-01",
            "--request-timeout",
            "90s",
        ];
        let line = resume_command(&read(&flags).0, ORG, "http://127.0.0.1:8080", &token);
        assert_eq!(
            line,
            format!(
                "atlas-billing costs --resume {token} --org {ORG} --base-url http://127.0.0.1:8080 --api-version \
                 2023-01-01 --request-timeout 1m30s --output csv --output-file 'it'\\''s.csv'"
            )
        );
        let words: Vec<&str> = line.split(' ').skip(2).collect();
        assert!(read(&words).1.resume.is_some());
    }
}
