//! `plugin install`, the command as a plugin of the Atlas CLI, and the pages of the manual.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::atlas::{Ran, TODAY, atlas, bare};

const BINARY: &str = if cfg!(windows) {
    "atlas-billing.exe"
} else {
    "atlas-billing"
};

fn install(args: &[&str], home: Option<&Path>) -> Ran {
    let mut command = bare();
    command.args(["plugin", "install"]).args(args);
    if let Some(home) = home {
        let variable = if cfg!(windows) { "APPDATA" } else { "HOME" };
        command.env(variable, home);
    }
    Ran::of(command)
}

#[test]
fn a_plugin_is_a_manifest_and_this_program() {
    let directory = tempfile::tempdir().unwrap();
    let plugins = directory.path().join("plugins");
    let plugins = plugins.to_str().unwrap();
    // A second time it is brought up to date.
    for _ in 0..2 {
        let ran = install(&["--dir", plugins], None);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stderr.contains("atlas billing"), "{}", ran.stderr);
        let mut files: Vec<String> =
            fs::read_dir(directory.path().join("plugins/atlas-billing@atlas-billing"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
        files.sort();
        assert_eq!(files, [BINARY, "manifest.yml"]);
        assert_eq!(fs::read_dir(plugins).unwrap().count(), 1);
    }
    let folder = Path::new(plugins).join("atlas-billing@atlas-billing");
    let written = fs::read_to_string(folder.join("manifest.yml")).unwrap();
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist/atlas-plugin/manifest.yml");
    let dist = fs::read_to_string(dist).unwrap();
    let of_system = format!("binary: {BINARY}");
    assert_eq!(written, dist.replace("binary: atlas-billing", &of_system));

    // The Atlas CLI starts it with the name of the command before the arguments.
    let atlas = atlas();
    let mut command = Command::new(folder.join(BINARY));
    command.args(["billing", "--today", TODAY, "invoices", "list", "-o", "csv"]);
    command.env_clear().envs(super::atlas::environment());
    command.envs(
        atlas
            .command(&[])
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(
        ran.stdout,
        atlas.ok(&["invoices", "list", "-o", "csv"]).stdout
    );
}

#[test]
#[cfg(not(target_os = "macos"))]
fn the_atlas_clis_own_folder_is_the_default() {
    let home = tempfile::tempdir().unwrap();
    let ran = install(&[], Some(home.path()));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let below = if cfg!(windows) { "" } else { ".config/" };
    let folder = home.path().join(format!(
        "{below}atlascli/plugins/atlas-billing@atlas-billing"
    ));
    assert!(folder.join("manifest.yml").is_file());
    assert_eq!(install(&[], None).code, Some(2));
}

#[test]
fn what_is_not_the_plugin_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("atlas-billing@atlas-billing");
    fs::create_dir(&folder).unwrap();
    let plugins = directory.path().to_str().unwrap();
    for (name, text) in [
        ("notes.txt", "mine"),
        (
            "manifest.yml",
            "name: atlas-billing\nversion: 1.0.0\ngithub:\n  owner: another\n  name: plugin\n",
        ),
    ] {
        fs::write(folder.join(name), text).unwrap();
        let ran = install(&["--dir", plugins], None);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("is not the plugin"), "{}", ran.stderr);
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), text);
        assert!(!folder.join(BINARY).exists());
        assert_eq!(fs::read_dir(plugins).unwrap().count(), 1);
    }
    // An empty folder is nobody's.
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    assert_eq!(install(&["--dir", plugins], None).code, Some(0));
}

#[test]
fn each_command_has_a_page() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = bare();
    command.args(["man", "--dir", directory.path().to_str().unwrap()]);
    let ran = Ran::of(command);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), ""),
        "{}",
        ran.stderr
    );
    let page = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
    let show = page("atlas-billing-invoices-show.1");
    assert!(show.starts_with(".ie \\n(.g"), "{show}");
    for part in [
        ".SH NAME",
        ".SH EXTRA",
        "\\-\\-describe",
        "Only line items with this SKU",
    ] {
        assert!(show.contains(part), "{part}: {show}");
    }
    let first = page("atlas-billing.1");
    // What `-h` does not show is there in full.
    assert!(first.contains("Trust the CA certificates in this PEM file, too"));
    let mut command = bare();
    command.arg("man");
    assert_eq!(Ran::of(command).stdout, first);
    for hidden in ["atlas-billing-help.1", "atlas-billing-invoices-help.1"] {
        assert!(!directory.path().join(hidden).exists(), "{hidden}");
    }
    let mut command = bare();
    command.args(["man", "--dir", "no/such/folder"]);
    assert_eq!(Ran::of(command).code, Some(1));
}
