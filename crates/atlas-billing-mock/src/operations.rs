//! What all operations of the billing API have in common: the version that is asked for, the
//! organization, and the parameters.

use bytes::Bytes;
use chrono::NaiveDate;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde::de::DeserializeOwned;

use crate::core::{Call, State};
use crate::request::essence;
use crate::response::{Problem, Response};
use crate::route::Operation;
use crate::{directory, invoices, queries, reports, search};

/// Responds to a billing operation.
pub(crate) fn operate(call: &Call<'_>, state: &mut State) -> Result<Response, Problem> {
    use Operation::*;
    let csv = wants_csv(call)?;
    let found = call.scenario.find_organization(call.route.org);
    let Some(visible) = found else {
        return Err(Problem::not_found("organization", call.route.org));
    };
    check_parameters(call)?;
    match call.route.operation {
        Organizations => Ok(directory::organizations(call)),
        Clusters => Ok(directory::clusters(call)),
        Skus => Ok(directory::skus(call)),
        Sku => directory::sku(call),
        Projects => Ok(directory::projects(call, visible.org)),
        CreateQuery => queries::create(call, state),
        Poll => queries::poll(call, state, &visible.invoices, csv),
        Invoice | InvoiceCsv => invoices::one(call, visible, csv),
        PendingInvoices => Ok(invoices::pending(call, visible)),
        AssociatedInvoices => Ok(invoices::associated(call, visible)),
        Search => search::find(call, visible),
        CreateReport => reports::create(call, state, visible),
        Report => reports::poll(call, state),
        Reports => reports::list(call, state, visible),
        _ => Ok(invoices::list(call, visible)),
    }
}

/// A JSON response of the operation.
pub(crate) fn json_response(call: &Call<'_>, status: u16, body: impl Into<Bytes>) -> Response {
    Response::typed(status, &content_type(call, false), body)
}

/// The type of what the operation responds with.
pub(crate) fn content_type(call: &Call<'_>, csv: bool) -> String {
    let suffix = if csv { "csv" } else { "json" };
    let since = call.route.operation.version().since;
    format!("application/vnd.atlas.{since}+{suffix};charset=utf-8")
}

/// Reads `Accept`: whether CSV is wanted. A later date resolves back to the newest version there
/// is; an earlier one, none or something else is 406, and a version that was removed is 410.
fn wants_csv(call: &Call<'_>) -> Result<bool, Problem> {
    let known = call.route.operation.version();
    let ranges = call.request.header_list(&ACCEPT);
    let mut asked = ranges.iter().map(|range| parse_version(range, known.since));
    match asked.find_map(|asked| asked) {
        Some(_) if call.scenario.settings.versions_gone => {
            let detail = "This version of the resource was removed.";
            Err(Problem::new(410, "VERSION_GONE", detail).parameter(known.since))
        }
        Some(true) if known.csv => Ok(true),
        Some(false) if known.json => Ok(false),
        _ => {
            let detail = "The Accept header names no version of this resource.";
            let problem = Problem::new(406, "INVALID_VERSION_DATE", detail);
            Err(problem.parameter(ranges.join(",")))
        }
    }
}

/// Whether a media type of a known version is CSV; none if it is not of a known version.
fn parse_version(range: &str, since: &str) -> Option<bool> {
    let rest = essence(range).strip_prefix("application/vnd.atlas.")?;
    let (version, suffix) = rest.rsplit_once('+')?;
    parse_date(version).filter(|_| version >= since)?;
    match suffix {
        "json" => Some(false),
        "csv" => Some(true),
        _ => None,
    }
}

/// A day as parameters have it.
pub(crate) fn parse_date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|_| text.len() == 10)
}

/// The request's body, which has to be JSON by its type.
pub(crate) fn sent_json<'a>(call: &Call<'a>) -> Result<&'a [u8], Problem> {
    let sent = call.request.header_text(&CONTENT_TYPE).unwrap_or_default();
    let since = call.route.operation.version().since;
    if essence(sent) != "application/json" && parse_version(sent, since) != Some(false) {
        let detail = "The body has to be JSON of a known version.";
        return Err(Problem::new(415, "UNSUPPORTED_MEDIA_TYPE", detail));
    }
    Ok(&call.request.body)
}

/// Reads JSON; the strict refuse the fields that it should not have, which `unknown` names.
pub(crate) fn parse_json<T: DeserializeOwned>(
    body: &[u8],
    strict: bool,
    unknown: impl Fn(&T) -> Vec<String>,
) -> Result<T, Problem> {
    let sent = serde_json::from_slice(body);
    let sent: T = sent.map_err(|error| Problem::of_fields(&[("body", error.to_string())]))?;
    let fields = if strict { unknown(&sent) } else { Vec::new() };
    let fields = fields
        .iter()
        .map(|name| (name.as_str(), "is unknown".to_owned()));
    let fields: Vec<_> = fields.collect();
    match fields.is_empty() {
        true => Ok(sent),
        false => Err(Problem::of_fields(&fields)),
    }
}

/// Refuses wrong values of the query's parameters; the strict refuse unknown parameters, too.
fn check_parameters(call: &Call<'_>) -> Result<(), Problem> {
    let known = call.route.operation.version();
    let pairs = call.request.query_pairs();
    if call.scenario.settings.strict {
        refuse_pairs(&pairs, "unknown parameter", |name, _| !known.has(name))?;
    }
    refuse_pairs(&pairs, "invalid", |name, value| {
        known.has(name) && !is_valid(name, value)
    })
}

/// Refuses the parameters that are wrong, if any.
fn refuse_pairs(
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

const STATUSES: [&str; 8] = [
    "PENDING", "CLOSED", "FORGIVEN", "FAILED", "PAID", "FREE", "PREPAID", "INVOICED",
];

/// Whether a parameter has a valid value.
fn is_valid(name: &str, value: &str) -> bool {
    let number = value.parse::<u32>().unwrap_or_default();
    match name {
        "includeCount" | "viewLinkedInvoices" | "includeLinkedOrgs" => {
            matches!(value, "true" | "false")
        }
        "itemsPerPage" => (1..=500).contains(&number),
        "pageNum" => number > 0,
        "month" => (1..=12).contains(&number),
        "year" => (2000..=9999).contains(&number),
        "statusNames" => STATUSES.contains(&value),
        "fromDate" | "toDate" => parse_date(value).is_some(),
        "sortBy" => matches!(value, "START_DATE" | "END_DATE"),
        "orderBy" => matches!(value, "asc" | "desc"),
        _ => true,
    }
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
            assert_eq!(parse_version(range, "2023-01-01"), csv, "{range}");
        }
        let before = "application/vnd.atlas.2024-08-04+json";
        assert_eq!(parse_version(before, "2024-08-05"), None);
    }

    #[test]
    fn values_of_parameters_are_checked() {
        for (name, good, bad) in [
            ("pageNum", "3", "0"),
            ("itemsPerPage", "500", "501"),
            ("itemsPerPage", "1", "x"),
            ("statusNames", "PAID", "OPEN"),
            ("fromDate", "2025-01-01", "2025-1-1"),
            ("orderBy", "asc", "up"),
            ("includeCount", "false", "yes"),
            ("month", "06", "13"),
            ("year", "2026", "1999"),
        ] {
            assert!(is_valid(name, good), "{name}={good}");
            assert!(!is_valid(name, bad), "{name}={bad}");
        }
    }
}
