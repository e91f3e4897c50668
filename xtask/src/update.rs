//! Bringing the project up to a newer specification: slice, compare, generate, and only then write.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;

use crate::codegen::{self, Generated};
use crate::diff::{Change, Diff, Format, Level, diff};
use crate::document;
use crate::failure::{Failure, Problems, Result, refusal};
use crate::ops;
use crate::overlay::Overlay;
use crate::prose;
use crate::rename;
use crate::selection::{Selection, Upstream};
use crate::slice;
use crate::spec::{json_text, tokens};
use crate::workspace::Workspace;

/// How to update.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options<'a> {
    pub(crate) from: &'a Path,
    /// The commit of the public repository that the file was fetched at.
    pub(crate) commit: Option<&'a str>,
    /// Whether to edit our files where upstream renamed a schema.
    pub(crate) rename: bool,
    /// Whether to print the text of a pull request.
    pub(crate) markdown: bool,
}

/// Updates the checkout from upstream's file and returns what the contributor has to look at.
/// Whatever is refused is refused before anything is written, all of it in one run.
pub(crate) fn update(workspace: &Workspace, options: Options<'_>) -> Result<String> {
    let within = |failure: Failure| failure.within(options.from.display());
    let text = document::read_text(options.from)?;
    let upstream = document::parse(&text).map_err(within)?;
    let toml = workspace.selection_text()?;
    let selection = Selection::parse(&toml)?;
    let vendored = workspace.slice()?;
    if upstream == vendored {
        return Err(within(Failure::new(
            "this is the slice, not the specification it is taken from; `cargo xtask upstream` \
             prints the line that fetches that",
        )));
    }
    let mut problems = Problems::default();
    let overlay_text = workspace.overlay_text()?;
    for copied in prose::copied(&Overlay::parse(&overlay_text)?.descriptions(), &upstream) {
        problems.add(format!(
            "openapi/overlay.json: {copied} is a sentence of upstream's; describe it in words of \
             your own"
        ));
    }
    let origin = Origin::of(&text, &upstream, options);
    problems.check(origin.check(&selection.upstream));
    // What is missing is reported; the rest is gone on with, for the other problems.
    problems.check(slice::slice(&upstream, &selection));
    let sliced = slice::part(&upstream, &selection)?;
    let mut changes = diff(&vendored, &sliced, &selection)?;
    let unused = workspace.exemptions().map(|known| changes.exempt(&known));
    let unused = problems.check(unused).unwrap_or_default();

    let (toml, overlay_text, edits) =
        rename::apply(&changes.renames, &selection, &toml, &overlay_text);
    if !options.rename {
        for edit in &edits {
            problems.add(format!("upstream renamed a schema; --rename edits {edit}"));
        }
    }
    let mut selection = Selection::parse(&toml)?;
    let overlay = Overlay::parse(&overlay_text)?;
    selection
        .operations
        .retain(|wanted| wanted.find(&sliced).is_some());
    let generated = problems.check(codegen::generate(&sliced, &overlay, &selection));
    problems.refuse()?;
    let Some(mut generated) = generated else {
        return Err(Failure::new("nothing was generated"));
    };

    generated.warnings.extend(unused);
    let texts = [json_text(&sliced), origin.recorded(&toml)?, overlay_text];
    let written = workspace.everything(&generated.files, texts)?.commit()?;

    let is_new = |pointer: &str| vendored.pointer(&format!("{pointer}/enum")).is_none();
    let report = Report {
        workspace,
        new: &Selection::parse(&workspace.selection_text()?)?.upstream,
        old: &selection.upstream,
        changes: &changes,
        generated: &generated,
        enums: ops::enums(&sliced, &selection, &is_new)?,
        values: undescribed_values(&vendored, &sliced, &overlay, &selection)?,
        written: &written,
        edits: &edits,
    };
    Ok(match options.markdown {
        true => report.markdown(),
        false => report.text(),
    })
}

/// New values of named enums that the overlay does not describe, as overlay actions.
fn undescribed_values(
    old: &Value,
    new: &Value,
    overlay: &Overlay,
    selection: &Selection,
) -> Result<Vec<String>> {
    let (effective, _) = overlay.apply(new)?;
    let mut actions = Vec::new();
    for named in &selection.enums {
        let known = codegen::values(old, named, &mut Vec::new())?.known;
        let now = codegen::values(&effective, named, &mut Vec::new())?;
        for (value, _) in &now.known {
            let is_known = known.iter().any(|(known, _)| known == value);
            if !is_known && !now.described.contains_key(value) {
                let target = &named.at[0];
                let update = serde_json::json!({ "x-enum-descriptions": { value.as_str(): "" } });
                let action = serde_json::json!({ "target": target, "update": update });
                actions.push(action.to_string());
            }
        }
    }
    Ok(actions)
}

/// Where the slice comes from, as `slice.toml` records it.
struct Origin {
    commit: Option<String>,
    source: String,
    sha256: String,
    date: String,
    is_json: bool,
}

impl Origin {
    fn of(text: &str, upstream: &Value, options: Options<'_>) -> Self {
        // The file's time is that of its download.
        let time = std::fs::metadata(options.from).and_then(|file| file.modified());
        let date = time.map(|time| DateTime::<Utc>::from(time).format("%Y-%m-%d").to_string());
        Self {
            commit: options.commit.map(str::to_owned),
            source: upstream["info"]["x-xgen-sha"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            sha256: hex(&hmac_sha256::Hash::hash(text.as_bytes())),
            date: date.unwrap_or_default(),
            is_json: document::is_json(text),
        }
    }

    /// Refuses a commit that is none, or that the file contradicts.
    fn check(&self, record: &Upstream) -> Result<()> {
        let Some(commit) = self.commit.as_deref() else {
            return Ok(());
        };
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let problem = if commit.len() != 40 || !commit.bytes().all(is_hex) {
            "a commit has 40 hexadecimal digits".to_owned()
        } else if commit == self.source {
            "this is the file's x-xgen-sha, a commit of upstream's private sources; the commit is \
             that of the public repository"
                .to_owned()
        } else if commit == record.commit
            && self.sha256 != record.sha256
            && self.source != record.source
        {
            format!(
                "this commit is on record with another file (x-xgen-sha {}, this one says {})",
                record.source, self.source
            )
        } else {
            return Ok(());
        };
        Err(refusal!("--commit {commit}: {problem}"))
    }

    /// The text of `slice.toml` with the origin in its `[upstream]`, all else untouched.
    fn recorded(&self, text: &str) -> Result<String> {
        let before = Selection::parse(text)?.upstream;
        let mut text = set(text, "source", &self.source)?;
        if let Some(commit) = &self.commit {
            text = set(&text, "commit", commit)?;
        } else if before.sha256 != self.sha256 {
            // The commit on record is that of another file.
            text = set(&text, "commit", "main")?;
        }
        let stem = before
            .url
            .rsplit_once('.')
            .map_or(before.url.as_str(), |(stem, _)| stem);
        let form = if self.is_json { "json" } else { "yaml" };
        text = set(&text, "url", &format!("{stem}.{form}"))?;
        if before.sha256 != self.sha256 || before.date.is_empty() {
            text = set(&text, "date", &self.date)?;
        }
        set(&text, "sha256", &self.sha256)
    }
}

/// Sets one key of the `[upstream]` table, line by line: a rewritten file would lose its comments.
fn set(text: &str, key: &str, value: &str) -> Result<String> {
    if value.contains(['"', '\\', '\n']) {
        return Err(refusal!("{value:?} cannot be the {key} of slice.toml"));
    }
    let is_key = |line: &str, key: &str| {
        line.split_once('=')
            .is_some_and(|(name, _)| name.trim() == key)
    };
    let line = format!("{key} = \"{value}\"");
    let mut lines: Vec<&str> = text.lines().collect();
    let table = lines.iter().position(|line| line.trim() == "[upstream]");
    let start = table.ok_or_else(|| Failure::new("slice.toml has no [upstream]"))? + 1;
    let end = lines[start..].iter().position(|line| line.starts_with('['));
    let end = end.map_or(lines.len(), |end| start + end);
    match (start..end).find(|index| is_key(lines[*index], key)) {
        Some(index) => lines[index] = &line,
        None => {
            let last = (start..end).rfind(|index| lines[*index].contains('='));
            lines.insert(last.map_or(start, |last| last + 1), &line);
        }
    }
    Ok(lines.join("\n") + "\n")
}

/// What a contributor, or a reviewer, has to look at.
struct Report<'a> {
    workspace: &'a Workspace,
    new: &'a Upstream,
    old: &'a Upstream,
    changes: &'a Diff,
    generated: &'a Generated,
    /// Entries for enums that are new and have no name.
    enums: String,
    /// Overlay actions for new values of enums.
    values: Vec<String>,
    written: &'a [PathBuf],
    edits: &'a [String],
}

/// What comes after an update, and who says whether all is well.
const NEXT: [&str; 4] = [
    "cargo check --workspace --all-targets",
    ".ci/api  # the public API beside that of the last release",
    "a line in CHANGELOG.md",
    ".ci/run",
];

impl Report<'_> {
    fn rows(&self, is_wanted: impl Fn(&Change) -> bool) -> Vec<&Change> {
        self.changes
            .rows
            .iter()
            .filter(|row| is_wanted(row))
            .collect()
    }

    fn actions(&self) -> Vec<String> {
        let names = self
            .generated
            .undescribed
            .iter()
            .map(|node| node.action().to_string());
        names.chain(self.values.iter().cloned()).collect()
    }

    /// The parts of the report that both forms have, with their titles; empty ones are left out.
    fn sections(&self) -> Vec<(String, Vec<String>)> {
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        let versions = self.rows(|row| row.rule == "api-version-added");
        let versions = versions
            .iter()
            .map(|row| format!("{}: {}", row.operations.join(", "), row.what));
        let actions = self.actions();
        let root = self.workspace.root();
        let files = self
            .written
            .iter()
            .map(|path| path.strip_prefix(root).unwrap_or(path));
        let sections = [
            (
                "Edited for schemas that upstream renamed".to_owned(),
                self.edits.to_vec(),
            ),
            (
                "New versions: to use one, set it as `version` in openapi/slice.toml and update again"
                    .to_owned(),
                versions.collect(),
            ),
            (
                "Enums without a name are text: paste one into openapi/slice.toml to name it"
                    .to_owned(),
                lines(&self.enums),
            ),
            (
                format!(
                    "Undescribed names: {}. Each has a neutral sentence for now: paste these into \
                     \"actions\" of openapi/overlay.json, fill in words of your own, and run \
                     `cargo xtask codegen`",
                    actions.len()
                ),
                actions.iter().map(|action| format!("{action},")).collect(),
            ),
            ("May be tidied up".to_owned(), self.generated.warnings.clone()),
            (
                format!("Files changed: {}", self.written.len()),
                files.map(|path| path.display().to_string()).collect(),
            ),
            ("Breaking, with what it touches here".to_owned(), self.breaking()),
            ("Next".to_owned(), NEXT.map(str::to_owned).to_vec()),
        ];
        sections
            .into_iter()
            .filter(|(_, lines)| !lines.is_empty())
            .collect()
    }

    fn text(&self) -> String {
        let changes = Format::Text.print(&self.changes.rows);
        let mut text = format!(
            "{} files changed.\n\nWhat changed upstream:\n",
            self.written.len()
        );
        changes
            .lines()
            .for_each(|line| text.push_str(&format!("  {line}\n")));
        for (title, lines) in self.sections() {
            text.push_str(&format!("\n{title}:\n"));
            lines
                .iter()
                .for_each(|line| text.push_str(&format!("  {line}\n")));
        }
        text
    }

    /// The text of a pull request.
    fn markdown(&self) -> String {
        let mut text =
            String::from("# Update the specification\n\n| | from | to |\n| --- | --- | --- |\n");
        let (old, new) = (self.old, self.new);
        for (name, from, to) in [
            ("commit", &old.commit, &new.commit),
            ("sha256", &old.sha256, &new.sha256),
            ("x-xgen-sha", &old.source, &new.source),
            ("fetched", &old.date, &new.date),
        ] {
            text.push_str(&format!("| {name} | `{from}` | `{to}` |\n"));
        }
        let changes = Format::Markdown.print(&self.changes.rows);
        text.push_str(&format!("\n## Changes\n\n{changes}"));
        let sections = self.sections();
        for (title, lines) in sections.iter().filter(|(title, _)| title != "Next") {
            text.push_str(&format!(
                "\n## {title}\n\n```text\n{}\n```\n",
                lines.join("\n")
            ));
        }
        text
    }

    /// Breaking changes, each followed by the lines of hand-written code that name what changed.
    fn breaking(&self) -> Vec<String> {
        let rows = self.rows(|row| row.level == Level::Breaking);
        let mut lines = Vec::new();
        for row in rows {
            lines.push(format!("{} ({})", row.what, row.operations.join(", ")));
            let names: BTreeSet<String> = row
                .places
                .iter()
                .flat_map(|place| rust_names(place, row))
                .collect();
            lines.extend(
                self.workspace
                    .mentions(&names)
                    .into_iter()
                    .map(|line| format!("  {line}")),
            );
        }
        lines
    }
}

/// What code calls the thing at a place: a variant, a field, else the methods of the operations.
fn rust_names(place: &str, row: &Change) -> Vec<String> {
    let tokens = tokens(place);
    if row.rule.ends_with("enum-value-removed") {
        let value = row.what.rsplit('`').nth(1).unwrap_or_default();
        return vec![value.to_lowercase().to_upper_camel_case()];
    }
    let field = tokens.iter().rposition(|token| token == "properties");
    match field.and_then(|at| tokens.get(at + 1)) {
        Some(field) => vec![field.to_snake_case()],
        None => row
            .operations
            .iter()
            .map(|name| name.to_snake_case())
            .collect(),
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
            date: "2026-08-21".to_owned(),
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
                .replace("\"00\"\n", "\"11\"\ndate = \"2026-08-21\"\n")
        );
        let again = origin(Some("def"), "11", false).recorded(&text).unwrap();
        assert_eq!(again, text);
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
    fn a_commit_is_forty_digits_and_that_of_the_file() {
        let (one, other) = ("0123456789abcdef0123456789abcdef01234567", "f".repeat(40));
        let mut record = Selection::parse(TOML).unwrap().upstream;
        record.commit = other.clone();
        for (commit, source, sha256, expected) in [
            (one, "new", "11", None),
            ("main", "new", "11", Some("40 hexadecimal digits")),
            (
                "0123ABCDEF0123456789abcdef0123456789abcd",
                "new",
                "11",
                Some("40 hexadecimal"),
            ),
            (&one[..39], "new", "11", Some("40 hexadecimal digits")),
            (one, one, "11", Some("private sources")),
            (&other, "new", "11", Some("on record with another file")),
            (&other, "new", "00", None),
            (&other, "old", "11", None),
        ] {
            let mut origin = origin(Some(commit), sha256, false);
            origin.source = source.to_owned();
            let message = origin
                .check(&record)
                .err()
                .map(|failure| failure.to_string());
            match (&message, expected) {
                (Some(message), Some(expected)) => assert!(message.contains(expected), "{message}"),
                (message, expected) => assert_eq!(message.as_deref(), expected, "{commit}"),
            }
        }
    }

    #[test]
    fn hexadecimal_has_two_digits_a_byte() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
