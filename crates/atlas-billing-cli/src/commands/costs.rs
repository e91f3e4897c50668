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

use super::costs_compare::{self, Periods};
use super::costs_table::{columns, grouping_of, layouts};
use super::linked::{linked_organizations, queried};
use super::lookup::{Chosen, Kind, choose};
use super::wait::{Resumed, policy, resumable, tell_token, wait};
use super::{Context, costs_gate, metrics, nothing, scope};
use crate::args::values::{Grouping, is_id, shown_period};
use crate::args::{CostsArgs, Linked};
use crate::connect::connect;
use crate::failure::{Failure, exit};
use crate::gate::Gate;
use crate::output::{Format, Sink};

/// How many months are asked for where none are named, the running one included.
const DEFAULT_MONTHS: u32 = 6;

pub(super) async fn run(context: &Context, args: &CostsArgs) -> Result<(), Failure> {
    let mut months = months(args, context.today)?;
    let earlier = costs_gate::earlier(&args.gate, months, context.today)?;
    let periods = match months.filter(|_| args.compare) {
        Some(to) => Some(Periods::until(to, context.today)?),
        None => None,
    };
    if let Some(periods) = periods {
        months = Some(periods.all()?);
    }
    let connection = connect(context).await?;
    let out = match args.no_wait {
        true => Sink::open(None)?,
        false => context.sink()?,
    };
    let org = &connection.org(context).await?;
    let policy = policy(context, args.deadline);
    let mut beside = Beside {
        whole: None,
        earlier: None,
        names: Names::default(),
        named: [(Kind::Project, Vec::new()), (Kind::Cluster, Vec::new())],
    };
    let query = match (&args.resume, months) {
        (Some(token), _) => org.resume(token.clone()),
        (None, Some(months)) => {
            context
                .voice
                .note(&format!("Period: {}", shown_period(months, context.today)));
            let requests = Requests::new(org, args, months).await?;
            let query = requests.grouped(months).start().await?;
            if !args.no_wait && !context.style.format.is_raw() {
                let whole = requests.whole(months).map(|it| it.polling(policy));
                beside.whole = whole.map(|whole| tokio::spawn(whole.into_future()));
                beside.earlier = earlier.map(|earlier| {
                    let report = earlier_report(
                        requests.grouped(earlier).polling(policy),
                        requests.whole(earlier).map(|it| it.polling(policy)),
                    );
                    (earlier, tokio::spawn(report))
                });
            }
            beside.named = requests.named();
            beside.names = requests.names();
            query
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
    let shown = Shown {
        by: match args.resume {
            Some(_) => None,
            None => Some(args.by.unwrap_or(Grouping::Services)),
        },
        months,
        periods,
        org: *org.id(),
        gate: &args.gate,
        scope: months.map(|months| {
            let through = |months| scope::Through::of_months(months, context.today);
            let basis = scope::Basis::Costs;
            let whose = scope::whose(org.id(), args.linked(), &args.linked_org);
            match periods {
                None => scope::lines(&whose, through(months), basis),
                Some(Periods { from, to }) => {
                    let sides = [from, to].map(|side| (side.to_string(), through(side)));
                    scope::compared(&whose, sides, basis)
                }
            }
        }),
    };
    let ended = fetch(context, org, shown, query.polling(policy), beside, out).await;
    ended.map_err(|failure| match failure.exit {
        // The result is there: to fetch it again would change nothing.
        exit::GATE | exit::NOT_FOUND | exit::USAGE => failure,
        _ => resumable(failure, resume),
    })
}

/// The months asked for; none are known of a query that is resumed.
fn months(args: &CostsArgs, today: NaiveDate) -> Result<Option<Months>, Failure> {
    match (&args.resume, args.period) {
        (Some(_), _) => Ok(None),
        (None, Some(period)) => Ok(Some(period.resolve(today)?)),
        (None, None) if args.compare => Ok(Some(Months::previous(today))),
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

/// The queries to be created, with what was looked up for them.
struct Requests<'a> {
    org: &'a Org,
    args: &'a CostsArgs,
    by: Grouping,
    /// None means all.
    organizations: Vec<OrgId>,
    projects: Chosen,
    clusters: Chosen,
}

impl<'a> Requests<'a> {
    async fn new(org: &'a Org, args: &'a CostsArgs, months: Months) -> Result<Self, Failure> {
        let by = args.by.unwrap_or(Grouping::Services);
        let all = |grouping| by == grouping;
        let organizations = match (args.linked_org.as_slice(), args.linked()) {
            (named @ [_, ..], _) => named.to_vec(),
            ([], Linked::Include) if by == Grouping::Organizations => {
                let mut all = linked_organizations(org, months).await?;
                all.insert(0, *org.id());
                all
            }
            ([], linked) => queried(org, months, linked).await?,
        };
        Ok(Self {
            org,
            args,
            by,
            organizations,
            projects: choose(org, Kind::Project, &args.project, all(Grouping::Projects)).await?,
            clusters: choose(org, Kind::Cluster, &args.cluster, all(Grouping::Clusters)).await?,
        })
    }

    fn filtered(
        &self,
        months: Months,
        organizations: &[OrgId],
        projects: &[String],
        clusters: &[String],
    ) -> CostRequest {
        let args = self.args;
        let request = self
            .org
            .costs(months)
            .services(args.service.iter().cloned())
            .organizations(organizations.iter().copied())
            .projects(projects)
            .clusters(clusters);
        match args.include_partial_matches {
            true => request.include_partial_matches(true),
            false => request,
        }
    }

    fn grouped(&self, months: Months) -> CostRequest {
        let orgs = &self.organizations;
        let request = self.filtered(months, orgs, &self.projects.ids, &self.clusters.ids);
        request.group_by(GroupBy::from(self.by.name()))
    }

    /// The service wants to be told what to group: what is not known here, such as a deleted
    /// project, only the query without a grouping has.
    fn whole(&self, months: Months) -> Option<CostRequest> {
        let (projects, clusters) = (&self.projects.ids, &self.clusters.ids);
        let orgs = &self.organizations;
        let all_orgs = self.args.linked_org.is_empty() && self.args.linked() == Linked::Include;
        match self.by {
            Grouping::Projects if self.args.project.is_empty() => {
                Some(self.filtered(months, orgs, &[], clusters))
            }
            Grouping::Clusters if self.args.cluster.is_empty() => {
                Some(self.filtered(months, orgs, projects, &[]))
            }
            Grouping::Organizations if all_orgs => {
                Some(self.filtered(months, &[], projects, clusters))
            }
            _ => self.grouped(months).ungrouped(),
        }
    }

    /// The ids that were given.
    fn named(&self) -> [(Kind, Vec<String>); 2] {
        let ids = |given: &[String]| given.iter().filter(|it| is_id(it)).cloned().collect();
        [
            (Kind::Project, ids(&self.args.project)),
            (Kind::Cluster, ids(&self.args.cluster)),
        ]
    }

    fn names(self) -> Names {
        Names {
            projects: self.projects.names,
            clusters: self.clusters.names,
        }
    }
}

/// The report that a limit compares with.
async fn earlier_report(
    grouped: CostRequest,
    whole: Option<CostRequest>,
) -> Result<CostReport, Error> {
    let report = grouped.start().await?.await?;
    match whole {
        None => Ok(report),
        Some(whole) => report.completed_by(&whole.await?),
    }
}

/// What is fetched beside the result.
struct Beside {
    whole: Option<JoinHandle<Result<CostReport, Error>>>,
    /// The period that a limit compares with.
    earlier: Option<(Months, JoinHandle<Result<CostReport, Error>>)>,
    names: Names,
    /// The ids that were given, which nobody has looked up.
    named: [(Kind, Vec<String>); 2],
}

/// What is shown of a result beside its rows. Neither grouping nor months are known of a query that
/// was created before: its rows have to tell.
struct Shown<'a> {
    by: Option<Grouping>,
    months: Option<Months>,
    /// What is compared with what, if that is wanted.
    periods: Option<Periods>,
    org: OrgId,
    gate: &'a Gate,
    scope: Option<[String; 2]>,
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
        let args = CostsArgs::default();
        let requests = Requests::new(org, &args, months).await?;
        let policy = policy(context, deadline);
        let query = requests.grouped(months).start().await?.polling(policy);
        let whole = requests.whole(months).map(|it| it.polling(policy));
        Ok(Self {
            query,
            whole: whole.map(|whole| tokio::spawn(whole.into_future())),
            names: requests.names(),
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
    org: &Org,
    shown: Shown<'_>,
    query: CostQuery,
    beside: Beside,
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
            let rows = completed(context, query, beside.whole, &beside.names).await?;
            let by = shown.by.unwrap_or_else(|| grouping_of(&rows));
            let named = (rows.as_slice(), beside.named.as_slice());
            nothing::explain_costs(context, org, shown.months, by, named).await?;
            if let Some(periods) = shown.periods {
                let scope = shown.scope.iter().flatten();
                return costs_compare::write(context.style, out, &rows, by, periods, scope);
            }
            let (today, width) = (context.today, context.style.paper.width);
            let columns = match context.style.format {
                Format::Openmetrics => metrics::costs(shown.org),
                _ => columns(today),
            };
            context.style.write(out, &columns, &rows, || {
                let layouts = layouts(&rows, by, shown.months, today, width);
                let mut layouts = layouts.ok_or_else(|| {
                    let message = "the sum of the amounts is too large to show; use -o csv";
                    Failure::new(exit::OTHER, message)
                })?;
                if let [.., last] = layouts.as_mut_slice() {
                    last.notes.extend(shown.scope.iter().flatten().cloned());
                }
                Ok(layouts)
            })?;
            return judge(context, &shown, by, &rows, beside.earlier).await;
        }
    }
    Ok(out.finish()?)
}

/// Applies the limits to what was shown.
async fn judge(
    context: &Context,
    shown: &Shown<'_>,
    by: Grouping,
    rows: &[CostRow],
    earlier: Option<(Months, JoinHandle<Result<CostReport, Error>>)>,
) -> Result<(), Failure> {
    let earlier = match earlier {
        None => None,
        Some((months, report)) => {
            let report = report.await.map_err(|_| {
                Failure::new(exit::OTHER, "the query to compare with ended unexpectedly")
            })?;
            let about = |error| Failure::from(error).about(format_args!("the costs of {months}"));
            Some((months, report.map_err(about)?.into_rows()))
        }
    };
    let earlier = earlier
        .as_ref()
        .map(|(months, rows)| (*months, rows.as_slice()));
    let figures = costs_gate::figures(shown.gate, by, (shown.months, rows), earlier)?;
    shown.gate.judge(context, &figures)
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
