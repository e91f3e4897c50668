//! The four billing operations: the version that is asked for, Cost Explorer's queries, one
//! invoice, and the list of invoices.

use chrono::{DateTime, NaiveDate, Utc};
use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::json;

use crate::clock::age;
use crate::core::{Call, EnvelopeStyle, State};
use crate::costs::{Query, to_csv, to_json};
use crate::fault::{After102, Fault};
use crate::invoice::document::{csv_body, json_body, metadata};
use crate::invoice::plan::Invoice;
use crate::names::{ORG_ID, hex, is_id};
use crate::pages::{self, is_page_parameter};
use crate::request::{Operation, essence};
use crate::response::{Problem, Response};
use crate::scenario::{NotReady, Ready};
use crate::skus;

/// Responds to a billing operation.
pub(crate) fn operate(call: &Call<'_>, state: &mut State) -> Result<Response, Problem> {
    let csv = wants_csv(call)?;
    if call.route.operation == Operation::Skus {
        return skus::list(call);
    }
    if call.route.org != ORG_ID {
        return Err(Problem::not_found("organization", call.route.org));
    }
    if call.scenario.settings.strict {
        know_parameters(call)?;
    }
    match call.route.operation {
        Operation::CreateQuery => create(call, state),
        Operation::Poll => poll(call, state, csv),
        Operation::Invoice => one(call, csv),
        _ => list(call),
    }
}

/// The one date at which every operation here has a version.
const FIRST: &str = "2023-01-01";

fn content_type(csv: bool) -> String {
    let suffix = if csv { "csv" } else { "json" };
    format!("application/vnd.atlas.{FIRST}+{suffix};charset=utf-8")
}

/// Reads `Accept`: whether CSV is wanted. A later date resolves back to the newest version there
/// is; an earlier one, none or something else is 406, and a version that was removed is 410.
fn wants_csv(call: &Call<'_>) -> Result<bool, Problem> {
    let ranges = call.request.header_list(&ACCEPT);
    let asked = ranges.iter().find_map(|range| parse_version(range));
    let has_csv = matches!(call.route.operation, Operation::Poll | Operation::Invoice);
    match asked {
        Some(_) if call.scenario.settings.versions_gone => {
            let detail = "This version of the resource was removed.";
            Err(Problem::new(410, "VERSION_GONE", detail).parameter(FIRST))
        }
        Some(csv) if has_csv || !csv => Ok(csv),
        _ => {
            let detail = "The Accept header names no version of this resource.";
            let problem = Problem::new(406, "INVALID_VERSION_DATE", detail);
            Err(problem.parameter(ranges.join(",")))
        }
    }
}

/// Whether a media type of a known version is CSV; none if it is not of a known version.
fn parse_version(range: &str) -> Option<bool> {
    let rest = essence(range).strip_prefix("application/vnd.atlas.")?;
    let (version, suffix) = rest.rsplit_once('+')?;
    parse_date(version).filter(|_| version >= FIRST)?;
    match suffix {
        "json" => Some(false),
        "csv" => Some(true),
        _ => None,
    }
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|_| text.len() == 10)
}

/// Refuses query parameters that the operation does not have.
fn know_parameters(call: &Call<'_>) -> Result<(), Problem> {
    let operation = call.route.operation;
    let known = |name: &str| match name {
        "envelope" => true,
        "pretty" => operation == Operation::Invoice || operation == Operation::Invoices,
        _ => operation == Operation::Invoices && is_valid(name, "").is_some(),
    };
    let pairs = call.request.query_pairs();
    refuse_pairs(&pairs, "unknown parameter", |name, _| !known(name))
}

/// Refuses the parameters that are wrong, if any.
pub(crate) fn refuse_pairs(
    pairs: &[(String, String)],
    complaint: &str,
    is_wrong: impl Fn(&str, &str) -> bool,
) -> Result<(), Problem> {
    let wrong = pairs.iter().filter(|(name, value)| is_wrong(name, value));
    let wrong = wrong.map(|(name, value)| (name.as_str(), format!("{complaint}: {value}")));
    let wrong: Vec<_> = wrong.collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Problem::of_fields(&wrong)),
    }
}

/// A query that was created.
#[derive(Debug)]
pub(crate) struct Created {
    query: Query,
    at: DateTime<Utc>,
    /// The polls that found it not ready.
    polls: u64,
}

/// The POST: 202 and a token.
fn create(call: &Call<'_>, state: &mut State) -> Result<Response, Problem> {
    let sent = call.request.header_text(&CONTENT_TYPE).unwrap_or_default();
    if essence(sent) != "application/json" && parse_version(sent) != Some(false) {
        let detail = "The body has to be JSON of a known version.";
        return Err(Problem::new(415, "UNSUPPORTED_MEDIA_TYPE", detail));
    }
    let query = Query::parse(&call.request.body, call.scenario.settings.strict)?;
    let number = state.queries.len() as u64;
    let mut token = hex(call.scenario.settings.seed() ^ 0xC057, number, 64);
    if call.scenario.settings.upper_case_tokens {
        token = token.to_uppercase();
    }
    let body = json!({ "token": token }).to_string();
    let created = Created {
        query,
        at: call.now,
        polls: 0,
    };
    state.queries.insert(token, created);
    Ok(Response::typed(202, &content_type(false), body))
}

/// One poll of a query.
fn poll(call: &Call<'_>, state: &mut State, csv: bool) -> Result<Response, Problem> {
    let (now, scenario) = (call.now, call.scenario);
    let known = state.queries.get_mut(call.route.id);
    let created = known.ok_or_else(|| Problem::not_found("query", call.route.id))?;
    let ready = match scenario.settings.ready {
        Ready::AtOnce => true,
        Ready::AfterPolls(polls) => created.polls >= polls,
        Ready::After(time) => age(now, created.at) >= time,
        Ready::Never => false,
    };
    if !ready {
        let forms = &scenario.settings.not_ready;
        let form = forms.get(created.polls as usize).or(forms.last());
        created.polls += 1;
        return Ok(not_ready(call, form, csv));
    }
    let rows = created.query.rows(&scenario.invoices);
    let body = if csv { to_csv(&rows) } else { to_json(&rows) };
    Ok(Response::typed(200, &content_type(csv), body))
}

fn not_ready(call: &Call<'_>, form: Option<&NotReady>, csv: bool) -> Response {
    let enveloped = call.enveloped && call.scenario.settings.envelope != EnvelopeStyle::Ignored;
    let fault = match form {
        Some(NotReady::Fault(fault)) => fault,
        // It is wrapped with all other responses.
        _ if enveloped => return Response::typed(102, &content_type(false), "{}"),
        _ => &Fault::Bare102(After102::Close),
    };
    // A fault that changes or truncates the real response works on this one.
    let mut response = fault.strike(|| Response::typed(200, &content_type(csv), "{}"));
    response.finished = response.fault.is_none();
    response
}

/// One invoice.
fn one(call: &Call<'_>, csv: bool) -> Result<Response, Problem> {
    let id = call.route.id;
    if !is_id(id) {
        let complaint = "is not a 24-digit identifier".to_owned();
        return Err(Problem::of_fields(&[("invoiceId", complaint)]));
    }
    let invoice = call.scenario.find_invoice(id);
    let invoice = invoice.ok_or_else(|| Problem::not_found("invoice", id))?;
    let mut response = Response::typed(200, &content_type(csv), "");
    response.body = match csv {
        true => csv_body(invoice),
        false => json_body(invoice),
    };
    Ok(response)
}

const STATUSES: [&str; 8] = [
    "PENDING", "CLOSED", "FORGIVEN", "FAILED", "PAID", "FREE", "PREPAID", "INVOICED",
];

/// Whether a parameter of the list has a valid value; none if the list has no such parameter.
fn is_valid(name: &str, value: &str) -> Option<bool> {
    Some(match name {
        "viewLinkedInvoices" => matches!(value, "true" | "false"),
        "statusNames" => STATUSES.contains(&value),
        "fromDate" | "toDate" => parse_date(value).is_some(),
        "sortBy" => matches!(value, "START_DATE" | "END_DATE"),
        "orderBy" => matches!(value, "asc" | "desc"),
        _ => return is_page_parameter(name, value),
    })
}

/// One page of the list of invoices.
fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let pairs = call.request.query_pairs();
    refuse_pairs(&pairs, "invalid", |name, value| {
        is_valid(name, value) == Some(false)
    })?;
    let all = |wanted: &'static str| {
        let values = pairs.iter().filter(move |(name, _)| name == wanted);
        values.map(|(_, value)| value.as_str())
    };
    let first = |name| all(name).next();
    let date = |name| first(name).and_then(parse_date);

    let (from, to) = (date("fromDate"), date("toDate"));
    let matches = |invoice: &&Invoice| {
        let plan = &invoice.plan;
        (first("statusNames").is_none() || all("statusNames").any(|status| status == plan.status))
            && from.is_none_or(|from| plan.first >= from)
            && to.is_none_or(|to| plan.end() <= to)
    };
    let invoices = call.scenario.invoices.iter().map(AsRef::as_ref);
    let mut found: Vec<&Invoice> = invoices.filter(matches).collect();
    // Start and end of months give the same order.
    found.sort_by_key(|invoice| invoice.plan.first);
    if first("orderBy") != Some("asc") {
        found.reverse();
    }
    let linked = first("viewLinkedInvoices") != Some("false");
    let show = |invoice: &&Invoice| metadata(invoice, linked);
    let body = pages::one(call, &pairs, &found, show);
    Ok(Response::typed(200, &content_type(false), body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_resolve_back() {
        for (range, csv) in [
            ("application/vnd.atlas.2023-01-01+json", Some(false)),
            ("application/vnd.atlas.2025-03-12+csv", Some(true)),
            ("application/vnd.atlas.2024-10-23+json;q=0.9", Some(false)),
            ("application/vnd.atlas.2022-12-31+json", None),
            ("application/vnd.atlas.2023-1-1+json", None),
            ("application/vnd.atlas.2023-02-30+json", None),
            ("application/vnd.atlas.preview+json", None),
            ("application/vnd.atlas.2023-01-01+xml", None),
            ("application/json", None),
            ("*/*", None),
        ] {
            assert_eq!(parse_version(range), csv, "{range}");
        }
    }

    #[test]
    fn parameters_of_the_list_are_checked() {
        for (name, good, bad) in [
            ("pageNum", "3", "0"),
            ("itemsPerPage", "500", "501"),
            ("itemsPerPage", "1", "x"),
            ("statusNames", "PAID", "OPEN"),
            ("fromDate", "2025-01-01", "2025-1-1"),
            ("orderBy", "asc", "up"),
            ("includeCount", "false", "yes"),
        ] {
            assert_eq!(is_valid(name, good), Some(true), "{name}={good}");
            assert_eq!(is_valid(name, bad), Some(false), "{name}={bad}");
        }
        assert_eq!(is_valid("page", "1"), None);
    }
}
