//! Turns upstream's specification into the project's raw client; see `openapi/README.md`.

mod adapt;
mod api;
mod cli;
mod codegen;
mod diff;
mod document;
mod failure;
mod json;
mod media;
mod ops;
mod overlay;
#[cfg(test)]
mod pocket;
mod pointer;
mod schemas;
mod selection;
mod slice;
mod update;
mod versions;
mod workspace;
mod yaml;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(lexopt::Parser::from_env()) {
        Ok(cli::Outcome::Done) => ExitCode::SUCCESS,
        Ok(cli::Outcome::Found) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(2)
        }
    }
}
