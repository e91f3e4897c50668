//! The invoices of an organization: one, a list of them, the pending ones, and those of a month.

use std::sync::Arc;

use chrono::Datelike;
use serde_json::{Value, json};

use crate::core::Call;
use crate::invoice::document::{csv_body, json_body, list_body, metadata};
use crate::invoice::plan::Invoice;
use crate::operations::{content_type, json_response, parse_date};
use crate::pages::{links, page};
use crate::response::{Problem, Response};
use crate::scenario::VisibleOrg;

/// One invoice.
pub(crate) fn one(call: &Call<'_>, visible: &VisibleOrg, csv: bool) -> Result<Response, Problem> {
    let invoice = visible.find(call.route.id)?;
    let mut response = Response::typed(200, &content_type(call, csv), "");
    response.body = match csv {
        true => csv_body(invoice),
        false => json_body(invoice),
    };
    Ok(response)
}

/// One page of the list of invoices.
pub(crate) fn list(call: &Call<'_>, visible: &VisibleOrg) -> Response {
    let pairs = call.request.query_pairs();
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
    let invoices = visible.invoices.iter().map(AsRef::as_ref);
    let mut found: Vec<&Invoice> = invoices.filter(matches).collect();
    // Start and end of months give the same order.
    found.sort_by_key(|invoice| invoice.plan.first);
    if first("orderBy") != Some("asc") {
        found.reverse();
    }
    let linked = first("viewLinkedInvoices") != Some("false");
    page(call, &found, |invoice| metadata(invoice, linked))
}

/// The pending invoices, whole, in one page.
pub(crate) fn pending(call: &Call<'_>, visible: &VisibleOrg) -> Response {
    let invoices = visible.invoices.iter();
    let found: Vec<_> = invoices
        .filter(|invoice| invoice.plan.status == "PENDING")
        .cloned()
        .collect();
    let mut response = json_response(call, 200, "");
    response.body = list_body(&links(call, None), found);
    response
}

/// The invoices of one month, the running one unless another was asked for.
pub(crate) fn associated(call: &Call<'_>, visible: &VisibleOrg) -> Response {
    let pairs = call.request.query_pairs();
    let first = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted);
    let number =
        |name, usual: u32| first(name).map_or(usual, |(_, text)| text.parse().unwrap_or(usual));
    let month = number("month", call.now.month());
    let year = number("year", call.now.year().unsigned_abs());
    let linked = first("includeLinkedOrgs").is_some_and(|(_, value)| value == "true");

    let is_wanted = |invoice: &&Arc<Invoice>| {
        let first = invoice.plan.first;
        (first.year().unsigned_abs(), first.month()) == (year, month)
    };
    let invoices = visible.invoices.iter().filter(is_wanted);
    let invoices = invoices.flat_map(|invoice| {
        invoice
            .with_linked()
            .take(if linked { usize::MAX } else { 1 })
    });
    let pairs: Value = invoices
        .map(|invoice| json!({"invoiceId": invoice.plan.id, "orgId": invoice.org.id}))
        .collect();
    let object = json!({
        "associatedInvoices": pairs,
        "month": format!("{month:02}"),
        "year": year.to_string(),
    });
    json_response(call, 200, object.to_string())
}
