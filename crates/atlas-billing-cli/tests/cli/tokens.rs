//! The access token of a service account: revoked at the end of a run, or kept for the next one.

use std::path::Path;
use std::process::Command;

use atlas_billing_mock::{Fault, On, Operation, Ready, SignIn};

use super::atlas::{Atlas, Ran, SECRET, scenario, started};

fn service_account(atlas: &Atlas, cache: &Path, args: &[&str]) -> Ran {
    Ran::of(command(atlas, cache, args))
}

fn command(atlas: &Atlas, cache: &Path, args: &[&str]) -> Command {
    let mut command = atlas.command(args);
    command.env_remove("MONGODB_ATLAS_ACCESS_TOKEN");
    command
        .env("MONGODB_ATLAS_CLIENT_ID", "mdb_sa_id_x")
        .env("MONGODB_ATLAS_CLIENT_SECRET", SECRET);
    command.env("XDG_CACHE_HOME", cache).env("HOME", cache);
    command
}

fn atlas(fault: Option<Fault>) -> Atlas {
    let mut scenario = scenario().sign_in(SignIn::service_account("mdb_sa_id_x", SECRET));
    if let Some(fault) = fault {
        scenario = scenario.fault(On::operation(Operation::Revoke), fault);
    }
    Atlas::start(scenario)
}

fn count(atlas: &Atlas, path: &str) -> usize {
    atlas
        .asked()
        .iter()
        .filter(|asked| asked.ends_with(path))
        .count()
}

#[test]
fn a_token_is_revoked_at_the_end_of_a_run() {
    let cache = tempfile::tempdir().unwrap();
    let atlas = atlas(None);
    for (args, code) in [
        (&["-v", "invoices", "list"] as &[&str], 0),
        (&["invoices", "show", "2031-01"], 4),
    ] {
        let ran = service_account(&atlas, cache.path(), args);
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        assert!(
            code > 0 || ran.stderr.contains("/api/oauth/revoke 200"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(
        (
            count(&atlas, "/oauth/token"),
            count(&atlas, "/oauth/revoke")
        ),
        (2, 2)
    );
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
}

/// With few live tokens allowed, as many runs as one likes.
#[test]
fn runs_do_not_use_tokens_up() {
    let cache = tempfile::tempdir().unwrap();
    let sign_in = SignIn::service_account("mdb_sa_id_x", SECRET).live_tokens(1);
    let atlas = Atlas::start(scenario().sign_in(sign_in));
    for _ in 0..3 {
        let ran = service_account(&atlas, cache.path(), &["invoices", "list"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    // One that nobody revokes.
    let kept = service_account(&atlas, cache.path(), &["--keep-token", "invoices", "list"]);
    assert_eq!(kept.code, Some(0), "{}", kept.stderr);
    let ran = service_account(&atlas, cache.path(), &["invoices", "list"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("live access tokens"), "{}", ran.stderr);
}

#[test]
fn a_failed_revocation_is_no_failure() {
    let cache = tempfile::tempdir().unwrap();
    for fault in [
        Fault::Status(500),
        Fault::Stall(atlas_billing_mock::At::BeforeHead),
    ] {
        let ran = service_account(&atlas(Some(fault)), cache.path(), &["invoices", "list"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(!ran.stderr.contains("error"), "{}", ran.stderr);
    }
}

#[test]
fn a_token_is_kept_where_that_is_asked_for() {
    let cache = tempfile::tempdir().unwrap();
    let atlas = atlas(None);
    for _ in 0..3 {
        let ran = service_account(&atlas, cache.path(), &["--keep-token", "invoices", "list"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    assert_eq!(
        (
            count(&atlas, "/oauth/token"),
            count(&atlas, "/oauth/revoke")
        ),
        (1, 0)
    );
    let files = std::fs::read_dir(cache.path().join("atlas-billing")).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&files[0]).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn keeping_a_token_is_refused_where_none_is_obtained() {
    let cache = tempfile::tempdir().unwrap();
    let atlas = atlas(None);
    for names in [
        &["MONGODB_ATLAS_ACCESS_TOKEN"] as &[&str],
        &[
            "MONGODB_ATLAS_PUBLIC_API_KEY",
            "MONGODB_ATLAS_PRIVATE_API_KEY",
        ],
    ] {
        let mut command = atlas.command(&["--keep-token", "invoices", "list"]);
        command.env_remove("MONGODB_ATLAS_ACCESS_TOKEN");
        command.env("HOME", cache.path());
        command.envs(names.iter().map(|name| (name, SECRET)));
        let ran = Ran::of(command);
        assert_eq!(ran.code, Some(2), "{names:?}: {}", ran.stderr);
        let said = "--keep-token is for service accounts";
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    assert_eq!(atlas.asked(), [""; 0]);
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_revokes_its_token() {
    let cache = tempfile::tempdir().unwrap();
    let sign_in = SignIn::service_account("mdb_sa_id_x", SECRET);
    let atlas = Atlas::start(scenario().sign_in(sign_in).ready(Ready::Never));
    let (child, _) = started(command(&atlas, cache.path(), &["costs"]), "--resume");
    let id = child.id().to_string();
    let signal = std::process::Command::new("kill")
        .args(["-s", "INT", &id])
        .status();
    assert!(signal.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(count(&atlas, "/oauth/revoke"), 1);
}
