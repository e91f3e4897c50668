//! What we take from upstream: `openapi/slice.toml`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::failure::{Failure, Problems, Result};
use crate::spec::METHODS;

/// `slice.toml`, read and checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Selection {
    pub(crate) upstream: Upstream,
    #[serde(rename = "operation")]
    pub(crate) operations: Vec<Wanted>,
    #[serde(rename = "schema", default)]
    pub(crate) schemas: Vec<NamedSchema>,
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
    /// The day on which the file was fetched, `YYYY-MM-DD`.
    #[serde(default)]
    pub(crate) date: String,
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

/// A schema whose type has a name of ours.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedSchema {
    /// The name of the type.
    pub(crate) name: String,
    /// The schema's name in the slice and in the overlay.
    pub(crate) upstream: String,
    /// Fields that the slice omits: nothing here uses them.
    #[serde(default)]
    pub(crate) drop: Vec<String>,
    /// Whether its values come by the million and repeat their texts, which are then shared.
    #[serde(default)]
    pub(crate) shared: bool,
}

/// An enum that gets a name and known values; every other one is plain text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedEnum {
    pub(crate) name: String,
    /// One sentence on what it means, for its documentation.
    #[serde(default)]
    pub(crate) about: String,
    /// JSONPaths (RFC 9535) of the schemas it stands for; each must hold an `enum`.
    pub(crate) at: Vec<String>,
    /// Names for values whose own text gives none, or the same as another's.
    #[serde(default)]
    pub(crate) variants: BTreeMap<String, String>,
}

impl Upstream {
    /// How to fetch the newest file and update from it, pinned to its commit, and which file the
    /// slice was taken from. Below `target/`: its prose must not be committed.
    pub(crate) fn fetching(&self) -> String {
        let name = self.url.rsplit('/').next().unwrap_or("v2.yaml");
        let repository = self.url.split("/{commit}").next().unwrap_or_default();
        let repository = repository.replace("raw.githubusercontent.com", "github.com");
        format!(
            "commit=$(git ls-remote {repository} refs/heads/main | cut -f1) && \
             curl -fsSL --create-dirs -o target/{name} {} && \
             cargo xtask update --from target/{name} --commit $commit\n\
             # on record: {}\n# sha256 {}, x-xgen-sha {}, fetched {}\n",
            self.url.replace("{commit}", "$commit"),
            self.url.replace("{commit}", &self.commit),
            self.sha256,
            self.source,
            self.date,
        )
    }
}

impl Wanted {
    /// An operation that is looked at, and not listed.
    pub(crate) fn new(name: &str, method: &str, path: &str, version: &str) -> Self {
        let [name, method, path, version] = [name, method, path, version].map(str::to_owned);
        Self {
            name,
            method,
            path,
            version,
            _why: String::new(),
        }
    }

    /// The operation as a reader knows it: `GET /path`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// The operation's node in a specification, if it is there.
    pub(crate) fn find<'a>(&self, spec: &'a Value) -> Option<&'a Value> {
        let found = spec.get("paths")?.get(&self.path)?.get(&self.method);
        found.filter(|operation| operation.is_object())
    }
}

impl Selection {
    /// Reads the text of `slice.toml`; all mistakes at once.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let file = "openapi/slice.toml";
        let selection: Self = basic_toml::from_str(text)
            .map_err(|error| Failure::new(error.to_string()).within(file))?;
        selection.check().map_err(|failure| failure.within(file))?;
        Ok(selection)
    }

    fn check(&self) -> Result<()> {
        let mut problems = Problems::default();
        if self.operations.is_empty() {
            problems.add("no [[operation]] is listed");
        }
        for wanted in &self.operations {
            let (name, method) = (&wanted.name, &wanted.method);
            if !METHODS.contains(&method.as_str()) {
                let methods = METHODS.join(", ");
                problems.add(format!(
                    "operation {name}: the method {method:?} is none of {methods}"
                ));
            }
            if !wanted.path.starts_with('/') {
                let path = &wanted.path;
                problems.add(format!(
                    "operation {name}: the path {path:?} does not start with a slash"
                ));
            }
            if !is_camel_case(name) {
                problems.add(format!(
                    "operation {name:?}: invalid name; use the form getOrgInvoice"
                ));
            }
        }
        for schema in &self.schemas {
            check_type("schema", &schema.name, &mut problems);
        }
        for named in &self.enums {
            let name = &named.name;
            check_type("enum", name, &mut problems);
            if named.at.is_empty() {
                problems.add(format!("enum {name}: `at` lists no place"));
            }
            for path in &named.at {
                if let Err(error) = JsonPath::parse(path) {
                    problems.add(format!("enum {name}: {path:?} is not a JSONPath: {error}"));
                }
            }
            for variant in named.variants.values() {
                check_type(&format!("enum {name}: variant"), variant, &mut problems);
            }
        }
        let mut twice = |kind: &str, names: &mut dyn Iterator<Item = String>| {
            let mut seen = BTreeSet::new();
            for name in names {
                if !seen.insert(name.clone()) {
                    problems.add(format!("the {kind} {name} is listed twice"));
                }
            }
        };
        twice(
            "operation",
            &mut self.operations.iter().map(|o| o.name.clone()),
        );
        twice("operation", &mut self.operations.iter().map(Wanted::title));
        twice(
            "schema",
            &mut self.schemas.iter().map(|s| s.upstream.clone()),
        );
        let types = self.schemas.iter().map(|schema| schema.name.clone());
        twice(
            "type",
            &mut types.chain(self.enums.iter().map(|named| named.name.clone())),
        );
        let places = self.enums.iter().flat_map(|named| named.at.iter().cloned());
        twice("place of an enum", &mut places.into_iter());
        problems.refuse()
    }
}

/// Refuses a name that is not a Rust type's in its usual form.
fn check_type(kind: &str, name: &str, problems: &mut Problems) {
    let is_type = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && name != "Self";
    if !is_type {
        problems.add(format!(
            "{kind} {name:?}: not a Rust type name; use the form InvoiceStatus"
        ));
    }
}

fn is_camel_case(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[upstream]\nurl = \"u\"\ncommit = \"c\"\nsource = \"x\"\nsha256 = \"s\"\n";

    fn operation(name: &str, method: &str, path: &str) -> String {
        format!(
            "[[operation]]\nname = \"{name}\"\nmethod = \"{method}\"\npath = \"{path}\"\n\
             version = \"2023-01-01\"\nwhy = \"w\"\n"
        )
    }

    fn named(kind: &str, name: &str, rest: &str) -> String {
        format!("[[{kind}]]\nname = \"{name}\"\n{rest}\n")
    }

    #[test]
    fn upstream_is_fetched_with_one_line() {
        let upstream = Upstream {
            url: "https://raw.githubusercontent.com/a/b/{commit}/c/v2.yaml".to_owned(),
            commit: "abc".to_owned(),
            source: "def".to_owned(),
            sha256: "00ff".to_owned(),
            date: "2026-08-21".to_owned(),
        };
        let expected = "commit=$(git ls-remote https://github.com/a/b refs/heads/main | cut -f1) \
            && curl -fsSL --create-dirs -o target/v2.yaml \
            https://raw.githubusercontent.com/a/b/$commit/c/v2.yaml \
            && cargo xtask update --from target/v2.yaml --commit $commit\n\
            # on record: https://raw.githubusercontent.com/a/b/abc/c/v2.yaml\n\
            # sha256 00ff, x-xgen-sha def, fetched 2026-08-21\n";
        assert_eq!(upstream.fetching(), expected);
    }

    #[test]
    fn mistakes_are_named_with_their_entry_all_in_one_run() {
        let get = || operation("getThing", "get", "/a");
        let at = |path: &str| format!("at = [\"{path}\"]");
        for (text, expected) in [
            (String::new(), &["operation"][..]),
            (
                operation("getThing", "GET", "/a"),
                &["getThing: the method \"GET\" is none of"],
            ),
            (
                operation("get thing", "gte", "a"),
                &["the method \"gte\"", "slash", "\"get thing\": invalid name"],
            ),
            (
                get() + &get(),
                &[
                    "operation getThing is listed twice",
                    "operation GET /a is listed twice",
                ],
            ),
            (
                get() + &named("schema", "thing", "upstream = \"A\""),
                &["schema \"thing\": not a Rust type name"],
            ),
            (
                get() + &named("enum", "Kind", "at = []"),
                &["enum Kind: `at` lists no place"],
            ),
            (
                get() + &named("enum", "Kind", &at("$.a[")),
                &["enum Kind: \"$.a[\" is not a JSONPath"],
            ),
            (
                get() + &named("enum", "Kind", &at("$.a")) + &named("enum", "Sort", &at("$.a")),
                &["place of an enum $.a is listed twice"],
            ),
            (
                get()
                    + &named("schema", "Kind", "upstream = \"A\"")
                    + &named("enum", "Kind", &at("$.a")),
                &["type Kind is listed twice"],
            ),
            (
                get()
                    + &named(
                        "enum",
                        "Kind",
                        &(at("$.a") + "\nvariants = { \"*\" = \"any\" }"),
                    ),
                &["enum Kind: variant \"any\""],
            ),
            (get() + "[colour]\n", &["colour"]),
        ] {
            let failure = Selection::parse(&format!("{HEAD}{text}")).unwrap_err();
            assert_eq!(failure.lines().len(), expected.len(), "{failure}");
            for (line, expected) in failure.lines().iter().zip(expected) {
                assert!(line.starts_with("openapi/slice.toml: "), "{line}");
                assert!(line.contains(expected), "{line}");
            }
        }
        let text = HEAD.to_owned() + &get() + &operation("makeThing", "post", "/a");
        assert_eq!(
            Selection::parse(&text).unwrap().operations[1].title(),
            "POST /a"
        );
    }
}
