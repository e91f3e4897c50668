//! The arguments of `export`.

use std::str::FromStr;
use std::time::Duration;

use atlas_billing::OrgId;
use clap::{Args, ValueEnum};

use super::values::Period;
use super::{Global, Linked, at_least_one};
use crate::dataset::{Dataset, FileFormat, Numbers, Settings};
use crate::output::Format;

/// Which data sets, and where to.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Which data sets: line-items, invoices, costs, focus; and of which months: 2025-03, 2025-Q1, 2025,
    /// 2025-01..2025-03, mtd, ytd, last-month, last-quarter [default: all that have an invoice]
    #[arg(value_name = "DATASET|PERIOD", required = true)]
    what: Vec<What>,

    #[cfg_attr(
        not(feature = "object-store"),
        doc = "A folder, which is made if it is not there"
    )]
    #[cfg_attr(
        feature = "object-store",
        doc = "A folder, which is made if it is not there, or a URL: s3://BUCKET/PATH, gs://BUCKET/PATH or az://CONTAINER/PATH"
    )]
    #[arg(long, value_name = "DEST")]
    pub(crate) to: String,

    /// The format of the files
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: FileFormat,

    // Takes the place of the global option, which takes one.
    /// Organization id, repeatable [default: that of the environment]
    #[arg(long, value_name = "ID")]
    pub(crate) org: Vec<OrgId>,

    /// All organizations that the credentials see
    #[arg(long, conflicts_with = "org")]
    pub(crate) all_orgs: bool,

    /// What to do with line items and costs of linked organizations (those that the organization pays
    /// for) [default: omit]
    #[arg(long, value_enum, value_name = "HOW")]
    linked: Option<Linked>,

    /// Say what would be fetched, kept and removed, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Where the object store is, for stores that are compatible with another one [env: AWS_ENDPOINT
    /// for s3://]
    #[cfg(feature = "object-store")]
    #[arg(long, value_name = "URL", help_heading = "Advanced")]
    endpoint: Option<String>,

    /// How long to wait for a FOCUS report, or for costs [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = super::values::duration)]
    pub(crate) deadline: Option<Duration>,

    /// How many invoices are fetched at a time
    #[arg(long, value_name = "N", default_value = "2", value_parser = at_least_one)]
    pub(crate) jobs: usize,

    /// Write numbers with a fraction to Parquet as text: for those that DECIMAL(38, 9) cannot hold
    #[cfg(feature = "parquet")]
    #[arg(long)]
    decimal_as_text: bool,
}

/// A data set, or months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Dataset(Dataset),
    Period(Period),
}

impl FromStr for What {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        if let Ok(dataset) = Dataset::from_str(&given.replace('_', "-"), true) {
            return Ok(Self::Dataset(dataset));
        }
        given.parse().map(Self::Period).map_err(|error: String| {
            match given.starts_with(|c: char| c.is_ascii_digit()) {
                true => error,
                false => format!(
                    "\"{given}\" is neither a data set ({}) nor a period such as 2025-03, 2025 or mtd",
                    names().join(", ")
                ),
            }
        })
    }
}

fn names() -> Vec<&'static str> {
    Dataset::value_variants()
        .iter()
        .map(|dataset| dataset.name())
        .collect()
}

impl ExportArgs {
    /// The data sets, each once.
    pub(crate) fn datasets(&self) -> Vec<Dataset> {
        let datasets = self.what.iter().filter_map(|what| match what {
            What::Dataset(dataset) => Some(*dataset),
            What::Period(_) => None,
        });
        let mut datasets: Vec<_> = datasets.collect();
        datasets.sort();
        datasets.dedup();
        datasets
    }

    /// The periods; all if there is none.
    pub(crate) fn periods(&self) -> impl Iterator<Item = Period> {
        self.what.iter().filter_map(|what| match what {
            What::Dataset(_) => None,
            What::Period(period) => Some(*period),
        })
    }

    /// What decides the content of a data set's files.
    pub(crate) fn settings(&self, dataset: Dataset) -> Settings {
        Settings {
            format: self.format,
            linked: match dataset {
                Dataset::LineItems | Dataset::Costs => self.linked.unwrap_or_default(),
                Dataset::Invoices | Dataset::Focus => Linked::Omit,
            },
            numbers: match self.decimal_as_text() {
                true => Numbers::Text,
                false => Numbers::Decimal,
            },
        }
    }

    /// Where the object store is.
    #[cfg(feature = "object-store")]
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    #[cfg(not(feature = "object-store"))]
    pub(crate) fn endpoint(&self) -> Option<&str> {
        None
    }

    #[cfg(feature = "parquet")]
    fn decimal_as_text(&self) -> bool {
        self.decimal_as_text
    }

    #[cfg(not(feature = "parquet"))]
    fn decimal_as_text(&self) -> bool {
        false
    }

    /// Refuses what has no effect together.
    pub(super) fn check(&self, global: &Global) -> Result<(), String> {
        let datasets = self.datasets();
        if datasets.is_empty() {
            return Err(format!("name a data set: {}", names().join(", ")));
        }
        let own = |dataset: &&Dataset| matches!(dataset, Dataset::Invoices | Dataset::Focus);
        if let (Some(Linked::Include | Linked::Only), Some(own)) =
            (self.linked, datasets.iter().find(own))
        {
            return Err(format!(
                "--linked is for line-items and costs: {} are those of one organization each; export the \
                 others with --org or --all-orgs, in a run of its own",
                own.name()
            ));
        }
        let waits = |dataset| matches!(dataset, Dataset::Costs | Dataset::Focus);
        if self.deadline.is_some() && !datasets.iter().copied().any(waits) {
            return Err("--deadline is for costs and focus".to_owned());
        }
        #[cfg(not(feature = "parquet"))]
        if self.format == FileFormat::Parquet {
            return Err(
                "this build does not write Parquet: build it with --features parquet, or \
                        use --format jsonl, its default"
                    .to_owned(),
            );
        }
        #[cfg(feature = "parquet")]
        if self.decimal_as_text && self.format != FileFormat::Parquet {
            let format = self.format.extension();
            return Err(format!(
                "--decimal-as-text has no effect on {format}: it has the digits as received"
            ));
        }
        if global.output.is_some_and(Format::is_raw) {
            return Err("-o of `export` is for --dry-run, and cannot be raw".to_owned());
        }
        let listed = [
            ("-o", global.output.is_some(), "use --format"),
            ("--output-file", global.output_file.is_some(), "use --to"),
        ];
        for (flag, given, instead) in listed {
            if given && !self.dry_run {
                return Err(format!("{flag} is for --dry-run; {instead} for the files"));
            }
        }
        Ok(())
    }
}
