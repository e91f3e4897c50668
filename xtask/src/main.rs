//! Turns upstream's specification into the project's raw client; see `openapi/README.md`.

mod adapt;
mod api;
mod cli;
mod codegen;
mod document;
mod failure;
mod json;
mod media;
mod overlay;
mod pointer;
mod schemas;
mod selection;
mod slice;
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
