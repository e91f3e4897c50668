//! `report`: its figures are those of the commands, and no name of a response can break it.

use std::collections::BTreeSet;

use atlas_billing_mock::{Fault, INVOICE_ID, On, Operation, ScenarioBuilder};
use serde_json::{Value, json};

use super::atlas::{Atlas, atlas, scenario};

/// The tables of a Markdown text, row by row; without the lines below headings, marks and escapes.
fn markdown_rows(text: &str) -> Vec<Vec<String>> {
    let rows = text
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    rows.map(|line| {
        let line = line.trim_matches('|').replace("\\|", "\u{1}");
        let cells = line.split('|').map(|cell| {
            let cell = cell
                .trim()
                .trim_matches('*')
                .replace('\\', "")
                .replace('\u{1}', "|");
            cell.replace('\u{2060}', "").trim().to_owned()
        });
        cells.collect()
    })
    .collect()
}

/// The tables of an HTML text, row by row, as a browser shows them.
fn html_rows(text: &str) -> Vec<Vec<String>> {
    let row = |row: &str| -> Vec<String> {
        let row = row.split("</tr>").next().unwrap();
        let cells = row.split("<t").skip(1);
        cells
            .map(|cell| {
                let inner = cell.split_once('>').unwrap().1;
                let inner = inner.split("<svg").next().unwrap();
                let inner = inner.split("</t").next().unwrap();
                unescaped(inner)
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect()
    };
    text.split("<tr>").skip(1).map(row).collect()
}

fn unescaped(text: &str) -> String {
    let pairs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&amp;", "&"),
    ];
    pairs
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// 599574 as `5,995.74`.
fn units(cents: i64) -> String {
    let digits = format!("{:03}", cents.unsigned_abs());
    let (units, rest) = digits.split_at(digits.len() - 2);
    let mut grouped = String::new();
    for (at, digit) in units.char_indices() {
        if at > 0 && (units.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{}{grouped}.{rest}", if cents < 0 { "-" } else { "" })
}

/// What the commands print alone for a period, of which `detail` and the month `before` are shown.
fn alone(atlas: &Atlas, period: &str, before: &str, detail: &str) -> Vec<(String, String)> {
    let commands = [
        format!("costs {period}"),
        format!("invoices list {period}"),
        format!("invoices show {detail} --by project --top 10"),
        format!("invoices show {detail} --by cluster --top 10"),
        format!("invoices show {detail} --by sku --top 10"),
        format!("invoices show {detail} --by tag:team --top 10"),
        format!("invoices tags {detail}"),
        format!("invoices compare {before} {detail} --by sku --top 10"),
        "forecast".to_owned(),
        format!("invoices reconcile {detail}"),
    ];
    commands
        .into_iter()
        .map(|command| {
            let mut args: Vec<&str> = command.split(' ').collect();
            args.extend(["-o", "markdown"]);
            let text = atlas.ok(&args).stdout;
            // The report says these once, for all of its tables.
            let is_scope =
                |part: &&str| part.starts_with("Scope: ") || part.starts_with("Amounts: ");
            let parts = text.split("\n\n").filter(|part| !is_scope(part));
            (command, parts.collect::<Vec<_>>().join("\n\n"))
        })
        .collect()
}

/// Each form of the report of a period has what the commands print alone.
fn same(atlas: &Atlas, period: &str, before: &str, detail: &str) {
    let markdown = atlas.ok(&["report", period, "-o", "markdown"]).stdout;
    let html = html_rows(&atlas.ok(&["report", period]).stdout);
    let html: BTreeSet<&Vec<String>> = html.iter().collect();
    for (command, text) in alone(atlas, period, before, detail) {
        assert!(
            markdown.contains(text.trim_end()),
            "{command}: {text}\n{markdown}"
        );
        let rows = markdown_rows(&text);
        assert!(rows.len() > 1, "{command}: {text}");
        for mut row in rows {
            row.iter_mut().for_each(|cell| {
                *cell = cell.split_whitespace().collect::<Vec<_>>().join(" ");
            });
            assert!(html.contains(&row), "{command}: {row:?}\n{html:#?}");
        }
    }
}

#[test]
fn each_figure_is_that_of_the_command_that_prints_it_alone() {
    same(&atlas(), "2024-11..2025-03", "2025-01", "2025-02");
    same(&atlas(), "2024-Q4", "2024-11", "2024-12");
    same(
        &Atlas::start(scenario().with_linked_invoices()),
        "ytd",
        "2025-01",
        "2025-02",
    );
}

#[test]
fn the_running_month_alone_is_shown_in_detail() {
    same(&atlas(), "mtd", "2025-02", "2025-03");
    let markdown = atlas().ok(&["report", "mtd", "-o", "markdown"]).stdout;
    assert!(markdown.contains("the month is incomplete"), "{markdown}");
}

#[test]
fn the_headlines_follow_from_the_figures_of_the_commands() {
    let atlas = atlas();
    let markdown = atlas.ok(&["report", "-o", "markdown"]).stdout;
    let rows = markdown_rows(&markdown);
    let headline = |label: &str| {
        let row = rows.iter().find(|row| row[0].starts_with(label));
        row.unwrap_or_else(|| panic!("{label}: {markdown}")).clone()
    };
    let list = atlas
        .ok(&["invoices", "list", "2025-01..2025-02", "-o", "jsonl"])
        .jsonl();
    let billed = |month: &str| {
        let of = |row: &&Value| row["period_start"].as_str().unwrap().starts_with(month);
        list.iter().find(of).unwrap()["amount_billed_cents"]
            .as_i64()
            .unwrap()
    };
    let (before, now) = (billed("2025-01"), billed("2025-02"));
    assert_eq!(headline("Billed for 2025-02")[1], units(now));
    assert!(now > before);
    let change = headline("Change of billed against 2025-01");
    assert_eq!(change[1], format!("+{}", units(now - before)));
    assert!(change[2].contains(&units(before)), "{change:?}");

    let forecast = &atlas.ok(&["forecast", "-o", "jsonl"]).jsonl()[0];
    let figure = |name: &str| units(forecast[name].as_i64().unwrap());
    let shown = headline("Forecast of 2025-03");
    assert_eq!(shown[1], figure("net_forecast_cents"));
    assert!(shown[2].starts_with(&format!(
        "{} to {}",
        figure("net_low_cents"),
        figure("net_high_cents")
    )));

    let statement = atlas.ok(&["invoices", "reconcile", "last"]).stdout;
    let verdict = headline("Invoice of 2025-02");
    assert_eq!(verdict[1], "reconciled");
    assert!(statement.contains(&verdict[2]), "{verdict:?}: {statement}");

    let items = atlas
        .ok(&["invoices", "items", "last", "-o", "jsonl"])
        .jsonl();
    let sum = |untagged: bool| -> i64 {
        let of = items
            .iter()
            .filter(|item| !untagged || item["tags"].is_null());
        of.map(|item| item["total_price_cents"].as_i64().unwrap().max(0))
            .sum()
    };
    let shown = headline("Untagged");
    let share = sum(true) as f64 / sum(false) as f64 * 100.0;
    assert_eq!(shown[1], format!("{share:.1} %"));
    let amounts = format!(
        "{} of {} of prices above zero",
        units(sum(true)),
        units(sum(false))
    );
    assert!(shown[2].ends_with(&amounts), "{shown:?}");
}

#[test]
fn an_invoice_is_read_once() {
    let atlas = atlas();
    atlas.ok(&["report", "-q", "-o", "slack"]);
    let asked = atlas.asked();
    let reads = asked.iter().filter(|line| line.contains("/invoices/"));
    let reads: BTreeSet<&String> = reads.collect();
    let all = asked
        .iter()
        .filter(|line| line.contains("/invoices/"))
        .count();
    assert_eq!((reads.len(), all), (3, 3), "{asked:#?}");
    let lists = asked.iter().filter(|line| line.ends_with("/invoices"));
    assert_eq!(lists.count(), 1, "{asked:#?}");
}

/// Names that would be markup, end a line or turn text around, each once.
const HOSTILE: &str = "<script>alert(1)</script>\"'&amp;`|*_@all\n\u{202e}x\u{1b}[31m]]>{{ 7*7 }}";

fn reply(body: &Value) -> Fault {
    Fault::Reply {
        status: 200,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into(),
    }
}

/// A stand-in whose every invoice is this one, and whose costs are these.
fn with(scenario: ScenarioBuilder, invoice: &Value, costs: &Value) -> Atlas {
    let scenario = scenario.fault(On::operation(Operation::Invoice), reply(invoice));
    Atlas::start(scenario.fault(On::operation(Operation::Poll), reply(costs)))
}

#[test]
fn hostile_names_are_harmless_in_each_form() {
    let invoice = json!({
        "id": INVOICE_ID, "statusName": HOSTILE, "amountBilledCents": 5,
        "payments": [{"currency": HOSTILE}],
        "startDate": "2025-02-01T00:00:00Z", "endDate": "2025-03-01T00:00:00Z",
        "lineItems": [
            {"sku": HOSTILE, "groupName": HOSTILE, "clusterName": HOSTILE, "totalPriceCents": 5,
             "tags": {HOSTILE: [HOSTILE]}, "startDate": "2025-03-01T00:00:00Z"},
        ],
    });
    let costs = json!({"usageDetails": [
        {"service": HOSTILE, "usageDate": "2025-02-01", "usageAmount": 1.5},
    ]});
    let atlas = with(scenario(), &invoice, &costs);
    let unsafe_in = |text: &str| {
        let is_unsafe =
            |c: char| c != '\n' && c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        text.chars().any(is_unsafe)
    };

    let html = atlas.ok(&["report"]).stdout;
    assert!(!html.contains("<script") && !unsafe_in(&html), "{html}");
    // Four tables of groups, the changes, two of tags and the costs name it, and the chart, too.
    let shown = "&lt;script&gt;alert(1)&lt;&#x2f;script&gt;&quot;&#x27;&amp;amp;`|*_@all \u{fffd}x\u{fffd}[31m]]&gt;{{ 7*7 }}";
    assert!(html.matches(shown).count() > 10, "{html}");
    // Nothing but our own elements and attributes: all quotes and angle brackets of names are escaped.
    assert_eq!(
        html.matches('<').count(),
        html.matches('>').count(),
        "{html}"
    );

    let markdown = atlas.ok(&["report", "-o", "markdown"]).stdout;
    assert!(
        !markdown.replace("\\<", "").contains("<script") && !unsafe_in(&markdown),
        "{markdown}"
    );
    assert!(markdown.contains("\\<script\\>alert(1)"), "{markdown}");
    assert!(!markdown.contains("@all"), "{markdown}");

    let slack = atlas.ok(&["report", "-o", "slack"]).stdout;
    assert!(!slack.contains("<script") && !unsafe_in(&slack), "{slack}");
    assert!(slack.contains("&lt;script&gt;alert(1)"), "{slack}");
    check_blocks(&serde_json::from_str(&slack).unwrap());
}

#[test]
fn an_organization_with_one_month_has_a_report_that_says_what_is_missing() {
    let list = json!({"totalCount": 1, "results": [{
        "id": INVOICE_ID, "statusName": "CLOSED", "amountBilledCents": 599_574,
        "startDate": "2025-02-01T00:00:00Z", "endDate": "2025-03-01T00:00:00Z",
    }]});
    let only = scenario().fault(On::operation(Operation::Invoices), reply(&list));
    let atlas = Atlas::start(only);
    let markdown = atlas.ok(&["report", "-o", "markdown"]).stdout;
    for words in [
        "There is no invoice for 2025-01.",
        "There is no invoice for 2025-03.",
        "| Change of billed against 2025-01 | – |",
        "| Forecast | – |",
    ] {
        assert!(markdown.contains(words), "{words}: {markdown}");
    }
    // A month without an invoice in detail.
    let markdown = atlas.ok(&["report", "2024-12", "-o", "markdown"]).stdout;
    assert!(
        markdown.contains("| Billed | – | There is no invoice for 2024-12. |"),
        "{markdown}"
    );
    for args in [
        &["report", "2024-12"] as &[&str],
        &["report", "2024-12", "-o", "slack"],
    ] {
        assert!(
            atlas
                .ok(args)
                .stdout
                .contains("There is no invoice for 2024-12.")
        );
    }
    let said = atlas.fails(2, &["report", "2025-05"]);
    assert!(said.contains("2025-05 has not begun"), "{said}");
}

#[test]
fn credits_and_nothing_have_their_place() {
    let item = |cents: i64| json!({"sku": "CREDIT", "totalPriceCents": cents});
    let invoice = |items: Value| {
        json!({
            "id": INVOICE_ID, "statusName": "CLOSED", "subtotalCents": 0, "amountBilledCents": -500,
            "startDate": "2025-02-01T00:00:00Z", "endDate": "2025-03-01T00:00:00Z", "lineItems": items,
        })
    };
    let costs = |amount: &str| {
        let text = format!(
            r#"{{"usageDetails":[{{"service":"Credits","usageDate":"2025-02-01","usageAmount":{amount}}}]}}"#
        );
        serde_json::from_str::<Value>(&text).unwrap()
    };
    for (items, amount) in [(json!([item(-500), item(0)]), "-5.00"), (json!([]), "0")] {
        let atlas = with(scenario(), &invoice(items), &costs(amount));
        let html = atlas.ok(&["report"]).stdout;
        assert!(html.contains(">-5.00<"), "{html}");
        for broken in ["NaN", "inf", "height=\"-", "width=\"-"] {
            assert!(!html.contains(broken), "{broken}: {html}");
        }
        assert!(html.contains(if amount == "0" {
            "Month by month"
        } else {
            "Credits, 2025-02: -5.00"
        }));
        check_blocks(&serde_json::from_str(&atlas.ok(&["report", "-o", "slack"]).stdout).unwrap());
    }
}

/// What <https://docs.slack.dev/reference/block-kit/blocks> says of the blocks that are used: their
/// fields, and how long they may be.
fn check_blocks(message: &Value) {
    let text = |text: &Value, kind: &str, most: usize| {
        assert_eq!(text["type"], kind, "{text}");
        let length = text["text"].as_str().unwrap().chars().count();
        assert!((1..=most).contains(&length), "{length}: {text}");
        let keys: BTreeSet<&str> = text
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let own = if kind == "mrkdwn" {
            "verbatim"
        } else {
            "emoji"
        };
        assert_eq!(keys, BTreeSet::from(["type", "text", own]), "{text}");
    };
    assert!(
        message["text"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    let blocks = message["blocks"].as_array().unwrap();
    assert!((1..=50).contains(&blocks.len()), "{}", blocks.len());
    for block in blocks {
        match block["type"].as_str().unwrap() {
            "header" => text(&block["text"], "plain_text", 150),
            "divider" => assert_eq!(block.as_object().unwrap().len(), 1),
            "context" => {
                let elements = block["elements"].as_array().unwrap();
                assert!((1..=10).contains(&elements.len()));
                elements
                    .iter()
                    .for_each(|element| text(element, "mrkdwn", 2000));
            }
            "section" => match block.get("fields") {
                Some(fields) => {
                    let fields = fields.as_array().unwrap();
                    assert!((1..=10).contains(&fields.len()));
                    fields.iter().for_each(|field| text(field, "mrkdwn", 2000));
                }
                None => text(&block["text"], "mrkdwn", 3000),
            },
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_message_for_slack_is_within_its_limits() {
    let atlas = atlas();
    for args in [
        &["report"] as &[&str],
        &["report", "2023-01..2025-03", "--top", "500"],
    ] {
        let ran = atlas.ok(&[args, &["-o", "slack"]].concat());
        check_blocks(&ran.json());
        assert!(ran.stdout.contains("5,995.74"), "{}", ran.stdout);
    }
    // That of half a year has room for all of it.
    let usual = atlas.ok(&["report", "-o", "slack"]).stdout;
    assert!(
        usual.contains("Reconciled: ") && usual.contains("Scope: "),
        "{usual}"
    );
    assert!(!usual.contains("Shortened: "), "{usual}");
    // A name as long as a response may have it.
    let long = "n".repeat(9000);
    let invoice = json!({"id": INVOICE_ID, "amountBilledCents": 1, "statusName": &long, "lineItems":
        (0..400).map(|at| json!({"sku": format!("{at}&{long}"), "totalPriceCents": at,
            "tags": {format!("{at}"): ["&".repeat(4000)]}})).collect::<Vec<_>>()});
    let atlas = with(scenario(), &invoice, &json!({"usageDetails": []}));
    let ran = atlas.ok(&["report", "-o", "slack", "--top", "400"]);
    check_blocks(&ran.json());
    assert!(ran.stdout.contains("Shortened: ") && ran.stdout.contains("Scope: "));
}

#[test]
fn the_form_is_that_of_the_flag_or_of_the_file() {
    let atlas = atlas();
    let folder = tempfile::tempdir().unwrap();
    for (name, flags, begin) in [
        ("r.html", &[] as &[&str], "<!DOCTYPE html>"),
        ("r.md", &[], "# Atlas costs "),
        ("r", &[], "<!DOCTYPE html>"),
        ("r.json", &["-o", "slack"], "{"),
    ] {
        let path = folder.path().join(name);
        let file = path.to_str().unwrap();
        let ran = atlas.ok(&[&["report", "mtd", "--output-file", file], flags].concat());
        assert_eq!(ran.stdout, "");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(begin), "{name}: {text}");
    }
    for (args, words) in [
        (
            &["report", "-o", "csv"] as &[&str],
            "`report` does not support csv; use html, markdown or slack",
        ),
        (
            &["report", "--output-file", "r.json"],
            "does not support json",
        ),
        (
            &["report", "--output-file", "r.txt"],
            "does not support table",
        ),
        (
            &["costs", "-o", "html"],
            "html is for `report` alone; use table, csv",
        ),
        (
            &["invoices", "list", "--output-file", "t.html"],
            "html is for `report` alone",
        ),
    ] {
        let ran = atlas.run(args);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(2), ""),
            "{args:?}: {ran:?}"
        );
        assert!(ran.stderr.contains(words), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn the_same_day_gives_the_same_bytes() {
    let atlas = atlas();
    for form in ["html", "markdown", "slack"] {
        let [one, other] = [(); 2].map(|()| atlas.ok(&["report", "-q", "-o", form]).stdout);
        assert_eq!(one, other, "{form}");
    }
}

/// One file that needs nothing else: no script, no request, no style from elsewhere.
#[test]
fn the_page_is_complete_in_itself() {
    let html = atlas().ok(&["report"]).stdout;
    for word in [
        "http:",
        "https:",
        "<script",
        "<img",
        "<link",
        "url(",
        "@import",
        "javascript:",
    ] {
        assert_eq!(html.find(word), None, "{word}");
    }
    for word in [
        "<html lang=\"en\">",
        "default-src 'none'",
        "prefers-color-scheme: dark",
        "@page { size: A4",
        "<svg class=\"chart\" role=\"img\"",
    ] {
        assert!(html.contains(word), "{word}");
    }
    let tables = html.matches("<table>").count();
    assert_eq!(html.matches("<caption>").count(), tables);
    assert!(
        html.matches("scope=\"col\"").count() > tables
            && html.matches("scope=\"row\"").count() > tables
    );
}
