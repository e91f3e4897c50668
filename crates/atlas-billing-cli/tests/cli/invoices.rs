//! `invoices list`, `show` and `compare`, and `check`.

use atlas_billing_mock::{
    Fault, INVOICE_ID, InvoicePlan, ORG_ID, On, Operation, PENDING_INVOICE_ID, Scenario,
};
use serde_json::{Value, json};

use super::atlas::{Atlas, TODAY, atlas, scenario};

fn facts(id: &str) -> atlas_billing_mock::InvoiceFacts {
    let scenario: Scenario = scenario().build();
    scenario.facts(id).unwrap()
}

fn money(cents: i64) -> String {
    assert!(cents < 100_000_000, "{cents}");
    let (thousands, rest) = (cents / 100_000, cents % 100_000);
    match thousands {
        0 => format!("{}.{:02}", rest / 100, rest % 100),
        _ => format!("{thousands},{:03}.{:02}", rest / 100, rest % 100),
    }
}

#[test]
fn the_list_has_a_row_an_invoice() {
    let atlas = atlas();
    let ran = atlas.ok(&["invoices", "list"]);
    assert_eq!(
        ran.stdout.lines().count(),
        // A title, headings, how figures relate, what FORGIVEN means, scope and basis.
        6 + atlas.stand_in.scenario().invoices().len()
    );
    let row = ran
        .stdout
        .lines()
        .find(|line| line.starts_with(INVOICE_ID))
        .unwrap();
    let facts = facts(INVOICE_ID);
    for part in [
        "2025-02".to_owned(),
        "CLOSED".to_owned(),
        money(facts.subtotal_cents),
        money(facts.credits_cents),
        money(facts.sales_tax_cents),
        money(facts.amount_billed_cents),
    ] {
        assert!(row.contains(&part), "{part}: {row}");
    }
    assert!(ran.stdout.contains("2025-03 (to date)"), "{}", ran.stdout);
}

#[test]
fn the_list_is_filtered_by_period_and_status() {
    let atlas = atlas();
    let ran = atlas.ok(&["invoice", "ls", "last-quarter", "-o", "jsonl"]);
    assert_eq!(ran.jsonl().len(), 3);
    assert!(
        ran.stderr.contains("Period: 2024-10..2024-12"),
        "{}",
        ran.stderr
    );
    let ids: Vec<Value> = atlas
        .ok(&[
            "invoices", "list", "--status", "pending", "--status", "CLOSED", "-o", "jsonl",
        ])
        .jsonl()
        .into_iter()
        .map(|row| row["invoice_id"].clone())
        .collect();
    assert_eq!(ids, [PENDING_INVOICE_ID, INVOICE_ID]);
    assert!(
        atlas
            .ok(&["invoices", "list", "2010"])
            .stdout
            .contains("No invoices.")
    );
}

#[test]
fn show_adds_up_what_the_invoice_holds() {
    let facts = facts(INVOICE_ID);
    let row = atlas()
        .ok(&["invoices", "show", "last", "-o", "json"])
        .json()[0]
        .clone();
    assert_eq!(row["invoice_id"], INVOICE_ID);
    assert_eq!(row["items"], facts.line_items);
    assert_eq!(row["items_gross_cents"], facts.gross_cents);
    assert_eq!(row["items_discount_cents"], facts.discount_cents);
    assert_eq!(row["subtotal_cents"], facts.subtotal_cents);
    assert_eq!(row["payments"][0]["currency"], "USD");
}

#[test]
fn an_invoice_goes_by_many_names() {
    for (name, id) in [
        ("current", PENDING_INVOICE_ID),
        ("last", INVOICE_ID),
        ("2025-02", INVOICE_ID),
        (INVOICE_ID, INVOICE_ID),
    ] {
        let ran = atlas().ok(&["invoices", "describe", name]);
        assert!(
            ran.stdout.starts_with(&format!("Invoice {id}, ")),
            "{name}: {}",
            ran.stdout
        );
    }
    assert!(
        atlas()
            .ok(&["invoices", "get"])
            .stdout
            .contains("is incomplete")
    );
    let ran = atlas().ok(&["invoices", "show", "--invoiceId", INVOICE_ID]);
    assert!(ran.stdout.contains(INVOICE_ID));
}

#[test]
fn a_month_without_an_invoice_is_told_its_neighbours() {
    let message = atlas().fails(4, &["invoices", "show", "2026-05"]);
    assert!(message.contains("no invoice for 2026-05"), "{message}");
    assert!(
        message.contains(&format!(
            "nearest before: {PENDING_INVOICE_ID}, 2025-03 (to date)"
        )),
        "{message}"
    );
    assert!(message.contains("none after"), "{message}");
    let empty = Atlas::start(scenario().without_invoices());
    assert!(
        empty
            .fails(4, &["invoices", "show"])
            .contains("no invoices")
    );
}

#[test]
fn groups_add_up_to_the_whole() {
    let facts = facts(INVOICE_ID);
    for by in [
        "sku",
        "project",
        "cluster",
        "provider",
        "day",
        "month",
        "tag:team",
        "project,sku",
    ] {
        let atlas = atlas();
        let all = atlas
            .ok(&["invoices", "show", "last", "--by", by, "-o", "jsonl"])
            .jsonl();
        let some = atlas.ok(&[
            "invoices", "show", "last", "--by", by, "--top", "2", "-o", "jsonl",
        ]);
        for rows in [all, some.jsonl()] {
            let sum = |name: &str| {
                rows.iter()
                    .map(|row| row[name].as_i64().unwrap())
                    .sum::<i64>()
            };
            assert_eq!(sum("gross_cents"), facts.gross_cents, "{by}");
            assert_eq!(sum("discount_cents"), facts.discount_cents, "{by}");
            assert_eq!(
                sum("items"),
                i64::try_from(facts.line_items).unwrap(),
                "{by}"
            );
        }
    }
}

#[test]
fn linked_invoices_are_left_out_aloud_or_taken_along() {
    let atlas = Atlas::start(scenario().with_linked_invoices());
    let items = |how: &str| {
        let ran = atlas.ok(&["invoices", "show", "last", "--linked", how, "-o", "json"]);
        let said = ran.stderr.contains("linked invoices are omitted");
        // A record of each invoice.
        let rows = ran.json();
        let rows = rows.as_array().unwrap().iter();
        (
            rows.map(|row| row["items"].as_u64().unwrap()).sum::<u64>(),
            said,
        )
    };
    let ((all, quiet), (own, aloud), (linked, silent)) =
        (items("include"), items("omit"), items("only"));
    assert_eq!(all, own + linked);
    assert!(own > 0 && linked > 0);
    assert_eq!((quiet, aloud, silent), (false, true, false));
    let ran = atlas.ok(&["-q", "invoices", "show", "last"]);
    assert!(ran.stderr.contains("omitted"), "{}", ran.stderr);
}

#[test]
fn raw_forms_are_the_services_own_bytes() {
    let atlas = atlas();
    let json = atlas.ok(&["invoices", "show", "last", "-o", "raw-json"]);
    assert!(json.stdout.starts_with('{') && json.json()["id"] == INVOICE_ID);
    assert_eq!(
        json.json()["lineItems"].as_array().unwrap().len() as u64,
        facts(INVOICE_ID).line_items
    );
    let csv = atlas.ok(&["invoices", "show", "last", "-o", "raw-csv"]);
    assert!(
        csv.stdout.starts_with("Invoice Number,"),
        "{}",
        &csv.stdout[..60]
    );
}

#[test]
fn compare_shows_the_largest_change_first() {
    let atlas = atlas();
    let rows = atlas
        .ok(&["invoices", "compare", "2025-01", "2025-02", "-o", "jsonl"])
        .jsonl();
    let sizes: Vec<i64> = rows
        .iter()
        .map(|row| row["change_cents"].as_i64().unwrap().abs())
        .collect();
    assert!(sizes.windows(2).all(|pair| pair[0] >= pair[1]), "{sizes:?}");
    for row in &rows {
        let cents = |name: &str| row[name].as_i64().unwrap();
        assert_eq!(
            cents("change_cents"),
            cents("to_gross_cents") - cents("from_gross_cents")
        );
    }
    let change: i64 = rows
        .iter()
        .map(|row| row["change_cents"].as_i64().unwrap())
        .sum();
    let january = atlas
        .ok(&["invoices", "show", "2025-01", "-o", "json"])
        .json();
    let expected =
        facts(INVOICE_ID).gross_cents - january[0]["items_gross_cents"].as_i64().unwrap();
    assert_eq!(change, expected);

    let table = atlas.ok(&[
        "invoices", "compare", "last", "current", "--by", "project", "--top", "1",
    ]);
    assert!(table.stdout.contains("other (3)"), "{}", table.stdout);
    assert!(
        table.stdout.contains("days 1 to 7 of each month"),
        "{}",
        table.stdout
    );
    let message = atlas.fails(2, &["invoices", "compare", "last", "2025-02"]);
    assert!(message.contains("name two"), "{message}");
}

#[test]
fn check_says_what_may_be_read() {
    let ran = atlas().ok(&["check"]);
    assert!(
        ran.stdout.contains("14 invoices") && ran.stdout.matches("ok ").count() == 2,
        "{}",
        ran.stdout
    );
    let on = On::operation(Operation::CreateQuery);
    let ran = Atlas::start(scenario().fault(on, Fault::Status(403))).run(&["check", "-o", "json"]);
    assert_eq!(ran.code, Some(3));
    let rows = ran.json();
    assert_eq!(
        (&rows[0]["ok"], &rows[1]["ok"]),
        (&json!(true), &json!(false))
    );
    assert!(ran.stderr.contains("403"), "{}", ran.stderr);
}

#[test]
fn several_invoices_of_a_month_are_asked_about() {
    let plan = InvoicePlan::new("66b100000000000000000001")
        .month(2025, 2)
        .items(10);
    let atlas = Atlas::start(scenario().invoice(plan));
    let message = atlas.fails(2, &["invoices", "show", "2025-02"]);
    assert!(
        message.contains("66b100000000000000000001") && message.contains(INVOICE_ID),
        "{message}"
    );
    assert!(TODAY.starts_with("2025-03"));
}

#[test]
fn sums_read_neither_unit_prices_nor_tags_that_they_do_not_need() {
    let body = json!({
        "id": INVOICE_ID, "orgId": ORG_ID, "statusName": "PAID",
        "startDate": "2025-02-01T00:00:00Z", "endDate": "2025-03-01T00:00:00Z",
        "subtotalCents": 700, "amountBilledCents": 700, "creditsCents": 0, "salesTaxCents": 0,
        // Not a price, and no tags: to read either would be an error.
        "lineItems": [{"sku": "A", "totalPriceCents": 500, "unitPriceDollars": {}, "tags": 1}],
    });
    let fault = Fault::Body(body.to_string().into());
    let atlas = Atlas::start(scenario().fault(On::operation(Operation::Invoice), fault));
    for line in [
        "invoices compare 2025-01 2025-02",
        "invoices show last --by sku",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let ran = atlas.ok(&args);
        assert!(ran.stdout.contains("5.00"), "{line}: {}", ran.stdout);
        // 7.00 are stated, 5.00 are there: what the sums tell costs nothing more.
        assert!(ran.stderr.contains("+2.00"), "{line}: {}", ran.stderr);
    }
}
