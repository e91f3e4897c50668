//! A checkout of a project that knows one small specification, in a folder of its own.

// Each test crate uses the part it needs.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The checkout. Paths are seen from its root.
pub(crate) struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    /// A checkout with the small specification as `upstream.yaml`, sliced, and nothing generated.
    pub(crate) fn open() -> Self {
        let shop = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        shop.write("upstream.yaml", include_str!("../pocket/upstream.yaml"));
        shop.write("openapi/slice.toml", include_str!("../pocket/slice.toml"));
        shop.write(
            "openapi/overlay.json",
            include_str!("../pocket/overlay.json"),
        );
        let arguments = [
            "slice",
            "--from",
            "upstream.yaml",
            "--out",
            "openapi/atlas-billing.json",
        ];
        let ran = shop.run(&arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        shop
    }

    /// What a newer release brings: a field, a value of an enum, a version.
    pub(crate) fn change_upstream(&self) {
        let mut text = self.read("upstream.yaml");
        for (from, to) in [
            (
                "                title: {type: string}\n",
                "                title: {type: string}\n                weight: {type: number}\n",
            ),
            ("enum: [OPEN, DONE]", "enum: [OPEN, DONE, LATE]"),
            (
                "                        application/vnd.atlas.2023-01-01+csv:\n",
                "                        application/vnd.atlas.2024-05-01+json: {}\n                        application/vnd.atlas.2023-01-01+csv:\n",
            ),
        ] {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        self.write("upstream.yaml", &text);
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs a command of xtask in the checkout.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .current_dir(self.path())
            .args(arguments)
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Every file with its content.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    found.insert(path, bytes);
                }
            }
        }
        found
    }
}

/// A refusal: exit code 2, lines that say why, nothing written.
pub(crate) fn refused(shop: &Shop, arguments: &[&str], expected: &str) {
    let before = shop.files();
    let ran = shop.run(arguments);
    assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
    assert_eq!(ran.stdout, "", "{arguments:?}");
    let lines = ran.stderr.lines();
    assert!(
        lines.clone().all(|line| line.starts_with("error: ")),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains(expected),
        "{arguments:?}: {}",
        ran.stderr
    );
    assert_eq!(shop.files(), before, "{arguments:?} wrote something");
}

pub(crate) fn done(ran: Ran) -> String {
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.stdout
}
