//! Readers of this module for the fuzzing of all of ours.

use http::{HeaderMap, HeaderValue, header};

use super::challenge::Challenge;
use super::digest::{ApiKey, Offer};

/// Reads a challenge, and answers it where it can be.
pub(crate) fn challenge(value: &[u8]) -> String {
    let Ok(value) = HeaderValue::from_bytes(value) else {
        return "no header".to_owned();
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::WWW_AUTHENTICATE, value);
    let challenges = Challenge::all(&headers);
    match Offer::of(&challenges) {
        Offer::Digest(offer) => {
            let key = ApiKey {
                public: "public".to_owned(),
                private: "planted".into(),
            };
            let answer = offer.answer(&key, "GET", "/x?y=1", 1, "cnonce");
            assert!(answer.starts_with("Digest username=\"public\""), "{answer}");
            assert!(!answer.contains(['\r', '\n']), "{answer}");
            // What the answer is made of, its hashes and quoted values left out.
            let kinds = answer.split(", ").filter_map(|part| part.split_once('='));
            kinds.map(|(name, _)| name).collect::<Vec<_>>().join(" ")
        }
        Offer::Unsupported(reasons) => {
            assert!(
                !reasons
                    .iter()
                    .any(|reason| reason.chars().any(char::is_control))
            );
            format!("unsupported {}", "x".repeat(reasons.len()))
        }
        Offer::Nothing => format!("nothing of {}", "x".repeat(challenges.len().min(9))),
    }
}

/// Reads a token endpoint's answer.
pub(crate) fn grant(body: &[u8]) -> String {
    super::service_account::read_grant(body)
}
