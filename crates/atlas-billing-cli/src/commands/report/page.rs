//! What a report says, in the order in which it says it: the tables are those of the commands.

use std::collections::BTreeSet;

use atlas_billing::money::{Forecast, Verdict};
use atlas_billing::totals::{Dimension, Totals};
use atlas_billing::{Cents, Month};

use super::chart::{self, Chart};
use super::{Facts, Read};
use crate::args::values::{Grouping, shown_period};
use crate::commands::groups::Groups;
use crate::commands::reconcile::capitalized;
use crate::commands::{compare, costs_table, forecast, invoices, reconcile, tags};
use crate::failure::{Failure, exit};
use crate::output::Layout;
use crate::text;

/// So many tags are shown with their values.
const TAGS_WITH_VALUES: usize = 2;

/// What every form is written from.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) title: String,
    /// What it is about: organization, months, the day it was made.
    pub(super) about: String,
    pub(super) headlines: Vec<Headline>,
    pub(super) sections: Vec<Section>,
    /// How to read the figures.
    pub(super) method: Vec<String>,
}

/// A figure that stands out.
#[derive(Debug, serde::Serialize)]
pub(super) struct Headline {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) note: String,
}

#[derive(Debug)]
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: String,
    /// What it shows, or why it shows nothing.
    pub(super) about: String,
    pub(super) chart: Option<Chart>,
    pub(super) tables: Vec<Layout>,
}

pub(super) fn page(facts: &Facts<'_>) -> Result<Page, Failure> {
    let forecast = forecast_of(facts)?;
    let sections = vec![
        months(facts)?,
        largest(facts),
        tags(facts),
        movers(facts)?,
        forecast_section(facts, &forecast),
        reconciliation(facts),
    ];
    Ok(Page {
        title: format!("Atlas costs {}", facts.months),
        about: format!(
            "Organization {}. {} in detail. Made on {} (UTC).",
            facts.org.id(),
            facts.detail,
            facts.today
        ),
        headlines: headlines(facts, &forecast),
        sections,
        method: method(facts, &forecast),
    })
}

/// The forecast and its table, or why there is none.
type Forecasted = Result<(forecast::Forecasted, Layout), String>;

fn forecast_of(facts: &Facts<'_>) -> Result<Forecasted, Failure> {
    let running = Month::of(facts.today);
    let read = match facts.invoice(running) {
        Ok(read) => read,
        Err(why) => return Ok(Err(why.to_owned())),
    };
    let current = read.sums.daily.total();
    let is_early = current.complete_through(running, facts.today).is_none();
    let last = facts.invoice(running.prev()).ok().filter(|_| is_early);
    let last = last.map(|last| last.sums.daily.total());
    match forecast::table(facts.org, &read.row, &current, last.as_ref(), facts.today) {
        Ok(made) => Ok(Ok(made)),
        // Too early in the month, and no month before.
        Err(failure) if failure.exit == exit::USAGE => Ok(Err(failure.message)),
        Err(failure) => Err(failure),
    }
}

fn headlines(facts: &Facts<'_>, forecast: &Forecasted) -> Vec<Headline> {
    let headline = |label: String, value: String, note: String| Headline { label, value, note };
    let missing =
        |label: &str, why: &str| headline(label.to_owned(), "–".to_owned(), capitalized(why));
    let (detail, before) = (facts.detail, facts.detail.prev());
    let read = facts.invoice(detail);
    let billed = |read: &Read| read.row.invoice.amount_billed_cents;
    let mut headlines = Vec::new();
    headlines.push(match read.map(|read| (billed(read), read)) {
        Ok((Some(amount), read)) => {
            let note = format!("{}{}", read.row.period(), status(read));
            headline(format!("Billed for {detail}"), cents(amount), note)
        }
        Ok((None, _)) => missing("Billed", "the invoice states no amount billed"),
        Err(why) => missing("Billed", why),
    });
    let both = |from: Option<Cents>, to: Option<Cents>| Some((from?, to?));
    let amounts = match (read, facts.invoice(before)) {
        (Ok(read), Ok(before)) => both(billed(before), billed(read)),
        _ => None,
    };
    let label = format!("Change of billed against {before}");
    headlines.push(match amounts {
        Some((from, to)) => {
            let part = to_date(read.ok()).unwrap_or_else(|| percent(from, to));
            let note = format!("billed for {before}: {}{part}", cents(from));
            headline(label, text::change((to - from).get()), note)
        }
        None => missing(
            &label,
            &format!("{before} or {detail} has no amount billed"),
        ),
    });
    headlines.push(match forecast {
        Ok((forecast, _)) => {
            let (gross, net) = (&forecast.forecast, &forecast.net);
            let range = net.range.map_or("no range".to_owned(), |range| {
                let (low, high) = (cents(range.low), cents(range.high));
                format!("{low} to {high} with a likelihood of {} %", range.percent)
            });
            let label = format!("Forecast of {}, net", net.month);
            let note = format!("{range}; gross {}", cents(gross.total));
            headline(label, cents(net.total), note)
        }
        Err(why) => missing("Forecast", why),
    });
    headlines.push(match read {
        Ok(read) => {
            let verdict = &read.sums.statement.verdict;
            let value = match verdict {
                Verdict::Reconciled => "reconciled".to_owned(),
                Verdict::ReconciledButForRounding { cents, .. } => {
                    format!("reconciled but for {}", text::change(cents.get()))
                }
                Verdict::NotReconciled { .. } => "not reconciled".to_owned(),
                _ => "nothing stated".to_owned(),
            };
            let label = format!("Invoice of {detail}");
            headline(label, value, capitalized(&reconcile::verdict(verdict)))
        }
        Err(why) => missing("Invoice", why),
    });
    headlines.push(match read {
        Ok(read) => {
            let tags = &read.sums.tags;
            let (untagged, whole) = (tags.untagged(), tags.total());
            let note = format!("{detail}: {}", tags::amounts_of_cost(&untagged, &whole));
            let part = tags.coverage(&untagged);
            let part = part.map_or("–".to_owned(), |part| text::share(part, 1.0));
            headline("Untagged".to_owned(), part, note)
        }
        Err(why) => missing("Untagged", why),
    });
    headlines
}

fn months(facts: &Facts<'_>) -> Result<Section, Failure> {
    let too_large = || {
        let what = "the sum of the amounts is too large to show; use `costs -o csv`";
        Failure::new(exit::OTHER, what)
    };
    let (by, today) = (Grouping::Services, facts.today);
    let rows = &facts.costs;
    let mut tables =
        costs_table::layouts(rows, by, Some(facts.months), today, None).ok_or_else(too_large)?;
    let groups = costs_table::groups(rows, by).ok_or_else(too_large)?;
    let mut all: BTreeSet<Option<Month>> = facts.months.into_iter().map(Some).collect();
    all.extend(groups.iter().flat_map(|group| group.by_month.keys()));
    let all: Vec<_> = all
        .into_iter()
        .map(|month| (month, costs_table::shown(month, today)))
        .collect();
    let period = shown_period(facts.months, today);
    let title = format!("Costs {period} by services");
    let chart = chart::by_month("months-chart", title, &all, &groups);
    tables.push(invoices::list_layout(
        format!("Invoices {period}"),
        &facts.list,
    ));
    Ok(Section {
        id: "months",
        title: "Month by month".to_owned(),
        about: format!("By service, from Cost Explorer: `costs {}`.", facts.months),
        chart,
        tables,
    })
}

/// The parts of an invoice by project, cluster and SKU.
fn largest(facts: &Facts<'_>) -> Section {
    let parts = |read: &Read| {
        let by = [Dimension::Project, Dimension::Cluster, Dimension::Sku].into_iter();
        by.map(|by| {
            let totals = totals(read, &by);
            Groups::largest_by(by, facts.top).table(&read.row, totals)
        })
        .collect()
    };
    let about = "The prices of the line items of the invoice, before tax: `invoices show --by project`, \
                 `--by cluster`, `--by sku`.";
    of_invoice(facts, "largest", "Largest parts", about, parts)
}

/// The sums by one of the dimensions that the invoice was read by.
fn totals(read: &Read, by: &Dimension) -> Totals {
    let by = std::slice::from_ref(by);
    read.sums
        .totals
        .rolled_up(by)
        .unwrap_or_else(|| Totals::new(by))
}

fn tags(facts: &Facts<'_>) -> Section {
    let tables = |read: &Read| {
        let sums = &read.sums.tags;
        let mut keys = sums.keys();
        // A stable sort: equal ones stay in alphabetical order.
        keys.sort_by_key(|key| std::cmp::Reverse(key.total.gross));
        let mut tables = vec![tags::table(&read.row, sums, facts.top)];
        for key in keys.into_iter().take(TAGS_WITH_VALUES) {
            let totals = sums.by(&key.key);
            let by = Groups::largest_by(Dimension::Tag(key.key), facts.top);
            tables.push(by.table(&read.row, totals));
        }
        tables
    };
    let about = "Which tags the line items of the invoice have: `invoices show --by tag:KEY`.";
    of_invoice(facts, "tags", "Tags", about, tables)
}

fn movers(facts: &Facts<'_>) -> Result<Section, Failure> {
    let (detail, before) = (facts.detail, facts.detail.prev());
    let compared = match (facts.invoice(before), facts.invoice(detail)) {
        (Ok(earlier), Ok(read)) => {
            let by = Groups::largest_by(Dimension::Sku, facts.top);
            let [from, to] = [earlier, read].map(|it| (it.row.clone(), it.sums.daily.clone()));
            match compare::table(facts.today, &by, from, to) {
                Ok(table) => Ok(table),
                // No day of the running month is complete.
                Err(failure) if failure.exit == exit::USAGE => Err(failure.message),
                Err(failure) => return Err(failure),
            }
        }
        (Err(why), _) | (_, Err(why)) => Err(why.to_owned()),
    };
    let about = format!(
        "Prices of line items, gross, the largest change first; what is billed is after discounts, as the net below \
         the table: `invoices compare {before} {detail}`."
    );
    Ok(Section {
        id: "movers",
        title: "What changed".to_owned(),
        about: compared
            .as_ref()
            .map_or_else(|why| capitalized(why), |_| about),
        chart: None,
        tables: compared.into_iter().collect(),
    })
}

fn forecast_section(facts: &Facts<'_>, forecast: &Forecasted) -> Section {
    let title = "Forecast".to_owned();
    match forecast {
        Ok((forecast, layout)) => {
            let forecast = &forecast.forecast;
            let before = forecast.month.prev();
            let earlier = facts.invoice(before).ok();
            let earlier = earlier.map(|read| (before, read.sums.tags.total().gross));
            Section {
                id: "forecast",
                title,
                about: "The running month's end, from its complete days: `forecast`. Net is gross less discounts, as billed \
                        if prices are before them.".to_owned(),
                chart: chart::forecast("forecast-chart", forecast, earlier),
                tables: vec![layout.clone()],
            }
        }
        Err(why) => Section {
            id: "forecast",
            title,
            about: capitalized(why),
            chart: None,
            tables: Vec::new(),
        },
    }
}

fn reconciliation(facts: &Facts<'_>) -> Section {
    let about = "From the line items to the amounts billed and due: `invoices reconcile`.";
    of_invoice(
        facts,
        "statement",
        "Why billed is not the sum of the lines",
        about,
        |read| vec![reconcile::layout(&read.sums.statement)],
    )
}

/// A section about the invoice in detail, or why there is none.
fn of_invoice(
    facts: &Facts<'_>,
    id: &'static str,
    title: &str,
    about: &str,
    tables: impl FnOnce(&Read) -> Vec<Layout>,
) -> Section {
    let (about, tables) = match facts.invoice(facts.detail) {
        Ok(read) => (about.to_owned(), tables(read)),
        Err(why) => (capitalized(why), Vec::new()),
    };
    Section {
        id,
        title: title.to_owned(),
        about,
        chart: None,
        tables,
    }
}

fn method(facts: &Facts<'_>, forecast: &Forecasted) -> Vec<String> {
    let mut notes = vec![
        format!(
            "Scope: organization {} alone, in Cost Explorer and in its own line items; those of linked invoices are \
             omitted.",
            facts.org.id()
        ),
        "Basis: gross is the sum of the prices of line items, before tax; the statement says whether prices are before \
         discounts, as far as the invoice shows it. Cost Explorer does not say whether its amounts are before or after \
         discounts."
            .to_owned(),
    ];
    let read = facts.invoice(facts.detail).ok();
    let currencies: BTreeSet<&str> = read
        .into_iter()
        .flat_map(|read| &read.row.invoice.payments)
        .filter_map(|payment| payment.currency.as_deref())
        .collect();
    let currencies: Vec<&str> = currencies.into_iter().collect();
    notes.push(match currencies.as_slice() {
        [] => "Currency: the invoice names none; its amounts are in its pricing currency. Nor does Cost Explorer."
            .to_owned(),
        named => format!(
            "Currency: amounts of an invoice are in its pricing currency; the payments of {} are in {}. Cost Explorer \
             names none.",
            facts.detail,
            named.join(", ")
        ),
    });
    if let Some(read) = read {
        let last = read.sums.daily.total().last_day(facts.detail);
        let last = last.map_or(String::new(), |day| format!(", with charges through {day}"));
        notes.push(format!(
            "Data: the invoice of {}{}{last}.",
            facts.detail,
            status(read)
        ));
    }
    if let Ok((forecast, _)) = forecast
        && let Forecast {
            month,
            complete_through: Some(day),
            ..
        } = &forecast.forecast
    {
        notes.push(format!(
            "Data: charges of {month} are complete through {day}."
        ));
    }
    notes.push(format!(
        "Made by atlas-billing {} on {} (UTC).",
        env!("CARGO_PKG_VERSION"),
        facts.today
    ));
    notes
}

/// The status of an invoice, after its period.
fn status(read: &Read) -> String {
    format!(", {}", read.row.status())
}

fn to_date(read: Option<&Read>) -> Option<String> {
    let is_pending = read.is_some_and(|read| read.row.is_pending());
    is_pending.then(|| "; the month is incomplete".to_owned())
}

/// The change in percent, where it means something.
fn percent(from: Cents, to: Cents) -> String {
    compare::relative(from, to).map_or(String::new(), |part| format!(", {:+.1} %", part * 100.0))
}

fn cents(cents: Cents) -> String {
    text::cents(cents.get())
}
