//! `--demo` and `mock`: the stand-in inside the binary.

use std::io::{BufRead, BufReader};

use super::atlas::{Ran, SECRET, bare, started};

fn demo(args: &[&str]) -> Ran {
    let mut command = bare();
    command.arg("--demo").args(args);
    // Whatever is set, none of it is used.
    command.env("MONGODB_ATLAS_ORG_ID", "nonsense");
    command.env("MONGODB_ATLAS_BASE_URL", "https://no.such.host.invalid");
    command.env("MONGODB_ATLAS_CLIENT_ID", SECRET);
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.stderr);
    assert!(ran.stderr.contains("made up"), "{args:?}: {}", ran.stderr);
    ran
}

#[test]
fn mock_serves_another_process() {
    let mut command = bare();
    command.args(["mock", "--seed", "7"]);
    let (mut child, said) = started(command, "Interrupt");
    let mut url = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut url)
        .unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");

    let line = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("export "))
        .unwrap();
    let variables = line.split(' ').map(|pair| pair.split_once('=').unwrap());
    let mut command = bare();
    command
        .args(["invoices", "list", "-o", "jsonl"])
        .envs(variables);
    let ran = Ran::of(command);
    assert_eq!(
        (ran.code, ran.jsonl().len()),
        (Some(0), 14),
        "{}",
        ran.stderr
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The golden files show what the demonstration prints.
#[test]
fn a_demonstration_uses_nothing_of_the_environment() {
    let ran = demo(&["invoices", "items", "last", "-o", "jsonl"]);
    assert!(!ran.stdout.is_empty());
}

#[test]
fn the_organizations_of_a_demonstration_can_be_seen() {
    let ran = demo(&[
        "focus",
        "last",
        "--linked",
        "include",
        "--by",
        "BillingAccountName",
    ]);
    for name in ["Meridian Freight", "Meridian Labs"] {
        assert!(ran.stdout.contains(name), "{}", ran.stdout);
    }
}
