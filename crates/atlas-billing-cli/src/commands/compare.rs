//! `invoices compare`: what changed from one invoice, or period, to another.

use atlas_billing::money::{Comparison, DailyGroups, GroupSeries, Presence, relative_change};
use atlas_billing::totals::{Dimension, Group};
use atlas_billing::{Cents, Decimal, InvoiceId, InvoiceSummary, Month, Months, Org};
use chrono::NaiveDate;

use super::group_row::{GroupRow, largest, part};
use super::groups::{GROUPS, Groups};
use super::read::ByDay;
use super::sides::{Side, same_days, same_days_notes};
use super::{Context, invoices, nothing, read, scope};
use crate::args::CompareArgs;
use crate::args::values::{Invoice as One, Which};
use crate::connect::connect;
use crate::failure::Failure;
use crate::output::{Column, Layout, columns};
use crate::records::InvoiceRow;
use crate::text;

/// The invoices of one side, before they are read.
struct Meant {
    invoices: Vec<(InvoiceId, Option<InvoiceSummary>)>,
    /// Several months, where more than one was asked for.
    months: Option<Months>,
}

pub(super) async fn run(context: &Context, args: &CompareArgs) -> Result<(), Failure> {
    check(context, args)?;
    let connection = connect(context).await?;
    let out = context.sink()?;
    let org = &connection.org(context).await?;
    let mut groups = Groups::new(context, &args.by, &args.linked, &args.filters, org).await?;
    if groups.by.is_empty() {
        groups.by.push(Dimension::Sku);
    }
    let (from, to) = sides(context, args, org, &groups).await?;
    let compared = Compared::new(context.today, from, to)?;
    let of_days = compared.days().map_or(String::new(), |days| {
        format!(", {} of each", text::counted(days, "day"))
    });
    context.voice.note(&format!(
        "Periods: {} and {}{of_days}",
        compared.from.period(),
        compared.to.period()
    ));
    let invoices = compared.sides().flat_map(|side| &side.invoices);
    let ids = invoices.filter_map(|row| row.invoice.id.as_deref()?.parse().ok());
    let ids: Vec<InvoiceId> = ids.collect();
    let asked = groups.asked(&ids, &args.filters);
    let found: Vec<Group> = compared
        .sides()
        .flat_map(|side| side.groups(None))
        .collect();
    let passed = found.iter().map(|group| group.total.count).sum();
    let keys = found.iter().map(|group| group.keys.as_slice());
    nothing::explain(context, org, asked, passed, keys).await?;
    let sides = [&compared.from, &compared.to].map(|side| (side.period_plain(), side.through()));
    let basis = scope::Basis::Sums;
    let whose = [&compared.from, &compared.to].map(|side| side.whose(org.id(), groups.linked));
    let whose = match whose {
        [from, to] if from == to => to,
        [from, to] => format!("{from}, beside {to}"),
    };
    groups.scope = scope::compared(&whose, sides, basis).into();
    let rows = compared.rows(&groups);
    let mut columns = compared.period_columns();
    columns.extend(groups.key_columns());
    columns.extend(compared.figures(&rows));
    context.style.write(out, &columns, &rows, || {
        Ok(vec![compared.layout(&groups, &rows)])
    })
}

/// What `invoices compare` shows of two invoices that were read before: their charges by day and by what
/// `groups` says.
pub(super) fn table(
    today: NaiveDate,
    groups: &Groups,
    from: (InvoiceRow, DailyGroups),
    to: (InvoiceRow, DailyGroups),
) -> Result<Layout, Failure> {
    let [from, to] = [from, to].map(|(row, daily)| {
        let all = daily.total();
        let mut side = Side::new(None);
        side.push(ByDay { row, daily, all });
        side
    });
    let compared = Compared::new(today, from, to)?;
    Ok(compared.layout(groups, &compared.rows(groups)))
}

/// Refuses periods of unequal length.
fn check(context: &Context, args: &CompareArgs) -> Result<(), Failure> {
    let count = |which: &Option<Which>| match which {
        Some(Which::Period(period)) => Ok(period.resolve(context.today)?.count()),
        _ => Ok::<_, Failure>(1),
    };
    let counts = [count(&args.from)?, count(&args.to)?];
    if args.to.is_some() && counts[0] != counts[1] {
        let [from, to] = counts.map(|count| text::counted(count, "month"));
        return Err(Failure::usage(format!(
            "cannot compare {from} with {to}: name two periods of the same length"
        )));
    }
    Ok(())
}

/// Both sides, read one after the other: a side that was not named is the period before the other.
async fn sides(
    context: &Context,
    args: &CompareArgs,
    org: &Org,
    groups: &Groups,
) -> Result<(Side, Side), Failure> {
    let read = |meant: Meant| read_side(context, org, groups, meant);
    let (from, to) = match (&args.from, &args.to) {
        (Some(from), Some(to)) => (Some(from.clone()), to.clone()),
        (to, None) => (None, to.clone().unwrap_or(Which::Invoice(One::Last))),
        (None, Some(to)) => (None, to.clone()),
    };
    let Some(from) = from else {
        let to = find(context, org, &to).await?;
        if to.months.is_some() {
            let to = over(context, to)?;
            let months = to.months.map(before).transpose()?;
            let from = months.map(|months| find_months(org, months));
            let from = match from {
                Some(from) => from.await?,
                None => return Err(Failure::usage("no period")),
            };
            return Ok((read(from).await?, read(to).await?));
        }
        // Which month it is for may be known from the invoice alone.
        let to = read(to).await?;
        let month = to.month().map(Month::prev).ok_or_else(|| {
            let period = to.period();
            Failure::usage(format!("{period}: what to compare with has to be named"))
        })?;
        let from = find(context, org, &Which::Invoice(One::Of(month))).await?;
        return Ok((read(from).await?, to));
    };
    let (from, to) = (
        find(context, org, &from).await?,
        find(context, org, &to).await?,
    );
    let ids = |meant: &Meant| -> Vec<InvoiceId> { meant.invoices.iter().map(|it| it.0).collect() };
    match ids(&from).as_slice() {
        [id] if ids(&to) == [*id] => {
            return Err(Failure::usage(format!(
                "both are the invoice {id}; name two"
            )));
        }
        same if ids(&to) == same => {
            return Err(Failure::usage("both are the same period; name two"));
        }
        _ => {}
    }
    let (from, to) = same_length(context, from, to)?;
    Ok((read(from).await?, read(to).await?))
}

/// As many months that end right before.
fn before(months: Months) -> Result<Months, Failure> {
    let count = u32::try_from(months.count()).unwrap_or(u32::MAX);
    Ok(Months::last(count, months.start_date())?)
}

async fn find(context: &Context, org: &Org, which: &Which) -> Result<Meant, Failure> {
    let invoice = match which {
        Which::Invoice(invoice) => invoice.clone(),
        Which::Period(period) => match period.resolve(context.today)? {
            months if months.count() > 1 => return find_months(org, months).await,
            month => One::Of(month.first()),
        },
    };
    let found = invoices::find(context, org, &invoice).await?;
    Ok(Meant {
        invoices: vec![(found.id, found.summary)],
        months: None,
    })
}

async fn find_months(org: &Org, months: Months) -> Result<Meant, Failure> {
    let listed = invoices::listed(org, months, &[]).await?.into_iter();
    let invoices = listed.map(|summary| Ok(((&summary).try_into()?, Some(summary))));
    Ok(Meant {
        invoices: invoices.collect::<Result<_, atlas_billing::Error>>()?,
        months: Some(months),
    })
}

impl Meant {
    fn month_count(&self) -> usize {
        self.months.map_or(1, |months| months.count())
    }

    /// The first `count` of several months.
    fn first_months(mut self, count: usize) -> Result<Self, Failure> {
        let Some(months) = self.months else {
            return Ok(self);
        };
        let last = months.iter().nth(count.saturating_sub(1));
        let kept = Months::new(months.first(), last.unwrap_or(months.last_month()))?;
        self.months = Some(kept);
        self.invoices.retain(|(_, summary)| {
            let month = summary.as_ref().and_then(|it| InvoiceRow::from(it).month());
            month.is_none_or(|month| kept.contains(month))
        });
        Ok(self)
    }

    /// How many of several months are over; a single invoice is compared whatever its month.
    fn months_over(&self, context: &Context) -> usize {
        let running = Month::of(context.today);
        let over = |months: Months| months.iter().filter(|month| *month < running).count();
        self.months.map_or(1, over)
    }
}

/// The months that are over: the running one lacks days that the month beside it has.
fn over(context: &Context, meant: Meant) -> Result<Meant, Failure> {
    let over = meant.months_over(context);
    if over == meant.month_count() {
        return Ok(meant);
    }
    let (first, period) = match meant.months {
        Some(months) => (months.iter().nth(over), months.to_string()),
        None => (None, String::new()),
    };
    let first = first.unwrap_or(Month::of(context.today));
    let alone = "`invoices compare mtd` compares the running month by its days";
    if over == 0 {
        let message = format!("no month of {period} is over: there is nothing to compare yet");
        return Err(Failure::usage(message).with_help(alone));
    }
    context.voice.must(&format!(
        "warning: {first} is not over and left out of {period}; {alone}"
    ));
    meant.first_months(over)
}

/// Two sides of as many months each, of which all are over.
fn same_length(context: &Context, from: Meant, to: Meant) -> Result<(Meant, Meant), Failure> {
    let (from, to) = (over(context, from)?, over(context, to)?);
    let count = from.month_count().min(to.month_count());
    Ok((from.first_months(count)?, to.first_months(count)?))
}

async fn read_side(
    context: &Context,
    org: &Org,
    groups: &Groups,
    meant: Meant,
) -> Result<Side, Failure> {
    let mut side = Side::new(meant.months);
    for (id, _) in meant.invoices {
        side.push(read::by_day(context, org, id, groups).await?);
    }
    Ok(side)
}

impl GroupRow {
    /// A group of two periods.
    pub(super) fn compared(series: GroupSeries) -> Self {
        let [from, to] = [series.totals.first(), series.totals.last()];
        Self {
            moved: Cents::new(series.change().get().saturating_abs()),
            from: from.copied().unwrap_or_default(),
            total: to.copied().unwrap_or_default(),
            keys: series.keys,
            groups: 1,
            ..Self::default()
        }
    }

    /// How much more the second period has, by prices.
    fn change(&self) -> Cents {
        self.total.gross - self.from.gross
    }

    /// The change as a part of the first; none where it would mean nothing.
    fn change_part(&self) -> Option<f64> {
        relative(self.from.gross, self.total.gross)
    }

    fn presence(&self) -> Option<Presence> {
        // The rest is no group.
        let is_group = !self.keys.is_empty();
        Presence::of(self.from.count > 0, self.total.count > 0).filter(|_| is_group)
    }
}

/// For showing: no amount is made of it.
pub(super) fn relative(from: Cents, to: Cents) -> Option<f64> {
    let part = relative_change(from.to_decimal()?, to.to_decimal()?)?;
    part.to_string().parse().ok()
}

/// What is compared with what.
struct Compared {
    from: Side,
    to: Side,
    same_days: Option<Comparison>,
}

/// The sum of all changes without their signs.
fn moved(rows: &[GroupRow]) -> Cents {
    rows.iter().map(|row| row.moved).sum()
}

impl Compared {
    fn new(today: NaiveDate, from: Side, to: Side) -> Result<Self, Failure> {
        Ok(Self {
            same_days: same_days(today, &from, &to)?,
            from,
            to,
        })
    }

    fn sides(&self) -> impl Iterator<Item = &Side> {
        [&self.from, &self.to].into_iter()
    }

    /// How many days of each are compared, where one of them is a month to date.
    fn days(&self) -> Option<u32> {
        self.same_days.as_ref().map(|same| same.days)
    }

    /// The groups of both, the largest change first.
    fn rows(&self, groups: &Groups) -> Vec<GroupRow> {
        let sums = self.sides().map(|side| side.groups(self.days()));
        let rows = GroupSeries::align(sums).into_iter().map(GroupRow::compared);
        largest(rows.collect(), groups.top, |row| row.moved.get())
    }

    fn layout(&self, groups: &Groups, rows: &[GroupRow]) -> Layout {
        let mut columns = groups.shown_columns();
        let percent = |row: &GroupRow| percent(row.presence(), row.change_part());
        columns.extend(with_percent(self.figures(rows), percent));
        let title = format!("From {} to {}, gross", self.from.period(), self.to.period());
        let whole = GroupRow::sum(rows, String::new());
        let (from, to) = (whole.from.net(), whole.total.net());
        let note = format!(
            "Gross is the sum of prices, before tax. Less discounts, net: {} to {} ({}).",
            text::cents(from.get()),
            text::cents(to.get()),
            text::change((to - from).get())
        );
        let mut layout = groups.summed(title, rows, &columns, &note);
        layout.notes.push(MOVEMENT.to_owned());
        layout.notes.extend(self.notes());
        layout
    }

    /// What each side is.
    fn period_columns(&self) -> Vec<Column<GroupRow>> {
        let (from, to) = (self.from.period_plain(), self.to.period_plain());
        let days = self.days().map(u64::from);
        columns! { GroupRow:
            "from_period" Text always = |_| from.clone(), "The first period: a month, or months.";
            "to_period" Text always = |_| to.clone(), "The second period.";
            "days" Integer = |_| days,
                "How many days from the first are compared, of daily charges alone, where one of the months is to \
                 date; null where whole periods are compared.";
        }
    }

    /// The figures of a group in both.
    fn figures(&self, rows: &[GroupRow]) -> Vec<Column<GroupRow>> {
        let moved = moved(rows);
        let [from, to] = [&self.from, &self.to].map(|side| self.heading(side));
        columns! { GroupRow:
            "from_gross_cents" Cents always (from) = |r| r.from.gross,
                "The sum of the prices in the first period.";
            "from_discount_cents" Cents always = |r| r.from.discount, "The discounts in the first period.";
            "to_gross_cents" Cents always (to) = |r| r.total.gross,
                "The sum of the prices in the second period.";
            "to_discount_cents" Cents always = |r| r.total.discount, "The discounts in the second period.";
            "change_cents" Change always ("change") = |r| r.change(),
                "How much more the second has, by prices; of the row with the rest the sum of its changes.";
            "change" Number = |r| r.change_part(),
                "The change as a part of the first, 0.25 for a quarter more; null where that would mean nothing: \
                 the first is not above 0, or the second is below.";
            "share_of_change" Share ("share of movement") = |r| part(r.moved, moved),
                "The part of all changes, increases and decreases both counted as positive: all rows add up to 1.";
            "status" Text = |r| status(r.presence()),
                "new: in the second alone; gone: in the first alone; both; null for the row with the rest.";
            "groups" Integer always = |r| r.groups as u64, GROUPS;
        }
    }

    fn heading(&self, side: &Side) -> String {
        let period = side.period_plain();
        match &self.same_days {
            None => period,
            Some(same) => format!("{period}, {}", text::counted(same.days, "day")),
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        match &self.same_days {
            Some(same) => notes.extend(same_days_notes(same)),
            None => {
                notes.extend(self.per_day());
                let invoices = self.from.invoices.iter().chain(&self.to.invoices);
                notes.extend(invoices.filter_map(InvoiceRow::to_date_note));
            }
        }
        for side in self.sides() {
            let missing = |months| invoices::missing_note(months, &side.invoices);
            notes.extend(side.months.and_then(missing));
        }
        notes
    }

    /// Whole periods of unequal length, by the day.
    fn per_day(&self) -> Option<String> {
        let (a, b) = (self.from.day_count()?, self.to.day_count()?);
        let (before, after) = (self.from.sum(None).gross, self.to.sum(None).gross);
        if a == b || before <= Cents::ZERO || after < Cents::ZERO {
            return None;
        }
        let by_day = |sum: Cents, days: u32| sum.to_decimal()?.checked_div(days.into());
        let (from, to) = (by_day(before, a)?, by_day(after, b)?);
        let percent = relative_change(from, to)?.checked_mul(Decimal::ONE_HUNDRED)?;
        Some(format!(
            "{} has {}, {} has {}: {} and {} a day ({:+.1} %).",
            self.from.period_plain(),
            text::counted(a, "day"),
            self.to.period_plain(),
            text::counted(b, "day"),
            text::decimal(from),
            text::decimal(to),
            percent.round_dp(1)
        ))
    }
}

/// What the last column of a comparison is, below it.
pub(super) const MOVEMENT: &str =
    "Share of movement: the part of all changes, increases and decreases both counted as positive.";

/// The columns of a comparison, and before the share of movement the change in percent, for a reader.
pub(super) fn with_percent<R: 'static>(
    mut columns: Vec<Column<R>>,
    percent: fn(&R) -> String,
) -> Vec<Column<R>> {
    let share = columns
        .iter()
        .position(|column| column.name == "share_of_change");
    let percent = columns! { R: "percent" Number ("in %") = |r| percent(r), ""; };
    let at = share.unwrap_or(columns.len());
    columns.splice(at..at, percent);
    columns
}

/// A change in percent, for a reader: as a part of the amount before, where that means something.
pub(super) fn percent(presence: Option<Presence>, part: Option<f64>) -> String {
    match (presence, part) {
        (Some(Presence::New), _) => "new".to_owned(),
        (Some(Presence::Gone), _) => "gone".to_owned(),
        (_, Some(part)) if part != 0.0 => format!("{:+.1}", part * 100.0),
        _ => String::new(),
    }
}

pub(super) fn status(presence: Option<Presence>) -> Option<&'static str> {
    presence.map(|presence| match presence {
        Presence::New => "new",
        Presence::Gone => "gone",
        _ => "both",
    })
}
