//! The service's error object, read leniently: a gateway's HTML is an error response too, and of a
//! truncated object what arrived is used.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::text::neutralized;

/// The service's error object. `parameters` holds strings and integers where the specification
/// says objects (recorded), so nothing here fails because of one odd field.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ErrorBody {
    /// The HTTP status, repeated.
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

impl ErrorBody {
    /// What can be read of `body`, whole or truncated; nothing of HTML or another object.
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut read = Self::default();
        // An error ends the reading; what came before it has been taken.
        let _ = serde_json::Deserializer::from_slice(body).deserialize_map(Fields(&mut read));
        read
    }

    /// Whether this says more than nothing: `error` and `errorCode` are always there.
    pub(crate) fn is_known(&self) -> bool {
        self.error.is_some() || self.error_code.is_some()
    }
}

struct Fields<'a>(&'a mut ErrorBody);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        #[derive(Deserialize)]
        struct Detail {
            fields: Option<Vec<FieldViolation>>,
        }
        while let Some(name) = map.next_key::<String>()? {
            let body = &mut *self.0;
            match name.as_str() {
                "error" => {
                    // A number, or the code of an OAuth endpoint (RFC 6749 section 5.2).
                    let raw = map.next_value()?;
                    body.error = lenient(raw);
                    body.error_code = body.error_code.take().or_else(|| oauth_code(raw));
                }
                "errorCode" => {
                    let code = text(map.next_value()?);
                    body.error_code = code.or(body.error_code.take());
                }
                "detail" | "error_description" => body.detail = text(map.next_value()?),
                "reason" => body.reason = text(map.next_value()?),
                "parameters" => body.parameters = lenient(map.next_value()?).unwrap_or_default(),
                "badRequestDetail" => {
                    let detail: Option<Detail> = lenient(map.next_value()?);
                    let fields = detail.and_then(|detail| detail.fields);
                    body.violations = fields.unwrap_or_default();
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// The value, or nothing where it has another shape than expected.
fn lenient<T: serde::de::DeserializeOwned>(raw: &RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

fn text(raw: &RawValue) -> Option<String> {
    lenient::<String>(raw).map(|text| neutralized(&text).into_owned())
}

/// The code of an OAuth endpoint: a lower-case word such as `invalid_client`.
fn oauth_code(raw: &RawValue) -> Option<String> {
    let is_word = |code: &String| {
        !code.is_empty()
            && code
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    lenient::<String>(raw).filter(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_fields_hide_no_other() {
        let body = ErrorBody::read(
            br#"{"error":"x","parameters":["5f",7,null],"errorCode":"GROUP_NOT_FOUND","detail":null,
                "reason":"Not Found","badRequestDetail":[],"new":{"a":[1]}}"#,
        );
        assert_eq!(body.error, None);
        assert_eq!(body.error_code.as_deref(), Some("GROUP_NOT_FOUND"));
        assert_eq!(
            (body.detail, body.reason.as_deref()),
            (None, Some("Not Found"))
        );
        assert_eq!(body.parameters.len(), 3);
        assert!(body.violations.is_empty());
    }

    #[test]
    fn an_oauth_endpoint_has_names_of_its_own() {
        let body =
            ErrorBody::read(br#"{"error":"invalid_client","error_description":"no such client"}"#);
        assert_eq!(body.error_code.as_deref(), Some("invalid_client"));
        assert_eq!(body.detail.as_deref(), Some("no such client"));
        assert_eq!(
            ErrorBody::read(br#"{"error":"Bad gateway"}"#),
            ErrorBody::default()
        );
    }

    #[test]
    fn of_a_truncated_object_what_arrived_is_used() {
        let whole =
            br#"{"error":403,"errorCode":"IP_ADDRESS_NOT_ON_ACCESS_LIST","detail":"Address"}"#;
        for (length, error, code) in [
            (whole.len() - 1, Some(403), true),
            (whole.len() - 3, Some(403), true),
            (14, Some(403), false),
            (5, None, false),
            (0, None, false),
        ] {
            let body = ErrorBody::read(&whole[..length]);
            assert_eq!(
                (body.error, body.error_code.is_some()),
                (error, code),
                "{length}"
            );
        }
    }

    #[test]
    fn what_is_no_error_object_is_unknown() {
        for body in ["", "<html>", "[]", "{}", r#"{"id":"x"}"#, "null"] {
            assert!(!ErrorBody::read(body.as_bytes()).is_known(), "{body}");
        }
    }
}
