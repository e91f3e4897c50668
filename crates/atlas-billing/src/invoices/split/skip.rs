//! Finds where a JSON string, object or array ends, across chunks, without judging what is in it.

/// The place inside a value whose end has not been seen.
///
/// Only strings and brackets are followed; whether the value is valid is for the decoder to say.
/// For a valid value the end found is its end, and an invalid one is invalid wherever it is cut.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Skip {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Skip {
    /// Forgets the last value: the next byte is the first of another one.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }

    /// The index just behind the value's last byte, if it lies within `bytes`.
    ///
    /// `bytes` continue where the last call ended; the first byte of all must be a quote or an
    /// opening bracket.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
            if self.escaped {
                self.escaped = false;
                at += 1;
            } else if self.in_string {
                let hit = memchr::memchr2(b'"', b'\\', rest)?;
                at += hit + 1;
                if rest.get(hit) == Some(&b'\\') {
                    self.escaped = true;
                    continue;
                }
                self.in_string = false;
                if self.depth == 0 {
                    return Some(at);
                }
            } else {
                let hit = rest
                    .iter()
                    .position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))?;
                at += hit + 1;
                match rest.get(hit) {
                    Some(b'"') => self.in_string = true,
                    Some(b'{' | b'[') => self.depth += 1,
                    _ => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            return Some(at);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_whole_and_in_single_bytes() {
        for (text, end) in [
            (r#""a" "#, Some(3)),
            (r#""a\"b",1"#, Some(6)),
            (r#""a\\",1"#, Some(5)),
            (r#""a\\\""#, None),
            (r#"{"a":"}"},"#, Some(9)),
            (r#"[{"a":[]},"]"],"#, Some(14)),
            (r#"{"é":"日本{"}x"#, Some(16)),
            (r#"[[[]]"#, None),
        ] {
            assert_eq!(Skip::default().advance(text.as_bytes()), end, "{text}");
            let mut skip = Skip::default();
            let found = (0..text.len())
                .find(|&at| skip.advance(&text.as_bytes()[at..=at]).is_some())
                .map(|at| at + 1);
            assert_eq!(found, end, "{text} byte by byte");
        }
    }
}
