//! The search for line items of an invoice.

use std::cmp::Reverse;

use chrono::NaiveDate;
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::core::Call;
use crate::invoice::plan::{Invoice, Item};
use crate::names::{SERVICES, hex, is_id};
use crate::operations::{parse_json, sent_json};
use crate::pages::page;
use crate::response::{Problem, Response, wrong_method};
use crate::scenario::VisibleOrg;

/// The request's body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    filters: Option<Filters>,
    sort_field: Option<SortField>,
    sort_order: Option<SortOrder>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// What items have to match; days are inclusive.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Filters {
    group_ids: Vec<String>,
    cluster_ids: Vec<String>,
    sku_services: Vec<String>,
    usage_start_date: Option<NaiveDate>,
    usage_end_date: Option<NaiveDate>,
    bill_start_date: Option<NaiveDate>,
    bill_end_date: Option<NaiveDate>,
    include_zero_cent_line_items: bool,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum SortField {
    UsageDates,
    BillDates,
    TotalPriceCents,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
enum SortOrder {
    Ascending,
    Descending,
}

/// One page of the items found, the latest billed first unless another order was asked for.
/// Items without a price are found on demand only.
pub(crate) fn find(call: &Call<'_>, visible: &VisibleOrg) -> Result<Response, Problem> {
    let method = match call.scenario.settings.search_needs_post {
        true => Method::POST,
        false => Method::GET,
    };
    if call.request.method != method {
        return Ok(wrong_method(method.as_str()));
    }
    let invoice = visible.find(call.route.id)?;
    let strict = call.scenario.settings.strict;
    let sent: Sent = parse_json(sent_json(call)?, strict, |sent: &Sent| {
        let filters = sent.filters.iter().flat_map(|it| it.unknown.keys());
        sent.unknown.keys().chain(filters).cloned().collect()
    })?;
    let filters = sent.filters.unwrap_or_default();
    filters.check()?;

    let positions = 0..invoice.plan.items;
    let is_wanted = |position: &u64| filters.want(invoice, &invoice.item(*position));
    let mut found: Vec<u64> = positions.filter(is_wanted).collect();
    let by = sent.sort_field.unwrap_or(SortField::BillDates);
    let key = |position: &u64| {
        let item = invoice.item(*position);
        match by {
            SortField::TotalPriceCents => item.total_cents,
            // Everything is billed on the day after its usage.
            SortField::UsageDates | SortField::BillDates => item.day.into(),
        }
    };
    match sent.sort_order {
        Some(SortOrder::Ascending) => found.sort_by_key(key),
        _ => found.sort_by_key(|position| Reverse(key(position))),
    }
    Ok(page(call, &found, |position| {
        object(invoice, &invoice.item(*position))
    }))
}

impl Filters {
    fn check(&self) -> Result<(), Problem> {
        let mut wrong = Vec::new();
        let mut check = |field, values: &[String], is_valid: fn(&str) -> bool| {
            if !values.iter().all(|value| is_valid(value)) {
                wrong.push((field, "has an unknown value".to_owned()));
            }
        };
        check("groupIds", &self.group_ids, is_id);
        check("clusterIds", &self.cluster_ids, is_id);
        check("skuServices", &self.sku_services, |value| {
            SERVICES.contains(&value)
        });
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(Problem::of_fields(&wrong)),
        }
    }

    fn want(&self, invoice: &Invoice, item: &Item<'_>) -> bool {
        let is_one_of = |wanted: &[String], value: Option<&str>| {
            wanted.is_empty() || wanted.iter().any(|wanted| Some(&**wanted) == value)
        };
        let is_between = |start: Option<NaiveDate>, end: Option<NaiveDate>, day| {
            start.is_none_or(|start| day >= start) && end.is_none_or(|end| day <= end)
        };
        let meter = item.meter;
        let (used, billed) = (invoice.plan.day(item.day), invoice.plan.day(item.day + 1));
        (self.include_zero_cent_line_items || item.total_cents != 0)
            && is_one_of(&self.group_ids, meter.project.map(|it| &*it.id))
            && is_one_of(&self.cluster_ids, meter.cluster.map(|it| &*it.id))
            && is_one_of(&self.sku_services, Some(&meter.service))
            && is_between(self.usage_start_date, self.usage_end_date, used)
            && is_between(self.bill_start_date, self.bill_end_date, billed)
    }
}

/// An item as the search shows it: what an odd one has on the invoice is not here.
fn object(invoice: &Invoice, item: &Item<'_>) -> Value {
    let meter = item.meter;
    let price = match item.is_credit {
        true => item.total_cents as f64 / 100.0,
        false => meter.price_text.parse().unwrap_or_default(),
    };
    let mut object = json!({
        "billDate": format!("{}T00:00:00Z", invoice.plan.day(item.day + 1)),
        "description": meter.label,
        "quantity": item.quantity_milli as f64 / 1_000.0,
        "totalPriceCents": item.total_cents,
        "unitPriceDollars": price,
        "usageDate": format!("{}T00:00:00Z", invoice.plan.day(item.day)),
    });
    let stream = meter.service == "Atlas Stream Processing";
    let more = [
        ("clusterName", meter.cluster.map(|it| json!(it.name))),
        ("cloudProvider", meter.provider.map(|it| json!(it))),
        ("groupId", meter.project.map(|it| json!(it.id))),
        (
            "additionalData",
            stream.then(|| {
                json!({
                    "processorId": hex(0x57, 1, 24),
                    "processorName": "positions",
                    "workspace": "tracking",
                })
            }),
        ),
    ];
    for (key, value) in more {
        if let Some(value) = value {
            object[key] = value;
        }
    }
    object
}
