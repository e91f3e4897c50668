//! The line items of an invoice while it arrives, and the whole of it.

mod sums;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use atlas_billing_raw::Interner;
use atlas_billing_raw::types::{Invoice, LineItem};
use bytes::Bytes;
use futures_core::Stream;
use serde::Deserialize;
use serde::de::IgnoredAny;
pub use sums::{InvoiceDays, InvoiceSums, InvoiceTags, InvoiceTotals};

use crate::error::{Error, ErrorKind, Result, decode_error};
use crate::meta::ResponseMeta;
use crate::money::{ItemSums, Statement};
use crate::request::ResponseHead;
use crate::stream::line_items::{InvoiceLimits, LinkedInvoice, Splitter, Step, first};

type Body = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// The line items of an invoice while it arrives, in memory that does not grow with it.
///
/// Nothing is read ahead of what is requested, so that a slow reader slows the service down. The
/// rest of the invoice (its figures, payments and so on) may come before, after and between the
/// items; it is [there](Self::head) once the stream has ended. After an error the stream ends; a
/// stream that ends without one has given every item.
///
/// ```no_run
/// # async fn run(org: atlas_billing::Org, id: atlas_billing::InvoiceId) -> atlas_billing::Result<()> {
/// let mut items = org.invoice(id).line_items().await?;
/// while let Some(item) = items.next().await {
///     let item = item?;
///     println!("{:?} {:?}", item.sku, item.gross());
/// }
/// println!("{:?}", items.head().and_then(|head| head.subtotal_cents));
/// # Ok(())
/// # }
/// ```
pub struct LineItems {
    body: Option<Body>,
    splitter: Splitter,
    interner: Interner,
    /// The response that the document is in; `None` for one from elsewhere.
    response: Option<ResponseHead>,
    meta: Option<ResponseMeta>,
    /// The sums of the invoice's own items.
    own: ItemSums,
    head: Option<Invoice>,
    ended: bool,
}

impl LineItems {
    /// The items of an invoice document that comes from elsewhere, a file perhaps, in chunks of any
    /// size; those of linked invoices too if `linked_items`.
    pub fn new<S>(body: S, limits: InvoiceLimits, linked_items: bool) -> Self
    where
        S: Stream<Item = Result<Bytes>> + Send + 'static,
    {
        Self {
            body: Some(Box::pin(body)),
            splitter: Splitter::new(limits, linked_items),
            interner: Interner::default(),
            response: None,
            meta: None,
            own: ItemSums::default(),
            head: None,
            ended: false,
        }
    }

    /// The items of a response.
    pub(super) fn of<S>(
        head: ResponseHead,
        body: S,
        limits: InvoiceLimits,
        linked_items: bool,
    ) -> Self
    where
        S: Stream<Item = Result<Bytes>> + Send + 'static,
    {
        let mut items = Self::new(body, limits, linked_items);
        items.meta = Some(head.meta.clone());
        items.response = Some(head);
        items
    }

    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// What the body reports, such as a broken connection or a time limit.
    /// [`ErrorKind::Truncated`]: the document ended early. [`ErrorKind::Decode`]: it is not an
    /// invoice, or an item of it cannot be decoded; the error has the JSON path.
    /// [`ErrorKind::TooLarge`]: an item or the head beyond the [limits](InvoiceLimits). Any error of
    /// the service's that came in the place of an invoice.
    pub async fn next(&mut self) -> Option<Result<LineItem>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The linked invoice of the item that was handed out last; `None` for the invoice's own items.
    pub fn linked_invoice(&self) -> Option<&LinkedInvoice> {
        self.splitter.linked_invoice().filter(|_| !self.ended)
    }

    /// Status, headers, rate limit and version of the response; where that came in an envelope, the
    /// envelope's status once the stream has ended. `None` for a document from elsewhere.
    pub fn meta(&self) -> Option<&ResponseMeta> {
        self.meta.as_ref()
    }

    /// The invoice without its line items, once the stream has ended.
    pub fn head(&self) -> Option<&Invoice> {
        self.head.as_ref()
    }

    /// The statement of the own items that were handed out, once the stream has ended: of unit prices,
    /// which were not added up, it has no test. `None` before the end.
    pub fn ended_statement(&self) -> Option<Statement> {
        let head = self.head.as_ref()?;
        Some(Statement::of_sums(self.own, head))
    }

    /// The invoice as far as it came before the item that was handed out last, without its line
    /// items. Responses have their keys in alphabetical order, so that the id and the end of the
    /// period are there with the first item, status and start are not.
    pub fn partial_head(&self) -> Invoice {
        let partial = || serde_json::from_slice(&self.splitter.partial_head()).unwrap_or_default();
        self.head.clone().unwrap_or_else(partial)
    }

    /// The whole invoice in memory, from what is left of the stream; the invoices linked to it have
    /// their items if the stream hands those out.
    ///
    /// # Errors
    /// As for [`next`](Self::next), and [`ErrorKind::TooLarge`] beyond the call's `max_body`.
    pub async fn into_invoice(mut self) -> Result<Invoice> {
        let response = self.response.as_ref();
        let max_body = response.map_or(u64::MAX, |response| response.max_body);
        // Items of one invoice come one after the other.
        let mut groups: Vec<(Vec<usize>, Vec<LineItem>)> = Vec::new();
        while let Some(item) = poll_fn(|cx| self.poll_item(cx)).await? {
            if self.splitter.position() > max_body {
                let message = format!("the invoice has more than {max_body} bytes");
                return Err(self.error(Error::new(ErrorKind::TooLarge, message)));
            }
            let linked = self.splitter.linked_invoice();
            let path = linked.map(LinkedInvoice::path).unwrap_or_default();
            match groups.last_mut() {
                Some((last, items)) if last == path => items.push(item),
                _ => groups.push((path.to_vec(), vec![item])),
            }
        }
        let mut invoice = self.head.unwrap_or_default();
        for (path, items) in groups {
            let place = path.iter().try_fold(&mut invoice, |invoice, index| {
                invoice.linked_invoices.get_mut(*index)
            });
            let Some(place) = place else {
                return Err(Error::decode("line items without an invoice"));
            };
            place.line_items = items;
        }
        Ok(invoice)
    }

    /// The next item; all of them share the texts and tags that repeat.
    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<LineItem>>> {
        let mut interner = std::mem::take(&mut self.interner);
        let item = self.poll_step(cx, |text| interner.during(|| first(text)));
        self.interner = interner;
        item
    }

    /// The next item as `decode` makes it of its text.
    fn poll_step<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut decode: impl FnMut(&[u8]) -> serde_json::Result<(T, usize)>,
    ) -> Poll<Result<Option<T>>> {
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        let step = ready!(self.poll_splitter(cx, &mut decode));
        self.ended = !matches!(step, Ok(Some(_)));
        if self.ended {
            // The exchange is over, or of no further use.
            self.body = None;
        }
        Poll::Ready(step.map_err(|error| self.error(error)))
    }

    fn poll_splitter<T>(
        &mut self,
        cx: &mut Context<'_>,
        decode: &mut impl FnMut(&[u8]) -> serde_json::Result<(T, usize)>,
    ) -> Poll<Result<Option<T>>> {
        loop {
            match self.splitter.next(&mut *decode)? {
                Step::Item(item) => return Poll::Ready(Ok(Some(item))),
                Step::End => {
                    self.head = Some(self.finish()?);
                    return Poll::Ready(Ok(None));
                }
                Step::More => {}
            }
            match &mut self.body {
                None => self.splitter.finish(),
                Some(body) => match ready!(body.as_mut().poll_next(cx)) {
                    Some(chunk) => self.splitter.push(chunk?),
                    None => self.body = None,
                },
            }
        }
    }

    /// The rest of the invoice, at the end of the document.
    ///
    /// # Errors
    /// The error that the document is instead of an invoice.
    fn finish(&mut self) -> Result<Invoice> {
        let head = self.splitter.take_head();
        let Some(response) = &self.response else {
            // Around the content of an envelope nothing is decoded.
            serde_json::from_slice::<IgnoredAny>(&head.json).map_err(|error| {
                decode_error::<IgnoredAny>("the document", "$", &head.json, &error)
            })?;
            return decode_head(head.invoice_json());
        };
        let size = head.json.len();
        let content = response.clone().open(head.json.into())?.ready()?;
        let wrapped = content.bytes.len() != size;
        if (wrapped && head.in_document) || (!wrapped && head.in_content) {
            return Err(misplaced());
        }
        let invoice = decode_head(&content.bytes)?;
        self.meta = Some(content.meta);
        Ok(invoice)
    }

    /// An error of this stream: with its operation and response.
    fn error(&self, error: Error) -> Error {
        match &self.response {
            Some(response) => response.error(error),
            None => error,
        }
    }
}

/// Decodes an invoice without its line items.
fn decode_head(json: &[u8]) -> Result<Invoice> {
    let invoice: Invoice = serde_json::from_slice(json)
        .map_err(|error| decode_error::<Invoice>("the invoice", "$", json, &error))?;
    if invoice.id.is_none() {
        return Err(not_an_invoice(json));
    }
    // Items that the splitter did not take out would be lost without a word.
    match has_items(&invoice) {
        true => Err(misplaced()),
        false => Ok(invoice),
    }
}

fn has_items(invoice: &Invoice) -> bool {
    !invoice.line_items.is_empty() || invoice.linked_invoices.iter().any(has_items)
}

fn misplaced() -> Error {
    Error::decode("line items stand outside of the invoice")
}

fn not_an_invoice(json: &[u8]) -> Error {
    Error::decode("the response is not an invoice: it has no id").with_excerpt(json)
}

/// Checks that `document` is an invoice, for a caller who is handed its bytes. What its fields hold
/// is not examined.
pub(super) fn check_invoice(document: &Bytes, limits: InvoiceLimits) -> Result<()> {
    #[derive(Deserialize)]
    struct Probe {
        id: Option<IgnoredAny>,
    }
    if std::str::from_utf8(document).is_err() {
        return Err(Error::decode("the response is not valid UTF-8").with_excerpt(document));
    }
    let mut splitter = Splitter::new(limits, true);
    splitter.push(document.clone());
    splitter.finish();
    while let Step::Item(IgnoredAny) = splitter.next(|text| first(text))? {}
    let head = splitter.take_head();
    match serde_json::from_slice(&head.json) {
        Ok(Probe { id: Some(_) }) if head.in_content => Err(misplaced()),
        Ok(Probe { id: Some(_) }) => Ok(()),
        Ok(Probe { id: None }) => Err(not_an_invoice(document)),
        Err(error) => Err(decode_error::<Probe>(
            "the invoice",
            "$",
            &head.json,
            &error,
        )),
    }
}

impl Stream for LineItems {
    type Item = Result<LineItem>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.poll_item(cx))?;
        if let Some(item) = item.as_ref().filter(|_| self.linked_invoice().is_none()) {
            let (gross, discount) = (item.gross(), item.discount());
            self.own
                .add(gross.unwrap_or_default(), discount.unwrap_or_default());
        }
        Poll::Ready(item.map(Ok))
    }
}

impl fmt::Debug for LineItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineItems")
            .field("read", &self.splitter.position())
            .field("count", &self.own.count())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
