//! What a stand-in is to be: its data, its rules and what goes wrong.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::bucket::RateLimit;
use crate::clock::{Clock, SystemClock};
use crate::envelope::EnvelopeStyle;
use crate::fault::{Fault, On, Rule};
use crate::invoice::{Invoice, InvoiceFacts, InvoicePlan, meters, months_before};
use crate::names::{LINKED_ORG_ID, LINKED_ORG_NAME, ORG_ID, ORG_NAME, invoice_id};
use crate::operation::Operation;
use crate::sign_in::SignIn;
use crate::version::{Ending, Versions};

/// How many months of invoices the built-in data has, the current one included.
const MONTHS: u32 = 14;

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
/// organisation with three projects, six clusters and fourteen months of invoices, open to
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
    fn new() -> Self {
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

    /// Another organisation than [`ORG_ID`](crate::ORG_ID).
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

    /// The built-in invoices have those of a second organisation linked to them.
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
        let today = self.today.unwrap_or_else(|| day_of(scenario.clock.now()));
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

fn day_of(time: DateTime<Utc>) -> NaiveDate {
    time.date_naive()
}

/// Fourteen months that tell a story: usage grows, one month had a surge of traffic, one payment
/// was partly given back, one month was forgiven.
fn built_in(today: NaiveDate, seed: u64, linked: bool) -> Vec<InvoicePlan> {
    let plan = |age: u32| {
        let first = months_before(today, age);
        let status = match age {
            0 => "PENDING",
            1 => "CLOSED",
            9 => "FORGIVEN",
            _ => "PAID",
        };
        let meters = meters().len() as u64;
        let mut plan = InvoicePlan::new(invoice_id(age))
            .month(first.year(), first.month())
            .seed(seed.wrapping_add(age.into()))
            .status(status)
            .credits(if age.is_multiple_of(3) { 2 } else { 1 })
            .scaled(1_000 - u64::from(age) * 30, age == 1);
        if age == 0 {
            plan = plan.through_day(today.day());
        }
        let usage = meters * u64::from(plan.days);
        let items = usage + plan.credits;
        plan = plan.items(items);
        if age == 5 {
            plan = plan.refunded();
        }
        if linked {
            let id = invoice_id(age + 0x100);
            plan = plan.clone().linked(InvoicePlan {
                id,
                linked: Vec::new(),
                ..plan
            });
        }
        plan
    };
    (0..MONTHS).map(plan).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{INVOICE_ID, PENDING_INVOICE_ID};

    fn on(day: &str) -> ScenarioBuilder {
        Scenario::builder().today(day.parse().unwrap())
    }

    #[test]
    fn the_built_in_data_ends_with_the_current_month() {
        let invoices = on("2025-03-09").build().invoices();
        assert_eq!(invoices.len(), 14);
        assert_eq!(invoices[0].id, PENDING_INVOICE_ID);
        assert_eq!(invoices[0].start.to_string(), "2025-03-01");
        assert_eq!(invoices[1].id, INVOICE_ID);
        assert_eq!(invoices[13].start.to_string(), "2024-02-01");
        for pair in invoices.windows(2) {
            assert_eq!(pair[0].start, pair[1].end);
        }
        let part = invoices[0].subtotal_cents as f64 / invoices[1].subtotal_cents as f64;
        assert!((0.2..0.4).contains(&part), "9 of 31 days: {part}");
        assert!(invoices.iter().all(|invoice| invoice.credits_cents > 0));
    }

    #[test]
    fn an_invoice_of_ones_own_takes_the_place_of_its_namesake() {
        let plan = InvoicePlan::new(INVOICE_ID).month(2025, 2).items(7);
        let scenario = on("2025-03-09").invoice(plan).build();
        assert_eq!(scenario.invoices.len(), 14);
        assert_eq!(scenario.facts(INVOICE_ID).unwrap().line_items, 7);
        let scenario = on("2025-03-09").without_invoices().build();
        assert!(scenario.invoices.is_empty());
    }

    #[test]
    fn linked_invoices_have_ids_and_an_organisation_of_their_own() {
        let scenario = on("2025-03-09").with_linked_invoices().build();
        let linked = &scenario.invoices[1].linked[0];
        assert_eq!(linked.org_id, LINKED_ORG_ID);
        assert!(scenario.find_invoice(&linked.plan.id).is_some());
        assert_ne!(linked.plan.id, INVOICE_ID);
    }
}
