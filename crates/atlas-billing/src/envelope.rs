//! The envelope: `envelope=true` asks the service to put the real status into the body.
//!
//! Documented is one object `{"status":200,"content":{…}}`; an older table names the key
//! `envelope`; a list keeps its body and gains `status`. Whether an enveloped error or a 102 has a
//! `content`, and whether the status line then reads 200, is unknown, so each body is examined for
//! what it is.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use http::StatusCode;
use memchr::memmem::Finder;
use serde_json::value::RawValue;

/// Keys under which an envelope holds the content of a response. The specification documents
/// `content`; an older table of it has `envelope`. The invoice splitter looks for them, too.
pub(crate) const CONTENT_KEYS: [&str; 2] = ["content", "envelope"];

/// What a body turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opened<'a> {
    /// The body itself is the content: no envelope, or a list that merely gained `status`.
    Bare,
    /// An envelope: the status it carries, and its content where it has one.
    Wrapped {
        status: StatusCode,
        content: Option<&'a [u8]>,
    },
    /// An error object, and the status of its envelope where it has one.
    Error {
        status: Option<StatusCode>,
        body: &'a [u8],
    },
}

/// Examines a body. One that is not a JSON object, or broken, is bare: decoding it says what is
/// wrong with it.
pub(crate) fn open(body: &[u8]) -> Opened<'_> {
    if !may_be_wrapped(body) {
        return Opened::Bare;
    }
    let Ok(keys) = serde_json::from_slice::<Keys<'_>>(body) else {
        return Opened::Bare;
    };
    let status = value(&keys, "status").and_then(status_of);
    let is_error = is_error(&keys);
    let Some(status) = status else {
        return match is_error {
            true => Opened::Error { status: None, body },
            false => Opened::Bare,
        };
    };
    let content = CONTENT_KEYS.iter().find_map(|key| value(&keys, key));
    if let Some(content) = content.map(|raw| raw.get().as_bytes()) {
        let keys = serde_json::from_slice::<Keys<'_>>(content);
        return match keys.is_ok_and(|keys| self::is_error(&keys)) {
            true => Opened::Error {
                status: Some(status),
                body: content,
            },
            false => Opened::Wrapped {
                status,
                content: Some(content),
            },
        };
    }
    let has = |key| value(&keys, key).is_some();
    if is_error {
        let status = Some(status);
        Opened::Error { status, body }
    } else if has("error") || has("errorCode") || has("results") && status.is_success() {
        Opened::Bare
    } else {
        let content = None;
        Opened::Wrapped { status, content }
    }
}

/// The keys of a JSON object and their values; of a key that comes twice, the last one's.
type Keys<'a> = BTreeMap<String, &'a RawValue>;

/// The value of a key, unless it is null.
fn value<'a>(keys: &Keys<'a>, key: &str) -> Option<&'a RawValue> {
    keys.get(key).copied().filter(|raw| raw.get() != "null")
}

/// Whether an object with these keys is the service's error object.
fn is_error(keys: &Keys<'_>) -> bool {
    value(keys, "error").is_some() && value(keys, "errorCode").is_some()
}

/// Whether a key that matters may be in `body`: without one of these it is bare, and most
/// bodies need not be read twice to know.
pub(crate) fn may_be_wrapped(body: &[u8]) -> bool {
    static KEYS: LazyLock<Vec<Finder<'static>>> = LazyLock::new(|| {
        let keys = ["status", "errorCode"].iter().chain(&CONTENT_KEYS);
        let keys = keys.map(|key| format!("\"{key}\""));
        // A key may be spelled with escapes.
        let texts = keys.chain(["\\u".to_owned()]);
        texts.map(|text| Finder::new(&text).into_owned()).collect()
    });
    KEYS.iter().any(|key| key.find(body).is_some())
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
        assert_eq!(open(body), Opened::Error { status: None, body });
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
            // Half of an error object.
            r#"{"status":404,"error":404}"#,
            r#"{"status":404,"errorCode":"X"}"#,
            r#"{"status":"PENDING","content":{}}"#,
            r#"{"status":99999,"content":{}}"#,
            r#"{"status":200,"content":"#,
        ] {
            assert_eq!(open(body.as_bytes()), Opened::Bare, "{body}");
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
