//! `invoices show` of several months, beside each other.

use atlas_billing::money::GroupSeries;
use atlas_billing::totals::{Total, Totals};
use atlas_billing::{Cents, Invoice, Months, OrgId};

use super::group_row::{GroupRow, part};
use super::groups::{Groups, figures, invoice_columns, with_shape};
use super::show::Limited;
use super::{Context, invoices, nothing, read, scope};
use crate::args::values::shown_period;
use crate::args::{Linked, ShowArgs};
use crate::connect::connect;
use crate::failure::Failure;
use crate::output::{Column, Heading, Layout, Row, Sink, columns};
use crate::records::{InvoiceRow, invoice_columns as record_columns};

/// A column a month.
pub(super) async fn run(context: &Context, args: &ShowArgs, months: Months) -> Result<(), Failure> {
    if context.style.format.is_raw() {
        let format = context.style.format.name();
        return Err(Failure::usage(format!(
            "{format} is the response for one invoice, and {months} are several"
        ))
        .with_help(format!(
            "`invoices items {months} -o {format} --output-dir DIR` writes a file each"
        )));
    }
    if args.gate.compares() {
        let message = "a limit of +PERCENT% is for one month: of several only an AMOUNT can be one";
        return Err(Failure::usage(message));
    }
    let connection = connect(context).await?;
    let out = context.sink()?;
    let org = &connection.org(context).await?;
    let listed = invoices::listed(org, months, &[]).await?;
    let period = shown_period(months, context.today);
    context.voice.note(&format!("Period: {period}"));
    let mut groups = Groups::new(context, &args.by, &args.linked, &args.filters, org).await?;
    let (mut ids, mut rows, mut sums) = (Vec::new(), Vec::new(), Vec::new());
    for summary in &listed {
        let id = summary.try_into()?;
        ids.push(id);
        if groups.by.is_empty() {
            rows.extend(read::figures(context, org, id, &groups).await?);
        } else {
            let (row, totals) = read::summed(context, org, id, &groups).await?;
            rows.push(row);
            sums.push(totals);
        }
    }
    let total: Total = rows.iter().filter_map(|row| row.items).sum();
    let keys = sums.iter().flat_map(Totals::groups);
    let keys = keys.map(|group| group.keys.as_slice());
    let asked = groups.asked(&ids, &args.filters);
    nothing::explain(context, org, asked, total.count, keys).await?;
    let last = rows.last().cloned().unwrap_or_default();
    groups.scope = last
        .scope(org.id(), groups.linked, scope::Basis::Sums)
        .into();
    let several = Several {
        months,
        period,
        invoices: rows,
    };
    let limited;
    if groups.by.is_empty() {
        limited = Limited::without_before(&groups, several.period.clone(), &[], total);
        context
            .style
            .write(out, &record_columns(), &several.invoices, || {
                Ok(several.of_each_org(&groups, org.id()))
            })?;
    } else {
        let sums = sums.into_iter().map(|totals| totals.into_groups());
        let rows = GroupSeries::align(sums).into_iter().map(|series| GroupRow {
            total: series.total(),
            keys: series.keys,
            series: series.totals,
            groups: 1,
            ..GroupRow::default()
        });
        let rows: Vec<GroupRow> = rows.collect();
        limited = Limited::without_before(&groups, several.period.clone(), &rows, total);
        several.groups(context, &groups, groups.arranged(rows), out)?;
    }
    args.gate.judge(context, &limited.figures(args.gate.each)?)
}

/// The invoices of several months, the oldest first.
struct Several {
    months: Months,
    period: String,
    invoices: Vec<InvoiceRow>,
}

impl Several {
    /// The figures of each organization, one after the other.
    fn of_each_org(&self, groups: &Groups, payer: &OrgId) -> Vec<Layout> {
        let mut orgs: Vec<Option<OrgId>> = Vec::new();
        for org in self.invoices.iter().map(|row| row.linked_org(payer)) {
            if !orgs.contains(&org) {
                orgs.push(org);
            }
        }
        let of = |org: Option<OrgId>| {
            let invoices = self.invoices.iter();
            let invoices = invoices.filter(|row| row.linked_org(payer) == org);
            let several = Self {
                months: self.months,
                period: self.period.clone(),
                invoices: invoices.cloned().collect(),
            };
            several.figures(groups, payer)
        };
        orgs.into_iter().flat_map(of).collect()
    }

    /// The figures of each invoice in a column, then all payments and refunds.
    fn figures(&self, groups: &Groups, payer: &OrgId) -> Vec<Layout> {
        let all = self.sum();
        let columns = self.invoices.iter().chain([&all]);
        let columns: Vec<Layout> = columns
            .map(|invoice| invoices::figures(invoice, &groups.filter, payer))
            .collect();
        let mut names: Vec<&String> = Vec::new();
        for name in columns.iter().flat_map(|column| &column.rows) {
            if let Some(name) = name.texts.first().filter(|name| !names.contains(name)) {
                names.push(name);
            }
        }
        let figure = |column: &Layout, name: &String| -> String {
            let mut rows = column.rows.iter();
            let row = rows.find(|row| row.texts.first() == Some(name));
            row.and_then(|row| row.texts.get(1).cloned())
                .unwrap_or_default()
        };
        let mut headings = vec![Heading::left("")];
        headings.extend(self.invoices.iter().map(|it| Heading::right(it.period())));
        headings.push(Heading::right("total"));
        let last = self.invoices.last().cloned().unwrap_or_default();
        let title = match last.linked_org(payer) {
            None => format!("Invoices {}", self.period),
            Some(org) => format!("Linked invoices {}, organization {org}", self.period),
        };
        let mut layout = Layout::titled(title, headings);
        layout.rows.extend(names.into_iter().map(|name| {
            let figures = columns.iter().map(|column| figure(column, name));
            Row::new([name.clone()].into_iter().chain(figures))
        }));
        let invoices = self.invoices.iter();
        let notes = invoices.zip(&columns).flat_map(|(_, column)| &column.notes);
        for note in notes {
            if !layout.notes.contains(note) {
                layout.notes.push(note.clone());
            }
        }
        layout
            .notes
            .extend(invoices::missing_note(self.months, &self.invoices));
        layout
            .notes
            .extend(last.scope(payer, Linked::Omit, scope::Basis::Sums));
        let mut layouts = invoices::layouts(&all, &groups.filter, payer);
        layouts.splice(..1, [layout]);
        layouts
    }

    /// All invoices as one: what can be added up.
    fn sum(&self) -> InvoiceRow {
        let each = || self.invoices.iter().map(|row| &row.invoice);
        let sum = |of: fn(&Invoice) -> Option<Cents>| -> Option<Cents> {
            let cents: Option<Vec<Cents>> = each().map(of).collect();
            cents.map(|cents| cents.into_iter().sum())
        };
        let mut invoice = Invoice::default();
        invoice.subtotal_cents = sum(|it| it.subtotal_cents);
        invoice.credits_cents = sum(|it| it.credits_cents);
        invoice.sales_tax_cents = sum(|it| it.sales_tax_cents);
        invoice.amount_billed_cents = sum(|it| it.amount_billed_cents);
        invoice.amount_paid_cents = sum(|it| it.amount_paid_cents);
        invoice.payments = each().flat_map(|it| it.payments.clone()).collect();
        invoice.refunds = each().flat_map(|it| it.refunds.clone()).collect();
        InvoiceRow {
            invoice,
            items: self.invoices.iter().map(|row| row.items).sum(),
        }
    }

    /// Line items in groups: a record a month and group, or a column a month.
    fn groups(
        &self,
        context: &Context,
        groups: &Groups,
        rows: Vec<GroupRow>,
        out: Sink,
    ) -> Result<(), Failure> {
        let whole = rows.iter().map(|row| row.total.gross).sum();
        let months = 0..self.invoices.len();
        let records = months.flat_map(|at| {
            let of_month = rows.iter().filter_map(move |row| {
                let total = row.series.get(at).filter(|total| total.count > 0)?;
                Some(GroupRow {
                    at,
                    total: *total,
                    keys: row.keys.clone(),
                    label: row.label.clone(),
                    groups: row.groups,
                    ..GroupRow::default()
                })
            });
            of_month.collect::<Vec<_>>()
        });
        let records: Vec<GroupRow> = records.collect();
        let wholes: Vec<Cents> = self
            .invoices
            .iter()
            .map(|row| row.items.unwrap_or_default().gross)
            .collect();
        let mut columns = invoice_columns(&self.invoices);
        columns.extend(groups.key_columns());
        columns.extend(figures(move |row: &GroupRow| {
            wholes.get(row.at).copied().unwrap_or_default()
        }));
        context.style.write(out, &columns, &records, || {
            Ok(self.layouts(context, groups, &rows, whole))
        })
    }

    fn layouts(
        &self,
        context: &Context,
        groups: &Groups,
        rows: &[GroupRow],
        whole: Cents,
    ) -> Vec<Layout> {
        let (period, by) = (&self.period, groups.names());
        let title = match groups.linked {
            Linked::Omit => format!("Invoices {period} by {by}"),
            Linked::Include => format!("Invoices {period}, and those linked to them, by {by}"),
            Linked::Only => format!("Invoices linked to those of {period}, by {by}"),
        };
        let layout = |months: bool, shape: Option<Column<GroupRow>>| {
            let mut columns = groups.shown_columns();
            if months {
                columns.extend(self.month_columns());
            }
            columns.extend(columns! { GroupRow:
                "gross_cents" Cents ("total") = |r| r.total.gross, "";
                "share" Share ("share") = |r| part(r.total.gross, whole), "";
            });
            columns.extend(shape);
            let mut layout = groups.layout(title.clone(), rows, &columns);
            let notes = self.invoices.iter().filter_map(InvoiceRow::to_date_note);
            layout
                .notes
                .extend(notes.chain(invoices::missing_note(self.months, &self.invoices)));
            layout
        };
        // A day or month is in one of the months alone.
        if groups.has_time() {
            return vec![layout(false, None)];
        }
        let wide = with_shape(context, "months", rows, |shape| layout(true, shape));
        if context.style.fits(&wide) {
            return vec![wide];
        }
        let mut narrow = with_shape(context, "months", rows, |shape| layout(false, shape));
        let mut by_month = Layout {
            title: narrow.title.take(),
            headings: vec![Heading::left("month"), Heading::right("gross")],
            ..Layout::default()
        };
        by_month.rows.extend(self.invoices.iter().map(|invoice| {
            let gross = invoice.items.unwrap_or_default().gross;
            Row {
                bar: Some(gross.get() as f64),
                ..Row::new([invoice.period(), crate::text::cents(gross.get())])
            }
        }));
        vec![by_month, narrow]
    }

    fn month_columns(&self) -> Vec<Column<GroupRow>> {
        let columns = self.invoices.iter().enumerate().map(|(at, invoice)| {
            columns! { GroupRow:
                "month" Cents (invoice.period()) = |r| {
                    let of_month = r.series.get(at).filter(|total| total.count > 0);
                    of_month.map(|total| total.gross)
                }, "";
            }
        });
        columns.flatten().collect()
    }
}
