//! What can go wrong with a response, and with which ones it does.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION,
    RETRY_AFTER, TRANSFER_ENCODING,
};
use serde_json::{Value, json};

use crate::request::Request;
use crate::response::{Body, Problem, Response, status_of};
use crate::route::Operation;
use crate::setters::setters;

/// The requests that a fault strikes: those for an operation, and of them the nth, the first few,
/// or all.
///
/// ```
/// use atlas_billing_mock::{Fault, On, Operation, Scenario};
///
/// let scenario = Scenario::builder()
///     .fault(On::operation(Operation::Poll).nth(2), Fault::Gateway(504))
///     .fault(On::any().signed().nth(1), Fault::Status(401))
///     .build();
/// # let _ = scenario;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct On {
    operation: Option<Operation>,
    signed: Option<bool>,
    /// Which of them, counted from 1.
    numbers: RangeInclusive<u64>,
    every: u64,
}

impl On {
    /// Every request.
    pub fn any() -> Self {
        Self {
            operation: None,
            signed: None,
            numbers: 1..=u64::MAX,
            every: 1,
        }
    }

    /// Every request for this operation.
    pub fn operation(operation: Operation) -> Self {
        Self {
            operation: Some(operation),
            ..Self::any()
        }
    }

    setters! {
        /// Only the nth of them, counted from 1.
        nth(n: u64) => numbers = n..=n;

        /// Only the first `n` of them.
        first(n: u64) => numbers = 1..=n;

        /// Only the nth, counted from 1, and all after it.
        from(n: u64) => numbers = n..=u64::MAX;

        /// Of those left, only each nth by the count from 1: 50 makes two of a hundred. 0 counts
        /// as 1.
        every(n: u64) => every = n.max(1);

        /// Only those with an `Authorization` header.
        signed() => signed = Some(true);

        /// Only those without one, such as the first request of Digest.
        unsigned() => signed = Some(false);
    }
}

/// A fault with the requests it strikes, and how many of those came.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    on: On,
    fault: Fault,
    seen: u64,
}

impl Rule {
    pub(crate) fn new(on: On, fault: Fault) -> Self {
        Self { on, fault, seen: 0 }
    }

    /// Counts the request if it is one of those, and returns the fault if it strikes this one.
    pub(crate) fn strike(&mut self, operation: Operation, request: &Request) -> Option<&Fault> {
        let on = &self.on;
        let signed = request.headers.contains_key(AUTHORIZATION);
        let meant = on.operation.is_none_or(|wanted| wanted == operation)
            && on.signed.is_none_or(|wanted| wanted == signed);
        self.seen += u64::from(meant);
        let strikes =
            meant && on.numbers.contains(&self.seen) && self.seen.is_multiple_of(on.every);
        strikes.then_some(&self.fault)
    }
}

/// Where on its way a response is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum At {
    /// After the request was read, before a byte of the response.
    BeforeHead,
    /// In the middle of the response's head.
    InHead,
    /// After the head, before a byte of the body.
    AfterHead,
    /// After that many bytes of the body.
    Body(u64),
}

/// What follows a `102 Processing` that was sent as an interim response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum After102 {
    /// The connection is closed.
    Close,
    /// Nothing more comes, and the connection stays open.
    Silence,
    /// A body, as if 102 could have one.
    Body,
    /// Bytes that are not HTTP.
    Garbage,
    /// The real response, as HTTP means it.
    Response,
    /// The stream ends with the 102 (HTTP/2; on HTTP/1.1 the same as `Close`).
    EndOfStream,
}

/// Something that goes wrong with one response.
///
/// Faults either replace the response, change it, or (marked "Wire") happen to it on its way.
/// [`and`](Self::and) combines them: a long error, truncated, is
///
/// ```
/// use atlas_billing_mock::{At, Fault};
///
/// let forbidden = Fault::Error { status: 403, code: "IP_ADDRESS_NOT_ON_ACCESS_LIST".to_owned() };
/// let fault = forbidden.and(Fault::Detail("x".repeat(70_000))).and(Fault::Close(At::Body(66_000)));
/// # let _ = fault;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// This status with an error object, instead of the response.
    Status(u16),
    /// This status with an error object of this code, such as 403 and
    /// `IP_ADDRESS_NOT_ON_ACCESS_LIST`.
    Error {
        /// The status.
        status: u16,
        /// The `errorCode`, in the body and the header `X-Error-Code`.
        code: String,
    },
    /// 429 with an error object and this `Retry-After`, if any.
    RateLimited {
        /// The header's value: seconds, a date, or something no client understands.
        retry_after: Option<String>,
    },
    /// This status with an HTML page, as a gateway responds.
    Gateway(u16),
    /// This status with neither type nor body, such as 204 or 504.
    Bare(u16),
    /// 200 with an HTML page where a value was wanted.
    Html,
    /// 200 with the right type and no body.
    Empty,
    /// This status in an envelope with an error object, under a 200 status line, whether or not
    /// an envelope was asked for.
    EnvelopedError(u16),
    /// An error object under a 200 status line.
    ErrorWith200(u16),
    /// This response instead.
    Reply {
        /// The status.
        status: u16,
        /// The headers; one that cannot be sent is omitted, and so are those of the transfer
        /// (`Content-Length`, `Transfer-Encoding`, `Connection`), which the server adds.
        headers: Vec<(String, String)>,
        /// The body.
        body: Bytes,
    },
    /// A redirect of this status to this place.
    Redirect {
        /// The status, such as 301.
        status: u16,
        /// The `Location`.
        location: String,
    },
    /// 401 with a fresh challenge marked stale, whatever was sent.
    StaleNonce,
    /// 200 and a body that is JSON but for its UTF-8.
    InvalidUtf8,
    /// 200 and a body that starts as JSON and is not.
    InvalidJson,
    /// 200 and JSON of another shape: an array of numbers.
    OtherShape,
    /// 200 and arrays nested that deep.
    DeepNesting(usize),
    /// 200 and a gzip body that unpacks to that many bytes of JSON string.
    GzipBomb(u64),

    /// The right response under this `Content-Type`, or none.
    ContentType(Option<String>),
    /// The right response with this header, such as a `Retry-After`.
    Header(String, String),
    /// The right response with one header of that many bytes added.
    HugeHeader(usize),
    /// The right response with this body, such as `{}`.
    Body(Bytes),
    /// The right response with the first half of its body; the length matches.
    HalfBody,
    /// The right response, an error, with this `detail`: long, or with characters that no terminal
    /// should see.
    Detail(String),
    /// The right response under this `Content-Encoding`, compressed into that many gzip members; 0
    /// leaves it as it is, as befits `br`.
    ContentCoding {
        /// The header's value, such as `GZIP` or `x-gzip`.
        name: String,
        /// How many gzip members the body becomes.
        members: usize,
    },

    /// Wire: the connection is closed in an orderly way (FIN).
    Close(At),
    /// Wire: the connection is reset (RST).
    Reset(At),
    /// Wire: nothing more is sent, and the connection stays open until the client goes. Over
    /// HTTP/2 other streams go on, except with [`At::InHead`].
    Stall(At),
    /// Wire: the response starts this much later.
    Delay(Duration),
    /// Wire: the body comes in pieces with pauses, slow but alive.
    Trickle {
        /// Bytes a piece.
        bytes: usize,
        /// The pause before each piece.
        pause: Duration,
    },
    /// Wire: a bare 102 first.
    Bare102(After102),
    /// Wire: that many interim responses, 102, before the real one.
    Flood(u32),
    /// Wire: a `Content-Length` off by so many bytes from what is sent, then the close; over
    /// HTTP/2 only the stream ends.
    WrongLength(i64),
    /// Wire: this `Content-Length`, with the real body, then silence.
    AnnouncedLength(u64),
    /// Wire: bytes that are not HTTP instead of a response, then the close.
    Garbage,
    /// Wire: `RST_STREAM` with this code (HTTP/2) before the head; on HTTP/1.1 a TCP reset.
    StreamReset(u32),
    /// Wire: `RST_STREAM` with this code after that many bytes of the body (HTTP/2); on HTTP/1.1 a
    /// TCP reset there.
    StreamResetInBody {
        /// The error code.
        code: u32,
        /// Bytes of the body sent before it.
        after: u64,
    },
    /// Wire: `GOAWAY` with this code (HTTP/2) instead of a response, which names the request as
    /// not processed; on HTTP/1.1 an orderly close.
    GoAway(u32),

    /// Several at once, see [`and`](Self::and).
    All(Vec<Fault>),
}

/// A page as gateways send them.
const PAGE: &str = "<!DOCTYPE html><html><head><title>Gateway</title></head>\
    <body><h1>The page could not be shown</h1></body></html>";

const JSON: &str = "application/vnd.atlas.2023-01-01+json;charset=utf-8";

impl Fault {
    /// This fault and another one: of those that replace the response the first counts, then the
    /// changes follow, and last one fault of the wire.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::All([self.parts(), other.parts()].concat())
    }

    /// The faults that this one consists of.
    pub(crate) fn parts(&self) -> &[Self] {
        match self {
            Self::All(all) => all,
            one => std::slice::from_ref(one),
        }
    }

    /// The response that the fault makes of the real one, which is not asked for where another one
    /// takes its place.
    pub(crate) fn strike(&self, real: impl FnOnce() -> Response) -> Response {
        let (mut replacement, mut changes) = (None, Vec::new());
        for part in self.parts() {
            match part.replacement() {
                Some(response) => replacement = replacement.or(Some(response)),
                None => changes.push(part),
            }
        }
        let mut response = replacement.unwrap_or_else(real);
        changes.iter().for_each(|part| part.change(&mut response));
        response
    }

    /// The response that it puts in the place of the real one; none if it changes the real one, or
    /// needs the state of the core.
    fn replacement(&self) -> Option<Response> {
        let ok = |body: Bytes| Response::typed(200, JSON, body);
        let error = |code: u16| Problem::of_status(code);
        Some(match self {
            Self::Status(code) => error(*code).into_response(),
            Self::Error { status, code } => {
                Problem::new(*status, code, "The stand-in was told to refuse this.").into_response()
            }
            Self::RateLimited { retry_after } => {
                let response = error(429).into_response();
                match retry_after {
                    Some(text) => response.with(RETRY_AFTER, text),
                    None => response,
                }
            }
            Self::Gateway(code) => Response::typed(*code, "text/html", PAGE),
            Self::Bare(code) => Response::new(status_of(*code), Body::empty()),
            Self::Html => Response::typed(200, "text/html; charset=utf-8", PAGE),
            Self::Empty => ok(Bytes::new()),
            Self::EnvelopedError(code) => {
                let object = json!({"status": code, "content": error(*code).object});
                ok(object.to_string().into())
            }
            Self::ErrorWith200(code) => ok(error(*code).object.to_string().into()),
            Self::Reply {
                status,
                headers,
                body,
            } => {
                let mut response = Response::new(status_of(*status), Body::Whole(body.clone()));
                for (name, value) in headers {
                    response.add(name, value);
                }
                for name in [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION] {
                    response.headers.remove(name);
                }
                response
            }
            Self::Redirect { status, location } => {
                Response::new(status_of(*status), Body::empty()).with(LOCATION, location)
            }
            Self::InvalidUtf8 => ok(Bytes::from_static(b"{\"id\":\"\xC3\x28\xFF\"}")),
            Self::InvalidJson => ok("{\"id\":\"5f0c\",\"lineItems\":[{},}".into()),
            Self::OtherShape => ok("[1,2,3]".into()),
            Self::DeepNesting(depth) => ok(("[".repeat(*depth) + &"]".repeat(*depth)).into()),
            Self::GzipBomb(size) => {
                let mut response = ok(Bytes::new()).with(CONTENT_ENCODING, "gzip");
                response.body = bomb(*size);
                response
            }
            _ => return None,
        })
    }

    /// Changes the response, or hands a fault of the wire to whoever sends it.
    fn change(&self, response: &mut Response) {
        match self {
            // The core has changed the response already.
            Self::StaleNonce => {}
            Self::ContentType(Some(text)) => response.set(CONTENT_TYPE, text),
            Self::ContentType(None) => drop(response.headers.remove(CONTENT_TYPE)),
            Self::Header(name, value) => {
                response.headers.remove(name);
                response.add(name, value);
            }
            Self::HugeHeader(size) => response.add("x-huge", &"a".repeat(*size)),
            Self::Body(bytes) => {
                response.headers.remove(CONTENT_ENCODING);
                response.body = Body::Whole(bytes.clone());
            }
            Self::HalfBody => response.change_body(|body| {
                let bytes = body.into_bytes();
                Body::Whole(bytes.slice(..bytes.len() / 2))
            }),
            Self::Detail(text) => response.change_body(|body| {
                let object = serde_json::from_slice(&body.into_bytes());
                let mut object: Value = object.unwrap_or_default();
                object["detail"] = text.as_str().into();
                Body::Whole(object.to_string().into())
            }),
            Self::ContentCoding { name, members } => {
                response.set(CONTENT_ENCODING, name);
                if *members > 0 {
                    response.change_body(|body| pack(&body.into_bytes(), *members));
                }
            }
            wire => response.fault = Some(wire.clone()),
        }
    }
}

/// The gzip form of `bytes` in that many members.
fn pack(bytes: &Bytes, members: usize) -> Body {
    let cut = |number: usize| bytes.len() * number / members;
    let member = |number: usize| Body::Whole(bytes.slice(cut(number)..cut(number + 1)));
    let packed = (0..members).flat_map(|number| member(number).gzip().into_bytes());
    Body::Whole(packed.collect())
}

/// A JSON string of `size` bytes, compressed while it is sent.
fn bomb(size: u64) -> Body {
    let block = Bytes::from(vec![b'a'; 64 * 1024]);
    let quote = || std::iter::once(Bytes::from_static(b"\""));
    let blocks = size.saturating_sub(2).div_ceil(block.len() as u64);
    let blocks = (0..blocks).map(move |_| block.clone());
    Body::Pieces(Box::new(quote().chain(blocks).chain(quote()))).gzip()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn strikes(on: On, requests: &[(Operation, &Request)]) -> Vec<bool> {
        let mut rule = Rule::new(on, Fault::Html);
        let strike = |(operation, request): &(Operation, &Request)| {
            rule.strike(*operation, request).is_some()
        };
        requests.iter().map(strike).collect()
    }

    #[test]
    fn requests_are_counted_among_their_like() {
        let plain = Request::get("/");
        let signed = Request::get("/").header(AUTHORIZATION, "Bearer x");
        let poll = Operation::Poll;
        let all = [
            (poll, &plain),
            (Operation::Invoice, &plain),
            (poll, &signed),
            (poll, &plain),
        ];
        let on_poll = || On::operation(poll);
        for (on, want) in [
            (On::any(), "1111"),
            (On::any().nth(2), "0100"),
            (on_poll().nth(2), "0010"),
            (on_poll().first(2), "1010"),
            (on_poll().from(2), "0011"),
            (On::any().every(2), "0101"),
            (on_poll().from(2).every(3), "0001"),
            (On::any().signed(), "0010"),
            (on_poll().unsigned().nth(2), "0001"),
        ] {
            let want: Vec<bool> = want.chars().map(|c| c == '1').collect();
            assert_eq!(strikes(on.clone(), &all), want, "{on:?}");
        }
    }

    fn struck(fault: &Fault) -> Response {
        fault.strike(|| Response::typed(200, "text/csv", "a,b\n1,2\n"))
    }

    #[test]
    fn faults_combine() {
        let fault = Fault::Status(403)
            .and(Fault::Detail("\u{1b}[31m\nx".to_owned()))
            .and(Fault::Header("Retry-After".to_owned(), "75".to_owned()))
            .and(Fault::Close(At::Body(9)));
        let response = struck(&fault);
        assert_eq!(response.headers["retry-after"], "75");
        assert_eq!(response.headers["x-error-code"], "USER_UNAUTHORIZED");
        assert_eq!(response.fault, Some(Fault::Close(At::Body(9))));
        let object: Value = serde_json::from_slice(&response.body.into_bytes()).unwrap();
        assert_eq!(object["detail"], "\u{1b}[31m\nx");
        assert_eq!(object["errorCode"], "USER_UNAUTHORIZED");
    }

    #[test]
    fn bodies_are_replaced_halved_and_packed() {
        let body = |fault| struck(&fault).body.into_bytes();
        assert_eq!(body(Fault::Body("{}".into())), "{}");
        assert_eq!(body(Fault::HalfBody), "a,b\n");
        assert_eq!(body(Fault::DeepNesting(3)), "[[[]]]");
        let coding = |name: &str, members| Fault::ContentCoding {
            name: name.to_owned(),
            members,
        };
        assert_eq!(body(coding("br", 0)), "a,b\n1,2\n");
        let response = struck(&coding("GZIP", 3));
        assert_eq!(response.headers[CONTENT_ENCODING], "GZIP");
        let packed = response.body.into_bytes();
        let mut plain = String::new();
        let mut all = flate2::read::MultiGzDecoder::new(&packed[..]);
        all.read_to_string(&mut plain).unwrap();
        assert_eq!(plain, "a,b\n1,2\n");
        let mut first = String::new();
        let mut one = flate2::read::GzDecoder::new(&packed[..]);
        one.read_to_string(&mut first).unwrap();
        assert_eq!(first, "a,");
        assert!(bomb(10 << 20).into_bytes().len() < 64 * 1024);
    }
}
