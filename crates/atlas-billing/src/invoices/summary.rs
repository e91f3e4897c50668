//! An invoice as the list of invoices shows it.

use std::ops::{Deref, DerefMut};

use atlas_billing_raw::types::BillingInvoiceMetadata;
use chrono::{DateTime, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use crate::raw::enums::InvoiceStatus;
use crate::{Error, ErrorKind, InvoiceId, Months, Result};

/// An invoice as the list of invoices shows it: figures and dates, no line items and no payments.
/// Its fields are those of the generated type that it dereferences to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct InvoiceSummary(BillingInvoiceMetadata);

impl InvoiceSummary {
    /// The invoice's id, to ask for it with.
    ///
    /// # Errors
    /// Unreadable if the service left it out or sent something else.
    pub fn invoice_id(&self) -> Result<InvoiceId> {
        let id = self.0.id.as_deref().unwrap_or_default();
        id.parse().map_err(|error| {
            Error::new(
                ErrorKind::Unreadable,
                format!("the list of invoices has one with an id that is none: {id:?}"),
            )
            .with_source(error)
        })
    }

    /// The generated value.
    pub fn into_raw(self) -> BillingInvoiceMetadata {
        self.0
    }

    /// Whether the invoice has one of `statuses`.
    pub(super) fn has_status(&self, statuses: &[InvoiceStatus]) -> bool {
        self.0
            .status_name
            .as_ref()
            .is_some_and(|status| statuses.contains(status))
    }

    /// Whether the invoice's period lies within `months`.
    pub(super) fn lies_in(&self, months: &Months) -> bool {
        let midnight = |day: chrono::NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        let start: DateTime<Utc> = midnight(months.start_date());
        let end = midnight(months.end_date_exclusive());
        match (self.0.start_date, self.0.end_date) {
            (Some(from), Some(to)) => start <= from && to <= end,
            (Some(from), None) => (start..end).contains(&from),
            _ => false,
        }
    }
}

impl Deref for InvoiceSummary {
    type Target = BillingInvoiceMetadata;

    fn deref(&self) -> &BillingInvoiceMetadata {
        &self.0
    }
}

impl DerefMut for InvoiceSummary {
    fn deref_mut(&mut self) -> &mut BillingInvoiceMetadata {
        &mut self.0
    }
}

impl From<BillingInvoiceMetadata> for InvoiceSummary {
    fn from(raw: BillingInvoiceMetadata) -> Self {
        Self(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_inside_of_months_or_not() {
        let months: Months = "2025-02..2025-03".parse().unwrap();
        for (start, end, inside) in [
            ("2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z", true),
            ("2025-03-01T00:00:00Z", "2025-04-01T00:00:00Z", true),
            ("2025-03-01T00:00:00Z", "2025-04-01T00:00:01Z", false),
            ("2025-01-31T23:59:59Z", "2025-03-01T00:00:00Z", false),
            ("2025-04-01T00:00:00Z", "2025-05-01T00:00:00Z", false),
            ("2025-03-31T00:00:00Z", "", true),
            ("2025-04-01T00:00:00Z", "", false),
            ("", "", false),
        ] {
            let invoice = InvoiceSummary(BillingInvoiceMetadata::default());
            let mut invoice = invoice;
            (invoice.start_date, invoice.end_date) = (start.parse().ok(), end.parse().ok());
            assert_eq!(invoice.lies_in(&months), inside, "{start} to {end}");
        }
    }

    #[test]
    fn an_id_that_is_none_is_an_error() {
        let mut invoice = InvoiceSummary::default();
        assert!(invoice.invoice_id().unwrap_err().is_unreadable());
        invoice.id = Some("5f0c00000000000000000001".to_owned());
        assert_eq!(
            invoice.invoice_id().unwrap().to_string(),
            "5f0c00000000000000000001"
        );
    }
}
