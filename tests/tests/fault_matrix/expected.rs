//! What must come out of each cell.

use std::fmt;

use atlas_billing::ErrorKind;
use atlas_billing_tests::protocol::Protocol;

use super::faults::{Arrived, FaultRow, Shape, Sort};
use super::rows::Row;

/// How many attempts a call makes in this matrix.
pub(crate) const ATTEMPTS: u32 = 3;
/// How many attempts the token endpoint gets that says it is busy.
const TOKEN_ATTEMPTS: u32 = 8;
/// How many ambiguous polls the matrix's policy makes, a second apart; one that falls silent
/// outlasts its tolerance at once.
const AMBIGUOUS_POLLS: u32 = 5;
/// How many polls it makes to its deadline where the rate limit is reached.
const LIMITED_POLLS: u32 = 6;
/// How often a request is sent whose signature a fresh nonce may mend.
const SENDS: u32 = 5;
/// How often in a row a download may break without much in between, and is begun again.
const BREAKS: u32 = 5;
/// How many new URLs a download obtains in a row.
const NEW_URLS: u32 = 3;
/// How often reqwest sends a request that the server says it has not processed.
const REQWEST_SENDS: u32 = 3;

/// What comes out of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The undisturbed result.
    Result,
    /// A file that is short, since nothing says so.
    Short,
    /// An error of this kind.
    Error(ErrorKind),
}

/// What must come out of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// This, after so many requests, those for signing in included: from `least` to `most`, which
    /// differ only where it depends on how soon a dead connection is found dead.
    Must { fate: Fate, least: u32, most: u32 },
    /// There is no such cell, and why.
    Cannot(&'static str),
}

impl Cell {
    const fn must(fate: Fate, requests: u32) -> Self {
        Self::Must {
            fate,
            least: requests,
            most: requests,
        }
    }
}

/// What must come of `fault`, which strikes `row` `once` or each time.
pub(crate) fn of(row: Row, fault: &FaultRow, protocol: Protocol, once: bool) -> Cell {
    if fault.http2_only && protocol == Protocol::Http1 {
        return Cell::Cannot("HTTP/1.1 has neither streams nor GOAWAY");
    }
    if once && matches!(fault.sort, Sort::NoConnection(_)) {
        return Cell::Cannot("a port cannot open between two attempts without a race");
    }
    let way = Way::of(row);
    let at = At { row, way, once };
    use ErrorKind::{Decode, Rejected, Timeout, TooLarge, Truncated};
    if let (Way::Download, Some(cell)) = (way, at.download(fault, protocol)) {
        return cell;
    }
    match fault.sort {
        Sort::NoConnection(kind) => Cell::must(Fate::Error(kind), 0),
        Sort::BrokenHead | Sort::HugeHead => at.broken(Truncated),
        Sort::SilentHead => at.broken(Timeout),
        Sort::SilentConnection => at.dead(protocol),
        Sort::BrokenBody(arrived) => at.body(Truncated, arrived.begun()),
        Sort::SilentBody(arrived) => at.body(Timeout, arrived.begun()),
        Sort::Harmless => at.result(0),
        // A body that is longer than announced is a stream error on HTTP/2 (RFC 9113 section
        // 8.1.1), and a shorter body on HTTP/1.1.
        Sort::Shortened if protocol == Protocol::Http2 => at.body(Truncated, false),
        Sort::Shortened | Sort::Half => match (row, way) {
            (_, Way::Unsigned) => at.result(0),
            (Row::Items, _) => at.last(Truncated),
            (_, Way::File) => Cell::must(Fate::Short, row.least()),
            (_, Way::Token) => at.last(Decode),
            _ => at.broken(Truncated),
        },
        Sort::Coded if way == Way::Unsigned => at.result(0),
        Sort::Coded => at.last(Decode),
        Sort::Redirect => at.last(Rejected),
        Sort::Unauthorized { stale } => at.unauthorized(stale, fault.times),
        Sort::Status { code, inside } => at.status(code, inside),
        Sort::Limited { too_long } => at.limited(too_long),
        Sort::NotTheValue(shape) => match (shape, row) {
            (Shape::Empty, Row::Invoice | Row::Items) => at.body(Truncated, true),
            (Shape::Empty, _) if way == Way::Poll => at.transient(Truncated),
            // No token is larger than 64 KiB; more is not read.
            (Shape::Long, Row::Token) => at.last(TooLarge),
            _ => at.last(Decode),
        },
        // No invoice begins like this one: that is seen before it unfolds.
        Sort::TooLarge if matches!(row, Row::Invoice | Row::Items) => at.last(Decode),
        Sort::TooLarge => at.last(TooLarge),
        Sort::NotProcessed => match (once, way) {
            // The stand-in did count it, and takes the same nonce count for a replay.
            (true, _) if row == Row::Signed => at.result(2),
            (true, _) => at.broken(Truncated),
            (false, Way::Poll) => at.error(Truncated, AMBIGUOUS_POLLS * REQWEST_SENDS),
            (false, _) => at.error(Truncated, ATTEMPTS * REQWEST_SENDS),
        },
    }
}

/// The way that a row's requests take, as far as failures go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Read whole, and retried as a whole.
    Whole,
    /// Polled until there is a result.
    Poll,
    /// Retried to its head, then handed on as it arrives.
    File,
    /// Downloaded from a host of its own, by a URL, and resumed where it breaks.
    Download,
    /// Signing in.
    Token,
    /// The unsigned request that brings the challenge: its body is not read where it is 401.
    Unsigned,
}

impl Way {
    fn of(row: Row) -> Self {
        match row {
            Row::Create | Row::Invoice | Row::List | Row::Signed => Self::Whole,
            Row::Orgs | Row::Projects | Row::Clusters | Row::Skus | Row::Sku => Self::Whole,
            Row::Pending | Row::Search | Row::Associated => Self::Whole,
            Row::CreateReport | Row::Reports => Self::Whole,
            Row::Poll | Row::ResultJson | Row::PollReport => Self::Poll,
            Row::Download => Self::Download,
            Row::ResultCsv | Row::InvoiceCsv | Row::Items => Self::File,
            Row::Token => Self::Token,
            Row::Unsigned => Self::Unsigned,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct At {
    row: Row,
    way: Way,
    once: bool,
}

impl At {
    /// The result, after so many requests more than without the fault.
    fn result(self, more: u32) -> Cell {
        Cell::must(Fate::Result, self.row.least() + more)
    }

    /// An error, after so many requests that were struck.
    fn error(self, kind: ErrorKind, struck: u32) -> Cell {
        Cell::must(Fate::Error(kind), self.row.before() + struck)
    }

    /// An error that no other attempt would mend.
    fn last(self, kind: ErrorKind) -> Cell {
        self.error(kind, 1)
    }

    /// A failure that another attempt may mend, told by a response.
    fn transient(self, kind: ErrorKind) -> Cell {
        match (self.once, self.way) {
            (true, _) => self.result(1),
            (false, Way::Poll) => self.error(kind, AMBIGUOUS_POLLS),
            (false, _) => self.error(kind, ATTEMPTS),
        }
    }

    /// The same where a response was on its way: to the stand-in, a poll was made.
    fn broken(self, kind: ErrorKind) -> Cell {
        match (self.once, self.row, kind) {
            (true, Row::Poll | Row::PollReport, _) => self.result(0),
            (false, _, ErrorKind::Timeout) if self.way == Way::Poll => self.last(kind),
            _ => self.transient(kind),
        }
    }

    /// A failure after the head.
    fn body(self, kind: ErrorKind, begun: bool) -> Cell {
        match self.way {
            Way::Unsigned => self.result(0),
            // What was handed on cannot be taken back: the stream of items right after the head,
            // a file with its first piece.
            Way::File if begun || self.row == Row::Items => self.last(kind),
            _ => self.broken(kind),
        }
    }

    /// A connection that says nothing more. Over HTTP/2 later attempts may be lost on it,
    /// too, until it is found dead.
    fn dead(self, protocol: Protocol) -> Cell {
        let alone = self.broken(ErrorKind::Timeout);
        match (protocol, alone) {
            (Protocol::Http2, Cell::Must { fate, least, most }) => Cell::Must {
                fate,
                least: least.saturating_sub(1),
                most: most + 1,
            },
            _ => alone,
        }
    }

    /// What is different for a download: the host knows neither credentials nor envelopes, a URL that
    /// it refuses is replaced, and what has arrived is not asked for again.
    fn download(self, fault: &FaultRow, protocol: Protocol) -> Option<Cell> {
        let (kind, arrived) = match fault.sort {
            Sort::BrokenBody(arrived) => (ErrorKind::Truncated, arrived),
            Sort::SilentBody(arrived) => (ErrorKind::Timeout, arrived),
            // The frame that is too much is lost.
            Sort::Shortened if protocol == Protocol::Http2 => {
                (ErrorKind::Truncated, Arrived::Nothing)
            }
            Sort::Shortened | Sort::Half => return Some(Cell::must(Fate::Short, self.row.least())),
            // Whether it is compressed is told by its first bytes.
            Sort::Coded => return Some(self.result(0)),
            Sort::NotTheValue(Shape::Text) => {
                return Some(Cell::must(Fate::Short, self.row.least()));
            }
            Sort::Status { inside: true, .. } => return Some(self.last(ErrorKind::Decode)),
            // Each refusal costs a poll for another URL, and a download by it.
            Sort::Unauthorized { .. } | Sort::Status { code: ..500, .. } => {
                return Some(match self.once {
                    true => self.result(2 * fault.times as u32),
                    false => self.error(ErrorKind::Rejected, 1 + 2 * NEW_URLS),
                });
            }
            _ => return None,
        };
        Some(match (arrived, self.once) {
            // Nothing is left to ask for, which the host says; then the file from its beginning.
            (Arrived::All, true) => self.result(2),
            (Arrived::All, false) => self.error(kind, 1 + 2 * BREAKS),
            (_, true) => self.result(1),
            (Arrived::Part, false) => Cell::Cannot("each download brings a part, the last one all"),
            (_, false) => self.error(kind, 1 + BREAKS),
        })
    }

    fn unauthorized(self, stale: bool, times: u64) -> Cell {
        match (self.row, stale) {
            (Row::Token, _) => self.last(ErrorKind::Unauthorized),
            // Any challenge will do for a first one.
            (Row::Unsigned, true) => self.result(0),
            // There is no challenge in it to respond to.
            (Row::Unsigned | Row::Signed, false) => self.last(ErrorKind::Unauthorized),
            (Row::Signed, true) if self.once => self.result(times as u32),
            // The key is not to blame.
            (Row::Signed, true) => self.error(ErrorKind::Service, SENDS),
            // A new token, and the request once more.
            _ if self.once && times == 1 => self.result(2),
            _ => self.error(ErrorKind::Unauthorized, 3),
        }
    }

    fn status(self, code: u16, inside: bool) -> Cell {
        let kind = match (self.way, code) {
            (Way::Token, _) if inside => return self.last(ErrorKind::Decode),
            (Way::Token, 400 | 403) => ErrorKind::Unauthorized,
            (_, 403) => ErrorKind::Forbidden,
            (_, 404) => ErrorKind::NotFound,
            (_, 406) => ErrorKind::VersionNotAcceptable,
            (_, 407) => ErrorKind::Proxy,
            (_, 410) => ErrorKind::VersionGone,
            (_, 500..) => ErrorKind::Service,
            _ => ErrorKind::Rejected,
        };
        match (code, self.way) {
            (502..=504, Way::File) if inside && self.row == Row::Items => self.last(kind),
            (502..=504, _) => self.transient(kind),
            _ => self.last(kind),
        }
    }

    fn limited(self, too_long: bool) -> Cell {
        match (self.way, self.once) {
            // What is to be waited for ends after the deadline.
            (Way::Poll, _) if too_long => self.last(ErrorKind::NotReady),
            // A clear response, if not to the question: the polling goes on, to its deadline.
            (Way::Poll, true) => self.result(1),
            (Way::Poll, false) => self.error(ErrorKind::NotReady, LIMITED_POLLS),
            _ if too_long => self.last(ErrorKind::RateLimited),
            (Way::Token, false) => self.error(ErrorKind::RateLimited, TOKEN_ATTEMPTS),
            _ => self.transient(ErrorKind::RateLimited),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Must { fate, least, most } if least == most => write!(f, "{fate} ({most})"),
            Self::Must { fate, least, most } => write!(f, "{fate} ({least} to {most})"),
            Self::Cannot(_) => f.write_str("-"),
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Result => f.write_str("result"),
            Self::Short => f.write_str("short"),
            Self::Error(kind) => f.write_str(kind.as_str()),
        }
    }
}
