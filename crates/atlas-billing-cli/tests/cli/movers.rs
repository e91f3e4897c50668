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

#[test]
fn a_period_is_a_record_a_month_and_group_and_a_column_a_month() {
    let show = ["invoices", "show", "2025-01..2025-02", "--by", "sku"];
    let atlas = serving(&[january(), february()]);
    let rows = atlas.ok(&[&show[..], &["-o", "jsonl"]].concat()).jsonl();
    let found: Vec<_> = rows
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap();
            (
                text("period"),
                text("sku"),
                row["gross_cents"].as_i64().unwrap(),
            )
        })
        .collect();
    // A 2300, B 900, N 120, G 50, CREDIT -145 in all.
    assert_eq!(
        found,
        [
            ("2025-01", "A", 1000),
            ("2025-01", "B", 500),
            ("2025-01", "G", 50),
            ("2025-01", "CREDIT", -30),
            ("2025-02", "A", 1300),
            ("2025-02", "B", 400),
            ("2025-02", "N", 120),
            ("2025-02", "CREDIT", -115),
        ]
    );
    // 10.00 of 15.20, the sum of January.
    let share = rows[0]["share"].as_f64().unwrap();
    assert!((share - 1000.0 / 1520.0).abs() < 1e-12, "{share}");

    let atlas = serving(&[january(), february()]);
    let table = atlas.ok(&[&show[..], &["--top", "2"]].concat()).stdout;
    let words = |start: &str| -> Vec<&str> {
        let line = table.lines().find(|line| line.starts_with(start)).unwrap();
        line.split_whitespace().take(5).collect()
    };
    assert_eq!(
        words("sku"),
        ["sku", "2025-01", "2025-02", "total", "share"]
    );
    assert_eq!(words("A "), ["A", "10.00", "13.00", "23.00", "71.3"]);
    // 0.50 - 0.30 and 1.20 - 1.15.
    assert_eq!(words("other"), ["other", "(3)", "0.20", "0.05", "0.25"]);
    assert_eq!(
        words("total"),
        ["total", "15.20", "17.05", "32.25", "100.0"]
    );
    assert!(
        !table.contains("months"),
        "two months have no shape: {table}"
    );

    // The figures of each invoice.
    let atlas = serving(&[january(), february()]);
    let ran = atlas.ok(&["invoices", "show", "2025-01..2025-02"]);
    let line = ran
        .stdout
        .lines()
        .find(|line| line.starts_with("line items, gross"));
    let amounts: Vec<&str> = line.unwrap().split_whitespace().skip(3).collect();
    assert_eq!(amounts, ["15.20", "17.05", "32.25"], "{}", ran.stdout);
    let message = atlas.fails(2, &["invoices", "show", "2025-Q1", "-o", "raw-json"]);
    assert!(
        message.contains("invoices items 2025-01..2025-03"),
        "{message}"
    );
}

/// One SKU on the 1st, 2nd and 4th.
fn uneven() -> Value {
    let lines = [
        (4, "A", 25),
        (1, "A", 100),
        (2, "A", 50),
        (2, "CREDIT", -160),
    ];
    let mut items = lines.map(|line| item(3, line)).to_vec();
    items.push(support(3, 4900));
    invoice(3, items)
}

#[test]
fn days_have_a_shape_and_an_order() {
    let run = |width: Option<&str>, args: &[&str]| {
        let atlas = serving(&[uneven()]);
        let mut command = atlas.command(&[&["invoices", "show", "current", "--by"], args].concat());
        if let Some(width) = width {
            command.env("COLUMNS", width);
        }
        let ran = super::atlas::Ran::of(command);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stdout
    };
    // All of it, half, nothing on the 3rd, a quarter. What is not charged by the day has no shape.
    let table = run(None, &["sku"]);
    let line = |start: &str| table.lines().find(|line| line.starts_with(start)).unwrap();
    assert!(line("A ").contains("█▄·▂"), "{table}");
    assert!(line("SUPPORT").contains("····"), "{table}");
    assert!(run(Some("100"), &["sku"]).contains("█▄·▂"));
    assert!(!run(Some("50"), &["sku"]).contains("█▄·▂"));
    for format in ["csv", "jsonl", "markdown"] {
        assert!(!run(None, &["sku", "-o", format]).contains('█'), "{format}");
    }
    let days = run(None, &["day", "-o", "csv"]);
    let days: Vec<&str> = days.lines().skip(1).map(|line| &line[31..45]).collect();
    assert!(days.is_sorted() && days.len() == 3, "{days:?}");
}

#[test]
fn tag_keys_are_listed_with_their_cost_and_coverage() {
    let tagged = |cents: i64, tags: Value| json!({"totalPriceCents": cents, "tags": tags});
    let items = vec![
        tagged(100, json!({"team": ["web"], "env": ["prod"]})),
        tagged(200, json!({"team": ["web", "api"]})),
        tagged(100, json!({"env": []})),
        tagged(-30, json!({})),
    ];
    let atlas = serving(&[invoice(2, items.clone())]);
    let rows = atlas.ok(&["invoices", "tags", "-o", "jsonl"]).jsonl();
    let found: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!([
                row["kind"],
                row["key"],
                row["gross_cents"],
                row["coverage"],
                row["untagged_share"],
                row["items"],
                row["values"]
            ])
        })
        .collect();
    // Of 400 that were charged; the credit carries nothing.
    assert_eq!(
        found,
        [
            json!(["key", "team", 300, 0.75, 0.25, 2, 2]),
            json!(["key", "env", 100, 0.25, 0.75, 1, 1]),
            json!(["untagged", null, 70, 0.25, null, 2, null]),
        ]
    );
    let table = serving(&[invoice(2, items)])
        .ok(&["invoices", "tags", "last"])
        .stdout;
    assert!(table.contains("(no tags)  0.70    25.0 %"), "{table}");
    // Two months, of which each value is one.
    let (first, second) = (
        invoice(1, vec![tagged(10, json!({"team": ["web"]}))]),
        invoice(
            2,
            vec![tagged(30, json!({"team": ["web"]})), tagged(60, json!({}))],
        ),
    );
    let atlas = serving(&[first, second]);
    let rows = atlas
        .ok(&["invoices", "tags", "2025-01..2025-02", "-o", "json"])
        .json();
    assert_eq!(rows[0]["gross_cents"], 40);
    assert_eq!(
        (&rows[0]["values"], &rows[0]["coverage"]),
        (&json!(1), &json!(0.4))
    );
    assert_eq!(rows[0]["period"], "2025-01..2025-02");
    atlas.fails(2, &["invoices", "tags", "-o", "raw-json"]);
}

#[test]
fn a_sum_over_a_limit_is_an_exit_code_after_the_data() {
    let over = |invoices: &[Value], args: &[&str]| {
        let ran = serving(invoices).run(&[&["invoices", "show"], args].concat());
        let line = ran.stderr.lines().find(|line| line.starts_with("error: "));
        let line = line.map(str::to_owned);
        assert_eq!(
            ran.code,
            Some(if line.is_some() { 8 } else { 0 }),
            "{ran:?}"
        );
        assert!(
            ran.stdout.contains("Invoice"),
            "the data comes first: {ran:?}"
        );
        line.unwrap_or_default()
    };
    let last = |args: &[&str]| over(&[february(), january()], &[&["last"], args].concat());
    // 17.05 in the 28 days of February; 15.20 in the 31 of January, which are 13.73 in 28.
    assert_eq!(last(&["--fail-over", "17.05"]), "");
    let amount = last(&["--fail-over", "17"]);
    let basis = "(gross: prices and credits, discounts not subtracted, before tax)";
    let words = format!("is 17.05, over the limit of 17.00 by 0.05 {basis}");
    assert!(amount.ends_with(&words), "{amount}");
    assert_eq!(last(&["--fail-over", "+24.2%"]), "");
    // 13.73 and a tenth of it.
    let percent = last(&["--fail-over", "+10%"]);
    let words = format!(
        "is 17.05, over the limit of 15.10 by 1.95 {basis}; compared with 2025-01, its 31 days scaled to 28"
    );
    assert!(percent.ends_with(&words), "{percent}");
    let each = last(&["--by", "sku", "--each", "--fail-over", "+20%"]);
    // A from 10.00, which are 9.03 in 28 days; N from nothing; not B and G, which are less, nor the credit.
    assert!(
        each.contains("for A is 13.00, over the limit of 10.84 by 2.16"),
        "{each}"
    );
    assert!(
        each.contains("for N is 1.20, over the limit of 0.00 by 1.20"),
        "{each}"
    );
    assert_eq!(each.matches("over the limit").count(), 2, "{each}");

    // A month to date over the same days: 70.00 beside 56.00, a quarter more.
    let current = |limit: &str| {
        let invoices = [march(), all_of_february()];
        over(&invoices, &["current", "--fail-over", limit])
    };
    assert_eq!(current("+25%"), "");
    let message = current("+24%");
    assert!(
        message.contains("days 1 to 7 of 2025-03 is 70.00"),
        "{message}"
    );
    assert!(
        message.contains("over the limit of 69.44 by 0.56"),
        "{message}"
    );
    let words = "before tax); compared with days 1 to 7 of 2025-02";
    assert!(message.ends_with(words), "{message}");

    let period = over(
        &[january(), february()],
        &[
            "2025-01..2025-02",
            "--by",
            "sku",
            "--each",
            "--fail-over",
            "20",
        ],
    );
    assert!(
        period.contains("for A is 23.00, over the limit of 20.00"),
        "{period}"
    );
    let atlas = serving(&[february()]);
    for (args, words) in [
        (&["2025-Q1", "--fail-over", "+5%"][..], "is for one month"),
        (&["last", "--each", "--fail-over", "5"], "--each needs --by"),
        (
            &["last", "--warn-over", "5", "-o", "raw-json"],
            "--warn-over has no effect",
        ),
    ] {
        let message = atlas.fails(2, &[&["invoices", "show"], args].concat());
        assert!(message.contains(words), "{message}");
    }
    let ran = atlas.ok(&["invoices", "show", "last", "--warn-over", "1"]);
    assert!(
        ran.stderr
            .contains("warning: the sum of the prices of the line items of 2025-02"),
        "{ran:?}"
    );
}

#[test]
fn costs_are_compared_with_the_period_before() {
    let atlas = super::atlas::atlas();
    let sum = |period: &str| -> f64 {
        let rows = atlas.ok(&["costs", period, "-o", "jsonl"]).jsonl();
        let amounts = rows.iter().map(|row| row["usage_amount"].as_f64().unwrap());
        amounts.sum()
    };
    let rows = atlas.ok(&["costs", "--compare", "-o", "jsonl"]).jsonl();
    let all = |name: &str| -> f64 { rows.iter().map(|row| row[name].as_f64().unwrap()).sum() };
    // Without a period last month and the month before it.
    assert!((all("from_amount") - sum("2025-01")).abs() < 1e-6);
    assert!((all("to_amount") - sum("2025-02")).abs() < 1e-6);
    assert!((all("share_of_change") - 1.0).abs() < 1e-9);
    assert_eq!(rows[0]["to_period"], "2025-02");
    let table = atlas.ok(&["costs", "2025-02", "--compare"]).stdout;
    assert!(
        table.starts_with("Costs from 2025-01 to 2025-02 by services"),
        "{table}"
    );
    let total = table.lines().find(|line| line.starts_with("total  "));
    let change = total.unwrap().split_whitespace().nth(3).unwrap();
    assert!(change.starts_with('+'), "{table}");
    assert!(
        table.contains("share of movement\n") && table.contains("Share of movement: "),
        "{table}"
    );
    for (args, words) in [
        (&["costs", "mtd", "--compare"][..], "2025-03 is not over"),
        (
            &["costs", "--compare", "-o", "raw-csv"],
            "--compare has no effect on raw-csv",
        ),
    ] {
        let message = atlas.fails(2, args);
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_comparison_is_gross_and_says_what_it_is_net() {
    let discounted = |mut invoice: Value, cents: i64| {
        invoice["lineItems"][0]["discountCents"] = json!(cents);
        invoice
    };
    let (before, after) = (discounted(january(), 100), discounted(february(), 250));
    let table = serving(&[after, before])
        .ok(&["invoices", "compare"])
        .stdout;
    assert!(
        table.starts_with("From 2025-01 to 2025-02, gross\n"),
        "{table}"
    );
    // 15.20 less 1.00, and 17.05 less 2.50.
    for line in [
        "Less discounts, net: 14.20 to 14.55 (+0.35).",
        "Share of movement: the part of all changes",
    ] {
        assert!(table.contains(line), "{line}: {table}");
    }
}
