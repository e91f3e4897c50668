//! The documents' shell blocks say whether they are run, and those that say so are.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::atlas::{Ran, bare, environment};

/// A fenced block: where it begins, what stands behind its fence, and its lines.
#[derive(Debug)]
struct Block {
    place: String,
    mark: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every document of the project that has shell in it.
fn documents() -> Vec<PathBuf> {
    let mut documents: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "openapi/README.md"]
        .map(|name| root().join(name))
        .to_vec();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        documents.push(entry.unwrap().path().join("README.md"));
    }
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        documents.push(entry.unwrap().path());
    }
    documents.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    documents
}

fn blocks(path: &Path) -> Vec<Block> {
    let text = fs::read_to_string(path).unwrap();
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(mark) if !open => {
                let place = format!("{}:{}", path.display(), number + 1);
                blocks.push(Block {
                    place,
                    mark: mark.to_owned(),
                    text: String::new(),
                });
                open = true;
            }
            Some(_) => open = false,
            None if open => {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!open, "{}: a block is not closed", path.display());
    blocks
}

#[test]
fn every_shell_block_says_whether_it_is_run() {
    let marks: Vec<String> = documents()
        .iter()
        .flat_map(|path| blocks(path))
        .map(|block| {
            let is_shell = ["sh", "bash", "shell", "console"]
                .iter()
                .any(|word| block.mark.split([' ', ',']).next() == Some(*word));
            let marked = ["sh run", "sh no-run"].contains(&block.mark.as_str());
            assert!(
                !is_shell || marked,
                "{}: mark it sh run or sh no-run",
                block.place
            );
            assert!(
                !block.mark.is_empty(),
                "{}: a block without a language",
                block.place
            );
            block.mark
        })
        .collect();
    for mark in ["sh run", "sh no-run"] {
        assert!(marks.iter().any(|seen| seen == mark), "{marks:?}");
    }
}

#[test]
fn blocks_that_say_so_run() {
    for path in documents() {
        for block in blocks(&path).iter().filter(|block| block.mark == "sh run") {
            run(block);
        }
    }
}

/// The two commands of the README are there as they have to be.
#[test]
fn the_readme_begins_with_its_two_commands() {
    let mut blocks = blocks(&root().join("README.md"));
    blocks.retain(|block| block.mark.starts_with("sh "));
    assert_eq!(
        (blocks[0].mark.as_str(), blocks[0].text.as_str()),
        ("sh run", "cargo run -- --demo costs\n")
    );
    assert_eq!(blocks[1].text, "cargo test --workspace\n");
}

/// Runs a block in an empty directory, with the command on its path. `cargo run --` there is the
/// command as this test was given it: building it again would be another project's test.
fn run(block: &Block) {
    let directory = tempfile::tempdir().unwrap();
    let tools = directory.path().join("tools");
    let work = directory.path().join("work");
    fs::create_dir_all(&tools).unwrap();
    fs::create_dir_all(&work).unwrap();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_atlas-billing"));
    let cargo = format!(
        "#!/bin/sh\n[ \"$1 $2\" = 'run --' ] || {{ echo \"not here: cargo $*\" >&2; exit 1; }}\n\
         shift 2\nexec '{}' \"$@\"\n",
        program.display()
    );
    let shim = tools.join("cargo");
    fs::write(&shim, cargo).unwrap();
    fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink(&program, tools.join("atlas-billing")).unwrap();
    let inherited = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell
        .args(["-euc", &block.text])
        .current_dir(&work)
        .env_clear()
        .envs(environment());
    shell.env("PATH", format!("{}:{inherited}", tools.display()));
    let output = shell.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{}: {said}", block.place);
}

/// Commands that are not run at least parse.
#[test]
fn commands_that_are_not_run_are_there() {
    let all = documents().into_iter().flat_map(|path| blocks(&path));
    let all: Vec<Block> = all.filter(|block| block.mark.starts_with("sh ")).collect();
    for line in all.iter().flat_map(|block| block.text.lines()) {
        let Some(rest) = line.trim().strip_prefix("atlas-billing ") else {
            continue;
        };
        // `--help` parses what stands before it as far as names go, and does nothing.
        let words = rest
            .split(' ')
            .filter(|word| !word.is_empty() && *word != "\\");
        let words = words.take_while(|word| !word.contains(['>', '|', '#', '"', '$']));
        let mut command = bare();
        command.args(words).arg("--help");
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{line}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Every flag that the documents of the command name is one of a command's.
#[test]
fn flags_that_are_named_are_there() {
    /// Those of other programs in these documents, and of a feature that is off by default.
    const OTHERS: [&str; 12] = [
        "--autodetect",
        "--body-file",
        "--json",
        "--decimal-as-text",
        // Those of builds with other features.
        "--endpoint",
        "--features",
        "--no-default-features",
        "--path",
        "--replace",
        "--source",
        "--test",
        "--workspace",
    ];
    let mut known = String::new();
    for command in [
        "",
        "costs",
        "invoices list",
        "invoices show",
        "invoices items",
        "invoices search",
        "invoices compare",
        "invoices tags",
        "invoices reconcile",
        "forecast",
        "report",
        "focus",
        "export",
        "mock",
        "man",
        "plugin install",
    ] {
        let mut help = bare();
        help.args(command.split_whitespace()).arg("--help");
        known.push_str(&Ran::of(help).stdout);
    }
    let words = |text: &str| -> Vec<String> {
        let flag = |c: char| !c.is_ascii_lowercase() && c != '-';
        let words = text.split(flag).map(|word| word.trim_end_matches('-'));
        let flags = words.filter(|word| word.starts_with("--") && word.len() > 2);
        flags.map(str::to_owned).collect()
    };
    let known = words(&known);
    for name in [
        "README.md",
        "docs/limits.md",
        "docs/recipes.md",
        "docs/datasets.md",
        "docs/datasets-recipes.md",
        "docs/metrics.md",
        "crates/atlas-billing-cli/README.md",
    ] {
        let text = fs::read_to_string(root().join(name)).unwrap();
        for flag in words(&text) {
            let there = known.contains(&flag) || OTHERS.contains(&flag.as_str());
            assert!(there, "{name}: {flag}");
        }
    }
}
