//! FOCUS reports: cost and usage in the columns of the FinOps Open Cost and Usage Specification.
//!
//! A report lacks tax, adjustments and refunds, so that its sum is not the invoice's.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use atlas_billing_raw::{parse_decimal, timestamp};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use futures_core::Stream;
use rust_decimal::Decimal;

use super::records::{Header, Records, Row};

use crate::error::{Error, Result};

/// The rows of a FOCUS report while it arrives, in bounded memory.
///
/// Columns are found by their names, in any order; missing and further ones are accepted, so that
/// other versions of the specification can be read, too. After an error the stream ends.
pub struct FocusRows {
    records: Records,
    columns: Option<Arc<Columns>>,
}

impl FocusRows {
    /// The rows of `body`, a FOCUS report as CSV in chunks of any size.
    pub fn new<S>(body: S) -> Self
    where
        S: Stream<Item = Result<Bytes>> + Send + 'static,
    {
        Self::of(Records::new(body))
    }

    /// The rows of these records.
    pub(crate) fn of(records: Records) -> Self {
        Self {
            records,
            columns: None,
        }
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// What the body reports, such as a broken connection. [`ErrorKind::Decode`]: the file has no
    /// column of FOCUS, is not valid UTF-8, ends within quotes, or a cell is not the number or time
    /// that its column holds (the error names record and column). [`ErrorKind::TooLarge`]: a record
    /// beyond 8 MiB.
    ///
    /// [`ErrorKind::Decode`]: crate::ErrorKind::Decode
    /// [`ErrorKind::TooLarge`]: crate::ErrorKind::TooLarge
    pub async fn next(&mut self) -> Option<Result<FocusRow>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The columns of the report, once the first row or the end has been reached.
    pub fn header(&self) -> Option<&Header> {
        self.records.header()
    }
}

impl Stream for FocusRows {
    type Item = Result<FocusRow>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.records.has_ended() {
            return Poll::Ready(None);
        }
        let columns = match &self.columns {
            Some(columns) => columns.clone(),
            None => {
                let header = ready!(self.records.poll_header(cx));
                let columns = header.transpose().and_then(|header| Columns::new(header));
                match columns {
                    Ok(columns) => self.columns.insert(Arc::new(columns)).clone(),
                    Err(error) => return self.records.end(Some(error)),
                }
            }
        };
        let Some(row) = ready!(self.records.poll_next_row(cx)) else {
            return Poll::Ready(None);
        };
        let row = FocusRow { columns, row: row? };
        match row.check(self.records.read()) {
            Ok(()) => Poll::Ready(Some(Ok(row))),
            Err(error) => self.records.end(Some(error)),
        }
    }
}

impl fmt::Debug for FocusRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FocusRows")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

/// One row of a FOCUS report: a charge.
///
/// Numbers and times have been checked when the row was read. A cell that is empty or `null`, or
/// whose column the report does not have, is `None`.
///
/// It may share the bytes of the chunk it came in: keep the cells rather than the row if one row of a
/// large report is to outlive the rest.
#[derive(Clone)]
pub struct FocusRow {
    columns: Arc<Columns>,
    row: Row,
}

impl FocusRow {
    /// The cell of any column, as text; `None` where it is empty or there is no such column.
    ///
    /// Faster are the methods for columns of FOCUS.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.cell(self.columns.header.position(column)?)
    }

    /// Column names with their cells, from left to right, empty ones included: further columns, too.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.columns.header.names().iter().map(String::as_str);
        names.zip(self.row.cells())
    }

    /// The columns of the report.
    pub fn header(&self) -> &Header {
        &self.columns.header
    }

    /// The tags of the resource (`Tags`): none where the column is empty.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) where the cell is not a JSON object.
    pub fn tags(&self) -> Result<BTreeMap<String, String>> {
        let Some(cell) = self.text(FocusColumn::Tags) else {
            return Ok(BTreeMap::new());
        };
        let tags: BTreeMap<String, serde_json::Value> = serde_json::from_str(cell)
            .map_err(|_| Error::decode("the column \"Tags\" is not a JSON object"))?;
        let text = |value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        let tags = tags.into_iter();
        Ok(tags.map(|(key, value)| (key, text(value))).collect())
    }

    /// The cell of a column that holds text, or of any other as text.
    pub fn text(&self, column: FocusColumn) -> Option<&str> {
        self.cell(self.columns.place(column)?)
    }

    /// The cell of a column that holds an amount, a price or a quantity; `None` for other columns.
    pub fn decimal(&self, column: FocusColumn) -> Option<Decimal> {
        match column.kind() {
            FocusKind::Decimal => parse_decimal(self.text(column)?),
            _ => None,
        }
    }

    /// The cell of a column that holds a time, UTC; `None` for other columns. Ends are exclusive.
    pub fn time(&self, column: FocusColumn) -> Option<DateTime<Utc>> {
        match column.kind() {
            FocusKind::Time => read_time(self.text(column)?),
            _ => None,
        }
    }

    /// The cell at `index`, as [`get`](Self::get) has it.
    pub(crate) fn cell(&self, index: usize) -> Option<&str> {
        let cell = self.row.get(index)?.trim();
        let is_null = cell.is_empty() || cell.eq_ignore_ascii_case("null");
        (!is_null).then_some(cell)
    }

    /// Checks the cells that are not text; `record` is the row's number in the file.
    fn check(&self, record: u64) -> Result<()> {
        for (column, index) in &self.columns.checked {
            let Some(cell) = self.cell(*index) else {
                continue;
            };
            let (fits, expected) = match column.kind() {
                FocusKind::Decimal => (
                    parse_decimal(cell).is_some(),
                    "a number of at most 28 digits",
                ),
                FocusKind::Time => (read_time(cell).is_some(), "a time (RFC 3339)"),
                FocusKind::Text => continue,
            };
            if !fits {
                return Err(Error::decode(format!(
                    "record {record} of the report: column {:?} is not {expected}",
                    column.name()
                )));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for FocusRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A time of RFC 3339; where the offset is missing UTC, which FOCUS has all times in; or a day, which
/// begins at midnight.
fn read_time(text: &str) -> Option<DateTime<Utc>> {
    let time = || text.parse::<NaiveDateTime>().ok();
    let day = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN));
    let utc = || Some(time().or_else(day)?.and_utc());
    timestamp::read(text).ok().or_else(utc)
}

/// What the cells of a column of a FOCUS report hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FocusKind {
    /// Text, JSON included.
    Text,
    /// An amount, a price, a quantity or a rate.
    Decimal,
    /// A time, UTC.
    Time,
}

/// Where the columns of FOCUS are in a report.
#[derive(Debug)]
struct Columns {
    header: Header,
    places: [Option<usize>; FocusColumn::ALL.len()],
    /// The columns that do not hold text.
    checked: Vec<(FocusColumn, usize)>,
}

impl Columns {
    fn new(header: Option<&Header>) -> Result<Self> {
        let not_focus =
            || Error::decode("the file is not a FOCUS report: it has no column of FOCUS");
        let header = header.ok_or_else(not_focus)?;
        let places = FocusColumn::ALL.map(|column| header.position(column.name()));
        if places.iter().all(Option::is_none) {
            return Err(not_focus());
        }
        let found = FocusColumn::ALL.into_iter().zip(places);
        let checked = found
            .filter(|(column, _)| column.kind() != FocusKind::Text)
            .filter_map(|(column, place)| Some((column, place?)));
        Ok(Self {
            header: header.clone(),
            places,
            checked: checked.collect(),
        })
    }

    fn place(&self, column: FocusColumn) -> Option<usize> {
        self.places.get(column as usize).copied().flatten()
    }
}

/// Defines the columns, and a method of a row for each.
macro_rules! focus_columns {
    (@method $name:ident $method:ident Text $doc:literal) => {
        #[doc = $doc]
        pub fn $method(&self) -> Option<&str> {
            self.text(FocusColumn::$name)
        }
    };
    (@method $name:ident $method:ident Decimal $doc:literal) => {
        #[doc = $doc]
        pub fn $method(&self) -> Option<Decimal> {
            self.decimal(FocusColumn::$name)
        }
    };
    (@method $name:ident $method:ident Time $doc:literal) => {
        #[doc = $doc]
        pub fn $method(&self) -> Option<DateTime<Utc>> {
            self.time(FocusColumn::$name)
        }
    };
    ($($name:ident $(= $text:literal)? $method:ident: $kind:ident $doc:literal,)*) => {
        /// A column of the reports that Atlas makes: those of FOCUS 1.3, and its own (`x_…`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FocusColumn {
            $(#[doc = $doc] $name,)*
        }

        impl FocusColumn {
            /// All columns, in alphabetical order.
            pub const ALL: [Self; [$(Self::$name),*].len()] = [$(Self::$name),*];

            /// The column's name in the file.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => focus_columns!(@text $name $($text)?),)*
                }
            }

            /// What its cells hold.
            pub fn kind(self) -> FocusKind {
                match self {
                    $(Self::$name => FocusKind::$kind,)*
                }
            }
        }

        /// The columns of FOCUS, typed.
        impl FocusRow {
            $(focus_columns!(@method $name $method $kind $doc);)*
        }
    };
    (@text $name:ident) => { stringify!($name) };
    (@text $name:ident $text:literal) => { $text };
}

focus_columns! {
    BilledCost billed_cost: Decimal "What is invoiced for the charge, in the billing currency.",
    BillingAccountId billing_account_id: Text "The organization that is billed.",
    BillingAccountName billing_account_name: Text "Its name.",
    BillingCurrency billing_currency: Text "The currency of the costs, such as `USD`.",
    BillingPeriodEnd billing_period_end: Time "The end of the invoice's period, exclusive.",
    BillingPeriodStart billing_period_start: Time "The beginning of the invoice's period.",
    ChargeCategory charge_category: Text "Usage, purchase, tax, credit or adjustment.",
    ChargeDescription charge_description: Text "The charge in words.",
    ChargePeriodEnd charge_period_end: Time "The end of what is charged for, exclusive.",
    ChargePeriodStart charge_period_start: Time "The beginning of what is charged for.",
    ConsumedQuantity consumed_quantity: Decimal "How much was used, in its unit.",
    ConsumedUnit consumed_unit: Text "What the consumed quantity counts.",
    ContractApplied contract_applied: Text "The contracts that the charge falls under.",
    ContractedCost contracted_cost: Decimal "The cost at the negotiated price.",
    ContractedUnitPrice contracted_unit_price: Decimal "The negotiated price of one pricing unit.",
    EffectiveCost effective_cost: Decimal "The cost after all discounts, prepaid amounts spread.",
    HostProviderName host_provider_name: Text "The cloud provider that it runs on.",
    InvoiceIssuer invoice_issuer: Text "Who issues the invoice.",
    ListCost list_cost: Decimal "The cost at the list price, before discounts.",
    ListUnitPrice list_unit_price: Decimal "The list price of one pricing unit.",
    PricingCurrency pricing_currency: Text "The currency of the price list, which may be credits.",
    PricingCurrencyContractedUnitPrice pricing_currency_contracted_unit_price: Decimal
        "The negotiated unit price in the pricing currency.",
    PricingCurrencyEffectiveCost pricing_currency_effective_cost: Decimal
        "The effective cost in the pricing currency.",
    PricingCurrencyListUnitPrice pricing_currency_list_unit_price: Decimal
        "The list unit price in the pricing currency.",
    PricingQuantity pricing_quantity: Decimal "How much is priced, in pricing units.",
    PricingUnit pricing_unit: Text "What the pricing quantity counts.",
    RegionId region_id: Text "The region's code.",
    RegionName region_name: Text "The region's name.",
    ResourceName resource_name: Text "The cluster or another resource.",
    ServiceCategory service_category: Text "The kind of service, such as databases.",
    ServiceName service_name: Text "The service.",
    ServiceProviderName service_provider_name: Text "Who provides the service.",
    SkuId sku_id: Text "The SKU.",
    SkuMeter sku_meter: Text "What of the SKU is measured.",
    SkuPriceDetails sku_price_details: Text "What the price depends on, as a JSON object.",
    SkuPriceId sku_price_id: Text "The price of the SKU.",
    SubAccountId sub_account_id: Text "The project.",
    SubAccountName sub_account_name: Text "The project's name.",
    Tags tags_text: Text "The resource's tags as a JSON object: see [`FocusRow::tags`].",
    XAtlasSku = "x_AtlasSku" atlas_sku: Text "The SKU as the invoice has it.",
    XBilledDateEnd = "x_BilledDateEnd" billed_date_end: Time "The end of the day of billing.",
    XBilledDateStart = "x_BilledDateStart" billed_date_start: Time "The day of billing.",
    XPricingCurrencyRate = "x_PricingCurrencyRate" pricing_currency_rate: Decimal
        "The price of one unit of the pricing currency in the billing currency.",
    XSkuCategory = "x_SkuCategory" sku_category: Text "The group that the SKU belongs to.",
}

#[cfg(test)]
mod tests;
