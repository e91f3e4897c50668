//! `--linked`: the same on each command, and each invoice under its own header.

use std::fs;
use std::path::Path;

use atlas_billing_mock::{Fault, INVOICE_ID, LINKED_ORG_ID, LINKED_ORG_NAME, ORG_ID, ORG_NAME, On};
use atlas_billing_mock::{Operation, ScenarioBuilder};
use serde_json::{Value, json};

use super::atlas::{Atlas, scenario};

const LINKED_INVOICE: &str = "64b7f0a1c2d3e4f506172839";

fn three() -> ScenarioBuilder {
    scenario().with_linked_invoices().organizations(3)
}

/// An invoice of 10.00, and one of 5.00 that is linked to it.
fn small() -> Atlas {
    let line = |sku: &str, cents: i64| json!({"sku": sku, "totalPriceCents": cents});
    let invoice = |id: &str, org: &str, billed: i64, items: Value| {
        json!({
            "id": id, "orgId": org, "statusName": "PAID",
            "startDate": "2025-02-01T00:00:00Z", "endDate": "2025-03-01T00:00:00Z",
            "subtotalCents": billed, "amountBilledCents": billed, "creditsCents": 0,
            "salesTaxCents": 0, "lineItems": items,
        })
    };
    let mut body = invoice(INVOICE_ID, ORG_ID, 1000, json!([line("A", 1000)]));
    let items = json!([line("A", 300), line("B", 200)]);
    body["linkedInvoices"] = json!([invoice(LINKED_INVOICE, LINKED_ORG_ID, 500, items)]);
    let owners = json!({"month": "02", "year": "2025", "associatedInvoices": [
        {"invoiceId": INVOICE_ID, "orgId": ORG_ID},
        {"invoiceId": LINKED_INVOICE, "orgId": LINKED_ORG_ID},
    ]});
    let mut scenario = three();
    for (operation, body) in [
        (Operation::Invoice, body),
        (Operation::AssociatedInvoices, owners),
    ] {
        scenario = scenario.fault(
            On::operation(operation),
            Fault::Body(body.to_string().into()),
        );
    }
    Atlas::start(scenario)
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a Value>, column: &str) -> i64 {
    let rows = rows.into_iter();
    rows.map(|row| row[column].as_i64().unwrap()).sum()
}

#[test]
fn a_comparison_has_the_same_line_items_as_the_invoices() {
    let atlas = Atlas::start(three());
    let gross = |line: &str, column: &str| {
        let rows = atlas.ok(&line.split(' ').collect::<Vec<_>>()).json();
        sum(rows.as_array().unwrap(), column)
    };
    for how in ["omit", "include", "only"] {
        let compare = format!("invoices compare 2025-01 2025-02 -o json --linked {how}");
        for (month, column) in [
            ("2025-01", "from_gross_cents"),
            ("2025-02", "to_gross_cents"),
        ] {
            let show = format!("invoices show {month} --by sku -o json --linked {how}");
            let shown = gross(&show, "gross_cents");
            assert_eq!(gross(&compare, column), shown, "{how} {month}");
            assert!(shown > 0);
        }
    }
    let ran = atlas.ok(&["invoices", "compare", "--linked", "only"]);
    let scope = format!(
        "Scope: organizations linked to {ORG_ID}, without it; data of 2025-01 through 2025-01-31, \
         of 2025-02 through 2025-02-28."
    );
    assert!(ran.stdout.contains(&scope), "{}", ran.stdout);
}

/// The sum of the amounts of an exported month, in cents.
fn exported(directory: &Path) -> i64 {
    let file = format!("costs/org_id={ORG_ID}/billing_period=2025-02/costs.jsonl");
    let text = fs::read_to_string(directory.join(file)).unwrap();
    let rows = text.lines().map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        (row["usage_amount"].as_f64().unwrap() * 100.0).round() as i64
    });
    rows.sum()
}

#[test]
fn exported_costs_are_those_of_costs() {
    let atlas = Atlas::start(three());
    let mut sums: Vec<i64> = Vec::new();
    for how in [
        &[] as &[&str],
        &["--linked", "include"],
        &["--linked", "only"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().to_str().unwrap();
        let export = [
            "export", "costs", "2025-02", "--to", to, "--format", "jsonl",
        ];
        atlas.ok(&[export.as_slice(), how].concat());
        let costs = atlas.ok(&[&["costs", "2025-02", "-o", "jsonl"], how].concat());
        let costs = costs.jsonl();
        let costs = costs
            .iter()
            .map(|row| row["usage_amount"].as_f64().unwrap());
        let costs = costs
            .map(|amount| (amount * 100.0).round() as i64)
            .sum::<i64>();
        assert_eq!(exported(folder.path()), costs, "{how:?}");
        sums.push(costs);
    }
    assert!(
        sums[0] > 0 && sums[2] > 0 && sums[1] == sums[0] + sums[2],
        "{sums:?}"
    );
}

#[test]
fn linked_is_refused_where_the_service_has_one_organization_each() {
    let atlas = Atlas::start(three());
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    for dataset in ["invoices", "focus"] {
        let line = [
            "export",
            "line-items",
            dataset,
            "--to",
            to,
            "--linked",
            "include",
        ];
        let message = atlas.fails(2, &line);
        let reason = format!("{dataset} are those of one organization each");
        assert!(message.contains(&reason), "{message}");
    }
    for command in ["show", "items"] {
        let line = [
            "invoices", command, "last", "--linked", "only", "-o", "raw-json",
        ];
        let message = atlas.fails(2, &line);
        assert!(
            message.contains("--linked has no effect on raw-json"),
            "{message}"
        );
    }
    // There is none to be shown alone.
    let alone = Atlas::start(scenario());
    for line in [
        "costs 2025-02",
        "invoices show last",
        "invoices show last --by sku",
        "invoices show last-2-months --by sku",
        "invoices items last -o jsonl",
        "invoices compare",
        "invoices tags last",
    ] {
        let line: Vec<&str> = line.split(' ').chain(["--linked", "only"]).collect();
        let message = alone.fails(4, &line);
        assert!(
            message.contains("no organization is linked to"),
            "{message}"
        );
    }
}

#[test]
fn each_organization_is_a_group_with_its_name() {
    let atlas = small();
    let csv = |line: &str| {
        let line: Vec<&str> = line.split(' ').chain(["-o", "csv"]).collect();
        atlas.ok(&line).stdout
    };
    // 10.00 of 15.00 are two thirds.
    assert_eq!(
        csv("invoices show last --by organization"),
        format!(
            "invoice_id,period,kind,used_by_org_id,used_by_org_name,gross_cents,discount_cents,net_cents,share,items,groups\n\
             {INVOICE_ID},2025-02,group,{ORG_ID},{ORG_NAME},1000,0,1000,0.6666666666666666,1,1\n\
             {INVOICE_ID},2025-02,group,{LINKED_ORG_ID},{LINKED_ORG_NAME},500,0,500,0.3333333333333333,2,1\n"
        )
    );
    let two = csv("invoices show last --by sku,organization");
    for row in [
        format!("group,A,{ORG_ID},{ORG_NAME},1000,"),
        format!("group,A,{LINKED_ORG_ID},{LINKED_ORG_NAME},300,"),
        format!("group,B,{LINKED_ORG_ID},{LINKED_ORG_NAME},200,"),
    ] {
        assert!(two.contains(&row), "{two}");
    }
    let only = csv("invoices show last --by organization --linked only");
    assert!(
        !only.contains(ORG_NAME) && only.contains(LINKED_ORG_NAME),
        "{only}"
    );
    let table = atlas
        .ok(&["invoices", "show", "last", "--by", "organizations"])
        .stdout;
    let title =
        format!("Invoice {INVOICE_ID}, 2025-02, PAID, and those linked to it, by organization\n");
    assert!(table.starts_with(&title), "{table}");
    assert!(
        table.contains(&format!("{ORG_NAME}  ")) && table.contains(LINKED_ORG_NAME),
        "{table}"
    );
    let message = atlas.fails(2, &["forecast", "--by", "organization"]);
    assert!(
        message.contains("of the organization's own line items"),
        "{message}"
    );

    // Without their list the ids have to do.
    let unlisted =
        Atlas::start(three().fault(On::operation(Operation::Organizations), Fault::Status(403)));
    let ran = unlisted.ok(&["invoices", "show", "last", "--by", "organization"]);
    assert!(ran.stdout.contains(LINKED_ORG_ID), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("are shown by their ids"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_linked_invoice_stands_under_its_own_header() {
    let atlas = small();
    let only = atlas
        .ok(&["invoices", "show", "last", "--linked", "only"])
        .stdout;
    let title =
        format!("Linked invoice {LINKED_INVOICE}, 2025-02, PAID, organization {LINKED_ORG_ID}\n");
    assert!(only.starts_with(&title), "{only}");
    assert!(
        !only.contains("10.00") && !only.contains(INVOICE_ID),
        "{only}"
    );
    let figure = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    for (name, amount) in [
        ("subtotal", "5.00"),
        ("amount billed", "5.00"),
        ("line items, gross", "5.00"),
    ] {
        assert_eq!(figure(&only, name), amount);
    }
    let scope = format!(
        "Scope: organization {LINKED_ORG_ID}, as {ORG_ID} sees it; data through 2025-02-28."
    );
    assert!(only.contains(&scope), "{only}");

    let include = ["invoices", "show", "last", "--linked", "include"];
    let rows = atlas
        .ok(&[include.as_slice(), &["-o", "json"]].concat())
        .json();
    let rows: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |column: &str| row[column].as_str().unwrap().to_owned();
            (
                text("org_id"),
                text("invoice_id"),
                row["subtotal_cents"].as_i64(),
                row["items_gross_cents"].as_i64(),
            )
        })
        .collect();
    let own = (
        ORG_ID.to_owned(),
        INVOICE_ID.to_owned(),
        Some(1000),
        Some(1000),
    );
    let linked = (
        LINKED_ORG_ID.to_owned(),
        LINKED_INVOICE.to_owned(),
        Some(500),
        Some(500),
    );
    assert_eq!(rows, [own, linked.clone()]);
    let table = atlas.ok(&include).stdout;
    let (own, linked) = table.split_once(&title).unwrap();
    assert_eq!(figure(own, "line items, gross"), "10.00");
    assert_eq!(figure(linked, "line items, gross"), "5.00");

    // Of groups, the title says whose they are.
    let groups = atlas
        .ok(&[
            "invoices", "show", "last", "--by", "sku", "--linked", "only",
        ])
        .stdout;
    assert!(
        groups.starts_with(&format!("Invoices linked to {INVOICE_ID}, ")),
        "{groups}"
    );
}

#[test]
fn months_of_linked_invoices_stand_apart_by_organization() {
    let atlas = Atlas::start(three());
    let line = [
        "invoices",
        "show",
        "2025-01..2025-02",
        "--linked",
        "include",
    ];
    let table = atlas.ok(&line).stdout;
    assert!(table.starts_with("Invoices 2025-01..2025-02\n"), "{table}");
    let title = format!("Linked invoices 2025-01..2025-02, organization {LINKED_ORG_ID}\n");
    assert!(table.contains(&title), "{table}");
    let groups = [
        "invoices",
        "show",
        "2025-01..2025-02",
        "--by",
        "organization",
    ];
    let table = atlas.ok(&groups).stdout;
    assert!(
        table.contains(ORG_NAME) && table.contains(LINKED_ORG_NAME),
        "{table}"
    );
}

/// An invoice of another organization may be named by its id: every command says whose it is.
#[test]
fn a_linked_invoice_that_is_named_is_not_the_payers() {
    let atlas = Atlas::start(three());
    let listed = atlas.ok(&["invoices", "show", "last", "--linked", "only", "-o", "json"]);
    let id = listed.json()[0]["invoice_id"].as_str().unwrap().to_owned();
    let whose = format!("Scope: organization {LINKED_ORG_ID}, as {ORG_ID} sees it");
    for (command, more) in [
        ("show", ""),
        ("show", " --by project"),
        ("reconcile", ""),
        ("items", " --since 2025-02-28"),
        ("tags", ""),
        ("compare", " 2025-02"),
    ] {
        let line = format!("invoices {command} {id}{more}");
        let shown = atlas.ok(&line.split(' ').collect::<Vec<_>>()).stdout;
        assert!(shown.contains(&whose), "{line}: {shown}");
        let alone = format!("Scope: organization {ORG_ID} alone");
        assert!(!shown.contains(&alone), "{line}: {shown}");
    }
    // What a search finds does not say whose it is.
    let found = atlas.ok(&["invoices", "search", &id]).stdout;
    let unknown = format!("Scope: the organization of invoice {id}, as {ORG_ID} sees it.");
    assert!(found.contains(&unknown), "{found}");
}
