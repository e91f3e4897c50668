//! Where in a JSON text an error lies, as a path.

use std::fmt::Write;

/// The path of the value at `line` and `column` of `text`, both counted from 1 as serde_json does,
/// as it would follow the name of the whole: `.tags.team[0]`. Empty for the whole itself.
///
/// The text is read up to there only, and need not be valid behind it.
pub(super) fn path_at(text: &[u8], line: usize, column: usize) -> String {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut rest = text.get(..offset(text, line, column)).unwrap_or(text);
    let mut key_next = false;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'{' => {
                steps.push(Step::Key(&[]));
                key_next = true;
            }
            b'[' => {
                steps.push(Step::Index(0));
                key_next = false;
            }
            b'}' | b']' => {
                steps.pop();
                key_next = false;
            }
            b',' => match steps.last_mut() {
                Some(Step::Index(index)) => *index += 1,
                Some(Step::Key(_)) => key_next = true,
                None => {}
            },
            b'"' => {
                let end = string_end(rest);
                if let (true, Some(Step::Key(key))) = (key_next, steps.last_mut()) {
                    *key = rest.get(..end).unwrap_or_default();
                    key_next = false;
                }
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            _ => {}
        }
    }
    let mut path = String::new();
    for step in steps {
        // Writing to a string does not fail.
        let _ = match step {
            Step::Key([]) => Ok(()),
            Step::Key(key) => write!(path, ".{}", String::from_utf8_lossy(key)),
            Step::Index(index) => write!(path, "[{index}]"),
        };
    }
    path
}

enum Step<'a> {
    Key(&'a [u8]),
    Index(usize),
}

/// The offset behind the byte at `line` and `column`.
fn offset(text: &[u8], line: usize, column: usize) -> usize {
    let start = match line.checked_sub(2) {
        None => 0,
        Some(breaks) => memchr::memchr_iter(b'\n', text)
            .nth(breaks)
            .map_or(text.len(), |at| at + 1),
    };
    start.saturating_add(column).min(text.len())
}

/// The length of the string that `rest` begins within, its closing quote excluded.
fn string_end(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(hit) = rest
        .get(at..)
        .and_then(|tail| memchr::memchr2(b'"', b'\\', tail))
    {
        match rest.get(at + hit) {
            Some(b'"') => return at + hit,
            _ => at += hit + 2,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Item {
        a: Option<u8>,
        tags: Option<BTreeMap<String, Vec<String>>>,
    }

    #[test]
    fn the_path_of_what_serde_complains_of() {
        for (text, path) in [
            (r#"{"a":"x"}"#, ".a"),
            (r#"{"b":{"a":[1,2]},"a":-1}"#, ".a"),
            (
                r#"{"tags":{"x":["1"],"te\"am":["b",{}]}}"#,
                r#".tags.te\"am[1]"#,
            ),
            ("{\n \"tags\": {\n  \"x\": [\"1\", 2]\n }}", ".tags.x[1]"),
            (r#"{"a":1,"a":2}"#, ".a"),
            (r#"{"tags":[1]}"#, ".tags"),
            (r#"7"#, ""),
        ] {
            let error = serde_json::from_str::<Item>(text).unwrap_err();
            let found = path_at(text.as_bytes(), error.line(), error.column());
            assert_eq!(found, path, "{text}: {error}");
        }
    }
}
