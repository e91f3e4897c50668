//! Where output goes: files that are whole or absent, pipes that close.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use atlas_billing_mock::{Fault, On, Operation, Ready};

use super::atlas::{Atlas, atlas, scenario};

#[test]
fn a_file_has_what_standard_output_would() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("costs.csv");
    let atlas = atlas();
    let args = ["costs", "2025-02", "-o", "csv"];
    let file = ["--outputFile", path.to_str().unwrap()];
    let ran = atlas.ok(&[&args as &[&str], &file].concat());
    assert_eq!(ran.stdout, "");
    assert_eq!(fs::read_to_string(&path).unwrap(), atlas.ok(&args).stdout);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_failure_leaves_the_file_that_was_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("items.jsonl");
    fs::write(&path, "yesterday's").unwrap();
    let fault = Fault::Close(atlas_billing_mock::At::Body(50_000));
    let atlas = Atlas::start(scenario().fault(On::operation(Operation::Invoice), fault));
    let file = path.to_str().unwrap();
    atlas.fails(
        7,
        &[
            "invoices",
            "items",
            "last",
            "-o",
            "jsonl",
            "--output-file",
            file,
        ],
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "yesterday's");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_cannot_be_is_said_before_anything_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let atlas = Atlas::start(scenario().ready(Ready::Never));
    for file in [
        directory.path().to_owned(),
        directory.path().join("no/such.csv"),
    ] {
        let message = atlas.fails(1, &["costs", "--output-file", file.to_str().unwrap()]);
        assert!(message.contains("cannot write"), "{message}");
    }
    assert_eq!(atlas.asked(), [""; 0]);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let atlas = atlas();
    let mut command = atlas.command(&["invoices", "items", "2024", "-o", "jsonl"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("error:"), "{stderr}");
}

#[test]
fn cents_are_integers_and_units_are_decimals() {
    let atlas = atlas();
    for line in [
        "invoices list",
        "invoices show last",
        "invoices show last --by project",
        "invoices items last --sku ATLAS_SUPPORT",
        "invoices search last --service Support",
        "invoices compare",
        "invoices tags last",
        "invoices reconcile last",
        "forecast",
        "costs last-month --compare",
        "focus last --by ServiceName",
    ] {
        let args: Vec<&str> = line.split(' ').chain(["-o", "json"]).collect();
        let rows = atlas.ok(&args).json();
        for row in rows.as_array().unwrap() {
            for (name, value) in row.as_object().unwrap() {
                let is_integer = value.is_i64() || value.is_null();
                assert!(
                    !name.ends_with("_cents") || is_integer,
                    "{line}: {name} {value}"
                );
                let is_amount = name.ends_with("_amount") || name.ends_with("Cost");
                assert!(!is_amount || value.is_number(), "{line}: {name} {value}");
            }
        }
        // With decimals for spreadsheets, and in columns that say so.
        let args: Vec<&str> = line.split(' ').chain(["-o", "csv", "--excel"]).collect();
        let text = atlas.ok(&args).stdout;
        let header = text.lines().next().unwrap();
        let left = header.replace("owed_as_documented_cents", "");
        assert!(!left.contains("_cents"), "{line}: {header}");
    }
}

#[test]
fn the_ending_of_a_file_is_that_of_its_format() {
    let atlas = atlas();
    let folder = tempfile::tempdir().unwrap();
    let run = |line: &str, name: &str| {
        let file = folder.path().join(name);
        let args = line
            .split(' ')
            .chain(["--output-file", file.to_str().unwrap()]);
        let ran = atlas.run(&args.collect::<Vec<_>>());
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let _ = std::fs::remove_file(&file);
        (ran.code, ran.stderr, text)
    };
    let costs = "costs last-month";
    for (line, name, begins) in [
        (costs, "a.csv", "usage_date,"),
        (costs, "a.jsonl", "{\"usage_date\""),
        (costs, "a.json", "[\n{"),
        (costs, "a.md", "**Costs"),
        (costs, "a.txt", "Costs"),
        (costs, "a.prom", "# TYPE"),
        (costs, "a", "Costs"),
        ("costs last-month -o csv", "a.txt", "usage_date,"),
        ("costs last-month -o csv", "a.data", "usage_date,"),
        ("invoices show last -o raw-json", "a.json", "{"),
        ("report -o slack", "a.json", "{"),
        ("completions bash", "a.bash", "_atlas__billing()"),
        ("man", "a.1", "."),
    ] {
        let (code, stderr, text) = run(line, name);
        assert_eq!(code, Some(0), "{line} {name}: {stderr}");
        assert!(text.starts_with(begins), "{line} {name}: {text:.60}");
    }
    for (line, name, why) in [
        (costs, "a.xlsx", "cannot write .xlsx files"),
        (costs, "a.html", "html is for `report` alone"),
        (costs, "a.foo", "the ending .foo does not tell the format"),
        (
            "costs -o json",
            "a.csv",
            "-o json and the ending .csv name two formats",
        ),
        ("costs -o table", "a.csv", "use a name that ends in .txt"),
        ("costs -o csv", "a.html", "use a name that ends in .csv"),
        (
            "invoices show last -o raw-csv",
            "a.json",
            "use a name that ends in .csv",
        ),
        (
            "invoices show last --by sku -o raw-json",
            "a.json",
            "--by has no effect on raw-json",
        ),
        (
            "invoices show last --linked only -o raw-csv",
            "a.csv",
            "--linked has no effect on raw-csv",
        ),
        ("invoices show last --top 3", "a.csv", "--top needs --by"),
        (
            "costs --each",
            "a.csv",
            "--each needs --fail-over or --warn-over",
        ),
        ("costs --excel", "a.json", "--excel is for csv"),
    ] {
        let (code, stderr, text) = run(line, name);
        assert_eq!((code, &*text), (Some(2), ""), "{line} {name}: {stderr}");
        assert!(stderr.contains(why), "{line} {name}: {stderr}");
    }
    let to = folder.path().to_str().unwrap();
    for form in ["csv", "raw-csv"] {
        atlas.ok(&["invoices", "items", "last", "-o", form, "--output-dir", to]);
    }
    let written = std::fs::read_dir(folder.path().join("period=2025-02")).unwrap();
    assert_eq!(written.count(), 2, "a name each");
}
