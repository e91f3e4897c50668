//! `invoices show`: the figures of an invoice or its line items in groups, and limits on their sum.

use atlas_billing::money::{DailyTotals, GroupSeries};
use atlas_billing::totals::Total;
use atlas_billing::{Cents, ErrorKind, InvoiceId, Month, Org};
use chrono::{Days, NaiveDate};

use super::group_row::GroupRow;
use super::groups::Groups;
use super::read::{self, ByDay};
use super::sides::{Side, first_days, same_days};
use super::{Context, invoices, nothing, scope, show_months};
use crate::args::values::{Invoice as One, Which};
use crate::args::{Linked, ShowArgs};
use crate::connect::connect;
use crate::failure::Failure;
use crate::gate::{Compared, Figure};
use crate::output::Format;
use crate::records::{InvoiceRow, invoice_columns};

/// A line of more blocks is not read any more.
const LONGEST_SHAPE: usize = 31;

pub(super) async fn run(context: &Context, args: &ShowArgs) -> Result<(), Failure> {
    let invoice = match &args.invoice {
        Which::Invoice(invoice) => invoice.clone(),
        Which::Period(period) => match period.resolve(context.today)? {
            months if months.count() > 1 => return show_months::run(context, args, months).await,
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
    let mut groups = Groups::new(context, &args.by, &args.linked, &args.filters, org).await?;
    let shown = Shown::read(context, org, found.id, &groups, args).await?;
    let keys = shown.rows.iter().map(|row| row.keys.as_slice());
    let ids = [found.id];
    let asked = groups.asked(&ids, &args.filters);
    nothing::explain(context, org, asked, shown.total.count, keys).await?;
    let first = shown.invoices.first().cloned().unwrap_or_default();
    context.voice.note(&format!("Period: {}", first.period()));
    groups.scope = first
        .scope(org.id(), groups.linked, scope::Basis::Sums)
        .into();
    let Shown {
        invoices: shown,
        total,
        rows,
        side,
    } = shown;
    let limited = match side {
        Some(side) => before(context, org, &groups, side).await?,
        None => Limited::without_before(&groups, first.period(), &rows, total),
    };
    if groups.by.is_empty() {
        let tables = || {
            let layouts = shown.iter().flat_map(|row| {
                let mut layouts = invoices::layouts(row, &groups.filter, org.id());
                if let [first, ..] = layouts.as_mut_slice() {
                    let scope = row.scope(org.id(), Linked::Omit, scope::Basis::Sums);
                    first.notes.extend(scope);
                }
                layouts
            });
            Ok(layouts.collect())
        };
        context
            .style
            .write(out, &invoice_columns(), &shown, tables)?;
    } else {
        groups.show(context, &first, rows, out)?;
    }
    args.gate.judge(context, &limited.figures(args.gate.each)?)
}

/// What was read.
struct Shown {
    /// The invoice; without groups those that `--linked` selects.
    invoices: Vec<InvoiceRow>,
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
        let compares = args.gate.compares();
        let has_groups = !groups.by.is_empty();
        let has_shape = context.style.format == Format::Table && !groups.has_time();
        let by_day = match compares || (has_groups && has_shape) {
            true => Some(read::by_day(context, org, id, groups).await?),
            false => None,
        };
        let (invoices, rows): (Vec<InvoiceRow>, Vec<GroupRow>) = match &by_day {
            Some(by_day) if has_groups => {
                let days = shape_days(by_day);
                let rows = by_day.daily.groups().into_iter().map(|group| GroupRow {
                    series: series(&group.daily, days),
                    keys: group.keys.clone(),
                    total: group.daily.total(),
                    groups: 1,
                    ..GroupRow::default()
                });
                (vec![by_day.summed()], rows.collect())
            }
            Some(by_day) if groups.linked == Linked::Omit => (vec![by_day.summed()], Vec::new()),
            None if has_groups => {
                let (row, totals) = read::summed(context, org, id, groups).await?;
                let rows = totals.into_groups().into_iter().map(GroupRow::from);
                (vec![row], rows.collect())
            }
            _ => (read::figures(context, org, id, groups).await?, Vec::new()),
        };
        Ok(Self {
            total: invoices.iter().filter_map(|row| row.items).sum(),
            invoices,
            rows,
            side: by_day.filter(|_| compares).map(|by_day| {
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
pub(super) struct Limited {
    what: String,
    /// The sum, and that of the period before.
    whole: (Cents, Option<Cents>),
    /// The same for each group.
    groups: Vec<(String, Cents, Option<Cents>)>,
    compared: Compared,
}

impl Limited {
    pub(super) fn without_before(
        groups: &Groups,
        period: String,
        rows: &[GroupRow],
        total: Total,
    ) -> Self {
        Self {
            what: what(groups, &period),
            whole: (total.gross, None),
            groups: rows
                .iter()
                .map(|row| (row.named(), row.total.gross, None))
                .collect(),
            compared: Compared::default(),
        }
    }

    pub(super) fn figures(self, each: bool) -> Result<Vec<Figure>, Failure> {
        let Self {
            what,
            whole: (amount, before),
            groups,
            compared,
        } = self;
        let basis = scope::limited(scope::Basis::Sums);
        if !each {
            let before = (before, &compared);
            return Ok(vec![Figure::of_cents(what, basis, amount, before)?]);
        }
        let figures = groups.into_iter().map(|(name, amount, before)| {
            let what = format!("{what} for {name}");
            Figure::of_cents(what, basis, amount, (before, &compared))
        });
        figures.collect()
    }
}

fn what(groups: &Groups, of: &str) -> String {
    match groups.filter.is_empty() {
        true => format!("the sum of the prices of the line items of {of}"),
        false => format!("the sum of the prices of the filtered line items of {of}"),
    }
}

/// The sums beside those of the month before; of a month to date those of the same days.
async fn before(
    context: &Context,
    org: &Org,
    groups: &Groups,
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
    from.push(read::by_day(context, org, found.id, groups).await?);
    let same_days = same_days(context.today, &from, &to)?;
    let days = same_days.map(|same| same.days);
    let of = |side: &Side, whole: String| match days {
        Some(days) => format!("{} of {}", first_days(days), side.period_plain()),
        None => whole,
    };
    let whole_days = |side: &Side| match days {
        Some(days) => days,
        None => side.day_count().unwrap_or_default(),
    };
    let compared = Compared {
        period: of(&from, from.period()),
        days: [&from, &to].map(whole_days),
    };
    let sums = [&from, &to].map(|side| side.groups(days));
    let series = GroupSeries::align(sums).into_iter();
    let groups_of = series.map(|series| {
        let row = GroupRow::compared(series);
        (row.named(), row.total.gross, Some(row.from.gross))
    });
    Ok(Limited {
        what: what(groups, &of(&to, period)),
        whole: (to.sum(days).gross, Some(from.sum(days).gross)),
        groups: groups_of.collect(),
        compared,
    })
}
