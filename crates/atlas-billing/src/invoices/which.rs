//! Finds the invoice that is meant when its id is not known.

use super::list::ListRequest;
use super::summary::InvoiceSummary;
use crate::raw::enums::InvoiceStatus;
use crate::{CallOptions, Error, ErrorKind, InvoiceId, Month, Months, Org, Result};

/// Which invoice of an organization is meant.
#[derive(Debug, Clone)]
pub(super) enum Which {
    Id(InvoiceId),
    Current,
    Month(Month),
}

impl Which {
    /// The invoice's id, looked up in the list of invoices if need be.
    pub(super) async fn resolve(&self, org: &Org, options: &CallOptions) -> Result<InvoiceId> {
        let list = ListRequest::new(org.clone())
            .linked(false)
            .options(options.clone());
        match self {
            Self::Id(id) => Ok(*id),
            Self::Current => {
                let pending = list.statuses([InvoiceStatus::Pending]).await?;
                let newest = pending.into_iter().max_by_key(|invoice| invoice.start_date);
                match newest {
                    Some(newest) => newest.invoice_id(),
                    None => Err(none(org, "that is pending")),
                }
            }
            Self::Month(month) => {
                let found = list.period(Months::from(*month)).await?;
                one_of(org, *month, &found)
            }
        }
    }
}

fn one_of(org: &Org, month: Month, found: &[InvoiceSummary]) -> Result<InvoiceId> {
    match found {
        [] => Err(none(org, &format!("for {month}"))),
        [only] => only.invoice_id(),
        several => {
            let ids: Vec<&str> = several.iter().filter_map(|one| one.id.as_deref()).collect();
            Err(Error::input(format!(
                "the organization has {} invoices for {month}: ask for one of {} by its id",
                several.len(),
                ids.join(", ")
            )))
        }
    }
}

fn none(org: &Org, which: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("organization {} has no invoice {which}", org.id()),
    )
    .with_operation(super::list::OPERATION)
}
