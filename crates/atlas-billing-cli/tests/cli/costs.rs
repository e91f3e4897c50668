//! `costs`: what is asked for, and what is shown.

use atlas_billing_mock::{CLUSTER_IDS, ORG_ID, PROJECT_IDS};
use serde_json::json;

use super::atlas::{Atlas, atlas, scenario};

#[test]
fn the_table_fits_the_terminal() {
    for width in ["60", "80", "120"] {
        let atlas = atlas();
        let mut command = atlas.command(&["costs", "ytd"]);
        command.env("COLUMNS", width);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let room: usize = width.parse().unwrap();
        let tables = text
            .lines()
            .take_while(|line| !line.contains("still running"));
        for line in tables {
            assert!(line.chars().count() <= room, "{width}: {line}");
        }
    }
}

#[test]
fn a_running_month_is_marked() {
    let ran = atlas().ok(&["usage", "mtd"]);
    assert!(
        ran.stdout
            .starts_with("Costs 2025-03 (to date) by services"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("2025-03 is incomplete"),
        "{}",
        ran.stdout
    );
    let rows = atlas()
        .ok(&["costs", "2025-02..2025-03", "-o", "jsonl"])
        .jsonl();
    assert!(rows.iter().any(|row| row["to_date"] == json!(true)));
    for row in rows {
        assert_eq!(
            row["to_date"],
            json!(row["usage_date"] == "2025-03-01"),
            "{row}"
        );
    }
}

#[test]
fn months_are_inclusive_for_people_and_exclusive_on_the_wire() {
    for (period, start, end) in [
        ("2024", "2024-01-01", "2025-01-01"),
        ("2024-Q4", "2024-10-01", "2025-01-01"),
        ("2025-01", "2025-01-01", "2025-02-01"),
        ("2025-01..2025-03", "2025-01-01", "2025-04-01"),
        ("mtd", "2025-03-01", "2025-04-01"),
        ("ytd", "2025-01-01", "2025-04-01"),
        ("last-month", "2025-02-01", "2025-03-01"),
        ("last-quarter", "2024-10-01", "2025-01-01"),
    ] {
        let atlas = atlas();
        atlas.ok(&["costs", period, "--no-wait"]);
        let body = atlas.last_created();
        assert_eq!(
            (&body["startDate"], &body["endDate"]),
            (&json!(start), &json!(end)),
            "{period}"
        );
    }
    let atlas = atlas();
    atlas.ok(&["costs", "--no-wait"]);
    assert_eq!(atlas.last_created()["startDate"], "2024-10-01");
}

#[test]
fn filters_are_sent_as_given() {
    let atlas = Atlas::start(scenario().strict());
    atlas.ok(&[
        "costs",
        "2025-02",
        "--by",
        "projects",
        "--project",
        PROJECT_IDS[0],
        "--project",
        PROJECT_IDS[1],
        "--cluster",
        CLUSTER_IDS[0],
        "--service",
        "data transfer",
        "--service",
        "Backup",
        "--linked-org",
        ORG_ID,
        "--include-partial-matches",
        "--no-wait",
    ]);
    let expected = json!({
        "startDate": "2025-02-01",
        "endDate": "2025-03-01",
        "groupBy": "projects",
        "projects": [PROJECT_IDS[0], PROJECT_IDS[1]],
        "clusters": [CLUSTER_IDS[0]],
        "services": ["Data Transfer", "Backup"],
        "organizations": [ORG_ID],
        "includePartialMatches": true,
    });
    assert_eq!(atlas.last_created(), expected);
}

#[test]
fn each_dimension_has_its_table() {
    for (args, first) in [
        (vec!["--by", "services"], "service "),
        (vec!["--by", "organizations"], "organization "),
        (
            vec!["--by", "projects", "--project", PROJECT_IDS[0]],
            "project ",
        ),
        (
            vec!["--by", "clusters", "--cluster", CLUSTER_IDS[0]],
            "cluster ",
        ),
    ] {
        let mut all = vec!["costs", "2025-01..2025-02"];
        all.extend(&args);
        let ran = Atlas::start(scenario().strict()).ok(&all);
        let headings = ran.stdout.lines().nth(1).unwrap();
        assert!(headings.starts_with(first), "{args:?}: {headings}");
    }
}

#[test]
fn the_amounts_are_the_services_own_digits() {
    let atlas = atlas();
    let raw = atlas.ok(&["costs", "2025-02", "-o", "raw-json"]).json();
    let tidy = atlas.ok(&["costs", "2025-02", "-o", "jsonl"]).jsonl();
    let rows = raw["usageDetails"].as_array().unwrap();
    assert_eq!(rows.len(), tidy.len());
    for (raw, tidy) in rows.iter().zip(&tidy) {
        for (theirs, ours) in [
            ("usageAmount", "usage_amount"),
            ("usageDate", "usage_date"),
            ("service", "service"),
            ("invoiceId", "invoice_id"),
            ("organizationName", "organization_name"),
        ] {
            assert_eq!(raw[theirs], tidy[ours], "{theirs}");
        }
    }
    let csv = atlas.ok(&["costs", "2025-02", "-o", "raw-csv"]).stdout;
    assert!(csv.starts_with("Usage Date,Invoice Id,"), "{csv}");
    assert_eq!(csv.lines().count(), rows.len() + 1);
}

#[test]
fn a_service_that_this_release_does_not_know_is_not_missing_from_the_total() {
    let total = |scenario, by: &str| {
        let rows =
            Atlas::start(scenario).ok(&["costs", "2025-02", "--by", by, "-o", "csv", "--excel"]);
        let amount = |line: &str| line.split(',').nth(10).unwrap().parse::<f64>().unwrap();
        (rows.stdout.lines().skip(1).map(amount).sum::<f64>() * 100.0).round()
    };
    let new = || scenario().with_new_service();
    assert_eq!(total(new(), "services"), total(new(), "organizations"));
    let table = Atlas::start(new()).ok(&["costs", "2025-02"]).stdout;
    assert!(table.contains("\n(not listed) "), "{table}");
    let table = Atlas::start(scenario()).ok(&["costs", "2025-02"]).stdout;
    assert!(!table.contains("(not listed)"), "{table}");
}
