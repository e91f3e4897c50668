//! `invoices reconcile` and `forecast`: figures that were calculated by hand, and how they end.

use atlas_billing_mock::{Fault, On, Operation, PENDING_INVOICE_ID};
use serde_json::{Value, json};

use super::atlas::{Atlas, atlas, scenario};

/// A stand-in whose every invoice is this one.
fn with_invoice(invoice: &Value) -> Atlas {
    let media = "application/vnd.atlas.2023-01-01+json;charset=utf-8";
    let reply = Fault::Reply {
        status: 200,
        headers: vec![("content-type".to_owned(), media.to_owned())],
        body: invoice.to_string().into(),
    };
    Atlas::start(scenario().fault(On::operation(Operation::Invoice), reply))
}

fn invoice(subtotal: i64) -> Value {
    json!({
        "id": PENDING_INVOICE_ID, "statusName": "CLOSED",
        "startDate": "2025-02-01T00:00:00Z", "endDate": "2025-03-01T00:00:00Z",
        "subtotalCents": subtotal, "creditsCents": 500, "amountBilledCents": subtotal - 500,
        "lineItems": [
            {"sku": "A", "quantity": 10, "unitPriceDollars": 2, "totalPriceCents": 2000},
            {"sku": "B", "quantity": 1, "unitPriceDollars": 3, "totalPriceCents": 300},
        ],
    })
}

#[test]
fn an_invoice_that_reconciles_says_so_with_its_rows() {
    let atlas = with_invoice(&invoice(2300));
    let ran = atlas.ok(&["invoices", "reconcile", "last", "--strict"]);
    for line in [
        "= Subtotal",
        "23.00",
        "= Amount billed",
        "18.00",
        "Reconciled: ",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    let rows = atlas
        .ok(&["invoices", "reconcile", "last", "-o", "jsonl"])
        .jsonl();
    let totals = rows.iter().filter(|row| row["kind"] == "total");
    let totals: Vec<_> = totals
        .map(|row| (&row["label"], &row["amount_cents"]))
        .collect();
    assert_eq!(totals[0], (&json!("Subtotal"), &json!(2300)));
    assert_eq!(totals[1], (&json!("Amount billed"), &json!(1800)));
}

#[test]
fn an_invoice_that_does_not_reconcile_is_an_exit_code_where_that_is_wanted() {
    // The items come to 23.00; 30.00 are stated: 7.00 more.
    let atlas = with_invoice(&invoice(3000));
    let ran = atlas.ok(&["invoices", "reconcile", "last"]);
    assert!(
        ran.stdout
            .contains("Not reconciled: subtotalCents is +7.00"),
        "{}",
        ran.stdout
    );
    let ran = atlas.run(&["invoices", "reconcile", "last", "--strict"]);
    assert_eq!(ran.code, Some(8));
    assert!(
        ran.stdout.contains("Difference"),
        "the statement is written first: {}",
        ran.stdout
    );
    assert!(ran.stderr.contains("not reconciled"), "{}", ran.stderr);
}

#[test]
fn the_bridge_from_focus_ends_in_the_amount_billed() {
    let ran = atlas().ok(&["invoices", "reconcile", "last", "--focus", "-o", "jsonl"]);
    let rows = ran.jsonl();
    let last = rows
        .iter()
        .rfind(|row| row["part"] == "focus" && row["kind"] == "total");
    let billed = rows.iter().find(|row| row["label"] == "Amount billed");
    let cents = billed.unwrap()["amount_cents"].as_i64().unwrap();
    let dollars = last.unwrap()["amount"].to_string();
    assert_eq!(
        dollars.replace('.', "").parse::<i64>().unwrap(),
        cents,
        "{dollars}"
    );
}

#[test]
fn a_flat_month_is_forecast_exactly() {
    // 10.00 a day; on the 9th the days through the 7th are complete: 7 x 10.00 + 24 x 10.00, and
    // support of 49.00 once.
    let mut items: Vec<Value> = (1..=8)
        .map(|day| {
            json!({
                "sku": "A", "totalPriceCents": 1000, "groupName": if day < 8 { "web" } else { "api" },
                "startDate": format!("2025-03-{day:02}T00:00:00Z"),
                "endDate": format!("2025-03-{:02}T00:00:00Z", day + 1),
            })
        })
        .collect();
    items.push(json!({
        "sku": "SUPPORT", "totalPriceCents": 4900,
        "startDate": "2025-03-01T00:00:00Z", "endDate": "2025-04-01T00:00:00Z",
    }));
    let atlas = with_invoice(&json!({"id": PENDING_INVOICE_ID, "lineItems": items}));
    let rows = atlas.ok(&["forecast", "-o", "jsonl"]).jsonl();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(row["month"], "2025-03");
    assert_eq!(row["complete_through"], "2025-03-07");
    assert_eq!(row["forecast_cents"], 31 * 1000 + 4900);
    assert_eq!(
        (&row["low_cents"], &row["high_cents"]),
        (&json!(35_900), &json!(35_900))
    );

    let ran = atlas.ok(&["forecast", "--by", "sku"]);
    assert!(ran.stdout.contains("359.00"), "{}", ran.stdout);
    let ran = atlas.run(&["forecast", "--by", "day"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}

#[test]
fn a_forecast_over_a_limit_is_an_exit_code_after_the_data() {
    let atlas = atlas();
    let ran = atlas.run(&["forecast", "--fail-over", "1"]);
    assert_eq!(ran.code, Some(8));
    assert!(ran.stdout.contains("forecast"), "{}", ran.stdout);
    let line = ran.stderr.lines().find(|line| line.starts_with("error: "));
    assert!(
        line.unwrap().contains("over the limit of 1.00 by "),
        "{}",
        ran.stderr
    );
    atlas.ok(&["forecast", "--fail-over", "1000000"]);
    let ran = atlas.ok(&["forecast", "--warn-over", "+0%", "--fail-over", "+900%"]);
    assert!(!ran.stderr.contains("error"), "{}", ran.stderr);
    // Both months in as many days: 28 are scaled to 31.
    let message = atlas
        .run(&["forecast", "--by", "sku", "--each", "--warn-over", "+0%"])
        .stderr;
    let scaled = "(gross: prices and credits, discounts not subtracted, before tax); compared with 2025-02, \
                  its 28 days scaled to 31";
    assert!(message.trim_end().ends_with(scaled), "{message}");
    let ran = atlas.run(&[
        "forecast",
        "--by",
        "project",
        "--each",
        "--fail-over",
        "600",
    ]);
    assert_eq!(ran.code, Some(8));
    assert!(ran.stderr.contains(" for "), "{}", ran.stderr);
    for (args, words) in [
        (["forecast", "--each", "--fail-over", "1"], "needs --by"),
        (
            ["forecast", "-q", "--fail-over", "20%"],
            "neither an amount",
        ),
    ] {
        let ran = atlas.run(&args);
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

#[test]
fn of_a_forgiven_invoice_the_amount_due_is_marked() {
    let atlas = atlas();
    let note = "the status is FORGIVEN: the figures are as the service states them, and by this status \
                nothing of them is collected";
    for (line, marked) in [
        ("invoices reconcile 2024-06", "= Outstanding, FORGIVEN"),
        ("invoices show 2024-06", "amount due in USD, FORGIVEN"),
        ("invoices list 2024-06", "2024-06: the status"),
    ] {
        let shown = atlas.ok(&line.split(' ').collect::<Vec<_>>()).stdout;
        assert!(
            shown.contains(note) && shown.contains(marked),
            "{line}: {shown}"
        );
    }
    let paid = atlas.ok(&["invoices", "reconcile", "2024-07"]).stdout;
    assert!(!paid.contains("FORGIVEN"), "{paid}");
}

#[test]
fn a_running_invoice_says_up_to_which_day_and_from_which_it_is_incomplete() {
    let atlas = atlas();
    let statement = atlas.ok(&["invoices", "reconcile", "current"]).stdout;
    assert!(
        statement.contains("data as of 2025-03-09, still growing."),
        "{statement}"
    );
    let days = |line: &[&str]| {
        atlas
            .ok(&[&["invoices", "show"], line, &["--by", "day"]].concat())
            .stdout
    };
    let incomplete = "Days from 2025-03-08 on are incomplete";
    assert!(days(&["current"]).contains(incomplete));
    for complete in [&["last"] as &[&str], &["current", "--until", "2025-03-05"]] {
        let shown = days(complete);
        assert!(!shown.contains("are incomplete"), "{shown}");
    }
}

#[test]
fn a_limit_inside_the_range_of_a_forecast_is_a_warning() {
    let atlas = atlas();
    let row = &atlas.ok(&["forecast", "-o", "json"]).json()[0];
    let [middle, high] =
        ["forecast_cents", "high_cents"].map(|column| row[column].as_i64().unwrap());
    let said = |cents: i64| {
        let limit = format!("{}.{:02}", cents / 100, cents % 100);
        let said = |flag: &str| atlas.ok(&["forecast", "-q", flag, &limit]).stderr;
        assert_eq!(said("--fail-over"), said("--warn-over"));
        said("--fail-over")
    };
    let near = said(middle);
    assert!(
        near.starts_with("warning: the forecast of 2025-03 is "),
        "{near}"
    );
    assert!(near.contains(", but its range reaches "), "{near}");
    assert_eq!(near.lines().count(), 1);
    assert_eq!(said(high - 1).lines().count(), 1);
    assert_eq!(said(high), "");
}

#[test]
fn a_forecast_has_net_beside_gross() {
    // 10.00 a day with 1.00 off, and a credit of 5.00: 31 x 10.00 - 5.00, and 31 x 9.00 - 5.00.
    let mut items: Vec<Value> = (1..=8)
        .map(|day| {
            json!({
                "sku": "A", "totalPriceCents": 1000, "discountCents": 100,
                "startDate": format!("2025-03-{day:02}T00:00:00Z"),
                "endDate": format!("2025-03-{:02}T00:00:00Z", day + 1),
            })
        })
        .collect();
    items.push(json!({
        "sku": "CREDIT", "totalPriceCents": -500, "startDate": "2025-03-01T00:00:00Z",
        "endDate": "2025-03-02T00:00:00Z",
    }));
    let atlas = with_invoice(&json!({"id": PENDING_INVOICE_ID, "lineItems": items}));
    let row = &atlas.ok(&["forecast", "-o", "json"]).json()[0];
    assert_eq!(
        (&row["forecast_cents"], &row["net_forecast_cents"]),
        (&json!(30_500), &json!(27_400))
    );
    assert_eq!(
        (&row["net_low_cents"], &row["net_high_cents"]),
        (&json!(27_400), &json!(27_400))
    );

    let table = atlas.ok(&["forecast"]).stdout;
    let line = |name: &str| {
        let line = table
            .lines()
            .find(|line| line.starts_with(&format!("{name}  ")));
        let figures =
            line.unwrap_or_else(|| panic!("{name}: {table}"))[name.len()..].split_whitespace();
        figures.collect::<Vec<_>>().join(" ")
    };
    for (name, figures) in [
        ("7 complete days", "70.00 63.00"),
        ("24 days left, estimated", "240.00 216.00"),
        ("charged by the month", "0.00 0.00"),
        ("credits", "-5.00 -5.00"),
        ("forecast", "305.00 274.00"),
        ("posted so far, incomplete days included", "75.00 67.00"),
    ] {
        assert_eq!(line(name), figures, "{name}");
    }
    assert!(
        table.contains("of the same kind and no further credits come."),
        "{table}"
    );

    let by = atlas.ok(&["forecast", "--by", "sku"]).stdout;
    let total = by.lines().find(|line| line.starts_with("total  "));
    let total: Vec<_> = total.unwrap().split_whitespace().collect();
    assert_eq!(
        total,
        [
            "total", "70.00", "240.00", "0.00", "-5.00", "305.00", "305.00", "305.00", "274.00"
        ]
    );
    // Where there is no room, what the forecast is the sum of gives way.
    let mut narrow = atlas.command(&["forecast", "--by", "sku"]);
    narrow.env("COLUMNS", "80");
    let narrow = super::atlas::Ran::of(narrow).stdout;
    assert!(
        !narrow.contains("complete days  ") && narrow.contains("forecast, net"),
        "{narrow}"
    );
}

#[test]
fn the_figures_of_an_invoice_say_what_they_are_to_each_other() {
    let atlas = atlas();
    let stdout = |line: &str| atlas.ok(&line.split(' ').collect::<Vec<_>>()).stdout;
    let show = stdout("invoices show last");
    let at = |name: &str| show.find(&format!("\n{name}  ")).unwrap();
    let names = [
        "credits",
        "amount billed",
        "sales tax",
        "starting balance",
        "amount paid",
    ];
    assert!(names.map(at).is_sorted(), "{show}");
    let relation = "By the documented rule billed is before tax, and paid with it.";
    assert!(show.contains(relation) && stdout("invoices list").contains(relation));

    let record = &atlas.ok(&["invoices", "show", "last", "-o", "json"]).json()[0];
    let gross = record["items_gross_cents"].as_i64().unwrap();
    let rows = atlas
        .ok(&["invoices", "reconcile", "last", "-o", "json"])
        .json();
    let row = |label: &str| {
        let mut rows = rows.as_array().unwrap().iter();
        rows.find(|row| row["label"] == label).unwrap()["amount_cents"]
            .as_i64()
            .unwrap()
    };
    assert_eq!(row("Sum of all line items"), gross);
    assert_eq!(
        row("Line items below zero, equal to the credits"),
        row("Credits")
    );

    let focus = stdout("focus last --by ServiceName");
    assert!(
        focus.contains("What is due also has tax, adjustments and refunds"),
        "{focus}"
    );
}

#[test]
fn what_has_no_tag_is_one_figure_everywhere() {
    let atlas = atlas();
    let stdout = |line: &str| atlas.ok(&line.split(' ').collect::<Vec<_>>()).stdout;
    // Each item of the built-in data has all keys or none.
    let tags = stdout("invoices tags last");
    let note = tags
        .lines()
        .find_map(|line| line.strip_prefix("Without tags: "));
    let part = note.unwrap().split_once(';').unwrap().0;
    assert!(part.contains(" of prices above zero, "), "{part}");
    let by = stdout("invoices show last --by tag:env");
    assert!(by.contains(&format!("Without this tag: {part};")), "{by}");
    let report = stdout("report 2025-02 -o markdown");
    let (amounts, share) = part.rsplit_once(", ").unwrap();
    let row = format!("| Untagged | {share} | 2025-02: {amounts} |");
    assert!(report.contains(&row), "{row}: {report}");
}
