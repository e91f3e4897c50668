//! Interrupted: 130 or 143, and nothing left behind.
#![cfg(unix)]

use std::fs;
use std::process::Command;

use atlas_billing_mock::{At, Fault, On, Operation, Ready};

use super::atlas::{Atlas, scenario, started};

#[test]
fn interrupted_while_waiting() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        let atlas = Atlas::start(scenario().ready(Ready::Never));
        let args = [
            "costs",
            "-o",
            "csv",
            "--output-file",
            path.to_str().unwrap(),
        ];
        let (child, _) = started(atlas.command(&args), "--resume");
        send(signal, child.id());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{signal}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.ends_with("Interrupted\n") && !said.contains("error:"),
            "{said}"
        );
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            0,
            "{signal}"
        );
    }
}

#[test]
fn interrupted_in_the_middle_of_an_invoice() {
    let directory = tempfile::tempdir().unwrap();
    let stall = Fault::Stall(At::Body(100_000));
    let atlas = Atlas::start(scenario().fault(On::operation(Operation::Invoice), stall));
    let path = directory.path().to_str().unwrap();
    let args = ["-v", "invoices", "items", "last", "--output-dir", path];
    // The head of the invoice has come, its end never will.
    let (child, _) = started(atlas.command(&args), "/invoices/");
    send("INT", child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

fn send(signal: &str, id: u32) {
    let status = Command::new("kill")
        .args(["-s", signal, &id.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}
