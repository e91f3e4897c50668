//! A scenario: the stand-in's data, its rules and what goes wrong.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::clock::{ManualClock, age};
use crate::core::EnvelopeStyle;
use crate::fault::{Fault, On, Rule};
use crate::invoice::catalog::Meter;
use crate::invoice::plan::{Invoice, InvoiceFacts, InvoicePlan, months_before};
use crate::names::{ORG_ID, ORG_NAME, invoice_id};
use crate::request::Operation;
use crate::setters::setters;
use crate::sign_in::SignIn;

/// When a Cost Explorer query has its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Ready {
    /// At the first poll.
    #[default]
    AtOnce,
    /// After so many polls that found it not ready.
    AfterPolls(u64),
    /// That long after it was created, by the scenario's clock.
    After(Duration),
    /// Not in this life.
    Never,
}

/// The form in which a poll learns that the query is not ready.
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

/// How a body is sent over HTTP/1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Transfer {
    /// `Content-Length` where the length is known beforehand, chunked otherwise.
    #[default]
    Natural,
    /// Always chunked.
    Chunked,
    /// Always with a `Content-Length`; a long body is held in memory for it.
    Length,
    /// Neither: the end of the connection ends the body.
    UntilClose,
}

/// A rate limit: a bucket of tokens, one taken by each request, refilled steadily. A refused
/// request gets 429.
///
/// ```
/// use atlas_billing_mock::{Operation, RateLimit};
///
/// // Ten at once, then five a minute, for polls alone, refused without a Retry-After.
/// let limit = RateLimit::new(10, 5.0).of([Operation::Poll]).without_retry_after();
/// // The quota of the token endpoint.
/// let quota = RateLimit::new(10, 10.0).of([Operation::Token]);
/// # let _ = (limit, quota);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct RateLimit {
    pub(crate) capacity: u32,
    per_minute: f64,
    operations: Vec<Operation>,
    pub(crate) retry_after: bool,
}

impl RateLimit {
    /// A full bucket of `capacity` tokens that regains `per_minute` of them a minute, shared by
    /// the four billing operations. A refusal has a `Retry-After`, and every response of these
    /// operations `RateLimit-Limit` and `RateLimit-Remaining`.
    pub fn new(capacity: u32, per_minute: f64) -> Self {
        use Operation::{CreateQuery, Invoice, Invoices, Poll};
        Self {
            capacity,
            per_minute: per_minute.max(0.0),
            operations: vec![CreateQuery, Poll, Invoice, Invoices],
            retry_after: true,
        }
    }

    setters! {
        /// The limit for these operations only (they share the bucket).
        of(operations: impl IntoIterator<Item = Operation>) => operations = operations.into_iter().collect();

        /// Refuses without saying when to come back.
        without_retry_after() => retry_after = false;
    }

    pub(crate) fn is_for(&self, operation: Operation) -> bool {
        self.operations.contains(&operation)
    }
}

/// The state of one limit.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) limit: RateLimit,
    tokens: f64,
    filled: Option<DateTime<Utc>>,
}

impl Bucket {
    pub(crate) fn new(limit: &RateLimit) -> Self {
        Self {
            limit: limit.clone(),
            tokens: f64::from(limit.capacity),
            filled: None,
        }
    }

    /// Takes one token at `now`: how many whole ones are left, or the time until the next one, if
    /// there will be one.
    pub(crate) fn take(&mut self, now: DateTime<Utc>) -> Result<u32, Option<Duration>> {
        let since = age(now, self.filled.replace(now).unwrap_or(now)).as_secs_f64();
        let filled = self.tokens + since * self.limit.per_minute / 60.0;
        self.tokens = filled.min(f64::from(self.limit.capacity));
        // A refill by thirds and the like sums up to just under one.
        if self.tokens + 1e-9 >= 1.0 {
            self.tokens = (self.tokens - 1.0).max(0.0);
            return Ok(self.tokens as u32);
        }
        let missing = (1.0 - self.tokens) * 60.0 / self.limit.per_minute;
        Err(Duration::try_from_secs_f64(missing).ok())
    }
}

/// What a builder can set and a core goes by, data aside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// None for the machine's clock.
    clock: Option<ManualClock>,
    pub(crate) ready: Ready,
    pub(crate) not_ready: Vec<NotReady>,
    pub(crate) limits: Vec<RateLimit>,
    pub(crate) sign_in: SignIn,
    pub(crate) envelope: EnvelopeStyle,
    /// Operations that are deprecated, since when and until when.
    pub(crate) deprecated: Vec<(Operation, NaiveDate, NaiveDate)>,
    pub(crate) versions_gone: bool,
    pub(crate) rules: Vec<Rule>,
    pub(crate) strict: bool,
    pub(crate) gzip: bool,
    pub(crate) transfer: Transfer,
    pub(crate) chunk_size: Option<usize>,
    pub(crate) history: Option<usize>,
    seed: Option<u64>,
    pub(crate) upper_case_tokens: bool,
}

impl Settings {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let clock = self.clock.as_ref();
        clock.map_or_else(|| SystemTime::now().into(), ManualClock::now)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or(1)
    }
}

/// Everything a stand-in goes by. [`Scenario::default`] is the built-in data with no rules: one
/// organization with three projects, six clusters and fourteen months of invoices, open to
/// anyone, each query ready at once.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(crate) settings: Settings,
    pub(crate) invoices: Vec<Arc<Invoice>>,
}

impl Scenario {
    /// Starts from the built-in data without rules.
    pub fn builder() -> ScenarioBuilder {
        ScenarioBuilder::default()
    }

    /// What is true of an invoice, to compare a client's figures with.
    pub fn facts(&self, invoice_id: &str) -> Option<InvoiceFacts> {
        Some(self.find_invoice(invoice_id)?.facts().clone())
    }

    /// The facts of every invoice, the newest first, without linked ones.
    pub fn invoices(&self) -> Vec<InvoiceFacts> {
        let invoices = self.invoices.iter();
        invoices.map(|invoice| invoice.facts().clone()).collect()
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
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ScenarioBuilder {
    settings: Settings,
    today: Option<NaiveDate>,
    without_invoices: bool,
    linked: bool,
    two_pending: bool,
    new_service: bool,
    plans: Vec<InvoicePlan>,
}

impl ScenarioBuilder {
    setters! {
        /// Takes the time from this clock; the machine's otherwise.
        clock(clock: ManualClock) => settings.clock = Some(clock);

        /// The day on which the built-in data ends; the clock's day otherwise.
        today(today: NaiveDate) => today = Some(today);

        /// Other numbers in the built-in data, other tokens and nonces.
        seed(seed: u64) => settings.seed = Some(seed);

        /// Without the built-in invoices: only those of [`invoice`](Self::invoice).
        without_invoices() => without_invoices = true;

        /// The built-in invoices have those of a second organization linked to them.
        with_linked_invoices() => linked = true;

        /// The invoice of the previous month is still `PENDING`, as it is for days after the
        /// month's end.
        with_previous_month_pending() => two_pending = true;

        /// Part of the costs belong to [`NEW_SERVICE`](crate::NEW_SERVICE), which no specification
        /// names yet.
        with_new_service() => new_service = true;

        /// When queries have their result.
        ready(ready: Ready) => settings.ready = ready;

        /// Tokens of queries come in upper case.
        upper_case_tokens() => settings.upper_case_tokens = true;

        /// Who may sign in; anyone otherwise.
        sign_in(sign_in: SignIn) => settings.sign_in = sign_in;

        /// How envelopes are given.
        envelope(style: EnvelopeStyle) => settings.envelope = style;

        /// Every version was removed: 410.
        versions_gone() => settings.versions_gone = true;

        /// Refuses with 400 what a forgiving service might let pass: unknown query parameters and
        /// fields, and a query grouped by a dimension that has no filter value.
        strict() => settings.strict = true;

        /// Compresses responses with gzip for clients that accept it.
        gzip() => settings.gzip = true;

        /// How bodies are sent over HTTP/1.1.
        transfer(transfer: Transfer) => settings.transfer = transfer;

        /// Sends bodies in pieces of exactly so many bytes, the last one excepted, each written by
        /// itself; at least 1.
        chunk_size(bytes: usize) => settings.chunk_size = Some(bytes.max(1));

        /// Keeps the record of so many requests, the newest; 10,000 otherwise.
        history(requests: usize) => settings.history = Some(requests);
    }

    /// One more invoice, in the place of one of the same id if there is one.
    pub fn invoice(mut self, plan: InvoicePlan) -> Self {
        self.plans.push(plan);
        self
    }

    /// The forms in which polls learn "not ready", one after another for each query; the last
    /// one goes on.
    pub fn not_ready<F: Into<NotReady>>(mut self, forms: impl IntoIterator<Item = F>) -> Self {
        self.settings.not_ready = forms.into_iter().map(Into::into).collect();
        self
    }

    /// One more rate limit.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.settings.limits.push(limit);
        self
    }

    /// This operation's version is deprecated since one day and goes away on another: responses
    /// say so in their headers.
    pub fn deprecated(mut self, operation: Operation, since: NaiveDate, sunset: NaiveDate) -> Self {
        self.settings.deprecated.push((operation, since, sunset));
        self
    }

    /// Something goes wrong with these requests. Of several faults that fit, the first given
    /// wins.
    pub fn fault(mut self, on: On, fault: Fault) -> Self {
        self.settings.rules.push(Rule::new(on, fault));
        self
    }

    /// These go wrong with an operation's first, second, ... request.
    pub fn faults(mut self, operation: Operation, faults: impl IntoIterator<Item = Fault>) -> Self {
        for (n, fault) in (1..).zip(faults) {
            self = self.fault(On::operation(operation).nth(n), fault);
        }
        self
    }

    /// The scenario.
    pub fn build(self) -> Scenario {
        let mut plans = match self.without_invoices {
            true => Vec::new(),
            false => self.built_in(),
        };
        for plan in self.plans {
            plans.retain(|other| other.id != plan.id);
            plans.push(plan);
        }
        plans.sort_by_key(|plan| std::cmp::Reverse(plan.first));
        let meters = Meter::all(self.new_service).into();
        let invoice = |plan| Invoice::new(plan, (ORG_ID, ORG_NAME), &meters);
        Scenario {
            invoices: plans.into_iter().map(invoice).collect(),
            settings: self.settings,
        }
    }

    /// Fourteen months that tell a story: usage grows, one month had a surge of traffic, one
    /// payment was partly refunded, one month was forgiven.
    fn built_in(&self) -> Vec<InvoicePlan> {
        let now = || self.settings.now().date_naive();
        let today = self.today.unwrap_or_else(now);
        let meters = Meter::all(self.new_service).len() as u64;
        let plan = |age: u32| {
            let first = months_before(today, age);
            let status = match age {
                0 => "PENDING",
                1 if self.two_pending => "PENDING",
                1 => "CLOSED",
                9 => "FORGIVEN",
                _ => "PAID",
            };
            let mut plan = InvoicePlan::new(invoice_id(age))
                .month(first.year(), first.month())
                .seed(self.settings.seed().wrapping_add(age.into()))
                .status(status)
                .credits(if age.is_multiple_of(3) { 2 } else { 1 });
            (plan.scale_permille, plan.surge) = (1_000 - u64::from(age) * 30, age == 1);
            plan.refunded = age == 5;
            if age == 0 {
                plan.days = today.day();
            }
            plan.items = meters * u64::from(plan.days) + plan.credits;
            if self.linked {
                let mut linked = plan.clone();
                linked.id = invoice_id(age + 0x100);
                plan.linked.push(linked);
            }
            plan
        };
        (0..14).map(plan).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{INVOICE_ID, LINKED_ORG_ID, PENDING_INVOICE_ID};

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
        assert!(invoices.windows(2).all(|pair| pair[0].start == pair[1].end));
        assert!(invoices.iter().all(|invoice| invoice.credits_cents > 0));
        let pending = on("2025-03-09").with_previous_month_pending().build();
        let pending = pending.invoices();
        assert_eq!(pending.iter().filter(|i| i.status == "PENDING").count(), 2);
    }

    #[test]
    fn an_invoice_replaces_its_namesake_and_linked_ones_are_of_another_organization() {
        let plan = InvoicePlan::new(INVOICE_ID).month(2025, 2).items(7);
        let scenario = on("2025-03-09").invoice(plan).build();
        assert_eq!(scenario.invoices.len(), 14);
        assert_eq!(scenario.facts(INVOICE_ID).unwrap().line_items, 7);
        assert!(
            on("2025-03-09")
                .without_invoices()
                .build()
                .invoices
                .is_empty()
        );
        let scenario = on("2025-03-09").with_linked_invoices().build();
        let linked = &scenario.invoices[1].linked[0];
        assert_eq!(linked.org_id, LINKED_ORG_ID);
        assert!(scenario.find_invoice(&linked.plan.id).is_some());
    }

    #[test]
    fn a_bucket_empties_and_refills() {
        let mut bucket = Bucket::new(&RateLimit::new(2, 6.0));
        let mut now: DateTime<Utc> = "2025-03-01T00:00:00Z".parse().unwrap();
        assert_eq!((bucket.take(now), bucket.take(now)), (Ok(1), Ok(0)));
        assert_eq!(bucket.take(now), Err(Some(Duration::from_secs(10))));
        now += Duration::from_secs(5);
        assert_eq!(bucket.take(now), Err(Some(Duration::from_secs(5))));
        assert_eq!(
            bucket.take(now - Duration::from_secs(60)),
            Err(Some(Duration::from_secs(5)))
        );
        now += Duration::from_secs(3600);
        assert_eq!(bucket.take(now), Ok(1));
        assert_eq!(Bucket::new(&RateLimit::new(0, 0.0)).take(now), Err(None));
    }
}
