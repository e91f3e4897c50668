//! The public API of the published library crates as plain text, one line a thing that a program
//! can name, so that a change of it shows in a diff and never happens unnoticed.
//!
//! It is read from rustdoc's own pages, which the stable toolchain makes; what rustdoc shows is
//! what users are told.

mod html;
mod page;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::document;
use crate::failure::{Failure, Result};

/// A crate whose API is listed, with the features that change it.
pub(crate) struct Listed {
    pub(crate) package: &'static str,
    features: &'static str,
}

/// `native-tls` adds nothing to the API and would ask every machine for OpenSSL.
pub(crate) const LISTED: [Listed; 2] = [
    Listed {
        package: "atlas-billing-raw",
        features: "schemars",
    },
    Listed {
        package: "atlas-billing",
        features: "schemars,tracing",
    },
];

impl Listed {
    /// Where the listing stands, from the workspace's root.
    pub(crate) fn path(&self) -> PathBuf {
        Path::new("crates")
            .join(self.package)
            .join("public-api.txt")
    }

    /// Documents the crate of the checkout at `root`, and lists what the pages show.
    pub(crate) fn listing(&self, root: &Path) -> Result<String> {
        let arguments = ["doc", "--quiet", "--no-deps", "--lib", "--locked"];
        run(
            root,
            Command::new("cargo").args(arguments).args([
                "--package",
                self.package,
                "--features",
                self.features,
            ]),
        )?;
        let pages = target_folder(root)?
            .join("doc")
            .join(self.package.replace('-', "_"));
        let lines = list(&pages)?;
        let mut text = format!(
            "# The public API of {} with the features {}. Written by `cargo xtask api`.\n\n",
            self.package,
            self.features.replace(',', " and "),
        );
        for line in lines {
            text.push_str(&line);
            text.push('\n');
        }
        Ok(text)
    }
}

/// Every line of the crate documented in `pages`, sorted.
fn list(pages: &Path) -> Result<BTreeSet<String>> {
    let name = pages
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    // Pages of things that are gone stay in the folder; the list of all items is always new.
    let items = html::links(&document::read_text(&pages.join("all.html"))?);
    let modules: BTreeSet<&str> = items
        .iter()
        .map(|item| item.rsplit_once('/').map_or("", |(module, _)| module))
        .collect();
    let mut lines = BTreeSet::new();
    for module in modules {
        let text = document::read_text(&pages.join(module).join("index.html"))?;
        lines.extend(page::module(&page::module_path(&name, module), &text));
    }
    for item in &items {
        let text = document::read_text(&pages.join(item))?;
        lines.extend(page::item(&name, item, &text)?);
    }
    Ok(lines)
}

fn target_folder(root: &Path) -> Result<PathBuf> {
    let arguments = [
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--locked",
        "--offline",
    ];
    let text = run(root, Command::new("cargo").args(arguments))?;
    let metadata: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("cargo metadata cannot be read: {error}")))?;
    let folder = metadata["target_directory"].as_str().map(PathBuf::from);
    folder.ok_or_else(|| Failure::new("cargo metadata names no target folder"))
}

fn run(root: &Path, command: &mut Command) -> Result<String> {
    let output = command.current_dir(root).output();
    let output = output.map_err(|error| Failure::new(format!("cargo cannot be run: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("cargo failed: {said}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The lines that one text has and the other has not: `-` gone, `+` new.
pub(crate) fn difference(committed: &str, now: &str) -> Vec<String> {
    let lines = |text: &'_ str| {
        text.lines()
            .map(str::to_owned)
            .collect::<BTreeSet<String>>()
    };
    let (committed, now) = (lines(committed), lines(now));
    let gone = committed.difference(&now).map(|line| format!("- {line}"));
    let new = now.difference(&committed).map(|line| format!("+ {line}"));
    gone.chain(new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_pages_becomes_sorted_lines() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a_crate");
        let below = root.join("inner");
        std::fs::create_dir_all(&below).unwrap();
        let all = r#"<a href="struct.B.html">B</a> <a href="inner/fn.a.html">inner::a</a>"#;
        let decl = |code: &str| format!(r#"<pre class="rust item-decl"><code>{code}</code></pre>"#);
        std::fs::write(root.join("all.html"), all).unwrap();
        std::fs::write(root.join("index.html"), "").unwrap();
        std::fs::write(root.join("struct.B.html"), decl("pub struct B;")).unwrap();
        std::fs::write(root.join("struct.Stale.html"), decl("pub struct Stale;")).unwrap();
        std::fs::write(below.join("index.html"), "").unwrap();
        std::fs::write(below.join("fn.a.html"), decl("pub fn a()")).unwrap();
        let lines: Vec<String> = list(&root).unwrap().into_iter().collect();
        assert_eq!(
            lines,
            [
                "a_crate",
                "a_crate::B = pub struct B;",
                "a_crate::inner",
                "a_crate::inner::a = pub fn a()",
            ]
        );
    }

    #[test]
    fn differences_are_told_apart() {
        assert_eq!(difference("a\nb\n", "b\nc\n"), ["- a", "+ c"]);
        assert!(difference("a\nb\n", "a\nb\n").is_empty());
    }
}
