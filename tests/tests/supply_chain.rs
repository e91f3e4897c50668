//! What the dependency tree holds, against `deny.toml` and a bound on its size. `cargo deny` judges
//! the same file with more rules and takes minutes to build, so it runs in the deep run.

#![allow(clippy::expect_used)] // a helper of a test fails as the test does

use std::collections::BTreeSet;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// How many crates a program may build beyond those of a plain reqwest client.
const CRATES_BEYOND: usize = 18;

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default)]
    wrappers: Vec<String>,
}

fn deny() -> Deny {
    let text = std::fs::read_to_string(format!("{ROOT}/deny.toml")).expect("deny.toml is there");
    basic_toml::from_str(&text).expect("deny.toml reads")
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(ROOT)
        .output();
    let output = output.expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("cargo writes text")
}

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

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

/// Whether a licence expression (SPDX, and the old `/` for `OR`) can be met by what is allowed.
fn allowed(expression: &str, allow: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &tokens[..];
    let met = either(&mut rest, allow);
    met && rest.is_empty()
}

/// `OR` binds less than `AND`.
fn either(rest: &mut &[&str], allow: &dyn Fn(&str) -> bool) -> bool {
    let mut met = both(rest, allow);
    while let Some(("OR", after)) = rest.split_first().map(|(first, after)| (*first, after)) {
        *rest = after;
        met |= both(rest, allow);
    }
    met
}

fn both(rest: &mut &[&str], allow: &dyn Fn(&str) -> bool) -> bool {
    let mut met = one(rest, allow);
    while let Some(("AND", after)) = rest.split_first().map(|(first, after)| (*first, after)) {
        *rest = after;
        met &= one(rest, allow);
    }
    met
}

fn one(rest: &mut &[&str], allow: &dyn Fn(&str) -> bool) -> bool {
    match **rest {
        ["(", ref after @ ..] => {
            *rest = after;
            let met = either(rest, allow);
            *rest = rest.strip_prefix(&[")"]).unwrap_or_default();
            met
        }
        [licence, "WITH", exception, ref after @ ..] => {
            *rest = after;
            allow(&format!("{licence} WITH {exception}"))
        }
        [licence, ref after @ ..] => {
            *rest = after;
            allow(licence)
        }
        [] => false,
    }
}

#[test]
fn expressions_are_read_as_they_are_meant() {
    let allow = |licence: &str| matches!(licence, "MIT" | "Apache-2.0 WITH LLVM-exception");
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT OR GPL-3.0", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("(GPL-3.0 OR MIT) AND MIT", true),
        ("GPL-3.0 OR (MIT AND GPL-3.0)", false),
        ("MIT AND GPL-3.0 OR MIT", true),
        ("Apache-2.0 WITH LLVM-exception OR Apache-2.0", true),
        ("Apache-2.0", false),
        ("", false),
    ] {
        assert_eq!(allowed(expression, &allow), met, "{expression}");
    }
}

#[test]
fn every_licence_is_one_that_deny_toml_allows() {
    let deny = deny();
    let mut refused = Vec::new();
    for package in array(&metadata()["packages"]) {
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or_default();
        let own: BTreeSet<&String> = deny
            .licenses
            .exceptions
            .iter()
            .filter(|exception| exception.name == name)
            .flat_map(|exception| &exception.allow)
            .collect();
        let allow = |wanted: &str| {
            let mut all = deny.licenses.allow.iter().chain(own.iter().copied());
            all.any(|allowed| allowed == wanted)
        };
        if !allowed(licence, &allow) {
            refused.push(format!("{name}: {licence}"));
        }
    }
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn what_deny_toml_bans_is_used_by_no_one_but_its_wrappers() {
    let metadata = metadata();
    let packages = array(&metadata["packages"]);
    let name_of = |id: &Value| {
        let package = packages.iter().find(|package| package["id"] == *id);
        package
            .and_then(|package| package["name"].as_str())
            .expect("a package's name")
    };
    let bans = deny().bans.deny;
    for node in array(&metadata["resolve"]["nodes"]) {
        let user = name_of(&node["id"]);
        for used in array(&node["deps"]) {
            // What only a dependency's own tests use is never built here.
            if array(&used["dep_kinds"])
                .iter()
                .all(|kind| kind["kind"] == "dev")
            {
                continue;
            }
            let used = name_of(&used["pkg"]);
            let Some(ban) = bans.iter().find(|ban| ban.name == used) else {
                continue;
            };
            let excused = ban.wrappers.iter().any(|wrapper| wrapper == user);
            assert!(excused, "{user} uses {used}");
        }
    }
}

#[test]
fn everything_comes_from_one_registry() {
    let sources: BTreeSet<String> = array(&metadata()["packages"])
        .iter()
        .filter_map(|package| package["source"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert!(
        sources.iter().all(|source| source.starts_with("registry+")),
        "{sources:?}"
    );
}

/// The crates that a program builds and links for this one, itself left out, on this machine's
/// platform with default features.
fn crates(arguments: &[&str]) -> BTreeSet<String> {
    let tree = [
        "tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--locked",
    ];
    let text = cargo(&[&tree, arguments].concat());
    let mut lines = text.lines();
    let root = lines.next().expect("a root");
    let versions = lines.filter(|line| *line != root && !line.is_empty());
    versions
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn the_wrapper_brings_few_crates_beyond_a_plain_client() {
    let plain = crates(&["--manifest-path", "benches/plain-client/Cargo.toml"]);
    let ours = crates(&["--package", "atlas-billing"]);
    let beyond = ours.len() - plain.len();
    println!(
        "{} crates, a plain client {}: {beyond} beyond",
        ours.len(),
        plain.len()
    );
    let more: Vec<&String> = ours.difference(&plain).collect();
    assert!(
        beyond <= CRATES_BEYOND,
        "{beyond} crates beyond a plain client, {CRATES_BEYOND} are the bound: {more:#?}"
    );
    // A bound that has become loose would let the next ones in unseen.
    assert!(beyond + 3 > CRATES_BEYOND, "lower the bound to {beyond}");
}
