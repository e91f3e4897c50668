//! The forms of output: one description, so that they say the same, as the schema says.

use serde_json::Value;

use super::atlas::{Atlas, Ran, atlas, bare, scenario};

/// A record of each kind, and how to get it.
const KINDS: [(&str, &[&str]); 4] = [
    ("costs", &["costs", "2025-02..2025-03"]),
    ("invoice", &["invoices", "list"]),
    (
        "invoice",
        &["invoices", "show", "2024-10", "--linked", "omit"],
    ),
    (
        "line-item",
        &[
            "invoices", "items", "current", "last", "--linked", "include",
        ],
    ),
];

fn schema(of: &str) -> Value {
    let mut command = bare();
    command.args(["schema", of]);
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.json()
}

fn run(args: &[&str], form: &str) -> Ran {
    let atlas = Atlas::start(scenario().with_linked_invoices());
    let mut all = args.to_vec();
    all.extend(["-o", form]);
    atlas.ok(&all)
}

/// Whether `value` is of one of the types that `property` names.
fn is_of_type(value: &Value, property: &Value) -> bool {
    let types = match &property["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        other => panic!("no type: {other}"),
    };
    types.iter().any(|name| match *name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        other => panic!("unknown type {other}"),
    })
}

fn has_format(value: &Value, property: &Value) -> bool {
    match (value.as_str(), property["format"].as_str()) {
        (Some(text), Some("date")) => text.parse::<chrono::NaiveDate>().is_ok(),
        (Some(text), Some("date-time")) => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
        _ => true,
    }
}

#[test]
fn records_are_as_their_schema_says() {
    for (kind, args) in KINDS {
        let schema = schema(kind);
        let properties = schema["properties"].as_object().unwrap();
        let required: Vec<&str> = schema["required"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(required.len(), properties.len(), "{kind}");
        let rows = run(args, "jsonl").jsonl();
        assert!(!rows.is_empty());
        for row in &rows {
            let row = row.as_object().unwrap();
            assert_eq!(row.len(), properties.len(), "{kind}: {row:?}");
            for (name, property) in properties {
                let value = row.get(name).unwrap_or_else(|| panic!("{kind}: no {name}"));
                assert!(
                    is_of_type(value, property),
                    "{kind}: {name} is {value}: {property}"
                );
                assert!(
                    has_format(value, property),
                    "{kind}: {name} is {value}: {property}"
                );
            }
        }
        assert!(
            properties
                .values()
                .all(|p| p["description"].as_str().is_some_and(|d| !d.is_empty()))
        );
    }
}

#[test]
fn csv_json_and_jsonl_say_the_same() {
    for (kind, args) in KINDS {
        let lines = run(args, "jsonl").jsonl();
        let array = run(args, "json").json();
        assert_eq!(array.as_array(), Some(&lines), "{kind}");
        let csv = run(args, "csv").stdout;
        let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
        let required = &schema(kind)["required"];
        assert_eq!(&serde_json::json!(header), required, "{kind}");
        // The made-up texts hold no line breaks, so a line is a record.
        assert_eq!(csv.lines().count(), lines.len() + 1, "{kind}");
    }
}

#[test]
fn cents_are_integers_and_tags_are_json() {
    let rows = run(&["invoices", "items", "last"], "jsonl").jsonl();
    assert!(rows.iter().all(|row| row["total_price_cents"].is_i64()));
    assert!(
        rows.iter()
            .any(|row| row["total_price_cents"].as_i64() < Some(0))
    );
    assert!(
        rows.iter()
            .any(|row| row["tags"]["team"] == serde_json::json!(["booking"]))
    );
    let csv = run(&["invoices", "items", "last"], "csv").stdout;
    assert!(
        csv.contains(r#""{""env"":[""prod""],""team"":[""booking""]}""#),
        "{}",
        &csv[..900]
    );
}

#[test]
fn tables_and_markdown_are_for_every_command() {
    for args in [
        &["costs", "2025-02"] as &[&str],
        &["invoices", "list"],
        &["invoices", "show"],
        &["invoices", "show", "last", "--by", "sku,day", "--top", "2"],
        &["invoices", "items", "last"],
        &["invoices", "compare", "last", "current"],
        &["check"],
    ] {
        let table = run(args, "table").stdout;
        assert!(
            table.lines().count() > 2 && !table.contains('|'),
            "{args:?}: {table}"
        );
        let markdown = run(args, "markdown").stdout;
        assert!(markdown.contains("|---"), "{args:?}: {markdown}");
        let widths: Vec<usize> = markdown
            .lines()
            .filter(|line| line.starts_with('|'))
            .map(|line| line.replace("\\|", "").matches('|').count())
            .collect();
        let tables = markdown
            .split("\n\n")
            .filter(|part| part.starts_with('|'))
            .count();
        let mut distinct = widths.clone();
        distinct.dedup();
        assert!(distinct.len() <= tables.max(1), "{args:?}: {widths:?}");
    }
}

#[test]
fn color_only_where_it_is_asked_for() {
    let atlas = atlas();
    let plain = atlas.ok(&["costs", "2025-02"]).stdout;
    let colored = atlas.ok(&["costs", "2025-02", "--color", "always"]).stdout;
    assert!(!plain.contains('\u{1b}') && colored.contains("\u{1b}[1m"));
    let never = atlas.ok(&["costs", "2025-02", "--color", "never"]).stdout;
    assert_eq!(never, plain);
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let mut command = bare();
        command.args(["completions", shell]);
        let ran = Ran::of(command);
        assert_eq!(ran.code, Some(0), "{shell}: {}", ran.stderr);
        assert!(ran.stdout.contains("include-partial-matches"), "{shell}");
    }
}
