//! The commands, one a file.

mod check;
mod completions;
mod costs;
mod costs_table;
mod find;
mod groups;
mod invoices_compare;
mod invoices_items;
mod invoices_list;
mod invoices_show;
mod read;
mod resume;
mod schema;
mod summary;

use crate::args::{Command, InvoicesCommand};
use crate::context::Context;
use crate::demo;
use crate::failure::Failure;

/// Does what was asked.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Costs(args) => costs::run(context, &args).await,
        Command::Invoices(InvoicesCommand::List(args)) => invoices_list::run(context, &args).await,
        Command::Invoices(InvoicesCommand::Show(args)) => invoices_show::run(context, &args).await,
        Command::Invoices(InvoicesCommand::Items(args)) => {
            invoices_items::run(context, &args).await
        }
        Command::Invoices(InvoicesCommand::Compare(args)) => {
            invoices_compare::run(context, &args).await
        }
        Command::Check => check::run(context).await,
        Command::Mock(args) => demo::serve(context, &args).await,
        Command::Schema { of } => schema::run(context, of),
        Command::Completions { shell } => completions::run(context, shell),
    }
}
