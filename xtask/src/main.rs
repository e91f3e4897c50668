//! Turns upstream's specification into the project's raw client; see `openapi/README.md`.

mod adapt;
mod cli;
mod codegen;
mod diff;
mod document;
mod failure;
#[cfg(test)]
mod fuzzing;
mod ops;
mod overlay;
#[cfg(test)]
mod pocket;
mod prose;
mod rename;
mod schemas;
mod selection;
mod slice;
mod spec;
mod update;
mod versions;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(lexopt::Parser::from_env()) {
        Ok(cli::Outcome::Done) => ExitCode::SUCCESS,
        Ok(cli::Outcome::Found) => ExitCode::from(1),
        Err(failure) => {
            for line in failure.lines() {
                eprintln!("error: {line}");
            }
            ExitCode::from(2)
        }
    }
}
