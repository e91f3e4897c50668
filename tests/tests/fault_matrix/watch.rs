//! Knows when a server has fallen silent, for a clock on which time passes only then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use atlas_billing::{Observer, RequestEvent};
use atlas_billing_mock::StandIn;

use super::faults::Sort;
use super::rows::Row;

pub(crate) fn is_silent(sort: Sort) -> bool {
    matches!(
        sort,
        Sort::SilentHead | Sort::SilentConnection | Sort::SilentBody(_)
    )
}

/// Knows when a silence has set in: once the struck request is there, or once the head of its
/// response is.
#[derive(Debug)]
pub(crate) struct Watch {
    row: Row,
    pub(crate) sort: Sort,
    pub(crate) once: bool,
    pub(crate) stand_in: Arc<StandIn>,
    heads: AtomicU64,
    /// Whether the call itself has begun: nothing falls silent before.
    begun: AtomicBool,
}

impl Watch {
    pub(crate) fn new(row: Row, sort: Sort, once: bool, stand_in: Arc<StandIn>) -> Arc<Self> {
        Arc::new(Self {
            row,
            sort,
            once,
            stand_in,
            heads: AtomicU64::new(0),
            begun: AtomicBool::new(!row.is_warm()),
        })
    }

    /// How many silences have set in.
    pub(crate) fn silences(&self) -> u64 {
        if !self.begun.load(Ordering::SeqCst) {
            return 0;
        }
        let seen = match self.sort {
            // The body of a 401 is waited for by no one.
            Sort::SilentBody(_) if self.row == Row::Unsigned => 0,
            Sort::SilentBody(_) => self.heads.load(Ordering::SeqCst),
            sort if is_silent(sort) => {
                let requests = self.stand_in.requests();
                requests
                    .iter()
                    .filter(|seen| self.row.is_struck(seen))
                    .count() as u64
            }
            _ => 0,
        };
        let most = if self.once { 1 } else { u64::MAX };
        seen.saturating_sub(self.row.spared()).min(most)
    }

    /// The call itself begins: what was seen so far was to prepare it.
    pub(crate) fn begin(&self) {
        self.stand_in.forget_requests();
        self.heads.store(0, Ordering::SeqCst);
        self.begun.store(true, Ordering::SeqCst);
    }
}

impl Observer for Watch {
    fn observe(&self, event: &RequestEvent<'_>) {
        // What is said of a range is not waited for to its end.
        if let RequestEvent::Response {
            operation, meta, ..
        } = event
            && *operation == self.row.operation_name()
            && meta.status() != 416
        {
            self.heads.fetch_add(1, Ordering::SeqCst);
        }
    }
}
