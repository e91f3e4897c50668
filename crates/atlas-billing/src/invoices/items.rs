//! The line items of an invoice while it arrives.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::assemble::Branch;
use super::decode::PreciseItem;
use super::finish::head_of;
use super::head::InvoiceHead;
use super::invoice::Invoice;
use super::limits::InvoiceLimits;
use super::line_item::LineItem;
use super::slim::{Needs, SlimItem};
use super::split::{Origin, Splitter, Step};
use crate::call::{Answer, Opener};
use crate::money::{Dimension, ItemSums, Reconciliation, Totals};
use crate::{Error, ErrorKind, ResponseMeta, Result};

type Body = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// The line items of an invoice while it arrives, in memory that does not grow with it.
///
/// Nothing is read ahead of what is asked for, so that a slow reader slows the service down, not
/// itself. The head of the invoice (its figures, payments and so on) may come before, after and
/// between the items; it is [there](Self::head) once the stream has ended. After an error the
/// stream ends; a stream that ends without one has given every item.
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
    opener: Option<Opener>,
    meta: Option<ResponseMeta>,
    sums: ItemSums,
    head: Option<InvoiceHead>,
    over: bool,
}

impl LineItems {
    /// The items of an invoice document that comes from elsewhere, a file perhaps, in chunks of any
    /// size; those of linked invoices too if `linked_items`.
    pub fn new<S>(body: S, limits: InvoiceLimits, linked_items: bool) -> Self
    where
        S: Stream<Item = Result<Bytes>> + Send + 'static,
    {
        Self::open(Box::pin(body), None, limits, linked_items)
    }

    /// The items of an answer.
    pub(super) fn of(answer: Answer, limits: InvoiceLimits, linked_items: bool) -> Self {
        let (opener, body) = answer.into_parts();
        Self::open(Box::pin(body), Some(opener), limits, linked_items)
    }

    fn open(body: Body, opener: Option<Opener>, limits: InvoiceLimits, linked_items: bool) -> Self {
        Self {
            body: Some(body),
            splitter: Splitter::new(limits, linked_items),
            meta: opener.as_ref().map(|opener| opener.meta().clone()),
            opener,
            sums: ItemSums::default(),
            head: None,
            over: false,
        }
    }

    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// What the body reports, such as a broken connection or a time limit. Cut: the document ended
    /// early. Unreadable: it is no invoice, or an item of it cannot be read; the error has the
    /// item's index and the JSON path. Too large: an item or the head beyond the
    /// [limits](InvoiceLimits). Any error of the service's that came in the place of an invoice.
    pub async fn next(&mut self) -> Option<Result<LineItem>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Status, headers, rate limit and version of the answer; where that came in an envelope, the
    /// envelope's status once the stream has ended. `None` for a document from elsewhere.
    pub fn meta(&self) -> Option<&ResponseMeta> {
        self.meta.as_ref()
    }

    /// The invoice without its line items, once the stream has ended.
    pub fn head(&self) -> Option<&InvoiceHead> {
        self.head.as_ref()
    }

    /// The sum of the items beside the figures that the invoice states, once the stream has ended;
    /// linked invoices' items are not in it.
    pub fn reconcile(&self) -> Option<Reconciliation> {
        Some(Reconciliation::new(self.sums, self.head.as_ref()?))
    }

    /// Exact sums of the items that are left, by one or more dimensions, to the end of the stream.
    ///
    /// Several times as fast as summing the items one by one: of each, only the fields that sums
    /// need are decoded, and nothing is copied. What other fields hold is checked to be JSON and no
    /// further. The items of linked invoices are among them if the stream hands those out.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub async fn total_by(&mut self, by: &[Dimension]) -> Result<Totals> {
        let mut totals = Totals::new(by);
        let needs = Needs::of(by);
        let mut sums = self.sums;
        let sum = |text: &[u8], origin: Origin<'_>| {
            let (item, used) = SlimItem::read(text, needs)?;
            totals.add_charge(&item);
            if origin.is_none() {
                sums.add(&item);
            }
            Ok(((), used))
        };
        self.drain(sum, u64::MAX).await?;
        self.sums = sums;
        Ok(totals)
    }

    /// The whole invoice in memory, from what is left of the stream; the invoices linked to it have
    /// their items if the stream hands those out.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub async fn into_invoice(self) -> Result<Invoice> {
        self.whole(u64::MAX).await
    }

    /// The same, reading no more than `max_body` bytes.
    pub(super) async fn whole(mut self, max_body: u64) -> Result<Invoice> {
        let mut branch = Branch::default();
        // Each item goes from where it is decoded to where it is kept: there are many of them, and
        // none is small.
        let keep = |text: &[u8], origin: Origin<'_>| {
            let (item, used) = PreciseItem::read(text)?;
            let path = origin.map(|linked| linked.path());
            branch.add(path.unwrap_or_default(), LineItem::new(item, None));
            Ok(((), used))
        };
        self.drain(keep, max_body).await?;
        let head = self.head.take().map(InvoiceHead::into_raw);
        Ok(branch
            .into_invoice(head.unwrap_or_default())
            .with_meta(self.meta.take()))
    }

    /// Reads to the end, but no more than `max_body` bytes.
    async fn drain(
        &mut self,
        mut take: impl FnMut(&[u8], Origin<'_>) -> serde_json::Result<((), usize)>,
        max_body: u64,
    ) -> Result<()> {
        while poll_fn(|cx| self.poll_step(cx, &mut take)).await?.is_some() {
            if self.splitter.position() > max_body {
                return Err(self.said(Error::new(
                    ErrorKind::TooLarge,
                    format!(
                        "the invoice has more than {max_body} bytes, the limit for what is kept in \
                         memory whole: raise max_body, or read its line items as a stream"
                    ),
                )));
            }
        }
        Ok(())
    }

    /// The next item as `decode` makes it of its text.
    fn poll_step<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut decode: impl FnMut(&[u8], Origin<'_>) -> serde_json::Result<(T, usize)>,
    ) -> Poll<Result<Option<T>>> {
        if self.over {
            return Poll::Ready(Ok(None));
        }
        let step = ready!(self.poll_splitter(cx, &mut decode));
        self.over = !matches!(step, Ok(Some(_)));
        if self.over {
            // The exchange is over, or of no further use.
            self.body = None;
        }
        Poll::Ready(step.map_err(|error| self.said(error)))
    }

    fn poll_splitter<T>(
        &mut self,
        cx: &mut Context<'_>,
        decode: &mut impl FnMut(&[u8], Origin<'_>) -> serde_json::Result<(T, usize)>,
    ) -> Poll<Result<Option<T>>> {
        loop {
            match self.splitter.next(&mut *decode)? {
                Step::Item(item) => return Poll::Ready(Ok(Some(item))),
                Step::End => {
                    let skeleton = self.splitter.take_skeleton();
                    let (head, meta) = head_of(skeleton, self.opener.take())?;
                    self.head = Some(InvoiceHead::new(head));
                    self.meta = meta;
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

    /// An error of this stream: with what was called and what was answered.
    fn said(&self, error: Error) -> Error {
        match &self.meta {
            Some(meta) => error
                .with_operation("getOrgInvoice")
                .with_meta(meta.clone()),
            None => error,
        }
    }
}

impl Stream for LineItems {
    type Item = Result<LineItem>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let decode = |text: &[u8], origin: Origin<'_>| {
            let (item, used) = PreciseItem::read(text)?;
            Ok((LineItem::new(item, origin.cloned()), used))
        };
        let item = ready!(self.poll_step(cx, decode))?;
        if let Some(item) = item.as_ref().filter(|item| item.linked().is_none()) {
            self.sums.add(item);
        }
        Poll::Ready(item.map(Ok))
    }
}

impl fmt::Debug for LineItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineItems")
            .field("read", &self.splitter.position())
            .field("count", &self.sums.count)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
