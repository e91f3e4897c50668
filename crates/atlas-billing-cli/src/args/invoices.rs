//! The arguments of `invoices`.

use std::path::PathBuf;

use atlas_billing::Dimension;
use atlas_billing::raw::enums::InvoiceStatus;
use clap::{Args, Subcommand, ValueEnum};

use super::service::with_known;
use super::{Invoice, Period, Which};

/// What to do with invoices.
#[derive(Debug, Subcommand)]
pub(crate) enum InvoicesCommand {
    /// List invoices, newest first
    #[command(visible_alias = "ls")]
    List(ListArgs),

    /// One invoice: its figures, payments and refunds; or its items grouped
    #[command(visible_aliases = ["describe", "get"])]
    Show(ShowArgs),

    /// The line items of invoices
    Items(ItemsArgs),

    /// What changed from one invoice to another
    Compare(CompareArgs),
}

/// Which invoices by status.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Statuses {
    #[arg(long, help = status_help(), value_name = "S", value_parser = status)]
    pub(crate) status: Vec<InvoiceStatus>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those of these months [default: all]
    #[arg(value_name = "PERIOD")]
    pub(crate) period: Option<Period>,
    #[command(flatten)]
    pub(crate) statuses: Statuses,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Which invoice
    #[arg(value_name = "INVOICE", default_value = "current")]
    invoice: Invoice,
    #[arg(
        long = "invoiceId",
        hide = true,
        value_name = "ID",
        conflicts_with = "invoice"
    )]
    invoice_id: Option<Invoice>,

    /// Group the line items by one or two of these
    #[arg(long, value_name = "DIM[,DIM]", value_delimiter = ',')]
    pub(crate) by: Vec<Dimension>,

    /// Only the N largest groups, the rest as one
    #[arg(long, value_name = "N", requires = "by", value_parser = at_least_one)]
    pub(crate) top: Option<usize>,

    /// What to do with the items of linked invoices
    #[arg(long, value_enum, value_name = "HOW", default_value_t)]
    pub(crate) linked: Linked,
}

impl ShowArgs {
    /// Which invoice, however it was said.
    pub(crate) fn which(&self) -> &Invoice {
        self.invoice_id.as_ref().unwrap_or(&self.invoice)
    }
}

#[derive(Debug, Args)]
pub(crate) struct ItemsArgs {
    /// Which invoices: one, or those of a period; may be given several times [default: current]
    #[arg(value_name = "INVOICE|PERIOD")]
    which: Vec<Which>,
    #[arg(
        long = "invoiceId",
        hide = true,
        value_name = "ID",
        conflicts_with = "which"
    )]
    invoice_id: Option<Which>,

    #[command(flatten)]
    pub(crate) statuses: Statuses,

    /// What to do with the items of linked invoices
    #[arg(long, value_enum, value_name = "HOW", default_value_t)]
    pub(crate) linked: Linked,

    /// Write a file an invoice below DIR, as period=YYYY-MM/INVOICE.jsonl: each whole or not at all
    #[arg(long, value_name = "DIR", conflicts_with = "output_file")]
    pub(crate) output_dir: Option<PathBuf>,
}

impl ItemsArgs {
    /// Which invoices, however they were said.
    pub(crate) fn which(&self) -> Vec<Which> {
        match (&self.invoice_id, self.which.as_slice()) {
            (Some(id), _) => vec![id.clone()],
            (None, []) => vec![Which::Invoice(Invoice::Current)],
            (None, which) => which.to_vec(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The invoice to start from
    #[arg(value_name = "A")]
    pub(crate) from: Invoice,
    /// The invoice to compare with it
    #[arg(value_name = "B")]
    pub(crate) to: Invoice,

    /// Compare by one or two of these [default: sku]
    #[arg(long, value_name = "DIM[,DIM]", value_delimiter = ',')]
    pub(crate) by: Vec<Dimension>,

    /// Only the N largest changes, the rest as one
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) top: Option<usize>,
}

/// What to do with the items of linked invoices: those of the organizations that are paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Linked {
    /// Take them along
    Include,
    /// Leave them out, and say so
    #[default]
    Omit,
    /// Take nothing else
    Only,
}

/// Checks that `by` are one or two different dimensions: what a table has columns for.
pub(crate) fn checked(by: &[Dimension]) -> Result<(), String> {
    match by {
        [] | [_] => Ok(()),
        [one, other] if one != other => Ok(()),
        [one, _] => Err(format!("--by names {one} twice: name it once.")),
        more => Err(format!(
            "--by takes one or two dimensions, not {}: leave some out, or group what `invoices \
             items` writes elsewhere.",
            more.len()
        )),
    }
}

fn status_help() -> String {
    let known = InvoiceStatus::KNOWN.iter().map(InvoiceStatus::as_str);
    with_known(
        "Only invoices with this status; may be given several times",
        known,
    )
}

/// A status; a known one is found whatever its case, another is sent as given.
fn status(given: &str) -> Result<InvoiceStatus, std::convert::Infallible> {
    let mut known = InvoiceStatus::KNOWN.iter();
    let known = known.find(|known| known.as_str().eq_ignore_ascii_case(given));
    Ok(known.cloned().unwrap_or_else(|| InvoiceStatus::from(given)))
}

fn at_least_one(given: &str) -> Result<usize, String> {
    match given.parse() {
        Ok(0) | Err(_) => Err("give a whole number from 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_room_for_two_dimensions() {
        let by = |text: &str| -> Vec<Dimension> {
            text.split(',').map(|dim| dim.parse().unwrap()).collect()
        };
        assert!(checked(&[]).is_ok());
        assert!(checked(&by("sku,tag:sku")).is_ok());
        assert!(checked(&by("sku,sku")).unwrap_err().contains("sku twice"));
        assert!(checked(&by("sku,day,month")).unwrap_err().contains("not 3"));
    }

    #[test]
    fn a_known_status_is_found_whatever_its_case() {
        assert_eq!(status("paid").unwrap(), InvoiceStatus::Paid);
        assert_eq!(status("On hold").unwrap().as_str(), "On hold");
    }

    #[test]
    fn a_number_of_rows_is_at_least_one() {
        assert_eq!(at_least_one("3"), Ok(3));
        for given in ["0", "-1", "x", ""] {
            assert!(at_least_one(given).is_err());
        }
    }
}
