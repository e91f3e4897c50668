//! What is said on standard error. Standard output carries data alone.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::args::Global;
use crate::progress::Pace;
use crate::terminal;

/// Says things on standard error. Clones say them through one mouth, so that a progress line and a
/// message never share a line.
#[derive(Debug, Clone)]
pub(crate) struct Voice {
    quiet: bool,
    verbose: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    rewrites: bool,
    /// Whether a progress line stands on the terminal.
    standing: bool,
    pace: Pace,
}

impl Voice {
    pub(crate) fn new(global: &Global) -> Self {
        let rewrites = terminal::stderr_rewrites();
        let state = State {
            rewrites,
            standing: false,
            pace: Pace::new(rewrites),
        };
        Self {
            quiet: global.quiet,
            verbose: global.verbose,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Something good to know, unless quiet is wanted.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.line(text);
        }
    }

    /// Something that must be known.
    pub(crate) fn must(&self, text: &str) {
        self.line(text);
    }

    /// One line a request, if wanted.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.line(text);
        }
    }

    /// How far a wait of `elapsed` has come: rewritten in place on a terminal, elsewhere a line
    /// now and then.
    pub(crate) fn progress(&self, elapsed: Duration, text: &str) {
        if self.quiet {
            return;
        }
        let mut state = self.state();
        if !state.pace.is_due(elapsed) {
            return;
        }
        let mut stderr = io::stderr().lock();
        // Nobody may be listening; that is no reason to end.
        let _ = match state.rewrites {
            true => {
                let room = terminal::stderr_width().saturating_sub(1);
                let text: String = text.chars().take(room).collect();
                write!(stderr, "\r\u{1b}[2K{text}")
            }
            false => writeln!(stderr, "{text}"),
        };
        let _ = stderr.flush();
        state.standing = state.rewrites;
    }

    /// Takes a standing progress line away.
    pub(crate) fn clear(&self) {
        clear(&mut self.state());
    }

    fn line(&self, text: &str) {
        let mut state = self.state();
        clear(&mut state);
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while it was held leaves it as usable as before.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn clear(state: &mut State) {
    if std::mem::take(&mut state.standing) {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "\r\u{1b}[2K");
        let _ = stderr.flush();
    }
}
