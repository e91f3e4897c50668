//! A Cost Explorer query, described for the poller.

use std::collections::BTreeMap;
use std::time::Duration;

use atlas_billing_raw as raw;
use http::{StatusCode, header};
use serde_json::value::RawValue;

use super::report::CostResult;
use crate::call::{Ask, Fetched, RawAnswer};
use crate::edge::BoxFuture;
use crate::polling::{Operation, Reading};
use crate::{CallOptions, Error, ErrorKind, Form, Org, QueryToken, Result, retry};

/// The stable name of what a look calls.
pub(super) const LOOK: &str = "getCostExplorerQueryProcess";

/// A query at work at the service.
#[derive(Debug, Clone)]
pub(super) struct CostQuery {
    pub(super) org: Org,
    pub(super) token: QueryToken,
    pub(super) options: CallOptions,
}

impl CostQuery {
    pub(super) fn ask(&self, form: Form) -> Ask {
        self.org.client.ask(LOOK, form, &self.options)
    }
}

impl Operation for CostQuery {
    type Answer = Fetched;
    type Output = Fetched;

    fn what(&self) -> &'static str {
        "Cost Explorer query"
    }

    fn token(&self) -> &str {
        self.token.as_str()
    }

    fn resume(&self) -> String {
        format!("org.resume(\"{}\".parse()?)", self.token)
    }

    fn look(&self, limit: Duration) -> BoxFuture<'static, Result<Fetched>> {
        let Self { org, token, .. } = self.clone();
        // The status is asked for in the body: HTTP cannot deliver the documented 102.
        let mut ask = self.ask(Form::Json).enveloped();
        ask.timeouts.head = ask.timeouts.head.min(limit);
        ask.timeouts.idle = ask.timeouts.idle.min(limit);
        // The limit on the whole is the polling's, not each look's.
        ask.timeouts.total = None;
        Box::pin(async move { org.client.look(&ask, |raw| send(raw, &org, &token)).await })
    }

    fn read(&self, answer: Fetched) -> Reading<Fetched> {
        let status = answer.meta.status();
        // 202 (Accepted) says the same as 102 where something on the way cannot pass that on.
        if status.is_informational() || status == StatusCode::ACCEPTED {
            let now = self.org.client.inner.edge.clock.now();
            let asked = answer.meta.headers().get(header::RETRY_AFTER);
            let retry_after = asked
                .and_then(|value| value.to_str().ok())
                .and_then(|value| retry::parse_retry_after(value, now));
            return Reading::Pending { retry_after };
        }
        if is_result(&answer.body) {
            return Reading::Ready(answer);
        }
        Reading::Failed(match answer.json::<CostResult>() {
            Err(error) => error,
            Ok(_) => Error::new(
                ErrorKind::Unreadable,
                "the answer is no Cost Explorer result",
            ),
        })
    }
}

/// Asks the generated client for the query's result, in the form that the call is in.
pub(super) async fn send(raw: raw::Client, org: &Org, token: &QueryToken) -> RawAnswer {
    raw.get_cost_explorer_query_process_bytes()
        .org_id(org.id.as_str())
        .token(token.as_str())
        .send()
        .await
}

/// Whether `body` has the shape of a result. Its rows are not looked at: whoever wants the bytes
/// or the CSV file gets them even where a row is odd.
fn is_result(body: &[u8]) -> bool {
    let Ok(fields) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(body) else {
        return false;
    };
    match fields.get("usageDetails") {
        Some(rows) => rows.get() == "null" || rows.get().starts_with('['),
        None => fields.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_told_by_its_shape() {
        for body in [
            "{}",
            r#"{"usageDetails":[5]}"#,
            r#"{"x":1,"usageDetails": null}"#,
        ] {
            assert!(is_result(body.as_bytes()), "{body}");
        }
        for body in [
            "",
            "[]",
            "null",
            "<html>",
            r#"{"x":1}"#,
            r#"{"usageDetails":{}}"#,
            "{",
        ] {
            assert!(!is_result(body.as_bytes()), "{body}");
        }
    }
}
