//! An invoice as a program without this project would write it down: every field, owned, nothing
//! clever.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// An invoice with all its items.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "decoded in full, as the wrapper's values are; few fields are read"
)]
pub(crate) struct Invoice {
    pub(crate) amount_billed_cents: Option<i64>,
    pub(crate) amount_paid_cents: Option<i64>,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) credits_cents: Option<i64>,
    pub(crate) end_date: Option<DateTime<Utc>>,
    pub(crate) id: String,
    pub(crate) line_items: Vec<LineItem>,
    #[serde(default)]
    pub(crate) linked_invoices: Vec<Invoice>,
    pub(crate) org_id: Option<String>,
    #[serde(default)]
    pub(crate) payments: Vec<Payment>,
    #[serde(default)]
    pub(crate) refunds: Vec<Refund>,
    pub(crate) sales_tax_cents: Option<i64>,
    pub(crate) start_date: Option<DateTime<Utc>>,
    pub(crate) starting_balance_cents: Option<i64>,
    pub(crate) status_name: Option<String>,
    pub(crate) subtotal_cents: Option<i64>,
    pub(crate) updated: Option<DateTime<Utc>>,
}

/// One charge, discount or credit.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "decoded in full, as the wrapper's values are; few fields are read"
)]
pub(crate) struct LineItem {
    pub(crate) cloud_provider: Option<String>,
    pub(crate) cluster_name: Option<String>,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) discount_cents: Option<i64>,
    pub(crate) end_date: Option<DateTime<Utc>>,
    pub(crate) group_id: Option<String>,
    pub(crate) group_name: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) percent_discount: Option<f64>,
    pub(crate) quantity: Option<f64>,
    pub(crate) sku: Option<String>,
    pub(crate) start_date: Option<DateTime<Utc>>,
    pub(crate) stitch_app_name: Option<String>,
    pub(crate) tags: Option<BTreeMap<String, Vec<String>>>,
    pub(crate) tier_lower_bound: Option<f64>,
    pub(crate) tier_upper_bound: Option<f64>,
    pub(crate) total_price_cents: Option<i64>,
    pub(crate) unit: Option<String>,
    pub(crate) unit_price_dollars: Option<f64>,
}

/// A payment made or attempted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "decoded in full, as the wrapper's values are")]
pub(crate) struct Payment {
    pub(crate) amount_billed_cents: Option<i64>,
    pub(crate) amount_paid_cents: Option<i64>,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) currency: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) sales_tax_cents: Option<i64>,
    pub(crate) status_name: Option<String>,
    pub(crate) subtotal_cents: Option<i64>,
    pub(crate) unit_price: Option<String>,
    pub(crate) updated: Option<DateTime<Utc>>,
}

/// Money given back.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "decoded in full, as the wrapper's values are")]
pub(crate) struct Refund {
    pub(crate) amount_cents: Option<i64>,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) payment_id: Option<String>,
    pub(crate) reason: Option<String>,
}
