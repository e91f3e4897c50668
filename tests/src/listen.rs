//! Listens to everything that is logged, at the lowest level and by every crate of the program: by
//! `tracing` and by `log`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

use crate::planted;

/// What was heard since listening began.
#[derive(Debug, Default)]
pub struct Heard {
    leaks: Mutex<Vec<String>>,
    lines: Mutex<BTreeMap<String, u64>>,
    kept: Mutex<Vec<String>>,
    /// What each span is, by its id less 1.
    spans: Mutex<Vec<&'static Metadata<'static>>>,
}

impl Heard {
    /// Every line that shows a planted secret.
    pub fn leaks(&self) -> Vec<String> {
        self.leaks.lock().unwrap().clone()
    }

    /// How many lines each crate wrote.
    pub fn lines(&self) -> BTreeMap<String, u64> {
        self.lines.lock().unwrap().clone()
    }

    /// The lines of the wrapper itself.
    pub fn own(&self) -> Vec<String> {
        self.kept.lock().unwrap().clone()
    }

    fn metadata(&self, span: &Id) -> &'static Metadata<'static> {
        self.spans.lock().unwrap()[span.into_u64() as usize - 1]
    }

    fn take(&self, target: &str, line: String) {
        let source = target.split("::").next().unwrap_or(target);
        *self
            .lines
            .lock()
            .unwrap()
            .entry(source.to_owned())
            .or_default() += 1;
        if planted::in_text(&line).is_some() {
            self.leaks.lock().unwrap().push(format!("{target}: {line}"));
        }
        if source.starts_with("atlas_billing") {
            self.kept.lock().unwrap().push(line);
        }
    }
}

thread_local! {
    /// The spans that this thread is in, the innermost last.
    static ENTERED: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

/// Starts to listen, for the rest of the process.
///
/// # Panics
/// If something else listens already.
pub fn to_everything() -> Arc<Heard> {
    static HEARD: OnceLock<Arc<Heard>> = OnceLock::new();
    let heard = HEARD.get_or_init(|| {
        let heard = Arc::new(Heard::default());
        tracing::subscriber::set_global_default(Listener(heard.clone())).unwrap();
        log::set_boxed_logger(Box::new(Listener(heard.clone()))).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        heard
    });
    heard.clone()
}

struct Listener(Arc<Heard>);

impl Subscriber for Listener {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line(format!("span {}", span.metadata().name()));
        span.record(&mut line);
        let target = span.metadata().target();
        self.0.take(target, line.0);
        let mut spans = self.0.spans.lock().unwrap();
        spans.push(span.metadata());
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut line = Line("record".to_owned());
        values.record(&mut line);
        self.0.take(self.0.metadata(span).target(), line.0);
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().name().to_owned());
        event.record(&mut line);
        self.0.take(event.metadata().target(), line.0);
    }

    fn enter(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(span.clone()));
    }

    fn exit(&self, _span: &Id) {
        ENTERED.with_borrow_mut(Vec::pop);
    }

    fn current_span(&self) -> Current {
        let entered = ENTERED.with_borrow(|entered| entered.last().cloned());
        entered.map_or_else(Current::none, |id| {
            let metadata = self.0.metadata(&id);
            Current::new(id, metadata)
        })
    }
}

impl log::Log for Listener {
    fn enabled(&self, _metadata: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.take(record.target(), record.args().to_string());
    }

    fn flush(&self) {}
}

/// A line of fields and their values.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}
