//! Bringing the project up to a newer specification: slice, compare, generate, and only then write.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::codegen;
use crate::diff::{Change, Format, diff};
use crate::document;
use crate::failure::{Failure, Result};
use crate::json;
use crate::overlay::Undescribed;
use crate::slice::slice;
use crate::workspace::Workspace;

/// Updates the checkout from upstream's file and returns what the contributor has to look at.
/// Whatever is refused is refused before anything is written.
pub(crate) fn update(workspace: &Workspace, from: &Path, commit: Option<&str>) -> Result<String> {
    let text = document::read_text(from)?;
    let upstream = document::parse(&text).map_err(|failure| failure.within(from.display()))?;
    let selection = workspace.selection()?;
    let vendored = workspace.slice()?;
    refuse_slice(&upstream, &vendored).map_err(|failure| failure.within(from.display()))?;

    let sliced = slice(&upstream, &selection)?;
    let changes = diff(&vendored, &sliced, &selection)?;
    let generated = codegen::generate(&sliced, &workspace.overlay()?, &selection)?;

    let origin = Origin {
        commit: commit.map(str::to_owned),
        source: sliced["info"]["x-xgen-sha"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        sha256: hex(&Sha256::digest(text.as_bytes())),
        is_json: text.trim_start().starts_with('{'),
    };
    let mut writing = workspace.generated_files(&generated.files)?;
    workspace.put_slice(&mut writing, json::text(&sliced));
    workspace.put_selection(&mut writing, origin.recorded(&workspace.selection_text()?)?);
    let written = writing.commit()?;

    Ok(report(&changes, &generated.undescribed, written))
}

/// Refuses our own slice in the place of upstream's file: it says nothing new, and would be put on
/// record as what the slice was taken from.
fn refuse_slice(upstream: &Value, vendored: &Value) -> Result<()> {
    match upstream == vendored {
        true => Err(Failure::new(
            "this is the slice, not the specification it is taken from; `cargo xtask upstream` \
             prints the line that fetches that",
        )),
        false => Ok(()),
    }
}

/// Where the slice comes from, as `slice.toml` records it.
struct Origin {
    commit: Option<String>,
    source: String,
    sha256: String,
    is_json: bool,
}

impl Origin {
    /// The text of `slice.toml` with the origin in its `[upstream]`, all else untouched.
    fn recorded(&self, text: &str) -> Result<String> {
        let before = crate::selection::Selection::parse(text)?.upstream;
        let mut text = set(text, "source", &self.source)?;
        if let Some(commit) = &self.commit {
            text = set(&text, "commit", commit)?;
        } else if before.sha256 != self.sha256 {
            // The commit on record is that of another file.
            text = set(&text, "commit", "main")?;
        }
        let (stem, _) = before
            .url
            .rsplit_once('.')
            .unwrap_or((before.url.as_str(), ""));
        let form = if self.is_json { "json" } else { "yaml" };
        text = set(&text, "url", &format!("{stem}.{form}"))?;
        set(&text, "sha256", &self.sha256)
    }
}

/// Sets one key of the `[upstream]` table, line by line: a rewritten file would lose its comments.
fn set(text: &str, key: &str, value: &str) -> Result<String> {
    if value.contains(['"', '\\', '\n']) {
        return Err(Failure::new(format!(
            "{value:?} cannot be the {key} of slice.toml"
        )));
    }
    let mut table = "";
    let mut found = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            table = line.trim();
        }
        let is_it = line
            .split_once('=')
            .is_some_and(|(name, _)| name.trim() == key);
        if table == "[upstream]" && is_it {
            found = true;
            lines.push(format!("{key} = \"{value}\""));
        } else {
            lines.push(line.to_owned());
        }
    }
    if !found {
        return Err(Failure::new(format!(
            "slice.toml has no {key} in [upstream]"
        )));
    }
    Ok(lines.join("\n") + "\n")
}

fn report(changes: &[Change], undescribed: &[Undescribed], written: usize) -> String {
    let mut text = format!("{written} files changed.\n\nWhat changed upstream:\n");
    text.push_str(&Format::Text.print(changes));

    let of = |rules: &[&str]| -> Vec<&Change> {
        changes
            .iter()
            .filter(|row| rules.iter().any(|rule| row.rule.contains(rule)))
            .collect()
    };
    section(
        &mut text,
        "New versions: to use one, set it as `version` in openapi/slice.toml and update again.",
        &of(&["api-version-added"]),
    );
    section(
        &mut text,
        "Enums: describe new values in openapi/overlay.json (x-enum-descriptions) where needed.",
        &of(&["-enum"]),
    );
    if !undescribed.is_empty() {
        let _ = writeln!(
            text,
            "\nUndescribed: each has a neutral sentence for now. Paste these into \"actions\" of \
             openapi/overlay.json, fill them in with words of your own, and run `cargo xtask \
             codegen`."
        );
        for node in undescribed {
            let _ = writeln!(text, "    {},", node.action());
        }
    }
    text
}

fn section(text: &mut String, title: &str, rows: &[&Change]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for row in rows {
        let _ = writeln!(text, "  {}: {}", row.operations.join(", "), row.what);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = "# a comment\n[upstream]\nurl = \"https://x.test/{commit}/v2.yaml\"\n\
        commit = \"abc\" # why\nsource = \"old\"\nsha256 = \"00\"\n\n[[operation]]\n\
        name = \"getA\"\nmethod = \"get\"\npath = \"/a\"\nversion = \"2023-01-01\"\nwhy = \"w\"\n";

    fn origin(commit: Option<&str>, sha256: &str, is_json: bool) -> Origin {
        Origin {
            commit: commit.map(str::to_owned),
            source: "new".to_owned(),
            sha256: sha256.to_owned(),
            is_json,
        }
    }

    #[test]
    fn only_the_origin_changes() {
        let text = origin(Some("def"), "11", false).recorded(TOML).unwrap();
        assert_eq!(
            text,
            TOML.replace("\"abc\" # why", "\"def\"")
                .replace("\"old\"", "\"new\"")
                .replace("00", "11")
        );
    }

    #[test]
    fn a_commit_is_never_claimed_for_another_file() {
        let other = origin(None, "11", true).recorded(TOML).unwrap();
        assert!(other.contains("commit = \"main\""), "{other}");
        assert!(other.contains("v2.json"));
        let same = origin(None, "00", false).recorded(TOML).unwrap();
        assert!(same.contains("commit = \"abc\""));
        assert!(origin(Some("a\"b"), "11", false).recorded(TOML).is_err());
    }

    #[test]
    fn hexadecimal_has_two_digits_a_byte() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
