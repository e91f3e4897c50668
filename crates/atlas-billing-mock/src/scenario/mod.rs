//! What a stand-in is to be: its data, its rules and what goes wrong.

mod builder;
mod built_in;

use std::sync::Arc;
use std::time::Duration;

use crate::bucket::RateLimit;
use crate::clock::Clock;
use crate::envelope::EnvelopeStyle;
use crate::fault::{Fault, Rule};
use crate::invoice::{Invoice, InvoiceFacts};
use crate::sign_in::SignIn;
use crate::version::Versions;

pub use builder::ScenarioBuilder;

/// When a Cost Explorer query has its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ready {
    /// At the first look.
    AtOnce,
    /// After so many looks that found it not ready.
    AfterLooks(u64),
    /// That long after it was created, by the scenario's clock.
    After(Duration),
    /// Not in this life.
    Never,
}

/// The form in which a look learns that the query is not ready.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NotReady {
    /// 102: in the envelope where one was asked for (and the style has one), bare and then a
    /// closed connection otherwise.
    Documented,
    /// By something going wrong.
    Fault(Fault),
}

impl From<Fault> for NotReady {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// How the raw front sends a body over HTTP/1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Transfer {
    /// `Content-Length` where the length is known beforehand, chunked otherwise.
    #[default]
    Natural,
    /// Always chunked.
    Chunked,
    /// Always with a `Content-Length`; a long body is made twice for it.
    Length,
    /// Neither: the end of the connection ends the body.
    UntilClose,
}

/// Everything a stand-in goes by. [`Scenario::default`] is the built-in data with no rules: one
/// organization with three projects, six clusters and fourteen months of invoices, open to
/// anyone, each query ready at once.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) org_id: String,
    pub(crate) invoices: Vec<Arc<Invoice>>,
    pub(crate) ready: Ready,
    pub(crate) not_ready: Vec<NotReady>,
    pub(crate) query_life: Option<Duration>,
    pub(crate) limits: Vec<RateLimit>,
    pub(crate) sign_in: SignIn,
    pub(crate) envelope: EnvelopeStyle,
    pub(crate) versions: Versions,
    pub(crate) rules: Vec<Rule>,
    pub(crate) strict: bool,
    pub(crate) gzip: bool,
    pub(crate) transfer: Transfer,
    pub(crate) chunk_size: Option<usize>,
    pub(crate) history: usize,
    pub(crate) seed: u64,
    pub(crate) upper_case_tokens: bool,
}

impl Scenario {
    /// Starts from the built-in data without rules.
    pub fn builder() -> ScenarioBuilder {
        ScenarioBuilder::new()
    }

    /// What is true of an invoice, to compare a client's figures with.
    pub fn facts(&self, invoice_id: &str) -> Option<InvoiceFacts> {
        let invoice = self.find_invoice(invoice_id)?;
        Some(invoice.facts().clone())
    }

    /// The facts of every invoice, the newest first, without linked ones.
    pub fn invoices(&self) -> Vec<InvoiceFacts> {
        self.invoices
            .iter()
            .map(|invoice| invoice.facts().clone())
            .collect()
    }

    pub(crate) fn find_invoice(&self, id: &str) -> Option<&Arc<Invoice>> {
        let own = self.invoices.iter();
        own.flat_map(|invoice| std::iter::once(invoice).chain(&invoice.linked))
            .find(|invoice| invoice.plan.id == id)
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self::builder().build()
    }
}
