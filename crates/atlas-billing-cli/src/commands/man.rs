//! `man`: the pages of the manual, out of the definition of the command line.

use std::io::Write;
use std::path::Path;

use clap_mangen::Man;

use super::Context;
use crate::args::definition;
use crate::failure::Failure;
use crate::output::Sink;

/// Prints the first page, or writes a page for each command into a folder.
pub(super) fn run(context: &Context, dir: Option<&Path>) -> Result<(), Failure> {
    let command = definition();
    match dir {
        None => write(page(command), context.sink()?),
        Some(dir) => {
            let written = pages(command, dir)?;
            let place = dir.display();
            context
                .voice
                .note(&format!("{written} pages were written to {place}"));
            Ok(())
        }
    }
}

/// Writes the page of a command and those of all commands below it, and counts them.
fn pages(command: clap::Command, dir: &Path) -> Result<usize, Failure> {
    let mut written = 1;
    for below in command.get_subcommands() {
        if !below.is_hide_set() && below.get_name() != "help" {
            written += pages(below.clone(), dir)?;
        }
    }
    let page = page(command);
    let sink = Sink::open(Some(&dir.join(page.get_filename())))?;
    write(page, sink)?;
    Ok(written)
}

fn page(command: clap::Command) -> Man {
    // It would leave out the help of what `-h` does not show.
    let command = command.mut_args(|arg| arg.hide_short_help(false));
    // Each page names the program and its version, whatever command it is about.
    Man::new(command)
        .source(concat!("atlas-billing ", env!("CARGO_PKG_VERSION")))
        .manual("atlas-billing")
}

fn write(page: Man, mut sink: Sink) -> Result<(), Failure> {
    // Into memory first: the writer of the pages makes many small writes.
    let mut text = Vec::new();
    page.render(&mut text)?;
    sink.write_all(&text)?;
    Ok(sink.finish()?)
}
