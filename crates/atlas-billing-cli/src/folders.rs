//! Folders of the user: where this command keeps its cache, and the Atlas CLI its settings.

use std::ffi::OsString;
use std::path::PathBuf;

/// The cache of this command; `None` where the user has no such folder.
pub(crate) fn cache() -> Option<PathBuf> {
    let folder = System::here().cache(&|name| std::env::var_os(name))?;
    Some(folder.join("atlas-billing"))
}

/// The folder of the Atlas CLI, whether or not it is there: `config.toml` and plugins.
pub(crate) fn atlas_cli() -> Option<PathBuf> {
    let folder = System::here().config(&|name| std::env::var_os(name))?;
    Some(folder.join("atlascli"))
}

/// The systems that have rules of their own.
#[derive(Debug, Clone, Copy)]
enum System {
    Windows,
    MacOs,
    /// Linux, and all that keep to the XDG Base Directory Specification.
    Xdg,
}

type Variable<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl System {
    fn here() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else {
            Self::Xdg
        }
    }

    fn cache(self, variable: Variable<'_>) -> Option<PathBuf> {
        match self {
            Self::Windows => path(variable, "LOCALAPPDATA"),
            Self::MacOs => Some(path(variable, "HOME")?.join("Library/Caches")),
            Self::Xdg => xdg(variable, "XDG_CACHE_HOME", ".cache"),
        }
    }

    fn config(self, variable: Variable<'_>) -> Option<PathBuf> {
        match self {
            Self::Windows => path(variable, "APPDATA"),
            Self::MacOs => Some(path(variable, "HOME")?.join("Library/Application Support")),
            Self::Xdg => xdg(variable, "XDG_CONFIG_HOME", ".config"),
        }
    }
}

/// A relative path in such a variable is invalid and ignored, as the specification says.
fn xdg(variable: Variable<'_>, name: &str, below_home: &str) -> Option<PathBuf> {
    let own = path(variable, name).filter(|path| path.is_absolute());
    own.or_else(|| Some(path(variable, "HOME")?.join(below_home)))
}

fn path(variable: Variable<'_>, name: &str) -> Option<PathBuf> {
    let value = variable(name).filter(|value| !value.is_empty());
    value.map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_folders() {
        for (system, variables, config, cache) in [
            (
                System::Xdg,
                "HOME=/home/a",
                "/home/a/.config",
                "/home/a/.cache",
            ),
            (
                System::Xdg,
                "HOME=/home/a XDG_CONFIG_HOME=/c XDG_CACHE_HOME=/k",
                "/c",
                "/k",
            ),
            (
                System::Xdg,
                "HOME=/home/a XDG_CONFIG_HOME=c XDG_CACHE_HOME=",
                "/home/a/.config",
                "/home/a/.cache",
            ),
            (
                System::MacOs,
                "HOME=/Users/a XDG_CONFIG_HOME=/c",
                "/Users/a/Library/Application Support",
                "/Users/a/Library/Caches",
            ),
            (
                System::Windows,
                "APPDATA=C:\\a LOCALAPPDATA=C:\\b HOME=C:\\h",
                "C:\\a",
                "C:\\b",
            ),
            (System::Xdg, "", "", ""),
            (System::Windows, "HOME=C:\\h", "", ""),
        ] {
            let variable = |name: &str| {
                let set = variables.split(' ').filter_map(|set| set.split_once('='));
                let mut set = set.filter(|(known, _)| *known == name);
                set.next().map(|(_, value)| OsString::from(value))
            };
            let shown = |path: Option<PathBuf>| path.unwrap_or_default().display().to_string();
            assert_eq!(shown(system.config(&variable)), config, "{variables}");
            assert_eq!(shown(system.cache(&variable)), cache, "{variables}");
        }
    }
}
