//! A search for line items of one invoice, made by the service.

use atlas_billing_raw::types::{LineItemFilters, LineItemSearch, UsageLineItem, UsageLineItemPage};

use super::InvoiceRequest;
use super::find::Which;
use crate::client::Org;
use crate::error::{Error, Result};
use crate::id::{InvoiceId, check_object_id};
use crate::list::{ListRequest, Listed, PageCall};
use crate::request::Call;

/// A request for the line items that a search finds: awaited, all of them; or a stream over its
/// pages.
pub type LineItemSearchRequest = ListRequest<SearchedItems>;

/// The line items of one invoice that pass the filters of a search.
#[derive(Debug, Clone)]
pub struct SearchedItems {
    org: Org,
    which: Which,
    found: Option<InvoiceId>,
    search: LineItemSearch,
}

impl InvoiceRequest {
    /// Searches the invoice's line items: the service filters, so that "since yesterday" or one
    /// project takes no more than what is found.
    ///
    /// What is found has neither SKU nor tags nor discount; see [`UsageLineItem`]. Days in filters
    /// are UTC and inclusive at both ends. `filters` that are a [`LineItemSearch`] order the items,
    /// too.
    ///
    /// ```no_run
    /// # async fn run(org: atlas_billing::Org) -> atlas_billing::Result<()> {
    /// use atlas_billing::LineItemFilters;
    ///
    /// let mut filters = LineItemFilters::default();
    /// filters.usage_start_date = "2025-03-08".parse().ok();
    /// let mut items = org.current_invoice().search_line_items(filters).stream();
    /// while let Some(item) = items.next().await {
    ///     println!("{:?}", item?.total_price_cents);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn search_line_items(self, filters: impl Into<LineItemSearch>) -> LineItemSearchRequest {
        let (org, which, options) = self.into_parts();
        let client = org.client().clone();
        let list = SearchedItems {
            org,
            which,
            found: None,
            search: filters.into(),
        };
        ListRequest::new(&client, list).options(options)
    }
}

impl Listed for SearchedItems {
    type Item = UsageLineItem;
    type Page = UsageLineItemPage;
    const OPERATION: &'static str = "searchOrgInvoiceLineItems";

    async fn complete(&mut self, page: PageCall<'_>) -> Result<()> {
        check(&self.search.filters.clone().unwrap_or_default())
            .map_err(|error| error.with_operation(Self::OPERATION))?;
        self.found = Some(
            self.which
                .find(&self.org, page.options, page.deadline)
                .await?
                .id,
        );
        Ok(())
    }

    async fn prepare(&self, page: PageCall<'_>) -> Result<Call> {
        let (number, per_page) = (page.number, page.per_page);
        let Some(invoice) = self.found else {
            return Err(Error::input("the invoice to search is not known"));
        };
        page.build(|raw| async move {
            raw.search_org_invoice_line_items_bytes()
                .org_id(self.org.id().as_str())
                .invoice_id(invoice.as_str())
                .page_num(number)
                .items_per_page(per_page)
                .body(self.search.clone())
                .send()
                .await
        })
        .await
    }

    fn id(_: &UsageLineItem) -> Option<&str> {
        None
    }
}

/// Checks what a search cannot find anything by.
fn check(filters: &LineItemFilters) -> Result<()> {
    for id in filters.group_ids.iter().flatten() {
        check_object_id("a project id", id)?;
    }
    for id in filters.cluster_ids.iter().flatten() {
        check_object_id("a cluster id", id)?;
    }
    for (days, from, to) in [
        ("usage", filters.usage_start_date, filters.usage_end_date),
        ("billing", filters.bill_start_date, filters.bill_end_date),
    ] {
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            return Err(Error::input(format!(
                "the days of {days} end on {to}, before they begin on {from}"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_find_nothing_are_rejected() {
        let day = |text: &str| text.parse().ok();
        let mut filters = LineItemFilters::default();
        (filters.usage_start_date, filters.usage_end_date) = (day("2025-03-02"), day("2025-03-02"));
        assert!(check(&filters).is_ok());
        filters.usage_end_date = day("2025-03-01");
        assert!(
            check(&filters)
                .unwrap_err()
                .message()
                .contains("2025-03-01")
        );
        let mut filters = LineItemFilters::default();
        filters.group_ids = Some(vec!["production".into()]);
        assert!(
            check(&filters)
                .unwrap_err()
                .message()
                .contains("a project id")
        );
    }
}
