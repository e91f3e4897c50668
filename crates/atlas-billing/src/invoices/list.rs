//! The list of an organization's invoices.

use atlas_billing_raw::enums::{InvoiceSortBy, InvoiceStatus, SortOrder};
use atlas_billing_raw::types::{InvoicePage, InvoiceSummary};
use chrono::{NaiveDate, NaiveTime};

use super::pending::PendingInvoicesRequest;
use crate::client::Org;
use crate::error::Result;
use crate::list::{ListRequest, Listed, PageCall};
use crate::period::Months;
use crate::request::Call;

impl Org {
    /// The organization's invoices, the one whose period ends last first; awaited, all of them at
    /// once.
    ///
    /// ```no_run
    /// # async fn run(org: atlas_billing::Org) -> Result<(), Box<dyn std::error::Error>> {
    /// use atlas_billing::{InvoiceStatus, Months};
    ///
    /// let mut paid = org
    ///     .invoices()
    ///     .statuses([InvoiceStatus::Paid, InvoiceStatus::Closed])
    ///     .period(Months::year(2024)?)
    ///     .stream();
    /// while let Some(invoice) = paid.next().await {
    ///     println!("{:?}", invoice?.amount_billed_cents);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn invoices(&self) -> InvoicesRequest {
        let list = Invoices {
            org: self.clone(),
            statuses: Vec::new(),
            period: None,
            ended_by: None,
            linked: true,
        };
        ListRequest::new(self.client(), list)
    }
}

/// A request for the list of invoices: awaited, all of them; or a stream over its pages.
pub type InvoicesRequest = ListRequest<Invoices>;

/// The invoices of an organization, and filters for them.
#[derive(Debug, Clone)]
pub struct Invoices {
    org: Org,
    statuses: Vec<InvoiceStatus>,
    period: Option<Months>,
    ended_by: Option<NaiveDate>,
    linked: bool,
}

impl InvoicesRequest {
    /// Only invoices with one of these statuses; all if there is none. An invoice without a status
    /// has none of them.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = InvoiceStatus>) -> Self {
        self.list.statuses = statuses.into_iter().collect();
        self
    }

    /// Only invoices whose period lies within these months. An invoice without a period lies in
    /// none.
    pub fn period(mut self, period: impl Into<Months>) -> Self {
        self.list.period = Some(period.into());
        self
    }

    /// Requests only invoices whose period has ended on this day.
    pub(super) fn ended_by(mut self, day: NaiveDate) -> Self {
        self.list.ended_by = Some(day);
        self
    }

    /// Whether each invoice shows the invoices linked to it, as it does by default.
    pub fn linked(mut self, linked: bool) -> Self {
        self.list.linked = linked;
        self
    }

    /// The pending invoices with their line items: the running month in one request, and in the
    /// days after the end of a month the last one, too. Other filters do not apply to it.
    pub fn pending(self) -> PendingInvoicesRequest {
        let (_, options, list) = self.into_parts();
        PendingInvoicesRequest::new(list.org, options)
    }
}

impl Listed for Invoices {
    type Item = InvoiceSummary;
    type Page = InvoicePage;
    const OPERATION: &'static str = "listOrgInvoices";

    async fn prepare(&self, page: PageCall<'_>) -> Result<Call> {
        let (number, per_page) = (page.number, page.per_page);
        page.build(|raw| async move {
            let mut request = raw
                .list_org_invoices_bytes()
                .org_id(self.org.id().as_str())
                .page_num(number)
                .items_per_page(per_page)
                .sort_by(InvoiceSortBy::EndDate)
                .order_by(SortOrder::Desc)
                .view_linked_invoices(self.linked);
            if !self.statuses.is_empty() {
                request = request.status_names(self.statuses.clone());
            }
            if let Some(period) = self.period {
                request = request
                    .from_date(period.start_date())
                    .to_date(period.end_date_exclusive());
            }
            if let Some(day) = self.ended_by {
                request = request.to_date(day);
            }
            request.send().await
        })
        .await
    }

    fn id(invoice: &InvoiceSummary) -> Option<&str> {
        invoice.id.as_deref()
    }

    fn lets_pass(&self, invoice: &InvoiceSummary) -> bool {
        let status = invoice.status_name.as_ref();
        let has_status = || status.is_some_and(|status| self.statuses.contains(status));
        (self.statuses.is_empty() || has_status())
            && self.period.is_none_or(|period| lies_in(invoice, period))
    }
}

/// Whether the period of `invoice` lies within `months`.
pub(super) fn lies_in(invoice: &InvoiceSummary, months: Months) -> bool {
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let start = midnight(months.start_date());
    let end = midnight(months.end_date_exclusive());
    match (invoice.start_date, invoice.end_date) {
        (Some(from), Some(to)) => start <= from && to <= end,
        (Some(from), None) => (start..end).contains(&from),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_lies_within_months_or_not() {
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
            let mut invoice = InvoiceSummary::default();
            (invoice.start_date, invoice.end_date) = (start.parse().ok(), end.parse().ok());
            assert_eq!(lies_in(&invoice, months), inside, "{start} to {end}");
        }
    }
}
