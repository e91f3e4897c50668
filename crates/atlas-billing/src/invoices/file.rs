//! The invoice's CSV file.

use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use super::request::{InvoiceRequest, send};
use crate::call::File;
use crate::csv::{InvoiceCsv, Records};
use crate::edge::BoxFuture;
use crate::{Form, ResponseMeta, Result};

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
            File::of(answer).await.map(InvoiceFile)
        })
    }
}

/// An invoice's CSV file while it arrives: its bytes as a stream, or what reads them.
#[derive(Debug)]
#[must_use = "the file is still to be read"]
pub struct InvoiceFile(File);

impl InvoiceFile {
    /// Status, headers, rate limit and version of the answer.
    pub fn meta(&self) -> &ResponseMeta {
        self.0.meta()
    }

    /// The next piece of the file as it was sent, `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks or falls silent; a file that was cut never ends without one.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        self.0.next().await
    }

    /// The whole file as it was sent, in memory. [`CsvRequest::bytes`] does the same and, unlike
    /// this, begins anew where the connection breaks half-way.
    ///
    /// # Errors
    /// As [`next`](Self::next), and [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) beyond
    /// the request's `max_body`.
    pub async fn bytes(self) -> Result<Bytes> {
        self.0.bytes().await
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

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(context)
    }
}
