//! An invoice as JSON.

use serde_json::{Map, Value, json};

use super::figures::Invoice;
use super::item::{DayText, Item, Kind, cluster, days, project};
use super::number::{push_int, push_milli, put};
use super::wild;

/// Writes an invoice's line items, with everything that items share rendered beforehand.
pub(crate) struct JsonItems {
    meters: Vec<MeterText>,
    days: Vec<DayText>,
    month: (String, String),
}

/// The unchanging text between an item's changing values, keys in alphabetical order.
struct MeterText {
    before_created: String,
    before_discount: Option<&'static str>,
    before_quantity: String,
    before_start: String,
    before_total: String,
    after_total: String,
}

impl JsonItems {
    pub(crate) fn new(invoice: &Invoice) -> Self {
        let meters = invoice.meters.iter().map(MeterText::new).collect();
        let month = (timestamp(invoice.plan.first), timestamp(invoice.plan.end()));
        Self {
            meters,
            days: days(&invoice.plan),
            month,
        }
    }

    /// Appends one item's object.
    pub(crate) fn push(&self, out: &mut Vec<u8>, invoice: &Invoice, item: &Item) {
        let day = &self.days[item.day as usize];
        if item.odd {
            return wild::push_json(out, invoice, item, day);
        }
        let Kind::Usage { meter } = item.kind else {
            return self.push_credit(out, item, day);
        };
        let text = &self.meters[meter];
        put(out, &text.before_created);
        put(out, &day.created);
        if let Some(before) = text.before_discount {
            put(out, before);
            push_int(out, item.discount_cents);
            out.extend_from_slice(b",\"endDate\":\"");
        } else {
            put(out, "\",\"endDate\":\"");
        }
        put(out, &day.end);
        put(out, &text.before_quantity);
        push_milli(out, item.quantity_milli);
        put(out, &text.before_start);
        put(out, &day.start);
        put(out, &text.before_total);
        push_int(out, item.total_cents);
        out.extend_from_slice(text.after_total.as_bytes());
    }

    fn push_credit(&self, out: &mut Vec<u8>, item: &Item, day: &DayText) {
        let (start, end) = &self.month;
        let object = json!({
            "created": day.created,
            "endDate": end,
            "note": "Promotional credit",
            "quantity": 1,
            "sku": "CREDIT",
            "startDate": start,
            "totalPriceCents": item.total_cents,
            "unit": "credit",
            "unitPriceDollars": item.total_cents as f64 / 100.0,
        });
        out.extend_from_slice(object.to_string().as_bytes());
    }
}

impl MeterText {
    fn new(meter: &super::catalog::Meter) -> Self {
        let cluster = cluster(meter);
        let named = cluster
            .map(|c| format!(",\"clusterName\":\"{}\"", c.name))
            .unwrap_or_default();
        let provider = meter.provider;
        let before_created = format!("{{\"cloudProvider\":\"{provider}\"{named},\"created\":\"");
        let in_project = project(meter)
            .map(|(id, name)| format!(",\"groupId\":\"{id}\",\"groupName\":\"{name}\""))
            .unwrap_or_default();
        let discounted = meter.discount_percent > 0;
        let percent = if discounted {
            format!(",\"percentDiscount\":{}.0", meter.discount_percent)
        } else {
            String::new()
        };
        let tags = cluster
            .map(|c| {
                format!(
                    "\"tags\":{{\"env\":[\"{}\"],\"team\":[\"{}\"]}},",
                    c.env, c.team
                )
            })
            .unwrap_or_default();
        let (sku, unit, price) = (&meter.sku, meter.unit, &meter.price_text);
        Self {
            before_created,
            before_discount: discounted.then_some("\",\"discountCents\":"),
            before_quantity: format!("\"{in_project}{percent},\"quantity\":"),
            before_start: format!(",\"sku\":\"{sku}\",\"startDate\":\""),
            before_total: format!("\",{tags}\"totalPriceCents\":"),
            after_total: format!(",\"unit\":\"{unit}\",\"unitPriceDollars\":{price}}}"),
        }
    }
}

/// Midnight UTC of a day.
pub(crate) fn timestamp(day: chrono::NaiveDate) -> String {
    format!("{day}T00:00:00Z")
}

/// The entry of an invoice in the list.
pub(crate) fn metadata(invoice: &Invoice, with_linked: bool) -> Value {
    let mut object = head(invoice);
    if with_linked && !invoice.linked.is_empty() {
        let linked = invoice.linked.iter().map(|linked| metadata(linked, true));
        object.insert("linkedInvoices".to_owned(), linked.collect());
    }
    Value::Object(object)
}

/// The fields that the list and the invoice itself have.
fn head(invoice: &Invoice) -> Map<String, Value> {
    let facts = invoice.facts();
    let pending = facts.status == "PENDING";
    let last_day = if pending {
        last_billed_day(invoice)
    } else {
        facts.end
    };
    let object = json!({
        "amountBilledCents": facts.amount_billed_cents,
        "amountPaidCents": facts.amount_paid_cents,
        "created": timestamp(facts.start),
        "creditsCents": facts.credits_cents,
        "endDate": timestamp(facts.end),
        "id": facts.id,
        "orgId": facts.org_id,
        "salesTaxCents": facts.sales_tax_cents,
        "startDate": timestamp(facts.start),
        "startingBalanceCents": 0,
        "statusName": facts.status,
        "subtotalCents": facts.subtotal_cents,
        "updated": format!("{last_day}T04:30:00Z"),
    });
    match object {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn last_billed_day(invoice: &Invoice) -> chrono::NaiveDate {
    let days = chrono::Days::new(invoice.plan.days.into());
    invoice
        .plan
        .first
        .checked_add_days(days)
        .unwrap_or(invoice.plan.first)
}

/// All fields of the invoice but the two long lists, sorted by key.
pub(crate) fn whole_head(invoice: &Invoice) -> Vec<(String, Value)> {
    let mut object = head(invoice);
    object.insert("links".to_owned(), json!([]));
    object.insert("payments".to_owned(), payments(invoice));
    object.insert("refunds".to_owned(), refunds(invoice));
    let mut fields: Vec<(String, Value)> = object.into_iter().collect();
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    fields
}

fn payments(invoice: &Invoice) -> Value {
    let facts = invoice.facts();
    let status = match facts.status.as_str() {
        "PENDING" | "FREE" => return json!([]),
        "CLOSED" => "NEW",
        same => same,
    };
    json!([{
        "amountBilledCents": facts.amount_billed_cents,
        "amountPaidCents": facts.amount_paid_cents,
        "created": format!("{}T06:00:00Z", facts.end),
        "currency": "USD",
        "id": invoice.id_of(1),
        "salesTaxCents": facts.sales_tax_cents,
        "statusName": status,
        "subtotalCents": facts.subtotal_cents,
        "unitPrice": "1.0",
        "updated": format!("{}T06:05:00Z", facts.end),
    }])
}

fn refunds(invoice: &Invoice) -> Value {
    if !invoice.plan.refunded {
        return json!([]);
    }
    json!([{
        "amountCents": invoice.facts().amount_paid_cents / 10,
        "created": format!("{}T09:00:00Z", invoice.facts().end),
        "paymentId": invoice.id_of(1),
        "reason": "Interrupted service",
    }])
}
