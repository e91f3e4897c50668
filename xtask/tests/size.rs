//! xtask is built by every contributor and on every run of CI: it stays small.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// As many crates as xtask may be built from, itself not counted.
const LIMIT: usize = 80;

#[test]
fn xtask_builds_in_at_most_eighty_crates() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", &host()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (node["id"].as_str().unwrap(), node))
        .collect();
    let root = metadata["packages"].as_array().unwrap().iter();
    let root = root
        .clone()
        .find(|package| package["name"] == "xtask")
        .unwrap();

    let mut crates: BTreeSet<&str> = BTreeSet::new();
    let mut waiting = vec![root["id"].as_str().unwrap()];
    while let Some(id) = waiting.pop() {
        for dependency in nodes[id]["deps"].as_array().unwrap() {
            // Normal and build dependencies; `dev` is for the tests.
            let built = dependency["dep_kinds"]
                .as_array()
                .unwrap()
                .iter()
                .any(|k| k["kind"] != "dev");
            let id = dependency["pkg"].as_str().unwrap();
            if built && crates.insert(id) {
                waiting.push(id);
            }
        }
    }
    assert!(crates.len() > 10, "the walk found only {}", crates.len());
    assert!(
        crates.len() <= LIMIT,
        "{} crates: {crates:#?}",
        crates.len()
    );
}

fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap()
        .to_owned()
}
