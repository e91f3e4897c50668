//! The core: what is answered to a request, as a function of the scenario, what happened before,
//! and the time. No input or output.

mod invoices;
mod query;
mod state;

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, RETRY_AFTER, VARY};
use http::{HeaderName, StatusCode};

use crate::answer::{Answer, Body};
use crate::bucket::{RateLimit, Verdict};
use crate::fault::{Fault, compress, replace, spoil};
use crate::operation::{Operation, Route};
use crate::problem::Problem;
use crate::request::{RecordedRequest, Request};
use crate::scenario::Scenario;
use crate::{envelope, version};
use state::State;

/// The stand-in without a network: give it a request, it gives the answer.
///
/// For tests that inject their own transport, with time that passes when told to.
///
/// ```
/// use atlas_billing_mock::{Core, INVOICE_ID, ORG_ID, Request, Scenario};
///
/// let core = Core::new(Scenario::default());
/// let target = format!("/api/atlas/v2/orgs/{ORG_ID}/invoices/{INVOICE_ID}");
/// let request = Request::get(target)
///     .header(http::header::ACCEPT, "application/vnd.atlas.2023-01-01+json");
/// let answer = core.respond(&request);
/// assert_eq!(answer.status, 200);
/// assert_eq!(core.requests().len(), 1);
/// ```
#[derive(Debug)]
pub struct Core {
    scenario: Arc<Scenario>,
    state: Mutex<State>,
}

impl Core {
    /// A core at its beginning.
    pub fn new(scenario: Scenario) -> Self {
        let state = Mutex::new(State::new(&scenario));
        Self {
            scenario: Arc::new(scenario),
            state,
        }
    }

    /// The answer to `request`, now by the scenario's clock.
    pub fn respond(&self, request: &Request) -> Answer {
        self.respond_at(request, self.scenario.clock.now())
    }

    /// The answer to `request` at `now`.
    pub fn respond_at(&self, request: &Request, now: DateTime<Utc>) -> Answer {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = respond(&self.scenario, &mut state, request, now);
        let operation = request.route().operation();
        state.record(
            request,
            operation,
            now,
            answer.status,
            self.scenario.history,
        );
        answer
    }

    /// What was asked so far, oldest first, as far as the scenario's history goes.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .records()
    }

    /// Forgets the requests seen so far; the rest of the state stays.
    pub fn forget_requests(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .forget();
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }
}

/// What the parts of one answer are decided by.
struct Call<'a> {
    scenario: &'a Scenario,
    request: &'a Request,
    operation: Operation,
    enveloped: bool,
    now: DateTime<Utc>,
}

fn respond(
    scenario: &Scenario,
    state: &mut State,
    request: &Request,
    now: DateTime<Utc>,
) -> Answer {
    let route = request.route();
    let operation = route.operation();
    let fault = state.fault(operation, request);
    if let Some(answer) = fault.as_ref().and_then(|fault| instead(fault, state, now)) {
        return answer;
    }
    let pairs = request.query_pairs();
    let enveloped = pairs
        .iter()
        .any(|(name, value)| name == "envelope" && value == "true");
    let call = Call {
        scenario,
        request,
        operation,
        enveloped,
        now,
    };
    let mut answer = honest(&call, state, route);
    if let Some(fault) = &fault {
        spoil(fault, &mut answer);
    }
    answer
}

/// The answer that a fault puts in the place of the honest one.
fn instead(fault: &Fault, state: &mut State, now: DateTime<Utc>) -> Option<Answer> {
    match fault {
        Fault::StaleNonce => Some(state.door.challenge(true, now)),
        fault => replace(fault),
    }
}

/// The answer as the service would give it.
fn honest(call: &Call<'_>, state: &mut State, route: Route) -> Answer {
    match route {
        Route::Token => return state.door.token(call.request, call.now),
        Route::Revoke => return state.door.revoke(call.request, call.now),
        Route::Unknown => {
            let detail = "There is nothing under this path.";
            return Problem::new(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND", detail)
                .parameter(call.request.path())
                .into_answer();
        }
        Route::WrongMethod { allow } => {
            let mut answer = Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).into_answer();
            answer.set(ALLOW, allow);
            return answer;
        }
        _ => {}
    }
    if let Err(refused) = state.door.check(call.request, call.now) {
        return *refused;
    }
    let limits = match state.take_tokens(call.operation, call.now) {
        Ok(limits) => limits,
        Err(refused) => return finish(call, *refused, &[]),
    };
    let answer = operate(call, state, route).unwrap_or_else(Problem::into_answer);
    finish(call, answer, &limits)
}

fn operate(call: &Call<'_>, state: &mut State, route: Route) -> Result<Answer, Problem> {
    let resolved = version::resolve(call.request, call.operation, &call.scenario.versions)?;
    match route {
        Route::CreateQuery { org } => query::create(call, state, &org, resolved),
        Route::Look { org, token } => query::look(call, state, &org, &token, resolved),
        Route::Invoice { org, invoice } => invoices::one(call, &org, &invoice, resolved),
        Route::Invoices { org } => invoices::list(call, &org, resolved),
        _ => Err(Problem::of_status(StatusCode::NOT_FOUND)),
    }
}

/// Adds what every answer of a billing operation has: the envelope, headers, gzip.
fn finish(call: &Call<'_>, mut answer: Answer, limits: &[(RateLimit, u32)]) -> Answer {
    if answer.as_is {
        return answer;
    }
    if call.enveloped && answer.fault.is_none() {
        answer = envelope::wrap(answer, call.operation, call.scenario.envelope);
    }
    if let Some((limit, left)) = limits.iter().find(|(limit, _)| limit.headers) {
        tell_limit(&mut answer, limit, *left);
    }
    let endings = call.scenario.versions.endings.iter();
    for (_, ending) in endings.filter(|(operation, _)| *operation == call.operation) {
        version::tell_ending(&mut answer, *ending);
    }
    if call.scenario.gzip && accepts_gzip(call.request) {
        answer = pack(answer);
    }
    answer
}

fn tell_limit(answer: &mut Answer, limit: &RateLimit, left: u32) {
    let capacity = limit.capacity.to_string();
    answer.set(HeaderName::from_static("ratelimit-limit"), &capacity);
    answer.set(
        HeaderName::from_static("ratelimit-remaining"),
        &left.to_string(),
    );
}

/// The 429 of an empty bucket.
fn limited(limit: &RateLimit, verdict: Verdict) -> Answer {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let detail = "Too many requests; wait before the next one.";
    let problem = Problem::new(status, "RATE_LIMITED_TOKEN_BUCKET", detail);
    let mut answer = problem.parameter(limit.capacity).into_answer();
    if limit.headers {
        tell_limit(&mut answer, limit, 0);
    }
    if let Verdict::Refused { after: Some(after) } = verdict
        && limit.retry_after
    {
        let seconds = after.as_secs_f64().ceil().max(1.0);
        answer.set(RETRY_AFTER, &format!("{seconds}"));
    }
    answer
}

fn accepts_gzip(request: &Request) -> bool {
    let values = request.headers.get_all(ACCEPT_ENCODING).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| coding.split(';').next().map(str::trim) == Some("gzip"))
}

fn pack(mut answer: Answer) -> Answer {
    if answer.fault.is_some() || answer.body.known_length() == Some(0) {
        return answer;
    }
    let body = std::mem::replace(&mut answer.body, Body::empty());
    answer.body = Body::Pieces(compress(body.into_pieces()));
    answer.set(CONTENT_ENCODING, "gzip");
    answer.set(VARY, "Accept-Encoding");
    answer
}

/// The 404 of an organization that is not the scenario's.
fn know_org(call: &Call<'_>, org: &str) -> Result<(), Problem> {
    if org == call.scenario.org_id {
        return Ok(());
    }
    Err(not_found("organization", org))
}

fn not_found(what: &str, id: &str) -> Problem {
    let detail = format!("There is no {what} {id}.");
    Problem::new(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND", detail).parameter(id)
}

/// In a strict scenario, refuses query parameters that the operation does not have.
fn know_parameters(call: &Call<'_>, known: &[&str]) -> Result<(), Problem> {
    if !call.scenario.strict {
        return Ok(());
    }
    let unknown: Vec<(String, String)> = call
        .request
        .query_pairs()
        .into_iter()
        .filter(|(name, _)| !known.contains(&name.as_str()))
        .map(|(name, _)| (name, "is no parameter of this operation".to_owned()))
        .collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(Problem::of_fields(unknown))
    }
}
