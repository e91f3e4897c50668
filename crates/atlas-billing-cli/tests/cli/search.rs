//! `invoices search`: what is sent, and what is found.

use atlas_billing_mock::{
    CLUSTER_IDS, Fault, INVOICE_ID, On, Operation, PENDING_INVOICE_ID, PROJECT_IDS, PageLinks,
};
use serde_json::{Value, json};

use super::atlas::{Atlas, atlas, scenario};

/// The bodies of the searches that were sent.
fn searches(atlas: &Atlas) -> Vec<Value> {
    let requests = atlas.stand_in.requests();
    let searches = requests
        .iter()
        .filter(|request| request.path().ends_with("lineItems:search"));
    searches
        .map(|request| serde_json::from_slice(&request.request.body).unwrap())
        .collect()
}

#[test]
fn filters_are_sent_as_given_and_names_as_ids() {
    let atlas = Atlas::start(scenario().strict());
    atlas.ok(&[
        "invoices",
        "search",
        INVOICE_ID,
        "--project",
        "analytics",
        "--project",
        PROJECT_IDS[0],
        "--cluster",
        CLUSTER_IDS[5],
        "--service",
        "clusters",
        "--since",
        "2025-02-10",
        "--until",
        "2025-02-11",
        "--billed-since",
        "2025-02-11",
        "--billed-until",
        "2025-02-12",
        "--include-zero",
        "--sort",
        "price",
        "--order",
        "desc",
    ]);
    let sent = json!({
        "filters": {
            "groupIds": [PROJECT_IDS[2], PROJECT_IDS[0]],
            "clusterIds": [CLUSTER_IDS[5]],
            "skuServices": ["Clusters"],
            "usageStartDate": "2025-02-10",
            "usageEndDate": "2025-02-11",
            "billStartDate": "2025-02-11",
            "billEndDate": "2025-02-12",
            "includeZeroCentLineItems": true,
        },
        "sortField": "TOTAL_PRICE_CENTS",
        "sortOrder": "DESCENDING",
    });
    assert_eq!(searches(&atlas), [sent]);
    // The projects, for the name, and the search: the invoice is given by its id.
    assert_eq!(atlas.asked().len(), 2, "{:?}", atlas.asked());
}

/// An M30 of three nodes runs 72 hours a day at 0.18 dollars, an M20 at 0.067.
#[test]
fn what_is_found_is_the_current_invoices_unless_another_is_named() {
    let atlas = atlas();
    let args = [
        "--service",
        "clusters",
        "--project",
        "analytics",
        "--since",
        "2025-03-08",
    ];
    let rows = |invoice: &[&str]| {
        atlas
            .ok(&[&["invoices", "search"], invoice, &args, &["-o", "jsonl"]].concat())
            .jsonl()
    };
    let current = rows(&[]);
    let found: Vec<_> = current
        .iter()
        .map(|row| (row["usage_date"].clone(), row["total_price_cents"].clone()))
        .collect();
    let day = |day: u32, cents: u32| (json!(format!("2025-03-0{day}T00:00:00Z")), json!(cents));
    assert_eq!(
        found,
        [day(9, 1296), day(9, 482), day(8, 1296), day(8, 482)]
    );
    for row in &current {
        assert_eq!(row["invoice_id"], PENDING_INVOICE_ID);
        assert_eq!(row["project_id"], PROJECT_IDS[2]);
    }
    assert_eq!(rows(&["last"]), [json!(null); 0], "February ended before");
}

#[test]
fn a_long_result_comes_page_by_page_with_get_or_post() {
    let search = [
        "invoices",
        "search",
        "last",
        "--include-zero",
        "-o",
        "jsonl",
    ];
    for scenario in [
        scenario(),
        scenario().links(PageLinks::Omitted),
        scenario().search_needs_post(),
    ] {
        let atlas = Atlas::start(scenario);
        let facts = atlas.stand_in.scenario().facts(INVOICE_ID).unwrap();
        let ran = atlas.ok(&search);
        let rows = ran.jsonl();
        assert_eq!(rows.len() as u64, facts.line_items);
        let cents = rows
            .iter()
            .map(|row| row["total_price_cents"].as_i64().unwrap());
        assert_eq!(cents.sum::<i64>(), facts.gross_cents);
        let said = format!(
            "Invoice {INVOICE_ID}, 2025-02: {} line items found",
            rows.len()
        );
        assert!(ran.stderr.contains(&said), "{}", ran.stderr);
        let pages = searches(&atlas).len();
        assert!(pages > 1, "{pages}");
    }
    let on = On::operation(Operation::Search).from(2);
    let atlas = Atlas::start(scenario().fault(on, Fault::Status(403)));
    assert_eq!(
        atlas.run(&search).code,
        Some(3),
        "not all of it, and no success"
    );
}

#[test]
fn days_in_the_wrong_order_are_refused() {
    let atlas = atlas();
    let args = [
        "invoices",
        "search",
        INVOICE_ID,
        "--since",
        "2025-02-02",
        "--until",
        "2025-02-01",
    ];
    let message = atlas.fails(2, &args);
    assert!(message.contains("2025-02-01"), "{message}");
    assert_eq!(atlas.asked(), [""; 0]);
}

/// What the help says is what the service does where nothing is asked for.
#[test]
fn the_latest_billed_comes_first_unless_asked_otherwise() {
    let atlas = atlas();
    let days = |more: &[&str]| -> Vec<String> {
        let line = [&["invoices", "search", INVOICE_ID, "-o", "jsonl"], more].concat();
        let found = atlas.ok(&line).jsonl();
        found
            .iter()
            .map(|row| row["bill_date"].to_string())
            .collect()
    };
    let unasked = days(&[]);
    assert!(unasked.is_sorted_by(|a, b| a >= b) && unasked.first() != unasked.last());
    assert_eq!(unasked, days(&["--sort", "billed", "--order", "desc"]));
    assert!(days(&["--order", "asc"]).is_sorted());
    assert_eq!(searches(&atlas)[0].get("sortOrder"), None);
}
