//! `invoices show`: the figures of an invoice or its line items in groups, also of several months beside
//! each other; and limits on their sum.

use atlas_billing::money::{DailyTotals, GroupSeries};
use atlas_billing::totals::{Total, Totals};
use atlas_billing::{Cents, ErrorKind, Invoice, InvoiceId, Month, Months, Org};
use chrono::{Days, NaiveDate};

use super::groups::{GroupRow, Groups, figures, invoice_columns, part, with_shape};
use super::invoices::ByDay;
use super::sides::{Side, first_days, same_days};
use super::{Context, invoices, nothing, scope};
use crate::args::values::{Format, Invoice as One, Which, shown_period};
use crate::args::{Linked, ShowArgs};
use crate::connect::connect;
use crate::failure::Failure;
use crate::gate::Figure;
use crate::output::{Column, Heading, Kind, Layout, Row, Sink, columns};
use crate::records::{InvoiceRow, invoice_columns as record_columns};

/// A line of more blocks is not read any more.
const LONGEST_SHAPE: usize = 31;

pub(super) async fn run(context: &Context, args: &ShowArgs) -> Result<(), Failure> {
    let invoice = match &args.invoice {
        Which::Invoice(invoice) => invoice.clone(),
        Which::Period(period) => match period.resolve(context.today)? {
            months if months.count() > 1 => return several(context, args, months).await,
            month => One::Of(month.first()),
        },
    };
    let connection = connect(context).await?;
    let mut out = context.sink()?;
    let org = &connection.org(context).await?;
    let found = invoices::find(context, org, &invoice).await?;
    if context.style.format.is_raw() {
        invoices::raw(context.style.format, org, found.id, &mut out).await?;
        return Ok(out.finish()?);
    }
    let linked = args.linked.unwrap_or_default();
    let mut groups = Groups::new(context, &args.by, &args.filters, org).await?;
    let shown = Shown::read(context, org, found.id, &groups, args).await?;
    context
        .voice
        .note(&format!("Period: {}", shown.row.period()));
    let keys = shown.rows.iter().map(|row| row.keys.as_slice());
    let ids = [found.id];
    nothing::explain(context, org, asked(&ids, args), shown.total.count, keys).await?;
    groups.scope = shown.row.scope(org, linked, scope::Basis::Sums).into();
    let Shown {
        mut row,
        total,
        rows,
        side,
    } = shown;
    let limited = match side {
        Some(side) => before(context, org, &groups, linked, side).await?,
        None => Limited::without_before(&groups, row.period(), &rows, total),
    };
    if groups.by.is_empty() {
        row.items = Some(total);
        let rows = [row];
        let tables = || {
            let mut layouts = invoices::layouts(&rows[0], &groups.filter);
            if let [first, ..] = layouts.as_mut_slice() {
                first.notes.extend(groups.scope.iter().cloned());
            }
            Ok(layouts)
        };
        context.style.write(out, &record_columns(), &rows, tables)?;
    } else {
        groups.show(context, &row, rows, out)?;
    }
    args.gate.judge(context, &limited.figures(args.gate.each)?)
}

fn asked<'a>(invoices: &'a [InvoiceId], args: &'a ShowArgs) -> nothing::Asked<'a> {
    nothing::Asked {
        invoices,
        linked: args.linked.unwrap_or_default(),
        filters: &args.filters,
        by: &args.by.by,
    }
}

/// An invoice that was read.
struct Shown {
    row: InvoiceRow,
    total: Total,
    rows: Vec<GroupRow>,
    /// By day, where a limit is relative.
    side: Option<Side>,
}

impl Shown {
    async fn read(
        context: &Context,
        org: &Org,
        id: InvoiceId,
        groups: &Groups,
        args: &ShowArgs,
    ) -> Result<Self, Failure> {
        let linked = args.linked.unwrap_or_default();
        let has_shape = context.style.format == Format::Table && !groups.has_time();
        let has_shape = has_shape && !groups.by.is_empty();
        if !has_shape && !args.gate.compares() {
            let (row, totals) = invoices::summed(context, org, id, groups, linked).await?;
            let total = totals.total();
            let rows = match groups.by.is_empty() {
                true => Vec::new(),
                false => totals
                    .into_groups()
                    .into_iter()
                    .map(GroupRow::from)
                    .collect(),
            };
            return Ok(Self {
                row,
                total,
                rows,
                side: None,
            });
        }
        let by_day = invoices::by_day(context, org, id, groups, linked).await?;
        let days = shape_days(&by_day);
        let rows = by_day.daily.groups().into_iter().map(|group| GroupRow {
            series: series(&group.daily, days),
            keys: group.keys.clone(),
            total: group.daily.total(),
            groups: 1,
            ..GroupRow::default()
        });
        Ok(Self {
            row: by_day.row.clone(),
            total: by_day.daily.total().total(),
            rows: rows.collect(),
            side: args.gate.compares().then(|| {
                let mut side = Side::new(None);
                side.push(by_day);
                side
            }),
        })
    }
}

/// The first day of an invoice, and how many there are; for a pending one through the last with
/// charges.
fn shape_days(invoice: &ByDay) -> Option<(NaiveDate, usize)> {
    let month = invoice.row.month()?;
    let last = match invoice.row.is_pending() {
        true => invoice.all.last_day(month)?,
        false => month.last_day(),
    };
    let count = (last - month.first_day()).num_days() + 1;
    let count = usize::try_from(count).ok()?;
    (count <= LONGEST_SHAPE).then_some((month.first_day(), count))
}

/// The daily charges of each of these days.
fn series(daily: &DailyTotals, days: Option<(NaiveDate, usize)>) -> Vec<Total> {
    let Some((first, count)) = days else {
        return Vec::new();
    };
    let days = (0..count as u64).map_while(|after| first.checked_add_days(Days::new(after)));
    days.map(|day| daily.days.get(&day).copied().unwrap_or_default())
        .collect()
}

/// What limits apply to.
struct Limited {
    what: String,
    /// The sum, and that of the period before.
    whole: (Cents, Option<Cents>),
    /// The same for each group.
    groups: Vec<(String, Cents, Option<Cents>)>,
}

impl Limited {
    fn without_before(groups: &Groups, period: String, rows: &[GroupRow], total: Total) -> Self {
        Self {
            what: what(groups, &period),
            whole: (total.gross, None),
            groups: rows
                .iter()
                .map(|row| (row.named(), row.total.gross, None))
                .collect(),
        }
    }

    fn figures(self, each: bool) -> Result<Vec<Figure>, Failure> {
        let Self {
            what,
            whole: (amount, before),
            groups,
        } = self;
        if !each {
            return Ok(vec![Figure::of_cents(what, amount, before)?]);
        }
        let figures = groups.into_iter().map(|(name, amount, before)| {
            Figure::of_cents(format!("{what} for {name}"), amount, before)
        });
        figures.collect()
    }
}

fn what(groups: &Groups, of: &str) -> String {
    match groups.filter.is_empty() {
        true => format!("the sum of the line items of {of}, before discounts,"),
        false => format!("the sum of the filtered line items of {of}, before discounts,"),
    }
}

/// The sums beside those of the month before; of a month to date over the same days.
async fn before(
    context: &Context,
    org: &Org,
    groups: &Groups,
    linked: Linked,
    to: Side,
) -> Result<Limited, Failure> {
    let period = to.period();
    let month = to
        .month()
        .map(Month::prev)
        .ok_or_else(|| Failure::usage(format!("{period}: there is no month to compare with")))?;
    let found = match org.invoice_of(month).find().await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Failure::usage(format!(
                "{period} cannot be compared: there is no invoice for {month}"
            ))
            .with_help("a limit may also be an amount"));
        }
        found => found?,
    };
    let mut from = Side::new(None);
    from.push(invoices::by_day(context, org, found.id, groups, linked).await?);
    let same_days = same_days(context.today, &from, &to)?;
    let days = same_days.map(|same| same.days);
    let of = match days {
        Some(days) => format!("{} of {}", first_days(days), to.period_plain()),
        None => period,
    };
    let sums = [&from, &to].map(|side| side.groups(days));
    let series = GroupSeries::align(sums).into_iter();
    let groups_of = series.map(|series| {
        let row = GroupRow::compared(series);
        (row.named(), row.total.gross, Some(row.from.gross))
    });
    Ok(Limited {
        what: what(groups, &of),
        whole: (to.sum(days).gross, Some(from.sum(days).gross)),
        groups: groups_of.collect(),
    })
}

/// A column a month.
async fn several(context: &Context, args: &ShowArgs, months: Months) -> Result<(), Failure> {
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
    let groups = Groups::new(context, &args.by, &args.filters, org).await?;
    let linked = args.linked.unwrap_or_default();
    let (mut ids, mut rows, mut sums) = (Vec::new(), Vec::new(), Vec::new());
    for summary in &listed {
        let id = summary.try_into()?;
        ids.push(id);
        let (mut row, totals) = invoices::summed(context, org, id, &groups, linked).await?;
        row.items = Some(totals.total());
        rows.push(row);
        sums.push(totals);
    }
    let total: Total = sums.iter().map(|totals| totals.total()).sum();
    let keys = sums.iter().flat_map(Totals::groups);
    let keys = keys.map(|group| group.keys.as_slice());
    nothing::explain(context, org, asked(&ids, args), total.count, keys).await?;
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
                Ok(several.figures(&groups))
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
    /// The figures of each invoice in a column, then all payments and refunds.
    fn figures(&self, groups: &Groups) -> Vec<Layout> {
        let all = self.sum();
        let columns = self.invoices.iter().chain([&all]);
        let columns: Vec<Layout> = columns
            .map(|invoice| invoices::figures(invoice, &groups.filter))
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
        let mut layout = Layout::titled(format!("Invoices {}", self.period), headings);
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
        layout.notes.extend(self.missing());
        let mut layouts = invoices::layouts(&all, &groups.filter);
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
        let title = format!("Invoices {} by {}", self.period, groups.names());
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
            layout.notes.extend(notes.chain(self.missing()));
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
            let column = Column::new("month", Kind::Cents, "", move |r: &GroupRow| {
                let of_month = r.series.get(at).filter(|total| total.count > 0);
                of_month.map(|total| total.gross).into()
            });
            column.shown(invoice.period())
        });
        columns.collect()
    }

    /// A note where a month has no invoice.
    fn missing(&self) -> Option<String> {
        let has = |month: &Month| self.invoices.iter().any(|it| it.month() == Some(*month));
        let missing = self.months.iter().filter(|month| !has(month));
        let missing: Vec<String> = missing.map(|month| month.to_string()).collect();
        let note = || format!("There is no invoice for {}.", missing.join(", "));
        (!missing.is_empty()).then(note)
    }
}
