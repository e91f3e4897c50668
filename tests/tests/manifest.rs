//! The workspace's manifests: the oldest toolchain is true, dependencies point one way, and the
//! wrapper brings few crates. Licences, bans and sources are cargo-deny's (`deny.toml`).

#![allow(
    clippy::expect_used,
    reason = "a test may stop where its ground is missing"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// How many crates a program may build beyond those of a plain reqwest client.
const CRATES_BEYOND: usize = 18;

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("cargo writes text")
}

/// What cargo itself says of the workspace, with every feature and every platform.
fn metadata() -> Value {
    let text = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--all-features",
    ]);
    serde_json::from_str(&text).expect("cargo writes JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// `1.88` and `1.88.0` as numbers that compare.
fn version(text: &str) -> Vec<u32> {
    let mut parts: Vec<u32> = text
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect();
    parts.resize(3, 0);
    parts
}

/// The ids of what the published crates are built from: what only contributors build may ask for a
/// newer toolchain.
fn published(metadata: &Value) -> BTreeSet<&str> {
    let nodes: BTreeMap<&str, &Value> = array(&metadata["resolve"], "nodes")
        .iter()
        .map(|node| (text(node, "id"), node))
        .collect();
    let members = array(metadata, "packages").iter();
    let members = members.filter(|package| {
        let is_member = array(metadata, "workspace_members").contains(&package["id"]);
        is_member && text(package, "name") != "xtask"
    });
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&str> = members.map(|package| text(package, "id")).collect();
    while let Some(id) = waiting.pop() {
        if found.insert(id) {
            let dependencies = nodes.get(id).map_or(&[][..], |node| array(node, "deps"));
            waiting.extend(
                dependencies
                    .iter()
                    .map(|dependency| text(dependency, "pkg")),
            );
        }
    }
    found
}

#[test]
fn the_declared_toolchain_is_old_enough_for_no_dependency() {
    let metadata = metadata();
    let published = published(&metadata);
    let members: BTreeSet<&str> = array(&metadata, "workspace_members")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let packages: Vec<&Value> = array(&metadata, "packages")
        .iter()
        .filter(|package| published.contains(text(package, "id")))
        .collect();
    let declared = packages
        .iter()
        .find(|package| text(package, "name") == "atlas-billing")
        .map(|package| version(text(package, "rust_version")))
        .expect("the wrapper is a member");
    let mut newer = Vec::new();
    for package in packages {
        let needs = version(text(package, "rust_version"));
        if members.contains(text(package, "id")) {
            assert_eq!(
                needs,
                declared,
                "{} declares another one",
                text(package, "name")
            );
        } else if needs > declared {
            newer.push(format!(
                "{} {}",
                text(package, "name"),
                text(package, "rust_version")
            ));
        }
    }
    assert!(
        newer.is_empty(),
        "these need a newer toolchain than {declared:?}: {newer:?}"
    );
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    // What each member may use of the others, tests and tools apart.
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("atlas-billing-raw", &[][..]),
        ("atlas-billing", &["atlas-billing-raw"][..]),
        ("atlas-billing-mock", &[][..]),
        (
            "atlas-billing-cli",
            &["atlas-billing", "atlas-billing-mock"][..],
        ),
        ("xtask", &[][..]),
    ]);
    for package in array(&metadata, "packages") {
        let Some(allowed) = allowed.get(text(package, "name")) else {
            continue;
        };
        for dependency in array(package, "dependencies") {
            let name = text(dependency, "name");
            let own = name.starts_with("atlas-billing") || name == "xtask";
            if own && dependency["kind"].is_null() {
                assert!(
                    allowed.contains(&name),
                    "{} uses {name}",
                    text(package, "name")
                );
            }
        }
    }
}

/// The crates that a program builds and links for this one, itself included, on this machine's
/// platform with default features, by name.
fn crates(arguments: &[&str]) -> BTreeSet<String> {
    let tree = [
        "tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--locked",
    ];
    let text = cargo(&[&tree, arguments].concat());
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect()
}

#[test]
fn the_wrapper_brings_few_crates_beyond_a_plain_client() {
    let plain = ["--manifest-path", "benches/plain-client/Cargo.toml"];
    // The command pins a version without the tables of Unicode for this workspace alone.
    let unicode = crates(&[&plain[..], &["--package", "idna_adapter"]].concat());
    let plain = crates(&plain);
    let ours = &crates(&["--package", "atlas-billing"]) | &unicode;
    let beyond = ours.len() - plain.len();
    println!("{} crates, {beyond} beyond a plain client", ours.len());
    let more: Vec<&String> = ours.difference(&plain).collect();
    assert!(
        beyond <= CRATES_BEYOND,
        "{beyond} crates beyond a plain client: {more:#?}"
    );
    // A bound that has become loose would let the next ones in unseen.
    assert!(beyond + 3 > CRATES_BEYOND, "lower the bound to {beyond}");
}
