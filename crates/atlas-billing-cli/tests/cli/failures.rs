//! Each exit code, and what its message names.

use std::net::TcpListener;

use atlas_billing_mock::{Fault, ORG_ID, On, Operation, SignIn};

use super::atlas::{Atlas, Ran, SECRET, atlas, bare, scenario};

#[test]
fn bad_use_is_2_and_nothing_is_sent() {
    let atlas = atlas();
    // What each message says is tested where the command line is read.
    for (args, part) in [
        (vec!["costs", "2025-13"], "2025-Q1"),
        (vec!["costs", "--resume", "abc"], "64"),
        (vec!["costs", "--api-version", "2020-01-01"], "2023-01-01"),
        (vec!["invoices", "show", "latest"], "current, last"),
        (
            vec!["invoices", "compare", "2025-Q1", "2025-02"],
            "3 months with 1 month",
        ),
        (vec!["invoices", "list", "-o", "raw-csv"], "raw-csv"),
        (vec!["frobnicate"], "frobnicate"),
    ] {
        let ran = atlas.run(&args);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(2), ""),
            "{args:?}: {}",
            ran.stderr
        );
        assert!(ran.stderr.contains(part), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(atlas.asked(), [""; 0]);
}

#[test]
fn what_is_missing_is_named_with_where_to_find_it() {
    let ran = Ran::of({
        let mut command = bare();
        command.arg("costs");
        command
    });
    assert_eq!(ran.code, Some(2));
    for part in ["MONGODB_ATLAS_ACCESS_TOKEN", "--demo"] {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
    let ran = Ran::of({
        let mut command = bare();
        command.args(["costs", "--org", ORG_ID]);
        command
    });
    assert_eq!(ran.code, Some(2));
    for part in [
        "MONGODB_ATLAS_CLIENT_ID",
        "Access Manager",
        "Organization Billing Viewer",
    ] {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
    let ran = Ran::of({
        let mut command = bare();
        command
            .args(["costs", "--org", ORG_ID])
            .env("MONGODB_ATLAS_CLIENT_ID", "mdb_sa_id");
        command
    });
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("MONGODB_ATLAS_CLIENT_SECRET"),
        "{}",
        ran.stderr
    );
}

#[test]
fn not_signed_in_or_not_allowed_is_3() {
    let atlas = Atlas::start(scenario().sign_in(SignIn::bearer("another")));
    atlas.fails(3, &["invoices", "list"]);
    let any = || scenario().fault(On::any(), Fault::Status(403));
    let message = Atlas::start(any()).fails(3, &["invoices", "list"]);
    assert!(message.contains("Organization Billing Viewer"), "{message}");
    Atlas::start(any()).fails(3, &["costs"]);
}

#[test]
fn not_found_is_4() {
    let message = atlas().fails(4, &["invoices", "show", "64b7f0a1c2d3e4f506172839"]);
    assert!(message.contains("404"), "{message}");
}

#[test]
fn refused_or_failed_by_the_service_is_6_and_names_the_code() {
    for status in [400, 406, 410, 500] {
        let atlas = Atlas::start(scenario().fault(On::any(), Fault::Status(status)));
        let message = atlas.fails(6, &["invoices", "list"]);
        assert!(message.contains(&status.to_string()), "{message}");
    }
    let atlas = Atlas::start(scenario().versions_gone());
    let message = atlas.fails(6, &["invoices", "list"]);
    assert!(message.contains("VERSION_GONE"), "{message}");
}

#[test]
fn an_unreadable_answer_is_7() {
    for fault in [
        Fault::Html,
        Fault::Empty,
        Fault::InvalidJson,
        Fault::OtherShape,
    ] {
        let atlas = Atlas::start(scenario().fault(On::operation(Operation::Invoices), fault));
        atlas.fails(7, &["invoices", "list"]);
    }
}

#[test]
fn nobody_there_is_7() {
    // A port that was free a moment ago, and that nothing listens on.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut command = bare();
    command
        .args(["invoices", "list", "--org", ORG_ID, "--base-url"])
        .arg(format!("http://{address}"));
    command.env("MONGODB_ATLAS_ACCESS_TOKEN", SECRET);
    let ran = Ran::of(command);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(7), ""),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_host_that_is_not_ascii_is_2() {
    let mut command = bare();
    command.args(["orgs", "list", "--base-url", "https://b\u{fc}cher.example"]);
    command.env("MONGODB_ATLAS_ACCESS_TOKEN", SECRET);
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("the base URL is not a URL"),
        "{}",
        ran.stderr
    );
}

#[test]
fn silence_ends_at_the_request_timeout() {
    let fault = Fault::Stall(atlas_billing_mock::At::BeforeHead);
    let atlas = Atlas::start(scenario().fault(On::any(), fault));
    atlas.fails(7, &["invoices", "list", "--request-timeout", "30ms"]);
}

#[test]
fn help_and_version_are_no_errors() {
    for (args, part) in [
        (vec!["--help"], "Exit codes"),
        (vec!["costs", "--help"], "--no-wait"),
        (vec!["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let mut command = bare();
        command.args(&args);
        let ran = Ran::of(command);
        assert_eq!(ran.code, Some(0), "{args:?}");
        assert!(ran.stdout.contains(part), "{args:?}: {}", ran.stdout);
    }
}
