//! A scenario, word by word.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;

use super::built_in::built_in;
use super::{NotReady, Ready, Scenario, Transfer};
use crate::bucket::RateLimit;
use crate::clock::{Clock, SystemClock};
use crate::envelope::EnvelopeStyle;
use crate::fault::{Fault, On, Rule};
use crate::invoice::{Invoice, InvoicePlan, meters};
use crate::names::{LINKED_ORG_ID, LINKED_ORG_NAME, ORG_ID, ORG_NAME};
use crate::operation::Operation;
use crate::sign_in::SignIn;
use crate::version::{Ending, Versions};

/// Builds a [`Scenario`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ScenarioBuilder {
    scenario: Scenario,
    today: Option<NaiveDate>,
    org: (String, String),
    built_in: bool,
    linked: bool,
    plans: Vec<InvoicePlan>,
}

impl ScenarioBuilder {
    pub(super) fn new() -> Self {
        let scenario = Scenario {
            clock: Arc::new(SystemClock),
            org_id: String::new(),
            invoices: Vec::new(),
            ready: Ready::AtOnce,
            not_ready: Vec::new(),
            query_life: None,
            limits: Vec::new(),
            sign_in: SignIn::default(),
            envelope: EnvelopeStyle::default(),
            versions: Versions::default(),
            rules: Vec::new(),
            strict: false,
            gzip: false,
            transfer: Transfer::default(),
            chunk_size: None,
            history: 10_000,
            seed: 1,
            upper_case_tokens: false,
        };
        Self {
            scenario,
            today: None,
            org: (ORG_ID.to_owned(), ORG_NAME.to_owned()),
            built_in: true,
            linked: false,
            plans: Vec::new(),
        }
    }

    /// Takes the time from this clock; the machine's otherwise.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.scenario.clock = Arc::new(clock);
        self
    }

    /// The day on which the built-in data ends; the clock's day otherwise.
    pub fn today(mut self, today: NaiveDate) -> Self {
        self.today = Some(today);
        self
    }

    /// Another organization than [`ORG_ID`](crate::ORG_ID).
    pub fn org(mut self, id: impl Into<String>, name: impl Into<String>) -> Self {
        self.org = (id.into(), name.into());
        self
    }

    /// Other numbers in the built-in data, other tokens and nonces.
    pub fn seed(mut self, seed: u64) -> Self {
        self.scenario.seed = seed;
        self
    }

    /// Without the built-in invoices: only those of [`invoice`](Self::invoice).
    pub fn without_invoices(mut self) -> Self {
        self.built_in = false;
        self
    }

    /// The built-in invoices have those of a second organization linked to them.
    pub fn with_linked_invoices(mut self) -> Self {
        self.linked = true;
        self
    }

    /// One more invoice, in the place of one of the same id if there is one.
    pub fn invoice(mut self, plan: InvoicePlan) -> Self {
        self.plans.push(plan);
        self
    }

    /// When queries have their result.
    pub fn ready(mut self, ready: Ready) -> Self {
        self.scenario.ready = ready;
        self
    }

    /// The forms in which looks learn "not ready", one after another for each query; the last
    /// one goes on.
    pub fn not_ready<F: Into<NotReady>>(mut self, forms: impl IntoIterator<Item = F>) -> Self {
        self.scenario.not_ready = forms.into_iter().map(Into::into).collect();
        self
    }

    /// Tokens of queries are unknown that long after they were given out; never otherwise.
    pub fn query_life(mut self, life: Duration) -> Self {
        self.scenario.query_life = Some(life);
        self
    }

    /// Tokens of queries come in upper case.
    pub fn upper_case_tokens(mut self) -> Self {
        self.scenario.upper_case_tokens = true;
        self
    }

    /// One more rate limit.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.scenario.limits.push(limit);
        self
    }

    /// Who may sign in; anyone otherwise.
    pub fn sign_in(mut self, sign_in: SignIn) -> Self {
        self.scenario.sign_in = sign_in;
        self
    }

    /// How envelopes are given.
    pub fn envelope(mut self, style: EnvelopeStyle) -> Self {
        self.scenario.envelope = style;
        self
    }

    /// This operation's version is deprecated since one day and goes away on another: answers say
    /// so in their headers.
    pub fn deprecated(mut self, operation: Operation, since: NaiveDate, sunset: NaiveDate) -> Self {
        let ending = Ending {
            deprecated: since,
            sunset,
        };
        self.scenario.versions.endings.push((operation, ending));
        self
    }

    /// Every version was taken away: 410.
    pub fn versions_gone(mut self) -> Self {
        self.scenario.versions.gone = true;
        self
    }

    /// The preview version is there, too; 406 otherwise.
    pub fn with_preview(mut self) -> Self {
        self.scenario.versions.preview = true;
        self
    }

    /// Something goes wrong with these requests. Of several faults that fit, the first given
    /// wins.
    pub fn fault(mut self, on: On, fault: Fault) -> Self {
        self.scenario.rules.push(Rule::new(on, fault));
        self
    }

    /// These go wrong with an operation's first, second, ... request.
    pub fn faults(mut self, operation: Operation, faults: impl IntoIterator<Item = Fault>) -> Self {
        for (n, fault) in (1..).zip(faults) {
            self = self.fault(On::operation(operation).nth(n), fault);
        }
        self
    }

    /// Refuses with 400 what a forgiving service might let pass: unknown query parameters and
    /// fields, and a query grouped by a dimension that has no filter value.
    pub fn strict(mut self) -> Self {
        self.scenario.strict = true;
        self
    }

    /// Packs answers with gzip for clients that accept it.
    pub fn gzip(mut self) -> Self {
        self.scenario.gzip = true;
        self
    }

    /// How the raw front sends bodies over HTTP/1.1.
    pub fn transfer(mut self, transfer: Transfer) -> Self {
        self.scenario.transfer = transfer;
        self
    }

    /// The raw front sends bodies in pieces of exactly so many bytes, the last one excepted, each
    /// written by itself; at least 1.
    pub fn chunk_size(mut self, bytes: usize) -> Self {
        self.scenario.chunk_size = Some(bytes.max(1));
        self
    }

    /// Keeps the record of so many requests, the newest; 10,000 otherwise.
    pub fn history(mut self, requests: usize) -> Self {
        self.scenario.history = requests;
        self
    }

    /// The scenario.
    pub fn build(self) -> Scenario {
        let mut scenario = self.scenario;
        let today = self
            .today
            .unwrap_or_else(|| scenario.clock.now().date_naive());
        let mut plans = Vec::new();
        if self.built_in {
            plans = built_in(today, scenario.seed, self.linked);
        }
        for plan in self.plans {
            plans.retain(|other| other.id != plan.id);
            plans.push(plan);
        }
        plans.sort_by_key(|plan| std::cmp::Reverse(plan.first));
        let meters = meters().into();
        let org = (&*self.org.0, &*self.org.1);
        let linked_org = (LINKED_ORG_ID, LINKED_ORG_NAME);
        scenario.invoices = plans
            .into_iter()
            .map(|plan| Invoice::new(plan, org, linked_org, &meters))
            .collect();
        scenario.org_id = self.org.0;
        scenario
    }
}
