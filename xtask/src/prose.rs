//! Upstream's sentences must not enter the project: descriptions are our own words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Shorter sentences are too common to belong to anybody.
const WORDS: usize = 6;

/// Our texts that contain a sentence of upstream's, each with the sentence. `ours` are texts with
/// the name of their place.
pub(crate) fn copied(ours: &[(&str, &str)], upstream: &Value) -> Vec<String> {
    let ours: Vec<(&str, String)> = ours
        .iter()
        .map(|(place, text)| (*place, format!(" {} ", words(text).join(" "))))
        .collect();
    // Where each run of six words stands, so that not every sentence meets every text.
    let mut starts: BTreeMap<Vec<&str>, Vec<usize>> = BTreeMap::new();
    for (index, (_, text)) in ours.iter().enumerate() {
        let words: Vec<&str> = text.split_whitespace().collect();
        for run in words.windows(WORDS) {
            starts.entry(run.to_vec()).or_default().push(index);
        }
    }
    let mut found = BTreeSet::new();
    each_text(upstream, &mut |text| {
        for sentence in text.split_inclusive(['.', '!', '?', '\n']) {
            let words = words(sentence);
            let run: Vec<&str> = words.iter().take(WORDS).map(String::as_str).collect();
            for index in starts.get(&run).into_iter().flatten() {
                let (place, ours) = &ours[*index];
                if ours.contains(&format!(" {} ", words.join(" "))) {
                    found.insert(format!("{place}: {:?}", sentence.trim()));
                }
            }
        }
    });
    found.into_iter().collect()
}

/// The words of a text without punctuation and markup, in lower case.
fn words(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '\'';
    let words = text.split(|c| !is_part(c)).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

fn each_text(node: &Value, visit: &mut dyn FnMut(&str)) {
    match node {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text)
                        if key == "description" || key == "summary" || key == "title" =>
                    {
                        visit(text)
                    }
                    value => each_text(value, visit),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_text(item, visit)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sentence_of_six_words_is_found_however_it_is_set() {
        let upstream = json!({
            "description": "Too short to be anyone's. The date on which the order\u{a0}left **our** shop.",
            "x": [{"summary": "Another sentence that nobody has ever copied"}],
        });
        for (ours, is_copied) in [
            ("The date on which the order left our shop", true),
            (
                "Our words. the date, on which the `order` left our shop! More words.",
                true,
            ),
            ("The date on which the order left.", false),
            ("Too short to be anyone's.", false),
            ("When the order left our shop.", false),
        ] {
            let found = copied(&[("place", ours)], &upstream);
            assert_eq!(!found.is_empty(), is_copied, "{ours}: {found:?}");
        }
        let found = copied(
            &[("place", "The date on which the order left our shop")],
            &upstream,
        );
        assert!(
            found[0].starts_with("place: \"The date on which"),
            "{found:?}"
        );
    }
}
