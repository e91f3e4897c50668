//! The core: what is responded to a request, as a function of the scenario, what happened before,
//! and the time. No input or output.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use http::StatusCode;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, RETRY_AFTER};

use crate::fault::{Fault, Rule};
use crate::limit::{Bucket, RateLimit};
use crate::operations::operate;
use crate::queries::Created;
use crate::reports::Archive;
use crate::request::{RecordedRequest, Request, essence};
use crate::response::{Body, Problem, Response, wrong_method};
use crate::route::{Operation, Route};
use crate::scenario::Scenario;
use crate::sign_in::Authenticator;
use crate::storage;

/// How the stand-in responds to `envelope=true`. What the service does beyond the documented case is not
/// known, so that a client should stay correct under each of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum EnvelopeStyle {
    /// `{"status":200,"content":{...}}`, errors and "not ready" too, under a 200 status line. A
    /// list keeps its body and gains `status`.
    #[default]
    Content,
    /// The same with the key `envelope`, as an old table of the documentation spells it.
    Envelope,
    /// Values as in `Content`; errors come bare, under their own status line.
    BareErrors,
    /// As in `Content`, but the status line keeps the real status.
    KeepStatus,
    /// The parameter is ignored.
    Ignored,
}

/// The stand-in without a network: it responds to a request that it is given.
///
/// For tests that inject their own transport, with time that passes when told to.
///
/// ```
/// use atlas_billing_mock::{Core, INVOICE_ID, ORG_ID, Scenario};
///
/// let core = Core::new(Scenario::default());
/// let request = http::Request::get(format!("/api/atlas/v2/orgs/{ORG_ID}/invoices/{INVOICE_ID}"))
///     .header("accept", "application/vnd.atlas.2023-01-01+json")
///     .body("")?;
/// let response: http::Response<bytes::Bytes> = core.respond(&request.into()).into();
/// assert_eq!(response.status(), 200);
/// assert_eq!(core.requests().len(), 1);
/// # Ok::<(), http::Error>(())
/// ```
///
/// A transport should fail where [`Response::fault`] is set; [`exchange`](Self::exchange) makes
/// that an error.
#[derive(Debug)]
pub struct Core {
    scenario: Arc<Scenario>,
    storage: String,
    state: Mutex<State>,
}

impl Core {
    /// A core at its beginning.
    pub fn new(scenario: Scenario) -> Self {
        // A name that no host can have (RFC 6761, section 6.4).
        Self::with_storage(scenario, "https://storage.invalid".to_owned())
    }

    /// A core whose storage host has this URL.
    pub(crate) fn with_storage(scenario: Scenario, storage: String) -> Self {
        let state = Mutex::new(State::new(&scenario));
        Self {
            scenario: Arc::new(scenario),
            storage,
            state,
        }
    }

    /// The response to `request`, now by the scenario's clock.
    pub fn respond(&self, request: &Request) -> Response {
        self.respond_at(request, self.scenario.settings.now())
    }

    /// The response to `request` at `now`.
    pub fn respond_at(&self, request: &Request, now: DateTime<Utc>) -> Response {
        let mut state = self.state();
        let mut pairs = request.query_pairs().into_iter();
        let call = Call {
            scenario: &self.scenario,
            storage: &self.storage,
            request,
            route: Route::of(request, &self.storage),
            enveloped: pairs.any(|(name, value)| name == "envelope" && value == "true"),
            now,
        };
        let response = state.respond(&call);
        let recorded = RecordedRequest {
            order: state.order,
            at: now,
            operation: call.route.operation,
            request: request.clone(),
            status: response.status,
        };
        state.order += 1;
        state.records.push_back(recorded);
        if state.records.len() > self.scenario.settings.history.unwrap_or(10_000) {
            state.records.pop_front();
        }
        response
    }

    /// The whole response to `request` in memory, as a transport without a socket needs it.
    ///
    /// # Errors
    /// The fault of the wire that struck the response: the transport is to fail.
    pub fn exchange(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, Fault> {
        let mut response = self.respond(&request.into());
        match response.fault.take() {
            Some(fault) => Err(fault),
            None => Ok(response.into()),
        }
    }

    /// The requests so far, oldest first, as far as the scenario's history goes.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state().records.iter().cloned().collect()
    }

    /// Forgets the requests seen so far; the rest of the state stays.
    pub fn forget_requests(&self) {
        self.state().records.clear();
    }

    /// Where reports are downloaded from, without a slash at the end: requests to a URL below it
    /// are for [`Operation::Download`].
    pub fn storage_url(&self) -> &str {
        &self.storage
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a core remembers between requests.
#[derive(Debug)]
pub(crate) struct State {
    authenticator: Authenticator,
    /// The queries by their tokens.
    pub(crate) queries: HashMap<String, Created>,
    pub(crate) reports: Archive,
    rules: Vec<Rule>,
    buckets: Vec<Bucket>,
    records: VecDeque<RecordedRequest>,
    order: u64,
}

/// One request and what it is judged by.
pub(crate) struct Call<'a> {
    pub(crate) scenario: &'a Scenario,
    /// The URL of the storage host.
    pub(crate) storage: &'a str,
    pub(crate) request: &'a Request,
    pub(crate) route: Route<'a>,
    pub(crate) enveloped: bool,
    pub(crate) now: DateTime<Utc>,
}

impl State {
    fn new(scenario: &Scenario) -> Self {
        Self {
            authenticator: Authenticator::new(&scenario.settings.sign_in, scenario.settings.seed()),
            queries: HashMap::new(),
            reports: Archive::default(),
            rules: scenario.settings.rules.clone(),
            buckets: scenario.settings.limits.iter().map(Bucket::new).collect(),
            records: VecDeque::new(),
            order: 0,
        }
    }

    fn respond(&mut self, call: &Call<'_>) -> Response {
        // Every rule counts the request; the first one that strikes wins.
        let rules = self.rules.iter_mut();
        let mut faults = rules.filter_map(|rule| rule.strike(call.route.operation, call.request));
        let fault = faults.next().cloned();
        faults.for_each(drop);
        match fault {
            // It needs the nonces; every other fault knows itself what to do.
            Some(fault) if fault.parts().contains(&Fault::StaleNonce) => {
                fault.strike(|| self.authenticator.challenge(true))
            }
            Some(fault) => fault.strike(|| self.real(call)),
            None => self.real(call),
        }
    }

    /// The response as the service would give it.
    fn real(&mut self, call: &Call<'_>) -> Response {
        let operation = call.route.operation;
        if operation == Operation::Other {
            let allowed = Route::allowed(call.request);
            return match allowed.is_empty() {
                true => Problem::not_found("resource", call.request.path()).into_response(),
                false => wrong_method(&allowed),
            };
        } else if operation == Operation::Download {
            return storage::download(call, self);
        } else if operation.is_billing()
            && let Some(refused) = self.authenticator.check(call.request, call.now)
        {
            return refused;
        }
        let mut left = None;
        let buckets = self.buckets.iter_mut();
        for bucket in buckets.filter(|bucket| bucket.limit.is_for(operation)) {
            match bucket.take(call.now) {
                Ok(tokens) => left = left.or(Some((bucket.limit.capacity, tokens))),
                Err(after) => return finish(call, limited(&bucket.limit, after), None),
            }
        }
        match operation {
            Operation::Token => self.authenticator.issue(call.request, call.now),
            Operation::Revoke => self.authenticator.revoke(call.request),
            _ => {
                let response = operate(call, self).unwrap_or_else(Problem::into_response);
                finish(call, response, left)
            }
        }
    }
}

/// Adds what every response of a billing operation has: the envelope, headers, gzip. `left` is the
/// size of a bucket and what is left in it.
fn finish(call: &Call<'_>, mut response: Response, left: Option<(u32, u32)>) -> Response {
    let scenario = call.scenario;
    if response.finished {
        return response;
    }
    if call.enveloped && response.fault.is_none() {
        response = wrap(response, call.route.operation, scenario.settings.envelope);
    }
    if let Some((capacity, left)) = left {
        tell_limit(&mut response, capacity, left);
    }
    for (operation, since, sunset) in &scenario.settings.deprecated {
        if *operation == call.route.operation {
            response.add("deprecation", &http_date(*since));
            response.add("sunset", &http_date(*sunset));
        }
    }
    let mut codings = call.request.header_list(&ACCEPT_ENCODING).into_iter();
    let accepts = codings.any(|coding| essence(coding) == "gzip");
    let packs = response.fault.is_none() && response.body.known_length() != Some(0);
    if scenario.settings.gzip && accepts && packs {
        response.change_body(Body::gzip);
        response.set(CONTENT_ENCODING, "gzip");
    }
    response
}

/// A date as the service writes it there: the day has no leading zero, unlike everywhere else in
/// HTTP.
fn http_date(day: NaiveDate) -> String {
    day.format("%a, %-d %b %Y 00:00:00 GMT").to_string()
}

fn tell_limit(response: &mut Response, capacity: u32, left: u32) {
    response.add("ratelimit-limit", &capacity.to_string());
    response.add("ratelimit-remaining", &left.to_string());
}

/// The 429 of an empty bucket.
fn limited(limit: &RateLimit, after: Option<std::time::Duration>) -> Response {
    let detail = "Too many requests; wait before the next one.";
    let problem = Problem::new(429, "RATE_LIMITED_TOKEN_BUCKET", detail);
    let mut response = problem.parameter(limit.capacity).into_response();
    tell_limit(&mut response, limit.capacity, 0);
    if let Some(after) = after.filter(|_| limit.retry_after) {
        let seconds = after.as_secs_f64().ceil().max(1.0);
        response.set(RETRY_AFTER, &seconds.to_string());
    }
    response
}

/// Wraps a response into an envelope. CSV has no place for a status and stays as it is.
fn wrap(mut response: Response, operation: Operation, style: EnvelopeStyle) -> Response {
    let real = response.status;
    let is_error = real.is_client_error() || real.is_server_error();
    if style == EnvelopeStyle::Ignored
        || style == EnvelopeStyle::BareErrors && is_error
        || !response.is_json()
    {
        return response;
    }
    let code = real.as_u16();
    let is_list = operation.is_list() && real.is_success();
    let (before, after) = match style {
        _ if is_list => (format!("{{\"status\":{code},"), ""),
        EnvelopeStyle::Envelope => (format!("{{\"status\":{code},\"envelope\":"), "}"),
        _ => (format!("{{\"status\":{code},\"content\":"), "}"),
    };
    // The brace that a list begins with has its place before the status.
    let brace = u64::from(is_list);
    response.change_body(|body| match body.skip(brace) {
        Body::Whole(bytes) => {
            let all = [before.as_bytes(), &bytes, after.as_bytes()].concat();
            Body::Whole(all.into())
        }
        Body::Pieces(pieces) => {
            let before = std::iter::once(Bytes::from(before));
            let after = std::iter::once(Bytes::from_static(after.as_bytes()));
            Body::Pieces(Box::new(before.chain(pieces).chain(after)))
        }
    });
    // No status line can end with a 1xx.
    if style != EnvelopeStyle::KeepStatus || real.is_informational() {
        response.status = StatusCode::OK;
    }
    response
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wrapped(response: Response, operation: Operation, style: EnvelopeStyle) -> (u16, Value) {
        let response = wrap(response, operation, style);
        let status = response.status.as_u16();
        (
            status,
            serde_json::from_slice(&response.body.into_bytes()).unwrap_or_default(),
        )
    }

    #[test]
    fn envelopes_of_values_errors_and_lists() {
        use EnvelopeStyle as Style;
        let value = || Response::typed(202, "application/json", r#"{"a":1}"#);
        let error = || Problem::of_status(404).into_response();
        let soon = || Response::typed(102, "application/json", "{}");
        let (poll, list) = (Operation::Poll, Operation::Invoices);
        for (response, operation, style, status, body) in [
            (
                value(),
                poll,
                Style::Content,
                200,
                json!({"status": 202, "content": {"a": 1}}),
            ),
            (
                value(),
                poll,
                Style::Envelope,
                200,
                json!({"status": 202, "envelope": {"a": 1}}),
            ),
            (
                value(),
                poll,
                Style::KeepStatus,
                202,
                json!({"status": 202, "content": {"a": 1}}),
            ),
            (value(), poll, Style::Ignored, 202, json!({"a": 1})),
            (
                value(),
                list,
                Style::Content,
                200,
                json!({"status": 202, "a": 1}),
            ),
            (
                soon(),
                poll,
                Style::KeepStatus,
                200,
                json!({"status": 102, "content": {}}),
            ),
        ] {
            assert_eq!(
                wrapped(response, operation, style),
                (status, body),
                "{style:?}"
            );
        }
        let (status, body) = wrapped(error(), list, Style::Content);
        assert_eq!((status, &body["status"]), (200, &json!(404)));
        assert_eq!(body["content"]["errorCode"], "RESOURCE_NOT_FOUND");
        assert_eq!(wrapped(error(), poll, Style::BareErrors).0, 404);
        let csv = Response::typed(200, "application/vnd.atlas.2023-01-01+csv", "a,b\n");
        let csv = wrap(csv, Operation::Invoice, Style::Content);
        assert_eq!(csv.body.into_bytes(), "a,b\n");
    }
}
