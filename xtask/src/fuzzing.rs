//! What the fuzz targets of the pipeline run: each takes any bytes, and panics where a parser
//! breaks a promise.
//!
//! Compiled into `fuzz/`, since a program has no library, and for the tests, which replay the
//! corpus in `fuzz/corpus`.

#![allow(
    unreachable_pub,
    clippy::expect_used,
    reason = "run by fuzzers and tests alone"
)]

use serde_json::Value;

use crate::document;
use crate::failure::Result;
use crate::overlay::Overlay;
use crate::selection::Selection;
use crate::slice::{part, slice};
use crate::spec::json_text;

const UPSTREAM: &str = include_str!("../tests/pocket/upstream.yaml");
const SELECTION: &str = include_str!("../tests/pocket/slice.toml");

/// A specification, JSON or YAML, is refused in one line, or reads back as it is written; the slice
/// of a slice is that slice.
pub fn specification(input: &[u8]) {
    let Some(spec) = text(input).and_then(|text| read(document::parse(text))) else {
        return;
    };
    let written = json_text(&spec);
    let again = document::parse(&written).expect("what was read is a specification");
    assert_eq!(json_text(&again), written);
    if let Some(once) = read(part(&spec, &selection())) {
        assert_eq!(part(&once, &selection()).expect("a slice is whole"), once);
    }
}

/// The text of `slice.toml` is refused, a line for each mistake, or a slice is made by it.
pub fn selection_file(input: &[u8]) {
    let Some(selection) = text(input).and_then(|text| read(Selection::parse(text))) else {
        return;
    };
    let upstream = upstream();
    let partly = read(part(&upstream, &selection));
    if let Some(slice) = read(slice(&upstream, &selection)) {
        assert_eq!(Some(slice), partly);
    }
}

/// The text of `overlay.json` is refused, a line for each mistake, or applied.
pub fn overlay(input: &[u8]) {
    // Each descendant segment of a JSONPath visits the whole document for each node that the one
    // before it selects.
    let is_quick = |text: &&str| text.matches("..").count() < 3;
    let parsed = text(input).filter(is_quick).map(Overlay::parse);
    let Some(overlay) = parsed.and_then(read) else {
        return;
    };
    let slice = part(&upstream(), &selection()).expect("the small specification can be sliced");
    if let Some((_, warnings)) = read(overlay.apply(&slice)) {
        assert!(warnings.iter().all(|warning| is_line(warning)));
    }
    let _ = overlay.descriptions();
}

fn text(input: &[u8]) -> Option<&str> {
    std::str::from_utf8(input).ok()
}

/// The value of a step, unless it refuses; then each problem is a line.
fn read<T>(result: Result<T>) -> Option<T> {
    result
        .map_err(|failure| {
            let lines = failure.lines();
            assert!(!lines.is_empty() && lines.iter().all(|line| is_line(line)));
        })
        .ok()
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && !text.contains('\n')
}

fn upstream() -> Value {
    document::parse(UPSTREAM).expect("the small specification is one")
}

fn selection() -> Selection {
    Selection::parse(SELECTION).expect("its selection is one")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replays the corpus of one target, and each input truncated anywhere.
    fn replay(target: &str, run: fn(&[u8])) {
        let folder = format!("{}/../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
        let entries = std::fs::read_dir(folder).unwrap();
        let inputs = entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        let inputs: Vec<Vec<u8>> = inputs.collect();
        assert!(!inputs.is_empty());
        for input in inputs {
            run(&input);
            for end in (0..input.len()).step_by(1 + input.len() / 32) {
                run(&input[..end]);
            }
        }
    }

    #[test]
    fn the_corpus_breaks_no_parser() {
        replay("specification", specification);
        replay("selection", selection_file);
        replay("overlay", overlay);
    }
}
