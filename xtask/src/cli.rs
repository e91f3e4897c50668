//! The command line: `cargo xtask COMMAND`.

use std::path::{Path, PathBuf};

use lexopt::prelude::*;

use crate::diff::{Format, Level, diff};
use crate::document;
use crate::failure::{Failure, Result, refusal};
use crate::ops;
use crate::slice::slice;
use crate::spec::json_text;
use crate::update::{self, update};
use crate::workspace::{Workspace, Writing};

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
  cargo xtask upstream
      Prints the line that fetches upstream's newest file and updates from it, and where the slice
      was taken from.
  cargo xtask ops --from FILE [WORD]
      Lists the operations of FILE (those that WORD occurs in) and their enums, ready to paste into
      openapi/slice.toml.
  cargo xtask diff OLD NEW [--format text|json|markdown] [--fail-on breaking|any]
      What changed for our operations. OLD and NEW are full specifications or slices.
  cargo xtask update --from FILE [--commit SHA] [--rename] [--format text|markdown]
      Brings openapi/ and the raw client up to FILE, and says what to look at; in markdown, the text
      of a pull request. --rename edits openapi/ where upstream renamed a schema.

Exit codes: 0 done; 1 a difference was found where one was asked about; 2 refused, nothing written.
";

/// Runs the command that the process was started with.
pub(crate) fn run(mut arguments: lexopt::Parser) -> Result<Outcome> {
    if asks_for_help(arguments.clone()) {
        return help();
    }
    let command = match arguments.next().map_err(usage)? {
        None => return help(),
        Some(Value(command)) => command.string().map_err(usage)?,
        Some(other) => return Err(usage(other.unexpected())),
    };
    let rest = arguments;
    let workspace = || Workspace::around(&current_folder()?);
    match command.as_str() {
        "help" => help(),
        "codegen" => codegen(&workspace()?, &Options::read(rest, &["check"], &[], 0)?),
        "slice" => cut(
            &workspace()?,
            &Options::read(rest, &[], &["from", "out"], 0)?,
        ),
        "upstream" => {
            Options::read(rest, &[], &[], 0)?;
            print(&workspace()?.selection()?.upstream.fetching())
        }
        "update" => {
            let values = ["from", "commit", "format"];
            bring_up(
                &workspace()?,
                &Options::read(rest, &["rename"], &values, 0)?,
            )
        }
        "ops" => {
            let options = Options::read(rest, &[], &["from"], 1)?;
            let upstream = document::read(&options.path("from")?)?;
            let word = options.words.first().map(String::as_str);
            print(&ops::list(&upstream, word, &workspace()?.selection()?)?)
        }
        "diff" => compare(
            &workspace()?,
            &Options::read(rest, &[], &["format", "fail-on"], 2)?,
        ),
        other => Err(refusal!(
            "unknown command {other:?}; `cargo xtask help` lists the commands"
        )),
    }
}

fn usage(error: lexopt::Error) -> Failure {
    refusal!("{error}; `cargo xtask help` lists commands and options")
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

fn help() -> Result<Outcome> {
    print(USAGE)
}

fn codegen(workspace: &Workspace, options: &Options) -> Result<Outcome> {
    let generated = workspace.generate()?;
    for warning in &generated.warnings {
        eprintln!("warning: {warning}");
    }
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
    let changed = workspace.generated_files(&generated.files)?.commit()?.len();
    let undescribed = generated.undescribed.len();
    eprintln!("{changed} files changed, {undescribed} undescribed names");
    Ok(Outcome::Done)
}

fn cut(workspace: &Workspace, options: &Options) -> Result<Outcome> {
    let upstream = document::read(&options.path("from")?)?;
    let text = json_text(&slice(&upstream, &workspace.selection()?)?);
    match options.value("out") {
        None | Some("-") => print(&text),
        Some(path) => {
            let mut writing = Writing::default();
            writing.put(Path::new(path).to_owned(), text);
            writing.commit()?;
            Ok(Outcome::Done)
        }
    }
}

fn bring_up(workspace: &Workspace, options: &Options) -> Result<Outcome> {
    let from = options.path("from")?;
    let markdown = match options.value("format") {
        None | Some("text") => false,
        Some("markdown") => true,
        Some(other) => {
            return Err(refusal!("--format {other:?} is none of text and markdown"));
        }
    };
    print(&update(
        workspace,
        update::Options {
            from: &from,
            commit: options.value("commit"),
            rename: options.has("rename"),
            markdown,
        },
    )?)
}

fn compare(workspace: &Workspace, options: &Options) -> Result<Outcome> {
    let format = Format::parse(options.value("format").unwrap_or("text"))?;
    let fails = match options.value("fail-on") {
        None => None,
        Some("breaking") => Some(Level::Breaking),
        Some("any") => Some(Level::Note),
        Some(other) => {
            return Err(refusal!("--fail-on {other:?} is none of breaking and any"));
        }
    };
    let [old, new] = options.words.as_slice() else {
        return Err(Failure::new(
            "two files are needed: `cargo xtask diff OLD NEW`",
        ));
    };
    let old = document::read(Path::new(old))?;
    let new = document::read(Path::new(new))?;
    let mut changes = diff(&old, &new, &workspace.selection()?)?;
    // Those of other releases find nothing here: `update` names what may be removed.
    changes.exempt(&workspace.exemptions()?);
    let rows = changes.rows;
    print(&format.print(&rows))?;
    // Levels are ordered, the gravest first.
    let found = fails.is_some_and(|level| rows.iter().any(|row| row.level <= level));
    Ok(if found { Outcome::Found } else { Outcome::Done })
}

fn current_folder() -> Result<PathBuf> {
    let refused = |error| refusal!("cannot read the current folder: {error}");
    std::env::current_dir().map_err(refused)
}

/// Prints to standard output; a reader that has seen enough (`| head`) is not a failure.
fn print(text: &str) -> Result<Outcome> {
    use std::io::Write as _;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(refusal!("cannot write to standard output: {error}"))
        }
        _ => Ok(Outcome::Done),
    }
}

/// What follows a command: flags, values and free words, of which only the expected are taken.
#[derive(Debug, Default)]
struct Options {
    flags: Vec<String>,
    values: Vec<(String, String)>,
    words: Vec<String>,
}

impl Options {
    /// Reads flags, options with a value and at most so many words; refuses all else.
    fn read(
        mut arguments: lexopt::Parser,
        flags: &[&str],
        values: &[&str],
        words: usize,
    ) -> Result<Self> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next().map_err(usage)? {
            match argument {
                Long(name) if flags.contains(&name) => options.flags.push(name.to_owned()),
                Long(name) if values.contains(&name) => {
                    let name = name.to_owned();
                    let value = arguments.value().and_then(|v| v.string()).map_err(usage)?;
                    if options.value(&name).is_some() {
                        return Err(refusal!("--{name} is given twice"));
                    }
                    options.values.push((name, value));
                }
                Value(word) if options.words.len() < words => {
                    options.words.push(word.string().map_err(usage)?);
                }
                other => return Err(usage(other.unexpected())),
            }
        }
        Ok(options)
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|name| name == flag)
    }

    fn value(&self, name: &str) -> Option<&str> {
        let found = self.values.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value of an option that has to be there, as a path.
    fn path(&self, name: &str) -> Result<PathBuf> {
        let missing = || refusal!("--{name} FILE is needed; `cargo xtask help` says where");
        self.value(name).map(PathBuf::from).ok_or_else(missing)
    }
}
