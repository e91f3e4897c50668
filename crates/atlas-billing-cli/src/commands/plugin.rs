//! `plugin install`: this command as `atlas billing`, a plugin of the Atlas CLI.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Context;
use crate::args::PLUGIN_COMMAND;
use crate::failure::{Failure, exit};
use crate::folders;
use crate::output::Sink;

/// The plugin's name.
const NAME: &str = "atlas-billing";

/// The file that tells the Atlas CLI what is in the folder.
const MANIFEST: &str = "manifest.yml";

/// The name of the program in the folder.
const BINARY: &str = if cfg!(windows) {
    "atlas-billing.exe"
} else {
    "atlas-billing"
};

/// Owner and name of the repository.
fn repository() -> (&'static str, &'static str) {
    let mut place = env!("CARGO_PKG_REPOSITORY").rsplit('/');
    let name = place.next().unwrap_or_default();
    (place.next().unwrap_or_default(), name)
}

/// What the Atlas CLI reads of a plugin. Without `github` some of its versions end in a panic.
fn manifest() -> String {
    let (owner, name) = repository();
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "\
name: {NAME}
description: What MongoDB Atlas charges, as tables and files
version: {version}
binary: {BINARY}
github:
  owner: {owner}
  name: {name}
commands:
  {PLUGIN_COMMAND}:
    description: Costs, invoices and line items of MongoDB Atlas as tables and files
"
    )
}

/// Puts the manifest and a copy of this program into the folder of plugins.
pub(super) fn install(context: &Context, dir: Option<PathBuf>) -> Result<(), Failure> {
    let plugins = match dir {
        Some(dir) => dir,
        None => folders::atlas_cli()
            .ok_or_else(|| {
                Failure::usage("the folder of the Atlas CLI is not known: set HOME, or use --dir")
            })?
            .join("plugins"),
    };
    // As `atlas plugin install` names it: of two plugins of one name neither would be loaded.
    let (owner, name) = repository();
    let folder = plugins.join(format!("{owner}@{name}"));
    let cannot = |error: io::Error| {
        let place = folder.display();
        Failure::new(
            exit::OTHER,
            format!("cannot install the plugin in {place}: {error}"),
        )
    };
    let program = std::env::current_exe().map_err(cannot)?;
    match state(&folder).map_err(cannot)? {
        State::Absent => {
            fs::create_dir_all(&plugins).map_err(cannot)?;
            begin(&plugins, &folder, &program).map_err(cannot)?;
        }
        // Each file is whole at any moment, and any version of one works with any of the other.
        State::Ours => fill(&folder, &program).map_err(cannot)?,
        State::Foreign => {
            let place = folder.display();
            return Err(Failure::new(
                exit::OTHER,
                format!("{place} exists and is not the plugin {NAME}"),
            )
            .with_help("remove it, or name another folder with --dir"));
        }
    }
    let place = folder.display();
    context
        .voice
        .note(&format!("The plugin was installed in {place}"));
    context
        .voice
        .note(&format!("try: atlas {PLUGIN_COMMAND} check"));
    Ok(())
}

/// What is in the place of the plugin's folder.
enum State {
    /// Nothing, or an empty folder.
    Absent,
    Ours,
    Foreign,
}

fn state(folder: &Path) -> io::Result<State> {
    let manifest = match fs::read_to_string(folder.join(MANIFEST)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match fs::read_dir(folder).map(Iterator::count) {
                Ok(0) => Ok(State::Absent),
                Ok(_) => Ok(State::Foreign),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::Absent),
                Err(error) => Err(error),
            };
        }
        manifest => manifest?,
    };
    // Of any version, on any system.
    let lasting = |text: &str| -> Vec<String> {
        let changes = |line: &&str| {
            let may = ["version:", "binary:", "description:"];
            may.iter().any(|key| line.trim_start().starts_with(key))
        };
        let lines = text.lines().filter(|line| !changes(line));
        lines.map(str::to_owned).collect()
    };
    Ok(match lasting(&manifest) == lasting(&self::manifest()) {
        true => State::Ours,
        false => State::Foreign,
    })
}

/// A folder that was not there appears whole: it is filled under another name.
fn begin(plugins: &Path, folder: &Path, program: &Path) -> io::Result<()> {
    let begun = tempfile::Builder::new()
        .prefix(".atlas-billing-")
        .tempdir_in(plugins)?;
    fill(begun.path(), program)?;
    // A move replaces no folder on some systems; this one is empty, or not there.
    let _ = fs::remove_dir(folder);
    fs::rename(begun.path(), folder)?;
    // It has moved: nothing is left to remove.
    let _ = begun.keep();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Writes the program, and then the manifest that names it.
fn fill(folder: &Path, program: &Path) -> io::Result<()> {
    let mut copy = tempfile::NamedTempFile::new_in(folder)?;
    io::copy(&mut File::open(program)?, &mut copy)?;
    copy.as_file()
        .set_permissions(fs::metadata(program)?.permissions())?;
    copy.as_file().sync_all()?;
    copy.persist(folder.join(BINARY))?;
    let mut sink = Sink::open(Some(&folder.join(MANIFEST)))?;
    sink.write_all(manifest().as_bytes())?;
    sink.finish()
}
