//! `export`: data sets in a folder or an object store, kept up to date.

mod fetch;
mod plan;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use atlas_billing::edge::Clock;
use atlas_billing::{InvoiceId, Months, Org};
use tokio::task::JoinSet;

use super::Context;
use super::wait::policy;
use crate::args::Linked;
use crate::args::export::ExportArgs;
use crate::connect::{Connection, connect};
use crate::dataset::{Dataset, FileEntry, Manifest, Place, to_text};
use crate::failure::{Failure, exit};
use crate::output::{Layout, columns};
use crate::text::{count, counted};
use fetch::{Done, Shared, Wanted, mebibytes};
use plan::{Action, Part, Planner};

pub(super) async fn run(context: &Context, args: &ExportArgs) -> Result<(), Failure> {
    let periods = args.periods().map(|period| period.resolve(context.today));
    let periods: Vec<Months> = periods.collect::<Result<_, _>>()?;
    // Before anything is asked: a folder that cannot be written to is better known now.
    let place = Place::open(&args.to, args.endpoint(), args.dry_run)?;
    let connection = connect(context).await?;
    let orgs = organizations(context, args, &connection).await?;
    if orgs.len() > 1 && args.settings(Dataset::LineItems).linked == Linked::Include {
        context.voice.must(
            "warning: line items and costs of an organization that is exported, too, are in the data sets \
             twice where it is linked; use --linked omit, or leave line items with is_linked out of sums",
        );
    }
    let datasets = args.datasets().into_iter();
    let datasets: Vec<_> = datasets.map(|it| (it, args.settings(it))).collect();
    let planner = Planner {
        place: &place,
        voice: &context.voice,
        periods,
    };
    let mut plans = Vec::new();
    for org in orgs {
        let parts = planner.plan(&org, &datasets).await;
        plans.push((
            org.clone(),
            parts.map_err(|failure| failure.about(format_args!("organization {}", org.id())))?,
        ));
    }
    if plans.iter().all(|(_, parts)| parts.is_empty()) {
        return Err(Failure::new(exit::NOT_FOUND, "there is no such invoice"));
    }
    if args.dry_run {
        return show(context, &place, &plans);
    }
    let shared = Shared {
        place,
        voice: context.voice.clone(),
        clock: context.clock.clone(),
        today: context.today,
        policy: policy(context, args.deadline),
        done: Done::default(),
    };
    work(Arc::new(shared), plans, args.jobs).await
}

/// The organizations that were named, each once, or all that the credentials see.
async fn organizations(
    context: &Context,
    args: &ExportArgs,
    connection: &Connection,
) -> Result<Vec<Org>, Failure> {
    let client = &connection.client;
    let mut ids = args.org.clone();
    if args.all_orgs {
        for org in client.orgs().await? {
            if org.is_deleted == Some(true) {
                continue;
            }
            ids.push(org.id.unwrap_or_default().parse()?);
        }
        if ids.is_empty() {
            let message = "the credentials see no organization";
            return Err(Failure::new(exit::NOT_FOUND, message));
        }
        let seen = counted(ids.len(), "organization");
        context.voice.note(&format!("The credentials see {seen}"));
    } else if ids.is_empty() {
        return Ok(vec![connection.org(context).await?]);
    }
    ids.sort();
    ids.dedup();
    Ok(ids.into_iter().map(|id| client.org(id)).collect())
}

/// The parts of one job: an invoice is fetched once for all data sets of its month, a Cost Explorer
/// query for all months.
struct Job {
    org: Org,
    parts: Vec<Part>,
}

/// Works on what is not up to date, `jobs` at a time.
async fn work(
    shared: Arc<Shared>,
    plans: Vec<(Org, Vec<Part>)>,
    jobs: usize,
) -> Result<(), Failure> {
    let all = || plans.iter().flat_map(|(_, parts)| parts);
    let files = all().flat_map(Part::wanted).count();
    let kept = all().map(|part| part.files.len()).sum::<usize>() - files;
    let removed = all().map(|part| part.stale.len()).sum::<usize>();
    let of = u64::try_from(files).unwrap_or(u64::MAX);
    shared.done.of.store(of, Ordering::Relaxed);
    let mut waiting = plans.into_iter().flat_map(|(org, parts)| {
        let mut by_month: BTreeMap<_, Vec<Part>> = BTreeMap::new();
        for part in parts.into_iter().filter(|part| !part.is_up_to_date()) {
            let month = (part.dataset != Dataset::Costs).then_some(part.month);
            by_month.entry(month).or_default().push(part);
        }
        let job = move |parts| Job {
            org: org.clone(),
            parts,
        };
        by_month.into_values().map(job)
    });
    let mut running = JoinSet::new();
    let mut failed = None;
    loop {
        while failed.is_none() && running.len() < jobs {
            let Some(job) = waiting.next() else {
                break;
            };
            running.spawn(job.run(shared.clone()));
        }
        // What is running ends by itself: each period that is whole is one less for the next run.
        match running.join_next().await {
            None => break,
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(failure))) => failed = failed.or(Some(failure)),
            Some(Err(error)) => {
                let message = format!("a job ended unexpectedly: {error}");
                failed = failed.or(Some(Failure::new(exit::OTHER, message)));
            }
        }
    }
    shared.voice.clear();
    if let Some(failure) = failed {
        return Err(failure);
    }
    let bytes = shared.done.bytes.load(Ordering::Relaxed);
    let items = shared.done.items.load(Ordering::Relaxed);
    let mut said = format!("{} fetched", counted(files, "file"));
    if files > 0 {
        said += &format!(" ({} line items, {})", count(items), mebibytes(bytes));
    }
    said += &format!(", {} unchanged", count(kept));
    if removed > 0 {
        said += &format!(", {} removed", count(removed));
    }
    shared.voice.note(&said);
    Ok(())
}

impl Job {
    async fn run(self, shared: Arc<Shared>) -> Result<(), Failure> {
        let ended = match self.parts.iter().all(|part| part.dataset == Dataset::Costs) {
            true => self.run_costs(&shared).await,
            false => self.run_invoices(&shared).await,
        };
        ended.map_err(|failure| failure.about(format_args!("organization {}", self.org.id())))
    }

    async fn run_invoices(&self, shared: &Shared) -> Result<(), Failure> {
        let mut wanted: BTreeMap<InvoiceId, Wanted<'_>> = BTreeMap::new();
        let mut reports = Vec::new();
        for part in &self.parts {
            for planned in part.wanted() {
                let Some((id, summary)) = &planned.listed else {
                    continue;
                };
                if part.dataset == Dataset::Focus {
                    reports.push((*id, summary, part, planned));
                    continue;
                }
                let invoice = wanted.entry(*id).or_insert_with(|| Wanted {
                    id: *id,
                    summary,
                    line_items: None,
                    invoices: None,
                });
                match part.dataset {
                    Dataset::LineItems => invoice.line_items = Some((part, planned)),
                    Dataset::Invoices => invoice.invoices = Some((part, planned)),
                    // Neither is made of the invoice itself.
                    Dataset::Costs | Dataset::Focus => {}
                }
            }
        }
        let mut fetched = Vec::new();
        for (id, invoice) in wanted {
            let entries = fetch::invoice(shared, &self.org, &invoice).await;
            fetched.extend(entries.map_err(|failure| failure.about(format_args!("invoice {id}")))?);
        }
        for (id, summary, part, planned) in reports {
            let entry = fetch::focus(shared, &self.org, (id, summary), part, planned).await;
            fetched.push(entry.map_err(|failure| failure.about(format_args!("invoice {id}")))?);
        }
        for part in &self.parts {
            self.finish(shared, part, &fetched).await?;
        }
        Ok(())
    }

    async fn run_costs(&self, shared: &Shared) -> Result<(), Failure> {
        let wanted = || {
            self.parts
                .iter()
                .filter(|part| part.wanted().next().is_some())
        };
        let months = wanted().map(|part| part.month);
        let mut rows = match (months.clone().min(), months.max()) {
            (Some(first), Some(last)) => {
                let months = Months::new(first, last)?;
                let linked = self.parts.first().map(|part| part.settings.linked);
                fetch::costs(shared, &self.org, months, linked.unwrap_or_default()).await?
            }
            _ => BTreeMap::new(),
        };
        for part in &self.parts {
            let mut fetched = Vec::new();
            let rows = rows.remove(&part.month).unwrap_or_default();
            for planned in part.wanted() {
                fetched.push(fetch::cost_file(shared, &self.org, part, planned, &rows).await?);
            }
            self.finish(shared, part, &fetched).await?;
        }
        Ok(())
    }

    /// Writes the manifest of a period whose files are all in their places, then removes what it
    /// does not name any more.
    async fn finish(
        &self,
        shared: &Shared,
        part: &Part,
        fetched: &[FileEntry],
    ) -> Result<(), Failure> {
        let mut files = Vec::new();
        for planned in &part.files {
            let kept = match &planned.action {
                Action::Keep(entry) => Some(entry),
                Action::Fetch(_) => fetched.iter().find(|entry| entry.name == planned.name),
            };
            let missing = || Failure::new(exit::OTHER, format!("{} was not written", planned.name));
            files.push(kept.cloned().ok_or_else(missing)?);
        }
        let mut manifest = Manifest::new(
            part.dataset,
            (self.org.id().to_string(), part.month.to_string()),
            part.settings,
            files,
            shared.clock.now(),
        );
        manifest.removed.clone_from(&part.stale);
        let name = part.dataset.manifest(self.org.id(), part.month);
        let place = &shared.place;
        let version = part.version.clone();
        place.replace(&name, to_text(&manifest)?, version).await?;
        for name in &part.stale {
            place.remove(name).await?;
        }
        if part.begun.is_some() || part.to_begin().is_some() {
            let name = part.dataset.begun(self.org.id(), part.month);
            place.remove(&name).await?;
        }
        Ok(())
    }
}

/// What would happen to a file.
struct Step {
    action: &'static str,
    file: String,
    why: &'static str,
}

/// `--dry-run`: what would be fetched, kept and removed.
fn show(context: &Context, place: &Place, plans: &[(Org, Vec<Part>)]) -> Result<(), Failure> {
    let mut steps = Vec::new();
    for part in plans.iter().flat_map(|(_, parts)| parts) {
        let planned = part.files.iter().map(|file| match file.action {
            Action::Keep(_) => ("keep", &file.name, "unchanged"),
            Action::Fetch(why) => ("fetch", &file.name, why),
        });
        let stale = part.stale.iter();
        let stale = stale.map(|name| ("remove", name, "nothing stands for it any more"));
        steps.extend(planned.chain(stale).map(|(action, name, why)| Step {
            action,
            file: place.shown(name),
            why,
        }));
    }
    let columns = columns! { Step:
        "action" Text always ("action") = |s| s.action, "What would happen: fetch, keep or remove.";
        "file" Text always ("file") = |s| &*s.file, "The file.";
        "why" Text always ("why") = |s| s.why, "Why.";
    };
    context.style.write(context.sink()?, &columns, &steps, || {
        Ok(vec![Layout::of(&columns, &steps)])
    })
}
