//! What we take from upstream: `openapi/slice.toml`.

use serde::Deserialize;
use serde_json::Value;

use crate::failure::{Failure, Result};

/// The methods an OpenAPI 3.0 path item may hold, in its order.
pub(crate) const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// `slice.toml`, read and checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Selection {
    pub(crate) upstream: Upstream,
    #[serde(rename = "operation")]
    pub(crate) operations: Vec<Wanted>,
    #[serde(rename = "enum", default)]
    pub(crate) enums: Vec<NamedEnum>,
}

/// Where the vendored slice was taken from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upstream {
    /// The file's address, with `{commit}` where the commit goes.
    pub(crate) url: String,
    /// The commit of the file's repository, or the branch where it was not recorded.
    pub(crate) commit: String,
    /// What the file says of itself (`x-xgen-sha`): the commit of what it was generated from.
    pub(crate) source: String,
    /// The SHA-256 of the file, in lower-case hex.
    pub(crate) sha256: String,
}

/// One operation, by the only key that lasts upstream: its method and path.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Our name for it, which upstream's renaming does not touch.
    pub(crate) name: String,
    /// The method, in lower case.
    pub(crate) method: String,
    pub(crate) path: String,
    /// The version the generated types are made for.
    pub(crate) version: String,
    #[serde(rename = "why")]
    _why: String,
}

/// An enum that gets a name and known values; every other one is plain text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedEnum {
    pub(crate) name: String,
    /// One sentence on what it means, for its documentation.
    pub(crate) about: String,
    /// JSONPaths (RFC 9535) of the schemas it stands for; each must hold an `enum`.
    pub(crate) at: Vec<String>,
}

impl Upstream {
    /// How to fetch the newest file, and which one the slice was taken from. Below `target/`, where
    /// it is not committed by mistake: its prose is not ours.
    pub(crate) fn fetching(&self) -> String {
        let newest = self.url.replace("{commit}", "main");
        let name = newest.rsplit('/').next().unwrap_or("v2.yaml");
        format!(
            "curl -fsSL --create-dirs -o target/{name} {newest}\n\
             # on record: {}\n# sha256 {}, x-xgen-sha {}\n",
            self.url.replace("{commit}", &self.commit),
            self.sha256,
            self.source
        )
    }
}

impl Wanted {
    /// The operation as a reader knows it: `GET /path`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// The operation's node in a specification, if it is there.
    pub(crate) fn find<'a>(&self, spec: &'a Value) -> Option<&'a Value> {
        spec.get("paths")?.get(&self.path)?.get(&self.method)
    }
}

impl Selection {
    /// Reads the text of `slice.toml`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let selection: Self = basic_toml::from_str(text)
            .map_err(|error| Failure::new(error.to_string()).within("openapi/slice.toml"))?;
        selection
            .check()
            .map_err(|failure| failure.within("openapi/slice.toml"))?;
        Ok(selection)
    }

    fn check(&self) -> Result<()> {
        if self.operations.is_empty() {
            return Err(Failure::new("no [[operation]] is listed"));
        }
        for wanted in &self.operations {
            if !METHODS.contains(&wanted.method.as_str()) {
                let (name, method) = (&wanted.name, &wanted.method);
                return Err(Failure::new(format!(
                    "{name}: {method:?} is no method; write one of {}",
                    METHODS.join(", ")
                )));
            }
            if !wanted.path.starts_with('/') {
                return Err(Failure::new(format!(
                    "{}: the path {:?} does not start with a slash",
                    wanted.name, wanted.path
                )));
            }
            if !is_camel_case(&wanted.name) {
                return Err(Failure::new(format!(
                    "{:?} cannot name an operation; write it as getOrgInvoice is written",
                    wanted.name
                )));
            }
        }
        refuse_twice(
            "operation",
            self.operations.iter().map(|wanted| wanted.name.clone()),
        )?;
        refuse_twice("operation", self.operations.iter().map(Wanted::title))?;
        refuse_twice("enum", self.enums.iter().map(|named| named.name.clone()))
    }
}

fn is_camel_case(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

fn refuse_twice(kind: &str, names: impl Iterator<Item = String>) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if seen.contains(&name) {
            return Err(Failure::new(format!("the {kind} {name} is listed twice")));
        }
        seen.insert(name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[upstream]\nurl = \"u\"\ncommit = \"c\"\nsource = \"x\"\nsha256 = \"s\"\n";

    fn with(operations: &[(&str, &str, &str)]) -> Result<Selection> {
        let mut text = HEAD.to_owned();
        for (name, method, path) in operations {
            text.push_str(&format!(
                "[[operation]]\nname = \"{name}\"\nmethod = \"{method}\"\npath = \"{path}\"\n\
                 version = \"2023-01-01\"\nwhy = \"w\"\n"
            ));
        }
        Selection::parse(&text)
    }

    #[test]
    fn a_whole_selection_is_read() {
        let selection = with(&[("getThing", "get", "/a"), ("makeThing", "post", "/a")]).unwrap();
        assert_eq!(selection.operations[1].title(), "POST /a");
    }

    #[test]
    fn upstream_is_fetched_with_one_line() {
        let upstream = Upstream {
            url: "https://x.test/{commit}/v2.yaml".to_owned(),
            commit: "abc".to_owned(),
            source: "def".to_owned(),
            sha256: "00ff".to_owned(),
        };
        let expected = "curl -fsSL --create-dirs -o target/v2.yaml https://x.test/main/v2.yaml\n\
            # on record: https://x.test/abc/v2.yaml\n\
            # sha256 00ff, x-xgen-sha def\n";
        assert_eq!(upstream.fetching(), expected);
    }

    #[test]
    fn each_mistake_is_named() {
        type Rows = &'static [(&'static str, &'static str, &'static str)];
        let table: [(Rows, &str); 6] = [
            (&[], "operation"),
            (&[("getThing", "GET", "/a")], "no method"),
            (&[("getThing", "get", "a")], "slash"),
            (&[("get thing", "get", "/a")], "cannot name"),
            (
                &[("getThing", "get", "/a"), ("getThing", "get", "/b")],
                "getThing is listed twice",
            ),
            (
                &[("getThing", "get", "/a"), ("readThing", "get", "/a")],
                "GET /a is listed twice",
            ),
        ];
        for (operations, expected) in table {
            let message = with(operations).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(message.contains("slice.toml"), "{message}");
        }
    }

    #[test]
    fn a_misspelt_key_is_no_silent_default() {
        let text = format!("{HEAD}colour = 1\n");
        assert!(
            Selection::parse(&text)
                .unwrap_err()
                .to_string()
                .contains("colour")
        );
    }
}
