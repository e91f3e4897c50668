//! `focus`: FOCUS reports of invoices, as the CSV that the service makes, or added up by columns.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use atlas_billing::poll::Backoff;
use atlas_billing::{
    CsvFile, FocusTotal, FocusTotals, InvoiceId, InvoiceSummary, Org, OrgId, ReportQuery,
};

use super::wait::{Resumed, policy, resumable, tell_token, wait};
use super::{Context, invoices, scope};
use crate::args::values::{Which, shown_period};
use crate::args::{FocusArgs, Linked};
use crate::connect::connect;
use crate::failure::{Failure, exit};
use crate::output::{Cell, Column, Heading, Kind, Layout, Row, Sink, columns};
use crate::records::InvoiceRow;
use crate::text::{self, counted};

/// What a reader of the sums has to know.
const MEANING: &str =
    "What is due also has tax, adjustments and refunds, which a FOCUS report does not have.";

/// An invoice whose report is wanted.
#[derive(Debug)]
struct Meant {
    org: Org,
    id: InvoiceId,
    /// What the list of invoices says of it, if it was looked up there.
    summary: Option<InvoiceSummary>,
    /// The month of its period, as far as it is known.
    period: String,
}

impl Meant {
    fn new(org: &Org, id: InvoiceId, summary: Option<InvoiceSummary>) -> Self {
        let row = summary.as_ref().map(InvoiceRow::from);
        let month = row.and_then(|row| row.month());
        Self {
            org: org.clone(),
            id,
            summary,
            period: month.map_or("unknown".to_owned(), |month| month.to_string()),
        }
    }
}

pub(super) async fn run(context: &Context, args: &FocusArgs) -> Result<(), Failure> {
    let connection = connect(context).await?;
    let out = match (args.no_wait, &args.output_dir) {
        (true, _) => Sink::open(None)?,
        (false, None) => context.sink()?,
        (false, Some(directory)) => {
            fs::create_dir_all(directory).map_err(|error| Failure::directory(directory, &error))?;
            // Before anything is asked: a directory that cannot be written to is better known now.
            Sink::begin_in(directory)?
        }
    };
    let org = &connection.org(context).await?;
    let meant = match &args.resume {
        Some(token) => {
            // The folder is named after the month.
            let summary = match args.output_dir {
                Some(_) => org.invoice(token.invoice()).find_listed().await?.summary,
                None => None,
            };
            vec![Meant::new(org, token.invoice(), summary)]
        }
        None => meant(context, org, args).await?,
    };
    let into_one = args.by.is_empty() && args.output_dir.is_none() && !args.no_wait;
    if into_one && meant.len() > 1 {
        return Err(Failure::usage(format!(
            "{} cannot go into one stream; use --output-dir or --by",
            counted(meant.len(), "report")
        )));
    }
    let mut unread = Unread::new(org, meant.len());
    if args.no_wait {
        let mut out = out;
        for invoice in &meant {
            let report = request(context, args, invoice).await;
            if let Some(report) = unread.pass(context, invoice, report)? {
                writeln!(out, "{}", report.token())?;
            }
        }
        out.finish()?;
        return unread.end();
    }
    if !args.by.is_empty() {
        let mut totals = FocusTotals::new(args.by.iter().cloned());
        let mut read = Vec::new();
        for invoice in meant {
            let added = add(context, args, &invoice, &mut totals).await;
            if unread.pass(context, &invoice, added)?.is_some() {
                read.push(invoice);
            }
        }
        if !read.is_empty() {
            let last = read.iter().rev().find_map(|meant| meant.summary.as_ref());
            let mut row = last.map(InvoiceRow::from).unwrap_or_default();
            // A report is of an invoice of the organization itself.
            row.invoice
                .org_id
                .get_or_insert_with(|| org.id().to_string());
            let linked = args.linked.unwrap_or_default();
            let scope = row.scope(org.id(), linked, scope::Basis::Focus);
            write_totals(context, args, &read, &totals, scope, out)?;
        }
        return unread.end();
    }
    match &args.output_dir {
        None => {
            if let [invoice] = meant.as_slice() {
                copy(context, args, invoice, out).await?.finish()?;
            }
            Ok(())
        }
        Some(directory) => {
            drop(out);
            for invoice in &meant {
                let written = to_directory(context, args, invoice, directory).await;
                unread.pass(context, invoice, written)?;
            }
            unread.end()
        }
    }
}

/// The invoices that were named, each once, and those of linked organizations if they are wanted.
async fn meant(context: &Context, org: &Org, args: &FocusArgs) -> Result<Vec<Meant>, Failure> {
    let mut all = Vec::new();
    for which in &args.which {
        match which {
            Which::Invoice(invoice) => {
                let found = invoices::find(context, org, invoice).await?;
                let summary = match found.summary {
                    None => org.invoice(found.id).find_listed().await?.summary,
                    known => known,
                };
                all.push(Meant::new(org, found.id, summary));
            }
            Which::Period(period) => {
                let period = period.resolve(context.today)?;
                let shown = shown_period(period, context.today);
                context.voice.note(&format!("Period: {shown}"));
                let mut list = org.invoices().period(period).linked(false).await?;
                if list.is_empty() {
                    let what = format!("there is no such invoice in {period}");
                    return Err(invoices::not_found(&what, org, Some(period)).await);
                }
                list.sort_by_key(|summary| summary.start_date);
                for summary in list {
                    all.push(Meant::new(org, (&summary).try_into()?, Some(summary)));
                }
            }
        }
    }
    if args.linked.unwrap_or_default() != Linked::Omit {
        all = with_linked(context, org, all, args.linked == Some(Linked::Only)).await?;
    }
    let mut seen = BTreeSet::new();
    all.retain(|meant| seen.insert((meant.org.id().to_string(), meant.id)));
    Ok(all)
}

/// The invoices, or none of them if `only`, and those of linked organizations for the same months: a
/// report is of one organization.
async fn with_linked(
    context: &Context,
    org: &Org,
    own: Vec<Meant>,
    only: bool,
) -> Result<Vec<Meant>, Failure> {
    let mut all = Vec::new();
    for meant in own {
        let row = meant.summary.as_ref().map(InvoiceRow::from);
        let Some(month) = row.and_then(|row| row.month()) else {
            return Err(Failure::usage(format!(
                "the linked invoices of {} cannot be found: the list of invoices does not say which \
                 month it is for",
                meant.id
            )));
        };
        let mut linked = Vec::new();
        for invoice in org.associated_invoices(month).await? {
            let (Some(id), Some(owner)) = (invoice.invoice_id, invoice.org_id) else {
                continue;
            };
            let (id, owner): (InvoiceId, OrgId) = (id.parse()?, owner.parse()?);
            if owner == *org.id() {
                continue;
            }
            let mut invoice = Meant::new(&org.client().org(owner), id, None);
            invoice.period = month.to_string();
            linked.push(invoice);
        }
        if linked.is_empty() && only {
            context
                .voice
                .note(&format!("No organization is linked in {month}"));
        }
        all.extend((!only).then_some(meant));
        all.extend(linked);
    }
    if all.is_empty() {
        return Err(Failure::new(
            exit::NOT_FOUND,
            "there is no invoice of a linked organization",
        ));
    }
    Ok(all)
}

/// Requests a report, or takes the one that was requested before.
async fn request(
    context: &Context,
    args: &FocusArgs,
    invoice: &Meant,
) -> Result<ReportQuery, Failure> {
    if let Some(token) = &args.resume {
        return Ok(invoice.org.resume_report(token.clone()));
    }
    let mut request = invoice.org.focus_report(invoice.id).fresh(args.fresh);
    if let Some(summary) = &invoice.summary {
        request = request.listed(summary.clone());
    }
    let pending = invoice.summary.as_ref().map(InvoiceRow::from);
    if pending.is_some_and(|row| row.is_pending()) {
        context.voice.note(&format!(
            "note: the invoice {} is pending: its report is not final",
            invoice.id
        ));
    }
    Ok(request.start().await?)
}

/// The file of a report, once it is ready, and how to resume the report.
async fn file(
    context: &Context,
    args: &FocusArgs,
    invoice: &Meant,
) -> Result<(CsvFile, Option<String>), Failure> {
    let report = request(context, args, invoice).await?;
    let token = report.token().as_str().to_owned();
    let path = |path: &PathBuf| path.to_string_lossy().into_owned();
    let by = Some(args.by.join(",")).filter(|by| !by.is_empty());
    let resumed = Resumed {
        command: "focus",
        what: "Report",
        token: &token,
        options: vec![
            ("--by", by),
            ("--output-dir", args.output_dir.as_ref().map(path)),
        ],
    };
    let resume = tell_token(context, &invoice.org, &resumed);
    let policy = policy(context, args.deadline).with_backoff(Backoff::for_reports());
    let ready = async {
        let report = wait(context, report.polling(policy)).await?;
        report.csv().await
    };
    match ready.await {
        Ok(file) => Ok((file, resume)),
        Err(error) => Err(resumable(error.into(), resume)),
    }
}

/// Writes a report as it was received, without any compression.
async fn copy(
    context: &Context,
    args: &FocusArgs,
    invoice: &Meant,
    mut out: Sink,
) -> Result<Sink, Failure> {
    let (mut file, resume) = file(context, args, invoice).await?;
    let mut size = 0;
    while let Some(piece) = file.next().await {
        let piece = piece.map_err(|error| resumable(error.into(), resume.clone()))?;
        out.write_all(&piece)?;
        size += piece.len();
        let megabytes = text::count(size >> 20);
        context
            .voice
            .progress(&format!("Report of {}: {megabytes} MiB", invoice.id));
    }
    context.voice.clear();
    Ok(out)
}

/// Writes a report into a file of its own, which is whole or absent.
async fn to_directory(
    context: &Context,
    args: &FocusArgs,
    invoice: &Meant,
    directory: &Path,
) -> Result<(), Failure> {
    let file = copy(context, args, invoice, Sink::begin_in(directory)?).await?;
    let place = directory
        .join(format!("billing_period={}", invoice.period))
        .join(invoice.org.id().as_str());
    fs::create_dir_all(&place).map_err(|error| Failure::directory(&place, &error))?;
    let path = place.join(format!("{}.csv", invoice.id));
    file.finish_as(&path)?;
    context.voice.note(&format!("Wrote {}", path.display()));
    Ok(())
}

/// Adds a report to the totals.
async fn add(
    context: &Context,
    args: &FocusArgs,
    invoice: &Meant,
    totals: &mut FocusTotals,
) -> Result<(), Failure> {
    let (file, resume) = file(context, args, invoice).await?;
    let mut rows = file.focus_rows();
    while let Some(row) = rows.next().await {
        let row = row.map_err(|error| resumable(error.into(), resume.clone()))?;
        totals.add(&row)?;
    }
    Ok(())
}

/// The reports of linked organizations that these credentials cannot read. API keys are of one
/// organization, so that this is common: the other reports are made all the same.
struct Unread<'a> {
    org: &'a Org,
    /// Of how many reports.
    of: usize,
    count: usize,
    exit: u8,
}

impl<'a> Unread<'a> {
    fn new(org: &'a Org, of: usize) -> Self {
        Self {
            org,
            of,
            count: 0,
            exit: 0,
        }
    }

    /// The result of one report; `None` where it is that of a linked organization that cannot be
    /// read, which is said.
    fn pass<T>(
        &mut self,
        context: &Context,
        invoice: &Meant,
        result: Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let failure = match result {
            Ok(value) => return Ok(Some(value)),
            Err(failure) if self.of == 1 => return Err(failure),
            Err(failure) => failure.about(format_args!("invoice {}", invoice.id)),
        };
        let is_linked = invoice.org.id() != self.org.id();
        if !is_linked || !matches!(failure.exit, exit::DENIED | exit::NOT_FOUND) {
            return Err(failure);
        }
        context.voice.must(&format!(
            "warning: the report of the linked organization {} is omitted: {}",
            invoice.org.id(),
            failure.message
        ));
        self.count += 1;
        self.exit = failure.exit;
        Ok(None)
    }

    /// A failure if any report is omitted.
    fn end(self) -> Result<(), Failure> {
        if self.count == 0 {
            return Ok(());
        }
        let what = format!(
            "{} of {} are omitted",
            self.count,
            counted(self.of, "report")
        );
        Err(Failure::new(self.exit, what)
            .with_help("use credentials that can read the linked organizations, or --linked omit"))
    }
}

/// Describes a total by these columns.
fn total_columns(by: &[String]) -> Vec<Column<FocusTotal>> {
    let groups = by.iter().enumerate().map(|(at, name)| {
        Column::new(
            name.clone(),
            Kind::Text,
            "The value of the report's column.",
            move |total: &FocusTotal| Cell::from(total.group.get(at).and_then(Option::as_deref)),
        )
    });
    let costs = columns! { FocusTotal:
        "BillingCurrency" Text = |t| t.currency.as_deref(), "The currency of the costs.";
        "rows" Integer always = |t| t.rows, "How many rows of the report.";
        "BilledCost" Number always = |t| t.billed_cost, "What is invoiced.";
        "EffectiveCost" Number always = |t| t.effective_cost, "The cost after all discounts.";
        "ListCost" Number always = |t| t.list_cost, "The cost at list prices, before discounts.";
    };
    // A column that is grouped by already has its place.
    let costs = costs
        .into_iter()
        .filter(|cost| !by.iter().any(|name| *name == cost.name));
    groups.chain(costs).collect()
}

fn write_totals(
    context: &Context,
    args: &FocusArgs,
    meant: &[Meant],
    totals: &FocusTotals,
    scope: [String; 2],
    out: Sink,
) -> Result<(), Failure> {
    let rows = totals.totals()?;
    context
        .style
        .write(out, &total_columns(&args.by), &rows, || {
            let mut layout = Layout::titled(title(args, meant), headings(&args.by));
            let mut by_cost: Vec<&FocusTotal> = rows.iter().collect();
            by_cost.sort_by_key(|total| Reverse(total.billed_cost));
            for total in by_cost {
                let groups = total.group.iter();
                let groups = groups.map(|cell| cell.clone().unwrap_or("(none)".to_owned()));
                layout.rows.push(costs_row(groups.collect(), total));
            }
            let sums = FocusTotals::sums_of(&rows)?;
            for sum in &sums {
                let name = |at: usize| if at == 0 { "total" } else { "" };
                let groups = (0..args.by.len()).map(|at| name(at).to_owned());
                layout.sums.push(costs_row(groups.collect(), sum));
            }
            layout.notes.push(MEANING.to_owned());
            layout.notes.extend(scope);
            Ok(vec![layout])
        })
}

fn title(args: &FocusArgs, meant: &[Meant]) -> String {
    let by = args.by.join(", ");
    match meant {
        [invoice] => format!(
            "FOCUS report of the invoice {} ({}), organization {}, by {by}",
            invoice.id,
            invoice.period,
            invoice.org.id()
        ),
        several => format!(
            "FOCUS reports of {}, by {by}",
            counted(several.len(), "invoice")
        ),
    }
}

fn headings(by: &[String]) -> Vec<Heading> {
    let groups = by.iter().map(Heading::left);
    let costs = ["billed", "effective", "list"].map(Heading::right);
    groups
        .chain(costs)
        .chain([Heading::left("currency")])
        .collect()
}

fn costs_row(mut groups: Vec<String>, total: &FocusTotal) -> Row {
    let costs = [total.billed_cost, total.effective_cost, total.list_cost];
    groups.extend(costs.map(text::decimal));
    groups.push(total.currency.clone().unwrap_or_default());
    Row::new(groups)
}
