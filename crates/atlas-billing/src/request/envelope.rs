//! The envelope: `envelope=true` asks the service to put the real status into the body.
//!
//! Documented is one object `{"status":200,"content":{…}}`; an older table names the key
//! `envelope`; a list keeps its body and gains `status`. Whether an enveloped error or a 102 has a
//! `content`, and whether the status line then reads 200, is unknown, so each body is examined for
//! what it is.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use http::StatusCode;
use memchr::memmem::Finder;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::stream::CONTENT_KEYS;

/// What a body turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opened<'a> {
    /// The body itself is the content: no envelope, or a list that merely gained `status`.
    Bare(&'a [u8]),
    /// An envelope: the status it carries, and its content where it has one.
    Wrapped {
        status: StatusCode,
        content: Option<&'a [u8]>,
    },
    /// An error object: the status it names, or the envelope's, and the object.
    Error {
        status: Option<StatusCode>,
        body: &'a [u8],
    },
}

/// The keys of a JSON object that tell what it is.
#[derive(Default)]
struct Probe<'a> {
    status: Option<&'a RawValue>,
    content: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    has_error_code: bool,
    has_results: bool,
}

impl<'de> Deserialize<'de> for Probe<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Probe<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Probe<'de>, A::Error> {
                let mut probe = Probe::default();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    let value: &RawValue = map.next_value()?;
                    let value = Some(value).filter(|value| value.get() != "null");
                    match key.as_ref() {
                        "status" => probe.status = value,
                        "error" => probe.error = value,
                        "errorCode" => probe.has_error_code = value.is_some(),
                        "results" => probe.has_results = value.is_some(),
                        key if CONTENT_KEYS.contains(&key) => {
                            probe.content = probe.content.or(value);
                        }
                        _ => {}
                    }
                }
                Ok(probe)
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

/// Examines a body. One that is not a JSON object, or broken, is bare: decoding it says what is
/// wrong with it.
pub(crate) fn open(body: &[u8]) -> Opened<'_> {
    if !may_tell(body) {
        return Opened::Bare(body);
    }
    let Ok(probe) = serde_json::from_slice::<Probe<'_>>(body) else {
        return Opened::Bare(body);
    };
    let status = probe.status.and_then(status_of);
    if let Some(status) = status {
        if let Some(content) = probe.content.map(|raw| raw.get().as_bytes()) {
            return match open_error(content) {
                Some(_) => Opened::Error {
                    status: Some(status),
                    body: content,
                },
                None => Opened::Wrapped {
                    status,
                    content: Some(content),
                },
            };
        }
        if probe.error.is_none() && !probe.has_error_code {
            return match probe.has_results && status.is_success() {
                true => Opened::Bare(body),
                false => Opened::Wrapped {
                    status,
                    content: None,
                },
            };
        }
    }
    if probe.has_error_code && probe.error.is_some() {
        let named = probe.error.and_then(status_of);
        return Opened::Error {
            status: status.or(named),
            body,
        };
    }
    Opened::Bare(body)
}

/// Whether a key that tells anything may be in `body`: without one of these it is bare, and most
/// bodies need not be read twice to know.
fn may_tell(body: &[u8]) -> bool {
    static TELLING: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| {
        // A key may be spelled with escapes.
        ["\"status\"", "\"errorCode\"", "\\u"].map(Finder::new)
    });
    TELLING.iter().any(|key| key.find(body).is_some())
}

/// The status that an error object names, if `content` is one.
fn open_error(content: &[u8]) -> Option<Option<StatusCode>> {
    let probe = serde_json::from_slice::<Probe<'_>>(content).ok()?;
    let error = probe.error.filter(|_| probe.has_error_code)?;
    Some(status_of(error))
}

/// A status written as a number, or as text with a number in it.
fn status_of(raw: &RawValue) -> Option<StatusCode> {
    let text = raw.get().trim_matches('"');
    StatusCode::from_u16(text.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16) -> StatusCode {
        StatusCode::from_u16(code).unwrap()
    }

    #[test]
    fn each_form_is_told_apart() {
        let wrapped = |code, content: Option<&'static [u8]>| Opened::Wrapped {
            status: status(code),
            content,
        };
        let table: &[(&str, Opened<'_>)] = &[
            (
                r#"{"status":200,"content":{"id":1}}"#,
                wrapped(200, Some(br#"{"id":1}"#)),
            ),
            (
                r#"{"envelope":{"id":1},"status":200}"#,
                wrapped(200, Some(br#"{"id":1}"#)),
            ),
            (
                r#"{"status":200,"content":"a,b\n"}"#,
                wrapped(200, Some(br#""a,b\n""#)),
            ),
            (
                r#"{"status":"200","content":[]}"#,
                wrapped(200, Some(b"[]")),
            ),
            (r#"{"status":102}"#, wrapped(102, None)),
            (r#"{"status":102,"content":null}"#, wrapped(102, None)),
            (
                r#"{"status":102,"message":"processing"}"#,
                wrapped(102, None),
            ),
            (r#"{"status":200}"#, wrapped(200, None)),
            (
                r#"{"status":404,"content":{"error":404,"errorCode":"X"}}"#,
                Opened::Error {
                    status: Some(status(404)),
                    body: br#"{"error":404,"errorCode":"X"}"#,
                },
            ),
        ];
        for (body, expected) in table {
            assert_eq!(open(body.as_bytes()), *expected, "{body}");
        }
    }

    #[test]
    fn an_error_beside_the_status_is_that_error() {
        let body = br#"{"status":403,"error":403,"errorCode":"X"}"#;
        assert_eq!(
            open(body),
            Opened::Error {
                status: Some(status(403)),
                body
            }
        );
        let body = br#"{"error":400,"errorCode":"X"}"#;
        assert_eq!(
            open(body),
            Opened::Error {
                status: Some(status(400)),
                body
            }
        );
    }

    #[test]
    fn other_bodies_stay_as_they_are() {
        for body in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"usageDetails":[]}"#,
            r#"{"results":[],"status":200}"#,
            r#"{"status":"PENDING","content":{}}"#,
            r#"{"status":99999,"content":{}}"#,
            r#"{"status":200,"content":"#,
        ] {
            assert_eq!(
                open(body.as_bytes()),
                Opened::Bare(body.as_bytes()),
                "{body}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = open(&body);
        }

        #[test]
        fn no_envelope_like_text_makes_it_panic(text in "\\{\"(status|content|error|errorCode|envelope)\":[0-9\"\\[\\]{}a-z,:]{0,40}\\}") {
            let _ = open(text.as_bytes());
        }
    }
}
