//! Profiles of the Atlas CLI: with a config.toml and nothing in the environment, commands work.

use std::fs;
use std::path::Path;
use std::process::Command;

use atlas_billing_mock::{
    CLIENT_ID, CLIENT_SECRET, ORG_ID, PRIVATE_KEY, PUBLIC_KEY, ReportSettings, SignIn,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::atlas::{Atlas, Ran, TODAY, bare, scenario};

/// A stand-in that wants credentials, and a folder of settings with this file.
struct Setup {
    atlas: Atlas,
    home: TempDir,
}

impl Setup {
    /// `URL` in the file stands for the stand-in.
    fn new(config: &str) -> Self {
        let sign_in =
            SignIn::api_key(PUBLIC_KEY, PRIVATE_KEY).and_service_account(CLIENT_ID, CLIENT_SECRET);
        let scenario = scenario()
            .sign_in(sign_in)
            .reports(ReportSettings::default());
        let atlas = Atlas::start(scenario);
        let home = tempfile::tempdir().unwrap();
        let folder = folder(home.path());
        fs::create_dir_all(&folder).unwrap();
        let config = config.replace("URL", &atlas.stand_in.base_url());
        fs::write(folder.join("config.toml"), config).unwrap();
        Self { atlas, home }
    }

    /// The command with nothing in its environment that says anything of Atlas.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = bare();
        command.args(["--today", TODAY]).args(args);
        for name in ["HOME", "XDG_CONFIG_HOME", "APPDATA"] {
            command.env(name, self.home.path());
        }
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        let ran = Ran::of(self.command(args));
        for secret in [CLIENT_SECRET, PRIVATE_KEY] {
            assert!(
                !ran.stdout.contains(secret) && !ran.stderr.contains(secret),
                "{ran:?}"
            );
        }
        ran
    }

    fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "{args:?}: {ran:#?}");
        ran
    }
}

/// Where the Atlas CLI keeps its settings, with all of its variables set to `home`.
fn folder(home: &Path) -> std::path::PathBuf {
    match cfg!(target_os = "macos") {
        true => home.join("Library/Application Support/atlascli"),
        false => home.join("atlascli"),
    }
}

fn account() -> String {
    format!(
        "version = 2\n[default]\nbase_url = \"URL\"\norg_id = \"{ORG_ID}\"\n\
         client_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\n"
    )
}

/// What `check` says of a setting: its value and where it comes from.
fn setting(ran: &Ran, what: &str) -> (String, String) {
    let rows = ran.json();
    let rows = rows.as_array().unwrap();
    let row = rows.iter().find(|row| row["what"] == what);
    let row = row.unwrap_or_else(|| panic!("{what}: {rows:?}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&row["result"]), text(&row["from"]))
}

#[test]
fn a_profile_is_all_that_is_needed() {
    let setup = Setup::new(&account());
    let ran = setup.ok(&["check", "-o", "json"]);
    let file = folder(setup.home.path()).join("config.toml");
    let file = file.to_str().unwrap();
    let from = format!("profile default in {file}");
    let base_url = setup.atlas.stand_in.base_url();
    let base_url = base_url.trim_end_matches('/');
    for (what, value, from) in [
        ("profile", "default", file),
        ("credentials", "service account", &from),
        ("organization", ORG_ID, &from),
        ("base URL", base_url, &from),
    ] {
        assert_eq!(setting(&ran, what), (value.to_owned(), from.to_owned()));
    }
    let rows = ran.json();
    let checked: Vec<&Value> = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["from"].is_null())
        .collect();
    assert_eq!(checked.len(), 2);
    assert!(checked.iter().all(|row| row["ok"] == json!(true)), "{rows}");
    let table = setup.ok(&["check"]).stdout;
    assert!(
        table.contains("credentials   service account") && table.contains(&from),
        "{table}"
    );
    assert!(
        setup
            .ok(&["costs", "last-month"])
            .stdout
            .contains("Clusters")
    );
    let focus = setup.ok(&["focus", "last", "--by", "ServiceName"]);
    assert!(focus.stdout.contains("ServiceName"), "{}", focus.stdout);
}

#[test]
fn a_profile_is_chosen_by_name() {
    let two = format!(
        "{}[keys]\nbase_url = \"URL\"\norg_id = \"{ORG_ID}\"\npublic_api_key = \"{PUBLIC_KEY}\"\n\
         private_api_key = \"{PRIVATE_KEY}\"\n",
        account()
    );
    let setup = Setup::new(&two);
    let ran = setup.ok(&["check", "-P", "Keys", "-o", "json"]);
    assert_eq!(
        setting(&ran, "profile"),
        ("keys".to_owned(), "--profile".to_owned())
    );
    assert_eq!(setting(&ran, "credentials").0, "API key");
    let mut command = setup.command(&["check", "-o", "json"]);
    command.env("MONGODB_ATLAS_PROFILE", "keys");
    let ran = Ran::of(command);
    assert_eq!(setting(&ran, "profile").1, "MONGODB_ATLAS_PROFILE");
    let asked = setup.atlas.asked().len();
    let ran = setup.run(&["costs", "-P", "home"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(
        ran.stderr.contains("no profile \"home\"") && ran.stderr.contains("has: default, keys"),
        "{}",
        ran.stderr
    );
    assert_eq!(setup.atlas.asked().len(), asked);
}

#[test]
fn the_environment_wins_key_by_key_and_credentials_stay_whole() {
    let setup = Setup::new(&account());
    let mut command = setup.command(&["check", "-o", "json", "--org", ORG_ID]);
    command.env("MONGODB_ATLAS_PUBLIC_API_KEY", PUBLIC_KEY);
    command.env("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY);
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(setting(&ran, "credentials").0, "API key");
    let names = "MONGODB_ATLAS_PUBLIC_API_KEY and MONGODB_ATLAS_PRIVATE_API_KEY";
    assert_eq!(setting(&ran, "credentials").1, names);
    assert_eq!(setting(&ran, "organization").1, "--org");
    assert!(
        setting(&ran, "base URL")
            .1
            .starts_with("profile default in ")
    );
    // A client id alone does not become a pair by what the profile has.
    let mut command = setup.command(&["check"]);
    command.env("MONGODB_ATLAS_CLIENT_ID", CLIENT_ID);
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("MONGODB_ATLAS_CLIENT_SECRET"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_organization_and_the_version_may_be_missing_or_given() {
    let account = account().replace(&format!("org_id = \"{ORG_ID}\"\n"), "");
    let setup = Setup::new(&format!("{account}api_version = \"2024-08-05\"\n"));
    let ran = setup.ok(&["check", "-o", "json"]);
    assert_eq!(setting(&ran, "organization").1, "the only one there is");
    assert_eq!(setting(&ran, "API version").0, "2024-08-05");
    let sent = setup.atlas.stand_in.requests();
    let accept = sent.iter().filter_map(|request| request.header("accept"));
    assert!(
        accept
            .into_iter()
            .any(|accept| accept.contains("2024-08-05"))
    );
}

#[test]
fn what_cannot_be_read_and_what_is_not_there_is_said() {
    let setup = Setup::new("[default\nclient_secret = \"planted\"\n");
    let ran = setup.run(&["check"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("config.toml: line 1 is not valid TOML"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("planted"));
    let setup = Setup::new("[one]\norg_id = \"\"\n[two]\n");
    let ran = setup.run(&["costs"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("choose a profile with -P: one, two"),
        "{}",
        ran.stderr
    );
    // A demonstration reads no profile.
    #[cfg(feature = "demo")]
    setup.ok(&["--demo", "check"]);
    let ran = setup.run(&["schema", "costs", "-P", "one"]);
    assert!(
        ran.stderr.contains("--profile has no effect"),
        "{}",
        ran.stderr
    );
}

/// There is nobody to ask for a keyring, and nothing is waited for: a bus that does not exist.
#[test]
fn without_a_keyring_the_file_is_used() {
    let setup = Setup::new(&account());
    let mut command = setup.command(&["check", "-o", "json"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/no/such/bus");
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(
        setting(&ran, "credentials")
            .1
            .starts_with("profile default in ")
    );
}
