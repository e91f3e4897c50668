//! The manifest of the plugin is one that the Atlas CLI loads.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// What the Atlas CLI reads. It refuses a manifest in which one of these is missing or empty, and
/// some of its versions end in a panic where `github` is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: String,
    description: String,
    version: String,
    binary: String,
    github: Github,
    commands: BTreeMap<String, Command>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Github {
    owner: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    description: String,
}

#[test]
fn the_atlas_cli_loads_the_plugin() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/atlas-plugin/manifest.yml");
    let text = std::fs::read_to_string(path).unwrap();
    let manifest: Manifest = serde_saphyr::from_str(&text).unwrap();
    for (field, value) in [
        ("name", &manifest.name),
        ("description", &manifest.description),
        ("github owner", &manifest.github.owner),
        ("github name", &manifest.github.name),
    ] {
        assert!(!value.trim().is_empty(), "{field} is not defined");
    }
    // A file of the folder, not a path.
    assert!(!manifest.binary.is_empty() && !manifest.binary.contains(['/', '\\']));
    // Semantic versioning: three numbers.
    let numbers: Vec<Result<u64, _>> = manifest.version.split('.').map(str::parse).collect();
    assert!(
        numbers.len() == 3 && numbers.iter().all(Result::is_ok),
        "{}",
        manifest.version
    );
    assert_eq!(manifest.version, env!("CARGO_PKG_VERSION"));
    // A command of the Atlas CLI's own name would keep the plugin from being loaded.
    let names: Vec<&str> = manifest.commands.keys().map(String::as_str).collect();
    assert_eq!(names, ["billing"]);
    for (name, command) in &manifest.commands {
        assert!(!command.description.trim().is_empty(), "{name}");
    }
}
