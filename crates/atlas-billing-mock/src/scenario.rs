//! A scenario: the stand-in's data, its rules and what goes wrong.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::clock::{ManualClock, age};
use crate::core::EnvelopeStyle;
use crate::fault::{Fault, On, Rule};
use crate::invoice::catalog::{Meter, ORGANIZATIONS, Organization};
use crate::invoice::plan::{Invoice, InvoiceFacts, InvoicePlan, months_before};
use crate::limit::RateLimit;
use crate::names::{ORG_ID, invoice_id, is_id};
use crate::pages::PageLinks;
use crate::reports::ReportSettings;
use crate::response::Problem;
use crate::route::Operation;
use crate::setters::setters;
use crate::sign_in::SignIn;
use crate::storage::{XML, xml_error};

/// When a Cost Explorer query has its result, or a report its file.
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

/// How far something has come that is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Waiting,
    Running,
    Done,
}

impl Ready {
    /// The progress after so many polls that found it not ready. It waits until the first of them,
    /// or for half the time.
    pub(crate) fn progress(
        self,
        polls: u64,
        created: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Progress {
        let age = age(now, created);
        let (done, running) = match self {
            Self::AtOnce => (true, true),
            Self::AfterPolls(most) => (polls >= most, polls > 0),
            Self::After(time) => (age >= time, age >= time / 2),
            Self::Never => (false, polls > 0),
        };
        match (done, running) {
            (true, _) => Progress::Done,
            (_, true) => Progress::Running,
            _ => Progress::Waiting,
        }
    }
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
    pub(crate) links: PageLinks,
    pub(crate) search_needs_post: bool,
    pub(crate) reports: ReportSettings,
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

/// An organization that the credentials see.
#[derive(Debug, Clone)]
pub(crate) struct VisibleOrg {
    pub(crate) org: &'static Organization,
    /// The newest first.
    pub(crate) invoices: Vec<Arc<Invoice>>,
}

impl VisibleOrg {
    /// An invoice by its id, linked ones included.
    pub(crate) fn find(&self, id: &str) -> Result<&Arc<Invoice>, Problem> {
        if !is_id(id) {
            let complaint = "is not a 24-digit identifier".to_owned();
            return Err(Problem::of_fields(&[("invoiceId", complaint)]));
        }
        let mut all = self.all();
        let found = all.find(|invoice| invoice.plan.id == id);
        found.ok_or_else(|| Problem::not_found("invoice", id))
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Invoice>> {
        self.invoices.iter().flat_map(Invoice::with_linked)
    }
}

/// Everything a stand-in goes by. [`Scenario::default`] is the built-in data with no rules: one
/// organization with three projects, six clusters and fourteen months of invoices, open to
/// anyone, each query ready at once.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(crate) settings: Settings,
    /// The default one first; never empty.
    pub(crate) organizations: Vec<VisibleOrg>,
}

impl Scenario {
    /// Starts from the built-in data without rules.
    pub fn builder() -> ScenarioBuilder {
        ScenarioBuilder::default()
    }

    /// What is true of an invoice, to compare a client's figures with.
    pub fn facts(&self, invoice_id: &str) -> Option<InvoiceFacts> {
        let mut all = self.organizations.iter().flat_map(VisibleOrg::all);
        let found = all.find(|invoice| invoice.plan.id == invoice_id)?;
        Some(found.facts().clone())
    }

    /// The facts of every invoice of the default organization, the newest first, without linked
    /// ones.
    pub fn invoices(&self) -> Vec<InvoiceFacts> {
        self.invoices_of(ORG_ID)
    }

    /// The facts of every invoice of an organization, the newest first, without linked ones. None
    /// for one that the credentials do not see.
    pub fn invoices_of(&self, org_id: &str) -> Vec<InvoiceFacts> {
        let visible = self.find_organization(org_id).into_iter();
        let invoices = visible.flat_map(|visible| &visible.invoices);
        invoices.map(|invoice| invoice.facts().clone()).collect()
    }

    /// An organization by its id; the default one for none, which is what the operations without
    /// an organization work on.
    pub(crate) fn find_organization(&self, id: &str) -> Option<&VisibleOrg> {
        let mut all = self.organizations.iter();
        all.find(|visible| id.is_empty() || visible.org.id == id)
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
    organizations: usize,
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

        /// The credentials see so many organizations, up to three: the default one,
        /// [`LINKED_ORG_ID`](crate::LINKED_ORG_ID) and [`CREDITS_ORG_ID`](crate::CREDITS_ORG_ID).
        /// One otherwise.
        organizations(count: usize) => organizations = count;

        /// The built-in invoices have those of a second organization,
        /// [`LINKED_ORG_ID`](crate::LINKED_ORG_ID), linked to them, whether or not the credentials
        /// see it.
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

        /// How reports are made, and their files downloaded.
        reports(reports: ReportSettings) => settings.reports = reports;

        /// Whether the pages of lists link to each other.
        links(links: PageLinks) => settings.links = links;

        /// The search for line items is a POST, and a GET 405. It is a GET otherwise, and a POST
        /// 405.
        search_needs_post() => settings.search_needs_post = true;

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

    /// The storage host refuses the first `count` downloads, as if their URLs had expired.
    pub fn refuse_downloads(self, count: u64) -> Self {
        let fault = Fault::Reply {
            status: 403,
            headers: vec![("content-type".to_owned(), XML.to_owned())],
            body: xml_error("AccessDenied", "Request has expired").into(),
        };
        self.fault(On::operation(Operation::Download).first(count), fault)
    }

    /// The scenario.
    pub fn build(self) -> Scenario {
        let meters = Meter::by_organization(self.new_service);
        let mut organizations: Vec<VisibleOrg> = Vec::new();
        let count = self.organizations.max(1);
        for (number, org) in ORGANIZATIONS.iter().enumerate().take(count) {
            let mut plans = match self.without_invoices {
                true => Vec::new(),
                false => self.built_in(number, meters[number].len() as u64),
            };
            if number == 0 {
                for plan in &self.plans {
                    plans.retain(|other| other.id != plan.id);
                    plans.push(plan.clone());
                }
            }
            let made = plans.into_iter();
            let made = made.map(|plan| Invoice::new(plan, number, &meters));
            let mut invoices: Vec<_> = made.collect();
            // What is linked to the first organization's invoices is the second one's.
            if let (1, [first]) = (number, &organizations[..]) {
                for linked in first.invoices.iter().flat_map(|invoice| &invoice.linked) {
                    invoices.retain(|other| other.plan.id != linked.plan.id);
                    invoices.push(Arc::clone(linked));
                }
            }
            invoices.sort_by_key(|invoice| std::cmp::Reverse(invoice.plan.first));
            organizations.push(VisibleOrg { org, invoices });
        }
        Scenario {
            organizations,
            settings: self.settings,
        }
    }

    /// Fourteen months that tell a story: usage grows, one month had a surge of traffic, one
    /// payment was partly refunded, one month was forgiven.
    fn built_in(&self, org: usize, meters: u64) -> Vec<InvoicePlan> {
        let now = || self.settings.now().date_naive();
        let today = self.today.unwrap_or_else(now);
        let plan = |age: u32| {
            let first = months_before(today, age);
            let status = match age {
                0 => "PENDING",
                1 if self.two_pending => "PENDING",
                1 => "CLOSED",
                9 => "FORGIVEN",
                _ => "PAID",
            };
            let mut plan = InvoicePlan::new(invoice_id(org, age))
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
            if self.linked && org == 0 {
                // It has as many meters.
                let mut linked = plan.clone();
                linked.id = invoice_id(1, age);
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
        assert_eq!(scenario.invoices().len(), 14);
        assert_eq!(scenario.facts(INVOICE_ID).unwrap().line_items, 7);
        assert!(
            on("2025-03-09")
                .without_invoices()
                .build()
                .invoices()
                .is_empty()
        );
        let scenario = on("2025-03-09").with_linked_invoices().build();
        let linked = &scenario.organizations[0].invoices[1].linked[0];
        assert_eq!(linked.org.id, LINKED_ORG_ID);
        assert!(scenario.facts(&linked.plan.id).is_some());
    }
}
