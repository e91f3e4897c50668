//! `forecast`: what the running month will have cost at its end.

use atlas_billing::money::{
    AssumptionKind, Basis, DailyGroups, DailyTotals, Forecast, ForecastMethod, ForecastOptions,
    ForecastRange,
};
use atlas_billing::totals::{Dimension, ItemFilter, Key};
use atlas_billing::{Cents, ErrorKind, InvoiceDays, Month, Org};
use chrono::NaiveDate;

use super::{Context, metrics, scope};
use crate::args::{ForecastArgs, Linked};
use crate::connect::connect;
use crate::failure::Failure;
use crate::gate::{Compared, Figure};
use crate::output::{Column, Format, Heading, Layout, Row, columns};
use crate::records::InvoiceRow;
use crate::text;

/// The forecast of a group, or of all of it.
pub(super) struct Forecasted {
    /// What the group is; none for the whole.
    group: Option<String>,
    pub(super) key: Option<Key>,
    /// Of prices.
    pub(super) forecast: Forecast,
    /// Of prices less discounts.
    pub(super) net: Forecast,
    /// What it came to in the month before, if that was asked for.
    before: Option<Cents>,
}

pub(super) async fn run(context: &Context, args: &ForecastArgs) -> Result<(), Failure> {
    let connection = connect(context).await?;
    let out = context.sink()?;
    let org = connection.org(context).await?;
    let month = Month::of(context.today);
    let by = args.by.as_ref();
    let current = days(&org, month, by).await?;
    let wants_last = args.method == crate::args::Method::LastMonthShape;
    let total = current.daily.total();
    let through = total.complete_through(month, context.today);
    // The month before is asked for where the method, a limit or the first days of a month need it.
    let last = match wants_last || through.is_none() || args.gate.compares() {
        false => None,
        true => match days(&org, month.prev(), by).await {
            Ok(days) => Some(days),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        },
    };
    let forecast = |daily: &DailyTotals, last: Option<&DailyTotals>| {
        let mut options = ForecastOptions::new().with_method(args.method.into());
        if let Some(last) = last {
            options = options.with_last_month(last);
        }
        // What is posted is known of the whole: a group may have no charges on its last day.
        if let Some(day) = through {
            options = options.with_complete_through(day);
        }
        both(daily, month, context.today, &options)
    };
    let earlier = last.as_ref().map(|days| &days.daily);
    let before = earlier.map(DailyGroups::total);
    let [whole, whole_net] = forecast(&total, before.as_ref())?;
    let mut rows = Vec::new();
    let nothing = DailyTotals::new();
    let groups = earlier.map(DailyGroups::groups);
    for group in current.daily.groups().into_iter().filter(|_| by.is_some()) {
        // A group that began this month was nothing before.
        let before = groups.as_ref().map(|groups| {
            let same = groups.iter().find(|before| before.keys == group.keys);
            same.map_or(&nothing, |before| &before.daily)
        });
        let [gross, net] = forecast(&group.daily, before)?;
        rows.push(Forecasted {
            group: group.keys.first().map(ToString::to_string),
            key: group.keys.first().cloned(),
            forecast: gross,
            net,
            before: before.map(|daily| daily.total().gross),
        });
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.forecast.total));
    rows.push(Forecasted {
        group: None,
        key: None,
        forecast: whole,
        net: whole_net,
        before: before.map(|daily| daily.total().gross),
    });
    let head = InvoiceRow {
        invoice: current.head,
        items: None,
    };
    let scope = scope(&org, &head);
    let limited = rows
        .iter()
        .filter(|row| row.group.is_some() == args.gate.each);
    let compared = Compared {
        period: month.prev().to_string(),
        days: [month.prev(), month].map(Month::day_count),
    };
    let figures = limited.map(|row| {
        let what = match &row.group {
            None => format!("the forecast of {month}"),
            Some(group) => format!("the forecast of {month} for {group}"),
        };
        let basis = scope::limited(scope::Basis::Sums);
        let (before, range) = ((row.before, &compared), row.forecast.range);
        Figure::of_cents(what, basis, row.forecast.total, before)?
            .at_most(range.map(|range| range.high))
    });
    let figures = figures.collect::<Result<Vec<_>, _>>()?;
    if context.style.format == Format::Openmetrics {
        // Labels tell groups apart: the whole beside them would be counted twice.
        let shown = if by.is_some() {
            rows.len() - 1
        } else {
            rows.len()
        };
        let columns = metrics::forecast(*org.id(), &head.invoice, by);
        let write = || Ok(Vec::new());
        context.style.write(out, &columns, &rows[..shown], write)?;
    } else {
        let write = || {
            let [wide, narrow] = [true, false].map(|wide| match by {
                Some(by) => by_group(month, by, &rows, wide),
                None => layout(&rows[0]),
            });
            let mut layout = match context.style.fits(&wide) {
                true => wide,
                false => narrow,
            };
            layout.notes.extend_from_slice(&scope);
            Ok(vec![layout])
        };
        context.style.write(out, &row_columns(), &rows, write)?;
    }
    args.gate.judge(context, &figures)
}

/// What `forecast` shows of daily charges that were read before, those of the month before where they
/// are needed: in its first days.
pub(super) fn table(
    org: &Org,
    invoice: &InvoiceRow,
    current: &DailyTotals,
    last: Option<&DailyTotals>,
    today: NaiveDate,
) -> Result<(Forecasted, Layout), Failure> {
    let month = Month::of(today);
    let mut options = ForecastOptions::new();
    if let Some(last) = last {
        options = options.with_last_month(last);
    }
    let [forecast, net] = both(current, month, today, &options)?;
    let whole = Forecasted {
        group: None,
        key: None,
        forecast,
        net,
        before: None,
    };
    let mut layout = layout(&whole);
    layout.notes.extend(scope(org, invoice));
    Ok((whole, layout))
}

/// The forecast of prices, and that of prices less discounts.
fn both(
    daily: &DailyTotals,
    month: Month,
    today: NaiveDate,
    options: &ForecastOptions<'_>,
) -> Result<[Forecast; 2], atlas_billing::Error> {
    let of = |basis| Forecast::of(daily, month, today, &options.clone().with_basis(basis));
    Ok([of(Basis::Prices)?, of(Basis::PricesLessDiscounts)?])
}

/// A forecast is of the organization's own line items.
fn scope(org: &Org, invoice: &InvoiceRow) -> [String; 2] {
    invoice.scope(org.id(), Linked::Omit, scope::Basis::Sums)
}

/// The daily charges of the invoice of a month.
async fn days(
    org: &Org,
    month: Month,
    by: Option<&Dimension>,
) -> Result<InvoiceDays, atlas_billing::Error> {
    let items = org.invoice_of(month).line_items().await?;
    let by = by.map(std::slice::from_ref).unwrap_or_default();
    items.daily(by, &ItemFilter::new()).await
}

/// What a forecast is the sum of.
fn parts(forecast: &Forecast) -> [(String, Cents); 4] {
    let left = text::counted(forecast.remaining_days, "day");
    [
        (
            text::counted(forecast.complete_days, "complete day"),
            forecast.complete + forecast.other_days,
        ),
        (format!("{left} left, estimated"), forecast.remaining),
        ("charged by the month".to_owned(), forecast.monthly),
        ("credits".to_owned(), forecast.credits),
    ]
}

/// What is posted of the month, its incomplete days included.
pub(super) fn posted(forecast: &Forecast) -> Cents {
    forecast.total - forecast.remaining + forecast.posted
}

pub(super) const POSTED: &str = "posted so far, incomplete days included";

/// The whole, gross beside net.
fn layout(whole: &Forecasted) -> Layout {
    let both = [&whole.forecast, &whole.net];
    let headings = ["", "gross", "net"].into_iter().map(Heading::right);
    let title = format!("Forecast of {}", whole.forecast.month);
    let mut layout = Layout::titled(title, headings.collect());
    layout.headings[0] = Heading::left("");
    let row =
        |name: &str, figures: [String; 2]| Row::new([name.to_owned()].into_iter().chain(figures));
    let cents = |of: fn(&Forecast) -> Cents| both.map(|it| text::cents(of(it).get()));
    let [gross, net] = both.map(parts);
    let parts = gross.into_iter().zip(net);
    layout.rows.extend(parts.map(|((name, gross), (_, net))| {
        row(&name, [gross, net].map(|part| text::cents(part.get())))
    }));
    layout.rows.push(row("forecast", cents(|it| it.total)));
    for (name, end) in [
        ("from", (|range| range.low) as fn(ForecastRange) -> Cents),
        ("to", |range| range.high),
    ] {
        let ends = both.map(|it| it.range.map(end));
        if ends.iter().any(Option::is_some) {
            let shown = |end: Option<Cents>| end.map_or(String::new(), |it| text::cents(it.get()));
            layout.rows.push(row(name, ends.map(shown)));
        }
    }
    layout.rows.push(row(POSTED, cents(posted)));
    layout.notes.extend(notes(&whole.forecast));
    layout
}

/// The forecast of each group and of the whole; `wide` with what each is the sum of.
fn by_group(month: Month, by: &Dimension, rows: &[Forecasted], wide: bool) -> Layout {
    let mut headings = vec![Heading::left(by.to_string())];
    if let Some(whole) = rows.last().filter(|_| wide) {
        let parts = parts(&whole.forecast).map(|(name, _)| name);
        headings.extend(parts.map(Heading::right));
    }
    headings.extend(["forecast, gross", "from", "to", "forecast, net"].map(Heading::right));
    let mut layout = Layout::titled(format!("Forecast of {month}"), headings);
    for row in rows {
        let Forecasted { forecast, net, .. } = row;
        let end = |end: Option<Cents>| end.map_or(String::new(), |it| text::cents(it.get()));
        let mut texts = vec![row.group.clone().unwrap_or("total".to_owned())];
        if wide {
            texts.extend(parts(forecast).map(|(_, part)| text::cents(part.get())));
        }
        texts.extend([
            text::cents(forecast.total.get()),
            end(forecast.range.map(|range| range.low)),
            end(forecast.range.map(|range| range.high)),
            text::cents(net.total.get()),
        ]);
        match row.group {
            None => layout.sums.push(Row::new(texts)),
            Some(_) => layout.rows.push(Row::new(texts)),
        }
    }
    layout.notes.extend(
        rows.last()
            .map(|whole| notes(&whole.forecast))
            .unwrap_or_default(),
    );
    let rounding = "Groups are forecast one by one: their sum can differ from the total by cents.";
    layout.notes.push(rounding.to_owned());
    layout
}

/// How a forecast was made.
fn notes(forecast: &Forecast) -> Vec<String> {
    let likelihood = forecast.range.map(|range| {
        format!(
            "The month ends between \"from\" and \"to\" with a likelihood of {} %, if charges go on to be of the \
             same kind and no further credits come.",
            range.percent
        )
    });
    let assumptions = forecast.assumptions.iter();
    // What amounts are is said of both, in the scope.
    let assumptions = assumptions.filter(|it| it.kind != AssumptionKind::Basis);
    let assumptions = assumptions.map(|assumption| format!("- {}", assumption.text));
    likelihood.into_iter().chain(assumptions).collect()
}

fn row_columns() -> Vec<Column<Forecasted>> {
    columns! { Forecasted:
        "month" Text always = |r| r.forecast.month.to_string(), "The month that is forecast.";
        "group" Text = |r| r.group.as_deref(), "What the group is; null for the whole.";
        "forecast_cents" Cents always = |r| r.forecast.total,
            "What the month will have cost by prices, in hundredths of the invoice's pricing currency; \
             discounts are not subtracted, before tax. The columns without net are of prices.";
        "low_cents" Cents = |r| r.forecast.range.map(|range| range.low), "The lower end of the range.";
        "high_cents" Cents = |r| r.forecast.range.map(|range| range.high), "The upper end of it.";
        "range_percent" Integer = |r| r.forecast.range.map(|range| u64::from(range.percent)),
            "How likely the month ends within the range.";
        "complete_through" Day = |r| r.forecast.complete_through, "The last complete day, UTC.";
        "complete_cents" Cents always = |r| r.forecast.complete, "Daily charges of complete days.";
        "remaining_cents" Cents always = |r| r.forecast.remaining, "The estimate for the other days.";
        "posted_cents" Cents always = |r| r.forecast.posted,
            "What is posted of the other days already: part of the estimate.";
        "monthly_cents" Cents always = |r| r.forecast.monthly, "Charges for more than a day, as posted.";
        "credits_cents" Cents always = |r| r.forecast.credits, "Credits, as posted.";
        "other_days_cents" Cents always = |r| r.forecast.other_days,
            "Daily charges of days in other months, as posted.";
        "method" Text always = |r| r.method(), "How the other days were estimated.";
        "net_forecast_cents" Cents always = |r| r.net.total,
            "The forecast of prices less discounts: what is billed if prices are before them, before tax.";
        "net_low_cents" Cents = |r| r.net.range.map(|range| range.low), "The lower end of its range.";
        "net_high_cents" Cents = |r| r.net.range.map(|range| range.high), "The upper end of it.";
    }
}

impl Forecasted {
    /// The name of the method.
    pub(super) fn method(&self) -> &'static str {
        match self.forecast.method {
            ForecastMethod::RunRate => "run-rate",
            ForecastMethod::LastMonthShape => "last-month-shape",
            _ => "last-month-mean",
        }
    }
}
