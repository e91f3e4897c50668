//! The command `atlas-billing`: what MongoDB Atlas charges, as tables and files.

mod args;
mod commands;
mod connect;
mod context;
mod demo;
mod exit;
mod failure;
mod output;
mod progress;
mod records;
mod signals;
mod terminal;
mod voice;
mod watch;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::args::Cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::voice::Voice;

/// How long an interrupted command may take to put its files away.
const GRACE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Whoever reads the help may have enough of it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let voice = Voice::new(&cli.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            voice.must(&format!("Error: no threads to work with: {error}"));
            return ExitCode::from(Exit::Other.code());
        }
    };
    let ended = runtime.block_on(run(cli, voice.clone()));
    // A write to a pipe that nobody reads may still block a thread: do not wait for it.
    runtime.shutdown_background();
    voice.clear();
    match ended {
        Ok(()) | Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Err(Failure::Said { exit, message }) => {
            // To be interrupted is no error, but an end that somebody wanted.
            match exit {
                Exit::Signal(_) => voice.must(&message),
                _ => voice.must(&format!("Error: {message}")),
            }
            ExitCode::from(exit.code())
        }
    }
}

/// Runs the command beside the signals that may end it. The command is a task of its own, so that
/// a write that blocks does not keep a signal from being heard.
async fn run(cli: Cli, voice: Voice) -> Result<(), Failure> {
    let context = Context::new(cli.global, voice);
    let mut command = tokio::spawn(async move { commands::run(&context, cli.command).await });
    let signal = tokio::select! {
        ended = &mut command => {
            return ended.unwrap_or_else(|error| {
                Err(Failure::new(Exit::Other, format!("the command broke off: {error}")))
            });
        }
        signal = signals::wait() => signal,
    };
    match signal {
        Ok(number) => {
            command.abort();
            // Dropping the command takes its unfinished files away.
            let _ = tokio::time::timeout(GRACE, command).await;
            Err(Failure::new(Exit::Signal(number), "Interrupted."))
        }
        Err(error) => Err(Failure::new(
            Exit::Other,
            format!("cannot listen for signals: {error}"),
        )),
    }
}
