//! One invoice, and the list of them.

use chrono::NaiveDate;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HOST};
use serde_json::{Value, json};

use super::{Call, know_org, know_parameters, not_found};
use crate::answer::Answer;
use crate::invoice::{Invoice, Layout, body, metadata};
use crate::names::is_id;
use crate::problem::Problem;
use crate::version::{Format, Resolved};

/// Answers with one invoice.
pub(super) fn one(
    call: &Call<'_>,
    org: &str,
    id: &str,
    resolved: Resolved,
) -> Result<Answer, Problem> {
    know_org(call, org)?;
    know_parameters(call, &["envelope", "pretty"])?;
    if !is_id(id) {
        let wrong = (
            "invoiceId".to_owned(),
            "is no 24-digit identifier".to_owned(),
        );
        return Err(Problem::of_fields(vec![wrong]));
    }
    let invoice = call
        .scenario
        .find_invoice(id)
        .ok_or_else(|| not_found("invoice", id))?;
    let layout = match resolved.format {
        Format::Json => Layout::Json,
        Format::Csv => Layout::Csv,
    };
    let mut answer = Answer::new(StatusCode::OK, body(invoice, layout));
    answer.set(CONTENT_TYPE, &resolved.content_type());
    Ok(answer)
}

/// The parameters of the list.
const PARAMETERS: [&str; 11] = [
    "envelope",
    "includeCount",
    "itemsPerPage",
    "pageNum",
    "pretty",
    "viewLinkedInvoices",
    "statusNames",
    "fromDate",
    "toDate",
    "sortBy",
    "orderBy",
];

const STATUSES: [&str; 8] = [
    "PENDING", "CLOSED", "FORGIVEN", "FAILED", "PAID", "FREE", "PREPAID", "INVOICED",
];

/// Answers with one page of the list.
pub(super) fn list(call: &Call<'_>, org: &str, resolved: Resolved) -> Result<Answer, Problem> {
    know_org(call, org)?;
    know_parameters(call, &PARAMETERS)?;
    let wanted = Wanted::parse(&call.request.query_pairs())?;
    let all = call.scenario.invoices.iter();
    let mut found: Vec<&Invoice> = all
        .map(|invoice| &**invoice)
        .filter(|invoice| wanted.takes(invoice))
        .collect();
    found.sort_by_key(|invoice| {
        if wanted.by_start {
            invoice.plan.first
        } else {
            invoice.plan.end()
        }
    });
    if !wanted.ascending {
        found.reverse();
    }
    let skipped = wanted.per_page.saturating_mul(wanted.page - 1);
    let page = found.iter().skip(skipped).take(wanted.per_page);
    let results: Vec<Value> = page
        .map(|invoice| metadata(invoice, wanted.linked))
        .collect();
    let mut object = json!({ "links": [self_link(call)], "results": results });
    if wanted.count {
        object["totalCount"] = json!(found.len());
    }
    Ok(Answer::typed(
        StatusCode::OK,
        &resolved.content_type(),
        object.to_string(),
    ))
}

/// The link of a page to itself, under the name that the client knows the service by.
fn self_link(call: &Call<'_>) -> Value {
    let host = call.request.header_text(&HOST).unwrap_or("localhost");
    json!({ "href": format!("http://{host}{}", call.request.target), "rel": "self" })
}

/// What a list is asked for.
#[derive(Debug, PartialEq)]
struct Wanted {
    count: bool,
    linked: bool,
    per_page: usize,
    page: usize,
    statuses: Vec<String>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    by_start: bool,
    ascending: bool,
}

impl Wanted {
    fn parse(pairs: &[(String, String)]) -> Result<Self, Problem> {
        let mut wanted = Self {
            count: true,
            linked: true,
            per_page: 100,
            page: 1,
            statuses: Vec::new(),
            from: None,
            to: None,
            by_start: false,
            ascending: false,
        };
        let mut violations = Vec::new();
        for (name, value) in pairs {
            if let Err(complaint) = wanted.set(name, value) {
                violations.push((name.clone(), complaint.to_owned()));
            }
        }
        if violations.is_empty() {
            Ok(wanted)
        } else {
            Err(Problem::of_fields(violations))
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "includeCount" => self.count = flag(value)?,
            "viewLinkedInvoices" => self.linked = flag(value)?,
            "itemsPerPage" => self.per_page = number(value, 500)?,
            "pageNum" => self.page = number(value, usize::MAX)?,
            "statusNames" if STATUSES.contains(&value) => self.statuses.push(value.to_owned()),
            "statusNames" => return Err("is no status"),
            "fromDate" => self.from = Some(date(value)?),
            "toDate" => self.to = Some(date(value)?),
            "sortBy" => {
                self.by_start = match value {
                    "START_DATE" => true,
                    "END_DATE" => false,
                    _ => return Err("is nothing to sort by"),
                }
            }
            "orderBy" => {
                self.ascending = match value {
                    "asc" => true,
                    "desc" => false,
                    _ => return Err("is no order"),
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn takes(&self, invoice: &Invoice) -> bool {
        let plan = &invoice.plan;
        (self.statuses.is_empty() || self.statuses.contains(&plan.status))
            && self.from.is_none_or(|from| plan.first >= from)
            && self.to.is_none_or(|to| plan.end() <= to)
    }
}

fn flag(value: &str) -> Result<bool, &'static str> {
    value.parse().map_err(|_| "is neither true nor false")
}

fn number(value: &str, most: usize) -> Result<usize, &'static str> {
    let number = value
        .parse()
        .ok()
        .filter(|number| (1..=most).contains(number));
    number.ok_or("is out of its range")
}

fn date(value: &str) -> Result<NaiveDate, &'static str> {
    let date = (value.len() == 10).then(|| value.parse().ok()).flatten();
    date.ok_or("is no date")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_and_checked() {
        let parse = |query: &str| Wanted::parse(&crate::request::pairs(query.as_bytes()));
        let wanted =
            parse("pageNum=3&itemsPerPage=500&statusNames=PAID&statusNames=CLOSED").unwrap();
        assert_eq!((wanted.page, wanted.per_page), (3, 500));
        assert_eq!(wanted.statuses, ["PAID", "CLOSED"]);
        let wanted = parse("sortBy=START_DATE&orderBy=asc&includeCount=false").unwrap();
        assert!(wanted.by_start && wanted.ascending && !wanted.count);
        for bad in [
            "pageNum=0",
            "itemsPerPage=501",
            "itemsPerPage=x",
            "statusNames=OPEN",
            "fromDate=2025-1-1",
            "orderBy=up",
            "includeCount=yes",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
