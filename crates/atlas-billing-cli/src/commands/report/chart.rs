//! Charts as marks at places: geometry alone, no text of them is an amount that a table lacks.

use atlas_billing::money::Forecast;
use atlas_billing::{Cents, Decimal, Month};
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

use crate::commands::costs_table::Group;
use crate::commands::forecast::{POSTED, posted};
use crate::text;

/// A chart, drawn by the template from its marks.
#[derive(Debug, Serialize)]
pub(super) struct Chart {
    pub(super) id: &'static str,
    pub(super) title: String,
    /// What it shows, for those who do not see it.
    pub(super) description: String,
    width: u32,
    height: u32,
    bars: Vec<Bar>,
    lines: Vec<Line>,
    labels: Vec<Label>,
    legend: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Bar {
    x: String,
    y: String,
    width: String,
    height: String,
    /// The series that it belongs to, for its color.
    series: String,
    tooltip: String,
}

#[derive(Debug, Serialize)]
struct Line {
    x1: String,
    y1: String,
    x2: String,
    y2: String,
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct Label {
    x: String,
    y: String,
    anchor: &'static str,
    kind: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
struct Entry {
    series: String,
    name: String,
}

/// So many series have a color of their own, the rest is one.
const SERIES: usize = 8;

const WIDTH: u32 = 760;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 8.0;

/// A place, to a tenth of a unit.
fn place(at: f64) -> String {
    format!("{at:.1}")
}

/// Amounts to places: from `low` to `high` along `from` to `to`.
#[derive(Debug, Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    fn at(self, amount: f64) -> f64 {
        let span = self.high - self.low;
        let part = if span > 0.0 {
            (amount - self.low) / span
        } else {
            0.0
        };
        self.from + part * (self.to - self.from)
    }

    /// Round amounts within, three to seven of them, zero among them.
    fn ticks(self) -> Vec<f64> {
        let span = (self.high - self.low).max(0.01);
        let power = 10f64.powf((span / 5.0).log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let step = steps.into_iter().find(|step| span / step <= 6.0);
        let step = step.unwrap_or(span);
        let (first, last) = ((self.low / step).ceil(), (self.high / step).floor());
        // At most seven: an amount that no float tells apart has no ticks.
        let count = (last - first).clamp(0.0, 7.0) as usize;
        (0..=count).map(|at| (first + at as f64) * step).collect()
    }
}

/// For a bar a float is exact enough; what is written comes from the decimals.
fn float(amount: Decimal) -> f64 {
    amount.to_f64().unwrap_or(0.0)
}

fn units(amount: f64) -> String {
    let rounded = Decimal::try_from(amount).unwrap_or_default();
    text::decimal(rounded).trim_end_matches(".00").to_owned()
}

/// Bars by month, stacked by group: what is above zero upwards, credits downwards. `None` where
/// there is nothing to draw.
pub(super) fn by_month(
    id: &'static str,
    title: String,
    months: &[(Option<Month>, String)],
    groups: &[Group],
) -> Option<Chart> {
    const HEIGHT: u32 = 330;
    const TOP: f64 = 22.0;
    const BOTTOM: f64 = 34.0;
    let series = series(groups);
    let amount = |of: &[&Group], month: &Option<Month>| -> Decimal {
        let amounts = of.iter().filter_map(|group| group.by_month.get(month));
        // Each fits into the total of its group, which was added up before.
        amounts.fold(Decimal::ZERO, |sum, amount| sum.saturating_add(*amount))
    };
    let stacks: Vec<Vec<Decimal>> = months
        .iter()
        .map(|(month, _)| series.iter().map(|(_, of)| amount(of, month)).collect())
        .collect();
    let side = |is_side: fn(f64) -> bool| {
        let sums = stacks.iter().map(|stack| {
            let amounts = stack.iter().map(|amount| float(*amount));
            amounts.filter(|amount| is_side(*amount)).sum::<f64>()
        });
        sums.collect::<Vec<f64>>()
    };
    let (above, below) = (side(|it| it > 0.0), side(|it| it < 0.0));
    let high = above.iter().copied().fold(0.0, f64::max);
    let low = below.iter().copied().fold(0.0, f64::min);
    if months.is_empty() || high - low <= 0.0 {
        return None;
    }
    let scale = Scale {
        low,
        high,
        from: f64::from(HEIGHT) - BOTTOM,
        to: TOP,
    };
    let mut chart = Chart::new(id, title, described(months, &stacks), HEIGHT);
    let right = f64::from(WIDTH) - RIGHT;
    for tick in scale.ticks() {
        let y = scale.at(tick);
        chart.line((LEFT, y), (right, y), tick_kind(tick));
        chart.label((LEFT - 8.0, y + 4.0), "end", "tick", units(tick));
    }
    let slot = (right - LEFT) / months.len() as f64;
    let wide = (slot * 0.62).min(84.0);
    for (at, ((_, name), stack)) in months.iter().zip(&stacks).enumerate() {
        let middle = LEFT + slot * (at as f64 + 0.5);
        let (mut up, mut down) = (0.0, 0.0);
        for (amount, (name_of, _)) in stack.iter().zip(&series) {
            let size = float(*amount);
            let end = if size < 0.0 { &mut down } else { &mut up };
            let (from, to) = (scale.at(*end), scale.at(*end + size));
            *end += size;
            if size != 0.0 {
                let number = series.iter().position(|(other, _)| other == name_of);
                chart.bars.push(Bar {
                    x: place(middle - wide / 2.0),
                    y: place(from.min(to)),
                    width: place(wide),
                    height: place((from - to).abs().max(0.5)),
                    series: number.unwrap_or_default().to_string(),
                    tooltip: format!("{name_of}, {name}: {}", text::decimal(*amount)),
                });
            }
        }
        let total: Decimal = stack
            .iter()
            .fold(Decimal::ZERO, |sum, amount| sum.saturating_add(*amount));
        let bottom = f64::from(HEIGHT) - BOTTOM + 20.0;
        chart.label((middle, bottom), "middle", "month", name.clone());
        let top = scale.at(up) - 7.0;
        chart.label((middle, top), "middle", "value", text::decimal(total));
    }
    chart.legend = series
        .iter()
        .enumerate()
        .map(|(at, (name, _))| Entry {
            series: at.to_string(),
            name: name.clone(),
        })
        .collect();
    Some(chart)
}

/// The groups by their names; those beyond the colors as one.
fn series(groups: &[Group]) -> Vec<(String, Vec<&Group>)> {
    let own = match groups.len() > SERIES {
        true => SERIES - 1,
        false => groups.len(),
    };
    let (first, rest) = groups.split_at(own);
    let mut series: Vec<(String, Vec<&Group>)> = first
        .iter()
        .map(|group| (group.name.clone(), vec![group]))
        .collect();
    if !rest.is_empty() {
        let name = format!("other ({})", rest.len());
        series.push((name, rest.iter().collect()));
    }
    series
}

fn described(months: &[(Option<Month>, String)], stacks: &[Vec<Decimal>]) -> String {
    let of_month = |((_, name), stack): (&(Option<Month>, String), &Vec<Decimal>)| {
        let sum = stack
            .iter()
            .fold(Decimal::ZERO, |sum, amount| sum.saturating_add(*amount));
        format!("{name}: {}", text::decimal(sum))
    };
    let totals: Vec<String> = months.iter().zip(stacks).map(of_month).collect();
    format!(
        "Stacked bars, one a month. {}. The table below has the same figures.",
        totals.join(", ")
    )
}

/// What a month comes to so far, what is left, and where it may end, beside the month before.
pub(super) fn forecast(
    id: &'static str,
    forecast: &Forecast,
    before: Option<(Month, Cents)>,
) -> Option<Chart> {
    const HEIGHT: u32 = 118;
    let cents = |cents: Cents| cents.get() as f64 / 100.0;
    let so_far = posted(forecast);
    let ends = forecast.range.map(|range| (range.low, range.high));
    let amounts = [Some(so_far), Some(forecast.total), before.map(|it| it.1)];
    let mut amounts: Vec<f64> = amounts.into_iter().flatten().map(cents).collect();
    amounts.extend(ends.map(|(low, _)| cents(low)));
    amounts.extend(ends.map(|(_, high)| cents(high)));
    let high = amounts.iter().copied().fold(0.0, f64::max);
    let low = amounts.iter().copied().fold(0.0, f64::min);
    if high - low <= 0.0 {
        return None;
    }
    let scale = Scale {
        low,
        high,
        from: LEFT,
        to: f64::from(WIDTH) - 24.0,
    };
    let month = forecast.month;
    let shown = |amount: Cents| text::cents(amount.get());
    let range = ends.map_or(String::new(), |(low, high)| {
        format!(", with a range from {} to {}", shown(low), shown(high))
    });
    let earlier = before.map_or(String::new(), |(month, amount)| {
        format!("; line items of {month}: {}", shown(amount))
    });
    let description = format!(
        "A bar from zero, of gross amounts. {} {POSTED}, {} at the end of the month{range}{earlier}.",
        shown(so_far),
        shown(forecast.total)
    );
    let mut chart = Chart::new(
        id,
        format!("Forecast of {month}, gross"),
        description,
        HEIGHT,
    );
    for tick in scale.ticks() {
        let x = scale.at(tick);
        chart.line((x, 12.0), (x, 92.0), tick_kind(tick));
        chart.label((x, 110.0), "middle", "tick", units(tick));
    }
    let mut bar = |y: f64, height: f64, from: f64, to: f64, series: &str, tooltip: String| {
        let (from, to) = (scale.at(from), scale.at(to));
        chart.bars.push(Bar {
            x: place(from.min(to)),
            y: place(y),
            width: place((from - to).abs().max(0.5)),
            height: place(height),
            series: series.to_owned(),
            tooltip,
        });
    };
    let posted = format!("{POSTED}: {}", shown(so_far));
    let left = format!("forecast: {}", shown(forecast.total));
    bar(18.0, 30.0, 0.0, cents(so_far), "0", posted);
    bar(
        18.0,
        30.0,
        cents(so_far),
        cents(forecast.total),
        "left",
        left,
    );
    if let Some((month, amount)) = before {
        let tooltip = format!("line items of {month}: {}", shown(amount));
        bar(62.0, 22.0, 0.0, cents(amount), "before", tooltip);
        chart.label((LEFT - 8.0, 77.0), "end", "tick", month.to_string());
    }
    chart.label((LEFT - 8.0, 37.0), "end", "tick", month.to_string());
    if let Some((low, high)) = ends {
        let (low, high) = (scale.at(cents(low)), scale.at(cents(high)));
        chart.line((low, 33.0), (high, 33.0), "range");
        chart.line((low, 24.0), (low, 42.0), "range");
        chart.line((high, 24.0), (high, 42.0), "range");
    }
    for (series, name) in [
        ("0", POSTED.to_owned()),
        ("left", "estimated for the days left".to_owned()),
    ]
    .into_iter()
    .chain(before.map(|(month, _)| ("before", format!("line items of {month}"))))
    {
        chart.legend.push(Entry {
            series: series.to_owned(),
            name,
        });
    }
    Some(chart)
}

/// How the line of a tick is drawn.
fn tick_kind(tick: f64) -> &'static str {
    if tick == 0.0 { "zero" } else { "grid" }
}

impl Chart {
    /// A chart without marks.
    fn new(id: &'static str, title: String, description: String, height: u32) -> Self {
        Self {
            id,
            title,
            description,
            width: WIDTH,
            height,
            bars: Vec::new(),
            lines: Vec::new(),
            labels: Vec::new(),
            legend: Vec::new(),
        }
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), kind: &'static str) {
        self.lines.push(Line {
            x1: place(from.0),
            y1: place(from.1),
            x2: place(to.0),
            y2: place(to.1),
            kind,
        });
    }

    fn label(&mut self, at: (f64, f64), anchor: &'static str, kind: &'static str, text: String) {
        self.labels.push(Label {
            x: place(at.0),
            y: place(at.1),
            anchor,
            kind,
            text,
        });
    }
}
