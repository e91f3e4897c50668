//! The service's error object.

use http::{HeaderName, StatusCode};
use serde_json::{Value, json};

use crate::answer::Answer;

/// The header that repeats the error code.
pub(crate) const X_ERROR_CODE: HeaderName = HeaderName::from_static("x-error-code");

/// An error as the service words it: `error` and `errorCode` are always there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    status: StatusCode,
    code: String,
    detail: String,
    parameters: Vec<Value>,
    fields: Vec<(String, String)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            detail: detail.into(),
            parameters: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// The object that stands for a status when nothing more is known, with a code that was seen
    /// with it.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let code = match status.as_u16() {
            400 => "VALIDATION_ERROR",
            403 => "USER_UNAUTHORIZED",
            404 => "RESOURCE_NOT_FOUND",
            406 => "INVALID_VERSION_DATE",
            410 => "VERSION_GONE",
            429 => "RATE_LIMITED",
            _ => "UNEXPECTED_ERROR",
        };
        let reason = status.canonical_reason().unwrap_or("Unknown status");
        Self::new(
            status,
            code,
            format!("The stand-in was told to answer {reason}."),
        )
    }

    /// A request whose fields break rules: each with what is wrong with it.
    pub(crate) fn of_fields(fields: Vec<(String, String)>) -> Self {
        let names: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
        let detail = format!("Not valid: {}.", names.join(", "));
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", detail);
        problem.fields = fields;
        problem
    }

    /// Adds what the detail is about, as strings or integers: both were seen.
    pub(crate) fn parameter(mut self, parameter: impl Into<Value>) -> Self {
        self.parameters.push(parameter.into());
        self
    }

    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The object's JSON.
    pub(crate) fn to_json(&self) -> Value {
        let mut object = json!({
            "detail": self.detail,
            "error": self.status.as_u16(),
            "errorCode": self.code,
            "parameters": self.parameters,
            "reason": self.status.canonical_reason(),
        });
        if !self.fields.is_empty() {
            let fields = self.fields.iter();
            let fields: Vec<Value> = fields
                .map(|(field, description)| json!({"field": field, "description": description}))
                .collect();
            object["badRequestDetail"] = json!({ "fields": fields });
        }
        object
    }

    /// The answer, typed as plain JSON whatever version was asked for, as the service does.
    pub(crate) fn into_answer(self) -> Answer {
        let body = self.to_json().to_string();
        let mut answer = Answer::typed(self.status, "application/json", body);
        answer.set(X_ERROR_CODE, &self.code);
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_parameters_are_told() {
        let problem = Problem::of_fields(vec![("startDate".to_owned(), "is missing".to_owned())])
            .parameter("startDate")
            .parameter(3);
        let answer = problem.clone().into_answer();
        assert_eq!(answer.headers[X_ERROR_CODE], "VALIDATION_ERROR");
        let object = problem.to_json();
        assert_eq!(object["error"], 400);
        assert_eq!(object["parameters"], json!(["startDate", 3]));
        assert_eq!(
            object["badRequestDetail"]["fields"][0]["field"],
            "startDate"
        );
    }
}
