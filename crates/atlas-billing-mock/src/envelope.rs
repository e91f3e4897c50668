//! `envelope=true`: the status in the body, for clients that cannot see the status line.

use http::StatusCode;

use crate::answer::{Answer, Body};
use crate::operation::Operation;

/// How `envelope=true` is answered. What the service does beyond the documented case is not
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

/// Wraps an answer the client wanted wrapped. CSV has no place for a status and stays as it is.
pub(crate) fn wrap(mut answer: Answer, operation: Operation, style: EnvelopeStyle) -> Answer {
    let real = answer.status;
    let bare = match style {
        EnvelopeStyle::Ignored => true,
        EnvelopeStyle::BareErrors => real.is_client_error() || real.is_server_error(),
        _ => false,
    };
    if bare || !answer.is_json() {
        return answer;
    }
    let code = real.as_u16();
    let body = std::mem::replace(&mut answer.body, Body::empty());
    answer.body = if operation == Operation::Invoices && real.is_success() {
        add_status(body, code)
    } else {
        let key = if style == EnvelopeStyle::Envelope {
            "envelope"
        } else {
            "content"
        };
        body.between(format!("{{\"status\":{code},\"{key}\":"), "}")
    };
    // No status line can end with a 1xx.
    if style != EnvelopeStyle::KeepStatus || real.is_informational() {
        answer.status = StatusCode::OK;
    }
    answer
}

fn add_status(body: Body, code: u16) -> Body {
    let bytes = body.into_bytes();
    match bytes.strip_prefix(b"{") {
        Some(rest) => {
            let mut all = format!("{{\"status\":{code},").into_bytes();
            all.extend_from_slice(rest);
            Body::Whole(all.into())
        }
        None => Body::Whole(bytes),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::problem::Problem;

    fn wrapped(answer: Answer, operation: Operation, style: EnvelopeStyle) -> (u16, Value) {
        let answer = wrap(answer, operation, style);
        let body = answer.body.into_bytes();
        (
            answer.status.as_u16(),
            serde_json::from_slice(&body).unwrap_or(Value::Null),
        )
    }

    #[test]
    fn values_errors_and_lists() {
        let value = || Answer::typed(StatusCode::ACCEPTED, "application/json", r#"{"a":1}"#);
        let error = || Problem::of_status(StatusCode::NOT_FOUND).into_answer();
        let (look, list) = (Operation::Look, Operation::Invoices);
        use EnvelopeStyle as Style;

        let content = (200, json!({"status": 202, "content": {"a": 1}}));
        assert_eq!(wrapped(value(), look, Style::Content), content);
        let old = (200, json!({"status": 202, "envelope": {"a": 1}}));
        assert_eq!(wrapped(value(), look, Style::Envelope), old);
        assert_eq!(wrapped(value(), look, Style::KeepStatus).0, 202);
        assert_eq!(
            wrapped(value(), look, Style::Ignored),
            (202, json!({"a": 1}))
        );
        assert_eq!(
            wrapped(value(), list, Style::Content),
            (200, json!({"status": 202, "a": 1}))
        );

        let (status, body) = wrapped(error(), list, Style::Content);
        assert_eq!((status, &body["status"]), (200, &json!(404)));
        assert_eq!(body["content"]["errorCode"], "RESOURCE_NOT_FOUND");
        let (status, body) = wrapped(error(), look, Style::BareErrors);
        assert_eq!((status, &body["error"]), (404, &json!(404)));
    }

    #[test]
    fn not_ready_is_a_status_in_the_body() {
        let soon = || Answer::typed(StatusCode::PROCESSING, "application/json", "{}");
        for style in [EnvelopeStyle::Content, EnvelopeStyle::KeepStatus] {
            let want = (200, json!({"status": 102, "content": {}}));
            assert_eq!(wrapped(soon(), Operation::Look, style), want);
        }
    }

    #[test]
    fn csv_stays_as_it_is() {
        let csv = Answer::typed(
            StatusCode::OK,
            "application/vnd.atlas.2023-01-01+csv",
            "a,b\n",
        );
        let answer = wrap(csv, Operation::Invoice, EnvelopeStyle::Content);
        assert_eq!(answer.body.into_bytes(), "a,b\n");
    }
}
