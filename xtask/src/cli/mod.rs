//! The command line: `cargo xtask COMMAND`.

mod options;

use std::path::{Path, PathBuf};

use lexopt::prelude::*;

use crate::diff::{Format, Level, diff};
use crate::document;
use crate::failure::{Failure, Result};
use crate::json;
use crate::ops;
use crate::slice::slice;
use crate::update::update;
use crate::workspace::Workspace;
use options::Options;

/// How a command that ran to its end ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well.
    Done,
    /// What was looked for is there: a difference, a breaking change.
    Found,
}

const USAGE: &str = "\
Turns upstream's specification into the raw client. FILE is upstream's full specification, JSON or
YAML; nothing here uses the network.

  cargo xtask codegen [--check]
      Generates the raw client from openapi/. --check writes nothing and exits 1 on a difference.
  cargo xtask slice --from FILE [--out FILE|-]
      Cuts the operations of openapi/slice.toml out of FILE (default: to standard output).
  cargo xtask api [--check]
      Lists the public API of the library crates in their public-api.txt. --check writes nothing,
      prints what came and went, and exits 1 on a difference.
  cargo xtask upstream
      Prints the line that fetches upstream's newest file, and where the slice was taken from.
  cargo xtask ops --from FILE [WORD]
      Lists the operations of FILE (those that WORD occurs in), ready to paste into slice.toml.
  cargo xtask diff OLD NEW [--format text|json|markdown] [--fail-on breaking|any]
      What changed for our operations. OLD and NEW are full specifications or slices.
  cargo xtask update --from FILE [--commit SHA]
      Brings openapi/ and the raw client up to FILE, and says what to look at.

Exit codes: 0 done; 1 a difference was found where one was asked about; 2 refused, nothing written.
";

/// Runs the command that the process was started with.
pub(crate) fn run(mut arguments: lexopt::Parser) -> Result<Outcome> {
    let usage = |error: lexopt::Error| {
        Failure::new(format!("{error}; `cargo xtask help` lists the commands"))
    };
    if asks_for_help(arguments.clone()) {
        return help();
    }
    match arguments.next().map_err(usage)? {
        None => help(),
        Some(Value(command)) => dispatch(&command.string().map_err(usage)?, arguments),
        Some(other) => Err(usage(other.unexpected())),
    }
}

/// Whether `--help` is anywhere: behind a command it is what a newcomer tries first.
fn asks_for_help(mut arguments: lexopt::Parser) -> bool {
    while let Ok(Some(argument)) = arguments.next() {
        if matches!(argument, Long("help") | Short('h')) {
            return true;
        }
        let _ = arguments.optional_value();
    }
    false
}

fn dispatch(command: &str, rest: lexopt::Parser) -> Result<Outcome> {
    let workspace = || Workspace::around(&current_folder()?);
    match command {
        "help" => help(),
        "codegen" => codegen(&workspace()?, Options::read(rest, &["check"], &[], 0)?),
        "slice" => cut(
            &workspace()?,
            Options::read(rest, &[], &["from", "out"], 0)?,
        ),
        "api" => api(&workspace()?, Options::read(rest, &["check"], &[], 0)?),
        "upstream" => {
            Options::read(rest, &[], &[], 0)?;
            print(&workspace()?.selection()?.upstream.fetching())?;
            Ok(Outcome::Done)
        }
        "update" => bring_up(
            &workspace()?,
            Options::read(rest, &[], &["from", "commit"], 0)?,
        ),
        "ops" => list(Options::read(rest, &[], &["from"], 1)?),
        "diff" => compare(
            &workspace()?,
            Options::read(rest, &[], &["format", "fail-on"], 2)?,
        ),
        other => Err(Failure::new(format!(
            "there is no command {other:?}; `cargo xtask help` lists the commands"
        ))),
    }
}

fn help() -> Result<Outcome> {
    print(USAGE)?;
    Ok(Outcome::Done)
}

fn codegen(workspace: &Workspace, options: Options) -> Result<Outcome> {
    let generated = workspace.generate()?;
    if options.has("check") {
        let differences = workspace.differences(&generated.files)?;
        if differences.is_empty() {
            return Ok(Outcome::Done);
        }
        for difference in differences {
            eprintln!("{difference}");
        }
        eprintln!("run `cargo xtask codegen` and commit what it writes");
        return Ok(Outcome::Found);
    }
    let changed = workspace.generated_files(&generated.files)?.commit()?;
    eprintln!(
        "{changed} files changed, {} undescribed names",
        generated.undescribed.len()
    );
    Ok(Outcome::Done)
}

fn cut(workspace: &Workspace, options: Options) -> Result<Outcome> {
    let upstream = document::read(&options.path("from")?)?;
    let text = json::text(&slice(&upstream, &workspace.selection()?)?);
    match options.value("out") {
        None | Some("-") => print(&text)?,
        Some(path) => {
            let mut writing = crate::workspace::Writing::default();
            writing.put(Path::new(path).to_owned(), text);
            writing.commit()?;
        }
    }
    Ok(Outcome::Done)
}

fn api(workspace: &Workspace, options: Options) -> Result<Outcome> {
    let mut writing = crate::workspace::Writing::default();
    let mut found = false;
    for listed in crate::api::LISTED {
        let path = workspace.root().join(listed.path());
        let listing = listed.listing(workspace.root())?;
        if !options.has("check") {
            writing.put(path, listing);
            continue;
        }
        let committed = document::read_text(&path)?;
        for line in crate::api::difference(&committed, &listing) {
            found = true;
            eprintln!("{line}");
        }
    }
    if found {
        eprintln!("run `cargo xtask api` and commit what it writes, if that is what was meant");
        return Ok(Outcome::Found);
    }
    writing.commit()?;
    Ok(Outcome::Done)
}

fn bring_up(workspace: &Workspace, options: Options) -> Result<Outcome> {
    print(&update(
        workspace,
        &options.path("from")?,
        options.value("commit"),
    )?)?;
    Ok(Outcome::Done)
}

fn list(options: Options) -> Result<Outcome> {
    let upstream = document::read(&options.path("from")?)?;
    print(&ops::list(
        &upstream,
        options.words.first().map(String::as_str),
    )?)?;
    Ok(Outcome::Done)
}

fn compare(workspace: &Workspace, options: Options) -> Result<Outcome> {
    let format = Format::parse(options.value("format").unwrap_or("text"))?;
    let fails = match options.value("fail-on") {
        None => None,
        Some("breaking") => Some(Level::Breaking),
        Some("any") => Some(Level::Note),
        Some(other) => {
            return Err(Failure::new(format!(
                "--fail-on {other:?} is none of breaking and any"
            )));
        }
    };
    let [old, new] = options.words.as_slice() else {
        return Err(Failure::new(
            "two files are needed: `cargo xtask diff OLD NEW`",
        ));
    };
    let old = document::read(Path::new(old))?;
    let new = document::read(Path::new(new))?;
    let rows = diff(&old, &new, &workspace.selection()?)?;
    print(&format.print(&rows))?;
    // Levels are ordered, the gravest first.
    let found = fails.is_some_and(|level| rows.iter().any(|row| row.level <= level));
    Ok(if found { Outcome::Found } else { Outcome::Done })
}

fn current_folder() -> Result<PathBuf> {
    std::env::current_dir()
        .map_err(|error| Failure::new(format!("the current folder cannot be read: {error}")))
}

/// Prints to standard output; a reader that has seen enough (`| head`) is no failure.
fn print(text: &str) -> Result<()> {
    use std::io::Write as _;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}
