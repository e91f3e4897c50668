//! An error answer of the service, read leniently: a gateway's HTML says less, and is no less an
//! error.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The service's error object. Only `error` and `errorCode` are always there, and `parameters`
/// holds strings and integers where the specification says objects (recorded), so nothing here
/// can fail because of one odd field.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ErrorBody {
    pub(crate) error: Option<u16>,
    pub(crate) error_code: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) parameters: Vec<serde_json::Value>,
    pub(crate) violations: Vec<FieldViolation>,
}

/// A part of a request that the service called invalid.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct FieldViolation {
    /// The path of the field in the request's body.
    #[serde(default)]
    pub field: String,
    /// What is wrong with it, in the service's words.
    #[serde(default)]
    pub description: String,
}

#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "errorCode")]
    error_code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reason: Option<&'a RawValue>,
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "badRequestDetail")]
    bad_request_detail: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    fields: Option<Vec<FieldViolation>>,
}

impl ErrorBody {
    /// Reads an error object; `None` when `body` is none: HTML, nothing, another object.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let shape: Shape<'_> = serde_json::from_slice(body).ok()?;
        if shape.error.is_none() && shape.error_code.is_none() {
            return None;
        }
        Some(Self {
            error: lenient(shape.error),
            error_code: lenient(shape.error_code),
            detail: lenient(shape.detail),
            reason: lenient(shape.reason),
            parameters: lenient(shape.parameters).unwrap_or_default(),
            violations: lenient::<Detail>(shape.bad_request_detail)
                .and_then(|detail| detail.fields)
                .unwrap_or_default(),
        })
    }
}

/// The value, or nothing where it has another shape than expected.
fn lenient<T: serde::de::DeserializeOwned>(raw: Option<&RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_whole_error() {
        let body = ErrorBody::read(
            br#"{"detail":"no such invoice","error":404,"errorCode":"RESOURCE_NOT_FOUND",
                "parameters":["a",1,{"x":2}],"reason":"Not Found",
                "badRequestDetail":{"fields":[{"field":"groupBy","description":"unknown"}]}}"#,
        )
        .unwrap();
        assert_eq!(body.error, Some(404));
        assert_eq!(body.error_code.as_deref(), Some("RESOURCE_NOT_FOUND"));
        assert_eq!(body.detail.as_deref(), Some("no such invoice"));
        assert_eq!(body.parameters.len(), 3);
        assert_eq!(body.violations[0].field, "groupBy");
    }

    #[test]
    fn one_odd_field_loses_only_itself() {
        let body =
            ErrorBody::read(br#"{"error":"x","errorCode":"C","parameters":null,"detail":7}"#)
                .unwrap();
        assert_eq!(body.error, None);
        assert_eq!(body.error_code.as_deref(), Some("C"));
        assert_eq!(body.detail, None);
        assert!(body.parameters.is_empty());
    }

    #[test]
    fn other_bodies_are_no_error_object() {
        for body in [&b""[..], b"<html>", b"{}", b"[]", b"{\"id\":1}", b"\xff"] {
            assert_eq!(ErrorBody::read(body), None);
        }
    }
}
