//! `invoices list`, and what the commands on invoices share: finding them, reading them, their figures.

use std::io::Write;

use atlas_billing::money::Owed;
use atlas_billing::totals::ItemFilter;
use atlas_billing::{
    Cents, Decimal, FoundInvoice, Invoice, InvoiceId, InvoiceStatus, InvoiceSummary, Month, Months,
    Org, OrgId, Payment, PaymentStatus, Refund,
};

use super::reconcile::capitalized;
use super::{Context, scope};
use crate::args::values::{Invoice as Which, shown_period};
use crate::args::{Linked, ListArgs};
use crate::connect::connect;
use crate::failure::{Failure, exit};
use crate::output::{Format, Heading, Layout, Row, columns};
use crate::records::{InvoiceRow, invoice_columns};
use crate::text;

/// The largest raw response that is held before it is written: an envelope must come off, and a
/// truncated response must leave nothing.
const MAX_RAW: u64 = 2 << 30;

/// What the stated figures of an invoice are to each other.
const STATED: &str = "By the documented rule billed is before tax, and paid with it. Credits have the sign of the \
                      service; `invoices reconcile` tests how they are applied.";

pub(super) async fn list(context: &Context, args: &ListArgs) -> Result<(), Failure> {
    let period = args
        .period
        .map(|period| period.resolve(context.today))
        .transpose()?;
    let connection = connect(context).await?;
    let out = context.sink()?;
    let shown = period.map(|period| shown_period(period, context.today));
    if let Some(period) = &shown {
        context.voice.note(&format!("Period: {period}"));
    }
    let org = connection.org(context).await?;
    let mut request = org
        .invoices()
        .statuses(args.statuses.status.iter().cloned());
    if let Some(period) = period {
        request = request.period(period);
    }
    let rows: Vec<InvoiceRow> = request.await?.iter().map(InvoiceRow::from).collect();
    let title = shown.map_or("Invoices".to_owned(), |period| format!("Invoices {period}"));
    context.style.write(out, &invoice_columns(), &rows, || {
        let mut layout = list_layout(title, &rows);
        let alone = scope::whose(org.id(), Linked::Omit, &[]);
        let scope = scope::lines(&alone, scope::Through::Unknown, scope::Basis::Invoice);
        layout.notes.extend(scope);
        Ok(vec![layout])
    })
}

pub(super) fn list_layout(title: String, rows: &[InvoiceRow]) -> Layout {
    let mut columns = invoice_columns();
    // For a reader the period is one thing.
    columns.splice(
        0..5,
        columns! { InvoiceRow:
            "id" Text ("id") = |r| r.invoice.id.as_deref(), "";
            "period" Text ("period") = |r| r.period(), "";
            "status" Text ("status") = |r| r.status(), "";
        },
    );
    let mut layout = Layout::of(&columns, rows);
    layout.title = Some(title);
    layout.notes.push(match rows.is_empty() {
        true => "No invoices.".to_owned(),
        false => STATED.to_owned(),
    });
    layout
        .notes
        .extend(rows.iter().filter_map(InvoiceRow::waived_note));
    layout
}

impl InvoiceRow {
    /// The organization that it is of, where that is another one than `payer`.
    pub(super) fn linked_org(&self, payer: &OrgId) -> Option<OrgId> {
        let id = self.invoice.org_id.as_deref()?.parse().ok();
        id.filter(|id| id != payer)
    }
}

/// The invoice meant. One given by its id costs no request here.
pub(super) async fn find(
    context: &Context,
    org: &Org,
    which: &Which,
) -> Result<FoundInvoice, Failure> {
    let last_month = Month::of(context.today).prev();
    let (request, month) = match which {
        Which::Current => (org.current_invoice(), None),
        Which::Last => (org.last_invoice(), None),
        Which::LastMonth => (org.invoice_of(last_month), Some(last_month)),
        Which::Of(month) => (org.invoice_of(*month), Some(*month)),
        Which::Id(id) => (org.invoice(*id), None),
    };
    let found = match request.find().await {
        Err(error) if error.is_not_found() => {
            return Err(not_found(error.message(), org, month.map(Into::into)).await);
        }
        found => found?,
    };
    for other in &found.passed_over {
        let other = InvoiceRow::from(other).named();
        context
            .voice
            .note(&format!("note: another invoice could be meant: {other}"));
    }
    Ok(found)
}

/// Not found, with the nearest invoices before and after the months meant, or the newest one.
pub(super) async fn not_found(what: &str, org: &Org, months: Option<Months>) -> Failure {
    let failure = Failure::new(exit::NOT_FOUND, what);
    // What cannot be told is no failure of its own.
    let Ok(list) = org.invoices().await else {
        return failure;
    };
    let rows: Vec<InvoiceRow> = list.iter().map(InvoiceRow::from).collect();
    let dated = || rows.iter().filter_map(|row| Some((row.month()?, row)));
    let newest = dated().max_by_key(|(month, _)| *month);
    let near = |side: &str, row: Option<(Month, &InvoiceRow)>| match row {
        Some((_, row)) => format!("the nearest {side}: {}", row.named()),
        None => format!("none {side}"),
    };
    match (newest, months) {
        (None, _) if rows.is_empty() => failure.with_help("the organization has no invoices"),
        (None, _) => failure,
        (Some((_, newest)), None) => failure.with_help(format!("the newest: {}", newest.named())),
        (Some(_), Some(months)) => {
            let before = dated().filter(|(month, _)| *month < months.first());
            let after = dated().filter(|(month, _)| *month > months.last_month());
            failure
                .with_help(near("before", before.max_by_key(|(month, _)| *month)))
                .with_help(near("after", after.min_by_key(|(month, _)| *month)))
        }
    }
}

/// The body of an invoice as received.
pub(super) async fn raw(
    format: Format,
    org: &Org,
    id: InvoiceId,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let request = org.invoice(id).max_body(MAX_RAW);
    if format == Format::RawCsv {
        let mut file = request.csv().await?;
        while let Some(bytes) = file.next().await {
            out.write_all(&bytes?)?;
        }
    } else {
        out.write_all(&request.bytes().await?.1)?;
    }
    Ok(())
}

/// The invoices of some months with one of these statuses, or any; the oldest first.
pub(super) async fn listed(
    org: &Org,
    months: Months,
    statuses: &[InvoiceStatus],
) -> Result<Vec<InvoiceSummary>, Failure> {
    let statuses = statuses.iter().cloned();
    let mut list = org.invoices().period(months).statuses(statuses).await?;
    if list.is_empty() {
        let what = format!("there is no such invoice in {months}");
        return Err(not_found(&what, org, Some(months)).await);
    }
    list.sort_by_key(|summary| summary.start_date);
    Ok(list)
}

/// Says which line items are meant, if not all.
pub(super) fn tell_filter(context: &Context, filter: &ItemFilter) {
    if !filter.is_empty() {
        context.voice.note(&format!("Filter: {filter}"));
    }
}

/// A note below sums that are not of all line items.
pub(super) fn filter_note(filter: &ItemFilter) -> Option<String> {
    let note = || {
        format!(
            "Filter: {filter}. The sums are those of the line items that pass it, not the invoice's."
        )
    };
    (!filter.is_empty()).then(note)
}

/// A note on the months that have none of the invoices.
pub(super) fn missing_note(months: Months, invoices: &[InvoiceRow]) -> Option<String> {
    let has = |month: &Month| invoices.iter().any(|it| it.month() == Some(*month));
    let missing = months.iter().filter(|month| !has(month));
    let missing: Vec<String> = missing.map(|month| month.to_string()).collect();
    let note = || format!("There is no invoice for {}.", missing.join(", "));
    (!missing.is_empty()).then(note)
}

/// Says once that there are linked invoices whose items are omitted.
pub(super) fn note_omitted(context: &Context, invoice: &Invoice, linked: Linked) {
    if linked == Linked::Omit && !invoice.linked_invoices.is_empty() {
        context
            .voice
            .once("note: line items of linked invoices are omitted; --linked include adds them");
    }
}

/// The figures of an invoice, then its payments and refunds if there are any.
pub(super) fn layouts(row: &InvoiceRow, filter: &ItemFilter, payer: &OrgId) -> Vec<Layout> {
    let Invoice {
        payments: paid,
        refunds: back,
        ..
    } = &row.invoice;
    let mut layouts = vec![figures(row, filter, payer)];
    layouts.extend((!paid.is_empty()).then(|| payments(paid)));
    layouts.extend((!back.is_empty()).then(|| refunds(back)));
    layouts
}

pub(super) fn figures(row: &InvoiceRow, filter: &ItemFilter, payer: &OrgId) -> Layout {
    let headings = vec![Heading::left(""), Heading::right("")];
    let title = match row.linked_org(payer) {
        None => format!("Invoice {}", row.named()),
        Some(org) => format!("Linked invoice {}, organization {org}", row.named()),
    };
    let mut layout = Layout::titled(title, headings);
    let money =
        |cents: Option<Cents>| cents.map_or(String::new(), |cents| text::cents(cents.get()));
    let (invoice, items) = (&row.invoice, row.items.unwrap_or_default());
    let those = match filter.is_empty() {
        true => "line items",
        false => "filtered line items",
    };
    let (before, discounts, after) = (
        format!("{those}, gross"),
        format!("discounts of {those}"),
        format!("{those}, net"),
    );
    let mut rows = vec![
        ("subtotal", money(invoice.subtotal_cents)),
        ("credits", money(invoice.credits_cents)),
        ("amount billed", money(invoice.amount_billed_cents)),
        ("sales tax", money(invoice.sales_tax_cents)),
        ("starting balance", money(invoice.starting_balance_cents)),
        ("amount paid", money(invoice.amount_paid_cents)),
        (those, text::count(items.count)),
        (&before, text::cents(items.gross.get())),
        (&discounts, text::cents(items.discount.get())),
        (&after, text::cents(items.net().get())),
    ];
    let due;
    if let Some(owed) = Owed::of(invoice) {
        // The rule gives hundredths, fractions of them included.
        let units = owed
            .owed
            .checked_div(Decimal::ONE_HUNDRED)
            .map(text::decimal);
        let name = match owed.currency {
            Some(code) => format!("amount due in {code}"),
            None => "amount due".to_owned(),
        };
        due = format!("{name}{}", row.waived_mark());
        rows.push((&due, units.unwrap_or_default()));
        layout.notes.push(format!(
            "{}, by the documented rule: for each payment its amount billed times its \
             unit price, plus its sales tax, less the starting balance.",
            capitalized(&name).trim_end_matches('.')
        ));
    }
    layout.notes.push(STATED.to_owned());
    layout.notes.extend(row.waived_note());
    layout.rows.extend(
        rows.into_iter()
            .map(|(name, figure)| Row::new([name.to_owned(), figure])),
    );
    layout.notes.extend(filter_note(filter));
    layout.notes.extend(row.to_date_note());
    layout
}

fn payments(payments: &[Payment]) -> Layout {
    let columns = columns! { Payment:
        "payment" Text ("payment") = |p| p.id.as_deref(), "";
        "status" Text ("status") = |p| p.status_name.as_ref().map(PaymentStatus::as_str), "";
        "created" Day ("created") = |p| p.created.map(|moment| moment.date_naive()), "";
        "currency" Text ("currency") = |p| p.currency.as_deref(), "";
        "subtotal" Cents ("subtotal") = |p| p.subtotal_cents, "";
        "tax" Cents ("tax") = |p| p.sales_tax_cents, "";
        "billed" Cents ("billed") = |p| p.amount_billed_cents, "";
        "paid" Cents ("paid") = |p| p.amount_paid_cents, "";
    };
    Layout {
        title: Some("Payments".to_owned()),
        ..Layout::of(&columns, payments)
    }
}

fn refunds(refunds: &[Refund]) -> Layout {
    let columns = columns! { Refund:
        "payment" Text ("refund of payment") = |r| r.payment_id.as_deref(), "";
        "created" Day ("created") = |r| r.created.map(|moment| moment.date_naive()), "";
        "reason" Text ("reason") = |r| r.reason.as_deref(), "";
        "amount" Cents ("amount") = |r| r.amount_cents, "";
    };
    Layout {
        title: Some("Refunds".to_owned()),
        ..Layout::of(&columns, refunds)
    }
}
