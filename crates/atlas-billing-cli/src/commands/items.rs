//! `invoices items`: line items as they arrive, in bounded memory.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use atlas_billing::totals::ItemFilter;
use atlas_billing::{Error, Invoice, InvoiceId, InvoiceSummary, Org};

use super::linked::Owners;
use super::reconcile::warn_unreconciled;
use super::{Context, invoices, nothing, scope};
use crate::args::values::{Which, shown_period};
use crate::args::{ItemFilters, ItemsArgs, Linked};
use crate::connect::connect;
use crate::failure::Failure;
use crate::output::{Format, Records, Sink, Style};
use crate::records::{InvoiceRow, ItemRow, item_columns};
use crate::text::{count, counted};

/// Progress is shown after so many items.
const PROGRESS: u64 = 1_000;

/// An invoice to be read, and what the list of invoices told of it.
struct Meant {
    id: InvoiceId,
    row: Option<InvoiceRow>,
}

/// Which line items.
struct Wanted<'a> {
    linked: Linked,
    filter: ItemFilter,
    filters: &'a ItemFilters,
}

impl Wanted<'_> {
    /// Explains why nothing was found, where that is so.
    async fn explain(
        &self,
        context: &Context,
        org: &Org,
        meant: &[Meant],
        passed: u64,
    ) -> Result<(), Failure> {
        let invoices: Vec<InvoiceId> = meant.iter().map(|meant| meant.id).collect();
        let asked = nothing::Asked {
            invoices: &invoices,
            linked: self.linked,
            filters: self.filters,
            by: &[],
        };
        nothing::explain(context, org, asked, passed, []).await
    }
}

impl Meant {
    fn listed(summary: &InvoiceSummary) -> Result<Self, Error> {
        Ok(Self {
            id: summary.try_into()?,
            row: Some(summary.into()),
        })
    }
}

pub(super) async fn run(context: &Context, args: &ItemsArgs) -> Result<(), Failure> {
    let connection = connect(context).await?;
    let wanted = Wanted {
        linked: args.linked.how(&[]),
        filter: args.filters.filter(),
        filters: &args.filters,
    };
    let Some(directory) = &args.output_dir else {
        let out = context.sink()?;
        let org = &connection.org(context).await?;
        invoices::tell_filter(context, &wanted.filter);
        let meant = meant(context, org, args).await?;
        return to_sink(context, org, &meant, &wanted, out).await;
    };
    fs::create_dir_all(directory).map_err(|error| Failure::directory(directory, &error))?;
    // Before anything is asked: a directory that cannot be written to is better known now.
    drop(Sink::begin_in(directory)?);
    let org = &connection.org(context).await?;
    invoices::tell_filter(context, &wanted.filter);
    let meant = meant(context, org, args).await?;
    let mut passed = 0;
    for invoice in &meant {
        let written = to_directory(context, org, invoice, &wanted, directory).await;
        passed += written.map_err(|failure| of_invoice(failure, invoice, meant.len()))?;
    }
    wanted.explain(context, org, &meant, passed).await
}

/// The invoices that were named, each once, with the statuses asked for; those of a period with the
/// oldest first.
async fn meant(context: &Context, org: &Org, args: &ItemsArgs) -> Result<Vec<Meant>, Failure> {
    let mut all = Vec::new();
    for which in args.which() {
        let period = match which {
            Which::Period(period) => period.resolve(context.today)?,
            Which::Invoice(invoice) => {
                let found = invoices::find(context, org, &invoice).await?;
                let row = found.summary.as_ref().map(InvoiceRow::from);
                all.push(Meant { id: found.id, row });
                continue;
            }
        };
        context
            .voice
            .note(&format!("Period: {}", shown_period(period, context.today)));
        let list = invoices::listed(org, period, &args.statuses.status).await?;
        all.extend(
            list.iter()
                .map(Meant::listed)
                .collect::<Result<Vec<_>, _>>()?,
        );
    }
    let mut seen = BTreeSet::new();
    all.retain(|meant| seen.insert(meant.id));
    Ok(all)
}

/// All invoices one after the other into one output.
async fn to_sink(
    context: &Context,
    org: &Org,
    meant: &[Meant],
    wanted: &Wanted<'_>,
    mut out: Sink,
) -> Result<(), Failure> {
    let format = context.style.format;
    if format == Format::RawCsv && meant.len() > 1 {
        return Err(Failure::usage(format!(
            "raw CSV of {} cannot go into one stream; use --output-dir",
            counted(meant.len(), "invoice")
        )));
    }
    if format.is_raw() {
        for invoice in meant {
            let written = invoices::raw(format, org, invoice.id, &mut out).await;
            written.map_err(|failure| of_invoice(failure, invoice, meant.len()))?;
            if meant.len() > 1 {
                writeln!(out)?;
            }
        }
        return Ok(out.finish()?);
    }
    let columns = item_columns();
    let mut records = context.style.records(&columns, out)?;
    let mut last = InvoiceRow::default();
    for invoice in meant {
        let written = items(context, org, invoice, wanted, &mut records).await;
        last = written.map_err(|failure| of_invoice(failure, invoice, meant.len()))?;
    }
    wanted
        .explain(context, org, meant, records.written())
        .await?;
    let mut out = records.end()?;
    let scope = last.scope(org.id(), wanted.linked, scope::Basis::LineItems);
    context.style.notes(&scope, &mut out)?;
    Ok(out.finish()?)
}

/// One invoice into a file of its own, which is whole or absent. Returns how many line items it has.
async fn to_directory(
    context: &Context,
    org: &Org,
    meant: &Meant,
    wanted: &Wanted<'_>,
    directory: &Path,
) -> Result<u64, Failure> {
    let format = match context.style.format {
        // A table is for reading; a directory is for loading.
        Format::Table => Format::Jsonl,
        format => format,
    };
    let mut file = Sink::begin_in(directory)?;
    let mut month = meant.row.as_ref().and_then(InvoiceRow::month);
    let mut passed = 0;
    if format.is_raw() {
        invoices::raw(format, org, meant.id, &mut file).await?;
    } else {
        let columns = item_columns();
        let mut records = Style {
            format,
            ..context.style
        }
        .records(&columns, file)?;
        let row = items(context, org, meant, wanted, &mut records).await?;
        month = month.or(row.month());
        passed = records.written();
        file = records.end()?;
    }
    let period = month.map_or("unknown".to_owned(), |month| month.to_string());
    let place = directory.join(format!("period={period}"));
    let path = place.join(format!("{}.{}", meant.id, format.extension()));
    let is_new = !place.exists();
    fs::create_dir_all(&place).map_err(|error| Failure::directory(&place, &error))?;
    if let Err(error) = file.finish_as(&path) {
        if is_new {
            // Unless somebody else has put something there.
            let _ = fs::remove_dir(&place);
        }
        return Err(error.into());
    }
    context.voice.note(&format!("Wrote {}", path.display()));
    Ok(passed)
}

/// Writes the line items of one invoice, and returns what it is.
async fn items(
    context: &Context,
    org: &Org,
    meant: &Meant,
    wanted: &Wanted<'_>,
    records: &mut Records<'_, ItemRow, Sink>,
) -> Result<InvoiceRow, Failure> {
    let Wanted { linked, filter, .. } = wanted;
    let linked = *linked;
    let request = org.invoice(meant.id).linked_items(linked != Linked::Omit);
    let mut items = request.line_items().await?;
    let (mut index, before) = (0_u64, records.written());
    let mut owners = Owners::default();
    let mut invoice: Option<Arc<Invoice>> =
        meant.row.as_ref().map(|row| row.invoice.clone().into());
    while let Some(item) = items.next().await {
        let item = item?;
        index += 1;
        if index % PROGRESS == 0 {
            context.voice.progress(&format!(
                "Invoice {}: {} line items",
                meant.id,
                count(index)
            ));
        }
        let linked_invoice = items.linked_invoice().cloned();
        if linked == Linked::Only && linked_invoice.is_none() || !filter.passes(&item) {
            continue;
        }
        let invoice = invoice.get_or_insert_with(|| {
            let mut invoice = items.partial_head();
            invoice.id.get_or_insert_with(|| meant.id.to_string());
            invoice.org_id.get_or_insert_with(|| org.id().to_string());
            invoice.into()
        });
        let linked_org = match &linked_invoice {
            Some(linked) => {
                let month = InvoiceRow::month_of(invoice);
                owners.of(&context.voice, org, month, linked).await
            }
            None => None,
        };
        let row = ItemRow {
            invoice: invoice.clone(),
            index: index - 1,
            linked: linked_invoice,
            linked_org,
            item,
        };
        records.write(&row)?;
    }
    let row = InvoiceRow {
        invoice: items.head().cloned().unwrap_or_default(),
        items: None,
    };
    invoices::note_omitted(context, &row.invoice, linked);
    if let Some(statement) = items.ended_statement().filter(|_| filter.is_empty()) {
        warn_unreconciled(context, &statement);
    }
    let written = records.written() - before;
    let written = match filter.is_empty() {
        true => counted(written, "line item"),
        false => format!("{} of {}", count(written), counted(index, "line item")),
    };
    let (id, period) = (meant.id, row.period());
    context
        .voice
        .note(&format!("Invoice {id}, {period}: {written}"));
    Ok(row)
}

/// Says which of several invoices a failure is about.
fn of_invoice(failure: Failure, meant: &Meant, of: usize) -> Failure {
    match of {
        ..=1 => failure,
        _ => failure.about(format_args!("invoice {}", meant.id)),
    }
}
