//! What figures are of: the same in each command, or the difference is named.

use atlas_billing_mock::{Fault, INVOICE_ID, LINKED_ORG_ID, ORG_ID, On, Operation, PROJECT_IDS};
use serde_json::{Value, json};

use super::atlas::{Atlas, Ran, atlas, scenario};

/// The sum of a column of cents.
fn cents(ran: &Ran, column: &str) -> i64 {
    let rows = ran.json();
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row[column].as_i64().unwrap_or_default())
        .sum()
}

/// The sum of the amounts of `costs`, in cents.
fn costs(atlas: &Atlas, more: &[&str]) -> i64 {
    let ran = atlas.ok(&[&["costs", "2025-02", "-o", "json"], more].concat());
    let rows = ran.json();
    let amounts = rows.as_array().unwrap().iter().map(|row| {
        // Cents exactly: the stand-in sends amounts with two decimals at most.
        (row["usage_amount"].as_f64().unwrap() * 100.0).round() as i64
    });
    amounts.sum()
}

#[test]
fn one_month_is_the_same_in_each_command() {
    let atlas = Atlas::start(scenario().with_linked_invoices());
    let run = |line: &str| {
        let args: Vec<&str> = line.split(' ').chain(["-o", "json"]).collect();
        atlas.ok(&args)
    };
    let show = run("invoices show 2025-02");
    let (gross, discount) = (
        cents(&show, "items_gross_cents"),
        cents(&show, "items_discount_cents"),
    );
    let (net, billed) = (
        cents(&show, "items_net_cents"),
        cents(&show, "amount_billed_cents"),
    );
    // With the invoice's own figures: net is gross less discounts, credits are lines and a figure.
    assert_eq!(net, gross - discount);
    let (subtotal, credits) = (
        cents(&show, "subtotal_cents"),
        cents(&show, "credits_cents"),
    );
    assert_eq!((net, billed), (subtotal - credits, subtotal - credits));
    assert!(gross > billed && billed > 0 && credits > 0);

    assert_eq!(costs(&atlas, &[]), billed);
    let groups = run("invoices show 2025-02 --by project,sku");
    assert_eq!(cents(&groups, "gross_cents"), gross);
    assert_eq!(cents(&groups, "net_cents"), net);
    let compare = run("invoices compare 2025-01 2025-02");
    assert_eq!(cents(&compare, "to_gross_cents"), gross);
    let items = run("invoices items 2025-02");
    assert_eq!(cents(&items, "total_price_cents"), gross);
    assert_eq!(cents(&items, "discount_cents"), discount);
    let statement = run("invoices reconcile 2025-02");
    let rows = statement.json();
    let row = |label: &str| {
        let mut rows = rows.as_array().unwrap().iter();
        let row = rows.find(|row| row["label"] == label);
        row.unwrap()["amount_cents"].as_i64().unwrap()
    };
    assert_eq!((row("Subtotal"), row("Amount billed")), (subtotal, billed));
    assert_eq!(row("Amount due"), billed + cents(&show, "sales_tax_cents"));

    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    atlas.ok(&["invoices", "items", "2025-02", "--output-dir", directory]);
    let path = folder
        .path()
        .join(format!("period=2025-02/{INVOICE_ID}.jsonl"));
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        row["total_price_cents"].as_i64().unwrap()
    });
    assert_eq!(lines.sum::<i64>(), gross);
}

#[test]
fn linked_organizations_are_included_omitted_or_alone_alike() {
    let atlas = Atlas::start(scenario().with_linked_invoices().organizations(3));
    let of = |how: &str| {
        let items = atlas.ok(&[
            "invoices", "items", "2025-02", "--linked", how, "-o", "json",
        ]);
        let net = cents(&items, "total_price_cents") - cents(&items, "discount_cents");
        (costs(&atlas, &["--linked", how]), net, items.json())
    };
    let (include, omit, only) = (of("include"), of("omit"), of("only"));
    assert_eq!(include.0, omit.0 + only.0);
    assert!(omit.0 > 0 && only.0 > 0);
    for (costs, items, _) in [&include, &omit, &only] {
        assert_eq!(costs, items);
    }
    assert_eq!(costs(&atlas, &[]), omit.0, "the default");
    for (rows, linked) in [(&omit.2, ORG_ID), (&only.2, LINKED_ORG_ID)] {
        let mut rows = rows.as_array().unwrap().iter();
        assert!(rows.all(|row| row["used_by_org_id"] == linked && row["org_id"] == ORG_ID));
    }
    // A grouping that covers the whole.
    let ran = atlas.ok(&["costs", "2025-02", "--by", "organization", "-o", "json"]);
    let rows = ran.json();
    let rows = rows.as_array().unwrap();
    let ids: Vec<_> = rows.iter().map(|row| &row["organization_id"]).collect();
    assert_eq!(ids, [ORG_ID, LINKED_ORG_ID]);
    assert_eq!(costs(&atlas, &["--by", "organizations"]), include.0);
    let alone = Atlas::start(scenario());
    let message = alone.fails(4, &["costs", "2025-02", "--linked", "only"]);
    assert!(message.contains("no organization is linked"), "{message}");
}

#[test]
fn each_table_says_whose_amounts_it_has() {
    let atlas = Atlas::start(scenario().with_linked_invoices());
    let alone = format!("Scope: organization {ORG_ID} alone");
    let linked = format!("Scope: organization {ORG_ID} and those linked to it");
    let only = format!("Scope: organizations linked to {ORG_ID}, without it");
    for (line, scope, through) in [
        ("costs 2025-02", &alone, "; data through 2025-02-28."),
        (
            "costs mtd --linked include",
            &linked,
            "; 2025-03 to date, still growing.",
        ),
        ("invoices list", &alone, "."),
        ("invoices show last", &alone, "; data through 2025-02-28."),
        (
            "invoices show last --by sku --linked only",
            &only,
            "; data through 2025-02-28.",
        ),
        (
            "invoices compare 2025-01 2025-02",
            &alone,
            "; data of 2025-01 through 2025-01-31, of 2025-02 through 2025-02-28.",
        ),
        (
            "invoices compare mtd",
            &alone,
            "; data of 2025-02 through 2025-02-28, of 2025-03 as of 2025-03-09, still growing.",
        ),
        (
            "costs 2025-02 --compare --linked include",
            &linked,
            "; data of 2025-01 through 2025-01-31, of 2025-02 through 2025-02-28.",
        ),
        ("invoices tags last", &alone, "; data through 2025-02-28."),
        (
            "invoices show 2025-01..2025-02",
            &alone,
            "; data through 2025-02-28.",
        ),
        (
            "forecast",
            &alone,
            "; data as of 2025-03-09, still growing.",
        ),
        (
            "invoices items last --linked include",
            &linked,
            "; data through 2025-02-28.",
        ),
        (
            "invoices search last --service Support",
            &alone,
            "; data through 2025-02-28.",
        ),
        (
            "invoices reconcile last",
            &alone,
            "; data through 2025-02-28.",
        ),
        (
            "focus last --by ServiceName",
            &alone,
            "; data through 2025-02-28.",
        ),
    ] {
        for form in ["table", "markdown"] {
            let args: Vec<&str> = line.split(' ').chain(["-o", form]).collect();
            let text = atlas.ok(&args).stdout;
            assert!(
                text.contains(&format!("{scope}{through}")),
                "{line}: {text}"
            );
        }
        let args: Vec<&str> = line.split(' ').chain(["-o", "csv"]).collect();
        assert!(!atlas.ok(&args).stdout.contains("Scope:"), "{line}");
    }
}

#[test]
fn costs_are_held_against_a_limit() {
    let atlas = atlas();
    let ends = |args: &[&str]| {
        let ran = atlas.run(&[&["costs"], args].concat());
        let line = ran.stderr.lines().last().unwrap_or_default().to_owned();
        (ran.code, line, ran.stdout)
    };
    let (code, line, table) = ends(&["2025-02", "--fail-over", "1"]);
    assert_eq!(code, Some(8));
    assert!(table.contains("total"), "the data is there all the same");
    assert!(line.starts_with("error: the cost of 2025-02 is "), "{line}");
    assert!(line.contains(", over the limit of 1.00 by "), "{line}");
    assert_eq!(ends(&["2025-02", "--fail-over", "1000000"]).0, Some(0));
    let (code, line, _) = ends(&["2025-02", "--warn-over", "1", "--each"]);
    assert_eq!(code, Some(0));
    assert!(
        line.starts_with("warning: the cost of 2025-02 for "),
        "{line}"
    );
    let (code, line, _) = ends(&["2025-02", "--fail-over", "+0%", "--each"]);
    assert_eq!(code, Some(8));
    let scaled = "(as Cost Explorer has it, with or without discounts); compared with 2025-01, its 31 days scaled to 28";
    assert!(line.contains(scaled), "{line}");
    for args in [
        ["mtd", "--fail-over", "+10%"].as_slice(),
        &["2025-02", "--fail-over", "1", "-o", "raw-csv"],
        &["2025-02", "--fail-over", "1", "--no-wait"],
    ] {
        let args = [&["costs"], args].concat();
        atlas.fails(2, &args);
    }
}

#[test]
fn a_name_that_is_not_there_is_no_zero() {
    let atlas = atlas();
    let unknown = "61b0aa11bb22cc33dd44ee99";
    for (line, part) in [
        (
            "invoices show last --project analitics",
            "did you mean \"analytics\"?",
        ),
        ("invoices show last --by tag:Team", "did you mean \"team\"?"),
        (
            "invoices items last --sku ATLAS_AWS_INSTANCE_M77 -o jsonl",
            "did you mean \"ATLAS_AWS_INSTANCE_M",
        ),
        (
            "invoices items last --cluster booking-prodd -o jsonl",
            "did you mean \"booking-prod\"?",
        ),
        (
            "invoices compare --project analitics",
            "did you mean \"analytics\"?",
        ),
        (
            "invoices compare --by tag:Team --top 1",
            "did you mean \"team\"?",
        ),
        (
            "invoices tags last --project analitics",
            "did you mean \"analytics\"?",
        ),
        (
            "invoices show last-2-months --by sku --project analitics",
            "did you mean \"analytics\"?",
        ),
        (
            "invoices show last-2-months --by tag:Team",
            "did you mean \"team\"?",
        ),
        (
            "costs 2025-02 --project nowhere",
            "no project is named \"nowhere\"",
        ),
        (
            &format!("costs 2025-02 --project {unknown}"),
            &format!("no project has the id \"{unknown}\""),
        ),
        (
            &format!("costs 2025-02 --by projects --project {unknown}"),
            "no project has the id",
        ),
        ("invoices show 2031-01", "2031-01"),
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let message = atlas.fails(4, &args);
        assert!(message.contains(part), "{line}: {message}");
    }
    for (line, part) in [
        (
            "costs 2031-01",
            "warning: no costs in 2031-01: it has not begun",
        ),
        (
            "invoices show last --tag team=nobody",
            "warning: no line item has the tag team=nobody",
        ),
        (
            "invoices compare --tag team=nobody",
            "warning: no line item has the tag team=nobody",
        ),
        (
            "invoices tags last --tag team=nobody",
            "warning: no line item has the tag team=nobody",
        ),
        (
            "invoices show last --project analytics --cluster booking-prod",
            "warning: no line item passes all filters together",
        ),
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let ran = atlas.run(&args);
        assert!(ran.stderr.contains(part), "{line}: {}", ran.stderr);
    }
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let into_files = [
        "invoices",
        "items",
        "last",
        "--sku",
        "NONE_SUCH",
        "--output-dir",
        directory,
    ];
    let message = atlas.fails(4, &into_files);
    assert!(message.contains("no line item is of the SKU"), "{message}");
    let known = atlas.ok(&["costs", "2025-02", "--project", PROJECT_IDS[0]]);
    assert!(!known.stderr.contains("warning"), "{}", known.stderr);
}

/// An invoice that states 20.00, with lines of 10.00, 5.00 and 1.00.
fn odd() -> Atlas {
    let line = |sku: &str, cents: i64, tags: Value| json!({"sku": sku, "totalPriceCents": cents, "tags": tags});
    let body = json!({
        "id": INVOICE_ID, "orgId": ORG_ID, "statusName": "PAID",
        "startDate": "2025-02-01T00:00:00Z", "endDate": "2025-03-01T00:00:00Z",
        "subtotalCents": 2000, "amountBilledCents": 2000, "creditsCents": 0, "salesTaxCents": 0,
        "lineItems": [
            line("A", 1000, json!({"team": ["web"]})),
            line("B", 500, json!({"team": [""]})),
            line("C", 100, json!({})),
        ],
    });
    let body = body.to_string();
    Atlas::start(scenario().fault(On::operation(Operation::Invoice), Fault::Body(body.into())))
}

#[test]
fn an_invoice_that_does_not_reconcile_is_warned_of() {
    let atlas = odd();
    let warned = |line: &str| {
        let args: Vec<&str> = line.split(' ').collect();
        let ran = atlas.ok(&args);
        ran.stderr.matches("warning: invoice").count()
    };
    for command in ["show", "items"] {
        assert_eq!(
            warned(&format!("invoices {command} {INVOICE_ID} -o csv")),
            1
        );
        assert_eq!(
            warned(&format!("invoices {command} {INVOICE_ID} --sku A")),
            0
        );
        assert_eq!(
            warned(&format!("invoices {command} {INVOICE_ID} -o raw-json")),
            0
        );
    }
    let ran = atlas.ok(&["invoices", "show", INVOICE_ID]);
    // 20.00 are stated, 16.00 are there.
    assert!(ran.stderr.contains("+4.00"), "{}", ran.stderr);
    let february = super::atlas::atlas();
    for command in ["show", "items"] {
        let ran = february.ok(&["invoices", command, "last", "-o", "csv"]);
        assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    }
}

/// An invoice of 10.00 with a credit of 2.00, to be paid in euros at 0.9.
fn with_credit() -> Atlas {
    let line = |sku: &str, cents: i64, of: Value| {
        let mut line = json!({"sku": sku, "totalPriceCents": cents});
        line.as_object_mut()
            .unwrap()
            .extend(of.as_object().unwrap().clone());
        line
    };
    let web = json!({"groupId": PROJECT_IDS[0], "groupName": "web", "tags": {"team": ["web"]}});
    let body = json!({
        "id": INVOICE_ID, "orgId": ORG_ID, "statusName": "PAID",
        "startDate": "2025-02-01T00:00:00Z", "endDate": "2025-03-01T00:00:00Z",
        "subtotalCents": 1000, "amountBilledCents": 800, "creditsCents": 200, "salesTaxCents": 0,
        "startingBalanceCents": 0,
        "payments": [{"id": "p", "currency": "EUR", "unitPrice": "0.9", "amountBilledCents": 800,
            "salesTaxCents": 0}],
        "lineItems": [line("USED", 1000, web), line("CREDIT", -200, json!({}))],
    });
    let fault = Fault::Body(body.to_string().into());
    Atlas::start(scenario().fault(On::operation(Operation::Invoice), fault))
}

#[test]
fn a_note_says_where_credits_are_and_nothing_where_there_are_none() {
    let table = |atlas: &Atlas, by: &str| {
        atlas
            .ok(&["invoices", "show", INVOICE_ID, "--by", by])
            .stdout
    };
    let atlas = with_credit();
    for (by, rows) in [
        ("sku", "CREDIT"),
        ("project", "(none)"),
        ("tag:team", "(untagged)"),
        ("project,sku", "(none)/CREDIT"),
    ] {
        let text = table(&atlas, by);
        let note = format!("Gross contains credits of -2.00: in {rows}.\n");
        assert!(text.contains(&note), "{by}: {text}");
        assert!(!text.contains("stand apart"), "{text}");
    }
    // What is not known of the invoice is not said: whether its prices are before discounts.
    let without = table(&odd(), "sku");
    assert!(!without.contains("credits"), "{without}");
    assert!(
        without.contains("Gross is the sum of prices, before tax.\n"),
        "{without}"
    );
}

#[test]
fn an_amount_of_another_currency_names_it() {
    let atlas = with_credit();
    let table = atlas.ok(&["invoices", "show", INVOICE_ID]).stdout;
    // 8.00 at 0.9.
    let due = table
        .lines()
        .find(|line| line.starts_with("amount due"))
        .unwrap();
    let due: Vec<&str> = due.split_whitespace().collect();
    assert_eq!(due, ["amount", "due", "in", "EUR", "7.20"], "{table}");
    let row = atlas
        .ok(&["invoices", "show", INVOICE_ID, "-o", "json"])
        .json();
    assert_eq!(row[0]["owed_as_documented_cents"].to_string(), "720");
    assert_eq!(row[0]["payments"][0]["currency"], "EUR");
}

#[test]
fn blanks_have_one_meaning_each() {
    let atlas = odd();
    let show = [
        "invoices", "show", INVOICE_ID, "--by", "tag:team", "-o", "csv",
    ];
    let csv = atlas.ok(&show).stdout;
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    let begins = |row: &str, with: &str| row.starts_with(&format!("{INVOICE_ID},2025-02,{with}"));
    assert!(begins(rows[0], "group,web,1000,0,1000,"), "{csv}");
    assert!(begins(rows[1], "group,(empty),500,"), "{csv}");
    assert!(begins(rows[2], "group,(untagged),100,"), "{csv}");
    let csv = atlas
        .ok(&[show.as_slice(), &["--top", "1"]].concat())
        .stdout;
    let last = csv.lines().last().unwrap();
    assert!(begins(last, "other,,600,"), "{csv}");
    let table = atlas
        .ok(&["invoices", "show", INVOICE_ID, "--by", "tag:team"])
        .stdout;
    assert!(
        table.contains("(empty)") && table.contains("(untagged)"),
        "{table}"
    );
}

#[test]
fn the_same_words_are_taken_everywhere() {
    let atlas = atlas();
    for (one, other) in [
        ("costs last --by project", "costs last-month --by projects"),
        ("costs current", "costs mtd"),
        ("invoices show mtd", "invoices show current"),
        ("invoices list last", "invoices list last-month"),
        (
            "invoices show last --by sku",
            "invoices show last-month --by skus",
        ),
    ] {
        let run = |line: &str| {
            let args: Vec<&str> = line.split(' ').collect();
            atlas.ok(&args).stdout
        };
        assert_eq!(run(one), run(other), "{one}");
    }
}

#[test]
fn what_has_no_project_is_a_row_of_its_own() {
    let atlas = atlas();
    let ran = atlas.ok(&["costs", "2025-02", "--by", "projects", "-o", "json"]);
    let rows = ran.json();
    let rest = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["kind"] == "not_listed");
    assert_eq!(rest.count(), 1);
    assert_eq!(
        costs(&atlas, &["--by", "projects"]),
        costs(&atlas, &["--by", "services"])
    );
    let table = atlas.ok(&["costs", "2025-02", "--by", "projects"]).stdout;
    let at = |text: &str| table.find(text).unwrap();
    assert!(
        at("analytics") < at("(not listed)"),
        "the rest comes last: {table}"
    );
    assert!(table.contains("support and credits"), "{table}");
}
