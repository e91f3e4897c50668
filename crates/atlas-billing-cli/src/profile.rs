//! Profiles of the Atlas CLI: which one is meant, and what its `config.toml` says.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The variable that names a profile.
pub(crate) const PROFILE: &str = "MONGODB_ATLAS_PROFILE";

/// The profile that is meant where several are there and none is named.
const DEFAULT: &str = "default";

/// A profile and what the file says of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    values: BTreeMap<String, String>,
}

/// A value may be a secret.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}: {:?}", self.values.keys())
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile {} in {}", self.name, self.file.display())
    }
}

impl Profile {
    /// A value; an empty one counts as not set.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let value = self.values.get(key)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// The profile that is meant: the one that is asked for, by its name and what named it; else the
    /// only one there is; else the default one, if there is one.
    ///
    /// # Errors
    /// When the profile that is asked for is not there, or the file cannot be read.
    pub(crate) fn find(
        asked: Option<(&str, &str)>,
        folder: Option<&Path>,
    ) -> Result<Option<Self>, Failure> {
        let file = folder.map(|folder| folder.join("config.toml"));
        let mut profiles = match &file {
            Some(file) => read(file)?,
            None => BTreeMap::new(),
        };
        let name = match asked {
            Some((name, _)) => name.to_lowercase(),
            None => match profiles.keys().next() {
                Some(only) if profiles.len() == 1 => only.clone(),
                _ => DEFAULT.to_owned(),
            },
        };
        match (profiles.remove(&name), file, asked) {
            (Some(values), Some(file), _) => Ok(Some(Self { name, file, values })),
            (_, file, Some((given, by))) => Err(missing(given, by, &profiles, file.as_deref())),
            (_, _, None) => Ok(None),
        }
    }

    /// The names of the profiles that are there; none where the file cannot be read.
    pub(crate) fn names(folder: Option<&Path>) -> Vec<String> {
        let profiles = folder.map(|folder| read(&folder.join("config.toml")));
        let profiles = profiles.and_then(Result::ok).unwrap_or_default();
        profiles.into_keys().collect()
    }
}

type Values = BTreeMap<String, String>;

fn missing(
    name: &str,
    by: &str,
    profiles: &BTreeMap<String, Values>,
    file: Option<&Path>,
) -> Failure {
    let failure = Failure::usage(format!("{by}: there is no profile \"{name}\""));
    if name.contains('.') {
        return failure.with_help("names of profiles have no dots");
    }
    let Some(file) = file else {
        return failure.with_help("the folder of the Atlas CLI is not known: set HOME");
    };
    let file = file.display();
    let names: Vec<&str> = profiles.keys().map(String::as_str).collect();
    failure.with_help(match names.is_empty() {
        true => format!("{file} has none"),
        false => format!("{file} has: {}", names.join(", ")),
    })
}

/// The profiles of a file: its tables. What stands outside of them is the Atlas CLI's own.
fn read(file: &Path) -> Result<BTreeMap<String, Values>, Failure> {
    let cannot = |why: &str| Failure::usage(format!("cannot read {}: {why}", file.display()));
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        text => text.map_err(|error| cannot(&error.to_string()))?,
    };
    let tables: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // Without what stands there, which may be a secret.
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        cannot(&format!("line {line} is not valid TOML"))
    })?;
    let mut profiles = BTreeMap::new();
    for (name, value) in tables {
        if let toml::Value::Table(values) = value {
            let values = values.into_iter().filter_map(|(key, value)| match value {
                toml::Value::String(text) => Some((key.to_lowercase(), text)),
                _ => None,
            });
            profiles.insert(name.to_lowercase(), values.collect());
        }
    }
    Ok(profiles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(config: &str, asked: Option<&str>) -> Result<Option<Profile>, Failure> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.toml"), config).unwrap();
        let asked = asked.map(|name| (name, "--profile"));
        Profile::find(asked, Some(folder.path()))
    }

    #[test]
    fn the_profile_meant_is_found() {
        let two = "version = 2\n[default]\norg_id = \"d\"\n[Work]\norg_id = \"w\"\n";
        let no_default = "[a]\norg_id = \"1\"\n[b]\norg_id = \"2\"\n";
        for (config, asked, org) in [
            (two, None, Some("d")),
            (two, Some("work"), Some("w")),
            (two, Some("WORK"), Some("w")),
            ("[work]\norg_id = \" w \"\n", None, Some("w")),
            (no_default, None, None),
            (no_default, Some("b"), Some("2")),
            ("version = 2\n", None, None),
            ("", None, None),
        ] {
            let profile = find(config, asked).unwrap();
            let found = profile.as_ref().and_then(|profile| profile.get("org_id"));
            assert_eq!(found, org, "{config} {asked:?}");
        }
        assert_eq!(Profile::find(None, None), Ok(None));
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Profile::find(None, Some(folder.path())), Ok(None));
    }

    #[test]
    fn a_profile_that_is_not_there_lists_those_that_are() {
        for (config, name, help) in [
            ("[b]\n[a]\n", "c", "config.toml has: a, b"),
            ("", "c", "config.toml has none"),
            ("[a]\n", "a.b", "no dots"),
        ] {
            let failure = find(config, Some(name)).unwrap_err();
            assert_eq!(failure.exit, 2);
            let message = format!("--profile: there is no profile \"{name}\"");
            assert_eq!(failure.message, message);
            assert!(failure.help[0].contains(help), "{failure:?}");
        }
        let failure = Profile::find(Some(("a", "X")), None).unwrap_err();
        assert!(failure.help[0].contains("HOME"), "{failure:?}");
    }

    #[test]
    fn what_cannot_be_read_is_named_without_its_content() {
        let failure = find("[a]\nclient_secret = \"planted\"\nplanted\n", None).unwrap_err();
        assert!(
            failure.message.ends_with("line 3 is not valid TOML"),
            "{failure:?}"
        );
        assert!(!format!("{failure:?}").contains("planted"));
        let profile = find("[a]\nclient_secret = \"planted\"\n", None).unwrap();
        assert!(!format!("{profile:?}").contains("planted"));
    }

    #[test]
    fn an_empty_value_and_one_of_another_type_are_not_set() {
        let config = "[a]\norg_id = \"\"\nservice = 3\nbase_url = \"https://x.example\"\n";
        let profile = find(config, None).unwrap().unwrap();
        assert_eq!(
            (profile.get("org_id"), profile.get("service")),
            (None, None)
        );
        assert_eq!(profile.get("base_url"), Some("https://x.example"));
    }
}
