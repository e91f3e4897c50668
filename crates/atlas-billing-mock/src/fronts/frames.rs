//! HTTP/2 frames (RFC 9113): the few that are made by hand, and a filter that lets frames through
//! until it is told otherwise.

use std::collections::HashMap;

use bytes::{BufMut, Bytes, BytesMut};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
const HEAD: usize = 9;

/// The flag of a frame that ends its stream.
pub(super) const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame's bytes.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEAD + payload.len());
    frame.put_uint(payload.len() as u64, 3);
    frame.put_u8(kind);
    frame.put_u8(flags);
    frame.put_u32(stream);
    frame.extend_from_slice(payload);
    frame.freeze()
}

/// The head of a 102. Its one field is written so that it leaves the state of the compression
/// alone (RFC 7541, section 6.2.2; 8 is the index of `:status`).
pub(super) fn interim(stream: u32) -> Bytes {
    frame(HEADERS, END_HEADERS, stream, b"\x08\x03102")
}

/// A body, and its end.
pub(super) fn last_data(stream: u32, body: &[u8]) -> Bytes {
    frame(DATA, END_STREAM, stream, body)
}

/// The end of one stream, with an error code.
pub(super) fn reset(stream: u32, code: u32) -> Bytes {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

/// The end of the connection, with an error code; streams up to `last` may have been seen to.
pub(super) fn go_away(last: u32, code: u32) -> Bytes {
    let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
    frame(GOAWAY, 0, 0, &payload)
}

/// Where the connection's output stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Before the answer's head.
    BeforeHead,
    /// In the middle of it.
    InHead,
    /// After it.
    AfterHead,
    /// After so many bytes of the body.
    Body(u64),
}

/// What happens to the frames of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    /// All output of the connection stops there.
    Stop(Stop),
    /// The first head gets more flags, and is followed by these bytes.
    Head { flags: u8, then: Bytes },
    /// After so many bytes of the body come these bytes, and nothing more of the stream.
    CutBody { after: u64, then: Bytes },
}

/// Reads the frames that go by and applies the rules.
#[derive(Debug, Default)]
pub(super) struct Filter {
    rules: HashMap<u32, Rule>,
    /// The head of a frame, as far as it came.
    head: Vec<u8>,
    /// What is left of the frame's payload, and how much of that is let through.
    payload: usize,
    pass: usize,
    /// What follows the frame.
    then: Bytes,
    /// Streams of which nothing more is let through.
    muted: Vec<u32>,
    stop_after: bool,
    stopped: bool,
    /// What comes before the first frame: nothing of a server's does.
    data: HashMap<u32, u64>,
}

impl Filter {
    pub(super) fn set(&mut self, stream: u32, rule: Rule) {
        self.rules.insert(stream, rule);
    }

    /// Whether the output has stopped for good.
    pub(super) fn has_stopped(&self) -> bool {
        self.stopped
    }

    /// Appends to `out` what of `bytes` goes through.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut BytesMut) {
        while !bytes.is_empty() && !self.stopped {
            if self.payload > 0 {
                let taken = self.payload.min(bytes.len());
                let passed = self.pass.min(taken);
                out.extend_from_slice(&bytes[..passed]);
                self.payload -= taken;
                self.pass -= passed;
                bytes = &bytes[taken..];
                if self.payload == 0 || self.stop_after && self.pass == 0 {
                    self.end_frame(out);
                }
                continue;
            }
            let taken = (HEAD - self.head.len()).min(bytes.len());
            self.head.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if self.head.len() == HEAD {
                self.start_frame(out);
            }
        }
    }

    /// Decides about the frame whose head is complete.
    fn start_frame(&mut self, out: &mut BytesMut) {
        let mut head = std::mem::take(&mut self.head);
        let number = |bytes: &[u8]| bytes.iter().fold(0u32, |n, byte| n << 8 | u32::from(*byte));
        let length = number(&head[..3]) as usize;
        let (kind, stream) = (head[3], number(&head[5..]) & 0x7FFF_FFFF);
        (self.payload, self.pass) = (length, length);
        if self.muted.contains(&stream) && matches!(kind, DATA | HEADERS | RST_STREAM) {
            self.pass = 0;
        } else {
            match (kind, self.rules.get(&stream).cloned()) {
                (HEADERS, Some(Rule::Stop(Stop::BeforeHead))) => {
                    self.stopped = true;
                    return;
                }
                (HEADERS, Some(Rule::Stop(Stop::InHead))) => {
                    (self.pass, self.stop_after) = (length / 2, true);
                }
                (HEADERS, Some(Rule::Stop(Stop::AfterHead))) => self.stop_after = true,
                (HEADERS, Some(Rule::Head { flags, then })) => {
                    head[4] |= flags;
                    self.then = then;
                    self.rules.remove(&stream);
                }
                (DATA, Some(Rule::Stop(Stop::Body(after)))) => self.count(stream, after, length),
                (DATA, Some(Rule::CutBody { after, then })) => {
                    self.count(stream, after, length);
                    if self.stop_after {
                        self.stop_after = false;
                        self.then = then;
                        self.muted.push(stream);
                        head[..3].copy_from_slice(&(self.pass as u32).to_be_bytes()[1..]);
                        head[4] &= !END_STREAM;
                    }
                }
                _ => {}
            }
            out.extend_from_slice(&head);
        }
        if self.payload == 0 || self.stop_after && self.pass == 0 {
            self.end_frame(out);
        }
    }

    /// Counts the body's bytes; from the limit on nothing passes.
    fn count(&mut self, stream: u32, limit: u64, length: usize) {
        let seen = self.data.entry(stream).or_default();
        let left = limit.saturating_sub(*seen);
        *seen += length as u64;
        if (length as u64) >= left {
            self.pass = left as usize;
            self.stop_after = true;
        }
    }

    fn end_frame(&mut self, out: &mut BytesMut) {
        out.extend_from_slice(&std::mem::take(&mut self.then));
        self.stopped = self.stop_after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(rules: &[(u32, Rule)], frames: &[Bytes]) -> (Vec<u8>, bool) {
        let all = frames.concat();
        let mut results = Vec::new();
        for size in [1, 3, 10, 1000] {
            let mut filter = Filter::default();
            rules
                .iter()
                .for_each(|(stream, rule)| filter.set(*stream, rule.clone()));
            let mut out = BytesMut::new();
            all.chunks(size)
                .for_each(|bytes| filter.push(bytes, &mut out));
            results.push((out.to_vec(), filter.has_stopped()));
        }
        assert!(
            results.windows(2).all(|pair| pair[0] == pair[1]),
            "writes may be of any size"
        );
        results.remove(0)
    }

    fn head(stream: u32) -> Bytes {
        frame(HEADERS, END_HEADERS, stream, b"abcd")
    }

    fn data(stream: u32, body: &[u8]) -> Bytes {
        frame(DATA, 0, stream, body)
    }

    #[test]
    fn frames_are_as_in_the_rfc() {
        assert_eq!(&reset(5, 8)[..], b"\0\0\x04\x03\0\0\0\0\x05\0\0\0\x08");
        assert_eq!(
            &go_away(1, 2)[..],
            b"\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\x02"
        );
        assert_eq!(&interim(3)[..], b"\0\0\x05\x01\x04\0\0\0\x03\x08\x03102");
    }

    #[test]
    fn without_rules_all_goes_through() {
        let frames = [head(1), data(1, b"xyz"), data(1, b""), last_data(3, b"z")];
        assert_eq!(through(&[], &frames), (frames.concat(), false));
    }

    #[test]
    fn output_stops_where_told() {
        let frames = [head(1), head(3), data(3, b"abc"), data(3, b"def"), head(5)];
        let stop = |stop| through(&[(3, Rule::Stop(stop))], &frames);
        assert_eq!(stop(Stop::BeforeHead), (frames[0].to_vec(), true));
        let upto = |count: usize, more: &[u8]| [&frames[..count].concat(), more].concat();
        assert_eq!(stop(Stop::InHead), (upto(1, &frames[1][..HEAD + 2]), true));
        assert_eq!(stop(Stop::AfterHead), (upto(2, b""), true));
        assert_eq!(stop(Stop::Body(0)), (upto(2, &frames[2][..HEAD]), true));
        assert_eq!(stop(Stop::Body(2)), (upto(2, &frames[2][..HEAD + 2]), true));
        assert_eq!(stop(Stop::Body(4)), (upto(3, &frames[3][..HEAD + 1]), true));
        assert_eq!(stop(Stop::Body(99)), (upto(5, b""), false));
    }

    #[test]
    fn heads_are_changed_and_followed() {
        let rule = Rule::Head {
            flags: END_STREAM,
            then: Bytes::from_static(b"more"),
        };
        let (out, stopped) = through(&[(1, rule)], &[head(1), head(1)]);
        let changed = frame(HEADERS, END_HEADERS | END_STREAM, 1, b"abcd");
        assert_eq!(out, [&changed[..], b"more", &head(1)].concat());
        assert!(!stopped);
    }

    #[test]
    fn a_body_is_cut_within_its_frame() {
        let frames = [
            data(1, b"abc"),
            data(3, b"x"),
            data(1, b"def"),
            data(1, b"g"),
            data(3, b"y"),
        ];
        let rule = Rule::CutBody {
            after: 4,
            then: reset(1, 8),
        };
        let (out, stopped) = through(&[(1, rule)], &frames);
        let want = [
            &frames[0],
            &frames[1],
            &data(1, b"d"),
            &reset(1, 8),
            &frames[4],
        ];
        assert_eq!(out, want.map(|bytes| bytes.to_vec()).concat());
        assert!(!stopped);
    }
}
