//! What changed, month by month and day by day. The invoices are small enough to be added up by hand,
//! which is where the expected figures come from.

use atlas_billing_mock::{Fault, INVOICE_ID, On, Operation, PENDING_INVOICE_ID};
use serde_json::{Value, json};

use super::atlas::{Atlas, scenario};

/// SKU and cents of an item that is charged for a day.
type Line<'a> = (u32, &'a str, i64);

fn item(month: u32, (day, sku, cents): Line<'_>) -> Value {
    json!({
        "sku": sku, "totalPriceCents": cents, "groupName": "web",
        "startDate": format!("2025-{month:02}-{day:02}T00:00:00Z"),
        "endDate": format!("2025-{month:02}-{day:02}T23:00:00Z"),
    })
}

/// Support for all of a month.
fn support(month: u32, cents: i64) -> Value {
    json!({
        "sku": "SUPPORT", "totalPriceCents": cents,
        "startDate": format!("2025-{month:02}-01T00:00:00Z"),
        "endDate": format!("2025-{:02}-01T00:00:00Z", month + 1),
    })
}

fn invoice(month: u32, items: Vec<Value>) -> Value {
    let (id, status) = match month {
        3 => (PENDING_INVOICE_ID, "PENDING"),
        _ => (INVOICE_ID, "PAID"),
    };
    json!({
        "id": id, "statusName": status, "lineItems": items,
        "startDate": format!("2025-{month:02}-01T00:00:00Z"),
        "endDate": format!("2025-{:02}-01T00:00:00Z", month + 1),
    })
}

/// A stand-in that answers with these invoices, one after the other.
fn serving(invoices: &[Value]) -> Atlas {
    let numbered = (1..).zip(invoices);
    Atlas::start(numbered.fold(scenario(), |scenario, (number, invoice)| {
        let on = On::operation(Operation::Invoice).nth(number);
        scenario.fault(on, Fault::Body(invoice.to_string().into()))
    }))
}

fn january() -> Value {
    let lines = [
        (1, "A", 1000),
        (2, "B", 500),
        (3, "G", 50),
        (4, "CREDIT", -30),
    ];
    invoice(1, lines.map(|line| item(1, line)).to_vec())
}

fn february() -> Value {
    let lines = [
        (1, "A", 1300),
        (2, "B", 400),
        (9, "N", 120),
        (4, "CREDIT", -115),
    ];
    invoice(2, lines.map(|line| item(2, line)).to_vec())
}

fn cents(rows: &[Value], name: &str) -> Vec<i64> {
    rows.iter().map(|row| row[name].as_i64().unwrap()).collect()
}

#[test]
fn without_arguments_the_last_two_closed_months_are_compared() {
    let atlas = serving(&[february(), january()]);
    let rows = atlas.ok(&["invoices", "compare", "-o", "jsonl"]).jsonl();
    // Of 1300 - 1000, 120 - 0, 400 - 500, -115 - -30, 0 - 50 the largest first, whatever the sign.
    assert_eq!(cents(&rows, "change_cents"), [300, 120, -100, -85, -50]);
    assert_eq!(cents(&rows, "from_gross_cents"), [1000, 0, 500, -30, 50]);
    let of = |name: &str| -> Vec<&Value> { rows.iter().map(|row| &row[name]).collect() };
    assert_eq!(of("status"), ["both", "new", "both", "both", "gone"]);
    // No part of nothing, nor of a credit.
    let parts = [
        json!(0.3),
        json!(null),
        json!(-0.2),
        json!(null),
        json!(-1.0),
    ];
    let found: Vec<Value> = of("change")
        .into_iter()
        .map(|part| match part.as_f64() {
            Some(part) => json!(part),
            None => Value::Null,
        })
        .collect();
    assert_eq!(found, parts);
    // Of 300 + 120 + 100 + 85 + 50 = 655.
    let share = rows[0]["share_of_change"].as_f64().unwrap();
    assert!((share - 300.0 / 655.0).abs() < 1e-12, "{share}");
    assert_eq!(of("from_period"), ["2025-01"; 5]);
    assert_eq!(of("to_period"), ["2025-02"; 5]);
    assert_eq!(of("days"), [&Value::Null; 5]);
}

#[test]
fn the_rest_is_the_sum_of_its_changes() {
    let atlas = serving(&[february(), january()]);
    let table = atlas.ok(&["invoices", "compare", "--top", "2"]).stdout;
    let line = |start: &str| -> Vec<&str> {
        let line = table.lines().find(|line| line.starts_with(start)).unwrap();
        line.split_whitespace().collect()
    };
    assert_eq!(
        line("A"),
        ["A", "10.00", "13.00", "+3.00", "+30.0", "45.8", "%"]
    );
    assert_eq!(
        line("N"),
        ["N", "0.00", "1.20", "+1.20", "new", "18.3", "%"]
    );
    // 5.00 + 0.50 - 0.30 to 4.00 - 1.15: -2.35, 235 of 655 of all changes.
    let rest = [
        "other", "(3)", "5.20", "2.85", "-2.35", "-45.2", "35.9", "%",
    ];
    assert_eq!(line("other"), rest);
    // 15.20 to 17.05: 1.85 more, 12.2 %; a day 15.20 / 31 = 0.49 and 17.05 / 28 = 0.61, 24.2 %.
    let total = ["total", "15.20", "17.05", "+1.85", "+12.2", "100.0", "%"];
    assert_eq!(line("total"), total);
    assert!(
        table.contains("2025-01 has 31 days, 2025-02 has 28 days: 0.49 and 0.61 a day (+24.2 %)."),
        "{table}"
    );
}

#[test]
fn credits_have_no_percentage_and_what_is_gone_says_so() {
    let atlas = serving(&[february(), january()]);
    let table = atlas.ok(&["invoices", "compare"]).stdout;
    let line = |start: &str| table.lines().find(|line| line.starts_with(start)).unwrap();
    let words = |start: &str| -> Vec<&str> { line(start).split_whitespace().collect() };
    let credit = ["CREDIT", "-0.30", "-1.15", "-0.85", "13.0", "%"];
    assert_eq!(words("CREDIT"), credit);
    let gone = ["G", "0.50", "0.00", "-0.50", "gone", "7.6", "%"];
    assert_eq!(words("G "), gone);
}

/// 10.00 a day of eight days, of which the last is not complete; and what is charged otherwise.
fn march() -> Value {
    let days = (1..=8).map(|day| item(3, (day, "A", 1000)));
    let others = [support(3, 4900), item(3, (2, "CREDIT", -160))];
    invoice(3, days.chain(others).collect())
}

/// 8.00 a day.
fn all_of_february() -> Value {
    let days = (1..=28).map(|day| item(2, (day, "A", 800)));
    let others = [support(2, 4900), item(2, (20, "CREDIT", -45))];
    invoice(2, days.chain(others).collect())
}

#[test]
fn a_month_to_date_is_compared_with_the_same_days() {
    // On the 9th the days through the 7th are complete: 7 x 8.00 and 7 x 10.00.
    for line in [&["compare", "mtd"][..], &["compare", "current"]] {
        let atlas = serving(&[march(), all_of_february()]);
        let args = [&["invoices"], line, &["-o", "jsonl"]].concat();
        let rows = atlas.ok(&args).jsonl();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["days"], 7);
        assert_eq!(cents(&rows, "from_gross_cents"), [5600]);
        assert_eq!(cents(&rows, "to_gross_cents"), [7000]);
        assert_eq!(rows[0]["change"], json!(0.25));
    }
    let atlas = serving(&[all_of_february(), march()]);
    let ran = atlas.ok(&["invoices", "compare", "last", "current"]);
    for words in [
        "2025-02, 7 days",
        "days 1 to 7 of each month: 2025-03 is complete through 2025-03-07",
        "more than a day (49.00 in 2025-02, 49.00 in 2025-03)",
        "credits (-0.45 in 2025-02, -1.60 in 2025-03)",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    assert!(ran.stderr.contains("7 days of each"), "{}", ran.stderr);
    // A filter that leaves nothing of the last days does not make them incomplete.
    let atlas = serving(&[all_of_february(), march()]);
    let line = [
        "invoices",
        "compare",
        "last",
        "current",
        "--until",
        "2025-03-03",
    ];
    let rows = atlas.ok(&[&line[..], &["-o", "jsonl"]].concat()).jsonl();
    assert_eq!(rows[0]["days"], 7);
    assert_eq!(cents(&rows, "from_gross_cents"), [5600]);
    assert_eq!(cents(&rows, "to_gross_cents"), [3000]);
}

#[test]
fn periods_are_of_the_same_length_and_over() {
    let atlas = super::atlas::atlas();
    let rows = |args: &[&str]| {
        let args = [&["invoices", "compare"], args, &["-o", "jsonl"]].concat();
        atlas.ok(&args).jsonl()
    };
    // The months of a quarter one by one.
    let by_month = |months: [&str; 3]| -> i64 {
        let of = |month: &&str| {
            let shown = atlas.ok(&["invoices", "show", month, "-o", "json"]).json();
            shown[0]["items_gross_cents"].as_i64().unwrap()
        };
        months.iter().map(of).sum()
    };
    let quarter = rows(&["2024-Q4"]);
    let (from, to) = (
        ["2024-07", "2024-08", "2024-09"],
        ["2024-10", "2024-11", "2024-12"],
    );
    let sum = |name: &str| cents(&quarter, name).iter().sum::<i64>();
    assert_eq!(sum("from_gross_cents"), by_month(from));
    assert_eq!(sum("to_gross_cents"), by_month(to));
    assert_eq!(quarter[0]["from_period"], "2024-07..2024-09");

    // March is not over.
    let ran = atlas.ok(&["invoices", "compare", "ytd", "-o", "jsonl"]);
    let year = ran.jsonl();
    assert_eq!(year[0]["from_period"], "2024-11..2024-12");
    assert_eq!(year[0]["to_period"], "2025-01..2025-02");
    assert!(ran.stderr.contains("2025-03 is not over"), "{}", ran.stderr);

    for (args, words) in [
        (&["2025-01", "2025-Q1"][..], "1 month with 3 months"),
        (&["2024-Q4", "2024-Q4"], "the same period"),
        (&["2025-Q2"], "no such invoice in 2025-04..2025-06"),
        (&["--by", "day"], "cannot be a day or month"),
    ] {
        let ran = atlas.run(&[&["invoices", "compare"], args].concat());
        assert!(matches!(ran.code, Some(2 | 4)), "{ran:?}");
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    // The last day with charges may not be complete.
    let begun = invoice(3, vec![item(3, (1, "A", 5))]);
    let message = serving(&[begun, february()]).fails(2, &["invoices", "compare", "mtd"]);
    assert!(
        message.contains("no day of 2025-03 is complete on 2025-03-09"),
        "{message}"
    );
}
