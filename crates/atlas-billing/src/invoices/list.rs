//! The list of an organization's invoices.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use atlas_billing_raw::enums::{InvoiceSortBy, InvoiceStatus, SortOrder};
use atlas_billing_raw::types::{InvoicePage, InvoiceSummary};
use chrono::{NaiveDate, NaiveTime};
use futures_core::Stream;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::client::Org;
use crate::edge::BoxFuture;
use crate::error::{Error, Result};
use crate::exchange::Deadline;
use crate::meta::ResponseMeta;
use crate::period::Months;
use crate::request::{CallOptions, Form, Response, call_options};

/// The operation behind the list.
pub(super) const OPERATION: &str = "listOrgInvoices";

/// The documented default of invoices a page.
const PER_PAGE: u16 = 100;

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
        InvoicesRequest::new(self)
    }
}

/// A request for the list of invoices: awaited, all of them; or a stream over its pages.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the request is awaited or its stream is read"]
pub struct InvoicesRequest {
    org: Org,
    options: CallOptions,
    statuses: Vec<InvoiceStatus>,
    period: Option<Months>,
    ended_by: Option<NaiveDate>,
    linked: bool,
    per_page: u16,
}

call_options!(InvoicesRequest);

impl InvoicesRequest {
    pub(super) fn new(org: &Org) -> Self {
        Self {
            org: org.clone(),
            options: CallOptions::new(),
            statuses: Vec::new(),
            period: None,
            ended_by: None,
            linked: true,
            per_page: PER_PAGE,
        }
    }

    /// Only invoices with one of these statuses; all if there is none. An invoice without a status
    /// has none of them.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = InvoiceStatus>) -> Self {
        self.statuses = statuses.into_iter().collect();
        self
    }

    /// Only invoices whose period lies within these months. An invoice without a period lies in
    /// none.
    pub fn period(mut self, period: impl Into<Months>) -> Self {
        self.period = Some(period.into());
        self
    }

    /// Requests only invoices whose period has ended on this day.
    pub(super) fn ended_by(mut self, day: NaiveDate) -> Self {
        self.ended_by = Some(day);
        self
    }

    /// Whether each invoice shows the invoices linked to it, as it does by default.
    pub fn linked(mut self, linked: bool) -> Self {
        self.linked = linked;
        self
    }

    /// How many invoices one request fetches, 1 to 500; 100 by default.
    pub fn per_page(mut self, per_page: u16) -> Self {
        self.per_page = per_page;
        self
    }

    /// The invoices one by one, each page fetched when it is needed.
    pub fn stream(self) -> Invoices {
        Invoices {
            ready: VecDeque::new(),
            meta: None,
            state: State::Start(Box::new(self)),
        }
    }

    /// The pages of the list, fetched by `deadline`; the service's responses, unfiltered.
    pub(super) fn pages(self, deadline: Deadline) -> Pages {
        Pages {
            request: self,
            deadline,
            next: Some(1),
            seen: BTreeSet::new(),
            meta: None,
        }
    }

    /// Whether the filters let `invoice` pass: the service is asked for the same, but whether it
    /// knows each of them is not certain.
    fn lets_pass(&self, invoice: &InvoiceSummary) -> bool {
        let status = invoice.status_name.as_ref();
        let has_status = || status.is_some_and(|status| self.statuses.contains(status));
        (self.statuses.is_empty() || has_status())
            && self.period.is_none_or(|period| lies_in(invoice, period))
    }
}

impl IntoFuture for InvoicesRequest {
    type Output = Result<Vec<InvoiceSummary>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut stream = self.stream();
            let mut all = Vec::new();
            while let Some(invoice) = stream.next().await {
                all.push(invoice?);
            }
            Ok(all)
        })
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

/// The invoices of one page.
type Page = Vec<InvoiceSummary>;

/// The pages of the list of invoices.
pub(super) struct Pages {
    request: InvoicesRequest,
    deadline: Deadline,
    /// The number of the next page, counted from 1; `None` at the end.
    next: Option<u32>,
    /// The ids that have been handed out: the list may shift while it is read, as a new invoice
    /// comes in.
    seen: BTreeSet<String>,
    meta: Option<ResponseMeta>,
}

impl Pages {
    /// The invoices of the next page, without those of earlier ones; `None` at the end, and after an
    /// error.
    pub(super) async fn next(&mut self) -> Result<Option<Page>> {
        let Some(number) = self.next.take() else {
            return Ok(None);
        };
        let (meta, mut page) = self.fetch(number).await?;
        let more = has_more(&page, number, self.request.per_page);
        let seen = &mut self.seen;
        page.results
            .retain(|invoice| invoice.id.clone().is_none_or(|id| seen.insert(id)));
        if more && page.results.iter().all(|invoice| invoice.id.is_none()) {
            let error = Error::decode(format!("page {number} of the list repeats earlier ones"));
            return Err(error.with_meta(meta));
        }
        self.meta = Some(meta);
        self.next = more.then(|| number.saturating_add(1));
        Ok(Some(page.results))
    }

    async fn fetch(&self, number: u32) -> Result<(ResponseMeta, InvoicePage)> {
        let InvoicesRequest {
            org,
            options,
            statuses,
            period,
            ended_by,
            linked,
            per_page,
        } = &self.request;
        if !(1..=500).contains(per_page) {
            let message = format!("a page cannot have {per_page} invoices; 1 to 500 are possible");
            return Err(Error::input(message).with_operation(OPERATION));
        }
        let call =
            org.client()
                .pipeline()
                .call(Form::Json, options, self.deadline, |raw| async move {
                    let mut request = raw
                        .list_org_invoices_bytes()
                        .org_id(org.id().as_str())
                        .page_num(i64::from(number))
                        .items_per_page(i64::from(*per_page))
                        .sort_by(InvoiceSortBy::EndDate)
                        .order_by(SortOrder::Desc)
                        .view_linked_invoices(*linked);
                    if !statuses.is_empty() {
                        request = request.status_names(statuses.clone());
                    }
                    if let Some(period) = period {
                        request = request
                            .from_date(period.start_date())
                            .to_date(period.end_date_exclusive());
                    }
                    if let Some(day) = ended_by {
                        request = request.to_date(*day);
                    }
                    request.send().await
                });
        call.await?.read(page_of).await
    }
}

/// The page that a response holds.
async fn page_of(response: Response) -> Result<(ResponseMeta, InvoicePage)> {
    let content = response.ready_content().await?;
    let page: InvoicePage = content.decode()?;
    // The generated type takes a list that is absent for an empty one.
    if page.results.is_empty() && !has_results(&content.bytes) {
        let error = Error::decode("the response is not a list").with_excerpt(&content.bytes);
        return Err(content.error(error));
    }
    Ok((content.meta, page))
}

/// Whether a page may have another one behind it.
///
/// A link to the next page says that there is one; that there is no such link does not say that
/// there is none. A full page may have another one behind it, unless the count of all says
/// otherwise.
fn has_more(page: &InvoicePage, number: u32, per_page: u16) -> bool {
    let linked = page
        .links
        .iter()
        .any(|link| link.rel.as_deref() == Some("next"));
    let full = page.results.len() >= usize::from(per_page);
    let until_here = i64::from(number) * i64::from(per_page);
    let counted = || {
        page.total_count
            .is_none_or(|all| until_here < i64::from(all))
    };
    !page.results.is_empty() && (linked || full && counted())
}

/// Whether a page has a list of results.
fn has_results(page: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Probe {
        results: Option<Vec<IgnoredAny>>,
    }
    let probe = serde_json::from_slice::<Probe>(page);
    probe.is_ok_and(|probe| probe.results.is_some())
}

/// The invoices of an organization as a stream over the pages of their list.
///
/// The list may shift while it is read, as a new invoice comes in; none is given twice. After an
/// error the stream ends.
pub struct Invoices {
    ready: VecDeque<InvoiceSummary>,
    meta: Option<ResponseMeta>,
    state: State,
}

enum State {
    /// Nothing has been requested: the call's time limit begins with the first page.
    Start(Box<InvoicesRequest>),
    Idle(Box<Pages>),
    Fetching(BoxFuture<'static, (Box<Pages>, Result<Option<Page>>)>),
    Ended,
}

impl Invoices {
    /// The next invoice; `None` at the end.
    ///
    /// # Errors
    /// Those of the call for the next page; [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the
    /// service repeats a page.
    pub async fn next(&mut self) -> Option<Result<InvoiceSummary>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Status, headers and rate limit of the page fetched last; `None` before the first.
    pub fn meta(&self) -> Option<&ResponseMeta> {
        self.meta.as_ref()
    }
}

impl Stream for Invoices {
    type Item = Result<InvoiceSummary>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(invoice) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(invoice)));
            }
            self.state = match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Start(request) => {
                    let deadline = request.org.client().deadline(&request.options);
                    State::Idle(Box::new(request.pages(deadline)))
                }
                State::Idle(mut pages) => State::Fetching(Box::pin(async move {
                    let page = pages.next().await;
                    (pages, page)
                })),
                State::Fetching(mut fetching) => match fetching.as_mut().poll(cx) {
                    Poll::Pending => {
                        self.state = State::Fetching(fetching);
                        return Poll::Pending;
                    }
                    Poll::Ready((mut pages, page)) => {
                        let Some(mut page) = page? else {
                            return Poll::Ready(None);
                        };
                        self.meta = pages.meta.take();
                        page.retain(|invoice| pages.request.lets_pass(invoice));
                        self.ready = page.into();
                        State::Idle(pages)
                    }
                },
            };
        }
    }
}

impl fmt::Debug for Invoices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invoices")
            .field("ready", &self.ready.len())
            .field("ended", &matches!(self.state, State::Ended))
            .finish_non_exhaustive()
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

    #[test]
    fn a_further_page_is_fetched_where_there_may_be_one() {
        const NEXT: &str = r#","links":[{"rel":"self"},{"rel":"next"}]"#;
        const SELF: &str = r#","links":[{"rel":"self"}]"#;
        for (results, rest, number, more) in [
            ("", "", 1, false),
            ("", NEXT, 1, false),
            ("{}", "", 1, false),
            ("{}", NEXT, 1, true),
            ("{},{}", "", 1, true),
            ("{},{}", SELF, 1, true),
            ("{},{}", r#","totalCount":2"#, 1, false),
            ("{},{}", r#","totalCount":3"#, 1, true),
            ("{},{}", r#","totalCount":4"#, 2, false),
        ] {
            let page = format!(r#"{{"results":[{results}]{rest}}}"#);
            let parsed = serde_json::from_str(&page).unwrap();
            assert_eq!(has_more(&parsed, number, 2), more, "{page}");
        }
    }
}
