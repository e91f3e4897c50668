//! `completions`: a script that a shell completes commands and flags by.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::context::Context;
use crate::failure::Failure;

pub(super) fn run(context: &Context, shell: Shell) -> Result<(), Failure> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "atlas-billing", &mut script);
    let mut sink = context.sink()?;
    sink.write_all(&script)?;
    sink.finish()
}
