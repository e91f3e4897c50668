//! `forecast`: what the running month will have cost at its end.

use atlas_billing::money::{DailyGroups, DailyTotals, Forecast, ForecastMethod, ForecastOptions};
use atlas_billing::totals::{Dimension, ItemFilter, Key};
use atlas_billing::{Cents, ErrorKind, InvoiceDays, Month, Org};
use chrono::NaiveDate;

use super::{Context, metrics, scope};
use crate::args::values::Format;
use crate::args::{ForecastArgs, Linked};
use crate::connect::connect;
use crate::failure::Failure;
use crate::gate::{Compared, Figure};
use crate::output::{Column, Heading, Layout, Row, columns};
use crate::records::InvoiceRow;
use crate::text;

/// The forecast of a group, or of all of it.
pub(super) struct Forecasted {
    /// What the group is; none for the whole.
    group: Option<String>,
    pub(super) key: Option<Key>,
    pub(super) forecast: Forecast,
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
    let through = current.daily.total().complete_through(month, context.today);
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
        Forecast::of(daily, month, context.today, &options)
    };
    let earlier = last.as_ref().map(|days| &days.daily);
    let whole = forecast(current.daily.total(), earlier.map(DailyGroups::total))?;
    let mut rows = Vec::new();
    let nothing = DailyTotals::new();
    let groups = earlier.map(DailyGroups::groups);
    for group in current.daily.groups().into_iter().filter(|_| by.is_some()) {
        // A group that began this month was nothing before.
        let before = groups.as_ref().map(|groups| {
            let same = groups.iter().find(|before| before.keys == group.keys);
            same.map_or(&nothing, |before| &before.daily)
        });
        rows.push(Forecasted {
            group: group.keys.first().map(ToString::to_string),
            key: group.keys.first().cloned(),
            forecast: forecast(&group.daily, before)?,
            before: before.map(|daily| daily.total().gross),
        });
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.forecast.total));
    rows.push(Forecasted {
        group: None,
        key: None,
        forecast: whole,
        before: earlier.map(|groups| groups.total().total().gross),
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
        let write = || Ok(vec![layout(month, by, &rows, &scope)]);
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
) -> Result<(Forecast, Layout), Failure> {
    let month = Month::of(today);
    let mut options = ForecastOptions::new();
    if let Some(last) = last {
        options = options.with_last_month(last);
    }
    let forecast = Forecast::of(current, month, today, &options)?;
    let whole = Forecasted {
        group: None,
        key: None,
        forecast: forecast.clone(),
        before: None,
    };
    let scope = scope(org, invoice);
    Ok((forecast, layout(month, None, &[whole], &scope)))
}

/// A forecast is of the organization's own line items.
fn scope(org: &Org, invoice: &InvoiceRow) -> [String; 2] {
    invoice.scope(org.id(), Linked::Omit, scope::Basis::LineItems)
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

fn layout(
    month: Month,
    by: Option<&Dimension>,
    rows: &[Forecasted],
    scope: &[String; 2],
) -> Layout {
    let mut headings: Vec<Heading> = by
        .map(|by| Heading::left(by.to_string()))
        .into_iter()
        .collect();
    headings.extend(
        [
            "so far",
            "days left",
            "monthly",
            "credits",
            "forecast",
            "from",
            "to",
        ]
        .map(Heading::right),
    );
    let mut layout = Layout::titled(format!("Forecast of {month}"), headings);
    for row in rows {
        let forecast = &row.forecast;
        let end = |end: Option<i128>| end.map_or(String::new(), text::cents);
        let so_far = forecast.complete + forecast.other_days;
        let mut texts = Vec::new();
        texts.extend(by.map(|_| row.group.clone().unwrap_or("total".to_owned())));
        texts.extend([
            text::cents(so_far.get()),
            text::cents(forecast.remaining.get()),
            text::cents(forecast.monthly.get()),
            text::cents(forecast.credits.get()),
            text::cents(forecast.total.get()),
            end(forecast.range.map(|range| range.low.get())),
            end(forecast.range.map(|range| range.high.get())),
        ]);
        match (by, &row.group) {
            (Some(_), None) => layout.sums.push(Row::new(texts)),
            _ => layout.rows.push(Row::new(texts)),
        }
    }
    if let Some(whole) = rows.last() {
        let forecast = &whole.forecast;
        if let Some(range) = forecast.range {
            layout.notes.push(format!(
                "The month ends between \"from\" and \"to\" with a likelihood of {} %.",
                range.percent
            ));
        }
        let assumptions = forecast.assumptions.iter();
        layout
            .notes
            .extend(assumptions.map(|assumption| format!("- {}", assumption.text)));
    }
    if by.is_some() {
        let rounding =
            "Groups are forecast one by one: their sum can differ from the total by cents.";
        layout.notes.push(rounding.to_owned());
    }
    layout.notes.extend_from_slice(scope);
    layout
}

fn row_columns() -> Vec<Column<Forecasted>> {
    columns! { Forecasted:
        "month" Text always = |r| r.forecast.month.to_string(), "The month that is forecast.";
        "group" Text = |r| r.group.as_deref(), "What the group is; null for the whole.";
        "forecast_cents" Cents always = |r| r.forecast.total,
            "What the month will have cost, in hundredths of the invoice's pricing currency, before \
             discounts and tax.";
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
