//! The list of an organization's invoices.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use atlas_billing_raw::types::PaginatedApiInvoiceMetadataView;
use futures_core::Stream;

use super::summary::InvoiceSummary;
use crate::call::{Ask, call_options};
use crate::edge::BoxFuture;
use crate::raw::enums::InvoiceStatus;
use crate::{CallOptions, Error, ErrorKind, Form, Months, Org, ResponseMeta, Result};

pub(super) const OPERATION: &str = "listOrgInvoices";

/// The documented number of invoices a page.
const PER_PAGE: u16 = 100;

impl Org {
    /// The organization's invoices, the newest period first; awaited, all of them at once.
    ///
    /// ```no_run
    /// # async fn run(org: atlas_billing::Org) -> atlas_billing::Result<()> {
    /// use atlas_billing::raw::enums::InvoiceStatus;
    ///
    /// let mut paid = org
    ///     .invoices()
    ///     .statuses([InvoiceStatus::Paid, InvoiceStatus::Closed])
    ///     .period("2024".parse()?)
    ///     .into_stream();
    /// while let Some(invoice) = paid.next().await {
    ///     println!("{:?}", invoice?.amount_billed_cents);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn invoices(&self) -> ListRequest {
        ListRequest::new(self.clone())
    }
}

/// A request for the list of invoices: awaited, all of them; or a stream over its pages.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the request is awaited or its stream is read"]
pub struct ListRequest {
    org: Org,
    options: CallOptions,
    statuses: Vec<InvoiceStatus>,
    period: Option<Months>,
    linked: bool,
    per_page: u16,
}

call_options!(ListRequest, options);

impl ListRequest {
    pub(super) fn new(org: Org) -> Self {
        Self {
            org,
            options: CallOptions::new(),
            statuses: Vec::new(),
            period: None,
            linked: true,
            per_page: PER_PAGE,
        }
    }

    /// Only invoices with one of these statuses; all if there is none. An invoice that does not
    /// say its status has none of them.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = InvoiceStatus>) -> Self {
        self.statuses = statuses.into_iter().collect();
        self
    }

    /// Only invoices whose period lies within these months. An invoice that does not say its
    /// period lies in none.
    pub fn period(mut self, period: Months) -> Self {
        self.period = Some(period);
        self
    }

    /// Whether each invoice shows the invoices linked to it, as it does by default.
    pub fn linked(mut self, linked: bool) -> Self {
        self.linked = linked;
        self
    }

    /// How many invoices are asked for with one request, 1 to 500; 100 by default.
    pub fn per_page(mut self, per_page: u16) -> Self {
        self.per_page = per_page;
        self
    }

    /// The invoices one by one, each page asked for when it is needed.
    pub fn into_stream(self) -> Invoices {
        Invoices {
            ready: VecDeque::new(),
            seen: BTreeSet::new(),
            state: State::Idle(Box::new(self), 1),
            meta: None,
        }
    }

    /// The page `number`, counted from 1.
    async fn page(&self, number: u32) -> Result<Page> {
        if !(1..=500).contains(&self.per_page) {
            return Err(Error::input(format!(
                "{} invoices a page cannot be asked for: use 1 to 500",
                self.per_page
            )));
        }
        let client = self.org.client();
        let ask: Ask = client.ask(OPERATION, Form::Json, &self.options);
        let fetched = client
            .fetch(&ask, |raw| async move {
                let mut request = raw
                    .list_org_invoices_bytes()
                    .org_id(self.org.id().as_ref())
                    .page_num(i64::from(number))
                    .items_per_page(i64::from(self.per_page))
                    .view_linked_invoices(self.linked);
                if !self.statuses.is_empty() {
                    request = request.status_names(self.statuses.clone());
                }
                if let Some(period) = &self.period {
                    request = request
                        .from_date(period.start_date())
                        .to_date(period.end_date_exclusive());
                }
                request.send().await
            })
            .await?;
        let (meta, page) = fetched.json::<PaginatedApiInvoiceMetadataView>()?;
        let Some(results) = page.results else {
            return Err(Error::new(
                ErrorKind::Unreadable,
                "the answer is no list: it has no results",
            )
            .with_operation(OPERATION)
            .with_meta(meta));
        };
        let links = page.links.as_deref().unwrap_or_default();
        let next = links.iter().any(|link| link.rel.as_deref() == Some("next"));
        // A link to the next page says that there is one; that there is no such link does not say
        // that there is none. A full page may have another one behind it, unless the count of all
        // says otherwise.
        let full = results.len() >= usize::from(self.per_page);
        let asked = i64::from(number) * i64::from(self.per_page);
        let more = next || full && page.total_count.is_none_or(|all| asked < i64::from(all));
        Ok(Page {
            more: more && !results.is_empty(),
            invoices: results.into_iter().map(InvoiceSummary::from).collect(),
            meta,
        })
    }

    /// Whether the filters let `invoice` pass: the service is asked for the same, but whether it
    /// knows each of them is its own affair.
    fn lets_pass(&self, invoice: &InvoiceSummary) -> bool {
        (self.statuses.is_empty() || invoice.has_status(&self.statuses))
            && self
                .period
                .as_ref()
                .is_none_or(|period| invoice.lies_in(period))
    }
}

impl IntoFuture for ListRequest {
    type Output = Result<Vec<InvoiceSummary>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut stream = self.into_stream();
            let mut all = Vec::new();
            while let Some(invoice) = stream.next().await {
                all.push(invoice?);
            }
            Ok(all)
        })
    }
}

struct Page {
    invoices: Vec<InvoiceSummary>,
    more: bool,
    meta: ResponseMeta,
}

/// The invoices of an organization as a stream over the pages of their list.
///
/// The list may shift while it is read, as a new invoice comes in; none is given twice. After an
/// error the stream ends.
pub struct Invoices {
    ready: VecDeque<InvoiceSummary>,
    /// The ids that have been given.
    seen: BTreeSet<String>,
    state: State,
    meta: Option<ResponseMeta>,
}

enum State {
    /// The page with this number is next.
    Idle(Box<ListRequest>, u32),
    Asking(BoxFuture<'static, (Box<ListRequest>, u32, Result<Page>)>),
    Over,
}

impl Invoices {
    /// The next invoice; `None` at the end.
    ///
    /// # Errors
    /// Those of the call for the next page; unreadable if the service repeats a page without end.
    pub async fn next(&mut self) -> Option<Result<InvoiceSummary>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Status, headers and rate limit of the page read last; `None` before the first.
    pub fn meta(&self) -> Option<&ResponseMeta> {
        self.meta.as_ref()
    }

    /// Takes a page in, and says whether it had anything new.
    fn take(&mut self, request: &ListRequest, invoices: Vec<InvoiceSummary>) -> bool {
        let mut new = false;
        for invoice in invoices {
            let known = match &invoice.id {
                Some(id) => !self.seen.insert(id.clone()),
                None => false,
            };
            if known {
                continue;
            }
            new |= invoice.id.is_some();
            if request.lets_pass(&invoice) {
                self.ready.push_back(invoice);
            }
        }
        new
    }
}

impl Stream for Invoices {
    type Item = Result<InvoiceSummary>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(invoice) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(invoice)));
            }
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Poll::Ready(None),
                State::Idle(request, number) => {
                    self.state = State::Asking(Box::pin(async move {
                        let page = request.page(number).await;
                        (request, number, page)
                    }));
                }
                State::Asking(mut asking) => {
                    let Poll::Ready((request, number, page)) = asking.as_mut().poll(cx) else {
                        self.state = State::Asking(asking);
                        return Poll::Pending;
                    };
                    let page = page?;
                    self.meta = Some(page.meta);
                    let new = self.take(&request, page.invoices);
                    if !page.more {
                        continue;
                    }
                    if !new {
                        return Poll::Ready(Some(Err(Error::new(
                            ErrorKind::Unreadable,
                            format!("the service repeats page {number} of the list of invoices"),
                        )
                        .with_operation(OPERATION))));
                    }
                    self.state = State::Idle(request, number.saturating_add(1));
                }
            }
        }
    }
}

impl fmt::Debug for Invoices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invoices")
            .field("seen", &self.seen.len())
            .field("ready", &self.ready.len())
            .field("over", &matches!(self.state, State::Over))
            .finish_non_exhaustive()
    }
}
