//! Flags that every command has, and what is said beside the data.

use atlas_billing_mock::{INVOICE_ID, ORG_ID, Operation, PRIVATE_KEY, PUBLIC_KEY, SignIn};

use super::atlas::{Atlas, Ran, SECRET, TODAY, atlas, bare, scenario};

#[test]
fn verbose_is_a_line_a_request_without_secrets() {
    let atlas = atlas();
    let ran = atlas.ok(&["-v", "invoices", "show", "last", "-o", "csv"]);
    let list = format!("GET /api/atlas/v2/orgs/{ORG_ID}/invoices 200, version 2023-01-01, ");
    let show = format!("GET /api/atlas/v2/orgs/{ORG_ID}/invoices/{INVOICE_ID} 200, version ");
    assert!(
        ran.stderr.contains(&list) && ran.stderr.contains(&show),
        "{}",
        ran.stderr
    );
    let quiet = atlas.ok(&["-q", "invoices", "show", "last", "-o", "csv"]);
    assert_eq!((quiet.stdout, quiet.stderr.as_str()), (ran.stdout, ""));
}

#[test]
fn flags_win_over_the_environment() {
    let atlas = atlas();
    let mut command = bare();
    command.args([
        "--today",
        TODAY,
        "invoices",
        "list",
        "--orgId",
        ORG_ID,
        "--base-url",
    ]);
    command.arg(atlas.stand_in.base_url());
    command.env("MONGODB_ATLAS_ORG_ID", "nonsense");
    command.env("MONGODB_ATLAS_BASE_URL", "https://no.such.host.invalid");
    command.env("MONGODB_ATLAS_ACCESS_TOKEN", SECRET);
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn credentials_of_each_kind_come_from_the_environment() {
    let sign_in =
        SignIn::api_key(PUBLIC_KEY, PRIVATE_KEY).and_service_account("mdb_sa_id_x", SECRET);
    let atlas = Atlas::start(scenario().sign_in(sign_in));
    for variables in [
        [
            ("MONGODB_ATLAS_PUBLIC_API_KEY", PUBLIC_KEY),
            ("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY),
        ],
        [
            ("MONGODB_ATLAS_CLIENT_ID", "mdb_sa_id_x"),
            ("MONGODB_ATLAS_CLIENT_SECRET", SECRET),
        ],
    ] {
        let mut command = atlas.command(&["-v", "invoices", "list"]);
        command
            .env_remove("MONGODB_ATLAS_ACCESS_TOKEN")
            .envs(variables);
        let ran = Ran::of(command);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(!ran.stderr.contains(PRIVATE_KEY), "{}", ran.stderr);
    }
}

#[test]
fn the_version_asked_for_is_sent() {
    let atlas = atlas();
    atlas.ok(&["--api-version", "2024-08-05", "invoices", "list"]);
    let requests = atlas.stand_in.requests();
    assert_eq!(
        requests[0].header("accept"),
        Some("application/vnd.atlas.2024-08-05+json")
    );
    let agent = requests[0].header("user-agent").unwrap();
    assert!(agent.starts_with("atlas-billing-cli/"), "{agent}");
}

#[test]
fn a_deprecated_version_is_said_once() {
    let (since, sunset) = ("2024-08-05".parse().unwrap(), "2026-08-05".parse().unwrap());
    let atlas = Atlas::start(scenario().deprecated(Operation::Invoice, since, sunset));
    let ran = atlas.ok(&["-q", "invoices", "items", "2025-01..2025-02", "-o", "jsonl"]);
    assert_eq!(
        ran.stderr.matches("deprecated").count(),
        1,
        "{}",
        ran.stderr
    );
    for part in ["2024-08-05", "2026-08-05", "--api-version"] {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
}
