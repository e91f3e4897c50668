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
