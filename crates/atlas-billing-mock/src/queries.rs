//! Cost Explorer's operations: creating a query, and polling it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::core::{Call, EnvelopeStyle, State};
use crate::costs::{Query, to_csv, to_json};
use crate::fault::{After102, Fault};
use crate::invoice::plan::Invoice;
use crate::names::hex;
use crate::operations::{content_type, json_response, sent_json};
use crate::response::{Problem, Response};
use crate::scenario::{NotReady, Progress};

/// A query that was created.
#[derive(Debug)]
pub(crate) struct Created {
    query: Query,
    /// The organization it was created in.
    org: String,
    at: DateTime<Utc>,
    /// The polls that found it not ready.
    polls: u64,
}

/// The POST: 202 and a token.
pub(crate) fn create(call: &Call<'_>, state: &mut State) -> Result<Response, Problem> {
    let query = Query::parse(sent_json(call)?, call.scenario.settings.strict)?;
    let number = state.queries.len() as u64;
    let mut token = hex(call.scenario.settings.seed() ^ 0xC057, number, 64);
    if call.scenario.settings.upper_case_tokens {
        token = token.to_uppercase();
    }
    let body = json!({ "token": token }).to_string();
    let created = Created {
        query,
        org: call.route.org.to_owned(),
        at: call.now,
        polls: 0,
    };
    state.queries.insert(token, created);
    Ok(json_response(call, 202, body))
}

/// One poll of a query.
pub(crate) fn poll(
    call: &Call<'_>,
    state: &mut State,
    invoices: &[Arc<Invoice>],
    csv: bool,
) -> Result<Response, Problem> {
    let (now, scenario) = (call.now, call.scenario);
    let known = state.queries.get_mut(call.route.id);
    let known = known.filter(|created| created.org == call.route.org);
    let created = known.ok_or_else(|| Problem::not_found("query", call.route.id))?;
    let progress = scenario
        .settings
        .ready
        .progress(created.polls, created.at, now);
    if progress != Progress::Done {
        let forms = &scenario.settings.not_ready;
        let form = forms.get(created.polls as usize).or(forms.last());
        created.polls += 1;
        return Ok(not_ready(call, form, csv));
    }
    let rows = created.query.rows(invoices);
    let body = if csv { to_csv(&rows) } else { to_json(&rows) };
    Ok(Response::typed(200, &content_type(call, csv), body))
}

fn not_ready(call: &Call<'_>, form: Option<&NotReady>, csv: bool) -> Response {
    let enveloped = call.enveloped && call.scenario.settings.envelope != EnvelopeStyle::Ignored;
    let fault = match form {
        Some(NotReady::Fault(fault)) => fault,
        // It is wrapped with all other responses.
        _ if enveloped => return json_response(call, 102, "{}"),
        _ => &Fault::Bare102(After102::Close),
    };
    // A fault that changes or truncates the real response works on this one.
    let mut response = fault.strike(|| Response::typed(200, &content_type(call, csv), "{}"));
    response.finished = response.fault.is_none();
    response
}
