//! What can go wrong, and when it does.

mod content;
mod gzip;
mod on;

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

pub use on::On;
pub(crate) use on::Rule;

pub(crate) use content::{replace, spoil};
pub(crate) use gzip::compress;

/// Where on its way an answer is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum At {
    /// After the request was read, before a byte of the answer.
    BeforeHead,
    /// In the middle of the answer's head.
    InHead,
    /// After the head, before a byte of the body.
    AfterHead,
    /// After that many bytes of the body.
    Body(u64),
}

/// What follows a `102 Processing` that was sent as an interim answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum After102 {
    /// The connection is closed.
    Close,
    /// Nothing more comes, and the connection stays open.
    Silence,
    /// A body, as if 102 could have one.
    Body,
    /// Bytes that are no HTTP.
    Garbage,
    /// The real answer, as HTTP means it.
    Answer,
    /// The stream ends with the 102 (HTTP/2; on HTTP/1.1 the same as `Close`).
    EndOfStream,
}

/// One step of a scripted connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Sends these bytes as they are.
    Send(Bytes),
    /// Waits.
    Wait(Duration),
    /// Closes the connection with a TCP reset; without it the script's end closes it politely.
    Reset,
}

/// Something that goes wrong with one answer.
///
/// Faults of content come through both fronts. Faults of the wire (marked so) need
/// [`StandIn::start_raw`](crate::StandIn::start_raw): the polite front answers 501 in their place
/// and says why.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// This status with an error object, instead of the answer.
    Status(u16),
    /// This status with an error object of this code, such as 403 and
    /// `IP_ADDRESS_NOT_ON_ACCESS_LIST`.
    Error {
        /// The status.
        status: u16,
        /// The `errorCode`.
        code: String,
    },
    /// 429 with an error object and this `Retry-After`, if any.
    RateLimited {
        /// The header's value: seconds, a date, or something no client understands.
        retry_after: Option<String>,
    },
    /// This status with an HTML page, as a gateway answers.
    Gateway(u16),
    /// This status with neither type nor body.
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
    /// This answer instead.
    Reply {
        /// The status.
        status: u16,
        /// The headers; one that cannot be sent is left out, and so are those of the transfer
        /// (`Content-Length`, `Transfer-Encoding`, `Connection`), which the front adds. What they
        /// can do wrong is a [`Script`](Self::Script)'s.
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
    /// The right answer under this `Content-Type`, or none.
    ContentType(Option<String>),
    /// 200 and a body that is JSON but for its UTF-8.
    InvalidUtf8,
    /// 200 and a body that starts as JSON and is none.
    InvalidJson,
    /// 200 and JSON of another shape: an array of numbers.
    OtherShape,
    /// 200 and arrays nested that deep.
    DeepNesting(usize),
    /// 200 and a gzip body that unpacks to that many bytes of JSON string.
    GzipBomb(u64),
    /// The right answer with one header of that many bytes added.
    HugeHeader(usize),

    /// Wire: the connection is closed in an orderly way (FIN).
    Close(At),
    /// Wire: the connection is reset (RST).
    Reset(At),
    /// Wire: nothing more is sent, and the connection stays open until the client goes.
    Stall(At),
    /// Wire: the right answer is the last one: the connection ends with it, and no further one is
    /// accepted, so that the next request is refused.
    ThenRefuse,
    /// Wire: the answer starts this much later.
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
    /// Wire: that many interim answers, 102, before the real one.
    Flood(u32),
    /// Wire: a `Content-Length` off by so many bytes from what is sent, then the close.
    WrongLength(i64),
    /// Wire: this `Content-Length`, with the real body, then silence.
    AnnouncedLength(u64),
    /// Wire: bytes that are no HTTP instead of an answer, then the close.
    Garbage,
    /// Wire: these steps instead of an answer, then the close.
    Script(Vec<Step>),
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
    /// Wire: `GOAWAY` with this code (HTTP/2) instead of an answer, which names the request as not
    /// seen to; on HTTP/1.1 an orderly close.
    GoAway(u32),
}

impl Fault {
    /// Whether only the raw front can do it.
    pub fn is_of_the_wire(&self) -> bool {
        matches!(
            self,
            Self::Close(_)
                | Self::Reset(_)
                | Self::Stall(_)
                | Self::ThenRefuse
                | Self::Delay(_)
                | Self::Trickle { .. }
                | Self::Bare102(_)
                | Self::Flood(_)
                | Self::WrongLength(_)
                | Self::AnnouncedLength(_)
                | Self::Garbage
                | Self::Script(_)
                | Self::StreamReset(_)
                | Self::StreamResetInBody { .. }
                | Self::GoAway(_)
        )
    }
}

/// A status out of a number a scenario gave; what is no status becomes 500.
pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
