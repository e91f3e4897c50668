//! The table of all cells, printed and kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use atlas_billing_tests::protocol::Protocol;

use super::expected::Cell;
use super::faults;
use super::rows::Row;
use super::run::Outcome;

/// How many cells there are and how they ended, with the slowest.
pub(crate) fn summary(outcomes: &[Outcome]) -> String {
    let run: Vec<&Outcome> = outcomes
        .iter()
        .filter(|outcome| outcome.fate.is_some())
        .collect();
    let mut slowest: Vec<&&Outcome> = run.iter().collect();
    slowest.sort_by_key(|outcome| std::cmp::Reverse(outcome.took));
    let mut text = format!("{} cells, {} of them run\n", outcomes.len(), run.len());
    for outcome in slowest.iter().take(5) {
        let place = outcome.place;
        let _ = writeln!(
            text,
            "  {:?} {} / {} / {} / once {}",
            outcome.took,
            place.row.name(),
            place.fault.name,
            place.protocol,
            place.once
        );
    }
    text
}
/// The table as it is kept: a row a fault, a column an operation and form, each cell what comes
/// out where the fault strikes once, and where it strikes always.
pub(crate) fn text(outcomes: &[Outcome]) -> String {
    let mut cells: BTreeMap<(&str, Row, Protocol), [Option<Cell>; 2]> = BTreeMap::new();
    for outcome in outcomes {
        let place = outcome.place;
        let key = (place.fault.name, place.row, place.protocol);
        cells.entry(key).or_default()[usize::from(!place.once)] = Some(outcome.cell);
    }
    let mut text = INTRODUCTION.to_owned();
    let names: Vec<&str> = Row::ALL.iter().map(|row| row.name()).collect();
    let _ = writeln!(text, "| fault | {} |", names.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(names.len()));
    for fault in faults::ALL {
        let mut line = format!("| {} |", fault.name);
        for row in Row::ALL {
            let on = |protocol| cells.get(&(fault.name, row, protocol)).map(shown);
            let (http1, http2) = (on(Protocol::Http1), on(Protocol::Http2));
            match (http1, http2) {
                (Some(one), Some(two)) if one == two => {
                    let _ = write!(line, " {one} |");
                }
                (one, two) => {
                    let (one, two) = (one.unwrap_or_default(), two.unwrap_or_default());
                    let _ = write!(line, " 1.1: {one}<br>2: {two} |");
                }
            }
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

fn shown(pair: &[Option<Cell>; 2]) -> String {
    match pair {
        [Some(once), Some(always)] if once == always => once.to_string(),
        [Some(once), Some(always)] => format!("{once}, {always}"),
        _ => String::new(),
    }
}

const INTRODUCTION: &str = "\
# What comes of each fault

Written by the test `fault_matrix` from what it has just seen; see there. Each cell was run over
sockets, on HTTP/1.1 and on HTTP/2 with prior knowledge, with the fault striking the first request
of its kind alone and then every one. A cell says what came out in the first case, and after the
comma in the second where that differs; in brackets how many requests were made for it, those for
signing in included. `result` is the undisturbed result; every other word is a kind of error.
A call makes 3 attempts here. `-` is a cell that cannot be:

- a port that refuses a connection only once, or a certificate or proxy that changes its mind,
  would need a race;
- HTTP/1.1 has neither streams nor GOAWAY;
- a download whose every response breaks half-way gets another part by each, and whether the last
  one is the rest depends on where the parts end.

`short` stands where a server announces fewer bytes than it has: a CSV file has no end of its own,
and over HTTP/1.1 nothing tells that one was truncated so. On HTTP/2 it is an error. A download is
taken for what its first bytes say, gzip or text, whatever its headers are.

In no cell did a planted credential show in an error, in its sources, or in any line that any
crate logged at the lowest level, and none reached the other host that a redirect named. Nothing
panicked.

";

/// Compares the table with the kept one, or keeps it.
pub(crate) fn keep(text: &str) {
    if std::env::var_os("FAULT").is_some() {
        return;
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("FAULTS.md");
    if std::env::var_os("KEEP_FAULTS").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{} is not what was just seen: KEEP_FAULTS=1 writes it anew",
        path.display()
    );
}
