//! Finds the invoices that are meant: in the list of invoices, which alone tells months and
//! statuses.

use atlas_billing::raw::enums::InvoiceStatus;
use atlas_billing::{Error, InvoiceId, Month, Months, Org};

use crate::args::Invoice;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::records::invoice::InvoiceRow;

/// An invoice to be read, and what the list says of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) id: InvoiceId,
    /// Empty but for the ids where the list could not be read.
    pub(super) row: InvoiceRow,
}

/// The list of invoices, newest first.
pub(super) async fn list(
    org: &Org,
    period: Option<Months>,
    statuses: &[InvoiceStatus],
) -> Result<Vec<InvoiceRow>, Error> {
    let mut request = org.invoices().statuses(statuses.iter().cloned());
    if let Some(period) = period {
        request = request.period(period);
    }
    Ok(request
        .await?
        .iter()
        .map(|invoice| InvoiceRow::from(&**invoice))
        .collect())
}

/// The invoice meant.
pub(super) async fn one(context: &Context, org: &Org, which: &Invoice) -> Result<Found, Failure> {
    let listed = list(org, None, &[]).await;
    match (listed, which) {
        (Ok(rows), _) => pick(&rows, which, org.id().as_str()),
        // An id needs no list: what only that knows stays unsaid.
        (Err(error), Invoice::Id(id)) if error.is_forbidden() => {
            context.voice.must(&format!(
                "The list of invoices is refused, so that period and status stay unsaid: {error}"
            ));
            Ok(unlisted(*id, org.id().as_str()))
        }
        (Err(error), _) => Err(error.into()),
    }
}

/// The invoices of a period, oldest first.
pub(super) async fn of_period(org: &Org, period: Months) -> Result<Vec<Found>, Failure> {
    let mut rows = list(org, Some(period), &[]).await?;
    if rows.is_empty() {
        let all = list(org, None, &[]).await?;
        let what = format!("no invoice lies in {period}");
        return Err(missing(&what, &all, period.first(), period.last_month()));
    }
    rows.sort_by_key(|row| row.start);
    rows.iter().map(found).collect()
}

fn pick(rows: &[InvoiceRow], which: &Invoice, org: &str) -> Result<Found, Failure> {
    let newest = |pending: bool| {
        let of_status = rows.iter().filter(move |row| row.is_pending() == pending);
        of_status.max_by_key(|row| row.start)
    };
    let row = match which {
        Invoice::Current => newest(true),
        Invoice::Last => newest(false),
        Invoice::Of(month) => return of_month(rows, *month),
        Invoice::Id(id) => {
            let listed = rows
                .iter()
                .find(|row| row.id.as_deref() == Some(id.as_str()));
            // It may be a linked one, or too new for the list: asking for it will tell.
            return listed.map_or_else(|| Ok(unlisted(*id, org)), found);
        }
    };
    let what = match which {
        Invoice::Current => "there is no pending invoice: the newest one is",
        _ => "there is no invoice but the pending one:",
    };
    row.map_or_else(
        || Err(Failure::new(Exit::NotFound, said(what, rows.first()))),
        found,
    )
}

fn of_month(rows: &[InvoiceRow], month: Month) -> Result<Found, Failure> {
    let of_month: Vec<&InvoiceRow> = rows
        .iter()
        .filter(|row| row.month() == Some(month))
        .collect();
    match of_month.as_slice() {
        [] => Err(missing(
            &format!("there is no invoice of {month}"),
            rows,
            month,
            month,
        )),
        [row] => found(row),
        several => {
            let ids: Vec<String> = several.iter().map(|row| named(row)).collect();
            Err(Failure::usage(format!(
                "{month} has {} invoices: name one by its id: {}",
                several.len(),
                ids.join("; ")
            )))
        }
    }
}

fn unlisted(id: InvoiceId, org: &str) -> Found {
    let row = InvoiceRow {
        id: Some(id.to_string()),
        org_id: Some(org.to_owned()),
        ..InvoiceRow::default()
    };
    Found { id, row }
}

fn found(row: &InvoiceRow) -> Result<Found, Failure> {
    let id = row
        .id
        .as_deref()
        .unwrap_or_default()
        .parse()
        .map_err(|error| {
            Failure::new(
                Exit::Unreachable,
                format!("the list of invoices has one without a usable id: {error}"),
            )
        })?;
    Ok(Found {
        id,
        row: row.clone(),
    })
}

/// Not found, with the nearest invoices before and after.
fn missing(what: &str, rows: &[InvoiceRow], first: Month, last: Month) -> Failure {
    let months = || rows.iter().filter_map(|row| Some((row.month()?, row)));
    let before = months()
        .filter(|(month, _)| *month < first)
        .max_by_key(|(month, _)| *month);
    let after = months()
        .filter(|(month, _)| *month > last)
        .min_by_key(|(month, _)| *month);
    let near = |side: &str, row: Option<(Month, &InvoiceRow)>| match row {
        Some((_, row)) => format!("\n  the nearest {side}: {}", named(row)),
        None => format!("\n  none {side}"),
    };
    let message = match rows.is_empty() {
        true => format!("{what}: the organization has no invoices at all."),
        false => format!("{what}.{}{}", near("before", before), near("after", after)),
    };
    Failure::new(Exit::NotFound, message)
}

fn said(what: &str, row: Option<&InvoiceRow>) -> String {
    match row {
        Some(row) => format!("{what} {}", named(row)),
        None => "the organization has no invoices.".to_owned(),
    }
}

/// An invoice in a message: period, id, status.
fn named(row: &InvoiceRow) -> String {
    let id = row.id.as_deref().unwrap_or("without id");
    format!("{}, {id}, {}", row.period(), row.status_text())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORG: &str = "64b7f0a1c2d3e4f506172839";

    fn rows() -> Vec<InvoiceRow> {
        let row = |id: u32, month: &str, status: InvoiceStatus| InvoiceRow {
            id: Some(format!("{id:024x}")),
            start: format!("{month}-01T00:00:00Z").parse().ok(),
            status: Some(status),
            ..InvoiceRow::default()
        };
        vec![
            row(5, "2025-05", InvoiceStatus::Pending),
            row(4, "2025-04", InvoiceStatus::Closed),
            row(2, "2025-02", InvoiceStatus::Paid),
            row(1, "2025-02", InvoiceStatus::Failed),
        ]
    }

    fn picked(which: &str) -> Result<String, (u8, String)> {
        match pick(&rows(), &which.parse().unwrap(), ORG) {
            Ok(found) => Ok(found.row.period()),
            Err(Failure::Said { exit, message }) => Err((exit.code(), message)),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_lead_to_invoices() {
        assert_eq!(picked("current").unwrap(), "from 2025-05-01 (to date)");
        assert_eq!(picked("last").unwrap(), "from 2025-04-01");
        assert_eq!(picked("2025-04").unwrap(), "from 2025-04-01");
        assert_eq!(
            picked("000000000000000000000002").unwrap(),
            "from 2025-02-01"
        );
        assert_eq!(
            picked("000000000000000000000009").unwrap(),
            "period not said"
        );
    }

    #[test]
    fn a_month_without_one_is_told_its_neighbours() {
        let (code, message) = picked("2025-03").unwrap_err();
        assert_eq!(code, 4);
        for part in [
            "no invoice of 2025-03",
            "before: from 2025-02-01",
            "000000000004, CLOSED",
        ] {
            assert!(message.contains(part), "{message}");
        }
        let (_, message) = picked("2025-06").unwrap_err();
        assert!(message.contains("none after"), "{message}");
    }

    #[test]
    fn a_month_with_several_is_asked_about() {
        let (code, message) = picked("2025-02").unwrap_err();
        assert_eq!(code, 2);
        assert!(
            message.contains("2 invoices") && message.contains("FAILED"),
            "{message}"
        );
    }

    #[test]
    fn nothing_at_all_is_said_as_such() {
        for which in [
            Invoice::Current,
            Invoice::Last,
            Invoice::Of(Month::new(2025, 3).unwrap()),
        ] {
            let Err(Failure::Said { exit, message }) = pick(&[], &which, ORG) else {
                panic!("{which:?}");
            };
            assert_eq!(exit, Exit::NotFound);
            assert!(message.contains("no invoices"), "{message}");
        }
    }
}
