//! Watches the requests: a line each if wanted, and a word when a version is on its way out.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use atlas_billing::{Event, Observer, ResponseMeta};

use crate::voice::Voice;

/// Tells of requests through a voice.
#[derive(Debug)]
pub(crate) struct Watch {
    voice: Voice,
    /// The operations whose version was said to be deprecated.
    warned: Mutex<BTreeSet<&'static str>>,
}

impl Watch {
    pub(crate) fn new(voice: Voice) -> Self {
        Self {
            voice,
            warned: Mutex::default(),
        }
    }

    fn warn_once(&self, operation: &'static str, meta: &ResponseMeta) {
        let Some(text) = deprecation(operation, meta) else {
            return;
        };
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert(operation) {
            self.voice.must(&text);
        }
    }
}

impl Observer for Watch {
    fn observe(&self, event: &Event<'_>) {
        match event {
            Event::Answered {
                operation,
                method,
                path,
                meta,
                elapsed,
                ..
            } => {
                let version = meta
                    .resolved_version()
                    .map_or("no version".to_owned(), |version| {
                        format!("version {version}")
                    });
                let status = meta.status().as_u16();
                let time = seconds(*elapsed);
                self.voice
                    .detail(&format!("{method} {path} {status}, {version}, {time}"));
                self.warn_once(operation, meta);
            }
            Event::Unanswered {
                method,
                path,
                error,
                elapsed,
                ..
            } => {
                let time = seconds(*elapsed);
                self.voice
                    .detail(&format!("{method} {path} no answer after {time}: {error}"));
            }
            Event::Waiting {
                operation,
                wait,
                error,
                ..
            } => {
                let time = seconds(*wait);
                self.voice
                    .detail(&format!("{operation} again in {time}, after: {error}"));
            }
            _ => {}
        }
    }
}

fn seconds(length: Duration) -> String {
    format!("{:.3} s", length.as_secs_f64())
}

/// What to say of an answer in a deprecated version.
fn deprecation(operation: &str, meta: &ResponseMeta) -> Option<String> {
    let since = meta.deprecation();
    let sunset = meta.sunset();
    if since.is_none() && sunset.is_none() {
        return None;
    }
    let version = meta
        .resolved_version()
        .map_or(String::new(), |version| format!(" {version}"));
    let since = since.map_or(String::new(), |day| format!(" since {}", day.date_naive()));
    let sunset = sunset.map_or(String::new(), |day| {
        format!(" and may be gone from {}", day.date_naive())
    });
    Some(format!(
        "Warning: version{version} of {operation} is deprecated{since}{sunset}: ask for a later \
         one with --api-version, or update this command."
    ))
}
