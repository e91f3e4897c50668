//! Counts panics, wherever they happen: a task that panics in the background fails no test by
//! itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once};

static COUNT: AtomicUsize = AtomicUsize::new(0);
static WHERE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Counts panics from now on; the usual message is still written.
pub fn count_from_here() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            COUNT.fetch_add(1, Ordering::SeqCst);
            if let Ok(mut places) = WHERE.lock() {
                places.push(info.to_string());
            }
            usual(info);
        }));
    });
}

/// What panicked so far.
pub fn seen() -> Vec<String> {
    WHERE
        .lock()
        .map(|places| places.clone())
        .unwrap_or_default()
}
