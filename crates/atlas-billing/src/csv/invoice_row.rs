//! One row of an invoice's CSV file, typed.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::record::Header;
use super::row::Row;
use crate::money::parse_decimal;
use crate::{Error, ErrorKind, Result};

/// One row of an invoice's CSV file: a line item as the file shows it.
///
/// A cell that is empty or missing is `None`. The file itself says nothing of a currency.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct InvoiceRow {
    /// The date of the charge (`Date`).
    pub date: Option<NaiveDate>,
    /// The date of the usage (`Usage Date`).
    pub usage_date: Option<NaiveDate>,
    /// The charge in words.
    pub description: Option<String>,
    /// A comment on it.
    pub note: Option<String>,
    /// The organization's name.
    pub organization_name: Option<String>,
    /// The organization's id.
    pub organization_id: Option<String>,
    /// The project's name (`Project`).
    pub project: Option<String>,
    /// The project's id.
    pub project_id: Option<String>,
    /// The SKU's display name, which is not its code in the JSON.
    pub sku: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The cluster's name.
    pub cluster: Option<String>,
    /// The replica set's name.
    pub replica_set: Option<String>,
    /// The config server's name.
    pub config_server: Option<String>,
    /// The application's name.
    pub application: Option<String>,
    /// What the quantity counts.
    pub unit: Option<String>,
    /// The price of one unit, in dollars.
    pub unit_price: Option<Decimal>,
    /// How many units.
    pub quantity: Option<Decimal>,
    /// The discount in percent.
    pub discount_percent: Option<Decimal>,
    /// The amount in dollars, negative for a credit.
    pub amount: Option<Decimal>,
    /// The cells of all other columns by the columns' names: the file has one for each tag key.
    /// An empty cell means that the resource has no such tag, and is left out.
    pub tags: BTreeMap<String, String>,
    /// Cells beyond the last column.
    pub beyond: Vec<String>,
}

/// What to do with the cells of a table, column by column.
#[derive(Debug)]
pub(super) struct Columns(Vec<Column>);

#[derive(Debug)]
enum Column {
    Known {
        name: String,
        field: Field,
    },
    /// A column of its own for each tag key.
    Tag(String),
}

/// Where a cell goes.
#[derive(Debug, Clone, Copy)]
enum Field {
    Date(fn(&mut InvoiceRow) -> &mut Option<NaiveDate>),
    Text(fn(&mut InvoiceRow) -> &mut Option<String>),
    Number(fn(&mut InvoiceRow) -> &mut Option<Decimal>),
}

/// The columns that every file has, by their names.
const KNOWN: &[(&str, Field)] = &[
    ("Date", Field::Date(|row| &mut row.date)),
    ("Usage Date", Field::Date(|row| &mut row.usage_date)),
    ("Description", Field::Text(|row| &mut row.description)),
    ("Note", Field::Text(|row| &mut row.note)),
    (
        "Organization Name",
        Field::Text(|row| &mut row.organization_name),
    ),
    (
        "Organization ID",
        Field::Text(|row| &mut row.organization_id),
    ),
    ("Project", Field::Text(|row| &mut row.project)),
    ("Project ID", Field::Text(|row| &mut row.project_id)),
    ("SKU", Field::Text(|row| &mut row.sku)),
    ("Region", Field::Text(|row| &mut row.region)),
    ("Cluster", Field::Text(|row| &mut row.cluster)),
    ("Replica Set", Field::Text(|row| &mut row.replica_set)),
    ("Config Server", Field::Text(|row| &mut row.config_server)),
    ("Application", Field::Text(|row| &mut row.application)),
    ("Unit", Field::Text(|row| &mut row.unit)),
    ("Unit Price", Field::Number(|row| &mut row.unit_price)),
    ("Quantity", Field::Number(|row| &mut row.quantity)),
    (
        "Discount Percent",
        Field::Number(|row| &mut row.discount_percent),
    ),
    ("Amount", Field::Number(|row| &mut row.amount)),
];

impl Columns {
    pub(super) fn new(header: &Header) -> Self {
        let column = |(index, name): (usize, &String)| {
            let known = KNOWN.iter().find(|(known, _)| known == name);
            match known {
                // A tag may be called as a column is; its own column comes later.
                Some((_, field)) if header.position(name) == Some(index) => Column::Known {
                    name: name.clone(),
                    field: *field,
                },
                _ => Column::Tag(name.clone()),
            }
        };
        Self(header.names().iter().enumerate().map(column).collect())
    }

    /// The typed row; `record` is its number in the file, for errors.
    pub(super) fn read(&self, row: &Row, record: u64) -> Result<InvoiceRow> {
        let mut read = InvoiceRow::default();
        for (index, cell) in row.fields().enumerate() {
            let trimmed = cell.trim();
            match self.0.get(index) {
                None => read.beyond.push(cell.to_owned()),
                Some(_) if trimmed.is_empty() => {}
                Some(Column::Tag(key)) => {
                    read.tags.insert(key.clone(), cell.to_owned());
                }
                Some(Column::Known { name, field }) => {
                    let fits = match field {
                        Field::Text(place) => set(place(&mut read), Some(cell.to_owned())),
                        Field::Date(place) => set(place(&mut read), date(trimmed)),
                        Field::Number(place) => set(place(&mut read), parse_decimal(trimmed)),
                    };
                    if !fits {
                        return Err(unfit(record, name, cell, *field));
                    }
                }
            }
        }
        Ok(read)
    }
}

/// Puts `value` in its place, and says whether there was one.
fn set<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    *place = value;
    place.is_some()
}

/// Dates are written month first: `MM/DD/YYYY`.
fn date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || year.len() != 4 || ![month, day, year].into_iter().all(digits) {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

fn unfit(record: u64, name: &str, cell: &str, field: Field) -> Error {
    let expected = match field {
        Field::Date(_) => "a date written MM/DD/YYYY",
        _ => "a number of at most 28 places",
    };
    let shown: String = cell.chars().take(40).collect();
    Error::new(
        ErrorKind::Unreadable,
        format!(
            "record {record} of the CSV has {shown:?} in column {name:?} instead of {expected}; \
             read it as records to have the cells as text"
        ),
    )
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn row(text: &str) -> Row {
        Row::new(Bytes::copy_from_slice(text.as_bytes()), text.contains('"')).unwrap()
    }

    #[test]
    fn dates_are_month_first() {
        let expected = NaiveDate::from_ymd_opt(2025, 3, 31);
        assert_eq!(date("03/31/2025"), expected);
        assert_eq!(date("3/31/2025"), expected);
        for text in [
            "31/03/2025",
            "2025-03-31",
            "03/31/25",
            "03/31",
            "a/b/2025",
            "+3/31/2025",
            "//2025",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn every_documented_column_has_its_field() {
        let names: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
        let columns = Columns::new(&Header::new(&row(&names.join(","))));
        let cells: Vec<&str> = KNOWN
            .iter()
            .map(|(_, field)| match field {
                Field::Date(_) => "01/02/2025",
                Field::Text(_) => "text",
                Field::Number(_) => "-1.50",
            })
            .collect();
        let read = columns.read(&row(&cells.join(",")), 1).unwrap();
        let shown = format!("{read:?}");
        assert!(!shown.contains("None"), "{shown}");
        assert!(read.tags.is_empty() && read.beyond.is_empty());
        assert_eq!(read.amount, parse_decimal("-1.5"));
        assert_eq!(read.config_server.as_deref(), Some("text"));
    }

    #[test]
    fn columns_are_found_in_any_order_and_the_rest_are_tags() {
        let columns = Columns::new(&Header::new(&row("Amount,Project,team,Date,Project,")));
        let read = columns
            .read(&row("7e-8,web,\"a,b\",12/31/2024,blue,x"), 1)
            .unwrap();
        assert_eq!(read.amount.unwrap().to_string(), "0.00000007");
        assert_eq!(read.project.as_deref(), Some("web"));
        assert_eq!(read.date, NaiveDate::from_ymd_opt(2024, 12, 31));
        let tags: Vec<(&str, &str)> = read
            .tags
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(tags, [("", "x"), ("Project", "blue"), ("team", "a,b")]);
    }
}
