//! Faults of content: answers that any server could send.

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER,
    TRANSFER_ENCODING,
};
use http::{HeaderName, StatusCode};
use serde_json::json;

use super::{Fault, gzip, status};
use crate::answer::{Answer, Body, Pieces};
use crate::problem::Problem;

/// A page as gateways send them.
const PAGE: &str = "<!DOCTYPE html><html><head><title>Gateway</title></head>\
    <body><h1>The page could not be shown</h1></body></html>";

const JSON: &str = "application/vnd.atlas.2023-01-01+json;charset=utf-8";

/// The answer that a fault puts in the place of the real one; none if the fault works on the
/// real one, or needs state of the core.
pub(crate) fn replace(fault: &Fault) -> Option<Answer> {
    let ok = |body: Bytes| Answer::typed(StatusCode::OK, JSON, body);
    Some(match fault {
        Fault::Status(code) => Problem::of_status(status(*code)).into_answer(),
        Fault::Error {
            status: code,
            code: word,
        } => {
            let detail = "The stand-in was told to refuse this.";
            Problem::new(status(*code), word, detail).into_answer()
        }
        Fault::RateLimited { retry_after } => {
            let mut answer = Problem::of_status(StatusCode::TOO_MANY_REQUESTS).into_answer();
            if let Some(text) = retry_after {
                answer.set(RETRY_AFTER, text);
            }
            answer
        }
        Fault::Gateway(code) => Answer::typed(status(*code), "text/html", PAGE),
        Fault::Bare(code) => Answer::new(status(*code), Body::empty()),
        Fault::Html => Answer::typed(StatusCode::OK, "text/html; charset=utf-8", PAGE),
        Fault::Empty => ok(Bytes::new()),
        Fault::EnvelopedError(code) => {
            let problem = Problem::of_status(status(*code));
            let object = json!({"status": code, "content": problem.to_json()});
            ok(object.to_string().into())
        }
        Fault::ErrorWith200(code) => ok(Problem::of_status(status(*code))
            .to_json()
            .to_string()
            .into()),
        Fault::Reply {
            status: code,
            headers,
            body,
        } => {
            let mut answer = Answer::new(status(*code), Body::Whole(body.clone()));
            for (name, value) in headers {
                match HeaderName::from_bytes(name.as_bytes()) {
                    Ok(CONTENT_LENGTH | TRANSFER_ENCODING | CONNECTION) | Err(_) => {}
                    Ok(name) => answer.add(name, value),
                }
            }
            answer
        }
        Fault::Redirect {
            status: code,
            location,
        } => {
            let mut answer = Answer::new(status(*code), Body::empty());
            answer.set(LOCATION, location);
            answer
        }
        Fault::InvalidUtf8 => ok(Bytes::from_static(b"{\"id\":\"\xC3\x28\xFF\"}")),
        Fault::InvalidJson => ok(Bytes::from_static(b"{\"id\":\"5f0c\",\"lineItems\":[{},}")),
        Fault::OtherShape => ok(Bytes::from_static(b"[1,2,3]")),
        Fault::DeepNesting(depth) => {
            let mut body = vec![b'['; *depth];
            body.resize(depth.saturating_mul(2), b']');
            ok(body.into())
        }
        Fault::GzipBomb(size) => {
            let mut answer = Answer::new(StatusCode::OK, Body::Pieces(bomb(*size)));
            answer.set(CONTENT_TYPE, JSON);
            answer.set(CONTENT_ENCODING, "gzip");
            answer
        }
        _ => return None,
    })
}

/// What a fault does to the real answer on its way to the front.
pub(crate) fn spoil(fault: &Fault, answer: &mut Answer) {
    match fault {
        Fault::ContentType(Some(text)) => answer.set(CONTENT_TYPE, text),
        Fault::ContentType(None) => {
            answer.headers.remove(CONTENT_TYPE);
        }
        Fault::HugeHeader(size) => {
            answer.set(HeaderName::from_static("x-huge"), &"a".repeat(*size));
        }
        wire if wire.is_of_the_wire() => answer.fault = Some(wire.clone()),
        _ => {}
    }
}

/// A JSON string of `size` bytes, packed while it is sent.
fn bomb(size: u64) -> Pieces {
    let block = Bytes::from(vec![b'a'; 64 * 1024]);
    let quote = Bytes::from_static(b"\"");
    let blocks = size.saturating_sub(2).div_ceil(block.len() as u64);
    let plain = std::iter::once(quote.clone())
        .chain((0..blocks).map(move |_| block.clone()))
        .chain(std::iter::once(quote));
    gzip::compress(Box::new(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_content_replaces_or_spoils() {
        let whole = |fault: &Fault| {
            let answer = replace(fault).unwrap();
            (answer.status.as_u16(), answer.body.into_bytes())
        };
        assert_eq!(whole(&Fault::Status(503)).0, 503);
        assert_eq!(whole(&Fault::Bare(502)), (502, Bytes::new()));
        assert_eq!(whole(&Fault::Empty), (200, Bytes::new()));
        assert_eq!(whole(&Fault::DeepNesting(3)).1, "[[[]]]");
        assert!(std::str::from_utf8(&whole(&Fault::InvalidUtf8).1).is_err());
        assert!(
            serde_json::from_slice::<serde_json::Value>(&whole(&Fault::InvalidJson).1).is_err()
        );
        let answer = replace(&Fault::RateLimited {
            retry_after: Some("7".to_owned()),
        })
        .unwrap();
        assert_eq!(answer.headers[RETRY_AFTER], "7");

        let code = "IP_ADDRESS_NOT_ON_ACCESS_LIST".to_owned();
        let answer = replace(&Fault::Error { status: 403, code }).unwrap();
        assert_eq!(answer.status, 403);
        assert_eq!(
            answer.headers["x-error-code"],
            "IP_ADDRESS_NOT_ON_ACCESS_LIST"
        );
        let headers = [("content-length", "9"), ("x-a", "b")];
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let body = Bytes::new();
        let answer = replace(&Fault::Reply {
            status: 200,
            headers,
            body,
        })
        .unwrap();
        assert_eq!(answer.headers.keys().collect::<Vec<_>>(), ["x-a"]);

        let mut answer = Answer::typed(StatusCode::OK, JSON, "{}");
        spoil(&Fault::HugeHeader(9), &mut answer);
        assert_eq!(answer.headers["x-huge"], "aaaaaaaaa");
        spoil(&Fault::ContentType(None), &mut answer);
        assert!(!answer.headers.contains_key(CONTENT_TYPE));
        assert_eq!(answer.fault, None);
        spoil(&Fault::Garbage, &mut answer);
        assert_eq!(answer.fault, Some(Fault::Garbage));
    }

    #[test]
    fn a_bomb_is_small_on_the_wire() {
        let packed: usize = bomb(10 << 20).map(|piece| piece.len()).sum();
        assert!(packed < 64 * 1024, "{packed}");
    }
}
