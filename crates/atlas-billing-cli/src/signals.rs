//! Waits for the signals that end the command.

use std::io;

/// Completes with the number of the signal that came.
#[cfg(unix)]
pub(crate) async fn wait() -> io::Result<u8> {
    use tokio::signal::unix::{SignalKind, signal};

    // The numbers are POSIX's.
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
pub(crate) async fn wait() -> io::Result<u8> {
    tokio::signal::ctrl_c().await?;
    Ok(2)
}
