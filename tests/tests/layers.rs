//! The layers of the wrapper: a module imports only from those below it, and from where a thing is
//! defined, never through the crate's root.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};

/// The modules of `atlas-billing`, from the ground up.
const LAYERS: [&str; 21] = [
    "text",
    "parse_error",
    "secret",
    "id",
    "period",
    "meta",
    "error",
    "envelope",
    "edge",
    "stream",
    "money",
    "exchange",
    "auth",
    "request",
    "poll",
    "client",
    "list",
    "orgs",
    "costs",
    "invoices",
    "reports",
];

/// Every Rust file under `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The modules that the code of `text`, its unit tests aside, names by `crate::`.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| {
        let after = line.split("crate::").skip(1);
        after.map(|rest| {
            rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap()
        })
    })
}

#[test]
fn each_module_imports_from_the_layers_below() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/atlas-billing/src");
    let rank = |module: &str| LAYERS.iter().position(|layer| *layer == module);
    let mut wrong = Vec::new();
    for path in files(&source) {
        let name = path.strip_prefix(&source).unwrap().display().to_string();
        let module = name.split(['/', '\\', '.']).next().unwrap();
        if matches!(module, "lib" | "fuzzing") || name.ends_with("tests.rs") {
            continue;
        }
        let Some(own) = rank(module) else {
            wrong.push(format!("{name}: {module} has no place among the layers"));
            continue;
        };
        for import in imports(&std::fs::read_to_string(&path).unwrap()) {
            match rank(import) {
                Some(layer) if layer <= own => {}
                Some(_) => wrong.push(format!("{name} imports from {import}, a layer above")),
                None => wrong.push(format!("{name} imports {import} through the crate's root")),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
