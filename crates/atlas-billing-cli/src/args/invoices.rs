//! The commands below `invoices`.

use std::path::PathBuf;

use atlas_billing::raw::enums::{InvoiceStatus, LineItemSortBy, LineItemSortOrder, Service};
use atlas_billing::totals::{Dimension, ItemFilter};
use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};

use super::values::{self, Invoice, Period, Which, known};
use super::{ReconcileArgs, examples};
use crate::gate::Gate;

#[derive(Debug, Subcommand)]
pub(crate) enum InvoicesCommand {
    /// List invoices, newest first
    #[command(visible_alias = "ls", after_help = examples("invoices list ytd", "invoices list --status PENDING"))]
    List(ListArgs),

    /// Show the figures, payments and refunds of an invoice, or its line items in groups
    #[command(visible_aliases = ["describe", "get"], after_help = examples("invoices show last", "invoices show 2025-03 --by project,sku --top 10"))]
    Show(ShowArgs),

    /// List the keys of tags, each with its cost and the part of the cost that it covers
    #[command(after_help = examples("invoices tags", "invoices tags 2025-Q1 --project web -o csv"))]
    Tags(TagsArgs),

    /// Write the line items of invoices
    #[command(after_help = examples("invoices items last -o csv --output-file items.csv", "invoices items 2025 --output-dir items"))]
    Items(ItemsArgs),

    /// Search the line items of an invoice: the service filters, so that little is fetched
    #[command(after_help = examples("invoices search --since 2025-03-08", "invoices search last --project web --sort price --order desc"))]
    Search(SearchArgs),

    /// Lead from the line items of an invoice to the amounts billed and due
    #[command(after_help = examples("invoices reconcile last", "invoices reconcile 2025-02 --focus --strict"))]
    Reconcile(ReconcileArgs),

    /// Show what changed between two invoices or periods, the largest change first
    #[command(after_help = examples("invoices compare", "invoices compare mtd --by project --top 5"))]
    Compare(CompareArgs),
}

/// Which invoices by status.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Statuses {
    #[arg(long, value_name = "STATUS", value_parser = values::status,
          help = known("Only invoices with this status, repeatable", InvoiceStatus::KNOWN.iter().map(InvoiceStatus::as_str)))]
    pub(crate) status: Vec<InvoiceStatus>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those of these months: 2025-03, 2025-Q1, 2025, 2025-01..2025-03 (both included), mtd,
    /// ytd, last-month or last-quarter [default: all]
    #[arg(value_name = "PERIOD")]
    pub(crate) period: Option<Period>,
    #[command(flatten)]
    pub(crate) statuses: Statuses,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// current, last (the newest whose period has ended), last-month, 2025-03 or an invoice id; or a
    /// period, with a column a month: 2025-Q1, 2025, 2025-01..2025-03, ytd, last-3-months
    #[arg(value_name = "INVOICE|PERIOD", default_value = "current")]
    pub(crate) invoice: Which,

    #[command(flatten)]
    pub(crate) by: By,

    #[command(flatten)]
    pub(crate) linked: LinkedItems,

    #[command(flatten)]
    pub(crate) filters: ItemFilters,

    #[command(flatten)]
    pub(crate) gate: Gate,
}

#[derive(Debug, Args)]
pub(crate) struct TagsArgs {
    /// current, last (the newest whose period has ended), last-month, 2025-03 or an invoice id; or a
    /// period: 2025-Q1, 2025, 2025-01..2025-03, ytd, last-quarter
    #[arg(value_name = "INVOICE|PERIOD", default_value = "last")]
    pub(crate) invoice: Which,

    #[command(flatten)]
    pub(crate) linked: LinkedItems,

    #[command(flatten)]
    pub(crate) filters: ItemFilters,
}

/// What line items are grouped by.
#[derive(Debug, Clone, Args)]
pub(crate) struct By {
    /// Group line items by one or two of sku, project, cluster, provider, day, month, organization
    /// (linked ones are included) and tag:KEY
    #[arg(long, value_name = "DIM[,DIM]", value_delimiter = ',', value_parser = values::dimension)]
    pub(crate) by: Vec<Dimension>,

    /// Only the N largest groups or changes, the rest as one row
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) top: Option<usize>,

    /// Add what each SKU is, from the list of SKUs
    #[arg(long)]
    pub(crate) describe: bool,
}

/// Which line items, by what they hold themselves.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct ItemFilters {
    /// Only line items of this project, by its id or name, repeatable
    #[arg(long, value_name = "ID|NAME")]
    pub(crate) project: Vec<String>,

    /// Only line items of this cluster, by its name, repeatable
    #[arg(long, value_name = "NAME", value_parser = values::cluster_name)]
    pub(crate) cluster: Vec<String>,

    /// Only line items with this SKU, repeatable; * is any characters, ? is one
    #[arg(long, value_name = "GLOB")]
    pub(crate) sku: Vec<String>,

    /// Only line items with this tag, repeatable: values of one key are alternatives
    #[arg(long, value_name = "KEY=VALUE", value_parser = values::tag)]
    pub(crate) tag: Vec<(String, String)>,

    /// Only usage that began on this day or later, YYYY-MM-DD in UTC
    #[arg(long, value_name = "DAY", value_parser = values::day)]
    pub(super) since: Option<NaiveDate>,

    /// Only usage that began on this day or earlier
    #[arg(long, value_name = "DAY", value_parser = values::day)]
    pub(super) until: Option<NaiveDate>,
}

impl ItemFilters {
    /// The condition that the flags make.
    pub(crate) fn filter(&self) -> ItemFilter {
        let mut filter = ItemFilter::new()
            .with_projects(&self.project)
            .with_clusters(&self.cluster)
            .with_skus(&self.sku);
        for (key, value) in &self.tag {
            filter = filter.with_tag(key, value);
        }
        if let Some(day) = self.since {
            filter = filter.with_since(day);
        }
        if let Some(day) = self.until {
            filter = filter.with_until(day);
        }
        filter
    }

    /// The flags with whether they are given.
    pub(super) fn flags(&self) -> [(&'static str, bool); 6] {
        [
            ("--project", !self.project.is_empty()),
            ("--cluster", !self.cluster.is_empty()),
            ("--sku", !self.sku.is_empty()),
            ("--tag", !self.tag.is_empty()),
            ("--since", self.since.is_some()),
            ("--until", self.until.is_some()),
        ]
    }
}

#[derive(Debug, Args)]
pub(crate) struct ItemsArgs {
    /// Which invoices: current, last, last-month, an invoice id, a month such as 2025-03, or those
    /// of a period: 2025-Q1, 2025, 2025-01..2025-03, mtd, ytd, last-quarter [default: current]
    #[arg(
        value_name = "INVOICE|PERIOD",
        default_value = "current",
        hide_default_value = true
    )]
    which: Vec<Which>,

    #[command(flatten)]
    pub(crate) statuses: Statuses,

    #[command(flatten)]
    pub(crate) linked: LinkedItems,

    /// Write one file per invoice, as DIR/period=YYYY-MM/INVOICE.jsonl, each whole or not at all
    #[arg(long, value_name = "DIR", conflicts_with = "output_file")]
    pub(crate) output_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) filters: ItemFilters,
}

impl ItemsArgs {
    /// Which invoices. With --status a month may have several.
    pub(crate) fn which(&self) -> Vec<Which> {
        let several = !self.statuses.status.is_empty();
        let meant = |which: &Which| match which {
            Which::Invoice(Invoice::Of(month)) if several => {
                Which::Period(Period::Months((*month).into()))
            }
            Which::Invoice(Invoice::LastMonth) if several => Which::Period(Period::LastMonth),
            which => which.clone(),
        };
        self.which.iter().map(meant).collect()
    }
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// What to start from: current, last, last-month, an invoice id, a month such as 2025-03, or a
    /// period: 2025-Q1, 2025, 2025-01..2025-03, mtd, ytd, last-quarter [default: the period before B]
    #[arg(value_name = "A")]
    pub(crate) from: Option<Which>,
    /// What to compare with it, of the same length; if there is only one, it is this [default: last]
    #[arg(value_name = "B")]
    pub(crate) to: Option<Which>,

    #[command(flatten)]
    pub(crate) by: By,

    #[command(flatten)]
    pub(crate) linked: LinkedItems,

    #[command(flatten)]
    pub(crate) filters: ItemFilters,
}

/// What to search an invoice for.
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// Which invoice: current, last, last-month, a month such as 2025-03, or an invoice id
    #[arg(value_name = "INVOICE", default_value = "current")]
    pub(crate) invoice: Invoice,

    /// Only this project, by its id or name, repeatable; a name is looked up
    #[arg(long, value_name = "ID|NAME")]
    pub(crate) project: Vec<String>,

    /// Only this cluster, by its id or name, repeatable; a name is looked up
    #[arg(long, value_name = "ID|NAME")]
    pub(crate) cluster: Vec<String>,

    /// Only this service, as in `costs --service`, repeatable
    #[arg(long, value_name = "NAME", value_parser = values::service)]
    pub(crate) service: Vec<Service>,

    /// Only usage of this day or later, YYYY-MM-DD in UTC
    #[arg(long, value_name = "DAY", value_parser = values::day)]
    pub(crate) since: Option<NaiveDate>,

    /// Only usage of this day or earlier
    #[arg(long, value_name = "DAY", value_parser = values::day)]
    pub(crate) until: Option<NaiveDate>,

    /// Only what was billed on this day or later
    #[arg(long, value_name = "DAY", value_parser = values::day)]
    pub(crate) billed_since: Option<NaiveDate>,

    /// Only what was billed on this day or earlier
    #[arg(long, value_name = "DAY", value_parser = values::day)]
    pub(crate) billed_until: Option<NaiveDate>,

    /// Include line items of zero cents
    #[arg(long)]
    pub(crate) include_zero: bool,

    /// What to sort by [default: billed]
    #[arg(long, value_enum, value_name = "FIELD")]
    pub(crate) sort: Option<SortField>,

    /// In which direction to sort [default: desc]
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(crate) order: Option<SortDirection>,
}

/// What found line items are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortField {
    /// The day of the usage
    Usage,
    /// The day of billing
    Billed,
    Price,
}

impl From<SortField> for LineItemSortBy {
    fn from(field: SortField) -> Self {
        match field {
            SortField::Usage => Self::UsageDates,
            SortField::Billed => Self::BillDates,
            SortField::Price => Self::TotalPriceCents,
        }
    }
}

/// The direction of a sorted list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortDirection {
    Asc,
    Desc,
}

impl From<SortDirection> for LineItemSortOrder {
    fn from(direction: SortDirection) -> Self {
        match direction {
            SortDirection::Asc => Self::Ascending,
            SortDirection::Desc => Self::Descending,
        }
    }
}

/// The flag for line items of linked invoices.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LinkedItems {
    /// What to do with line items of linked invoices (of organizations that this one pays for) [default:
    /// omit]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) linked: Option<Linked>,
}

impl LinkedItems {
    /// What to do with them where `by` is grouped by.
    pub(crate) fn how(&self, by: &[Dimension]) -> Linked {
        let usual = Linked::usual(by.contains(&Dimension::Organization));
        self.linked.unwrap_or(usual)
    }
}

/// What to do with line items of linked invoices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Linked {
    /// Include them
    Include,
    /// Omit them, with a note
    #[default]
    Omit,
    /// Only them
    Only,
}

impl Linked {
    /// Where nothing is said.
    pub(super) fn usual(by_organization: bool) -> Self {
        match by_organization {
            // Without them there would be one group.
            true => Self::Include,
            false => Self::Omit,
        }
    }
}

pub(super) fn at_least_one(given: &str) -> Result<usize, String> {
    match given.parse() {
        Ok(0) | Err(_) => Err(format!("\"{given}\" is not a whole number from 1")),
        Ok(number) => Ok(number),
    }
}
