//! `report`: one page to send, from the tables that the commands print one by one.

mod chart;
mod html;
mod markdown;
mod page;
mod slack;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};

use atlas_billing::totals::Dimension;
use atlas_billing::{
    CostRow, ErrorKind, FoundInvoice, InvoiceId, InvoiceSummary, InvoiceSums, Month, Months, Org,
};
use chrono::NaiveDate;

use super::{Context, costs};
use crate::args::ReportArgs;
use crate::args::report::Form;
use crate::args::values::shown_period;
use crate::connect::connect;
use crate::failure::Failure;
use crate::records::InvoiceRow;

pub(super) async fn run(context: &Context, args: &ReportArgs) -> Result<(), Failure> {
    let form = Form::of(&context.global).map_err(Failure::usage)?;
    let is_terminal = context.global.output_file.is_none() && std::io::stdout().is_terminal();
    for_terminal(form, is_terminal)?;
    let today = context.today;
    let months = match args.period {
        Some(period) => period.resolve(today)?,
        None => costs::usual_months(today)?,
    };
    let detail = detail(months, today)?;
    let connection = connect(context).await?;
    let mut out = context.sink()?;
    let org = connection.org(context).await?;
    let period = shown_period(months, today);
    context.voice.note(&format!("Period: {period}"));
    let costs = costs::Started::new(context, &org, months, args.deadline).await?;
    let (list, invoices) = invoices(&org, months, detail, today).await?;
    let facts = Facts {
        org: &org,
        today,
        months,
        detail,
        top: args.top,
        costs: costs.rows(context).await?,
        list,
        invoices,
    };
    let page = page::page(&facts)?;
    let text = match form {
        Form::Html => html::html(&page)?,
        Form::Markdown => markdown::markdown(&page)?,
        Form::Slack => slack::slack(&page)?,
    };
    out.write_all(text.as_bytes())?;
    Ok(out.finish()?)
}

/// HTML and JSON are for files and programs.
fn for_terminal(form: Form, is_terminal: bool) -> Result<(), Failure> {
    let (what, file) = match form {
        Form::Html if is_terminal => ("HTML is for a browser", "report.html"),
        Form::Slack if is_terminal => ("Block Kit JSON is for Slack", "report.json"),
        _ => return Ok(()),
    };
    Err(Failure::usage(format!("{what}, not for a terminal"))
        .with_help(format!("write it to a file: --output-file {file}"))
        .with_help("for reading here: -o markdown"))
}

/// What a report is made from.
struct Facts<'a> {
    org: &'a Org,
    today: NaiveDate,
    months: Months,
    /// The month that is shown in detail.
    detail: Month,
    top: usize,
    /// The costs of the months by services.
    costs: Vec<CostRow>,
    /// The invoices of the months.
    list: Vec<InvoiceRow>,
    invoices: BTreeMap<Month, Result<Read, String>>,
}

/// An invoice that was read.
struct Read {
    /// The invoice without its line items.
    row: InvoiceRow,
    sums: InvoiceSums,
}

impl Facts<'_> {
    /// The invoice of a month, or why there is none.
    fn invoice(&self, month: Month) -> Result<&Read, &str> {
        match self.invoices.get(&month) {
            Some(read) => read.as_ref().map_err(String::as_str),
            None => Err("it was not read"),
        }
    }
}

/// The month that is shown in detail: the newest that is over, else the running one.
fn detail(months: Months, today: NaiveDate) -> Result<Month, Failure> {
    let running = Month::of(today);
    if months.first() > running {
        return Err(Failure::usage(format!("{months} has not begun")));
    }
    let over = months.last_month().min(running.prev());
    Ok(if over < months.first() { running } else { over })
}

/// The list of the invoices of `months`, and those that are read: of the month in detail, of the one
/// before it, and of the running one; each once.
async fn invoices(
    org: &Org,
    months: Months,
    detail: Month,
    today: NaiveDate,
) -> Result<(Vec<InvoiceRow>, BTreeMap<Month, Result<Read, String>>), Failure> {
    let running = Month::of(today);
    let listed = Months::new(
        months.first().min(detail.prev()).min(running.prev()),
        running,
    )?;
    let list = org.invoices().linked(false).period(listed).await?;
    let mut invoices = BTreeMap::new();
    for month in BTreeSet::from([detail.prev(), detail, running]) {
        invoices.insert(month, read(org, &list, month).await?);
    }
    let is_begun = |read: &Read| {
        let daily = read.sums.daily.total();
        daily.complete_through(running, today).is_some()
    };
    let is_early = invoices.get(&running).is_some_and(|read| match read {
        Ok(read) => !is_begun(read),
        Err(_) => false,
    });
    // In the first days of a month its forecast needs the month before.
    if is_early && !invoices.contains_key(&running.prev()) {
        invoices.insert(running.prev(), read(org, &list, running.prev()).await?);
    }
    let rows = list.iter().map(InvoiceRow::from);
    let of_months = |row: &InvoiceRow| row.month().is_some_and(|month| months.contains(month));
    Ok((rows.filter(of_months).collect(), invoices))
}

/// What line items are summed by: by fewer of these, and by project, follows from it.
const BY: [Dimension; 2] = [Dimension::Cluster, Dimension::Sku];

/// Reads the invoice of a month, if there is one that is meant.
async fn read(
    org: &Org,
    list: &[InvoiceSummary],
    month: Month,
) -> Result<Result<Read, String>, Failure> {
    let id: InvoiceId = match FoundInvoice::of_month(list, month) {
        Ok(found) => found.id,
        Err(error) if [ErrorKind::NotFound, ErrorKind::Input].contains(&error.kind()) => {
            return Ok(Err(error.message().to_owned()));
        }
        Err(error) => return Err(error.into()),
    };
    let items = org.invoice(id).line_items().await?;
    let sums = items.sums(&BY, &[Dimension::Sku]).await?;
    let mut invoice = sums.head.clone();
    invoice.org_id.get_or_insert_with(|| org.id().to_string());
    let row = InvoiceRow {
        invoice,
        items: None,
    };
    Ok(Ok(Read { row, sums }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_month_that_is_over_is_shown_in_detail() {
        let today = "2025-03-09".parse().unwrap();
        for (months, expected) in [
            ("2024-10..2025-03", Some("2025-02")),
            ("2024-10..2024-12", Some("2024-12")),
            ("2025-03", Some("2025-03")),
            ("2025-03..2025-05", Some("2025-03")),
            ("2025-04..2025-05", None),
        ] {
            let found = detail(months.parse().unwrap(), today);
            let found = found.ok().map(|month| month.to_string());
            assert_eq!(found.as_deref(), expected, "{months}");
        }
    }

    #[test]
    fn a_terminal_gets_text_alone() {
        for (form, is_refused) in [
            (Form::Html, true),
            (Form::Slack, true),
            (Form::Markdown, false),
        ] {
            assert_eq!(for_terminal(form, true).is_err(), is_refused, "{form:?}");
            assert!(for_terminal(form, false).is_ok());
        }
    }
}
