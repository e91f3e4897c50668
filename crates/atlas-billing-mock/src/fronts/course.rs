//! What a front has to do for a fault, in terms of bytes and waits.

use std::time::Duration;

use bytes::Bytes;

use super::frames::{self, Rule};
use crate::fault::{After102, At, Fault, Step};

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// In an orderly way.
    Close,
    /// By a TCP reset.
    Reset,
    /// When the client goes.
    Stall,
}

/// What is announced as the body's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    Off(i64),
    As(u64),
}

/// The way an answer takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    /// The answer itself, more or less.
    Answer(Way),
    /// Other bytes in its place.
    Instead(Vec<Step>, Ending),
}

/// The way an answer takes over HTTP/2, where a connection carries other answers too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course2 {
    /// The answer itself, more or less.
    Answer(Way),
    /// The answer, its frames changed by the rule.
    Cut { rule: Rule },
    /// A 102, its frame changed by the rule, and nothing of ours after it.
    Interim { rule: Rule },
    /// The stream's end with this error code.
    Reset(u32),
    /// Other bytes in its place, at the cost of the connection.
    Instead(Vec<Step>, Ending),
}

/// How the answer itself is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Way {
    pub(super) delay: Duration,
    pub(super) interim: u32,
    pub(super) trickle: Option<(usize, Duration)>,
    pub(super) cut: Option<(At, Ending)>,
    pub(super) announced: Option<Announced>,
    /// Whether no connection is accepted from now on.
    pub(super) last: bool,
}

const INTERIM: &str = "HTTP/1.1 102 Processing\r\n\r\n";
const GARBAGE: &[u8] = b"\x00\xFFthis is no HTTP\r\n\r\n\x17\x03\x03";

/// The course of an answer over HTTP/1.1.
pub(super) fn over_http1(fault: Option<&Fault>) -> Course {
    let way = match fault {
        Some(Fault::Close(at)) => Way {
            cut: Some((*at, Ending::Close)),
            ..Way::default()
        },
        Some(Fault::Reset(at)) => Way {
            cut: Some((*at, Ending::Reset)),
            ..Way::default()
        },
        Some(Fault::Stall(at)) => Way {
            cut: Some((*at, Ending::Stall)),
            ..Way::default()
        },
        Some(Fault::ThenRefuse) => Way {
            last: true,
            ..Way::default()
        },
        Some(Fault::Delay(delay)) => Way {
            delay: *delay,
            ..Way::default()
        },
        Some(Fault::Trickle { bytes, pause }) => Way {
            trickle: Some(((*bytes).max(1), *pause)),
            ..Way::default()
        },
        Some(Fault::Bare102(After102::Answer)) => Way {
            interim: 1,
            ..Way::default()
        },
        Some(Fault::Bare102(after)) => return bare_102(*after),
        Some(Fault::Flood(count)) => Way {
            interim: *count,
            ..Way::default()
        },
        Some(Fault::WrongLength(off)) => Way {
            announced: Some(Announced::Off(*off)),
            ..Way::default()
        },
        Some(Fault::AnnouncedLength(length)) => Way {
            announced: Some(Announced::As(*length)),
            ..Way::default()
        },
        Some(Fault::Garbage) => return instead(GARBAGE, Ending::Close),
        Some(Fault::Script(steps)) => {
            return Course::Instead(steps.clone(), Ending::Close);
        }
        Some(Fault::StreamReset(_)) => Way {
            cut: Some((At::BeforeHead, Ending::Reset)),
            ..Way::default()
        },
        Some(Fault::StreamResetInBody { after, .. }) => Way {
            cut: Some((At::Body(*after), Ending::Reset)),
            ..Way::default()
        },
        Some(Fault::GoAway(_)) => Way {
            cut: Some((At::BeforeHead, Ending::Close)),
            ..Way::default()
        },
        _ => Way::default(),
    };
    Course::Answer(way)
}

/// The course of an answer over HTTP/2.
pub(super) fn over_http2(fault: Option<&Fault>, stream: u32) -> Course2 {
    let interim = |flags, then| Course2::Interim {
        rule: Rule::Head { flags, then },
    };
    let after_102 = |more: &'static [u8]| {
        let steps = [frames::interim(stream), Bytes::from_static(more)].map(Step::Send);
        Course2::Instead(steps.to_vec(), Ending::Close)
    };
    match fault {
        Some(Fault::Bare102(After102::Close)) => after_102(b""),
        Some(Fault::Bare102(After102::Garbage)) => after_102(GARBAGE),
        Some(Fault::Bare102(After102::Silence)) => interim(0, Bytes::new()),
        Some(Fault::Bare102(After102::EndOfStream)) => interim(frames::END_STREAM, Bytes::new()),
        Some(Fault::Bare102(After102::Body)) => {
            interim(0, frames::last_data(stream, b"{\"status\":102}"))
        }
        Some(Fault::StreamReset(code)) => Course2::Reset(*code),
        Some(Fault::StreamResetInBody { code, after }) => {
            let then = frames::reset(stream, *code);
            Course2::Cut {
                rule: Rule::CutBody {
                    after: *after,
                    then,
                },
            }
        }
        Some(Fault::GoAway(code)) => {
            // A stream that is named as seen to would be waited for.
            let step = Step::Send(frames::go_away(stream.saturating_sub(1), *code));
            Course2::Instead(vec![step], Ending::Close)
        }
        fault => match over_http1(fault) {
            Course::Answer(way) => Course2::Answer(way),
            Course::Instead(steps, ending) => Course2::Instead(steps, ending),
        },
    }
}

fn bare_102(after: After102) -> Course {
    match after {
        After102::Silence => instead(INTERIM.as_bytes(), Ending::Stall),
        After102::Body => {
            let with_body = "HTTP/1.1 102 Processing\r\ncontent-type: application/json\r\n\
                content-length: 14\r\n\r\n{\"status\":102}";
            instead(with_body.as_bytes(), Ending::Close)
        }
        After102::Garbage => {
            let mut bytes = INTERIM.as_bytes().to_vec();
            bytes.extend_from_slice(GARBAGE);
            Course::Instead(vec![Step::Send(bytes.into())], Ending::Close)
        }
        _ => instead(INTERIM.as_bytes(), Ending::Close),
    }
}

fn instead(bytes: &'static [u8], ending: Ending) -> Course {
    Course::Instead(vec![Step::Send(Bytes::from_static(bytes))], ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_content_change_no_course() {
        assert_eq!(over_http1(None), Course::Answer(Way::default()));
        assert_eq!(
            over_http1(Some(&Fault::Html)),
            Course::Answer(Way::default())
        );
    }

    #[test]
    fn every_fault_of_the_wire_changes_the_course() {
        for fault in [
            Fault::Close(At::BeforeHead),
            Fault::Reset(At::InHead),
            Fault::Stall(At::Body(3)),
            Fault::ThenRefuse,
            Fault::Delay(Duration::from_millis(1)),
            Fault::Trickle {
                bytes: 0,
                pause: Duration::ZERO,
            },
            Fault::Bare102(After102::Close),
            Fault::Bare102(After102::Answer),
            Fault::Flood(3),
            Fault::WrongLength(-1),
            Fault::AnnouncedLength(1 << 40),
            Fault::Garbage,
            Fault::Script(Vec::new()),
            Fault::StreamReset(8),
            Fault::StreamResetInBody { code: 8, after: 1 },
            Fault::GoAway(1),
        ] {
            assert!(fault.is_of_the_wire(), "{fault:?}");
            assert_ne!(
                over_http1(Some(&fault)),
                Course::Answer(Way::default()),
                "{fault:?}"
            );
        }
    }
}
