//! The files of the workspace that xtask reads and writes, and the one way it writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::codegen::{self, Generated};
use crate::diff::Exemption;
use crate::document;
use crate::failure::{Result, refusal};
use crate::overlay::Overlay;
use crate::selection::Selection;

/// Where the generated files stand, from the workspace's root.
pub(crate) const GENERATED: &str = "crates/atlas-billing-raw/src/generated";
const SELECTION: &str = "openapi/slice.toml";
const SLICE: &str = "openapi/atlas-billing.json";
const OVERLAY: &str = "openapi/overlay.json";
const EXEMPTIONS: &str = "openapi/exemptions.toml";

/// A checkout of the project.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The checkout that `directory` lies in.
    pub(crate) fn around(directory: &Path) -> Result<Self> {
        let root = directory
            .ancestors()
            .find(|parent| parent.join(SELECTION).is_file());
        root.map(|root| Self {
            root: root.to_owned(),
        })
        .ok_or_else(|| refusal!("there is no {SELECTION} here or above; run it in a checkout"))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn selection_text(&self) -> Result<String> {
        document::read_text(&self.root.join(SELECTION))
    }

    pub(crate) fn selection(&self) -> Result<Selection> {
        Selection::parse(&self.selection_text()?)
    }

    pub(crate) fn overlay_text(&self) -> Result<String> {
        document::read_text(&self.root.join(OVERLAY))
    }

    /// The breaking changes that break nobody here; none without the file.
    pub(crate) fn exemptions(&self) -> Result<Vec<Exemption>> {
        let path = self.root.join(EXEMPTIONS);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let text = document::read_text(&path)?;
        Exemption::parse(&text).map_err(|failure| failure.within(EXEMPTIONS))
    }

    pub(crate) fn slice(&self) -> Result<Value> {
        document::read(&self.root.join(SLICE))
            .map_err(|failure| refusal!("{failure} (`cargo xtask slice --from FILE` makes it)"))
    }

    /// Generates from what is vendored. Writes nothing.
    pub(crate) fn generate(&self) -> Result<Generated> {
        let overlay = Overlay::parse(&self.overlay_text()?)?;
        codegen::generate(&self.slice()?, &overlay, &self.selection()?)
    }

    /// How the generated files differ from `files`: one line each, none where nothing does.
    pub(crate) fn differences(&self, files: &BTreeMap<String, String>) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for (name, text) in files {
            match std::fs::read(self.root.join(GENERATED).join(name)) {
                Ok(bytes) if bytes == text.as_bytes() => {}
                Ok(bytes) => {
                    let same = bytes
                        .iter()
                        .zip(text.as_bytes())
                        .take_while(|(a, b)| a == b);
                    let line = 1 + same.filter(|(byte, _)| **byte == b'\n').count();
                    found.push(format!("{GENERATED}/{name} differs from line {line} on"));
                }
                Err(_) => found.push(format!("{GENERATED}/{name} is missing")),
            }
        }
        for name in self.strangers(files)? {
            found.push(format!("{GENERATED}/{name} is not generated any more"));
        }
        Ok(found)
    }

    /// Files in the generated folder that `files` does not hold.
    fn strangers(&self, files: &BTreeMap<String, String>) -> Result<Vec<String>> {
        let Ok(entries) = std::fs::read_dir(self.root.join(GENERATED)) else {
            return Ok(Vec::new());
        };
        let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().display().to_string()));
        let mut strangers: Vec<String> = names.filter(|name| !files.contains_key(name)).collect();
        strangers.sort();
        Ok(strangers)
    }

    /// Where hand-written code names one of `names`: file and line, the first few.
    pub(crate) fn mentions(&self, names: &BTreeSet<String>) -> Vec<String> {
        const SHOWN: usize = 5;
        let mut found = Vec::new();
        let mut folders = vec![self.root.join("crates")];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            paths.sort();
            for path in paths {
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                if path.is_dir() && !["generated", "target"].contains(&name.as_str()) {
                    folders.push(path);
                } else if name.ends_with(".rs") {
                    let text = std::fs::read_to_string(&path).unwrap_or_default();
                    let path = path.strip_prefix(&self.root).unwrap_or(&path).display();
                    let lines = text
                        .lines()
                        .enumerate()
                        .filter(|(_, line)| has_word(line, names));
                    found.extend(lines.map(|(index, _)| format!("{path}:{}", index + 1)));
                }
            }
        }
        let more = found.len().saturating_sub(SHOWN);
        found.truncate(SHOWN);
        found.extend((more > 0).then(|| format!("and {more} more lines")));
        found
    }

    /// The writing of the generated files.
    pub(crate) fn generated_files(&self, files: &BTreeMap<String, String>) -> Result<Writing> {
        let mut writing = Writing::default();
        for (name, text) in files {
            writing.put(self.root.join(GENERATED).join(name), text.clone());
        }
        for name in self.strangers(files)? {
            writing.gone.push(self.root.join(GENERATED).join(name));
        }
        Ok(writing)
    }

    /// The writing of all that an update makes: generated files, slice, selection and overlay.
    pub(crate) fn everything(
        &self,
        files: &BTreeMap<String, String>,
        [slice, selection, overlay]: [String; 3],
    ) -> Result<Writing> {
        let mut writing = self.generated_files(files)?;
        writing.put(self.root.join(SLICE), slice);
        writing.put(self.root.join(SELECTION), selection);
        writing.put(self.root.join(OVERLAY), overlay);
        Ok(writing)
    }
}

/// Files to be written together: all of them are written beside their places first, and moved
/// there only once every one has been.
#[derive(Debug, Default)]
pub(crate) struct Writing {
    files: Vec<(PathBuf, String)>,
    gone: Vec<PathBuf>,
}

impl Writing {
    pub(crate) fn put(&mut self, path: PathBuf, text: String) {
        self.files.push((path, text));
    }

    /// Writes what differs, and says which files did.
    pub(crate) fn commit(self) -> Result<Vec<PathBuf>> {
        let refused = |path: &Path, error: std::io::Error| {
            refusal!("cannot write {}: {error}", path.display())
        };
        let mut staged: Vec<(PathBuf, PathBuf)> = Vec::new();
        let mut stage = || {
            for (path, text) in &self.files {
                if std::fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes()) {
                    continue;
                }
                let mut name = path.file_name().unwrap_or_default().to_owned();
                name.push(".new");
                let beside = path.with_file_name(name);
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder).map_err(|error| refused(folder, error))?;
                }
                staged.push((beside.clone(), path.clone()));
                std::fs::write(&beside, text).map_err(|error| refused(&beside, error))?;
            }
            Ok(())
        };
        if let Err(failure) = stage() {
            for (beside, _) in &staged {
                // What cannot be removed either is named `.new` and harms nothing.
                let _ = std::fs::remove_file(beside);
            }
            return Err(failure);
        }
        for (beside, path) in &staged {
            std::fs::rename(beside, path).map_err(|error| refused(path, error))?;
        }
        for path in &self.gone {
            std::fs::remove_file(path).map_err(|error| refused(path, error))?;
        }
        let written = staged.into_iter().map(|(_, path)| path);
        Ok(written.chain(self.gone).collect())
    }
}

/// Whether one of the names stands in a line of code as a word.
fn has_word(line: &str, names: &BTreeSet<String>) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let mut words = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.any(|word| names.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> (tempfile::TempDir, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("openapi")).unwrap();
        std::fs::write(folder.path().join(SELECTION), "").unwrap();
        let workspace = Workspace::around(folder.path()).unwrap();
        (folder, workspace)
    }

    fn files(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn a_checkout_is_found_from_below() {
        let (folder, _) = checkout();
        let below = folder.path().join("crates/deep/down");
        std::fs::create_dir_all(&below).unwrap();
        assert_eq!(Workspace::around(&below).unwrap().root, folder.path());
        let outside = tempfile::tempdir().unwrap();
        assert!(Workspace::around(outside.path()).is_err());
    }

    #[test]
    fn one_changed_byte_a_missing_file_and_a_stranger_are_differences() {
        let (folder, workspace) = checkout();
        let wanted = files(&[("a.rs", "one\ntwo\n"), ("b.rs", "three\n")]);
        assert_eq!(
            workspace
                .generated_files(&wanted)
                .unwrap()
                .commit()
                .unwrap()
                .len(),
            2
        );
        assert!(workspace.differences(&wanted).unwrap().is_empty());
        assert_eq!(
            workspace
                .generated_files(&wanted)
                .unwrap()
                .commit()
                .unwrap()
                .len(),
            0
        );

        let generated = folder.path().join(GENERATED);
        std::fs::write(generated.join("a.rs"), "one\ntwO\n").unwrap();
        std::fs::remove_file(generated.join("b.rs")).unwrap();
        std::fs::write(generated.join("old.rs"), "").unwrap();
        let found = workspace.differences(&wanted).unwrap();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].ends_with("a.rs differs from line 2 on"));
        assert!(found[1].ends_with("b.rs is missing"));
        assert!(found[2].ends_with("old.rs is not generated any more"));

        assert_eq!(
            workspace
                .generated_files(&wanted)
                .unwrap()
                .commit()
                .unwrap()
                .len(),
            3
        );
        assert!(workspace.differences(&wanted).unwrap().is_empty());
    }

    #[test]
    fn nothing_is_written_when_one_file_cannot_be() {
        let (folder, _) = checkout();
        let blocked = folder.path().join("file");
        std::fs::write(&blocked, "").unwrap();
        let mut writing = Writing::default();
        writing.put(folder.path().join("first.txt"), "1".to_owned());
        writing.put(blocked.join("second.txt"), "2".to_owned());
        assert!(
            writing
                .commit()
                .unwrap_err()
                .to_string()
                .contains("cannot write")
        );
        let mut left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["file", "openapi"]);
    }
}
