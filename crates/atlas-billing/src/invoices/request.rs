//! Asking for one invoice.

use std::future::IntoFuture;

use bytes::Bytes;

use super::file::CsvRequest;
use super::invoice::Invoice;
use super::items::LineItems;
use super::limits::InvoiceLimits;
use super::which::Which;
use crate::call::{Ask, RawAnswer, call_options};
use crate::edge::BoxFuture;
use crate::{CallOptions, Form, InvoiceId, Month, Org, ResponseMeta, Result};

/// The operation behind every form of an invoice.
pub(super) const OPERATION: &str = "getOrgInvoice";

impl Org {
    /// The invoice with this id.
    ///
    /// ```no_run
    /// # async fn run(org: atlas_billing::Org) -> atlas_billing::Result<()> {
    /// let invoice = org.invoice("5f0c2d9e8b7a6c5d4e3f2a1c".parse()?).await?;
    /// println!("{} line items", invoice.line_items.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn invoice(&self, id: InvoiceId) -> InvoiceRequest {
        InvoiceRequest::new(self.clone(), Which::Id(id))
    }

    /// The current invoice: the pending one, to which charges are still added. If there are
    /// several, the one whose period starts last.
    ///
    /// Its id is looked up in the list of invoices first. That there is none is
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound).
    pub fn current_invoice(&self) -> InvoiceRequest {
        InvoiceRequest::new(self.clone(), Which::Current)
    }

    /// The invoice whose period lies in `month` (UTC).
    ///
    /// Its id is looked up in the list of invoices first. That there is none is
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound); that there are several is
    /// [`ErrorKind::Input`](crate::ErrorKind::Input), and the error names their ids.
    pub fn invoice_of(&self, month: Month) -> InvoiceRequest {
        InvoiceRequest::new(self.clone(), Which::Month(month))
    }
}

/// A request for one invoice: awaited, the whole of it; or one of its other forms.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the request is awaited"]
pub struct InvoiceRequest {
    org: Org,
    which: Which,
    options: CallOptions,
    limits: InvoiceLimits,
    linked_items: bool,
}

call_options!(InvoiceRequest, options);

impl InvoiceRequest {
    fn new(org: Org, which: Which) -> Self {
        Self {
            org,
            which,
            options: CallOptions::new(),
            limits: InvoiceLimits::default(),
            linked_items: false,
        }
    }

    /// The largest parts of the invoice that are accepted.
    pub fn limits(mut self, limits: InvoiceLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether [`line_items`](Self::line_items) hands out the items of linked invoices too, each
    /// marked with its invoice. They are left out by default, and part of a whole invoice always.
    pub fn linked_items(mut self, linked_items: bool) -> Self {
        self.linked_items = linked_items;
        self
    }

    /// The line items while the invoice arrives, in bounded memory whatever its size.
    ///
    /// # Errors
    /// Those of the call. What comes after the head of the answer comes out of the stream.
    pub async fn line_items(self) -> Result<LineItems> {
        let (ask, id) = self.prepare(Form::Json).await?;
        let client = self.org.client();
        let answer = client.open(&ask, |raw| send(raw, &self.org, &id)).await?;
        Ok(LineItems::of(answer, self.limits, self.linked_items))
    }

    /// The invoice's CSV file instead of its JSON.
    pub fn csv(self) -> CsvRequest {
        CsvRequest::new(self)
    }

    /// The invoice's JSON as sent, an envelope taken off, in memory as a whole.
    ///
    /// # Errors
    /// Those of the call; too large beyond [`max_body`](Self::max_body).
    pub async fn bytes(self) -> Result<(ResponseMeta, Bytes)> {
        self.fetch(Form::Json).await
    }

    pub(super) async fn fetch(self, form: Form) -> Result<(ResponseMeta, Bytes)> {
        let (ask, id) = self.prepare(form).await?;
        let client = self.org.client();
        let fetched = client.fetch(&ask, |raw| send(raw, &self.org, &id)).await?;
        Ok((fetched.meta, fetched.body))
    }

    /// What is asked for, and the invoice's id, looked up if need be.
    pub(super) async fn prepare(&self, form: Form) -> Result<(Ask, InvoiceId)> {
        let ask = self.org.client().ask(OPERATION, form, &self.options);
        let id = self.which.resolve(&self.org, &self.options).await?;
        Ok((ask, id))
    }

    pub(super) fn org(&self) -> &Org {
        &self.org
    }
}

/// Asks for the invoice `id`, whose body is to be read by us.
pub(super) async fn send(raw: crate::raw::Client, org: &Org, id: &InvoiceId) -> RawAnswer {
    raw.get_org_invoice_bytes()
        .org_id(org.id().as_ref())
        .invoice_id(id.as_ref())
        .send()
        .await
}

impl IntoFuture for InvoiceRequest {
    type Output = Result<Invoice>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (ask, id) = self.prepare(Form::Json).await?;
            let (limits, max_body) = (self.limits, ask.max_body);
            self.org
                .client()
                .read(
                    &ask,
                    |raw| send(raw, &self.org, &id),
                    |answer| LineItems::of(answer, limits, true).whole(max_body),
                )
                .await
        })
    }
}
