//! Fuzzing of every parser of ours, on the stable toolchain: inputs grown from a corpus by chance,
//! the same ones on every run with the same seed.
//!
//! `cargo test` runs a bounded number of inputs for each parser. More, and others:
//!
//! ```sh
//! FUZZ_ITERATIONS=1000000 FUZZ_SEED=7 cargo test --release -p atlas-billing --lib fuzz
//! ```
//!
//! An input that breaks a parser is printed so that it can be pasted into a test; the corpus is in
//! `fuzz/corpus`, a folder for each parser, and grows by what was found.

mod calls;
mod chance;
mod invoices;
mod mutate;
mod texts;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use chance::Chance;

/// How many inputs each parser gets where the environment does not say.
const ITERATIONS: u64 = 4_000;

/// The largest pool of inputs that others are grown from.
const POOL: usize = 2_000;

/// Feeds `check` with inputs grown from the corpus `name`; `words` are put in here and there.
///
/// `check` panics where something is wrong. What it returns says what became of the input: one
/// with a new ending is kept to grow others from.
fn fuzz(name: &str, words: &[&str], check: impl Fn(&[u8], &mut Chance) -> String) {
    let number = |variable: &str, otherwise| {
        let text = std::env::var(variable).ok();
        text.map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let (iterations, seed) = (
        number("FUZZ_ITERATIONS", ITERATIONS),
        number("FUZZ_SEED", 1),
    );
    let mut chance = Chance::new(seed);
    let mut endings = HashSet::new();
    let mut pool = corpus(name);
    let mut kept = 0;
    for input in pool.clone() {
        endings.insert(ending(name, &input, &mut chance, &check));
    }
    for _ in 0..iterations {
        let input = mutate::grow(&pool, words, &mut chance);
        if endings.insert(ending(name, &input, &mut chance, &check)) {
            kept += 1;
            if pool.len() < POOL {
                pool.push(input);
            } else {
                let place = chance.below(pool.len());
                pool[place] = input;
            }
        }
    }
    println!("{name}: {iterations} inputs with seed {seed}, {kept} of them with a new ending");
}

fn ending(
    name: &str,
    input: &[u8],
    chance: &mut Chance,
    check: &impl Fn(&[u8], &mut Chance) -> String,
) -> u64 {
    let checked = catch_unwind(AssertUnwindSafe(|| check(input, chance)));
    let ending = checked.unwrap_or_else(|panic| {
        eprintln!("{name} breaks on b\"{}\"", input.escape_ascii());
        resume_unwind(panic)
    });
    let mut hasher = DefaultHasher::new();
    // Places in the input, which messages name, are no new ending.
    ending
        .chars()
        .filter(|c| !c.is_ascii_digit())
        .for_each(|c| c.hash(&mut hasher));
    hasher.finish()
}

/// The corpus of one parser, in the order of the files' names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let entries = std::fs::read_dir(&folder).expect("a corpus for each parser");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("a file"))
        .collect()
}

/// An input as text, where it is any.
fn text(input: &[u8]) -> Option<&str> {
    std::str::from_utf8(input).ok()
}

/// The input in chunks of any size.
fn chunks(input: &[u8], chance: &mut Chance) -> Vec<bytes::Bytes> {
    let mut chunks = Vec::new();
    let mut rest = bytes::Bytes::copy_from_slice(input);
    let largest = 1 << chance.below(9);
    while !rest.is_empty() {
        let length = (1 + chance.below(largest)).min(rest.len());
        chunks.push(rest.split_to(length));
    }
    chunks
}

#[test]
fn the_same_seed_grows_the_same_inputs() {
    let grown = |seed| {
        let mut chance = Chance::new(seed);
        let pool = [b"{\"a\":1}".to_vec(), b"x".to_vec()];
        (0..50)
            .map(|_| mutate::grow(&pool, &["w"], &mut chance))
            .collect::<Vec<_>>()
    };
    assert_eq!(grown(1), grown(1));
    assert_ne!(grown(1), grown(2));
    let mut chance = Chance::new(3);
    let input: Vec<u8> = (0..=255).collect();
    assert_eq!(chunks(&input, &mut chance).concat(), input);
}

#[test]
#[should_panic(expected = "found")]
fn what_breaks_a_parser_fails_the_test() {
    fuzz("months", &[], |input, _| {
        assert!(
            input.iter().filter(|byte| **byte == b'2').count() < 4,
            "found"
        );
        String::new()
    });
}
