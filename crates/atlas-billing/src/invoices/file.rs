//! The invoice's CSV file.

use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use super::request::{InvoiceRequest, send};
use crate::call::{Answer, BodyStream};
use crate::csv::{InvoiceCsv, Records};
use crate::edge::BoxFuture;
use crate::{Error, ErrorKind, Form, ResponseMeta, Result};

/// A request for an invoice's CSV file: awaited, the file while it arrives.
///
/// ```no_run
/// # async fn run(org: atlas_billing::Org, id: atlas_billing::InvoiceId) -> atlas_billing::Result<()> {
/// let mut rows = org.invoice(id).csv().await?.rows();
/// while let Some(row) = rows.next().await {
///     let row = row?;
///     println!("{:?} {:?}", row.sku, row.amount);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the request is awaited"]
pub struct CsvRequest(InvoiceRequest);

impl CsvRequest {
    pub(super) fn new(request: InvoiceRequest) -> Self {
        Self(request)
    }

    /// The file in memory as a whole.
    ///
    /// # Errors
    /// Those of the call; too large beyond the request's `max_body`.
    pub async fn bytes(self) -> Result<(ResponseMeta, Bytes)> {
        self.0.fetch(Form::Csv).await
    }
}

impl IntoFuture for CsvRequest {
    type Output = Result<InvoiceFile>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (ask, id) = self.0.prepare(Form::Csv).await?;
            let org = self.0.org();
            let answer = org.client().open(&ask, |raw| send(raw, org, &id)).await?;
            InvoiceFile::of(answer).await
        })
    }
}

/// An invoice's CSV file while it arrives: its bytes as a stream, or what reads them.
pub struct InvoiceFile {
    meta: ResponseMeta,
    body: Body,
}

enum Body {
    Arriving(BodyStream),
    /// Out of an envelope, which had to be read to its end.
    There(Option<Bytes>),
}

impl InvoiceFile {
    async fn of(answer: Answer) -> Result<Self> {
        let media = answer.meta().content_type().unwrap_or_default();
        if media.ends_with("json") {
            // An envelope with the file in it, or an error.
            let fetched = answer.fetch().await?;
            return Ok(Self {
                meta: fetched.meta,
                body: Body::There(Some(fetched.body)),
            });
        }
        let (meta, body) = answer.into_stream();
        if media.ends_with("html") {
            let error = Error::new(
                ErrorKind::Unreadable,
                format!("the answer is {media} where CSV was expected"),
            );
            return Err(error
                .with_operation(super::request::OPERATION)
                .with_meta(meta));
        }
        Ok(Self {
            meta,
            body: Body::Arriving(body),
        })
    }

    /// Status, headers, rate limit and version of the answer.
    pub fn meta(&self) -> &ResponseMeta {
        &self.meta
    }

    /// The next piece of the file as it was sent, `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks or falls silent; a file that was cut never ends without one.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The table's records by column name, cells as text.
    pub fn records(self) -> Records {
        Records::of_invoice(self)
    }

    /// What stands above the table, and its rows with their types.
    pub fn rows(self) -> InvoiceCsv {
        InvoiceCsv::new(self)
    }
}

impl Stream for InvoiceFile {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.body {
            Body::Arriving(body) => Pin::new(body).poll_next(cx),
            Body::There(bytes) => Poll::Ready(bytes.take().map(Ok)),
        }
    }
}

impl fmt::Debug for InvoiceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvoiceFile")
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}
