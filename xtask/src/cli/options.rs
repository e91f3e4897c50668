//! What follows a command on the command line.

use std::path::PathBuf;

use lexopt::prelude::*;

use crate::failure::{Failure, Result};

/// What follows a command: flags, values and free words, of which only the expected are taken.
#[derive(Debug, Default)]
pub(super) struct Options {
    flags: Vec<String>,
    values: Vec<(String, String)>,
    pub(super) words: Vec<String>,
}

impl Options {
    /// Reads flags, options with a value and at most so many words; refuses all else.
    pub(super) fn read(
        mut arguments: lexopt::Parser,
        flags: &[&str],
        values: &[&str],
        words: usize,
    ) -> Result<Self> {
        let usage = |error: lexopt::Error| {
            Failure::new(format!("{error}; `cargo xtask help` lists the options"))
        };
        let mut options = Self::default();
        while let Some(argument) = arguments.next().map_err(usage)? {
            match argument {
                Long(name) if flags.contains(&name) => options.flags.push(name.to_owned()),
                Long(name) if values.contains(&name) => {
                    let name = name.to_owned();
                    let value = arguments.value().and_then(|v| v.string()).map_err(usage)?;
                    if options.value(&name).is_some() {
                        return Err(Failure::new(format!("--{name} is given twice")));
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

    /// Whether a flag is given.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|name| name == flag)
    }

    /// The value of an option.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of an option that has to be there, as a path.
    pub(super) fn path(&self, name: &str) -> Result<PathBuf> {
        self.value(name).map(PathBuf::from).ok_or_else(|| {
            Failure::new(format!(
                "--{name} FILE is needed; `cargo xtask help` says where"
            ))
        })
    }
}
