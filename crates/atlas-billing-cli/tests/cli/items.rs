//! `invoices items`.

use std::fs;

use atlas_billing_mock::{Fault, INVOICE_ID, ORG_ID, On, Operation, PENDING_INVOICE_ID};
use serde_json::{Value, json};

use super::atlas::{Atlas, atlas, scenario};

#[test]
fn every_item_is_there_with_its_invoice() {
    let atlas = atlas();
    let rows = atlas
        .ok(&["invoices", "items", "last", "-o", "jsonl"])
        .jsonl();
    let facts = atlas.stand_in.scenario().facts(INVOICE_ID).unwrap();
    assert_eq!(rows.len() as u64, facts.line_items);
    let sum: i64 = rows
        .iter()
        .filter_map(|row| row["total_price_cents"].as_i64())
        .sum();
    assert_eq!(sum, facts.gross_cents);
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row["item_index"], at);
        assert_eq!(row["invoice_id"], INVOICE_ID);
        assert_eq!(row["org_id"], facts.org_id);
        assert_eq!(row["period_start"], "2025-02-01T00:00:00Z");
        assert_eq!(row["period_end"], "2025-03-01T00:00:00Z");
        assert_eq!(row["invoice_status"], "CLOSED");
        assert!(row["invoice_updated"].is_string());
    }
}

/// Whatever the list of invoices would answer: it is not asked.
#[test]
fn an_invoice_given_by_its_id_costs_one_request_in_every_form() {
    let on = On::operation(Operation::Invoices);
    let atlas = Atlas::start(scenario().fault(on.clone(), Fault::Status(403)));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    for (count, args) in [
        &["show", INVOICE_ID] as &[&str],
        &["show", INVOICE_ID, "--by", "sku"],
        &["show", INVOICE_ID, "--linked", "include", "-o", "json"],
        &["show", INVOICE_ID, "-o", "raw-json"],
        &["show", INVOICE_ID, "-o", "raw-csv"],
        &["show", "--invoiceId", INVOICE_ID],
        &["items", INVOICE_ID],
        &["items", INVOICE_ID, "-o", "jsonl"],
        &["items", INVOICE_ID, "--output-dir", path],
        &["items", INVOICE_ID, "-o", "raw-csv", "--output-dir", path],
    ]
    .into_iter()
    .enumerate()
    {
        atlas.ok(&[&["invoices"], args].concat());
        assert_eq!(
            atlas.asked().len(),
            count + 1,
            "{args:?}: {:?}",
            atlas.asked()
        );
    }
    // The month is found in the invoice.
    let file = directory
        .path()
        .join(format!("period=2025-02/{INVOICE_ID}.jsonl"));
    assert!(file.is_file());
    let row = atlas
        .ok(&["invoices", "items", INVOICE_ID, "-o", "jsonl"])
        .jsonl()
        .remove(0);
    assert_eq!(
        (&row["invoice_id"], &row["org_id"]),
        (&json!(INVOICE_ID), &json!(ORG_ID))
    );
    // Without an id nothing can be done without the list.
    Atlas::start(scenario().fault(on, Fault::Status(403))).fails(3, &["invoices", "items"]);
}

#[test]
fn linked_items_are_marked() {
    let atlas = Atlas::start(scenario().with_linked_invoices());
    let rows = |how: &str| {
        atlas
            .ok(&["invoices", "items", "last", "--linked", how, "-o", "jsonl"])
            .jsonl()
    };
    let (omit, include, only) = (rows("omit"), rows("include"), rows("only"));
    assert_eq!(omit.len() + only.len(), include.len());
    assert!(omit.iter().all(|row| row["is_linked"] == json!(false)));
    assert!(only.iter().all(|row| row["is_linked"] == json!(true)));
    assert!(only.iter().all(|row| row["invoice_id"] == INVOICE_ID));
    let ran = atlas.ok(&["invoices", "items", "last", "-o", "csv"]);
    assert!(ran.stderr.contains("--linked include"), "{}", ran.stderr);
}

#[test]
fn a_directory_has_a_file_an_invoice_by_month() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("load");
    let atlas = atlas();
    let to = ["--output-dir", path.to_str().unwrap()];
    let ran = atlas.ok(&[&["invoices", "items", "2025-02..2025-03"] as &[&str], &to].concat());
    assert_eq!(ran.stdout, "");
    let january = path.join(format!("period=2025-02/{INVOICE_ID}.jsonl"));
    let march = path.join(format!("period=2025-03/{PENDING_INVOICE_ID}.jsonl"));
    let direct = atlas
        .ok(&["invoices", "items", "last", "-o", "jsonl"])
        .stdout;
    assert_eq!(fs::read_to_string(&january).unwrap(), direct);
    assert!(march.is_file());
    assert_eq!(
        fs::read_dir(&path).unwrap().count(),
        2,
        "nothing else is left"
    );

    // Again: replaced, not doubled; and in the service's own form beside it.
    atlas.ok(&[&["invoices", "items", "last"] as &[&str], &to].concat());
    assert_eq!(fs::read_to_string(&january).unwrap(), direct);
    atlas.ok(&[
        &["invoices", "items", "last", "-o", "raw-csv"] as &[&str],
        &to,
    ]
    .concat());
    assert!(
        path.join(format!("period=2025-02/{INVOICE_ID}.raw.csv"))
            .is_file()
    );
}

#[test]
fn what_breaks_off_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let fault = Fault::Close(atlas_billing_mock::At::Body(50_000));
    let atlas = Atlas::start(scenario().fault(On::operation(Operation::Invoice).from(2), fault));
    let to = directory.path().to_str().unwrap();
    let message = atlas.fails(
        7,
        &["invoices", "items", "2025-01..2025-02", "--output-dir", to],
    );
    assert!(
        message.contains(&format!("invoice {INVOICE_ID}")),
        "{message}"
    );
    let entries: Vec<String> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        entries,
        ["period=2025-01"],
        "the first is whole, the second absent"
    );
}

#[test]
fn several_invoices_come_oldest_first_and_once() {
    let atlas = atlas();
    let ran = atlas.ok(&[
        "invoices",
        "items",
        "last-quarter",
        "2024-12",
        "-o",
        "jsonl",
    ]);
    let mut months: Vec<Value> = ran
        .jsonl()
        .into_iter()
        .map(|row| row["period_start"].clone())
        .collect();
    months.dedup();
    assert_eq!(
        months,
        ["2024-10-01", "2024-11-01", "2024-12-01"].map(|day| format!("{day}T00:00:00Z"))
    );

    let ran = atlas.ok(&[
        "invoices", "items", "ytd", "--status", "pending", "-o", "jsonl",
    ]);
    assert!(
        ran.jsonl()
            .iter()
            .all(|row| row["invoice_id"] == PENDING_INVOICE_ID)
    );
    let message = atlas.fails(4, &["invoices", "items", "ytd", "--status", "FREE"]);
    assert!(message.contains("no such invoice"), "{message}");

    let raw = atlas.ok(&["invoices", "items", "2025-01..2025-02", "-o", "raw-json"]);
    assert_eq!(raw.jsonl().len(), 2, "a document a line");
    let message = atlas.fails(
        2,
        &["invoices", "items", "2025-01..2025-02", "-o", "raw-csv"],
    );
    assert!(message.contains("--output-dir"), "{message}");
    let message = atlas.fails(4, &["invoices", "items", "2010"]);
    assert!(message.contains("nearest after"), "{message}");
}
