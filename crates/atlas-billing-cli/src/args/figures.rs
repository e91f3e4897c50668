//! The commands `invoices reconcile` and `forecast`.

use atlas_billing::money::ForecastMethod;
use atlas_billing::totals::Dimension;
use clap::{Args, ValueEnum};

use super::values::{self, Invoice};
use crate::gate::Gate;

#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    /// Which invoice: current, last (the newest whose period has ended), last-month, a month such
    /// as 2025-03, or an invoice id
    #[arg(value_name = "INVOICE", default_value = "last")]
    pub(crate) invoice: Invoice,

    /// Lead from the FOCUS report of the invoice to the amount billed, too
    #[arg(long)]
    pub(crate) focus: bool,

    /// Exit with code 8 if the line items do not lead to what the invoice states
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ForecastArgs {
    /// Forecast each group of sku, project, cluster, provider or tag:KEY, too
    #[arg(long, value_name = "DIM", value_parser = values::dimension)]
    pub(crate) by: Option<Dimension>,

    /// How the days that are left are estimated
    #[arg(long, value_enum, value_name = "METHOD", default_value_t)]
    pub(crate) method: Method,

    #[command(flatten)]
    pub(crate) gate: Gate,
}

/// How the days that are left are estimated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    /// Each like the mean of the complete days
    #[default]
    RunRate,
    /// Each like the same day of last month, scaled by the days that are complete
    LastMonthShape,
}

impl From<Method> for ForecastMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::RunRate => Self::RunRate,
            Method::LastMonthShape => Self::LastMonthShape,
        }
    }
}
