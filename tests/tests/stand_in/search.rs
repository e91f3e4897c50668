//! The search for line items.

use atlas_billing_mock::{
    CLUSTER_IDS, Core, INVOICE_ID, InvoicePlan, Operation, PROJECT_IDS, Request, ScenarioBuilder,
};
use http::Method;
use http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{get, march, org, value};

const VERSION: &str = "application/vnd.atlas.2024-08-05+json";

fn request(method: Method, body: &Value, query: &str) -> Request {
    let path = org(&format!("/invoices/{INVOICE_ID}/lineItems:search{query}"));
    let mut request = Request::post(path, body.to_string());
    request.method = method;
    request
        .header(ACCEPT, VERSION)
        .header(CONTENT_TYPE, VERSION)
}

fn find(scenario: ScenarioBuilder, body: &Value) -> Vec<Value> {
    let core = Core::new(scenario.build());
    let page = value(core.respond(&request(Method::GET, body, "?itemsPerPage=500")));
    assert_eq!(core.requests()[0].operation, Operation::Search);
    let found = page["results"].as_array();
    found.unwrap_or_else(|| panic!("{page}")).clone()
}

/// The items of the invoice that match, as the invoice itself has them.
fn on_the_invoice(matches: impl Fn(&Value) -> bool) -> Vec<Value> {
    let core = Core::new(march().build());
    let invoice = value(core.respond(&get(&format!("/invoices/{INVOICE_ID}"))));
    let items = invoice["lineItems"].as_array().unwrap().iter();
    let priced = items.filter(|item| item["totalPriceCents"] != 0);
    priced.filter(|item| matches(item)).cloned().collect()
}

fn cents(items: &[Value]) -> i64 {
    let cents = items
        .iter()
        .filter_map(|item| item["totalPriceCents"].as_i64());
    cents.sum()
}

#[test]
fn filters_find_what_the_invoice_has() {
    let is_usage = |item: &Value| item["sku"] != "CREDIT";
    let within = |item: &Value, days: [&str; 2]| {
        let day = &item["startDate"].as_str().unwrap()[..10];
        is_usage(item) && days[0] <= day && day <= days[1]
    };
    type Matches<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let table: Vec<(Value, Matches<'_>)> = vec![
        (
            json!({"groupIds": [PROJECT_IDS[1]]}),
            Box::new(|it| it["groupId"] == PROJECT_IDS[1]),
        ),
        (
            json!({"clusterIds": [CLUSTER_IDS[0]]}),
            Box::new(|it| it["clusterName"] == "booking-prod"),
        ),
        (
            json!({"skuServices": ["Support"]}),
            Box::new(|it| it["sku"] == "ATLAS_SUPPORT"),
        ),
        (
            json!({"usageStartDate": "2025-02-03", "usageEndDate": "2025-02-04"}),
            Box::new(|it| within(it, ["2025-02-03", "2025-02-04"])),
        ),
        // Everything is billed on the next day.
        (
            json!({"billStartDate": "2025-02-04", "billEndDate": "2025-02-04"}),
            Box::new(|it| within(it, ["2025-02-03", "2025-02-03"])),
        ),
    ];
    for (filters, matches) in table {
        let found = find(march(), &json!({ "filters": filters }));
        let wanted = on_the_invoice(matches);
        assert!(!found.is_empty(), "{filters}");
        assert_eq!(
            (found.len(), cents(&found)),
            (wanted.len(), cents(&wanted)),
            "{filters}"
        );
        assert!(found[0].get("sku").is_none() && found[0].get("discountCents").is_none());
    }
}

#[test]
fn items_are_sorted_and_paged() {
    let sorted = |field: &str, order: &str, key: &str| {
        let body = json!({"sortField": field, "sortOrder": order, "filters": {"groupIds": [PROJECT_IDS[0]]}});
        let found = find(march(), &body);
        found
            .into_iter()
            .map(|item| item[key].clone())
            .collect::<Vec<_>>()
    };
    let dates = sorted("USAGE_DATES", "DESCENDING", "usageDate");
    assert_eq!(dates[0], "2025-02-28T00:00:00Z");
    assert!(dates.is_sorted_by_key(|date| std::cmp::Reverse(date.to_string())));
    let bills = sorted("BILL_DATES", "ASCENDING", "billDate");
    assert_eq!(bills[0], "2025-02-02T00:00:00Z");
    let prices = sorted("TOTAL_PRICE_CENTS", "ASCENDING", "totalPriceCents");
    assert!(prices.is_sorted_by_key(|cents| cents.as_i64()));

    let core = Core::new(march().build());
    let page = |query: &str| value(core.respond(&request(Method::GET, &json!({}), query)));
    let (first, second) = (page("?itemsPerPage=3"), page("?itemsPerPage=3&pageNum=2"));
    assert_eq!(first["links"][1]["rel"], "next");
    assert_ne!(first["results"], second["results"]);
    assert_eq!(first["results"].as_array().unwrap().len(), 3);
}

#[test]
fn items_without_a_price_are_found_on_demand() {
    // A day of the cheapest meters rounds to no cent.
    let plan = || InvoicePlan::new(INVOICE_ID).month(2025, 2).items(36);
    let scenario = || march().without_invoices().invoice(plan());
    let priced = find(scenario(), &json!({}));
    let all = find(
        scenario(),
        &json!({"filters": {"includeZeroCentLineItems": true}}),
    );
    assert_eq!(all.len(), 36);
    assert!(priced.iter().all(|item| item["totalPriceCents"] != 0));
}

#[test]
fn wrong_searches_are_refused() {
    let core = Core::new(march().strict().build());
    let status = |body: Value, query: &str| {
        core.respond(&request(Method::GET, &body, query))
            .status
            .as_u16()
    };
    assert_eq!(status(json!({}), ""), 200);
    for (body, query) in [
        (json!({"sortField": "SKU"}), ""),
        (json!({"filters": {"groupIds": ["x"]}}), ""),
        (json!({"filters": {"skuServices": ["Rockets"]}}), ""),
        (json!({"filters": {"usageStartDate": "yesterday"}}), ""),
        (json!({"filters": {"colour": "blue"}}), ""),
        (json!({}), "?includeCount=true"),
    ] {
        assert_eq!(status(body.clone(), query), 400, "{body} {query}");
    }
    // A body that was lost on the way, with or without its type.
    let mut lost = request(Method::GET, &json!({}), "");
    lost.body.clear();
    assert_eq!(core.respond(&lost).status, 400);
    lost.headers.remove(CONTENT_TYPE);
    assert_eq!(core.respond(&lost).status, 415);
}

#[test]
fn the_method_is_get_or_post() {
    let status = |scenario: ScenarioBuilder, method| {
        let core = Core::new(scenario.build());
        let response = core.respond(&request(method, &json!({}), ""));
        let allowed = response
            .headers
            .get(ALLOW)
            .map(|it| it.to_str().unwrap().to_owned());
        (response.status.as_u16(), allowed)
    };
    assert_eq!(status(march(), Method::GET), (200, None));
    assert_eq!(status(march(), Method::POST), (405, Some("GET".to_owned())));
    let post = || march().search_needs_post();
    assert_eq!(status(post(), Method::GET), (405, Some("POST".to_owned())));
    assert_eq!(status(post(), Method::POST), (200, None));
}
