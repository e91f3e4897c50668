//! The commands, one a file.

mod completions;
mod costs;
mod costs_table;
mod resume;
mod schema;

use crate::args::Command;
use crate::context::Context;
use crate::demo;
use crate::failure::Failure;

/// Does what was asked.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Costs(args) => costs::run(context, &args).await,
        Command::Mock(args) => demo::serve(context, &args).await,
        Command::Schema { of } => schema::run(context, of),
        Command::Completions { shell } => completions::run(context, shell),
        _ => Ok(()),
    }
}
