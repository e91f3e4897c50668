//! Data sets: files that data engines read without code, and the manifests that say what they hold.

#[cfg(feature = "parquet")]
mod decimal;
#[cfg(all(test, feature = "parquet"))]
mod document;
mod manifest;
#[cfg(feature = "parquet")]
mod parquet;
mod place;
#[cfg(feature = "object-store")]
mod remote;

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use atlas_billing::{CostRow, FocusColumn, FocusKind, FocusRow, Month, OrgId};
use chrono::NaiveDate;
use clap::ValueEnum;

use crate::output::{Column, Format, Kind, Records, Style};
use crate::records::{InvoiceRow, ItemRow, invoice_columns, item_columns};

pub(crate) use manifest::{Begun, FileEntry, Manifest, Settings, Source, to_text};
pub(crate) use place::{Draft, Place, Version};

/// The version of the columns of every data set. A later one may have more columns at the end, all
/// of which may be null; a column is never renamed, removed or given another type.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// The keys of the folders below a data set, in their order. They are in no file: engines take them
/// from the path, and some refuse a file that has them, too.
pub(crate) const ORG_KEY: &str = "org_id";
pub(crate) const PERIOD_KEY: &str = "billing_period";

/// Where manifests are. Engines skip names that begin with an underscore.
const MANIFESTS: &str = "_manifest";

/// How the name of a [`Begun`] ends: not as those of manifests, which readers find by their ending.
const BEGUN: &str = ".begun";

/// A data set that can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub(crate) enum Dataset {
    LineItems,
    Invoices,
    Costs,
    Focus,
}

impl Dataset {
    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LineItems => "line-items",
            Self::Invoices => "invoices",
            Self::Costs => "costs",
            Self::Focus => "focus",
        }
    }

    /// The folder, and the name of the schema.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::LineItems => "line_items",
            Self::Invoices => "invoices",
            Self::Costs => "costs",
            Self::Focus => "focus",
        }
    }

    /// The column whose sum is in the manifest, if there is one of whole cents.
    pub(crate) fn sum_column(self) -> Option<&'static str> {
        match self {
            Self::LineItems => Some("total_price_cents"),
            Self::Invoices => Some("amount_billed_cents"),
            Self::Costs | Self::Focus => None,
        }
    }

    /// The folder of a period, relative to the destination.
    pub(crate) fn partition(self, org: &OrgId, month: Month) -> String {
        let folder = self.folder();
        format!("{folder}/{ORG_KEY}={org}/{PERIOD_KEY}={month}")
    }

    /// The manifest of a period, relative to the destination.
    pub(crate) fn manifest(self, org: &OrgId, month: Month) -> String {
        let path = self.partition(org, month);
        format!("{MANIFESTS}/{path}.json")
    }

    /// The note of what a run is about to write in a period, beside its manifest.
    pub(crate) fn begun(self, org: &OrgId, month: Month) -> String {
        let path = self.partition(org, month);
        format!("{MANIFESTS}/{path}{BEGUN}")
    }

    /// The folder of an organization's manifests, relative to the destination.
    pub(crate) fn manifests(self, org: &OrgId) -> String {
        let folder = self.folder();
        format!("{MANIFESTS}/{folder}/{ORG_KEY}={org}/")
    }

    /// The month of a manifest, or of the note beside it, by its name.
    pub(crate) fn month_of(name: &str) -> Option<Month> {
        let (_, name) = name.rsplit_once('/')?;
        let name = name.strip_prefix(PERIOD_KEY)?.strip_prefix('=')?;
        let month = name.strip_suffix(".json").or(name.strip_suffix(BEGUN))?;
        month.parse().ok()
    }
}

/// The columns of line items: those of the record, without what the path has.
pub(crate) fn line_item_columns() -> Vec<Column<ItemRow>> {
    without_keys(item_columns())
}

/// The columns of invoices: those of the record, without what the path has.
pub(crate) fn invoice_dataset_columns() -> Vec<Column<InvoiceRow>> {
    without_keys(invoice_columns())
}

/// The columns of costs: those of the record, as of `today`.
pub(crate) fn cost_columns(today: NaiveDate) -> Vec<Column<CostRow>> {
    without_keys(crate::commands::cost_columns(today))
}

/// The columns of FOCUS reports.
pub(crate) fn focus_columns() -> Vec<Column<FocusRow>> {
    let columns = FocusColumn::ALL.into_iter().map(|column| {
        let name = column.name();
        let kind = focus_kind(column);
        let means = match name.starts_with("x_") {
            true => "A column of Atlas's own.",
            false => "As FOCUS defines it.",
        };
        Column::new(name, kind, means, move |row: &FocusRow| match kind {
            Kind::Number => row.decimal(column).into(),
            Kind::Moment => row.time(column).into(),
            _ => row.text(column).into(),
        })
    });
    columns.collect()
}

fn focus_kind(column: FocusColumn) -> Kind {
    match column.kind() {
        FocusKind::Decimal => Kind::Number,
        FocusKind::Time => Kind::Moment,
        _ => Kind::Text,
    }
}

fn without_keys<R>(mut columns: Vec<Column<R>>) -> Vec<Column<R>> {
    columns.retain(|column| ![ORG_KEY, PERIOD_KEY].contains(&column.name.as_ref()));
    columns
}

/// The format of a data set's files.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FileFormat {
    /// Columns with exact types, compressed
    // A build without the feature knows the name: other builds' manifests have it, and its refusal
    // says more than that there is no such value.
    #[cfg_attr(feature = "parquet", default)]
    #[cfg_attr(not(feature = "parquet"), value(hide = true))]
    Parquet,
    /// One JSON object a line
    #[cfg_attr(not(feature = "parquet"), default)]
    #[value(alias = "ndjson")]
    Jsonl,
    /// Comma-separated, with a header row
    Csv,
}

impl FileFormat {
    /// The ending of a file's name.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// How numbers with a fraction are written to Parquet. Text formats have the digits as received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Numbers {
    /// As DECIMAL(38, 9), exact.
    #[default]
    Decimal,
    /// As text, by their digits.
    Text,
}

/// Why a record was not written.
#[derive(Debug)]
pub(crate) enum Refused {
    Io(io::Error),
    #[cfg_attr(not(feature = "parquet"), expect(dead_code))]
    Value {
        column: String,
        why: String,
        /// Whether it could be written as text.
        number: bool,
    },
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Writes the records of one file.
pub(crate) enum Writer<'c, R> {
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet::Writer<'c, R, Draft>>),
    Text(Box<Records<'c, R, Draft>>),
}

impl<'c, R> Writer<'c, R> {
    pub(crate) fn new(
        dataset: Dataset,
        settings: Settings,
        columns: &'c [Column<R>],
        draft: Draft,
    ) -> io::Result<Self> {
        #[cfg(not(feature = "parquet"))]
        let _ = dataset;
        let format = match settings.format {
            #[cfg(feature = "parquet")]
            FileFormat::Parquet => {
                let name = dataset.folder();
                let writer = parquet::Writer::new(name, columns, settings.numbers, draft)?;
                return Ok(Self::Parquet(Box::new(writer)));
            }
            #[cfg(not(feature = "parquet"))]
            FileFormat::Parquet => return Err(io::ErrorKind::Unsupported.into()),
            FileFormat::Jsonl => Format::Jsonl,
            FileFormat::Csv => Format::Csv,
        };
        let style = Style {
            format,
            ..Style::default()
        };
        Ok(Self::Text(Box::new(style.records(columns, draft)?)))
    }

    pub(crate) fn write(&mut self, record: &R) -> Result<(), Refused> {
        match self {
            #[cfg(feature = "parquet")]
            Self::Parquet(writer) => writer.write(record),
            Self::Text(records) => Ok(records.write(record)?),
        }
    }

    /// Writes what comes after the last record; `about` describes the file where its format has a
    /// place for that.
    pub(crate) fn end(self, about: &BTreeMap<&'static str, String>) -> io::Result<Draft> {
        #[cfg(not(feature = "parquet"))]
        let _ = about;
        let mut draft = match self {
            #[cfg(feature = "parquet")]
            Self::Parquet(writer) => writer.end(about)?,
            Self::Text(records) => records.end()?,
        };
        draft.flush()?;
        Ok(draft)
    }
}

#[cfg(test)]
mod tests {
    use atlas_billing::FocusRows;

    use super::*;

    /// The library knows which columns are numbers and moments: reads one of each.
    #[tokio::test]
    async fn the_columns_of_focus_hold_what_the_library_reads() {
        for column in FocusColumn::ALL {
            for (cell, kind) in [("1.5", Kind::Number), ("2025-01-02", Kind::Moment)] {
                let csv = format!("{}\n{cell}\n", column.name());
                let body = futures_util::stream::iter([Ok(csv.into_bytes().into())]);
                let mut rows = FocusRows::new(body);
                let row = rows.next().await.unwrap();
                let reads = row.is_ok_and(|row| match kind {
                    Kind::Number => row.decimal(column).is_some(),
                    _ => row.time(column).is_some(),
                });
                assert_eq!(reads, focus_kind(column) == kind, "{}", column.name());
            }
        }
    }

    #[test]
    fn a_manifest_is_beside_the_data_and_names_its_month() {
        let org: OrgId = "64b7f0a1c2d3e4f506172839".parse().unwrap();
        let month: Month = "2025-03".parse().unwrap();
        let path = Dataset::LineItems.manifest(&org, month);
        assert_eq!(
            path,
            format!("_manifest/line_items/org_id={org}/billing_period=2025-03.json")
        );
        assert!(path.starts_with(&Dataset::LineItems.manifests(&org)));
        assert_eq!(Dataset::month_of(&path), Some(month));
        let begun = Dataset::LineItems.begun(&org, month);
        assert_eq!(begun, path.replace(".json", ".begun"));
        assert_eq!(Dataset::month_of(&begun), Some(month));
        for other in [
            "x/billing_period=2025-03.csv",
            "x/2025-03.json",
            "x/billing_period=x.json",
        ] {
            assert_eq!(Dataset::month_of(other), None, "{other}");
        }
    }
}
