//! What `-o openmetrics` writes: the names of metrics and labels, which dashboards and alerts depend on.
//! They stay as they are; docs/metrics.md lists them.

use atlas_billing::totals::Dimension;
use atlas_billing::{CostRow, Decimal, Invoice, Month, OrgId, Payment};

use super::dimensions::labels;
use super::forecast::Forecasted;
use super::group_row::GroupRow;
use crate::output::{Cell, Column, columns};
use crate::records::InvoiceRow;

/// The currency where nothing names another, by all that is known.
const CURRENCY: &str = "USD";

/// The currency of an invoice's line items: that of its payments, unless one converts the pricing
/// currency at a rate, which has no code then.
fn pricing_currency(invoice: &Invoice) -> String {
    let rate = |payment: &Payment| payment.unit_price.as_deref()?.parse::<Decimal>().ok();
    let converted = |payment: &Payment| rate(payment).is_some_and(|rate| rate != Decimal::ONE);
    let payments = &invoice.payments;
    let named = payments
        .iter()
        .find_map(|payment| payment.currency.as_deref());
    match payments.iter().any(converted) {
        true => "pricing".to_owned(),
        false => named.unwrap_or(CURRENCY).to_owned(),
    }
}

/// `costs`.
pub(super) fn costs(org: OrgId) -> Vec<Column<CostRow>> {
    let asked = org.to_string();
    columns! { CostRow:
        "month" Text = |r| r.usage_date.map(|day| Month::of(day).to_string()), "";
        "org" Text = |r| r.organization_id.clone().unwrap_or_else(|| asked.clone()), "";
        "org_name" Text = |r| r.organization_name.as_deref(), "";
        "project" Text = |r| r.project_name.as_deref().or(r.project_id.as_deref()), "";
        "project_id" Text = |r| r.project_id.as_deref(), "";
        "cluster" Text = |r| r.cluster_name.as_deref().or(r.cluster_id.as_deref()), "";
        "cluster_id" Text = |r| r.cluster_id.as_deref(), "";
        "service" Text = |r| r.service.as_deref(), "";
        "currency" Text = |_| CURRENCY, "";
        "mongodb_atlas_cost_cents" Number = |r| hundredfold(r),
            "Usage costs of a month by Cost Explorer, in hundredths of the currency.";
    }
}

/// `invoices show --by`.
pub(super) fn groups(invoice: &InvoiceRow, by: &[Dimension]) -> Vec<Column<GroupRow>> {
    let invoice = &invoice.invoice;
    let org = invoice.org_id.clone();
    let id = invoice.id.clone();
    let currency = pricing_currency(invoice);
    let month = invoice
        .start_date
        .map(|start| Month::of(start.date_naive()).to_string());
    let mut columns = columns! { GroupRow:
        "org" Text = |_| org.clone(), "";
        "invoice" Text = |_| id.clone(), "";
        "invoice_month" Text = |_| month.clone(), "";
        "currency" Text = |_| currency.clone(), "";
        "mongodb_atlas_invoice_gross_cents" Cents = |r| r.total.gross,
            "The sum of the prices of line items of an invoice, in hundredths of the currency.";
        "mongodb_atlas_invoice_discount_cents" Cents = |r| r.total.discount,
            "Discounts of the line items of an invoice, in hundredths of the currency.";
        "mongodb_atlas_invoice_items" Integer = |r| r.total.count, "Line items of an invoice.";
    };
    for (at, dimension) in by.iter().enumerate() {
        columns.extend(labels(dimension, move |r: &GroupRow| r.keys.get(at)));
    }
    columns
}

/// `forecast`.
pub(super) fn forecast(
    org: OrgId,
    current: &Invoice,
    by: Option<&Dimension>,
) -> Vec<Column<Forecasted>> {
    let org = org.to_string();
    let currency = pricing_currency(current);
    let mut columns = columns! { Forecasted:
        "month" Text = |r| r.forecast.month.to_string(), "";
        "org" Text = |_| org.clone(), "";
        "currency" Text = |_| currency.clone(), "";
        "method" Text = |r| r.method(), "";
        "mongodb_atlas_forecast_cents" Cents = |r| r.forecast.total,
            "What the month will have cost at its end, in hundredths of the currency.";
        "mongodb_atlas_forecast_low_cents" Cents = |r| r.forecast.range.map(|range| range.low),
            "The lower end of the range of the forecast, in hundredths of the currency.";
        "mongodb_atlas_forecast_high_cents" Cents = |r| r.forecast.range.map(|range| range.high),
            "The upper end of the range of the forecast, in hundredths of the currency.";
        "mongodb_atlas_forecast_net_cents" Cents = |r| r.net.total,
            "What the month will have cost less discounts, in hundredths of the currency.";
    };
    if let Some(by) = by {
        columns.extend(labels(by, |r: &Forecasted| r.key.as_ref()));
    }
    columns
}

/// The amount of a row in hundredths. One that a decimal cannot hold so is written by its digits, which
/// the writer refuses.
fn hundredfold(row: &CostRow) -> Option<Cell<'static>> {
    let digits = row.usage_amount.as_ref()?;
    let amount = row.amount().ok();
    let cents = amount.and_then(|amount| amount.checked_mul(Decimal::ONE_HUNDRED));
    Some(match cents {
        Some(cents) => cents.into(),
        None => Cell::Number(format!("{digits}e2").into()),
    })
}
