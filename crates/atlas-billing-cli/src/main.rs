//! The command `atlas-billing`: what MongoDB Atlas charges, as tables and files.

mod args;
mod commands;
mod connect;
mod dataset;
#[cfg(feature = "demo")]
mod demo;
mod failure;
mod folders;
mod gate;
mod keyring;
mod output;
mod profile;
mod records;
mod settings;
mod text;
mod tokens;
mod voice;

use std::io;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use atlas_billing::Client;

use crate::args::Cli;
use crate::commands::Context;
use crate::failure::{Failure, exit};
use crate::voice::Voice;

/// How long the end of a run may take: removing unfinished files, revoking the access token.
const GRACE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            // Whoever reads the help may have enough of it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let voice = Voice::new(&cli.global);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(run(cli, voice.clone()));
            // A write to a pipe that nobody reads may still block a thread: do not wait for it.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(Failure::new(
            exit::OTHER,
            format!("cannot start the async runtime: {error}"),
        )),
    };
    voice.clear();
    let failure = ended.err().unwrap_or_default();
    if failure.exit > 0 {
        voice.failure(&failure);
    }
    ExitCode::from(failure.exit)
}

/// Runs the command beside the signals that may end it. The command is a task of its own, so that
/// a write that blocks does not keep a signal from being heard.
async fn run(cli: Cli, voice: Voice) -> Result<(), Failure> {
    let client = Arc::new(OnceLock::new());
    let keep_token = cli.global.keep_token;
    let context = Context::new(cli.global, voice, client.clone())?;
    let mut command = tokio::spawn(async move { commands::run(&context, cli.command).await });
    let ended = tokio::select! {
        ended = &mut command => ended.unwrap_or_else(|error| {
            Err(Failure::new(exit::OTHER, format!("the command ended unexpectedly: {error}")))
        }),
        signal = signal() => {
            command.abort();
            // Dropping the command removes its unfinished files.
            let _ = tokio::time::timeout(GRACE, command).await;
            Err(match signal {
                Ok(number) => Failure::new(exit::SIGNAL + number, "Interrupted"),
                Err(error) => Failure::new(exit::OTHER, format!("cannot listen for signals: {error}")),
            })
        }
    };
    if let Some(client) = client.get().filter(|_| !keep_token) {
        // That it cannot be revoked is no failure: it expires by itself.
        let _ = tokio::time::timeout(GRACE, Client::revoke_token(client)).await;
    }
    ended
}

/// Completes with the number of the signal that came.
#[cfg(unix)]
async fn signal() -> io::Result<u8> {
    use tokio::signal::unix::{SignalKind, signal};

    // The numbers are those of POSIX.
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = hangup.recv() => 1,
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
    })
}

/// Completes when the user interrupts.
#[cfg(not(unix))]
async fn signal() -> io::Result<u8> {
    tokio::signal::ctrl_c().await?;
    Ok(2)
}
