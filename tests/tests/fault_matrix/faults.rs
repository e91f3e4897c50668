//! The columns: what goes wrong.

use atlas_billing::ErrorKind;
use atlas_billing_mock::{After102, At, Fault};

/// What of the call's surroundings a fault is made from.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// The length of the undisturbed body.
    pub(crate) body: u64,
    /// The origin of another host.
    pub(crate) elsewhere: String,
}

/// What a fault is to the client, and so what must come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// No connection at all: nothing is sent, and the error is of this kind.
    NoConnection(ErrorKind),
    /// No response: the connection breaks before the head is there.
    BrokenHead,
    /// The head is there and so much of the body, and the connection breaks.
    BrokenBody(Arrived),
    /// No response in time.
    SilentHead,
    /// Nothing more on the whole connection, in the middle of the head: HTTP/2 sends other
    /// requests over it still.
    SilentConnection,
    /// The head is there and so much of the body, and then nothing more.
    SilentBody(Arrived),
    /// The response comes, if after a detour.
    Harmless,
    /// The body is shorter than it was, and HTTP/1.1 cannot tell.
    Shortened,
    /// The body is half of what it was, and its length matches.
    Half,
    /// The right response in a content coding that the client does not know.
    Coded,
    /// A redirect to another host.
    Redirect,
    /// 401; `stale` says that only the nonce was rejected.
    Unauthorized { stale: bool },
    /// A failing status; `inside` a 200, in an envelope or as a bare error object.
    Status { code: u16, inside: bool },
    /// 429, which names a time that is too long to wait for, or a short one, or none.
    Limited { too_long: bool },
    /// A success whose body is not what was requested.
    NotTheValue(Shape),
    /// A body that is more than anyone wants to keep.
    TooLarge,
    /// A head that is more than the HTTP client takes.
    HugeHead,
    /// HTTP/2's word that the request was not processed: reqwest itself sends it again.
    NotProcessed,
}

/// How much of a body arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrived {
    Nothing,
    OneByte,
    /// Half of it or more.
    Part,
    /// All of it, but more is announced.
    All,
}

impl Arrived {
    pub(crate) fn begun(self) -> bool {
        self != Self::Nothing
    }
}

/// What a body looks like that is not the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Something that is not JSON or CSV, or another value.
    Other,
    Empty,
    /// Text under the name of gzip.
    Text,
    /// Longer than any access token.
    Long,
}

/// A fault, by name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FaultRow {
    pub(crate) name: &'static str,
    pub(crate) sort: Sort,
    /// Makes it; none for what is no response of a server.
    pub(crate) make: Option<fn(&Site) -> Fault>,
    /// Whether it is a thing of HTTP/2 alone.
    pub(crate) http2_only: bool,
    /// How many requests it strikes where it does not strike all.
    pub(crate) times: u64,
    /// The error code that its error must have.
    pub(crate) error_code: Option<&'static str>,
}

const fn fault(name: &'static str, sort: Sort, make: fn(&Site) -> Fault) -> FaultRow {
    FaultRow {
        name,
        sort,
        make: Some(make),
        http2_only: false,
        times: 1,
        error_code: None,
    }
}

const fn no_connection(name: &'static str, kind: ErrorKind) -> FaultRow {
    FaultRow {
        make: None,
        ..fault(name, Sort::NoConnection(kind), |_| Fault::Empty)
    }
}

const CODE: &str = "IP_ADDRESS_NOT_ON_ACCESS_LIST";

/// 403 with an error object that is larger than what is read of one.
const fn forbidden(name: &'static str, make: fn(&Site) -> Fault) -> FaultRow {
    FaultRow {
        error_code: Some(CODE),
        ..status(name, 403, make)
    }
}

fn long_error() -> Fault {
    let code = CODE.to_owned();
    Fault::Error { status: 403, code }.and(Fault::Detail("x".repeat(100_000)))
}

fn coding(name: &str, members: usize) -> Fault {
    let name = name.to_owned();
    Fault::ContentCoding { name, members }
}

const fn http2(name: &'static str, sort: Sort, make: fn(&Site) -> Fault) -> FaultRow {
    FaultRow {
        http2_only: true,
        ..fault(name, sort, make)
    }
}

const fn status(name: &'static str, code: u16, make: fn(&Site) -> Fault) -> FaultRow {
    let inside = false;
    fault(name, Sort::Status { code, inside }, make)
}

fn limited(retry_after: Option<&str>) -> Fault {
    Fault::RateLimited {
        retry_after: retry_after.map(str::to_owned),
    }
}

fn reply(headers: &[(&str, &str)], body: &'static [u8]) -> Fault {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Fault::Reply {
        status: 200,
        headers: headers.iter().map(own).collect(),
        body: body.into(),
    }
}

const JSON: &str = "application/vnd.atlas.2023-01-01+json;charset=utf-8";

use Sort::*;

/// All of them.
pub(crate) const ALL: &[FaultRow] = &[
    no_connection("connection refused", ErrorKind::Connect),
    no_connection("certificate of an unknown issuer", ErrorKind::Tls),
    no_connection("proxy that responds 407", ErrorKind::Proxy),
    fault("closed before the head", BrokenHead, |_| {
        Fault::Close(At::BeforeHead)
    }),
    fault("closed in the head", BrokenHead, |_| {
        Fault::Close(At::InHead)
    }),
    fault(
        "closed after the head",
        BrokenBody(Arrived::Nothing),
        |_| Fault::Close(At::AfterHead),
    ),
    fault("closed after 1 byte", BrokenBody(Arrived::OneByte), |_| {
        Fault::Close(At::Body(1))
    }),
    fault("closed half-way", BrokenBody(Arrived::Part), |site| {
        Fault::Close(At::Body(site.body / 2))
    }),
    fault("closed near the end", BrokenBody(Arrived::Part), |site| {
        Fault::Close(At::Body(site.body * 9 / 10))
    }),
    fault("reset before the head", BrokenHead, |_| {
        Fault::Reset(At::BeforeHead)
    }),
    fault("reset in the head", BrokenHead, |_| {
        Fault::Reset(At::InHead)
    }),
    fault("reset after the head", BrokenBody(Arrived::Nothing), |_| {
        Fault::Reset(At::AfterHead)
    }),
    fault("reset half-way", BrokenBody(Arrived::Part), |site| {
        Fault::Reset(At::Body(site.body / 2))
    }),
    fault("stall before the head", SilentHead, |_| {
        Fault::Stall(At::BeforeHead)
    }),
    fault("stall in the head", SilentConnection, |_| {
        Fault::Stall(At::InHead)
    }),
    fault("stall after the head", SilentBody(Arrived::Nothing), |_| {
        Fault::Stall(At::AfterHead)
    }),
    fault("stall half-way", SilentBody(Arrived::Part), |site| {
        Fault::Stall(At::Body(site.body / 2))
    }),
    fault("102, then closed", BrokenHead, |_| {
        Fault::Bare102(After102::Close)
    }),
    fault("102, then silence", SilentHead, |_| {
        Fault::Bare102(After102::Silence)
    }),
    fault("102 with a body", BrokenHead, |_| {
        Fault::Bare102(After102::Body)
    }),
    fault("102, then garbage", BrokenHead, |_| {
        Fault::Bare102(After102::Garbage)
    }),
    http2("102 ends the stream", BrokenHead, |_| {
        Fault::Bare102(After102::EndOfStream)
    }),
    fault("102, then the response", Harmless, |_| {
        Fault::Bare102(After102::Response)
    }),
    fault("a flood of 500 times 102", Harmless, |_| Fault::Flood(500)),
    fault("no HTTP at all", BrokenHead, |_| Fault::Garbage),
    fault(
        "length announced too long",
        BrokenBody(Arrived::All),
        |_| Fault::WrongLength(7),
    ),
    fault("length announced too short", Shortened, |_| {
        Fault::WrongLength(-7)
    }),
    fault("a terabyte announced", SilentBody(Arrived::All), |_| {
        Fault::AnnouncedLength(1 << 40)
    }),
    fault("another content type", Harmless, |_| {
        Fault::ContentType(Some("text/plain".to_owned()))
    }),
    fault("no content type", Harmless, |_| Fault::ContentType(None)),
    fault("gzip of several members", Harmless, |_| coding("gzip", 3)),
    fault("x-gzip, GZIP", Harmless, |_| coding("X-GZIP", 1)),
    fault("content coding that stays", Coded, |_| coding("br", 0)),
    fault("HTML with 200", NotTheValue(Shape::Other), |_| Fault::Html),
    fault("200, empty", NotTheValue(Shape::Empty), |_| Fault::Empty),
    fault(
        "200 without type or body",
        NotTheValue(Shape::Empty),
        |_| Fault::Bare(200),
    ),
    fault("204", NotTheValue(Shape::Empty), |_| Fault::Bare(204)),
    fault("half a document", Half, |_| Fault::HalfBody),
    fault("301 to another host", Redirect, |site| Fault::Redirect {
        status: 301,
        location: format!("{}/api/atlas/v2/elsewhere", site.elsewhere),
    }),
    fault("307 to another host", Redirect, |site| Fault::Redirect {
        status: 307,
        location: format!("{}/api/atlas/v2/elsewhere", site.elsewhere),
    }),
    status("400", 400, |_| Fault::Status(400)),
    fault("401", Unauthorized { stale: false }, |_| Fault::Status(401)),
    fault("401, stale nonce", Unauthorized { stale: true }, |_| {
        Fault::StaleNonce
    }),
    FaultRow {
        times: 2,
        ..fault("401, stale twice", Unauthorized { stale: true }, |_| {
            Fault::StaleNonce
        })
    },
    status("403", 403, |_| Fault::Status(403)),
    forbidden("403, error body above the limit", |_| long_error()),
    forbidden("403, error body truncated", |_| {
        long_error().and(Fault::Close(At::Body(50_000)))
    }),
    status("404", 404, |_| Fault::Status(404)),
    status("406", 406, |_| Fault::Status(406)),
    status("407", 407, |_| Fault::Status(407)),
    status("410", 410, |_| Fault::Status(410)),
    fault("429", Limited { too_long: false }, |_| limited(None)),
    fault("429, Retry-After: 1", Limited { too_long: false }, |_| {
        limited(Some("1"))
    }),
    fault("429, Retry-After: 7200", Limited { too_long: true }, |_| {
        limited(Some("7200"))
    }),
    fault(
        "429, Retry-After: soon",
        Limited { too_long: false },
        |_| limited(Some("soon")),
    ),
    status("500", 500, |_| Fault::Status(500)),
    status("502, HTML", 502, |_| Fault::Gateway(502)),
    status("503", 503, |_| Fault::Status(503)),
    status("504, no body", 504, |_| Fault::Bare(504)),
    fault(
        "404 in an envelope",
        Status {
            code: 404,
            inside: true,
        },
        |_| Fault::EnvelopedError(404),
    ),
    fault(
        "503 in an envelope",
        Status {
            code: 503,
            inside: true,
        },
        |_| Fault::EnvelopedError(503),
    ),
    fault(
        "error object with 200",
        Status {
            code: 403,
            inside: true,
        },
        |_| Fault::ErrorWith200(403),
    ),
    fault("invalid UTF-8", NotTheValue(Shape::Other), |_| {
        Fault::InvalidUtf8
    }),
    fault("invalid JSON", NotTheValue(Shape::Other), |_| {
        Fault::InvalidJson
    }),
    fault("JSON of another shape", NotTheValue(Shape::Other), |_| {
        Fault::OtherShape
    }),
    fault("100,000 arrays deep", NotTheValue(Shape::Long), |_| {
        Fault::DeepNesting(100_000)
    }),
    fault("gzip that is none", NotTheValue(Shape::Text), |_| {
        reply(
            &[("content-type", JSON), ("content-encoding", "gzip")],
            b"not packed at all",
        )
    }),
    fault("a gzip bomb of 2 MiB", TooLarge, |_| {
        Fault::GzipBomb(2 << 20)
    }),
    fault("a header of 1 MB", HugeHead, |_| {
        Fault::HugeHeader(1_000_000)
    }),
    http2("GOAWAY, protocol error", BrokenHead, |_| Fault::GoAway(1)),
    http2("GOAWAY, no error", NotProcessed, |_| Fault::GoAway(0)),
    http2("RST_STREAM, internal error", BrokenHead, |_| {
        Fault::StreamReset(2)
    }),
    http2("RST_STREAM, refused", NotProcessed, |_| {
        Fault::StreamReset(7)
    }),
    http2(
        "RST_STREAM in the body",
        BrokenBody(Arrived::Part),
        |site| Fault::StreamResetInBody {
            code: 2,
            after: site.body / 2,
        },
    ),
];
