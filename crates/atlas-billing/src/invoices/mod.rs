//! Invoices: one whole, its line items as a stream, its CSV file, a search in it, and lists of them.

mod associated;
mod find;
mod items;
mod list;
mod pending;
mod search;

#[cfg(test)]
mod tests;

use std::future::IntoFuture;

pub use associated::AssociatedInvoicesRequest;
use atlas_billing_raw::Interner;
use atlas_billing_raw::types::Invoice;
use bytes::Bytes;
pub use find::FoundInvoice;
use find::{Which, summary_of};
use futures_util::{StreamExt, stream};
use items::check_invoice;
pub use items::{InvoiceDays, InvoiceSums, InvoiceTags, InvoiceTotals, LineItems};
pub use list::{Invoices, InvoicesRequest};
pub use pending::PendingInvoicesRequest;
pub use search::{LineItemSearchRequest, SearchedItems};

use crate::client::Org;
use crate::edge::BoxFuture;
use crate::envelope::may_be_wrapped;
use crate::error::Result;
use crate::exchange::Deadline;
use crate::id::InvoiceId;
use crate::meta::ResponseMeta;
use crate::period::Month;
use crate::request::{Call, CallOptions, CsvFile, Form, Response, call_options};
pub use crate::stream::line_items::{InvoiceLimits, LinkedInvoice};

/// The largest invoice that is decoded in one go; a piece of a body is no larger as a rule.
const SMALL: usize = 64 * 1024;

impl Org {
    /// The invoice with this id: one request.
    ///
    /// ```no_run
    /// # async fn run(org: atlas_billing::Org) -> Result<(), Box<dyn std::error::Error>> {
    /// let invoice = org.invoice("5f0c2d9e8b7a6c5d4e3f2a1c".parse()?).await?;
    /// println!("{} line items", invoice.line_items.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn invoice(&self, id: InvoiceId) -> InvoiceRequest {
        InvoiceRequest::new(self, Which::Id(id))
    }

    /// The current invoice: the pending one, to which charges are still added. In the days after
    /// the end of a month there can be two: this is the one whose period ends last, and
    /// [`InvoiceRequest::find`] names the other one.
    ///
    /// Its id is looked up in the list of invoices first. [`ErrorKind::NotFound`] if none is
    /// pending.
    ///
    /// [`ErrorKind::NotFound`]: crate::ErrorKind::NotFound
    pub fn current_invoice(&self) -> InvoiceRequest {
        InvoiceRequest::new(self, Which::Current)
    }

    /// The last invoice: the newest one whose period has ended. In the first days of a month it can
    /// still be pending, and its figures can change.
    ///
    /// Its id is looked up in the list of invoices first. [`ErrorKind::NotFound`] if there is none.
    ///
    /// [`ErrorKind::NotFound`]: crate::ErrorKind::NotFound
    pub fn last_invoice(&self) -> InvoiceRequest {
        InvoiceRequest::new(self, Which::Last)
    }

    /// The invoice whose period lies in `month` (UTC).
    ///
    /// Its id is looked up in the list of invoices first. [`ErrorKind::NotFound`] if there is none;
    /// [`ErrorKind::Input`] if there are several, whose ids the error names.
    ///
    /// [`ErrorKind::NotFound`]: crate::ErrorKind::NotFound
    /// [`ErrorKind::Input`]: crate::ErrorKind::Input
    pub fn invoice_of(&self, month: Month) -> InvoiceRequest {
        InvoiceRequest::new(self, Which::Month(month))
    }
}

/// A request for one invoice. Awaiting it fetches the whole invoice; other methods stream its line
/// items or fetch its CSV file.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the request is awaited"]
pub struct InvoiceRequest {
    org: Org,
    which: Which,
    options: CallOptions,
    limits: InvoiceLimits,
    linked_items: bool,
}

call_options!(InvoiceRequest);

impl InvoiceRequest {
    fn new(org: &Org, which: Which) -> Self {
        Self {
            org: org.clone(),
            which,
            options: CallOptions::new(),
            limits: InvoiceLimits::default(),
            linked_items: false,
        }
    }

    /// The organization, and the options of its calls.
    pub(crate) fn org_and_options(&self) -> (Org, CallOptions) {
        (self.org.clone(), self.options.clone())
    }

    /// Finds out which invoice this is by `deadline`; where `listed` is wanted, what the list of
    /// invoices says of it, also for an invoice that was given by its id.
    pub(crate) async fn find_by(self, deadline: Deadline, listed: bool) -> Result<FoundInvoice> {
        let found = self.which.find(&self.org, &self.options, deadline).await?;
        match (found.summary, listed) {
            (None, true) => Ok(FoundInvoice {
                summary: summary_of(&self.org, found.id, &self.options, deadline).await?,
                ..found
            }),
            (summary, _) => Ok(FoundInvoice { summary, ..found }),
        }
    }

    /// The organization, which invoice of it, and the options of its calls.
    fn into_parts(self) -> (Org, Which, CallOptions) {
        (self.org, self.which, self.options)
    }

    /// Sets the largest parts of the invoice that are accepted.
    pub fn limits(mut self, limits: InvoiceLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether [`line_items`](Self::line_items) hands out the items of linked invoices too. They
    /// are omitted by default; a whole invoice always has them.
    pub fn linked_items(mut self, linked_items: bool) -> Self {
        self.linked_items = linked_items;
        self
    }

    /// Finds out which invoice this is, without fetching it. Sends nothing for an invoice that was
    /// given by its id.
    ///
    /// # Errors
    /// Those of the list of invoices, and those that the method names which made this request, such as
    /// [`Org::invoice_of`].
    pub async fn find(self) -> Result<FoundInvoice> {
        let deadline = self.org.client().deadline(&self.options);
        self.which.find(&self.org, &self.options, deadline).await
    }

    /// The same with what the list of invoices says of an invoice that was given by its id, too, if
    /// it is there: the list is read as far as that invoice.
    ///
    /// # Errors
    /// Those of [`find`](Self::find).
    pub async fn find_listed(self) -> Result<FoundInvoice> {
        let deadline = self.org.client().deadline(&self.options);
        self.find_by(deadline, true).await
    }

    /// The line items while the invoice arrives, in bounded memory whatever its size.
    ///
    /// # Errors
    /// Those of the call. What fails after the head of the response comes out of the stream.
    pub async fn line_items(self) -> Result<LineItems> {
        let (limits, linked_items) = (self.limits, self.linked_items);
        let read = |response: Response| async move {
            let Response { head, body } = response;
            Ok(LineItems::of(head, body, limits, linked_items))
        };
        self.prepare(Form::Json).await?.read(read).await
    }

    /// The invoice's CSV file, while it arrives.
    ///
    /// # Errors
    /// Those of the call. What fails after the beginning of the file comes out of it.
    pub async fn csv(self) -> Result<CsvFile> {
        let read = |response| CsvFile::new(response, true);
        self.prepare(Form::Csv).await?.read(read).await
    }

    /// The invoice's JSON as received, an envelope taken off, in memory as a whole. It is checked
    /// to be an invoice.
    ///
    /// # Errors
    /// Those of the call; [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) beyond
    /// [`max_body`](Self::max_body).
    pub async fn bytes(self) -> Result<(ResponseMeta, Bytes)> {
        let content = self.prepare(Form::Json).await?.content().await?;
        check_invoice(&content.bytes, self.limits).map_err(|error| content.error(error))?;
        Ok((content.meta, content.bytes))
    }

    /// The call for the invoice, its id looked up if need be. All of it has one deadline.
    async fn prepare(&self, form: Form) -> Result<Call> {
        let client = self.org.client();
        let deadline = client.deadline(&self.options);
        let found = self.which.find(&self.org, &self.options, deadline).await?;
        let pipeline = client.pipeline();
        pipeline
            .prepare(form, &self.options, deadline, |raw| async move {
                raw.get_org_invoice_bytes()
                    .org_id(self.org.id().as_str())
                    .invoice_id(found.id.as_str())
                    .send()
                    .await
            })
            .await
    }
}

impl IntoFuture for InvoiceRequest {
    type Output = Result<Invoice>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let call = self.prepare(Form::Json).await?;
            call.read(|response| whole(response, self.limits)).await
        })
    }
}

/// The whole invoice of a response. A small one that is there with the first piece of the body is decoded
/// in one go; anything else, whatever is odd about a small one included, is left to the stream.
async fn whole(response: Response, limits: InvoiceLimits) -> Result<Invoice> {
    let Response { head, mut body } = response;
    let first = body.next().await.transpose()?.unwrap_or_default();
    let most = SMALL.min(limits.item()).min(limits.head());
    let is_small = first.len() <= most && first.len() as u64 <= head.max_body;
    let second = match is_small {
        true => body.next().await,
        false => None,
    };
    if is_small && second.is_none() && !may_be_wrapped(&first) {
        let decode = || serde_json::from_slice::<Invoice>(&first);
        let invoice = Interner::default().during(decode).ok();
        if let Some(invoice) = invoice.filter(|invoice| invoice.id.is_some()) {
            return Ok(invoice);
        }
    }
    let pieces = stream::iter([Ok(first)].into_iter().chain(second)).chain(body);
    // In a box, so that the calls which need none of it are not as large.
    Box::pin(LineItems::of(head, pieces, limits, true).into_invoice()).await
}
