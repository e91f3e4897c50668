//! `-o openmetrics`: names, labels and sums, read by the grammar of the specification.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use atlas_billing_mock::{CREDITS_ORG_ID, CREDITS_ORG_NAME, INVOICE_ID, ORG_ID};
use serde_json::Value;

use super::atlas::{Atlas, Ran, atlas, scenario};

#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// Reads what was written. Refuses what the specification does not allow of gauges: a family in
/// two places, a sample twice, a unit that the name does not end in, a missing end.
fn read(text: &str) -> Vec<Sample> {
    let body = text.strip_suffix("# EOF\n").expect("it ends in # EOF");
    let mut samples = Vec::new();
    let mut families: Vec<&str> = Vec::new();
    let mut seen = BTreeSet::new();
    for line in body.lines() {
        if let Some(meta) = line.strip_prefix("# ") {
            let mut words = meta.splitn(3, ' ');
            let (kind, name) = (words.next().unwrap(), words.next().unwrap());
            let rest = words.next().unwrap();
            match kind {
                "TYPE" => {
                    assert!(!families.contains(&name), "{name} begins twice");
                    assert_eq!(rest, "gauge");
                    families.push(name);
                }
                "UNIT" => assert!(name.ends_with(&format!("_{rest}")), "{line}"),
                "HELP" => assert!(!rest.is_empty() && !rest.contains('"'), "{line}"),
                _ => panic!("{line}"),
            }
            assert_eq!(families.last(), Some(&name), "{line}");
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(seen.insert(series), "{series} is there twice");
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').expect(line)),
            None => (series, ""),
        };
        assert_eq!(families.last(), Some(&name), "{line}");
        samples.push(Sample {
            name: name.to_owned(),
            labels: read_labels(labels),
            value: value.parse().expect(line),
        });
    }
    samples
}

fn read_labels(text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut chars = text.chars().peekable();
    while chars.peek().is_some() {
        let name: String = chars.by_ref().take_while(|c| *c != '=').collect();
        let first = name.chars().next().unwrap();
        assert!(first.is_ascii_alphabetic() || first == '_', "{text}");
        assert!(name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()));
        assert_eq!(chars.next(), Some('"'), "{text}");
        let mut value = String::new();
        loop {
            match chars.next().expect("a closed quote") {
                '"' => break,
                '\\' => value.push(match chars.next().unwrap() {
                    'n' => '\n',
                    c @ ('"' | '\\') => c,
                    c => panic!("\\{c} in {text}"),
                }),
                c => value.push(c),
            }
        }
        assert!(
            labels.insert(name, value).is_none(),
            "a label twice: {text}"
        );
        assert!(matches!(chars.next(), None | Some(',')), "{text}");
    }
    labels
}

fn metrics(atlas: &Atlas, args: &[&str]) -> Vec<Sample> {
    let Ran { stdout, .. } = atlas.ok(&[args, &["-o", "openmetrics"]].concat());
    read(&stdout)
}

fn sum(samples: &[Sample], name: &str) -> f64 {
    let named = samples.iter().filter(|sample| sample.name == name);
    named.map(|sample| sample.value).sum()
}

/// Hundredths of a JSON number of units.
fn hundredths(amount: &Value) -> f64 {
    (amount.as_f64().unwrap() * 100.0).round()
}

#[test]
fn costs_are_those_that_the_service_sent() {
    let atlas = atlas();
    let samples = metrics(&atlas, &["costs", "2025-01..2025-02", "--by", "projects"]);
    let raw = atlas.ok(&[
        "costs",
        "2025-01..2025-02",
        "--by",
        "projects",
        "-o",
        "raw-json",
    ]);
    let raw = raw.json();
    let rows = raw["usageDetails"].as_array().unwrap();
    for month in ["2025-01", "2025-02"] {
        let of_month = rows.iter().filter(|row| {
            let date = row["usageDate"].as_str().unwrap();
            date.starts_with(month) && !row["projectId"].is_null()
        });
        let sent: f64 = of_month.map(|row| hundredths(&row["usageAmount"])).sum();
        let written = samples.iter().filter(|sample| {
            sample.labels["month"] == month && sample.labels.contains_key("project_id")
        });
        let written: f64 = written.map(|sample| sample.value.round()).sum();
        assert!(
            sent > 0.0 && (sent - written).abs() < 0.5,
            "{month}: {sent} {written}"
        );
    }
    for sample in &samples {
        assert_eq!(sample.name, "mongodb_atlas_cost_cents");
        assert_eq!(sample.labels["org"], ORG_ID);
        assert_eq!(sample.labels["currency"], "USD");
    }
    assert!(samples.iter().any(|sample| {
        sample
            .labels
            .get("project")
            .is_some_and(|name| name == "analytics")
    }));
}

#[test]
fn names_are_escaped() {
    let atlas = Atlas::start(scenario().organizations(3));
    let samples = metrics(
        &atlas,
        &[
            "costs",
            "2025-02",
            "--by",
            "organizations",
            "--org",
            CREDITS_ORG_ID,
        ],
    );
    let name = &samples[0].labels["org_name"];
    assert!(name.contains('"') && name == CREDITS_ORG_NAME, "{name}");
}

#[test]
fn groups_of_an_invoice_add_up_to_its_line_items() {
    let atlas = atlas();
    let facts = scenario().build().facts(INVOICE_ID).unwrap();
    for by in [
        "sku",
        "project,sku",
        "cluster",
        "provider,day",
        "tag:team",
        "month",
    ] {
        let samples = metrics(&atlas, &["invoices", "show", "last", "--by", by]);
        let cents = |name| sum(&samples, &format!("mongodb_atlas_invoice_{name}"));
        assert_eq!(cents("gross_cents"), facts.gross_cents as f64, "{by}");
        assert_eq!(cents("discount_cents"), facts.discount_cents as f64, "{by}");
        assert_eq!(cents("items"), facts.line_items as f64, "{by}");
        for sample in &samples {
            assert_eq!(sample.labels["invoice"], INVOICE_ID);
            assert_eq!(sample.labels["invoice_month"], "2025-02");
        }
        let labels = match by {
            "cluster" => ["project", "project_id", "cluster"].as_slice(),
            "project,sku" => &["project", "project_id", "sku"],
            "provider,day" => &["cloud_provider", "day"],
            "tag:team" => &["tag_team"],
            by => &[by],
        };
        for label in labels {
            assert!(
                samples
                    .iter()
                    .any(|sample| sample.labels.contains_key(*label)),
                "{by}: {label}"
            );
        }
    }
}

#[test]
fn a_forecast_is_that_of_the_records() {
    let atlas = atlas();
    for by in [&[][..], &["--by", "project"]] {
        let samples = metrics(&atlas, &[&["forecast"], by].concat());
        let rows = atlas.ok(&[&["forecast", "-o", "json"], by].concat()).json();
        let rows = rows.as_array().unwrap().iter();
        let rows: Vec<&Value> = rows
            .filter(|row| row["group"].is_null() == by.is_empty())
            .collect();
        for (metric, key) in [
            ("mongodb_atlas_forecast_cents", "forecast_cents"),
            ("mongodb_atlas_forecast_low_cents", "low_cents"),
            ("mongodb_atlas_forecast_high_cents", "high_cents"),
            ("mongodb_atlas_forecast_net_cents", "net_forecast_cents"),
        ] {
            let sent: f64 = rows.iter().filter_map(|row| row[key].as_f64()).sum();
            assert_eq!(sum(&samples, metric), sent, "{by:?} {metric}");
        }
        assert!(
            samples
                .iter()
                .all(|sample| sample.labels["month"] == "2025-03")
        );
        let projects = samples
            .iter()
            .filter(|sample| sample.labels.contains_key("project"));
        assert_eq!(projects.count() > 0, !by.is_empty());
    }
}

#[test]
fn a_file_ending_in_prom_is_whole_or_absent() {
    let atlas = atlas();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("atlas.prom");
    atlas.ok(&["costs", "mtd", "--output-file", file.to_str().unwrap()]);
    assert!(!read(&fs::read_to_string(&file).unwrap()).is_empty());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn other_commands_say_which_support_it() {
    let atlas = atlas();
    for line in [
        "invoices list",
        "invoices show last",
        "invoices items last",
        "invoices compare last current",
        "projects list",
        "check",
        "schema costs",
    ] {
        let words: Vec<&str> = line.split(' ').chain(["-o", "openmetrics"]).collect();
        let said = atlas.fails(2, &words);
        assert!(
            said.contains("`costs`, `forecast` and `invoices show --by`"),
            "{line}: {said}"
        );
    }
    let said = atlas.fails(
        2,
        &[
            "invoices",
            "show",
            "--by",
            "sku",
            "--top",
            "3",
            "-o",
            "openmetrics",
        ],
    );
    assert!(said.contains("--top"), "{said}");
    assert!(atlas.asked().is_empty());
}

/// Each metric and label that the dashboard's queries name is one that is written.
#[test]
fn the_dashboard_asks_for_what_is_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist/grafana/atlas-billing.json");
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut queries = Vec::new();
    strings(&dashboard, &["expr", "query", "definition"], &mut queries);
    let atlas = atlas();
    let mut written: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for args in [
        &["costs", "mtd"][..],
        &["costs", "mtd", "--by", "projects"],
        &["forecast"],
        &["invoices", "show", "last", "--by", "project,sku"],
    ] {
        for Sample { name, labels, .. } in metrics(&atlas, args) {
            written.entry(name).or_default().extend(labels.into_keys());
        }
    }
    let mut named = BTreeSet::new();
    for query in &queries {
        let words = query.split(|c: char| c != '_' && !c.is_ascii_alphanumeric());
        let names: Vec<&str> = words.filter(|word| word.starts_with("mongodb_")).collect();
        for name in &names {
            assert!(
                written.contains_key(*name),
                "{name} is not written: {query}"
            );
            let labels = &written[*name];
            for used in used_labels(query) {
                assert!(labels.contains(used), "{name} has no label {used}: {query}");
            }
        }
        named.extend(names);
    }
    assert!(named.len() > 3, "{named:?}");
}

/// The strings below the keys named.
fn strings<'a>(value: &'a Value, keys: &[&str], found: &mut Vec<&'a str>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| strings(value, keys, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if keys.contains(&key.as_str()) => found.push(text),
                    value => strings(value, keys, found),
                }
            }
        }
        _ => {}
    }
}

/// The labels that a query selects and groups by.
fn used_labels(query: &str) -> Vec<&str> {
    let mut labels = Vec::new();
    let inside = |open: &str, close: char| {
        let parts = query.split(open).skip(1);
        parts
            .filter_map(move |part| Some(part.split_once(close)?.0))
            .collect::<Vec<_>>()
    };
    for matchers in inside("{", '}') {
        labels.extend(
            matchers
                .split(',')
                .filter_map(|one| Some(one.split(['=', '!']).next()?.trim())),
        );
    }
    for list in inside("by (", ')') {
        labels.extend(list.split(',').map(str::trim));
    }
    labels.retain(|label| !label.is_empty());
    labels
}
