//! Grows an input out of others.

use super::chance::Chance;

/// The largest input that is grown.
const LONGEST: usize = 16 * 1024;

/// What text formats treat in a way of its own.
const MARKS: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"0",
    b"-1",
    b"1e9",
    b"1.0",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"1e400",
    b"\r\n",
    b"\n",
    b"\t",
    b" ",
    b"=",
    b";",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xf0\x9f\x8d\x83",
    b"\xef\xbb\xbf",
    b"%",
    b"..",
];

/// One of `pool` with a few changes; `words` belong to the format at hand.
pub(super) fn grow(pool: &[Vec<u8>], words: &[&str], chance: &mut Chance) -> Vec<u8> {
    let mut input = pool[chance.below(pool.len())].clone();
    for _ in 0..=chance.below(4) {
        change(&mut input, pool, words, chance);
    }
    input.truncate(LONGEST);
    input
}

fn change(input: &mut Vec<u8>, pool: &[Vec<u8>], words: &[&str], chance: &mut Chance) {
    let place = chance.below(input.len() + 1);
    let longest = 1 << chance.below(7);
    let span = place..(place + 1 + chance.below(longest)).min(input.len());
    match chance.below(10) {
        0 if !span.is_empty() => input[place] ^= 1 << chance.below(8),
        1 if !span.is_empty() => input[place] = chance.next() as u8,
        2 if !span.is_empty() => drop(input.drain(span)),
        3 if !span.is_empty() => {
            let copy = input[span].to_vec();
            let to = chance.below(input.len() + 1);
            input.splice(to..to, copy);
        }
        // The beginning of this one, the end of another.
        4 => {
            let other = &pool[chance.below(pool.len())];
            input.truncate(place);
            input.extend_from_slice(&other[chance.below(other.len() + 1)..]);
        }
        5 => input.truncate(place),
        6 if !words.is_empty() => {
            let word = words[chance.below(words.len())].bytes();
            input.splice(place..place, word);
        }
        7 if !words.is_empty() && !span.is_empty() => {
            let word = words[chance.below(words.len())].bytes();
            input.splice(span, word);
        }
        _ => {
            let mark = MARKS[chance.below(MARKS.len())].iter().copied();
            input.splice(place..place, mark);
        }
    }
}
