//! `invoices items`: the line items of invoices as they arrive, in bounded memory.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use atlas_billing::raw::enums::InvoiceStatus;
use atlas_billing::{InvoiceHead, Month, Org};

use super::find::{self, Found};
use super::{invoices_show, read};
use crate::args::{Format, ItemsArgs, Linked, Which, shown_period};
use crate::connect::connect;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Column, Records, Sink, WholeFile, amount};
use crate::records::invoice::InvoiceRow;
use crate::records::line_item::{ItemRow, columns};

pub(super) async fn run(context: &Context, args: &ItemsArgs) -> Result<(), Failure> {
    let connection = connect(context).await?;
    let org = &connection.org;
    match &args.output_dir {
        Some(directory) => {
            let directory = directory.as_path();
            std::fs::create_dir_all(directory)
                .map_err(|error| Failure::directory(directory, &error))?;
            // Before anything is asked, here too.
            drop(WholeFile::begin_in(directory)?);
            let found = wanted(context, org, args).await?;
            for invoice in &found {
                let written = to_directory(context, org, invoice, args.linked, directory).await;
                written.map_err(|failure| of_invoice(failure, invoice, found.len()))?;
            }
            Ok(())
        }
        None => {
            // Before anything is asked: a file that cannot be written is better known now.
            let sink = context.sink()?;
            let found = wanted(context, org, args).await?;
            to_sink(context, org, &found, args.linked, sink).await
        }
    }
}

/// The invoices that were named, each once, with the statuses asked for.
async fn wanted(context: &Context, org: &Org, args: &ItemsArgs) -> Result<Vec<Found>, Failure> {
    let mut all = Vec::new();
    for which in args.which() {
        match which {
            Which::Invoice(invoice) => all.push(find::one(context, org, &invoice).await?),
            Which::Period(period) => {
                let months = period.resolve(context.today)?;
                let shown = shown_period(months, context.today);
                context.voice.note(&format!("Period: {shown}"));
                all.extend(find::of_period(org, months).await?);
            }
        }
    }
    let mut seen = BTreeSet::new();
    all.retain(|found| seen.insert(found.id));
    let before = all.len();
    all.retain(|found| has_status(&found.row, &args.statuses.status));
    if all.len() < before {
        let left_out = before - all.len();
        context.voice.note(&format!(
            "{left_out} of {before} invoices have another status."
        ));
    }
    Ok(all)
}

fn has_status(row: &InvoiceRow, statuses: &[InvoiceStatus]) -> bool {
    statuses.is_empty()
        || row
            .status
            .as_ref()
            .is_some_and(|status| statuses.contains(status))
}

/// All invoices one after the other into one output.
async fn to_sink(
    context: &Context,
    org: &Org,
    found: &[Found],
    linked: Linked,
    mut sink: Sink,
) -> Result<(), Failure> {
    let form = context.form();
    if form == Format::RawCsv && found.len() > 1 {
        return Err(Failure::usage(format!(
            "{} invoices are as many CSV files, which cannot follow each other: give --output-dir \
             DIR, or name one invoice.",
            found.len()
        )));
    }
    if form.is_raw() {
        for invoice in found {
            let written = invoices_show::raw(form, org, invoice, &mut sink).await;
            written.map_err(|failure| of_invoice(failure, invoice, found.len()))?;
            if found.len() > 1 {
                writeln!(sink)?;
            }
        }
        return sink.finish();
    }
    let columns = columns();
    let mut records = Records::begin(form, &columns, context.paper, sink)?;
    for invoice in found {
        let written = items(context, org, invoice, linked, &mut records).await;
        written.map_err(|failure| of_invoice(failure, invoice, found.len()))?;
    }
    records.end()?.finish()
}

/// One invoice into a file of its own, which is whole or absent.
async fn to_directory(
    context: &Context,
    org: &Org,
    found: &Found,
    linked: Linked,
    directory: &Path,
) -> Result<(), Failure> {
    let form = match context.form() {
        // A table is for reading; a directory is for loading.
        Format::Table => Format::Jsonl,
        form => form,
    };
    let name = format!("{}.{}", found.id, form.extension());
    let mut file = WholeFile::begin_in(directory)?;
    let mut month = found.row.month();
    if form.is_raw() {
        invoices_show::raw(form, org, found, &mut file).await?;
    } else {
        let columns: Vec<Column<ItemRow>> = columns();
        let mut records = Records::begin(form, &columns, context.paper, file)?;
        let head = items(context, org, found, linked, &mut records).await?;
        month = month.or(head.start_date.map(|start| Month::of(start.date_naive())));
        file = records.end()?;
    }
    let period = month.map_or("unknown".to_owned(), |month| month.to_string());
    let place = directory.join(format!("period={period}"));
    let path = place.join(&name);
    let is_new = !place.exists();
    std::fs::create_dir_all(&place).map_err(|error| Failure::directory(&place, &error))?;
    if let Err(error) = file.finish_as(&path) {
        if is_new {
            // Unless somebody else has put something there.
            let _ = std::fs::remove_dir(&place);
        }
        return Err(error.into());
    }
    context.voice.note(&format!("Wrote {}", path.display()));
    Ok(())
}

/// Writes the items of one invoice, and gives its head back.
async fn items<W: Write>(
    context: &Context,
    org: &Org,
    found: &Found,
    linked: Linked,
    records: &mut Records<'_, ItemRow, W>,
) -> Result<InvoiceHead, Failure> {
    let invoice = Arc::new(found.row.clone());
    let request = org.invoice(found.id).linked_items(linked != Linked::Omit);
    let mut items = request.line_items().await?;
    let (mut index, before) = (0, records.written());
    while let Some(item) = items.next().await {
        let item = item?;
        let position = index;
        index += 1;
        if !read::wanted(&item, linked) {
            continue;
        }
        let linked = item.linked().cloned();
        records.write(&ItemRow {
            invoice: invoice.clone(),
            index: position,
            linked: linked.is_some(),
            linked_invoice: linked.and_then(|linked| linked.id().map(str::to_owned)),
            item: item.into_raw(),
        })?;
    }
    let head = items.head().cloned().unwrap_or_default();
    read::say_left_out(context, &head, linked);
    let count = amount::count(records.written() - before);
    let period = InvoiceRow::from(&*head).period();
    context
        .voice
        .note(&format!("Invoice {}, {period}: {count} items", found.id));
    Ok(head)
}

/// Says which of several invoices a failure is about.
fn of_invoice(failure: Failure, found: &Found, of: usize) -> Failure {
    match failure {
        Failure::Said { exit, message } if of > 1 => {
            Failure::new(exit, format!("invoice {}: {message}", found.id))
        }
        failure => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn a_status_that_is_not_said_is_none_that_was_asked_for() {
        let paid = InvoiceRow {
            status: Some(InvoiceStatus::Paid),
            ..InvoiceRow::default()
        };
        assert!(has_status(&paid, &[]));
        assert!(has_status(
            &paid,
            &[InvoiceStatus::Closed, InvoiceStatus::Paid]
        ));
        assert!(!has_status(&paid, &[InvoiceStatus::Closed]));
        assert!(!has_status(&InvoiceRow::default(), &[InvoiceStatus::Paid]));
    }

    #[test]
    fn of_several_invoices_the_failing_one_is_named() {
        let id = "64b7f0a1c2d3e4f506172839".parse().unwrap();
        let found = Found {
            id,
            row: InvoiceRow::default(),
        };
        let failure = || Failure::new(Exit::Service, "it failed");
        let named = of_invoice(failure(), &found, 2);
        let expected = Failure::new(Exit::Service, format!("invoice {id}: it failed"));
        assert_eq!(named, expected);
        assert_eq!(of_invoice(failure(), &found, 1), failure());
    }
}
