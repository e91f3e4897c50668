//! Cost Explorer queries: created, looked at, ready in the end.

use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;

use super::state::State;
use super::{Call, instead, know_org, know_parameters, not_found};
use crate::answer::{Answer, Body};
use crate::costs::{Question, to_csv, to_json};
use crate::envelope::EnvelopeStyle;
use crate::fault::{After102, Fault, spoil};
use crate::problem::Problem;
use crate::random::hex;
use crate::scenario::{NotReady, Ready};
use crate::version::{Format, Resolved, takes_body};

/// A query that was created.
#[derive(Debug)]
pub(super) struct Query {
    question: Question,
    created: DateTime<Utc>,
    looks: u64,
}

/// Answers the POST: 202 and a token.
pub(super) fn create(
    call: &Call<'_>,
    state: &mut State,
    org: &str,
    resolved: Resolved,
) -> Result<Answer, Problem> {
    know_org(call, org)?;
    know_parameters(call, &["envelope"])?;
    if !takes_body(call.request.header_text(&CONTENT_TYPE)) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let detail = "The body has to be JSON of a known version.";
        return Err(Problem::new(status, "UNSUPPORTED_MEDIA_TYPE", detail));
    }
    let question = Question::parse(&call.request.body, call.scenario.strict)?;
    let number = state.queries.len() as u64;
    let mut token = hex(call.scenario.seed ^ 0xC057, number, 64);
    if call.scenario.upper_case_tokens {
        token = token.to_uppercase();
    }
    let body = json!({ "token": token }).to_string();
    state.queries.insert(
        token,
        Query {
            question,
            created: call.now,
            looks: 0,
        },
    );
    Ok(Answer::typed(
        StatusCode::ACCEPTED,
        &resolved.content_type(),
        body,
    ))
}

/// Answers one look.
pub(super) fn look(
    call: &Call<'_>,
    state: &mut State,
    org: &str,
    token: &str,
    resolved: Resolved,
) -> Result<Answer, Problem> {
    know_org(call, org)?;
    know_parameters(call, &["envelope"])?;
    let (now, scenario) = (call.now, call.scenario);
    let known = state.queries.get_mut(token).filter(|query| {
        let age = (now - query.created).to_std().unwrap_or_default();
        scenario.query_life.is_none_or(|life| age < life)
    });
    let query = known.ok_or_else(|| not_found("query", token))?;
    if !query.is_ready(scenario.ready, now) {
        let forms = &scenario.not_ready;
        let form = forms.get(query.looks as usize).or(forms.last()).cloned();
        query.looks += 1;
        return Ok(not_ready(
            call,
            state,
            form.unwrap_or(NotReady::Documented),
            resolved,
        ));
    }
    let rows = query.question.rows(&scenario.invoices);
    let body = match resolved.format {
        Format::Json => to_json(&rows),
        Format::Csv => to_csv(&rows),
    };
    Ok(Answer::typed(
        StatusCode::OK,
        &resolved.content_type(),
        body,
    ))
}

impl Query {
    fn is_ready(&self, ready: Ready, now: DateTime<Utc>) -> bool {
        match ready {
            Ready::AtOnce => true,
            Ready::AfterLooks(looks) => self.looks >= looks,
            Ready::After(time) => (now - self.created).to_std().unwrap_or_default() >= time,
            Ready::Never => false,
        }
    }
}

fn not_ready(call: &Call<'_>, state: &mut State, form: NotReady, resolved: Resolved) -> Answer {
    let style = call.scenario.envelope;
    let content_type = resolved.content_type();
    let fault = match form {
        NotReady::Documented if call.enveloped && style != EnvelopeStyle::Ignored => {
            // It is wrapped with all other answers.
            return Answer::typed(StatusCode::PROCESSING, &resolved.json_type(), "{}");
        }
        NotReady::Documented => Fault::Bare102(After102::Close),
        NotReady::Fault(fault) => fault,
    };
    if let Some(mut answer) = instead(&fault, state, call.now) {
        answer.as_is = true;
        return answer;
    }
    // What the fault works on; a bare 102 with an answer behind it ends in this.
    let mut answer = Answer::new(StatusCode::OK, Body::Whole("{}".into()));
    answer.set(CONTENT_TYPE, &content_type);
    spoil(&fault, &mut answer);
    answer
}
