//! `invoices reconcile`: from the line items of an invoice to the amounts billed and due.

use atlas_billing::money::{Rounding, RowKind, Statement, StatementRow, Verdict};
use atlas_billing::{Bridge, FocusColumn};

use super::{Context, invoices, scope};
use crate::args::{Linked, ReconcileArgs};
use crate::connect::connect;
use crate::failure::{Failure, exit};
use crate::output::{Column, Format, Heading, Layout, Row, columns};
use crate::records::InvoiceRow;
use crate::text;

pub(super) async fn run(context: &Context, args: &ReconcileArgs) -> Result<(), Failure> {
    let connection = connect(context).await?;
    let out = context.sink()?;
    let org = connection.org(context).await?;
    let found = invoices::find(context, &org, &args.invoice).await?;
    let statement = org.invoice(found.id).line_items().await?;
    let statement = statement.statement().await?;
    let bridge = match args.focus {
        false => None,
        true => {
            let mut report = org.focus_report(found.id);
            if let Some(summary) = found.summary {
                report = report.listed(summary);
            }
            let category = FocusColumn::ChargeCategory.name();
            let totals = report.await?.total_by([category]).await?;
            Some(Bridge::of(&totals, &statement)?)
        }
    };
    match context.style.format {
        Format::Table | Format::Markdown => {
            let mut statement_layout = layout(&statement);
            let row = InvoiceRow::from(&statement);
            let [whose, _] = row.scope(org.id(), Linked::Omit, scope::Basis::Sums);
            statement_layout.notes.push(whose);
            let mut layouts = vec![statement_layout];
            layouts.extend(bridge.as_ref().map(bridge_layout));
            context.style.tables(out, &layouts)?;
        }
        _ => {
            let rows = rows(&statement, bridge.as_ref());
            context
                .style
                .write(out, &row_columns(), &rows, || Ok(Vec::new()))?;
            context.voice.note(&verdict(&statement.verdict));
        }
    }
    let is_reconciled = !matches!(statement.verdict, Verdict::NotReconciled { .. });
    match args.strict && !is_reconciled {
        true => Err(Failure::new(exit::GATE, verdict(&statement.verdict))),
        false => Ok(()),
    }
}

/// Warns where the line items do not lead to what the invoice states.
pub(super) fn warn_unreconciled(context: &Context, statement: &Statement) {
    if matches!(statement.verdict, Verdict::NotReconciled { .. }) {
        let id = statement.invoice_id.as_deref().unwrap_or_default();
        let verdict = verdict(&statement.verdict);
        context.voice.once(&format!(
            "warning: invoice {id} is {verdict}; `invoices reconcile {id}` shows why"
        ));
    }
}

/// The verdict in a sentence.
pub(super) fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Reconciled => "reconciled: the line items lead to what the invoice states".into(),
        Verdict::ReconciledButForRounding { cents, explained } => {
            let how = match explained {
                Rounding::Measured => "which unit price x quantity, unrounded, confirms",
                _ => "which rounding of the items to cents can explain",
            };
            format!("reconciled but for {}, {how}", text::change(cents.get()))
        }
        Verdict::NotReconciled {
            field, difference, ..
        } => format!(
            "not reconciled: {field} is {} beside what the line items come to",
            text::change(difference.get())
        ),
        _ => "the invoice states neither a subtotal nor an amount billed".into(),
    }
}

pub(super) fn layout(statement: &Statement) -> Layout {
    let period = InvoiceRow::period_of(statement.start_date, statement.end_date);
    let status = statement
        .status
        .as_ref()
        .map_or("", |status| status.as_str());
    let title = format!(
        "Statement of invoice {}, {period}, {status}: in its pricing currency, own line items alone",
        statement.invoice_id.as_deref().unwrap_or_default()
    );
    let headings = vec![
        Heading::left("figure"),
        Heading::right("amount"),
        Heading::left("field"),
        Heading::right("stated less computed"),
    ];
    let mut layout = Layout::titled(title, headings);
    let waived = InvoiceRow::from(statement).waived_mark();
    layout.rows.extend(statement.rows.iter().map(|row| {
        let is_due = matches!(row.label, "Amount due" | "Outstanding");
        let mark = if is_due { waived } else { "" };
        Row::new([
            figure(row.kind, &format!("{}{mark}", row.label)),
            text::cents(row.cents.get()),
            row.field.unwrap_or_default().to_owned(),
            row.difference
                .map_or(String::new(), |it| text::change(it.get())),
        ])
    }));
    layout.notes.push(capitalized(&verdict(&statement.verdict)));
    if let Verdict::NotReconciled { groups, .. } = &statement.verdict {
        layout.notes.extend(groups.iter().map(|group| {
            format!(
                "  {}: prices {}, discounts {}",
                group.sku.as_deref().unwrap_or("(no SKU)"),
                text::cents(group.gross.get()),
                text::cents(group.discount.get())
            )
        }));
    }
    let findings = statement.findings.iter();
    layout
        .notes
        .extend(findings.map(|finding| format!("- {}", finding.text)));
    layout
}

fn bridge_layout(bridge: &Bridge) -> Layout {
    let currency = bridge
        .currency
        .as_deref()
        .unwrap_or("the report's currency");
    let title = format!("From the FOCUS report to the amount billed, in {currency}");
    let headings = vec![
        Heading::left("figure"),
        Heading::right("amount"),
        Heading::left("column or field"),
    ];
    let mut layout = Layout::titled(title, headings);
    layout.rows.extend(bridge.rows.iter().map(|row| {
        Row::new([
            figure(row.kind, &row.label),
            text::decimal(row.amount),
            row.field.unwrap_or_default().to_owned(),
        ])
    }));
    let findings = bridge.findings.iter();
    layout
        .notes
        .extend(findings.map(|finding| format!("- {finding}")));
    layout
}

/// Totals stand out, and what is not added up is set apart.
fn figure(kind: RowKind, label: &str) -> String {
    match kind {
        RowKind::Total => format!("= {label}"),
        RowKind::Memo => format!("  ({label})"),
        _ => format!("  {label}"),
    }
}

pub(super) fn capitalized(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// A row of the statement or the bridge, as a record.
struct Recorded<'a> {
    part: &'static str,
    invoice_id: Option<&'a str>,
    kind: RowKind,
    label: &'a str,
    amount_cents: Option<atlas_billing::Cents>,
    amount: Option<atlas_billing::Decimal>,
    currency: Option<&'a str>,
    field: Option<&'static str>,
    difference_cents: Option<atlas_billing::Cents>,
}

fn rows<'a>(statement: &'a Statement, bridge: Option<&'a Bridge>) -> Vec<Recorded<'a>> {
    let invoice_id = statement.invoice_id.as_deref();
    let of_statement = statement.rows.iter().map(|row: &StatementRow| Recorded {
        part: "statement",
        invoice_id,
        kind: row.kind,
        label: row.label,
        amount_cents: Some(row.cents),
        amount: None,
        currency: None,
        field: row.field,
        difference_cents: row.difference,
    });
    let of_bridge = bridge.into_iter().flat_map(|bridge| {
        bridge.rows.iter().map(|row| Recorded {
            part: "focus",
            invoice_id,
            kind: row.kind,
            label: &row.label,
            amount_cents: None,
            amount: Some(row.amount),
            currency: bridge.currency.as_deref(),
            field: row.field,
            difference_cents: None,
        })
    });
    of_statement.chain(of_bridge).collect()
}

fn row_columns<'a>() -> Vec<Column<Recorded<'a>>> {
    columns! { Recorded<'a>:
        "invoice_id" Text = |r| r.invoice_id, "The invoice.";
        "part" Text always = |r| r.part, "The statement, or the bridge from the FOCUS report: focus.";
        "kind" Text always = |r| kind(r.kind),
            "component and difference add up to the next total; a memo is for comparison.";
        "label" Text always = |r| r.label, "What the row is.";
        "amount_cents" Cents = |r| r.amount_cents,
            "Of the statement, in hundredths of the invoice's pricing currency.";
        "amount" Number = |r| r.amount, "Of the bridge, in units of the billing currency.";
        "currency" Text = |r| r.currency, "The billing currency that the FOCUS report names.";
        "field" Text = |r| r.field, "The field of the invoice, or the column of the report.";
        "difference_cents" Change = |r| r.difference_cents,
            "What the invoice states less what was computed.";
    }
}

fn kind(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Component => "component",
        RowKind::Difference => "difference",
        RowKind::Total => "total",
        _ => "memo",
    }
}
