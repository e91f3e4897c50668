//! Rows of an invoice's CSV file, typed.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use chrono::NaiveDate;
use futures_core::Stream;
use rust_decimal::Decimal;

use super::records::{Header, Preamble, Records, Row};
use crate::error::{Error, ErrorKind, Result};
use atlas_billing_raw::parse_decimal;

/// The rows of an invoice's CSV file while it arrives, in bounded memory.
///
/// The file is another view of the invoice than its JSON: SKUs have their display names, amounts
/// are in dollars, and each tag key has a column of its own. Columns are found by their names, in
/// any order. After an error the stream ends.
pub struct InvoiceCsv {
    records: Records,
    columns: Option<Columns>,
}

impl InvoiceCsv {
    /// The rows of `body`, the CSV file of an invoice in chunks of any size.
    pub fn new<S>(body: S) -> Self
    where
        S: Stream<Item = Result<Bytes>> + Send + 'static,
    {
        Self::of(Records::from_invoice(body))
    }

    pub(crate) fn of(records: Records) -> Self {
        Self {
            records,
            columns: None,
        }
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// What the body reports, such as a broken connection. [`ErrorKind::Decode`]: the file has
    /// no table, is not valid UTF-8, ends within quotes, or a cell is not the date or number that
    /// its column holds (the error names record and column). [`ErrorKind::TooLarge`]: a record
    /// beyond 8 MiB.
    pub async fn next(&mut self) -> Option<Result<InvoiceRow>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Reads as far as the header of the table, and returns the lines above it.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub async fn read_preamble(&mut self) -> Result<&Preamble> {
        poll_fn(|cx| self.poll_columns(cx)).await?;
        Ok(self.records.preamble())
    }

    /// The lines above the table: complete once the first row or the end has been reached.
    pub fn preamble(&self) -> &Preamble {
        self.records.preamble()
    }

    /// The columns of the table, once the first row or the end has been reached.
    pub fn header(&self) -> Option<&Header> {
        self.records.header()
    }

    fn poll_columns(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.columns.is_none() {
            let header = ready!(self.records.poll_header(cx)).unwrap_or_else(|| {
                Err(Error::new(
                    ErrorKind::Decode,
                    "the response is not the CSV of an invoice: no row of column names",
                ))
            })?;
            self.columns = Some(Columns::new(header));
        }
        Poll::Ready(Ok(()))
    }
}

impl Stream for InvoiceCsv {
    type Item = Result<InvoiceRow>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.records.has_ended() {
            return Poll::Ready(None);
        }
        if let Err(error) = ready!(self.poll_columns(cx)) {
            return self.records.end(Some(error));
        }
        let Some(row) = ready!(self.records.poll_next_row(cx)) else {
            return Poll::Ready(None);
        };
        let (row, number) = (row?, self.records.read());
        match self
            .columns
            .as_ref()
            .map(|columns| columns.read(&row, number))
        {
            Some(Err(error)) => self.records.end(Some(error)),
            typed => Poll::Ready(typed),
        }
    }
}

impl fmt::Debug for InvoiceCsv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvoiceCsv")
            .field("preamble", self.preamble())
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

/// Where a cell goes; each variant is called as the type of its field.
#[derive(Debug, Clone, Copy)]
enum Field {
    NaiveDate(fn(&mut InvoiceRow) -> &mut Option<NaiveDate>),
    String(fn(&mut InvoiceRow) -> &mut Option<String>),
    Decimal(fn(&mut InvoiceRow) -> &mut Option<Decimal>),
}

/// Defines the typed row, and the table that finds a column's field by the column's name.
macro_rules! invoice_row {
    ($($(#[$doc:meta])* $name:literal => $field:ident: $type:ident,)*) => {
        /// One row of an invoice's CSV file: a line item as the file shows it.
        ///
        /// A cell that is empty or missing is `None`. The file names no currency.
        #[derive(Debug, Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct InvoiceRow {
            $($(#[$doc])* pub $field: Option<$type>,)*
            /// The cells of all other columns by the columns' names: the file has one for each tag
            /// key. An empty cell means that the resource does not have the tag, and is omitted.
            pub tags: BTreeMap<String, String>,
            /// Cells beyond the last column.
            pub beyond: Vec<String>,
        }

        /// The columns that every file has.
        const KNOWN: &[(&str, Field)] = &[$(($name, Field::$type(|row| &mut row.$field)),)*];
    };
}

invoice_row! {
    /// The date of the charge.
    "Date" => date: NaiveDate,
    /// The date of the usage.
    "Usage Date" => usage_date: NaiveDate,
    /// The charge in words.
    "Description" => description: String,
    /// A comment on it.
    "Note" => note: String,
    /// The organization's name.
    "Organization Name" => organization_name: String,
    /// The organization's id.
    "Organization ID" => organization_id: String,
    /// The project's name.
    "Project" => project: String,
    /// The project's id.
    "Project ID" => project_id: String,
    /// The SKU's display name, which is not its code in the JSON.
    "SKU" => sku: String,
    /// The region.
    "Region" => region: String,
    /// The cluster's name.
    "Cluster" => cluster: String,
    /// The replica set's name.
    "Replica Set" => replica_set: String,
    /// The config server's name.
    "Config Server" => config_server: String,
    /// The application's name.
    "Application" => application: String,
    /// What the quantity counts.
    "Unit" => unit: String,
    /// The price of one unit, in dollars.
    "Unit Price" => unit_price: Decimal,
    /// How many units.
    "Quantity" => quantity: Decimal,
    /// The discount in percent.
    "Discount Percent" => discount_percent: Decimal,
    /// The amount in dollars, negative for a credit.
    "Amount" => amount: Decimal,
}

/// The columns of one file, each with the field it goes to; `None` for a tag.
#[derive(Debug)]
struct Columns(Vec<(String, Option<Field>)>);

impl Columns {
    fn new(header: &Header) -> Self {
        let column = |(index, name): (usize, &String)| {
            let known = KNOWN.iter().find(|(known, _)| known == name);
            // A tag may be called as a column is; its own column comes later.
            let known = known.filter(|_| header.position(name) == Some(index));
            (name.clone(), known.map(|(_, field)| *field))
        };
        Self(header.names().iter().enumerate().map(column).collect())
    }

    /// The typed row; `record` is its number in the file, for errors.
    fn read(&self, row: &Row, record: u64) -> Result<InvoiceRow> {
        let mut read = InvoiceRow::default();
        for (index, cell) in row.cells().enumerate() {
            let trimmed = cell.trim();
            let Some((name, field)) = self.0.get(index) else {
                read.beyond.push(cell.to_owned());
                continue;
            };
            if trimmed.is_empty() {
                continue;
            }
            let (fits, expected) = match field {
                None => {
                    read.tags.insert(name.clone(), cell.to_owned());
                    continue;
                }
                Some(Field::String(field)) => {
                    *field(&mut read) = Some(cell.to_owned());
                    continue;
                }
                Some(Field::NaiveDate(field)) => {
                    let value = parse_date(trimmed);
                    *field(&mut read) = value;
                    (value.is_some(), "a date (MM/DD/YYYY)")
                }
                Some(Field::Decimal(field)) => {
                    let value = parse_decimal(trimmed);
                    *field(&mut read) = value;
                    (value.is_some(), "a number of at most 28 digits")
                }
            };
            if !fits {
                return Err(Error::new(
                    ErrorKind::Decode,
                    format!("record {record} of the CSV: column {name:?} is not {expected}"),
                ));
            }
        }
        Ok(read)
    }
}

/// Dates have the month first: `MM/DD/YYYY`.
fn parse_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || year.len() != 4 || ![month, day, year].into_iter().all(digits) {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
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

    fn file(text: &str, size: usize) -> InvoiceCsv {
        let chunks: Vec<_> = text
            .as_bytes()
            .chunks(size)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        InvoiceCsv::new(stream::iter(chunks))
    }

    #[tokio::test]
    async fn preamble_and_rows_whatever_the_chunks() {
        for size in [1, 2, 3, 50, 10_000] {
            let mut csv = file(FILE, size);
            let preamble = csv.read_preamble().await.unwrap();
            assert_eq!(preamble.invoice_number(), Some("5f0c00000000000000000001"));
            assert_eq!(
                preamble.get("Billing Period"),
                Some("March 1, 2025 - April 1, 2025")
            );
            assert_eq!(preamble.get("Organization Name"), Some("Example, Inc."));
            assert_eq!(preamble.entries().len(), 4);
            let first = csv.next().await.unwrap().unwrap();
            assert_eq!(csv.preamble().entries().len(), 4);
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
    async fn a_file_without_a_table_is_rejected() {
        for text in ["", "Invoice Number,1,\n", "<html>\n<p>busy</p>"] {
            let rows: Vec<_> = file(text, 99).collect().await;
            assert_eq!(rows.len(), 1, "{text}");
            let error = rows[0].as_ref().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
        }
    }

    #[tokio::test]
    async fn a_cell_of_the_wrong_type_is_named_but_not_shown_and_ends_the_stream() {
        let text = "Date,SKU,Amount\n01/02/2025,S,1\n01/02/2025,S,private\n01/02/2025,S,1\n";
        let rows: Vec<_> = file(text, 99).collect().await;
        assert_eq!(rows.len(), 2);
        let error = rows[1].as_ref().unwrap_err().to_string();
        assert!(
            error.contains("record 3") && error.contains("\"Amount\""),
            "{error}"
        );
        assert!(!error.contains("private"), "{error}");
    }

    #[test]
    fn dates_have_the_month_first() {
        let expected = NaiveDate::from_ymd_opt(2025, 3, 31);
        assert_eq!(parse_date("03/31/2025"), expected);
        assert_eq!(parse_date("3/31/2025"), expected);
        for text in [
            "31/03/2025",
            "2025-03-31",
            "03/31/25",
            "03/31",
            "a/b/2025",
            "+3/31/2025",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn every_documented_column_has_its_field() {
        let names: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
        let cell = |(_, field): &(_, Field)| match field {
            Field::NaiveDate(_) => "01/02/2025",
            Field::String(_) => "text",
            Field::Decimal(_) => "-1.50",
        };
        let cells: Vec<&str> = KNOWN.iter().map(cell).collect();
        let text = format!("{}\n{}\n", names.join(","), cells.join(","));
        let read = file(&text, 99).next().await.unwrap().unwrap();
        assert!(!format!("{read:?}").contains("None"), "{read:?}");
        assert!(read.tags.is_empty() && read.beyond.is_empty());
        assert_eq!(read.amount, parse_decimal("-1.5"));
    }

    #[tokio::test]
    async fn columns_are_found_in_any_order_and_the_rest_are_tags() {
        let text = "Amount,Project,team,Date,Project,\n7e-8,web,\"a,b\",12/31/2024,blue,x\n";
        let read = file(text, 99).next().await.unwrap().unwrap();
        assert_eq!(read.amount.unwrap().to_string(), "0.00000007");
        assert_eq!(read.project.as_deref(), Some("web"));
        assert_eq!(read.date, NaiveDate::from_ymd_opt(2024, 12, 31));
        let tags: Vec<_> = read
            .tags
            .iter()
            .map(|(key, value)| (&**key, &**value))
            .collect();
        assert_eq!(tags, [("", "x"), ("Project", "blue"), ("team", "a,b")]);
    }
}
