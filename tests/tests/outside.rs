//! A program outside of this workspace: it depends on the wrapper, and its tests on the stand-in.
//!
//! Inside of the workspace features are unified and versions locked for all members together, so
//! that a dependency that a crate forgot to name would not show.

use std::fs;
use std::path::Path;
use std::process::Command;

const PROGRAM: &str = r#"
use atlas_billing::{Client, Error, Months, OrgId};

/// What an organization used in some months, added up.
pub async fn total(atlas: &Client, org: OrgId, months: Months) -> Result<String, Error> {
    Ok(atlas.org(org).costs(months).await?.total()?.to_string())
}
"#;

const TEST: &str = r#"
use atlas_billing::{Client, Credentials};
use atlas_billing_mock::{Scenario, StandIn, ORG_ID};

#[tokio::test]
async fn a_month_has_a_total() {
    let scenario = Scenario::builder().today("2025-03-09".parse().unwrap()).build();
    let stand_in = StandIn::start(scenario).await.unwrap();
    let atlas = Client::builder(Credentials::none()).base_url(stand_in.base_url()).build().unwrap();
    let months = "2025-02".parse().unwrap();
    let total = outside::total(&atlas, ORG_ID.parse().unwrap(), months).await.unwrap();
    assert!(total.parse::<f64>().unwrap() > 0.0, "{total}");
}
"#;

#[test]
#[ignore = "slow: builds a program with dependencies of its own"]
fn a_program_outside_of_the_workspace_builds_and_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap();
    // The workspace's own, where most dependencies have been built already.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    // Outside of the workspace's own directory, or cargo would take it for a lost member.
    let place = std::env::temp_dir().join(format!("atlas-billing-outside-{}", std::process::id()));
    fs::create_dir_all(place.join("src")).unwrap();
    fs::create_dir_all(place.join("tests")).unwrap();
    let crates = root.join("crates");
    let manifest = format!(
        r#"
[package]
name = "outside"
version = "0.0.0"
edition = "2024"

# As in the workspace, so that what is built there serves here.
[profile.dev]
debug = false

[dependencies]
atlas-billing = {{ path = "{crates}/atlas-billing" }}

[dev-dependencies]
atlas-billing-mock = {{ path = "{crates}/atlas-billing-mock" }}
tokio = {{ version = "1", features = ["macros", "rt"] }}
"#,
        crates = crates.display()
    );
    fs::write(place.join("Cargo.toml"), manifest).unwrap();
    fs::write(place.join("src/lib.rs"), PROGRAM).unwrap();
    fs::write(place.join("tests/total.rs"), TEST).unwrap();
    // The versions that this workspace is tested with.
    fs::copy(root.join("Cargo.lock"), place.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .arg("test")
        .current_dir(&place)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    fs::remove_dir_all(&place).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("a_month_has_a_total ... ok"), "{said}");
}
