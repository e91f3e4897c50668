//! Finds the invoice that is meant when its id is not known.

use atlas_billing_raw::enums::InvoiceStatus;
use atlas_billing_raw::types::InvoiceSummary;
use chrono::{DateTime, NaiveTime, Utc};

use super::list::{Invoices, lies_in};
use crate::client::Org;
use crate::error::{Error, ErrorKind, Result};
use crate::exchange::Deadline;
use crate::id::InvoiceId;
use crate::list::Listed;
use crate::period::Month;
use crate::request::CallOptions;

/// Which invoice of an organization is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Id(InvoiceId),
    /// The newest pending one.
    Current,
    /// The newest one whose period has ended.
    Last,
    Month(Month),
}

/// The invoice that a request means.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FoundInvoice {
    /// Its id.
    pub id: InvoiceId,
    /// What the list of invoices says of it; `None` for an invoice that was given by its id.
    pub summary: Option<InvoiceSummary>,
    /// Other invoices that could have been meant, the newest first: for the current invoice the
    /// other pending ones, as in the days after the end of a month; for the last invoice others
    /// whose period ended with it.
    pub passed_over: Vec<InvoiceSummary>,
}

impl FoundInvoice {
    /// The invoice of a month in a list that was fetched before, as
    /// [`Org::invoice_of`](crate::Org::invoice_of) finds it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]: the list has none. [`ErrorKind::Input`]: it has several.
    pub fn of_month(list: &[InvoiceSummary], month: Month) -> Result<Self> {
        // Only the last invoice depends on the time.
        Which::Month(month).choose(list.to_vec(), DateTime::UNIX_EPOCH)
    }
}

impl Which {
    /// The invoice that was given by its id, or looked up in the list of invoices.
    pub(super) async fn find(
        self,
        org: &Org,
        options: &CallOptions,
        deadline: Deadline,
    ) -> Result<FoundInvoice> {
        match self {
            Self::Id(id) => Ok(FoundInvoice {
                id,
                summary: None,
                passed_over: Vec::new(),
            }),
            // In a box, so that the calls which need none of it are not as large.
            _ => Box::pin(self.look_up(org, options, deadline)).await,
        }
    }

    /// Reads the list of invoices only as far as needed.
    async fn look_up(
        self,
        org: &Org,
        options: &CallOptions,
        deadline: Deadline,
    ) -> Result<FoundInvoice> {
        let clock = org.client().pipeline().exchange.clock.clone();
        let now = clock.now();
        let list = org.invoices().linked(false).options(options.clone());
        let list = match self {
            Self::Id(_) => list,
            Self::Current => list.statuses([InvoiceStatus::Pending]),
            Self::Last => list.ended_by(now.date_naive()),
            Self::Month(month) => list.period(month),
        };
        let mut pages = list.pages(Some(deadline));
        let mut read = Vec::new();
        while let Some((_, page)) = pages.next().await? {
            read.extend(page);
            if self.is_settled(&read, now) {
                break;
            }
        }
        self.choose(read, now)
            .map_err(|error| error.with_operation(Invoices::OPERATION))
    }

    fn means(self, invoice: &InvoiceSummary, now: DateTime<Utc>) -> bool {
        match self {
            Self::Id(id) => invoice.id.as_deref() == Some(id.as_str()),
            Self::Current => invoice.status_name == Some(InvoiceStatus::Pending),
            Self::Last => invoice.end_date.is_some_and(|end| end <= now),
            Self::Month(month) => lies_in(invoice, month.into()),
        }
    }

    /// Whether no further page of the list can change which invoice is meant. The list is requested
    /// with the latest end first; only if it is in that order may the rest of it be ignored.
    fn is_settled(self, read: &[InvoiceSummary], now: DateTime<Utc>) -> bool {
        let in_order = read.is_sorted_by(|left, right| left.end_date >= right.end_date);
        let Some(oldest) = read.last().filter(|_| in_order) else {
            return false;
        };
        let found = read.iter().any(|invoice| self.means(invoice, now));
        match self {
            Self::Last => found,
            Self::Month(month) => {
                let start = month.first_day().and_time(NaiveTime::MIN).and_utc();
                oldest.end_date.is_some_and(|end| end <= start)
            }
            Self::Id(_) | Self::Current => found && !self.means(oldest, now),
        }
    }

    fn choose(self, read: Vec<InvoiceSummary>, now: DateTime<Utc>) -> Result<FoundInvoice> {
        let mut meant: Vec<InvoiceSummary> = read
            .into_iter()
            .filter(|invoice| self.means(invoice, now))
            .collect();
        // Stable: of two with the same period the service's order decides.
        meant.sort_by(|left, right| {
            (right.end_date, right.start_date).cmp(&(left.end_date, left.start_date))
        });
        if let (Self::Month(month), [_, _, ..]) = (self, meant.as_slice()) {
            let ids: Vec<&str> = meant.iter().filter_map(|one| one.id.as_deref()).collect();
            let ids = ids.join(", ");
            return Err(Error::input(format!(
                "several invoices are for {month}: {ids}"
            )));
        }
        let mut meant = meant.into_iter();
        let Some(summary) = meant.next() else {
            let what = match self {
                Self::Id(id) => format!("there is no invoice {id}"),
                Self::Current => "no invoice is pending".to_owned(),
                Self::Last => "there is no invoice whose period has ended".to_owned(),
                Self::Month(month) => format!("there is no invoice for {month}"),
            };
            return Err(Error::new(ErrorKind::NotFound, what));
        };
        let end = summary.end_date;
        Ok(FoundInvoice {
            id: InvoiceId::try_from(&summary)?,
            summary: Some(summary),
            passed_over: meant
                .filter(|other| self == Self::Current || other.end_date == end)
                .collect(),
        })
    }
}

/// What the list of invoices says of one of them; `None` if it is not there.
pub(super) async fn summary_of(
    org: &Org,
    id: InvoiceId,
    options: &CallOptions,
    deadline: Deadline,
) -> Result<Option<InvoiceSummary>> {
    let list = org.invoices().linked(false).options(options.clone());
    let mut pages = list.pages(Some(deadline));
    while let Some((_, mut page)) = pages.next().await? {
        let is_it = |invoice: &InvoiceSummary| invoice.id.as_deref() == Some(id.as_str());
        if let Some(index) = page.iter().position(is_it) {
            return Ok(Some(page.swap_remove(index)));
        }
    }
    Ok(None)
}

/// The id of an invoice in the list, to fetch it by.
impl TryFrom<&InvoiceSummary> for InvoiceId {
    type Error = Error;

    /// # Errors
    /// [`ErrorKind::Decode`] if the service left the id out or sent something else.
    fn try_from(summary: &InvoiceSummary) -> Result<Self> {
        let id = summary.id.as_deref().unwrap_or_default();
        id.parse()
            .map_err(|_| Error::decode("an invoice in the list has no valid id"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2025-03-03T12:00:00Z".parse().unwrap()
    }

    /// An invoice of a month of 2025 or 2024, by its two last digits: its id is that of the month.
    fn invoice(month: &str, status: &str) -> InvoiceSummary {
        let month: Month = month.parse().unwrap();
        let json = format!(
            r#"{{"id":"{:024}","statusName":"{status}","startDate":"{}T00:00:00Z","endDate":"{}T00:00:00Z"}}"#,
            month.year() as u32 * 100 + month.month(),
            month.first_day(),
            month.next().first_day()
        );
        serde_json::from_str(&json).unwrap()
    }

    fn list(invoices: &[(&str, &str)]) -> Vec<InvoiceSummary> {
        let invoices = invoices.iter();
        invoices
            .map(|(month, status)| invoice(month, status))
            .collect()
    }

    const MARCH: (&str, &str) = ("2025-03", "PENDING");
    const FEBRUARY: (&str, &str) = ("2025-02", "PENDING");
    const JANUARY: (&str, &str) = ("2025-01", "PAID");
    const DECEMBER: (&str, &str) = ("2024-12", "PAID");

    #[test]
    fn the_list_is_read_only_as_far_as_needed() {
        let month = |text: &str| Which::Month(text.parse().unwrap());
        for (which, read, settled) in [
            (Which::Current, &[][..], false),
            (Which::Current, &[MARCH], false),
            (Which::Current, &[MARCH, FEBRUARY], false),
            (Which::Current, &[MARCH, FEBRUARY, JANUARY], true),
            (Which::Current, &[JANUARY, DECEMBER], false),
            (Which::Last, &[MARCH], false),
            (Which::Last, &[MARCH, FEBRUARY], true),
            (Which::Last, &[JANUARY], true),
            // Not in the order that was requested: the newest may still come.
            (Which::Last, &[DECEMBER, JANUARY], false),
            (month("2025-01"), &[MARCH, FEBRUARY, JANUARY], false),
            (month("2025-01"), &[MARCH, JANUARY, DECEMBER], true),
            (month("2025-01"), &[DECEMBER, JANUARY], false),
        ] {
            assert_eq!(
                which.is_settled(&list(read), now()),
                settled,
                "{which:?} {read:?}"
            );
        }
    }

    #[test]
    fn the_invoice_that_is_meant_and_those_passed_over() {
        let all = [JANUARY, MARCH, DECEMBER, FEBRUARY];
        let month = |text: &str| Which::Month(text.parse().unwrap());
        for (which, read, id, passed_over) in [
            (Which::Current, &all[..], "202503", &["202502"][..]),
            (Which::Last, &all, "202502", &[]),
            (Which::Last, &[JANUARY, DECEMBER], "202501", &[]),
            (
                Which::Last,
                &[JANUARY, JANUARY, DECEMBER],
                "202501",
                &["202501"],
            ),
            (month("2024-12"), &all, "202412", &[]),
        ] {
            let found = which.choose(list(read), now()).unwrap();
            assert!(found.id.as_str().ends_with(id), "{which:?} {found:?}");
            assert_eq!(found.summary.unwrap().id.unwrap(), found.id.as_str());
            let passed: Vec<_> = found
                .passed_over
                .iter()
                .filter_map(|one| one.id.as_deref())
                .collect();
            assert_eq!(passed.len(), passed_over.len(), "{which:?}");
            assert!(
                passed
                    .iter()
                    .zip(passed_over)
                    .all(|(id, end)| id.ends_with(end))
            );
        }
        for (which, kind, part) in [
            (Which::Current, ErrorKind::NotFound, "pending"),
            (Which::Last, ErrorKind::NotFound, "ended"),
            (month("2024-11"), ErrorKind::NotFound, "2024-11"),
        ] {
            let error = which.choose(Vec::new(), now()).unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(error.message().contains(part), "{error}");
        }
        let error = month("2025-01")
            .choose(list(&[JANUARY, JANUARY]), now())
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.message().contains("000202501, 0"), "{error}");
        let mut nameless = invoice("2025-02", "PENDING");
        nameless.id = None;
        let february: Month = "2025-02".parse().unwrap();
        let fetched = list(&[MARCH, FEBRUARY, JANUARY]);
        let found = FoundInvoice::of_month(&fetched, february).unwrap();
        assert_eq!(found.summary, Some(invoice(FEBRUARY.0, FEBRUARY.1)));
        let error = Which::Current.choose(vec![nameless], now()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
    }
}
