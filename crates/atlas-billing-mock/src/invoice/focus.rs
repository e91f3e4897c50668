//! The FOCUS file of an invoice: one row a line item, in the 44 columns that MongoDB documents.
//!
//! Nobody has published such a file, so that this one rests on assumptions:
//! - The columns stand in alphabetical order. Times are RFC 3339 in UTC; what a row has no value for
//!   is empty.
//! - The invoice's cents are those of the pricing currency, and `x_PricingCurrencyRate` is the price
//!   of its unit in the billing currency: the `unitPrice` of the invoice's payments. Columns in the
//!   billing currency are products with it, not rounded.
//! - A pricing currency at another rate than 1 is called `ACU`, for Atlas credit units; otherwise
//!   it is the billing currency.
//! - `ListCost` is before the discount. `ContractedCost`, `EffectiveCost` and `BilledCost` are the
//!   same, after it, since nothing is prepaid here. Costs are rounded to cents before the
//!   conversion, as on the invoice, so that a price times a quantity can differ by that.
//! - The rows are the invoice's own line items in its order. Tax and refunds have none, as
//!   documented, and linked invoices have a report each.
//! - A credit is a row of the category `Credit`, of the whole month, with a negative cost and
//!   without consumed quantity; `ContractApplied` says which kind it is. Nothing else has one.
//! - A row is billed on the day after its usage. `RegionName` repeats `RegionId`.
//! - `ServiceName` and `x_SkuCategory` are the service as Cost Explorer names it, `ServiceCategory`
//!   is the one of FOCUS's categories that fits, and `SkuPriceId` the code with the price.
//! - A tag has one text; several values of a key are joined.

use std::borrow::Cow;
use std::iter::once;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::catalog::Cluster;
use super::document::{self, decimal, milli, quoted};
use super::odd::Dice;
use super::plan::{Invoice, Item};
use crate::response::Body;

const COLUMNS: [&str; 44] = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractApplied",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "HostProviderName",
    "InvoiceIssuer",
    "ListCost",
    "ListUnitPrice",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "RegionId",
    "RegionName",
    "ResourceName",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
    "x_AtlasSku",
    "x_BilledDateEnd",
    "x_BilledDateStart",
    "x_PricingCurrencyRate",
    "x_SkuCategory",
];

/// The file of an invoice. Later versions of it differ from the first one, which is 0, in their
/// `SkuPriceId`.
pub(crate) fn body(invoice: &Arc<Invoice>, version: u64) -> Body {
    let writer = Writer::new(Arc::clone(invoice), version);
    let rows = (0..invoice.plan.items).map(move |position| writer.row(position));
    let header = COLUMNS.join(",") + "\n";
    document::body(Box::new(once(header).chain(rows)))
}

/// Writes an invoice's rows.
struct Writer {
    invoice: Arc<Invoice>,
    version: u64,
    /// The invoice's days and the two after them.
    days: Vec<String>,
    end: String,
    pricing_currency: &'static str,
    rate: i128,
}

impl Writer {
    fn new(invoice: Arc<Invoice>, version: u64) -> Self {
        let plan = &invoice.plan;
        let time = |day: chrono::NaiveDate| format!("{day}T00:00:00Z");
        let rate = invoice.org.rate_hundredths();
        Self {
            days: (0..=plan.days + 1).map(|day| time(plan.day(day))).collect(),
            end: time(plan.end()),
            pricing_currency: if rate == 100 {
                invoice.org.currency
            } else {
                "ACU"
            },
            rate: rate.into(),
            version,
            invoice,
        }
    }

    fn row(&self, position: u64) -> String {
        let cells = self.cells(&self.invoice.item(position));
        let mut row = String::with_capacity(1_024);
        for cell in &cells {
            row.push_str(&quoted(cell));
            row.push(',');
        }
        row.pop();
        row.push('\n');
        row
    }

    /// The values of [`COLUMNS`].
    fn cells<'a>(&'a self, item: &Item<'a>) -> [Cow<'a, str>; COLUMNS.len()] {
        let (invoice, meter, day) = (&self.invoice, item.meter, item.day as usize);
        let (org, project) = (invoice.org, meter.project);
        let cluster: Option<&Cluster> = meter.cluster;
        let (start, end) = match item.is_credit {
            true => (&self.days[0], &self.end),
            false => (&self.days[day], &self.days[day + 1]),
        };
        // Cents, and billionths for a unit's price, times hundredths for the rate.
        let cost = |cents: i64| Cow::Owned(decimal(i128::from(cents) * self.rate, 4));
        let list_price = match item.is_credit {
            true => i128::from(item.total_cents) * 10_000_000,
            false => meter.price_nano.into(),
        };
        let contracted_price = list_price * i128::from(100 - meter.discount_percent);
        let consumed = |text: String| if item.is_credit { String::new() } else { text };
        let quantity = milli(item.quantity_milli);
        let tier = cluster.map(|it| format!("\"tier\":\"{}\",", it.tier));
        let details = format!(
            "{{{}\"unit\":\"{}\"}}",
            tier.unwrap_or_default(),
            meter.unit
        );
        let mut price_id = format!("{}/{}", meter.sku, meter.price_text);
        if self.version > 0 {
            price_id += &format!("/{}", self.version);
        }
        let net = item.net_cents();
        [
            cost(net),
            org.id.into(),
            org.name.into(),
            org.currency.into(),
            (&*self.end).into(),
            (&*self.days[0]).into(),
            if item.is_credit { "Credit" } else { "Usage" }.into(),
            (&*meter.label).into(),
            (&**end).into(),
            (&**start).into(),
            consumed(quantity.clone()).into(),
            consumed(meter.unit.clone()).into(),
            if item.is_credit { "Promotional" } else { "" }.into(),
            cost(net),
            decimal(contracted_price * self.rate, 13).into(),
            cost(net),
            meter.provider.unwrap_or_default().into(),
            "MongoDB".into(),
            cost(item.total_cents),
            decimal(list_price * self.rate, 11).into(),
            self.pricing_currency.into(),
            decimal(contracted_price, 11).into(),
            decimal(net.into(), 2).into(),
            decimal(list_price, 9).into(),
            quantity.into(),
            (&*meter.unit).into(),
            meter.region.into(),
            meter.region.into(),
            cluster.map_or("", |it| it.name).into(),
            category(&meter.service).into(),
            (&*meter.service).into(),
            "MongoDB".into(),
            (&*meter.sku).into(),
            (&*meter.label).into(),
            details.into(),
            price_id.into(),
            project.map_or("", |it| &*it.id).into(),
            project.map_or("", |it| it.name).into(),
            self.tags(item).to_string().into(),
            (&*meter.sku).into(),
            (&*self.days[day + 2]).into(),
            (&*self.days[day + 1]).into(),
            org.rate.into(),
            (&*meter.service).into(),
        ]
    }

    /// The tags: of an odd item those that its JSON has, if they have values.
    fn tags(&self, item: &Item<'_>) -> Value {
        let Some(dice) = Dice::of(&self.invoice, item) else {
            let tags = item.meter.cluster;
            return tags.map_or(json!({}), |it| json!({"env": it.env, "team": it.team}));
        };
        let tags = serde_json::from_str::<Option<Map<String, Value>>>(dice.tags().0);
        let tags = tags.ok().flatten().unwrap_or_default().into_iter();
        let tags = tags.filter_map(|(key, values)| {
            let values = values.as_array()?.iter().filter_map(Value::as_str);
            let text = values.collect::<Vec<_>>().join(", ");
            (!text.is_empty()).then_some((key, text.into()))
        });
        Value::Object(tags.collect())
    }
}

/// The category of FOCUS that a service belongs to.
fn category(service: &str) -> &'static str {
    match service {
        "Storage" | "Backup" => "Storage",
        "Data Transfer" => "Networking",
        "Atlas Data Federation" | "Atlas Stream Processing" => "Analytics",
        "Support" | "Credits" => "Other",
        _ => "Databases",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::invoice::catalog::Meter;
    use crate::invoice::plan::{InvoicePlan, Variety};

    const ID: &str = "66b100000000000000000001";

    fn invoice(plan: InvoicePlan, org: usize) -> Arc<Invoice> {
        Invoice::new(plan, org, &Meter::by_organization(false))
    }

    fn text(body: Body) -> String {
        String::from_utf8(body.into_bytes().into()).unwrap()
    }

    /// The rows by their columns.
    fn rows(invoice: &Arc<Invoice>) -> Vec<BTreeMap<String, String>> {
        let text = text(body(invoice, 0));
        text.lines().skip(1).map(row).collect()
    }

    /// A line, read as RFC 4180 has it.
    fn row(line: &str) -> BTreeMap<String, String> {
        let (mut fields, mut is_quoted) = (vec![String::new()], false);
        for part in line.split_inclusive(['"', ',']) {
            let field = fields.last_mut().unwrap();
            match part.strip_suffix(',') {
                Some(rest) if !is_quoted => {
                    field.push_str(rest);
                    fields.push(String::new());
                }
                _ => field.push_str(part),
            }
            is_quoted ^= part.ends_with('"');
        }
        let unquote = |field: String| match field.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"').unwrap().replace("\"\"", "\""),
            None => field,
        };
        let fields: Vec<String> = fields.into_iter().map(unquote).collect();
        assert_eq!(fields.len(), COLUMNS.len(), "{line}");
        COLUMNS.map(str::to_owned).into_iter().zip(fields).collect()
    }

    #[test]
    fn a_row_has_exact_amounts_in_both_currencies() {
        // A node of 0.18 credits an hour for 3 x 24 hours less 10 %, at 0.85 euros a credit.
        let row = &rows(&invoice(InvoicePlan::new(ID).month(2025, 2), 2))[0];
        for (column, want) in [
            ("PricingQuantity", "72"),
            ("PricingUnit", "server hours"),
            ("PricingCurrency", "ACU"),
            ("PricingCurrencyListUnitPrice", "0.18"),
            ("PricingCurrencyContractedUnitPrice", "0.162"),
            ("PricingCurrencyEffectiveCost", "11.67"),
            ("x_PricingCurrencyRate", "0.85"),
            ("BillingCurrency", "EUR"),
            ("ListUnitPrice", "0.153"),
            ("ContractedUnitPrice", "0.1377"),
            ("ListCost", "11.016"),
            ("BilledCost", "9.9195"),
            ("EffectiveCost", "9.9195"),
            ("BillingAccountName", "Größe \"Nord\" GmbH"),
            ("SubAccountId", "61b0aa11bb22cc33dd44ee21"),
            ("SubAccountName", "Lager \"Süd\""),
            ("ResourceName", "lager-prod"),
            ("Tags", r#"{"env":"prod","team":"größe"}"#),
            ("BillingPeriodStart", "2025-02-01T00:00:00Z"),
            ("BillingPeriodEnd", "2025-03-01T00:00:00Z"),
            ("ChargePeriodStart", "2025-02-01T00:00:00Z"),
            ("ChargePeriodEnd", "2025-02-02T00:00:00Z"),
            ("x_BilledDateStart", "2025-02-02T00:00:00Z"),
            ("ChargeCategory", "Usage"),
            ("ServiceCategory", "Databases"),
            ("ServiceName", "Clusters"),
            ("SkuId", "ATLAS_AWS_INSTANCE_M30"),
            ("x_AtlasSku", "ATLAS_AWS_INSTANCE_M30"),
            ("SkuPriceDetails", r#"{"tier":"M30","unit":"server hours"}"#),
        ] {
            assert_eq!(row[column], want, "{column}");
        }
    }

    #[test]
    fn a_credit_is_a_row_of_the_whole_month() {
        let invoice = invoice(InvoicePlan::new(ID).items(20).credits(1), 0);
        let row = &rows(&invoice)[19];
        let cents = invoice.facts().credits_cents;
        assert_eq!(row["BilledCost"], decimal(-i128::from(cents), 2));
        assert_eq!(row["PricingCurrency"], "USD");
        assert_eq!(row["ChargeCategory"], "Credit");
        assert_eq!(row["ChargePeriodStart"], "2025-01-01T00:00:00Z");
        assert_eq!(row["ChargePeriodEnd"], "2025-02-01T00:00:00Z");
        assert_eq!((&*row["ConsumedQuantity"], &*row["Tags"]), ("", "{}"));
    }

    #[test]
    fn rows_add_up_to_the_invoice_and_tags_are_objects() {
        let linked = InvoicePlan::new("66b100000000000000000002").items(7);
        let plan = InvoicePlan::new(ID).items(400).linked(linked);
        let invoice = invoice(plan.variety(Variety::Wild), 0);
        let facts = invoice.facts();
        let mut sum = 0;
        for row in rows(&invoice) {
            let cost: f64 = row["PricingCurrencyEffectiveCost"].parse().unwrap();
            sum += (cost * 100.0).round() as i64;
            let tags: BTreeMap<String, String> = serde_json::from_str(&row["Tags"]).unwrap();
            assert!(tags.values().all(|value| !value.is_empty()), "{row:?}");
        }
        assert_eq!(sum, facts.gross_cents - facts.discount_cents);
        // Its own items alone, and a version of its own.
        let (first, second) = (text(body(&invoice, 0)), text(body(&invoice, 1)));
        assert_eq!(first.lines().count(), 401);
        assert_ne!(first, second);
    }

    #[test]
    fn a_large_file_comes_in_pieces() {
        let body = body(&invoice(InvoicePlan::new(ID).items(3_000), 0), 0);
        assert_eq!(body.known_length(), None);
        assert!(body.into_pieces().count() > 10);
    }
}
