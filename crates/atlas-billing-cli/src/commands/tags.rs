//! `invoices tags`: the keys of tags, with what each covers of the cost.

use std::cmp::Reverse;

use atlas_billing::InvoiceId;
use atlas_billing::money::{TagKey, TagTotals};
use atlas_billing::totals::Total;

use super::{Context, invoices, nothing, read, scope};
use crate::args::TagsArgs;
use crate::args::values::{Which, shown_period};
use crate::connect::connect;
use crate::failure::Failure;
use crate::output::{Column, Layout, columns};
use crate::records::InvoiceRow;
use crate::text;

/// A tag key; without one what carries none.
pub(super) struct TagRow {
    key: Option<String>,
    total: Total,
    values: Option<u64>,
    coverage: Option<f64>,
}

pub(super) async fn run(context: &Context, args: &TagsArgs) -> Result<(), Failure> {
    let months = match &args.invoice {
        Which::Period(period) => Some(period.resolve(context.today)?),
        Which::Invoice(_) => None,
    };
    let connection = connect(context).await?;
    let out = context.sink()?;
    let org = &connection.org(context).await?;
    let filter = args.filters.filter();
    invoices::tell_filter(context, &filter);
    let linked = args.linked.how(&[]);
    let (mut tags, mut notes, mut whose) = (TagTotals::new(), Vec::new(), Vec::new());
    // With a mark where it still grows, for a reader, and without.
    let (ids, mut period): (Vec<InvoiceId>, Option<(String, String)>) =
        match (&args.invoice, months) {
            (_, Some(months)) => {
                let listed = invoices::listed(org, months, &[]).await?;
                let ids = listed.iter().map(TryInto::try_into);
                let ids = ids.collect::<Result<_, atlas_billing::Error>>()?;
                let shown = shown_period(months, context.today);
                (ids, Some((shown, months.to_string())))
            }
            (Which::Invoice(invoice), None) => {
                (vec![invoices::find(context, org, invoice).await?.id], None)
            }
            (Which::Period(_), None) => (Vec::new(), None),
        };
    for id in ids.iter().copied() {
        let row = read::tags(context, org, id, (&filter, linked), &mut tags).await?;
        period.get_or_insert_with(|| (row.period(), row.period_plain()));
        notes.extend(row.to_date_note());
        whose = row.scope(org.id(), linked, scope::Basis::LineItems).into();
    }
    notes.append(&mut whose);
    let (period, plain) = period.unwrap_or_default();
    context.voice.note(&format!("Period: {period}"));
    let asked = nothing::Asked {
        invoices: &ids,
        linked,
        filters: &args.filters,
        by: &[],
    };
    nothing::explain(context, org, asked, tags.total().count, []).await?;
    let rows = rows(&tags);
    context.style.write(out, &columns(plain), &rows, || {
        let mut layout = layout(&period, &rows, &tags);
        layout.notes.extend(invoices::filter_note(&filter));
        layout.notes.append(&mut notes);
        Ok(vec![layout])
    })
}

/// What `invoices tags` shows of an invoice that was read before; of the keys beyond `top` how many
/// there are.
pub(super) fn table(invoice: &InvoiceRow, tags: &TagTotals, top: usize) -> Layout {
    let mut rows = rows(tags);
    // The last row is no key.
    let keys = rows.len() - 1;
    let rest = rows.drain(keys.min(top)..keys).count();
    let mut layout = layout(&invoice.period(), &rows, tags);
    if rest > 0 {
        let rest = text::counted(rest, "key");
        layout.notes.push(format!("Not listed: {rest} more."));
    }
    layout.notes.extend(invoice.to_date_note());
    layout
}

/// A part of the cost, of what it is a part, and its share, for a note: prices above zero, since credits
/// carry no tags.
pub(super) fn part_of_cost(part: &Total, whole: &Total) -> String {
    let share = text::share(part.positive.get() as f64, whole.positive.get() as f64);
    format!("{}, {share}", amounts_of_cost(part, whole))
}

/// The amounts of [`part_of_cost`].
pub(super) fn amounts_of_cost(part: &Total, whole: &Total) -> String {
    let [part, whole] = [part, whole].map(|total| text::cents(total.positive.get()));
    format!("{part} of {whole} of prices above zero")
}

fn layout(period: &str, rows: &[TagRow], tags: &TagTotals) -> Layout {
    let mut shown = columns! { TagRow:
        "key" Text ("key") = |r| r.key.as_deref().unwrap_or("(no tags)"), "";
    };
    shown.extend(columns(String::new()));
    let mut layout = Layout::of(&shown, rows);
    layout.title = Some(format!("Tag keys of the line items of {period}"));
    layout.notes.push(
        "Cost is the sum of prices, before tax. Coverage is the part of all prices above zero: an item with \
         several keys counts for each."
            .to_owned(),
    );
    let untagged = part_of_cost(&tags.untagged(), &tags.total());
    let note =
        format!("Without tags: {untagged}; credits, which carry none, are in the cost alone.");
    layout.notes.push(note);
    layout
}

/// The keys with the largest cost first, then what carries none.
fn rows(tags: &TagTotals) -> Vec<TagRow> {
    let row = |TagKey {
                   key, total, values, ..
               }| TagRow {
        key: Some(key),
        coverage: tags.coverage(&total),
        total,
        values: Some(values),
    };
    let mut rows: Vec<TagRow> = tags.keys().into_iter().map(row).collect();
    rows.sort_by_key(|row| Reverse(row.total.gross));
    let untagged = tags.untagged();
    rows.push(TagRow {
        key: None,
        coverage: tags.coverage(&untagged),
        total: untagged,
        values: None,
    });
    rows
}

/// Describes the record of a key.
pub(super) fn columns(period: String) -> Vec<Column<TagRow>> {
    columns! { TagRow:
        "period" Text always = |_| period.clone(), "The period whose line items were read.";
        "kind" Text always = |r| if r.key.is_some() { "key" } else { "untagged" },
            "key, or untagged: the items that carry no key at all.";
        "key" Text = |r| r.key.as_deref(), "The key of the tag; null where the items carry none.";
        "gross_cents" Cents always ("cost") = |r| r.total.gross,
            "The sum of the prices of the items that carry the key; an item with several keys counts for \
             each of them.";
        "discount_cents" Cents always = |r| r.total.discount, "The discounts of these items.";
        "coverage" Share ("coverage") = |r| r.coverage,
            "The part of the cost that carries the key, 0.25 for a quarter: of all prices above zero, since \
             credits carry no tags.";
        "untagged_share" Share ("cost without this key") = |r| r.key.as_ref().and(r.coverage).map(|part| 1.0 - part),
            "The part of the cost that does not carry the key.";
        "items" Integer always ("items") = |r| r.total.count, "How many items carry the key.";
        "values" Integer ("values") = |r| r.values,
            "How many different values the key has; a tag without a value counts as none.";
    }
}
