//! The CSV file of an invoice: a few lines about the invoice, a blank one, then a table.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::invoice_row::{Columns, InvoiceRow};
use super::record::Header;
use super::records::RowSource;
use super::row::Row;
use crate::{Error, ErrorKind, Result};

/// The rows of an invoice's CSV file while it arrives, in bounded memory.
///
/// The file is another view of the invoice than its JSON: SKUs go by their display names, amounts
/// are in dollars, and each tag key has a column of its own. Columns are found by their names, in
/// whatever order. After an error the stream ends.
pub struct InvoiceCsv {
    rows: RowSource,
    preamble: InvoicePreamble,
    table: Option<(Header, Columns)>,
    over: bool,
}

/// What stands above the table: the invoice's number, its period, the organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvoicePreamble {
    entries: Vec<(String, String)>,
}

impl InvoicePreamble {
    /// The value behind `label`, such as `Invoice Number`.
    pub fn get(&self, label: &str) -> Option<&str> {
        let found = self.entries.iter().find(|(name, _)| name == label);
        found.map(|(_, value)| value.as_str())
    }

    /// Labels with their values, in the order of the file.
    pub fn entries(&self) -> &[(String, String)] {
        &self.entries
    }

    /// The invoice's number, which is its id.
    pub fn invoice_number(&self) -> Option<&str> {
        self.get("Invoice Number")
    }

    /// The billing period in words, such as `March 1, 2025 - April 1, 2025`; its end is exclusive.
    pub fn billing_period(&self) -> Option<&str> {
        self.get("Billing Period")
    }

    /// The organization's name.
    pub fn organization_name(&self) -> Option<&str> {
        self.get("Organization Name")
    }

    /// The organization's id.
    pub fn organization_id(&self) -> Option<&str> {
        self.get("Organization ID")
    }

    fn add(&mut self, row: &Row) {
        let mut cells = row.fields().map(|cell| cell.trim().to_owned());
        if let Some(label) = cells.next() {
            let value = cells.next().unwrap_or_default();
            self.entries.push((label, value));
        }
    }
}

impl InvoiceCsv {
    /// The rows of `body`, the CSV file of an invoice in chunks of any size.
    pub fn new<S>(body: S) -> Self
    where
        S: Stream<Item = Result<Bytes>> + Send + 'static,
    {
        Self {
            rows: RowSource::new(Box::pin(body)),
            preamble: InvoicePreamble::default(),
            table: None,
            over: false,
        }
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// What the body reports, such as a broken connection. Unreadable: the file has no table, is
    /// not valid UTF-8, ends within quotes, or a cell is not the date or number that its column
    /// holds (the error names record and column). Too large: a record beyond 8 MiB.
    pub async fn next(&mut self) -> Option<Result<InvoiceRow>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Reads as far as the header of the table, and gives what stands above it.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub async fn read_preamble(&mut self) -> Result<&InvoicePreamble> {
        poll_fn(|cx| self.poll_table(cx)).await?;
        Ok(&self.preamble)
    }

    /// What stands above the table: complete once the first row or the end has been seen.
    pub fn preamble(&self) -> &InvoicePreamble {
        &self.preamble
    }

    /// The columns of the table, once the first row or the end has been seen.
    pub fn header(&self) -> Option<&Header> {
        self.table.as_ref().map(|(header, _)| header)
    }

    /// Reads as far as the header.
    fn poll_table(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while self.table.is_none() {
            let Some(row) = ready!(self.rows.poll_row(cx)) else {
                return Poll::Ready(Err(Error::new(
                    ErrorKind::Unreadable,
                    "the answer is not the CSV of an invoice: it has no row of column names",
                )));
            };
            let row = row?;
            if is_header(&row) {
                let header = Header::new(&row);
                let columns = Columns::new(&header);
                self.table = Some((header, columns));
            } else {
                self.preamble.add(&row);
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_typed(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<InvoiceRow>>> {
        ready!(self.poll_table(cx))?;
        let Some(row) = ready!(self.rows.poll_row(cx)).transpose()? else {
            return Poll::Ready(Ok(None));
        };
        let record = self.rows.read();
        Poll::Ready(match &self.table {
            Some((_, columns)) => columns.read(&row, record).map(Some),
            None => Ok(None),
        })
    }
}

impl Stream for InvoiceCsv {
    type Item = Result<InvoiceRow>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        let row = ready!(self.poll_typed(cx));
        self.over = !matches!(row, Ok(Some(_)));
        Poll::Ready(row.transpose())
    }
}

impl fmt::Debug for InvoiceCsv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvoiceCsv")
            .field("preamble", &self.preamble)
            .field("header", &self.header())
            .field("read", &self.rows.read())
            .finish_non_exhaustive()
    }
}

/// Whether `row` names columns: a line about the invoice has a label and a value, and perhaps
/// nothing behind a trailing comma.
pub(super) fn is_header(row: &Row) -> bool {
    row.fields().filter(|cell| !cell.trim().is_empty()).count() > 2
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;

    const FILE: &str = "Invoice Number,5f0c00000000000000000001,\r\n\
        Billing Period,\"March 1, 2025 - April 1, 2025\",\r\n\
        Organization Name,\"Example, Inc.\",\r\n\
        Organization ID,5f0c00000000000000000002,\r\n\
        \r\n\
        Date,Usage Date,Description,Amount,SKU,team\r\n\
        03/02/2025,03/01/2025,\"a \"\"b\"\", c\",-0.05,Atlas M10,core\r\n\
        03/03/2025,,short\r\n\
        03/04/2025,,,1.5,,web,extra\r\n";

    fn body(size: usize) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        stream::iter(
            FILE.as_bytes()
                .chunks(size)
                .map(|chunk| Ok(Bytes::from_static(chunk))),
        )
    }

    #[tokio::test]
    async fn preamble_and_rows_whatever_the_chunks() {
        for size in [1, 2, 3, 50, 10_000] {
            let mut csv = InvoiceCsv::new(body(size));
            let preamble = csv.read_preamble().await.unwrap();
            assert_eq!(preamble.invoice_number(), Some("5f0c00000000000000000001"));
            assert_eq!(
                preamble.billing_period(),
                Some("March 1, 2025 - April 1, 2025")
            );
            assert_eq!(preamble.organization_name(), Some("Example, Inc."));
            assert_eq!(preamble.organization_id(), Some("5f0c00000000000000000002"));
            assert_eq!(preamble.entries().len(), 4);
            let first = csv.next().await.unwrap().unwrap();
            assert_eq!(first.description.as_deref(), Some("a \"b\", c"));
            assert_eq!(first.amount.unwrap().to_string(), "-0.05");
            assert_eq!(first.sku.as_deref(), Some("Atlas M10"));
            assert_eq!(first.tags["team"], "core");
            let short = csv.next().await.unwrap().unwrap();
            assert_eq!(short.description.as_deref(), Some("short"));
            assert_eq!((short.amount, short.tags.len()), (None, 0));
            let long = csv.next().await.unwrap().unwrap();
            assert_eq!(long.beyond, ["extra"]);
            assert!(csv.next().await.is_none());
            assert!(csv.next().await.is_none());
            assert_eq!(csv.header().unwrap().names().len(), 6);
        }
    }

    #[tokio::test]
    async fn a_file_without_a_table_is_no_invoice() {
        for file in ["", "Invoice Number,1,\n", "<html>\n<p>busy</p>"] {
            let body = stream::iter([Ok(Bytes::from_static(file.as_bytes()))]);
            let rows: Vec<_> = InvoiceCsv::new(body).collect().await;
            assert_eq!(rows.len(), 1, "{file}");
            let error = rows[0].as_ref().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unreadable);
        }
    }

    #[tokio::test]
    async fn a_cell_that_is_no_number_is_named_and_ends_the_stream() {
        let file = "Date,SKU,Amount\n01/02/2025,S,1\n01/02/2025,S,many\n01/02/2025,S,1\n";
        let body = stream::iter([Ok(Bytes::from_static(file.as_bytes()))]);
        let rows: Vec<_> = InvoiceCsv::new(body).collect().await;
        assert_eq!(rows.len(), 2);
        let error = rows[1].as_ref().unwrap_err().to_string();
        assert!(
            error.contains("record 3") && error.contains("Amount"),
            "{error}"
        );
    }
}
