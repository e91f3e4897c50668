//! `costs`: a Cost Explorer query from its creation to its table.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::io::Write;
use std::time::Duration;

use atlas_billing::{
    CostQuery, CostReport, CostRequest, CostRow, Error, GroupBy, Month, Months, Org, OrgId,
};
use chrono::NaiveDate;
use tokio::task::{JoinError, JoinHandle};

use super::costs_table::{columns, grouping_of, layouts};
use super::lookup::{Kind, choose};
use super::wait::{Resumed, policy, resumable, tell_token, wait};
use super::{Context, metrics};
use crate::args::CostsArgs;
use crate::args::values::{Format, Grouping, shown_period};
use crate::connect::connect;
use crate::failure::{Failure, exit};
use crate::output::Sink;

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
    let (query, whole, names) = match (&args.resume, months) {
        (Some(token), _) => (org.resume(token.clone()), None, Names::default()),
        (None, Some(months)) => {
            context
                .voice
                .note(&format!("Period: {}", shown_period(months, context.today)));
            let requests = Requests::new(org, args, months).await?;
            let shown = !args.no_wait && !context.style.format.is_raw();
            let whole = requests.whole.filter(|_| shown);
            (requests.grouped.start().await?, whole, requests.names)
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
    let shown = Shown {
        by: match args.resume {
            Some(_) => None,
            None => Some(args.by.unwrap_or(Grouping::Services)),
        },
        months,
        names,
        org: *org.id(),
    };
    let ended = fetch(context, shown, query.polling(policy), whole, out).await;
    ended.map_err(|failure| resumable(failure, resume))
}

/// The months asked for; none are known of a query that is resumed.
fn months(args: &CostsArgs, today: NaiveDate) -> Result<Option<Months>, Failure> {
    match (&args.resume, args.period) {
        (Some(_), _) => Ok(None),
        (None, Some(period)) => Ok(Some(period.resolve(today)?)),
        (None, None) => usual_months(today).map(Some),
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

/// The queries to be created, and the names that were looked up for them.
struct Requests {
    grouped: CostRequest,
    /// The service wants to be told what to group: what is not known here, such as a deleted
    /// project, only the query without a grouping has.
    whole: Option<CostRequest>,
    names: Names,
}

impl Requests {
    async fn new(org: &Org, args: &CostsArgs, months: Months) -> Result<Self, Failure> {
        let by = args.by.unwrap_or(Grouping::Services);
        let all = |grouping| by == grouping;
        let projects = choose(org, Kind::Project, &args.project, all(Grouping::Projects)).await?;
        let clusters = choose(org, Kind::Cluster, &args.cluster, all(Grouping::Clusters)).await?;
        let request = org
            .costs(months)
            .services(args.service.iter().cloned())
            .organizations(args.linked_org.iter().copied());
        let request = match args.include_partial_matches {
            true => request.include_partial_matches(true),
            false => request,
        };
        let filtered = |projects: &[String], clusters: &[String]| {
            let request = request.clone().projects(projects);
            request.clusters(clusters)
        };
        let grouped = filtered(&projects.ids, &clusters.ids).group_by(GroupBy::from(by.name()));
        let whole = match by {
            Grouping::Projects if args.project.is_empty() => Some(filtered(&[], &clusters.ids)),
            Grouping::Clusters if args.cluster.is_empty() => Some(filtered(&projects.ids, &[])),
            _ => grouped.ungrouped(),
        };
        let names = Names {
            projects: projects.names,
            clusters: clusters.names,
        };
        Ok(Self {
            grouped,
            whole,
            names,
        })
    }
}

/// What is shown of a result beside its rows. Neither grouping nor months are known of a query that
/// was created before: its rows have to tell.
struct Shown {
    by: Option<Grouping>,
    months: Option<Months>,
    names: Names,
    org: OrgId,
}

/// The query by services, as the command asks it by default, once it was created.
pub(super) struct Started {
    query: CostQuery,
    whole: Option<JoinHandle<Result<CostReport, Error>>>,
    names: Names,
}

impl Started {
    pub(super) async fn new(
        context: &Context,
        org: &Org,
        months: Months,
        deadline: Option<Duration>,
    ) -> Result<Self, Failure> {
        let requests = Requests::new(org, &CostsArgs::default(), months).await?;
        let policy = policy(context, deadline);
        let whole = requests.whole;
        Ok(Self {
            query: requests.grouped.start().await?.polling(policy),
            whole: whole.map(|whole| tokio::spawn(whole.polling(policy).into_future())),
            names: requests.names,
        })
    }

    /// Waits for the rows.
    pub(super) async fn rows(self, context: &Context) -> Result<Vec<CostRow>, Failure> {
        let query = wait(context, self.query).await?;
        completed(context, query, self.whole, &self.names).await
    }
}

/// The months where none are named: the running one and those before it.
pub(super) fn usual_months(today: NaiveDate) -> Result<Months, Failure> {
    let before = Months::last(DEFAULT_MONTHS - 1, today)?;
    Ok(Months::new(before.first(), Month::of(today))?)
}

/// The rows of a result, with what the grouping leaves out, and with names.
async fn completed(
    context: &Context,
    query: CostQuery,
    whole: Option<JoinHandle<Result<CostReport, Error>>>,
    names: &Names,
) -> Result<Vec<CostRow>, Failure> {
    let mut report = query.await?;
    if let Some(whole) = whole {
        match whole.await {
            Ok(Ok(whole)) => report = report.completed_by(&whole)?,
            failed => warn_incomplete(context, failed),
        }
    }
    let mut rows = report.into_rows();
    rows.iter_mut().for_each(|row| names.complete(row));
    Ok(rows)
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
            let rows = completed(context, query, whole, &shown.names).await?;
            let columns = match context.style.format {
                Format::Openmetrics => metrics::costs(shown.org),
                _ => columns(context.today),
            };
            return context.style.write(out, &columns, &rows, || {
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
}
