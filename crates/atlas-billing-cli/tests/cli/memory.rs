//! A large invoice in little memory: the stand-in runs in a process of its own.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::{Duration, Instant};

use atlas_billing_mock::{INVOICE_ID, InvoicePlan, ORG_ID, PENDING_INVOICE_ID, ScenarioBuilder};

use super::atlas::{Atlas, bare, scenario, started};

/// The bound for a million items, and so for fewer.
const MOST_KIB: u64 = 64 * 1024;

#[test]
fn items_pass_in_bounded_memory() {
    assert_bounded(40_000);
}

/// Takes minutes unless built with `--release`.
#[test]
#[ignore = "slow: a million items"]
fn a_million_items_pass_in_bounded_memory() {
    assert_bounded(1_000_000);
}

#[test]
fn an_export_passes_in_bounded_memory() {
    assert_export_bounded(40_000);
}

/// Takes minutes unless built with `--release`.
#[test]
#[ignore = "slow: a million items"]
fn an_export_of_a_million_items_passes_in_bounded_memory() {
    assert_export_bounded(1_000_000);
}

#[test]
fn figures_are_made_in_bounded_memory() {
    assert_figures_bounded(40_000);
}

/// Takes minutes unless built with `--release`.
#[test]
#[ignore = "slow: a million items"]
fn figures_of_a_million_items_are_made_in_bounded_memory() {
    assert_figures_bounded(1_000_000);
}

/// The last invoice and the pending one have so many items each.
fn assert_figures_bounded(items: u64) {
    let plan = |id: &str, month| InvoicePlan::new(id).month(2025, month).items(items);
    let plans = [
        plan(INVOICE_ID, 2),
        plan(PENDING_INVOICE_ID, 3).status("PENDING"),
    ];
    let atlas = Atlas::start(plans.into_iter().fold(scenario(), ScenarioBuilder::invoice));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    let file = file.to_str().unwrap();
    for command in [
        &["-q", "invoices", "show", "last", "--by", "sku"][..],
        &["-q", "invoices", "reconcile", "last"],
        &["-q", "forecast"],
        &["-q", "report", "--output-file", file],
    ] {
        let peak = peak_of(&atlas, command);
        println!("{items} items: peak {peak} KiB");
        assert!(peak > 0 && peak < MOST_KIB, "{command:?}: {peak} KiB");
    }
}

/// Runs what has to succeed, and returns the most memory that it had resident, in KiB.
fn peak_of(atlas: &Atlas, args: &[&str]) -> u64 {
    let (mut child, mut peak) = (atlas.command(args).spawn().unwrap(), 0);
    let began = Instant::now();
    let ended = loop {
        peak = peak.max(high_water(child.id()).unwrap_or(0));
        match child.try_wait().unwrap() {
            Some(ended) => break ended,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    assert!(ended.success(), "{args:?}");
    println!("{args:?}: {:?}", began.elapsed());
    peak
}

/// Two invoices of so many items each, which are fetched at the same time.
fn assert_export_bounded(items: u64) {
    let plan = |id: &str, month| InvoicePlan::new(id).month(2025, month).items(items);
    let plans = [plan(INVOICE_ID, 2), plan("66a1000000000000000000d2", 1)];
    let atlas = Atlas::start(plans.into_iter().fold(scenario(), ScenarioBuilder::invoice));
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    let period = "2025-01..2025-02";
    let peak = peak_of(&atlas, &["-q", "export", "line-items", period, "--to", to]);
    println!("twice {items} items: peak {peak} KiB");
    assert!(peak > 0 && peak < MOST_KIB, "{peak} KiB");
}

fn assert_bounded(items: usize) {
    let mut command = bare();
    command.args(["mock", "--items", &items.to_string()]);
    let (mut mock, _) = started(command, "Interrupt");
    let mut url = String::new();
    BufReader::new(mock.stdout.as_mut().unwrap())
        .read_line(&mut url)
        .unwrap();

    let mut command = bare();
    command.args(["-q", "invoices", "items", "last", "-o", "jsonl"]);
    command.env("MONGODB_ATLAS_BASE_URL", url.trim_end());
    command
        .env("MONGODB_ATLAS_ORG_ID", ORG_ID)
        .env("MONGODB_ATLAS_ACCESS_TOKEN", "any");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (mut lines, mut peak, mut buffer) = (0, 0, vec![0; 1 << 16]);
    loop {
        // While more is to come the process lives, and its high-water mark can be read.
        peak = peak.max(high_water(child.id()).unwrap_or(0));
        match stdout.read(&mut buffer).unwrap() {
            0 => break,
            read => lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count(),
        }
    }
    assert!(child.wait().unwrap().success());
    mock.kill().unwrap();
    mock.wait().unwrap();
    println!("{items} items: peak {peak} KiB");
    assert_eq!(lines, items);
    assert!(peak > 0 && peak < MOST_KIB, "{peak} KiB");
}

/// The most memory that a process has had resident, in KiB: VmHWM of proc(5).
fn high_water(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
