//! `invoices show`: an invoice's figures, or its items in groups.

use std::io::Write;

use atlas_billing::Org;

use super::find::{self, Found};
use super::read::{self, Summed};
use super::{groups, summary};
use crate::args::{Format, ShowArgs, checked};
use crate::connect::connect;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Column, Records, Sink};
use crate::records::invoice::Detail;
use crate::records::{group, invoice};

/// The most of a raw answer that is held before it is written: an envelope must come off, and an
/// answer that is cut must leave nothing.
const MAX_RAW: u64 = 2 << 30;

pub(super) async fn run(context: &Context, args: &ShowArgs) -> Result<(), Failure> {
    checked(&args.by).map_err(Failure::usage)?;
    if context.form().is_raw() && !args.by.is_empty() {
        return Err(Failure::usage(
            "--by groups items here, so that there are no bytes of the service's to show: leave \
             out --by, or use another form.",
        ));
    }
    let connection = connect(context).await?;
    let mut sink = context.sink()?;
    let found = find::one(context, &connection.org, args.which()).await?;
    if context.form().is_raw() {
        raw(context.form(), &connection.org, &found, &mut sink).await?;
        return sink.finish();
    }
    let summed = read::summed(context, &connection.org, &found, &args.by, args.linked).await?;
    context
        .voice
        .note(&format!("Period: {}", summed.row.period()));
    match args.by.is_empty() {
        true => figures(context, summed, sink),
        false => in_groups(context, args, summed, sink),
    }
}

/// An invoice's own bytes.
pub(super) async fn raw(
    form: Format,
    org: &Org,
    found: &Found,
    sink: &mut impl Write,
) -> Result<(), Failure> {
    let request = org.invoice(found.id).max_body(MAX_RAW);
    if form == Format::RawCsv {
        let mut file = request.csv().await?;
        while let Some(bytes) = file.next().await {
            sink.write_all(&bytes?)?;
        }
    } else {
        sink.write_all(&request.bytes().await?.1)?;
    }
    Ok(())
}

fn figures(context: &Context, summed: Summed, mut sink: Sink) -> Result<(), Failure> {
    let Summed {
        mut row,
        head,
        totals,
    } = summed;
    let total = totals.total();
    row.detail = Some(Detail {
        items: total.count,
        items_gross: total.gross,
        items_discount: total.discount,
        owed: head.owed_as_documented(),
        payments: head.payments.clone().unwrap_or_default(),
        refunds: head.refunds.clone().unwrap_or_default(),
    });
    match context.form() {
        Format::Table | Format::Markdown => {
            context.draw_into(&mut sink, &summary::layouts(&row))?;
        }
        form => sink = write(form, context, &invoice::columns(), &[row], sink)?,
    }
    sink.finish()
}

fn in_groups(
    context: &Context,
    args: &ShowArgs,
    summed: Summed,
    mut sink: Sink,
) -> Result<(), Failure> {
    let whole = summed.totals.total();
    let id = summed.row.id.as_deref();
    let rows = groups::rows(summed.totals.into_groups(), whole, args.top, id);
    match context.form() {
        Format::Table | Format::Markdown => {
            let by: Vec<String> = args.by.iter().map(ToString::to_string).collect();
            let title = format!("{} by {}", summary::title(&summed.row), by.join(" and "));
            let mut layout = groups::layout(title, &rows, &args.by, whole);
            layout.notes.extend(read::to_date_note(&summed.row));
            context.draw_into(&mut sink, &[layout])?;
        }
        form => sink = write(form, context, &group::columns(&args.by), &rows, sink)?,
    }
    sink.finish()
}

/// Writes records of one kind.
pub(super) fn write<R>(
    form: Format,
    context: &Context,
    columns: &[Column<R>],
    rows: &[R],
    sink: Sink,
) -> Result<Sink, Failure> {
    let mut records = Records::begin(form, columns, context.paper, sink)?;
    for row in rows {
        records.write(row)?;
    }
    Ok(records.end()?)
}
