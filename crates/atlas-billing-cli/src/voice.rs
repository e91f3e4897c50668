//! What is printed on standard error, all of it. Standard output carries data alone.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use atlas_billing::{Observer, RequestEvent, ResponseMeta};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::Global;
use crate::failure::{Failure, exit};
use crate::text::clean;

/// Prints lines on standard error. Each text is one line, whatever a response put into it. Clones
/// share the terminal, so that progress and a message never share a line.
#[derive(Debug, Clone)]
pub(crate) struct Voice {
    quiet: bool,
    verbose: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    bar: ProgressBar,
    /// What is to be said once a run.
    said: BTreeSet<String>,
}

impl Voice {
    pub(crate) fn new(global: &Global) -> Self {
        let rewrites = io::stderr().is_terminal() && !is_dumb() && !global.quiet;
        let target = match rewrites {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        Self {
            quiet: global.quiet,
            verbose: global.verbose,
            state: Arc::new(Mutex::new(State {
                bar,
                said: BTreeSet::new(),
            })),
        }
    }

    /// Something good to know, unless quiet is wanted.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.must(text);
        }
    }

    /// Something that must be known.
    pub(crate) fn must(&self, text: &str) {
        let state = self.state();
        let line = line(text);
        // Nobody may be listening; that is no reason to end.
        state
            .bar
            .suspend(|| drop(io::stderr().write_all(line.as_bytes())));
    }

    /// Something that must be known, once however often it applies.
    pub(crate) fn once(&self, text: &str) {
        if self.state().said.insert(text.to_owned()) {
            self.must(text);
        }
    }

    /// A line for each request, if wanted.
    fn detail(&self, text: &str) {
        if self.verbose {
            self.must(text);
        }
    }

    /// Why the command ended.
    pub(crate) fn failure(&self, failure: &Failure) {
        let operation = failure.operation.filter(|_| self.verbose);
        let operation = operation.map_or(String::new(), |name| format!(" ({name})"));
        // To be interrupted is no error, but an end that somebody wanted.
        let error = if failure.exit > exit::SIGNAL {
            ""
        } else {
            "error: "
        };
        self.must(&format!("{error}{}{operation}", failure.message));
        failure
            .help
            .iter()
            .for_each(|line| self.must(&format!("  {line}")));
    }

    /// How far a wait has come: a line that is rewritten on a terminal, and nothing elsewhere.
    pub(crate) fn progress(&self, text: &str) {
        let state = self.state();
        if !state.bar.is_hidden() {
            state.bar.set_message(clean(text).into_owned());
            state.bar.enable_steady_tick(Duration::from_millis(200));
        }
    }

    /// The same where no line can be rewritten: one more line.
    pub(crate) fn still(&self, text: &str) {
        let hidden = self.state().bar.is_hidden();
        if hidden {
            self.note(text);
        }
    }

    /// Removes the progress line.
    pub(crate) fn clear(&self) {
        let state = self.state();
        state.bar.disable_steady_tick();
        state.bar.reset();
        state.bar.finish_and_clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while it was held leaves it as usable as before.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the terminal cannot rewrite lines.
pub(crate) fn is_dumb() -> bool {
    std::env::var("TERM").is_ok_and(|term| term == "dumb")
}

impl Observer for Voice {
    fn observe(&self, event: &RequestEvent<'_>) {
        match event {
            RequestEvent::Response {
                method,
                path,
                meta,
                elapsed,
                ..
            } => {
                let version = meta.resolved_version();
                let version = version.map_or("no version".to_owned(), |version| {
                    format!("version {version}")
                });
                let status = meta.status().as_u16();
                self.detail(&format!(
                    "{method} {path} {status}, {version}, {}",
                    seconds(*elapsed)
                ));
                if let Some(text) = deprecation(meta) {
                    self.once(&text);
                }
            }
            RequestEvent::Failure {
                method,
                path,
                error,
                elapsed,
                ..
            } => {
                self.detail(&format!(
                    "{method} {path} failed after {}: {error}",
                    seconds(*elapsed)
                ));
            }
            RequestEvent::Wait {
                operation,
                wait,
                error,
                ..
            } => {
                let why = error.map_or("not ready".to_owned(), |error| error.message().to_owned());
                self.detail(&format!(
                    "retrying {operation} in {}: {why}",
                    seconds(*wait)
                ));
            }
            _ => {}
        }
    }
}

fn seconds(length: Duration) -> String {
    format!("{:.3} s", length.as_secs_f64())
}

/// What to say of a response in a deprecated version.
fn deprecation(meta: &ResponseMeta) -> Option<String> {
    let (since, sunset) = (meta.deprecation(), meta.sunset());
    since.or(sunset)?;
    let version = meta
        .resolved_version()
        .map_or(String::new(), |version| format!(" {version}"));
    let since = since.map_or(String::new(), |day| format!(" since {}", day.date_naive()));
    let sunset = sunset.map_or(String::new(), |day| {
        format!(" and may be removed on {}", day.date_naive())
    });
    Some(format!(
        "warning: API version{version} is deprecated{since}{sunset}; ask for a later one with --api-version, or \
         update this command"
    ))
}

/// `text` as one line, whatever it holds.
fn line(text: &str) -> String {
    format!("{}\n", clean(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::is_unsafe;

    proptest! {
        #[test]
        fn a_text_is_one_line(text in "(.|[\\p{Cc}\\p{Cf}\u{2028}\u{2029}]){0,40}") {
            let line = line(&text);
            prop_assert_eq!(line.find(is_unsafe), Some(line.len() - 1), "{:?}", line);
        }
    }
}
